//! What the reference says that a host function costs is what a call of it burns.

mod common;

use common::{Ledger, named};
use prost::Message;
use std::{collections::BTreeSet, sync::Arc};
use stint_proto::v1;
use stint_runtime::{
    Contracts, ContractsOptions,
    abi::{HOST, HostFunction},
};
use wasmparser::ValType;

/// A call of a host function with known sizes: its arguments, and of how many things each price is
/// paid, in the order of `price_each`.
const CASES: [(&str, &[i64], &[Count]); 14] = [
    ("get", &[0, 5], &[Known(5 + 37)]),
    ("put", &[0, 5, 300, 37], &[Known(5 + 37)]),
    ("delete", &[8, 3], &[Known(3)]),
    // One key is there; the page has two sizes beside it.
    ("scan", &[0, 0, 0, 0, 10, 0], &[Known(1), Known(4 + 5 + 4 + 37)]),
    ("emit", &[0, 5, 300, 37], &[Known(5 + 37)]),
    ("context", &[], &[Context]),
    ("has_role", &[0, 5], &[Known(5)]),
    // The answer is the response of eleven bytes with its tag and its size.
    ("call", &[0, 5, 16, 18, 300, 37, 0], &[Burnt, Known(37 + 13)]),
    ("act", &[0, 5, 48, 17, 300, 37], &[Burnt, Known(37)]),
    ("rule", &[80, 31, 3, 300, 37, 0], &[Burnt, Known(37 + 13)]),
    ("sha256", &[300, 37, 400], &[Known(37)]),
    ("ed25519_verify", &[300, 300, 300, 37], &[Known(37)]),
    ("fuel", &[], &[]),
    ("log", &[0, 5], &[Known(5)]),
];

#[derive(Clone, Copy)]
enum Count {
    Known(u64),
    /// Units that the called contract burns.
    Burnt,
    /// Bytes of the context.
    Context,
}
use Count::{Burnt, Context, Known};

/// A module that answers with eleven bytes; `calls` host calls come first.
fn module(name: &str, import: &str, before: &str, calls: &str, hash: &[u8]) -> Vec<u8> {
    let hash: String = hash.iter().map(|b| format!("\\{b:02x}")).collect();
    named(
        name,
        &format!(
            r#"(module {import}
            (memory (export "memory") 1) (global (mut i32) (i32.const 0))
            (data (i32.const 0) "forge") (data (i32.const 8) "mill")
            (data (i32.const 16) "/test.v1.Inner/Ask") (data (i32.const 48) "/test.v1.Inner/Do")
            (data (i32.const 80) "{hash}")
            (func (export "stint_alloc") (param i32) (result i32) (i32.const 4096))
            (func (export "stint_call") (param i32 i32 i32) (result i64) {before} {calls}
                (i64.const {})))"#,
            500u64 << 32 | 11
        ),
    )
}

