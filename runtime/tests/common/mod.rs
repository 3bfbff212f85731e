//! A ledger of one commons in memory, and modules from text.
#![allow(dead_code)]

use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions,
    ServiceDescriptorProto, method_options::IdempotencyLevel,
};
use stint_proto::{Refusal, Transaction, v1};
use stint_runtime::Contracts;

/// The service of every test module: `Do` is a command, `Ask` a query.
pub const TEST_SERVICE: &str = "test.v1.Test";

/// What every module exports, and does nothing with. Functions 0 and 1.
pub const EXPORTS: &str = r#"(memory (export "memory") 1) (global (mut i32) (i32.const 0))
    (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0))"#;

/// Runs the body of a test in a process of its own, which has no other test's memory in it.
pub fn alone(test: &str, body: impl FnOnce()) {
    const ALONE: &str = "STINT_TEST_ALONE";
    if std::env::var(ALONE).is_ok_and(|t| t == test) {
        return body();
    }
    let mut own = std::process::Command::new(std::env::current_exe().expect("this program"));
    let ended = own.args([test, "--exact", "--nocapture"]).env(ALONE, test).status().expect("it starts");
    assert!(ended.success(), "{test}, in a process of its own: {ended}");
}

/// A figure of this process in kB, such as `VmRSS` (resident) or `VmHWM` (the most that was).
pub fn memory_kb(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|l| l.strip_prefix(what)?.strip_prefix(':'));
    line.and_then(|l| l.trim().strip_suffix("kB")?.trim().parse().ok()).expect("a size")
}

/// Time that this process has computed for.
pub fn computed_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("figures");
    let figures: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    // In hundredths of a second, for itself and for the system.
    [11, 12].iter().map(|i| figures[*i].parse::<u64>().expect("a number") * 10).sum()
}

/// A module from text, with the descriptor of [`TEST_SERVICE`].
pub fn module(wat: &str) -> Vec<u8> {
    named("Test", wat)
}

/// A module from text, with the descriptor of the service `test.v1.NAME`.
pub fn named(name: &str, wat: &str) -> Vec<u8> {
    described(name, wat::parse_str(wat).unwrap_or_else(|e| panic!("{e}")))
}

/// A module with the descriptor of the service `test.v1.NAME`: `Do` is a command, `Ask` a query.
pub fn described(name: &str, wasm: Vec<u8>) -> Vec<u8> {
    with_section(wasm, &descriptor(name).encode_to_vec())
}

/// A module with these bytes as its descriptor.
pub fn with_section(mut wasm: Vec<u8>, data: &[u8]) -> Vec<u8> {
    let section = b"stint.descriptor";
    wasm.push(0);
    leb(&mut wasm, 1 + section.len() + data.len());
    wasm.push(section.len() as u8);
    wasm.extend_from_slice(section);
    wasm.extend_from_slice(data);
    wasm
}

/// One file with the service `test.v1.NAME`.
pub fn descriptor(name: &str) -> FileDescriptorSet {
    let method = |name: &str, query: bool| MethodDescriptorProto {
        name: Some(name.into()),
        input_type: Some(".test.v1.Nothing".into()),
        output_type: Some(".test.v1.Nothing".into()),
        options: query.then(|| MethodOptions {
            idempotency_level: Some(IdempotencyLevel::NoSideEffects as i32),
            ..Default::default()
        }),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some(name.into()),
        method: vec![method("Do", false), method("Ask", true)],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test.proto".into()),
        package: Some("test.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Nothing".into()), ..Default::default() }],
        service: vec![service],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
}

fn leb(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A module whose allocator calls the host, which calls the allocator, so many times.
pub fn deep_allocator(depth: u32) -> Vec<u8> {
    module(&format!(
        r#"(module (import "stint_v1" "context" (func $context (result i64)))
        (memory (export "memory") 1) (global $left (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32)
            (if (global.get $left) (then
                (global.set $left (i32.sub (global.get $left) (i32.const 1)))
                (drop (call $context))))
            (i32.const 1024))
        (func (export "stint_call") (param i32 i32 i32) (result i64)
            (global.set $left (i32.const {depth})) (drop (call $context)) (i64.const 0)))"#
    ))
}

/// A ledger with the commons "forge" and its steward ana.
pub struct Ledger(pub stint_testkit::Ledger);

impl Ledger {
    pub fn new() -> Ledger {
        Ledger::with(Contracts::new().expect("an engine"))
    }

    pub fn with(contracts: Contracts) -> Ledger {
        let mut ledger = stint_testkit::Ledger::with(contracts);
        ledger.found("forge", &[("ana", &["steward"])]);
        Ledger(ledger)
    }

    /// Publishes a module and lets it serve "forge", instead of what served it before.
    pub fn deploy(&mut self, module: &[u8]) {
        self.0.state.0.retain(|k, _| !k.starts_with(b"k/instance/"));
        self.0.deploy("forge", module);
    }

    pub fn sign(&mut self, method: &str, request: &[u8]) -> Transaction {
        self.0.sign("forge", "ana", &format!("/{TEST_SERVICE}/{method}"), request)
    }

    /// One call as a block of its own.
    pub fn call(&mut self, method: &str, request: &[u8]) -> v1::Receipt {
        self.0.call("forge", "ana", &format!("/{TEST_SERVICE}/{method}"), request)
    }

    /// Asks a query.
    pub fn ask(&self, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.0.query("forge", &format!("/{TEST_SERVICE}/{method}"), request)
    }
}
