//! What a unit of fuel buys: for every class of instruction and every host function, the time of a
//! call that does nothing else, divided by the fuel it burns. Fuel is the ledger's clock, so the
//! slowest unit decides how long a block can take.

use crate::report::{Report, best};
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use std::sync::Arc;
use stint_proto::{
    limits::{BLOCK_FUEL, CALL_FUEL, READY_MS_PER_KB},
    v1,
};
use stint_runtime::{BlockContext, execute_block};
use stint_testkit::Ledger;

/// One class: its name, its code, and what its module has beside the usual.
struct Case {
    name: &'static str,
    /// What is done over and over. `$i` counts the rounds, `$x` and `$y` are 64-bit variables.
    round: String,
    /// Done once before.
    before: String,
    /// Memory in pages of 64 kB.
    pages: u32,
    /// Rounds; 0 runs until the fuel ends.
    rounds: u32,
}

fn case(name: &'static str, round: impl Into<String>) -> Case {
    Case { name, round: round.into(), before: String::new(), pages: 2, rounds: 20_000 }
}

/// The same instruction many times in one round, so that the loop around it weighs little.
fn often(name: &'static str, instruction: &str) -> Case {
    case(name, instruction.repeat(64))
}

fn cases() -> Vec<Case> {
    let mut all = vec![
        often("add, xor", "(local.set $x (i64.xor (i64.add (local.get $x) (local.get $y)) (i64.const 77)))"),
        often("multiply", "(local.set $x (i64.mul (local.get $x) (local.get $y)))"),
        often("divide", "(local.set $x (i64.div_u (local.get $x) (local.get $y)))"),
        often("divide, large", "(local.set $x (i64.div_s (i64.const -0x7123456789abcdef) (i64.or (local.get $x) (i64.const 3))))"),
        often("remainder", "(local.set $x (i64.rem_u (i64.const 0x7123456789abcdef) (i64.or (local.get $x) (i64.const 3))))"),
        often("shift, rotate", "(local.set $x (i64.rotl (local.get $x) (i64.shr_u (local.get $x) (local.get $y))))"),
        often("count bits", "(local.set $x (i64.add (i64.popcnt (local.get $x)) (i64.clz (local.get $y))))"),
        often("compare, select", "(local.set $x (select (local.get $x) (local.get $y) (i64.lt_s (local.get $x) (local.get $y))))"),
        often("global", "(global.set $g (i64.add (global.get $g) (local.get $x)))"),
        often("load", "(local.set $x (i64.load (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 0x7ff8))))"),
        often("store", "(i64.store (i32.and (local.tee $a (i32.add (local.get $a) (i32.const 8))) (i32.const 0x7ff8)) (local.get $x))"),
        often("branch, taken or not", "(if (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 1)) (then (local.set $x (i64.mul (local.get $x) (i64.const 0x5851f42d4c957f2d)))) (else (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 0x5851f42d4c957f2d)) (i64.const 3)))))"),
        often("call", "(call $nothing)"),
        often("call by table", "(call_indirect (type $void) (i32.and (local.get $i) (i32.const 0)))"),
        case("branch table", "(block (block (block (block (br_table 0 1 2 3 (i32.and (i32.wrap_i64 (i64.shr_u (local.tee $x (i64.add (i64.mul (local.get $x) (i64.const 0x5851f42d4c957f2d)) (i64.const 3))) (i64.const 40))) (i32.const 3)))))))".repeat(16)),
        case("fill memory", "(memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))"),
        case("fill 1 byte", "(memory.fill (i32.const 0) (i32.const 7) (i32.const 1))".repeat(16)),
        case("copy memory", "(memory.copy (i32.const 0) (i32.const 65536) (i32.const 65536))"),
        case("copy 1 byte", "(memory.copy (i32.const 0) (i32.const 64) (i32.const 1))".repeat(16)),
        case("get", "(drop (call $get (i32.const 0) (i32.const 8)))"),
        case("get, absent", "(i32.store (i32.const 32) (local.get $i)) (drop (call $get (i32.const 32) (i32.const 4)))"),
        case("put, one key", "(call $put (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 8))"),
        case("put, new keys", "(i32.store (i32.const 32) (local.get $i)) (call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 8))"),
        case("put, 64 kB", "(call $put (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 65536))"),
        case("delete", "(i32.store (i32.const 32) (local.get $i)) (call $delete (i32.const 32) (i32.const 4))"),
        case("scan, 1 of 1,000", "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))"),
        case("has_role", "(drop (call $has_role (i32.const 0) (i32.const 8)))"),
        case("fuel", "(drop (call $fuel))"),
        case("sha256, 32 bytes", "(call $sha256 (i32.const 0) (i32.const 32) (i32.const 64))"),
        case("sha256, 64 kB", "(call $sha256 (i32.const 0) (i32.const 65536) (i32.const 64))"),
        case("ed25519, 32 bytes", "(drop (call $verify (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 32)))"),
    ];
    all.push(Case {
        before: "(call $signature)".into(),
        ..case(
            "ed25519, a good signature",
            "(drop (call $verify (i32.const 0) (i32.const 32) (i32.const 96) (i32.const 0)))",
        )
    });
    for (name, rounds) in [("context", 4_000), ("get, 4 kB", 200)] {
        let round =
            if name == "context" { "(drop (call $context))" } else { "(drop (call $get (i32.const 8) (i32.const 8)))" };
        all.push(Case {
            rounds,
            before: "(call $put (i32.const 8) (i32.const 8) (i32.const 0) (i32.const 4096))".into(),
            ..case(name, round)
        });
    }
    all.push(Case {
        rounds: 60,
        before: "(local.set $i (i32.const 1000)) (loop (i32.store (i32.const 32) (local.get $i)) (call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 8)) (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))".into(),
        ..case("scan, 1,000 keys", "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0)))")
    });
    all.push(Case {
        rounds: 60,
        before: "(local.set $i (i32.const 1000)) (loop (i32.store (i32.const 32) (local.get $i)) (call $delete (i32.const 32) (i32.const 4)) (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))".into(),
        ..case("scan over 1,000 deleted keys", "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0)))")
    });
    all.push(Case {
        rounds: 60,
        ..case("emit, 16 kB", "(call $emit (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 16384))")
    });
    all.push(Case { rounds: 300, ..case("call an empty contract", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 528) (i32.const 16) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    all.push(Case { rounds: 30, ..case("call one with 4 MB", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 544) (i32.const 14) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    all.push(Case { rounds: 300, ..case("a refused call", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 560) (i32.const 15) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    // A first touch of every page of the largest memory.
    let touch = "(i64.store (i32.mul (local.get $i) (i32.const 4096)) (local.get $x))";
    all.push(Case { pages: 64, rounds: 1023, ..case("touch 4 MB, given", touch) });
    all.push(Case {
        rounds: 1000,
        before: "(drop (memory.grow (i32.const 62)))".into(),
        ..case("touch 4 MB, grown", touch)
    });
    // Every store lands somewhere else in 4 MB.
    let scatter = "(i64.store (i32.and (local.tee $a (i32.add (i32.mul (local.get $a) (i32.const 0x19660d)) (i32.const 0x3c6ef35f))) (i32.const 0x3ffff8)) (local.get $x))".repeat(16);
    all.push(Case { pages: 64, rounds: 60_000, ..case("scatter through 4 MB", scatter) });
    all.push(Case { rounds: 60, ..case("call one that touches 256 kB", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 576) (i32.const 14) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    // Every load leads to the next one, somewhere in memory that no near cache holds.
    for (name, pages, cells) in [("chase through 1 MB", 16, 1 << 14), ("chase through 4 MB", 64, 1 << 16)] {
        let at = |n: &str| {
            format!("(i32.shl (i32.and (i32.mul {n} (i32.const 0x9e3779b1)) (i32.const {})) (i32.const 6))", cells - 1)
        };
        let link = format!(
            "(local.set $i (i32.const {cells})) (loop (i32.store {} {})
            (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))",
            at("(local.get $i)"),
            at("(i32.sub (local.get $i) (i32.const 1))")
        );
        let chase = "(local.set $a (i32.load (local.get $a)))".repeat(64);
        all.push(Case { pages, rounds: 20_000, before: link, ..case(name, chase) });
    }
    all
}

fn text(c: &Case) -> String {
    let (pages, before, round, rounds) = (c.pages, &c.before, &c.round, c.rounds);
    format!(
        r#"(module
        (type $void (func))
        (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
        (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
        (import "stint_v1" "delete" (func $delete (param i32 i32)))
        (import "stint_v1" "scan" (func $scan (param i32 i32 i32 i32 i32 i32) (result i64)))
        (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
        (import "stint_v1" "context" (func $context (result i64)))
        (import "stint_v1" "has_role" (func $has_role (param i32 i32) (result i32)))
        (import "stint_v1" "call" (func $call (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
        (import "stint_v1" "sha256" (func $sha256 (param i32 i32 i32)))
        (import "stint_v1" "ed25519_verify" (func $verify (param i32 i32 i32 i32) (result i32)))
        (import "stint_v1" "fuel" (func $fuel (result i64)))
        (memory (export "memory") {pages})
        (table 1 funcref) (elem (i32.const 0) $nothing)
        (global $g (mut i64) (i64.const 0))
        (data (i32.const 512) "forge")
        (data (i32.const 528) "/bench.v1.E/Case")
        (data (i32.const 544) "/bench.v1.M/Do")
        (data (i32.const 560) "/bench.v1.None/")
        (data (i32.const 576) "/bench.v1.T/Do")
        (data (i32.const 700) "\03")
        (data (i32.const 600) "\d7\5a\98\01\82\b1\0a\b7\d5\4b\fe\d3\c9\64\07\3a\0e\e1\72\f3\da\a6\23\25\af\02\1a\68\f7\07\51\1a\e5\56\43\00\c3\60\ac\72\90\86\e2\cc\80\6e\82\8a\84\87\7f\1e\b8\e5\d9\74\d8\73\e0\65\22\49\01\55\5f\b8\82\15\90\a3\3b\ac\c6\1e\39\70\1c\f9\b4\6b\d2\5b\f5\f0\59\5b\be\24\65\51\41\43\8e\7a\10\0b")
        (func $nothing)
        (func $signature (memory.copy (i32.const 0) (i32.const 600) (i32.const 96)))
        ;; Answers may lie on one another: nobody reads them.
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "stint_call") (param i32 i32 i32) (result i64)
            (local $x i64) (local $y i64) (local $i i32) (local $a i32)
            (local.set $x (i64.const 0x123456789)) (local.set $y (i64.load (i32.const 700)))
            {before}
            (local.set $i (i32.const {rounds}))
            (loop {round} (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            ;; What is computed is kept, or a compiler would leave the work out.
            (i64.store (i32.const 0) (i64.add (i64.add (local.get $x) (global.get $g)) (i64.extend_i32_u (local.get $a))))
            (i64.const 0)))"#
    )
}

/// A module with the descriptor of the service `bench.v1.NAME` and its only method `METHOD`.
fn module(name: &str, method: &str, wat: &str) -> Vec<u8> {
    let method = MethodDescriptorProto {
        name: Some(method.into()),
        input_type: Some(".bench.v1.Nothing".into()),
        output_type: Some(".bench.v1.Nothing".into()),
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

/// Modules at the bounds of what is accepted, made to be slow to compile: 250,000 blocks x locals in
/// body after body, functions without end, one long run of arithmetic.
fn bombs() -> Vec<(&'static str, String)> {
    let usual = r#"(memory (export "memory") 1) (global (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0))"#;
    let with = |functions: String| format!("(module {usual} {functions})");
    let locals = "(local i64)".repeat(500);
    let step = |n: usize| {
        let (a, b) = (n * 7 % 500, n * 13 % 500);
        format!("(if (i32.wrap_i64 (local.get {a})) (then (local.set {b} (i64.add (local.get {a}) (i64.const {n})))))")
    };
    let body: String = (0..460).map(step).collect();
    let sum = "(i64.add (i64.mul (local.get 0) (i64.const 77))".repeat(1000) + "(local.get 0)" + &")".repeat(1000);
    vec![
        ("blocks x locals", with((0..120).map(|_| format!("(func {locals} {body})")).collect())),
        (
            "10,000 functions",
            with(
                "(func (param i64) (result i64) (i64.add (i64.mul (local.get 0) (local.get 0)) (i64.const 7)))"
                    .repeat(9_990),
            ),
        ),
        ("long arithmetic", with((0..140).map(|_| format!("(func (param i64) (result i64) {sum})")).collect())),
    ]
}

/// What compiling costs, beside the time that the ledger gives for it.
pub fn compile(report: &mut Report) {
    let ledger = Ledger::new();
    for (name, text) in bombs() {
        let module = module("Bomb", "Do", &text);
        let seconds = best(2, || match ledger.contracts.compile(&module) {
            Ok(_) => {}
            Err(e) => println!("{name}: refused: {e}"),
        });
        let given = (READY_MS_PER_KB * (module.len() as u64).div_ceil(1000)) as f64 / 1e3;
        println!("{name:<32} {:>7} kB  compiles in {seconds:.2} s; the ledger gives {given:.2} s", module.len() / 1000);
        report.add(&format!("compile: {name}, of the time given"), seconds / given);
    }
}

/// Measures every case, and says what the slowest means for a block.
pub fn fuel(report: &mut Report) {
    let empty = |pages: u32| {
        format!(
            r#"(module (memory (export "memory") {pages}) (global (mut i32) (i32.const 0))
            (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
            (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0)))"#
        )
    };
    let touching = empty(4).replace(
        "(i64.const 0)))",
        "(local i32) (local.set 3 (i32.const 64)) (loop
            (i32.store (i32.mul (i32.sub (local.get 3) (i32.const 1)) (i32.const 4096)) (i32.const 1))
            (br_if 0 (local.tee 3 (i32.sub (local.get 3) (i32.const 1))))) (i64.const 0)))",
    );
    let mut measured = Vec::new();
    for c in cases() {
        let mut ledger = Ledger::new();
        ledger.found("forge", &[("ana", &["steward"])]);
        ledger.deploy("forge", &module("E", "Case", &empty(1)));
        ledger.deploy("forge", &module("M", "Do", &empty(64)));
        ledger.deploy("forge", &module("T", "Do", &touching));
        ledger.deploy("forge", &module("Bench", "Do", &text(&c)));
        let call = [ledger.sign("forge", "ana", "/bench.v1.Bench/Do", b"")];
        let base = Arc::new(ledger.state.clone());
        let context = BlockContext { height: ledger.height + 1, time_ms: ledger.time_ms };
        let run = || execute_block(&ledger.contracts, base.clone(), context, &call, |_| Ok(false)).expect("a result");
        let result = run();
        let receipt: v1::Receipt = prost::Message::decode(result.receipts[0].clone()).expect("a receipt");
        let stopped = receipt.refusal.filter(|r| r.rule != "fuel");
        assert_eq!(stopped, None, "{}", c.name);
        let seconds = best(5, || drop(run()));
        measured.push((seconds * 1e9 / result.fuel_used as f64, c.name));
    }
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = measured[measured.len() / 2].0;
    let (slowest, _) = measured[measured.len() - 1];
    for (ns, name) in &measured {
        let bar = "█".repeat((ns / median * 6.0) as usize);
        println!("{name:<32} {ns:>7.3} ns a unit  {bar}");
    }
    report.add("fuel: median, ns a unit", median);
    report.add("fuel: slowest / median", slowest / median);
    report.add("fuel: worst call, ms", slowest * CALL_FUEL as f64 / 1e6);
    report.add("fuel: worst block, ms", slowest * BLOCK_FUEL as f64 / 1e6);
}
