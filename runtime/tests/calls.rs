//! Contracts that call contracts and rules: roles, rollback, depth, fuel.

mod common;

use common::{Ledger, named};
use prost::Message;
use stint_proto::{limits::CALL_FUEL, v1};

/// A module of a service whose `stint_call` has this body. `$target` and what follows it in the
/// data are what it may call.
fn module(name: &str, body: &str) -> Vec<u8> {
    named(
        name,
        &format!(
            r#"(module
            (import "stint_v1" "call" (func $call (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
            (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
            (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
            (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
            (import "stint_v1" "context" (func $context (result i64)))
            (memory (export "memory") 2)
            (global $next (mut i32) (i32.const 4096))
            (data (i32.const 0) "forge")
            (data (i32.const 16) "mill")
            (data (i32.const 32) "/test.v1.Inner/Do")
            (data (i32.const 64) "/test.v1.Inner/Ask")
            (data (i32.const 96) "/test.v1.Outer/Ask")
            (data (i32.const 128) "/test.v1.Outer/Do")
            (data (i32.const 160) "\08\09\12\02no")
            (func (export "stint_alloc") (param $n i32) (result i32)
                (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
            (func (export "stint_call") (param i32 i32 i32) (result i64) {body}))"#
        ),
    )
}

/// Calls a method with the own request and answers with the `CallAnswer`.
fn call(commons: (u32, u32), method: (u32, u32), fuel: u64) -> String {
    format!(
        "(call $call (i32.const {}) (i32.const {}) (i32.const {}) (i32.const {}) (local.get 1) (local.get 2) (i64.const {fuel}))",
        commons.0, commons.1, method.0, method.1
    )
}

const FORGE: (u32, u32) = (0, 5);
const MILL: (u32, u32) = (16, 4);
const INNER_DO: (u32, u32) = (32, 17);
const INNER_ASK: (u32, u32) = (64, 18);
const OUTER_ASK: (u32, u32) = (96, 18);
const OUTER_DO: (u32, u32) = (128, 17);

/// Writes and announces its request.
const KEEP: &str = r#"(call $put (i32.const 0) (i32.const 5) (local.get 1) (local.get 2))
    (call $emit (i32.const 0) (i32.const 5) (local.get 1) (local.get 2))"#;
/// Answers with nothing.
const NOTHING: &str = "(i64.const 0)";
/// Refuses by the rule "no".
const REFUSE: &str =
    "(i64.or (i64.const 0x8000000000000000) (i64.or (i64.shl (i64.const 160) (i64.const 32)) (i64.const 6)))";

fn ledger(outer: &str, inner: &str) -> Ledger {
    let mut ledger = Ledger::new();
    ledger.0.deploy("forge", &module("Inner", inner));
    ledger.0.deploy("forge", &module("Outer", outer));
    ledger
}

fn outer(ledger: &mut Ledger, request: &[u8]) -> v1::Receipt {
    ledger.0.call("forge", "ana", "/test.v1.Outer/Do", request)
}

fn answer(receipt: &v1::Receipt) -> v1::call_answer::Outcome {
    assert_eq!(receipt.refusal, None);
    v1::CallAnswer::decode(&receipt.response[..]).expect("an answer").outcome.expect("an outcome")
}

fn refused_by(receipt: &v1::Receipt) -> String {
    match answer(receipt) {
        v1::call_answer::Outcome::Refusal(r) => r.rule,
        v1::call_answer::Outcome::Response(_) => panic!("it was answered"),
    }
}

#[test]
fn what_a_called_contract_writes_stands_in_one_receipt() {
    let mut ledger = ledger(&format!("{KEEP} {}", call(FORGE, INNER_DO, 0)), &format!("{KEEP} {NOTHING}"));
    let receipt = outer(&mut ledger, b"7");
    assert!(matches!(answer(&receipt), v1::call_answer::Outcome::Response(_)));
    let announced: Vec<_> = receipt.events.iter().map(|e| e.service.as_str()).collect();
    assert_eq!(announced, ["test.v1.Outer", "test.v1.Inner"]);
    for service in ["test.v1.Outer", "test.v1.Inner"] {
        assert_eq!(ledger.0.kept("forge", service)[&b"forge"[..]], b"7");
    }
}

#[test]
fn nothing_remains_of_a_refused_inner_call_and_the_outer_one_goes_on() {
    for inner in [format!("{KEEP} {REFUSE}"), format!("{KEEP} unreachable")] {
        // The trap burns what it was given and no more.
        let mut ledger = ledger(&format!("{KEEP} {}", call(FORGE, INNER_DO, 50_000)), &inner);
        let receipt = outer(&mut ledger, b"7");
        let rule = refused_by(&receipt);
        assert!(rule == "no" || rule == "contract-stopped", "{rule}");
        assert_eq!(receipt.events.len(), 1);
        assert!(ledger.0.kept("forge", "test.v1.Inner").is_empty());
        assert_eq!(ledger.0.kept("forge", "test.v1.Outer").len(), 1);
        assert!(receipt.fuel_used < 110_000, "{}", receipt.fuel_used);
    }
}

#[test]
fn a_trap_without_a_limit_burns_everything_and_the_call_is_refused() {
    let mut ledger = ledger(&format!("{KEEP} {}", call(FORGE, INNER_DO, 0)), "unreachable");
    let receipt = outer(&mut ledger, b"7");
    assert_eq!((receipt.refusal.expect("refused").rule.as_str(), receipt.fuel_used), ("fuel", CALL_FUEL));
    assert!(ledger.0.kept("forge", "test.v1.Outer").is_empty());
}

#[test]
fn a_contract_in_the_middle_of_a_call_cannot_be_called() {
    for method in [OUTER_ASK, OUTER_DO] {
        let mut ledger = ledger(&call(FORGE, INNER_DO, 0), &call(FORGE, method, 0));
        let receipt = outer(&mut ledger, b"");
        let v1::call_answer::Outcome::Response(inner) = answer(&receipt) else { panic!("it was refused") };
        let inner = v1::CallAnswer::decode(&inner[..]).expect("an answer").outcome;
        let Some(v1::call_answer::Outcome::Refusal(refusal)) = inner else { panic!("it was answered") };
        assert_eq!(refusal.rule, "re-entrancy");
    }
}

#[test]
fn a_query_calls_only_queries_and_what_it_calls_cannot_write() {
    let commands = ledger(&call(FORGE, INNER_DO, 0), &format!("{KEEP} {NOTHING}"));
    let asked = commands.0.query("forge", "/test.v1.Outer/Ask", b"").expect("an answer");
    let asked = v1::CallAnswer::decode(&asked[..]).expect("an answer").outcome;
    assert!(matches!(asked, Some(v1::call_answer::Outcome::Refusal(r)) if r.rule == "query"));
    // Called as a query by a command, it cannot write either.
    let mut cheating = ledger(&call(FORGE, INNER_ASK, 50_000), &format!("{KEEP} {NOTHING}"));
    assert_eq!(refused_by(&outer(&mut cheating, b"7")), "contract-stopped");
    assert!(commands.0.kept("forge", "test.v1.Inner").is_empty());
}

#[test]
fn another_commons_is_called_by_those_it_has_admitted() {
    let mut ledger = Ledger::new();
    ledger.0.found("mill", &[]);
    // Answers with its context.
    ledger.0.deploy("mill", &module("Inner", "(call $context)"));
    ledger.0.deploy("forge", &module("Outer", &call(MILL, INNER_DO, 0)));
    assert_eq!(refused_by(&outer(&mut ledger, b"")), "foreign-contract");

    ledger.0.admit("mill", "forge/test.v1.Outer", &["miller"]);
    let v1::call_answer::Outcome::Response(context) = answer(&outer(&mut ledger, b"")) else { panic!("refused") };
    let context = v1::CallContext::decode(&context[..]).expect("a context");
    // The caller is the contract, not the agent that signed.
    assert_eq!((context.commons.as_str(), context.caller.as_str()), ("mill", "forge/test.v1.Outer"));
    assert_eq!((context.signer.as_str(), context.via.as_str()), ("ana", "forge/test.v1.Outer"));

    // Queries are everybody's.
    ledger.0.admit("mill", "forge/test.v1.Outer", &[]);
    ledger.0.state.0.retain(|k, _| !k.starts_with(b"k/instance/forge"));
    ledger.0.deploy("forge", &module("Outer", &call(MILL, INNER_ASK, 0)));
    assert!(matches!(answer(&outer(&mut ledger, b"")), v1::call_answer::Outcome::Response(_)));
}

#[test]
fn contracts_of_one_commons_speak_for_whoever_called_them() {
    let mut ledger = ledger(&call(FORGE, INNER_DO, 0), "(call $context)");
    let v1::call_answer::Outcome::Response(context) = answer(&outer(&mut ledger, b"")) else { panic!("refused") };
    let context = v1::CallContext::decode(&context[..]).expect("a context");
    assert_eq!((context.caller.as_str(), context.via.as_str()), ("ana", "forge/test.v1.Outer"));
}

#[test]
fn eight_are_under_way_at_most() {
    let mut ledger = Ledger::new();
    // C0 calls C1 calls C2 …, each with a service of its own.
    for n in 0..9 {
        let target = format!("/test.v1.C{}/Do", n + 1);
        let wat = format!(
            r#"(call $call (i32.const 0) (i32.const 5) (i32.const 256) (i32.const {}) (local.get 1) (local.get 2) (i64.const 0)))
            (data (i32.const 256) "{target}")
            (func (result i64) (i64.const 0)"#,
            target.len()
        );
        ledger.0.deploy("forge", &module(&format!("C{n}"), &wat));
    }
    let done = ledger.0.simulate("forge", "ana", "/test.v1.C0/Do", b"");
    assert_eq!(done.refusal, None);
    let depths: Vec<u32> = done.calls.iter().map(|c| c.depth).collect();
    assert_eq!(depths, (0..8).collect::<Vec<_>>(), "the ninth never begins");
}

#[test]
fn a_recursion_through_contracts_shares_one_stack() {
    // Each contract recurses nearly to the limit and then calls the next: the sum is stopped.
    let deep = |then: &str| {
        format!(
            r#"(call $deep (i32.const 1000) (local.get 1) (local.get 2)))
            (func $deep (param i32 i32 i32) (result i64)
                (if (result i64) (i32.eqz (local.get 0)) (then {then})
                    (else (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (local.get 2))))"#
        )
    };
    let mut ledger = ledger(&deep(&call(FORGE, INNER_DO, 10_000_000)), &deep(NOTHING));
    let receipt = outer(&mut ledger, b"");
    assert_eq!(refused_by(&receipt), "contract-stopped");
    // Alone, the inner one ends well.
    let alone = ledger.0.call("forge", "ana", "/test.v1.Inner/Do", b"");
    assert_eq!(alone.refusal, None);
}

#[test]
fn a_rule_is_called_by_its_hash_and_must_import_nothing() {
    let pure = named(
        "Rule",
        r#"(module (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
        (func (export "stint_alloc") (param $n i32) (result i32)
            (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
        (func (export "stint_call") (param i32 i32 i32) (result i64)
            (i64.or (i64.shl (i64.extend_i32_u (local.get 1)) (i64.const 32)) (i64.extend_i32_u (local.get 2)))))"#,
    );
    let caller = named(
        "Outer",
        r#"(module
        (import "stint_v1" "rule" (func $rule (param i32 i32 i32 i32 i32 i64) (result i64)))
        (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
        (data (i32.const 0) "Ask")
        (func (export "stint_alloc") (param $n i32) (result i32)
            (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
        (func (export "stint_call") (param i32 i32 i32) (result i64)
            (call $rule (local.get 1) (i32.const 0) (i32.const 3) (local.get 1) (local.get 2) (i64.const 0))))"#,
    );
    let mut ledger = Ledger::new();
    let rule = ledger.0.publish(&pure);
    let impure = ledger.0.deploy("forge", &caller);
    let v1::call_answer::Outcome::Response(echo) = answer(&outer(&mut ledger, &rule.0)) else { panic!("refused") };
    assert_eq!(&echo[..], &rule.0);
    assert_eq!(refused_by(&outer(&mut ledger, &impure.0)), "pure");
    assert_eq!(refused_by(&outer(&mut ledger, &[9; 32])), "code");
}

#[test]
fn a_simulation_says_what_a_call_would_read_write_and_call_and_changes_nothing() {
    let mut ledger = ledger(
        &format!("(drop (call $get (i32.const 16) (i32.const 4))) {KEEP} {}", call(FORGE, INNER_DO, 50_000)),
        &format!("{KEEP} {REFUSE}"),
    );
    let before = ledger.0.state.clone();
    let done = ledger.0.simulate("forge", "ana", "/test.v1.Outer/Do", b"7");
    assert_eq!(ledger.0.state, before);
    assert_eq!((done.calls.len(), done.calls[1].depth), (2, 1));
    assert_eq!(done.calls[1].refusal.as_ref().expect("refused").rule, "no");
    let written: Vec<_> = done.writes.iter().map(|w| (w.key.clone(), w.value.clone())).collect();
    assert_eq!(written, [(b"c/forge/test.v1.Outer/0/forge"[..].into(), b"7"[..].into())]);
    assert!(done.reads.iter().any(|r| r.key[..] == *b"c/forge/test.v1.Outer/0/mill"));
    assert_eq!(done.events.len(), 1);
    // And the call then does just that.
    let receipt = outer(&mut ledger, b"7");
    assert_eq!((receipt.fuel_used, receipt.response, receipt.events), (done.fuel_used, done.response, done.events));
}
