//! Modules for the bench: from text, and such that are slow to check, to compile and to load.

use crate::report::{Report, best};
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions,
    ServiceDescriptorProto, method_options::IdempotencyLevel,
};
use stint_proto::limits::READY_MS_PER_KB;
use stint_testkit::Ledger;

/// A module with the descriptor of the service `bench.v1.NAME` and its only method, which is a query
/// when it is called `Ask`.
pub fn module(name: &str, method: &str, wat: &str) -> Vec<u8> {
    let method = MethodDescriptorProto {
        name: Some(method.into()),
        input_type: Some(".bench.v1.Nothing".into()),
        output_type: Some(".bench.v1.Nothing".into()),
        options: (method == "Ask").then(|| MethodOptions {
            idempotency_level: Some(IdempotencyLevel::NoSideEffects as i32),
            ..Default::default()
        }),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("bench.proto".into()),
        package: Some("bench.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Nothing".into()), ..Default::default() }],
        service: vec![ServiceDescriptorProto { name: Some(name.into()), method: vec![method], ..Default::default() }],
        ..Default::default()
    };
    let mut wasm = wat::parse_str(wat).unwrap_or_else(|e| panic!("{e}"));
    let set = prost::Message::encode_to_vec(&FileDescriptorSet { file: vec![file] });
    stint_node::cli::contract::add_section(&mut wasm, "stint.descriptor", &set);
    wasm
}

/// Modules at the bounds of what is accepted, made to be slow to compile: as many blocks x locals as a
/// megabyte may have, functions without end, one long run of arithmetic.
pub fn bombs() -> Vec<(&'static str, String)> {
    let usual = r#"(memory (export "memory") 1) (global (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0))"#;
    let with = |functions: String| format!("(module {usual} {functions})");
    let locals = "(local i64)".repeat(500);
    let step = |n: usize| {
        let (a, b) = (n * 7 % 500, n * 13 % 500);
        format!("(if (i32.wrap_i64 (local.get {a})) (then (local.set {b} (i64.add (local.get {a}) (i64.const {n})))))")
    };
    let body: String = (0..465).map(step).collect();
    let sum = "(i64.add (i64.mul (local.get 0) (i64.const 77))".repeat(1000) + "(local.get 0)" + &")".repeat(1000);
    let arithmetic = |count: usize| format!("(func (param i64) (result i64) {sum})").repeat(count);
    vec![
        ("blocks x locals", with(format!("(func {locals} {body})").repeat(16) + &arithmetic(118))),
        (
            "10,000 functions",
            with(
                "(func (param i64) (result i64) (i64.add (i64.mul (local.get 0) (local.get 0)) (i64.const 7)))"
                    .repeat(9_990),
            ),
        ),
        ("long arithmetic", with(arithmetic(140))),
    ]
}

/// What compiling costs, beside the time that the ledger gives for it. A slower machine needs more,
/// so it is told, and a validator that is late compiles at the first call.
pub fn compile(report: &mut Report) {
    let ledger = Ledger::new();
    for (name, text) in bombs() {
        let module = module("Bomb", "Do", &text);
        let mut refused = None;
        let seconds = best(2, || refused = ledger.contracts.compile(&module).err());
        if let Some(why) = refused {
            println!("{name}: refused: {why}");
            continue;
        }
        let given = (READY_MS_PER_KB * (module.len() as u64).div_ceil(1000)) as f64 / 1e3;
        let late = if seconds > given { "  LATE: more than is given" } else { "" };
        println!(
            "{name:<32} {:>7} kB  compiles in {seconds:.2} s; the ledger gives {given:.2} s{late}",
            module.len() / 1000
        );
        report.add(&format!("compile: {name}, of the time given"), seconds / given);
    }
}