/// Fuel of a call with so many host calls, what the called contract burnt in each, and the answer.
fn fuel(f: &HostFunction, arguments: &[i64], times: usize) -> (u64, u64, usize) {
    let types = |t: &[ValType]| t.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let result = if f.results.is_empty() { String::new() } else { format!("(result {})", types(f.results)) };
    let mut import = format!(r#"(import "stint_v1" "{}" (func $f (param {}) {result}))"#, f.name, types(f.parameters));
    let mut before = "";
    if f.name != "put" {
        import += r#"(import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))"#;
        before = "(call $put (i32.const 0) (i32.const 5) (i32.const 300) (i32.const 37))";
    }
    let given: String = arguments.iter().zip(f.parameters).map(|(n, t)| format!("({t}.const {n})")).collect();
    let drop = if f.results.is_empty() { "" } else { "drop" };
    let calls = format!("(call $f {given}) {drop} ").repeat(times);

    let author: Option<stint_runtime::Author> = if f.development { Some(Arc::new(|_: &str| {})) } else { None };
    let contracts = Contracts::with(ContractsOptions { author, ..Default::default() }).expect("an engine");
    let mut ledger = Ledger::with(contracts);
    ledger.0.deploy("forge", &module("Inner", "", "", "", &[]));
    let rule = ledger.0.publish(&module("Rule", "", "", "", &[]));
    ledger.0.deploy("forge", &module("Outer", &import, before, &calls, &rule.0));
    if f.name == "act" {
        let charter = v1::ConstituteRequest { service: "test.v1.Outer".into() };
        ledger.0.kernel::<v1::ConstituteResponse>("forge", "Constitute", &charter).expect("a charter");
    }
    let done = ledger.0.simulate("forge", "ana", "/test.v1.Outer/Do", b"");
    assert_eq!(done.refusal, None, "{}", f.name);
    (done.fuel_used, done.calls.get(1).map_or(0, |c| c.fuel_used), done.response.len())
}

#[test]
fn every_host_function_burns_what_the_reference_says() {
    let tested: BTreeSet<&str> = CASES.iter().map(|c| c.0).collect();
    assert_eq!(tested, HOST.iter().map(|f| f.name).collect(), "every function has a case");
    for (name, arguments, counts) in CASES {
        let f = HOST.iter().find(|f| f.name == name).expect("a function");
        assert_eq!((arguments.len(), counts.len()), (f.parameters.len(), f.price_each.len()), "{name}");
        let ((one, burnt, _), (two, ..)) = (fuel(f, arguments, 1), fuel(f, arguments, 2));
        let count = |count: &Count| match count {
            Known(n) => *n,
            Burnt => burnt,
            Context => context_bytes(),
        };
        let each: u64 = f.price_each.iter().zip(counts).map(|((price, _), n)| price * count(n)).sum();
        // Its arguments and the call are instructions; so is what the allocator does for an answer.
        let answers = f.results == [ValType::I64] && name != "fuel";
        let around = arguments.len() as u64 + 5 + u64::from(answers);
        assert_eq!(two - one, around + f.price + each, "{name}");
        assert!(burnt > 0 || !counts.iter().any(|c| matches!(c, Burnt)), "{name} called nobody");
    }
}

/// The size of what `context` answers to the call that is simulated.
fn context_bytes() -> u64 {
    let mut ledger = Ledger::new();
    ledger.0.deploy("forge", &module("Inner", "", "", "", &[]));
    ledger.0.publish(&module("Rule", "", "", "", &[]));
    let wat = r#"(module (import "stint_v1" "context" (func $context (result i64)))
        (memory (export "memory") 1) (global (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 4096))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (call $context)))"#;
    ledger.0.deploy("forge", &named("Outer", wat));
    let done = ledger.0.simulate("forge", "ana", "/test.v1.Outer/Do", b"");
    let context = v1::CallContext::decode(done.response.clone()).expect("a context");
    assert_eq!((context.caller.as_str(), context.commons.as_str()), ("ana", "forge"));
    done.response.len() as u64
}

/// A fresh instance and the answer, the two prices that are no function's.
#[test]
fn an_instance_and_an_answer_burn_what_the_reference_says() {
    use stint_runtime::abi::price::{BYTE, INVOKE, KEPT_BYTE};
    let mut ledger = Ledger::new();
    ledger.0.deploy("forge", &module("Inner", "", "", "", &[]));
    let data = 5 + 4 + 18 + 17;
    for (agent, method, a_byte) in [("ana", "Do", KEPT_BYTE), ("", "Ask", BYTE)] {
        let done = ledger.0.simulate("forge", agent, &format!("/test.v1.Inner/{method}"), b"");
        assert_eq!((done.refusal, done.response.len()), (None, 11));
        // The allocator for the request, and the constant that is answered.
        let instructions = 2;
        let least = INVOKE + instructions + 11 * a_byte + data / 4;
        // The data section counts with its own heads, a few bytes each.
        assert!((least..least + 20).contains(&done.fuel_used), "{method}: {} of {least}", done.fuel_used);
    }
}
