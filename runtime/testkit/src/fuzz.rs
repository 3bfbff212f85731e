//! What a fuzzer feeds: whatever the bytes are, the runtime answers, in bounded time and memory, and
//! twice the same. `runtime/tests/fuzz.rs` runs a smoke of it, `scripts/fuzz` as long as you like.

use crate::Ledger;
use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{
    Call, Transaction,
    limits::{MODULE_BYTES, REQUEST_BYTES},
    v1,
};
use stint_runtime::{BlockContext, MemoryState, check, execute_block, instrument};

/// Fuel of a fuzzed call: enough to get far, and little to wait for.
const FUEL: u64 = 3_000_000;
/// Bytes of one host call: the function's number, and eight arguments of 4 bytes.
pub const RECORD: usize = 36;

/// A module with the descriptor of the service `fuzz.v1.Fuzz` and its method `Do`.
pub fn describe(wasm: Vec<u8>) -> Vec<u8> {
    describe_as("Fuzz", wasm)
}

/// The same of the service `fuzz.v1.NAME`.
fn describe_as(service: &str, mut wasm: Vec<u8>) -> Vec<u8> {
    let method = MethodDescriptorProto {
        name: Some("Do".into()),
        input_type: Some(".fuzz.v1.Nothing".into()),
        output_type: Some(".fuzz.v1.Nothing".into()),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("fuzz.proto".into()),
        package: Some("fuzz.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Nothing".into()), ..Default::default() }],
        service: vec![ServiceDescriptorProto {
            name: Some(service.into()),
            method: vec![method],
            ..Default::default()
        }],
        ..Default::default()
    };
    let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
    let name = b"stint.descriptor";
    // Both sizes take two bytes of LEB128.
    let size = 1 + name.len() + set.len();
    wasm.extend_from_slice(&[0, size as u8 | 0x80, (size >> 7) as u8, name.len() as u8]);
    wasm.extend_from_slice(name);
    wasm.extend_from_slice(&set);
    wasm
}

/// Any bytes as a module: refused in words, or checked, metered, compiled and called.
#[allow(clippy::expect_used)]
pub fn module(ledger: &Ledger, bytes: &[u8]) -> bool {
    let Ok(checked) = check(bytes) else { return false };
    assert!(bytes.len() <= MODULE_BYTES);
    instrument(bytes, &checked).expect("what passed the checks is metered");
    ledger.contracts.compile(bytes).unwrap_or_else(|e| stop(&format!("what passed the checks compiles: {e}")));
    let mut ledger = ledger.fork();
    let Ok(_) = ledger.try_deploy("forge", bytes) else { return true };
    for method in &checked.descriptor.methods {
        let path = format!("/{}/{}", checked.descriptor.service, method.name);
        run_twice(&mut ledger, &path, b"request");
    }
    true
}

/// Any bytes as arguments of host functions, by a contract that calls what it is told.
pub fn host_calls(ledger: &Ledger, bytes: &[u8]) -> v1::Receipt {
    let whole = bytes.len().min(REQUEST_BYTES) / RECORD * RECORD;
    run_twice(&mut ledger.fork(), "/fuzz.v1.Fuzz/Do", &bytes[..whole])
}

/// The same call on the same state, twice: same receipt, same writes; and no writes when refused.
#[allow(clippy::expect_used)]
fn run_twice(ledger: &mut Ledger, method: &str, request: &[u8]) -> v1::Receipt {
    let tx = ledger.sign("forge", "ana", method, request);
    let limited = Call { fuel_limit: FUEL, ..tx.call().clone() };
    let tx: Transaction = limited.sign(&crate::key_of("ana")).expect("a call within the limits");
    let base = Arc::new(ledger.state.clone());
    let context = BlockContext { height: ledger.height + 1, time_ms: ledger.time_ms };
    let run = || {
        let calls = std::slice::from_ref(&tx);
        execute_block(&ledger.contracts, base.clone(), context, calls, |_| Ok(false)).expect("the runtime answers")
    };
    let (once, again) = (run(), run());
    assert_eq!(once, again, "the same call gave two results");
    let receipt = v1::Receipt::decode(once.receipts[0].clone()).expect("a receipt");
    assert!(receipt.fuel_used <= FUEL);
    assert!(receipt.refusal.is_none() || once.writes.is_empty(), "a refused call wrote");
    receipt
}

#[allow(clippy::panic)]
fn stop(why: &str) -> stint_runtime::Contract {
    panic!("{why}")
}

/// A ledger with a commons.
pub fn ledger() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[("ana", &["steward"])]);
    ledger
}

/// A ledger with the contract that [`host_calls`] calls, another contract that it may call as
/// `/fuzz.v1.Inner/Do`, and a pure rule, whose hash it knows; `caller` is the text of the first.
#[allow(clippy::expect_used)]
pub fn ledger_of_callers(text: impl Fn(&str) -> Vec<u8>) -> Ledger {
    let mut ledger = ledger();
    ledger.deploy("forge", &describe_as("Inner", text(INNER)));
    let rule = ledger.publish(&describe_as("Rule", text(RULE)));
    let hash: String = rule.0.iter().map(|b| format!("\\{b:02x}")).collect();
    ledger.deploy("forge", &describe(text(&CALLER.replace("{rule}", &hash))));
    ledger
}

