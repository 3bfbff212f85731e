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

/// A module from text, with the descriptor of [`TEST_SERVICE`].
pub fn module(wat: &str) -> Vec<u8> {
    named("Test", wat)
}

/// A module from text, with the descriptor of the service `test.v1.NAME`.
pub fn named(name: &str, wat: &str) -> Vec<u8> {
    described(name, wat::parse_str(wat).unwrap_or_else(|e| panic!("{e}")))
}

/// A module with the descriptor of the service `test.v1.NAME`: `Do` is a command, `Ask` a query.
pub fn described(name: &str, mut wasm: Vec<u8>) -> Vec<u8> {
    let data = descriptor(name);
    let section = b"stint.descriptor";
    wasm.push(0);
    leb(&mut wasm, 1 + section.len() + data.len());
    wasm.push(section.len() as u8);
    wasm.extend_from_slice(section);
    wasm.extend_from_slice(&data);
    wasm
}

fn descriptor(name: &str) -> Vec<u8> {
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
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

fn leb(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
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
