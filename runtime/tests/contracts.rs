//! Modules that an attacker, or a bad day, might upload: refused, or stopped by fuel; and what a
//! block makes of good and bad calls.

mod common;

use common::{Ledger, TEST_SERVICE, alone, memory_kb, module};
use stint_proto::{
    Code,
    limits::{CALL_FUEL, COMMAND_MEMORY_BYTES, MEMORY_BYTES},
};
use stint_runtime::check;

/// A module whose `stint_call` has this body (parameters 0: method, 1: address, 2: size).
fn with_body(body: &str) -> Vec<u8> {
    module(&format!(
        r#"(module
            (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
            (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
            (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
            (import "stint_v1" "scan" (func $scan (param i32 i32 i32 i32 i32 i32) (result i64)))
            (memory (export "memory") 2)
            (global $next (mut i32) (i32.const 1024))
            (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
            (func (export "stint_alloc") (param $n i32) (result i32)
                (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
            (func (export "stint_call") (param i32 i32 i32) (result i64) {body}))"#
    ))
}

const NOTHING: &str = "(i64.const 0)";

#[test]
fn what_may_not_be_published_is_refused_in_words() {
    let refused = |wat: &str, why: &str| {
        let message = check(&module(wat)).expect_err(why);
        assert!(message.contains(why), "{message} instead of {why}");
    };
    let exports = r#"(memory (export "memory") 1) (global (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0))"#;
    assert!(check(&module(&format!("(module {exports})"))).is_ok());
    refused(
        &format!(r#"(module (import "wasi" "fd_write" (func)) {exports})"#),
        "wasi.fd_write is not in the host interface",
    );
    refused(&format!(r#"(module (import "stint_v1" "get" (func)) {exports})"#), "another type");
    refused(&format!(r#"(module (import "stint_v1" "get" (global i32)) {exports})"#), "not in the host interface");
    refused(&format!("(module {exports} (func $s) (start $s))"), "start function");
    refused(&format!("(module {exports} (func (param f32) (result f32) (local.get 0)))"), "floating-point");
    refused(&format!("(module {exports} (func (drop (f64.const 1))))"), "floating-point");
    refused("(module (memory (export \"memory\") 1) (global i32 (i32.const 0)))", "stint_alloc is not exported");
    refused(
        r#"(module (global i32 (i32.const 0)) (func (export "stint_alloc") (param i32) (result i32) (i32.const 0)) (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0)))"#,
        "memory is not exported",
    );
    refused(
        &exports
            .replace("(memory (export \"memory\") 1)", "(module (memory (export \"memory\") 65)")
            .replace("(i64.const 0))", "(i64.const 0)))"),
        "initial memory",
    );
    refused(&format!("(module {exports} (table 10001 funcref))"), "table elements: 10001");
    refused(&format!("(module {exports} (func {}))", "(local i64)".repeat(1025)), "locals of function 2: 1025");
    let nested = format!("{}{}", "block ".repeat(257), "end ".repeat(257));
    refused(&format!("(module {exports} (func {nested}))"), "nested blocks of function 2: 257");
    refused(&format!("(module {exports} (func {}))", "i32.const 1 drop ".repeat(30_000)), "bytes of function 2");
    let bomb = format!("(func {} {})", "(local i64)".repeat(500), "block end ".repeat(501));
    refused(&format!("(module {exports} {bomb})"), "blocks x values of function 2");
    let bombs = format!("(func {} {})", "(local i64)".repeat(500), "block end ".repeat(450)).repeat(3);
    refused(&format!("(module {exports} {bombs})"), "blocks x values of all functions: 717004");
    refused(&format!(r#"(module {exports} (global (export "stint_fuel") i32 (i32.const 0)))"#), "the ledger's own");
    refused(&format!("(module {exports} (memory 1))"), "multi");
    let v128 = format!("(module {exports} (func (drop (v128.const i64x2 0 0))))");
    refused(&v128, "SIMD");
    assert!(check(b"\0asm").is_err());
    assert!(check(&vec![0; 2 << 20]).unwrap_err().contains("the limit is"));
    let plain = wat::parse_str(format!("(module {exports})")).expect("good text");
    assert!(check(&plain).unwrap_err().contains("stint.descriptor is missing"));
}

#[test]
fn a_call_ends_by_its_fuel_whatever_it_does_and_the_next_call_works() {
    let mut ledger = Ledger::new();
    let hostile = [
        ("endless loop", "(loop (br 0)) (i64.const 0)", "fuel"),
        ("recursion", "(drop (call $deep (i32.const 0))) (i64.const 0)", "contract-stopped"),
        ("memory.grow for ever", "(loop (drop (memory.grow (i32.const 1))) (br 0)) (i64.const 0)", "fuel"),
        (
            "huge fills",
            "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 131072)) (br 0)) (i64.const 0)",
            "fuel",
        ),
        ("host calls", "(loop (drop (call $get (i32.const 0) (i32.const 1))) (br 0)) (i64.const 0)", "fuel"),
        (
            "scans",
            "(loop (drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0))) (br 0)) (i64.const 0)",
            "fuel",
        ),
        (
            "events",
            "(loop (call $emit (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 9)) (br 0)) (i64.const 0)",
            "contract-stopped",
        ),
        ("a key outside memory", "(drop (call $get (i32.const -1) (i32.const 9))) (i64.const 0)", "contract-stopped"),
        ("a long key", "(drop (call $get (i32.const 0) (i32.const 257))) (i64.const 0)", "contract-stopped"),
        (
            "a huge value",
            "(call $put (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 65537)) (i64.const 0)",
            "contract-stopped",
        ),
        (
            "overlapping lengths",
            "(call $put (i32.const 131071) (i32.const 2) (i32.const 0) (i32.const 1)) (i64.const 0)",
            "contract-stopped",
        ),
        ("unreachable", "unreachable", "contract-stopped"),
        ("a response outside memory", "(i64.const 0x7fffffff_00000009)", "contract-stopped"),
        ("a huge response", "(i64.const 0x7fffffff)", "contract-stopped"),
        ("division by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0))) (i64.const 0)", "contract-stopped"),
    ];
    for (what, body, rule) in hostile {
        ledger.deploy(&with_body(body));
        let before = ledger.0.state.clone();
        let receipt = ledger.call("Do", b"");
        let refusal = receipt.refusal.unwrap_or_else(|| panic!("{what} succeeded"));
        assert_eq!(refusal.rule, rule, "{what}: {}", refusal.message);
        assert_eq!(receipt.fuel_used, CALL_FUEL, "{what}: any trap costs the whole limit");
        assert!(receipt.events.is_empty() && receipt.writes_hash.is_empty());
        assert_eq!(ledger.0.state, before, "{what} changed the state");
    }
    ledger.deploy(&with_body(NOTHING));
    assert_eq!(ledger.call("Do", b"").refusal, None);
}

/// Once, a module whose section of names could not be read passed the checks and then could not be
/// metered, so that it was published and never ran. A fuzzer found it.
#[test]
fn what_nobody_checks_cannot_break_a_module_that_passed_the_checks() {
    let mut wasm = with_body(NOTHING);
    wasm.extend_from_slice(b"\0\x07\x04name\xff\xff");
    let mut ledger = Ledger::new();
    ledger.deploy(&wasm);
    assert_eq!(ledger.call("Do", b"").refusal, None);
}

#[test]
fn no_address_outside_the_memory_reaches_anything_by_any_host_function() {
    use stint_runtime::abi::HOST;
    let mut ledger = Ledger::new();
    let mut tried = 0;
    // The memory has 65,536 bytes. Each pair is an address and a size.
    for (at, size) in [(65_535, 64), (-1, 64), (i32::MIN, 64), (65_536, 1), (8, -1), (0, 65_537), (65_530, i32::MAX)] {
        for f in HOST.iter().filter(|f| !f.development && f.parameters.len() > 1) {
            let sizes: Vec<usize> = (0..f.arguments.len()).filter(|i| f.arguments[*i].ends_with("size")).collect();
            for bad in sizes.iter().map(|i| i - 1) {
                // All arguments are good but one pair.
                let arguments: String = (0..f.parameters.len())
                    .map(|i| match () {
                        () if f.parameters[i] == wasmparser::ValType::I64 => "(i64.const 0)".to_string(),
                        () if i == bad => format!("(i32.const {at})"),
                        () if i == bad + 1 => format!("(i32.const {size})"),
                        () if sizes.contains(&i) => "(i32.const 4)".into(),
                        () => "(i32.const 8)".into(),
                    })
                    .collect();
                let types = |t: &[wasmparser::ValType]| t.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                let result =
                    if f.results.is_empty() { String::new() } else { format!("(result {})", types(f.results)) };
                let drop = if f.results.is_empty() { "" } else { "drop" };
                ledger.deploy(&module(&format!(
                    r#"(module (import "stint_v1" "{name}" (func $f (param {}) {result}))
                    (memory (export "memory") 1) (global (mut i32) (i32.const 0))
                    (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
                    (func (export "stint_call") (param i32 i32 i32) (result i64) (call $f {arguments}) {drop} (i64.const 0)))"#,
                    types(f.parameters),
                    name = f.name
                )));
                let before = ledger.0.state.clone();
                let refusal = ledger.call("Do", b"").refusal;
                let rule = refusal.as_ref().map_or("", |r| r.rule.as_str());
                // A huge size may burn its fuel before it is looked at.
                assert!(["contract-stopped", "fuel"].contains(&rule), "{} at {at}, {size}: {refusal:?}", f.name);
                assert_eq!(ledger.0.state, before);
                tried += 1;
            }
        }
    }
    assert!(tried > 80, "{tried}");
}

#[test]
fn what_an_allocator_answers_is_checked() {
    for answer in ["-1", "65535", "0x7fffffff", "-65536"] {
        let mut ledger = Ledger::new();
        ledger.deploy(&module(&format!(
            r#"(module (import "stint_v1" "context" (func $context (result i64)))
            (memory (export "memory") 1) (global (mut i32) (i32.const 0))
            (func (export "stint_alloc") (param i32) (result i32) (i32.const {answer}))
            (func (export "stint_call") (param i32 i32 i32) (result i64) (drop (call $context)) (i64.const 0)))"#
        )));
        assert_eq!(ledger.call("Do", b"abc").refusal.expect("refused").rule, "contract-stopped");
    }
}

#[test]
fn a_large_memory_is_paid_for_and_leaves_the_node_as_it_was() {
    alone("a_large_memory_is_paid_for_and_leaves_the_node_as_it_was", || {
        let mut ledger = Ledger::new();
        // 4 MB from the start, and data all over it.
        let data: String =
            (0..200).map(|n| format!("(data (i32.const {}) \"{}\")", n * 20_000, "x".repeat(2_000))).collect();
        ledger.deploy(&module(&format!(
            r#"(module (memory (export "memory") 64) (global (mut i32) (i32.const 0)) {data}
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0)))"#
        )));
        let paid = ledger.call("Do", b"").fuel_used;
        assert!(paid > 60 * 50_000 + 100_000, "{paid}");
        for _ in 0..300 {
            assert_eq!(ledger.ask("Ask", b""), Ok(vec![]));
        }
        let kb = memory_kb("VmHWM");
        assert!(kb < 300_000, "{kb} kB were resident");
    });
}

#[test]
fn memory_grows_to_its_limit_and_no_further() {
    let mut ledger = Ledger::new();
    // Grows page by page until it fails and answers with the number of pages in its length.
    let grow = "(local $n i32)
        (block (loop (br_if 1 (i32.eq (memory.grow (i32.const 1)) (i32.const -1))) (br 0)))
        (i64.extend_i32_u (memory.size))";
    ledger.deploy(&with_body(grow));
    let receipt = ledger.call("Do", b"");
    assert_eq!(receipt.refusal, None);
    assert_eq!(receipt.response.len(), COMMAND_MEMORY_BYTES >> 16);
    assert_eq!(ledger.ask("Ask", b"").expect("an answer").len(), MEMORY_BYTES >> 16);
}

#[test]
fn a_query_that_writes_is_stopped_and_a_command_is_no_query() {
    let mut ledger = Ledger::new();
    ledger.deploy(&with_body("(call $put (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i64.const 0)"));
    let refusal = ledger.ask("Ask", b"").unwrap_err();
    assert_eq!(refusal.rule, "contract-stopped");
    assert!(refusal.message.contains("only reads"), "{}", refusal.message);
    assert_eq!(ledger.ask("Do", b"").unwrap_err().rule, "command");
    assert_eq!(ledger.call("Ask", b"").refusal.expect("refused").rule, "query");
    assert_eq!(ledger.call("Do", b"").refusal, None);
}

#[test]
fn fuel_counts_the_same_whatever_surrounds_the_call() {
    // A loop of 1,000 rounds with memory traffic: its fuel is a number of the protocol.
    let body = "(local $i i32)
        (loop (i32.store (i32.const 64) (local.get $i))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000))))
        (memory.copy (i32.const 0) (i32.const 4096) (i32.const 4096))
        (i64.const 0)";
    let fuel = |warm: usize| {
        let mut ledger = Ledger::new();
        ledger.deploy(&with_body(body));
        (0..=warm).map(|_| ledger.call("Do", b"").fuel_used).last().expect("one call")
    };
    assert_eq!(fuel(0), fuel(20));
    assert_eq!(
        fuel(0),
        KNOWN_FUEL,
        "prices are part of the protocol: a change of this number is a new protocol version"
    );
}

/// A fresh instance; 1,000 rounds of 10 instructions and a store; the copy with its 3 operands, 10,
/// and 4,096 bytes / 8; the answer; and the 5 instructions of `stint_alloc` for the request.
const KNOWN_FUEL: u64 = 30_000 + 16_000 + 3 + 10 + 512 + 1 + 5;

#[test]
fn the_same_block_gives_the_same_bytes_and_a_call_takes_effect_once() {
    let run = || {
        let mut ledger = Ledger::new();
        ledger.deploy(&with_body("(call $put (local.get 1) (local.get 2) (i32.const 0) (i32.const 9)) (call $emit (i32.const 0) (i32.const 1) (local.get 1) (local.get 2)) (i64.const 0)"));
        let mut calls: Vec<_> = (0..50u8).map(|i| ledger.sign("Do", &[i % 7 + 1; 3])).collect();
        calls.push(calls[3].clone());
        let result = ledger.0.execute(&calls);
        (result, ledger.0.state)
    };
    let ((a, state), (b, other)) = (run(), run());
    assert_eq!(a, b);
    assert_eq!(state, other);
    assert_eq!(a.receipts_root(), b.receipts_root());
    assert_eq!((a.receipts.len(), a.effective.len()), (51, 50));
    let repeated: stint_proto::v1::Receipt = prost::Message::decode(a.receipts[50].clone()).expect("a receipt");
    assert_eq!(repeated.refusal.expect("refused").code, Code::AlreadyExists as u32);
    assert_eq!(state.0.keys().filter(|k| k.starts_with(format!("c/forge/{TEST_SERVICE}/0/").as_bytes())).count(), 7);
}