/// The text of a contract that keeps and announces what it is asked, and answers with it.
const INNER: &str = r#"(module
    (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
    (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
    (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024)) (data (i32.const 0) "inner")
    (func (export "stint_alloc") (param $n i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
    (func (export "stint_call") (param $m i32) (param $at i32) (param $size i32) (result i64)
        (call $put (i32.const 0) (i32.const 5) (local.get $at) (local.get $size))
        (call $emit (i32.const 0) (i32.const 5) (local.get $at) (local.get $size))
        (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))"#;

/// The text of a pure rule that answers with what it is asked, or traps on what begins with a zero byte.
const RULE: &str = r#"(module
    (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
    (func (export "stint_alloc") (param $n i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
    (func (export "stint_call") (param $m i32) (param $at i32) (param $size i32) (result i64)
        (if (i32.and (i32.ne (local.get $size) (i32.const 0)) (i32.eqz (i32.load8_u (local.get $at)))) (then unreachable))
        (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $size)))))"#;

impl Ledger {
    /// The same ledger, to go on with apart; compiled contracts are shared.
    fn fork(&self) -> Ledger {
        Ledger {
            contracts: self.contracts.clone(),
            state: MemoryState(BTreeMap::clone(&self.state.0)),
            height: self.height,
            time_ms: self.time_ms,
            calls: self.calls,
            own_calls: self.own_calls,
            agents: self.agents.clone(),
            executed: self.executed.clone(),
        }
    }
}

/// The text of a contract that calls host functions as its request says, record by record. At 0 stands
/// its commons, at 16 and 40 two methods, at 60 a name, at 64 the hash of a rule.
pub const CALLER: &str = r#"(module
    (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
    (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
    (import "stint_v1" "delete" (func $delete (param i32 i32)))
    (import "stint_v1" "scan" (func $scan (param i32 i32 i32 i32 i32 i32) (result i64)))
    (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
    (import "stint_v1" "context" (func $context (result i64)))
    (import "stint_v1" "has_role" (func $has_role (param i32 i32) (result i32)))
    (import "stint_v1" "call" (func $call (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
    (import "stint_v1" "rule" (func $rule (param i32 i32 i32 i32 i32 i64) (result i64)))
    (import "stint_v1" "act" (func $act (param i32 i32 i32 i32 i32 i32)))
    (import "stint_v1" "sha256" (func $sha256 (param i32 i32 i32)))
    (import "stint_v1" "ed25519_verify" (func $verify (param i32 i32 i32 i32) (result i32)))
    (import "stint_v1" "fuel" (func $fuel (result i64)))
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 4096))
    (data (i32.const 0) "forge")
    (data (i32.const 16) "/fuzz.v1.Fuzz/Do")
    (data (i32.const 40) "/fuzz.v1.Inner/Do")
    (data (i32.const 60) "Do")
    (data (i32.const 64) "{rule}")
    (func (export "stint_alloc") (param $n i32) (result i32)
        ;; As bad as an allocator can be: it wraps, and hands out places outside the memory.
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
    (func $a (param $at i32) (param $n i32) (result i32)
        (i32.load (i32.add (local.get $at) (i32.mul (i32.add (local.get $n) (i32.const 1)) (i32.const 4)))))
    (func (export "stint_call") (param $m i32) (param $at i32) (param $size i32) (result i64)
        (local $end i32) (local $f i32)
        (local.set $end (i32.add (local.get $at) (local.get $size)))
        (block $done (loop $more
            (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
            (local.set $f (i32.rem_u (i32.load (local.get $at)) (i32.const 14)))
            (block $then (block $13 (block $12 (block $11 (block $10 (block $9 (block $8 (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
                (br_table $0 $1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11 $12 $13 (local.get $f)))
                (drop (call $get (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)))) (br $then))
                (call $put (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3))) (br $then))
                (call $delete (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1))) (br $then))
                (drop (call $scan (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3)) (call $a (local.get $at) (i32.const 4)) (call $a (local.get $at) (i32.const 5)))) (br $then))
                (call $emit (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3))) (br $then))
                (drop (call $context)) (br $then))
                (drop (call $has_role (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)))) (br $then))
                (drop (call $call (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3)) (call $a (local.get $at) (i32.const 4)) (call $a (local.get $at) (i32.const 5)) (i64.load (i32.add (local.get $at) (i32.const 28))))) (br $then))
                (drop (call $rule (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3)) (call $a (local.get $at) (i32.const 4)) (i64.load (i32.add (local.get $at) (i32.const 28))))) (br $then))
                (call $sha256 (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2))) (br $then))
                (drop (call $verify (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3)))) (br $then))
                (drop (call $fuel)) (br $then))
                (drop (memory.grow (i32.and (call $a (local.get $at) (i32.const 0)) (i32.const 0xff)))) (br $then))
                (call $act (call $a (local.get $at) (i32.const 0)) (call $a (local.get $at) (i32.const 1)) (call $a (local.get $at) (i32.const 2)) (call $a (local.get $at) (i32.const 3)) (call $a (local.get $at) (i32.const 4)) (call $a (local.get $at) (i32.const 5))))
            (local.set $at (i32.add (local.get $at) (i32.const 36)))
            (br $more)))
        (i64.const 0)))"#;
