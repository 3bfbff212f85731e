//! A smoke of the fuzz targets: the committed corpus, and mutations of it from one seed.
//! `scripts/fuzz` looks further, guided by coverage.

mod common;

use common::module;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rand_core::Rng;
use std::{fs, path::Path};
use stint_proto::v1;
use stint_testkit::{
    Ledger,
    fuzz::{CALLER, RECORD, describe, host_calls, ledger, ledger_of_callers},
};

const MODULES: usize = 4_000;
const HOST_CALLS: usize = 4_000;

fn rng() -> TestRng {
    TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32])
}

/// The committed inputs of a target: such that lead somewhere, and what a fuzzer found.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|f| f.path()).collect();
    files.sort();
    assert!(!files.is_empty(), "tests/fuzz/corpus/{name} is empty");
    files.iter().map(|f| fs::read(f).expect("a file of the corpus")).collect()
}

/// Flips, cuts, repeats, and numbers at which things change.
fn mutate(rng: &mut TestRng, bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..1 + rng.next_u32() % 4 {
        if out.is_empty() {
            return out;
        }
        let at = rng.next_u32() as usize % out.len();
        match rng.next_u32() % 5 {
            0 => out[at] ^= 1 << (rng.next_u32() % 8),
            1 => out[at] = [0, 1, 0x7f, 0x80, 0xff, 0x40][rng.next_u32() as usize % 6],
            2 => {
                out.remove(at);
            }
            3 => out.insert(at, rng.next_u32() as u8),
            _ => {
                let end = (at + rng.next_u32() as usize % 16).min(out.len());
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
        }
    }
    out
}

#[test]
fn any_bytes_as_a_module() {
    let seeds = [
        describe(wat::parse_str(CALLER.replace("{rule}", "")).expect("good text")),
        module(
            r#"(module (import "stint_v1" "put" (func (param i32 i32 i32 i32))) (memory (export "memory") 1)
            (global (mut i32) (i32.const 0)) (table 2 funcref) (elem (i32.const 0) $f $f) (data (i32.const 8) "data")
            (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 7)))
            (func (export "stint_alloc") (param i32) (result i32) (i32.const 64))
            (func (export "stint_call") (param i32 i32 i32) (result i64) (local i64)
                (loop (local.set 3 (i64.add (local.get 3) (i64.const 1))) (br_if 0 (i64.lt_u (local.get 3) (i64.const 9))))
                (i64.extend_i32_u (call_indirect (param i32) (result i32) (local.get 1) (i32.const 1)))))"#,
        ),
    ];
    let base = ledger();
    let mut rng = rng();
    let mut accepted = 0;
    for bytes in corpus("module") {
        stint_testkit::fuzz::module(&base, &bytes);
    }
    for n in 0..MODULES {
        let mutated = mutate(&mut rng, &seeds[n % seeds.len()]);
        accepted += usize::from(stint_testkit::fuzz::module(&base, &mutated));
    }
    // Mutations that the checks refuse and such that they let through: both ways are taken.
    assert!(accepted > MODULES / 50 && accepted < MODULES * 49 / 50, "{accepted} of {MODULES} were accepted");
}

#[test]
fn any_arguments_of_host_functions() {
    let base = callers();
    let mut rng = rng();
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    for bytes in corpus("host_calls") {
        host_calls(&base, &bytes);
    }
    for _ in 0..HOST_CALLS {
        let mut request = vec![0; RECORD * (1 + rng.next_u32() as usize % 6)];
        for word in request.chunks_mut(4) {
            // Mostly small numbers, inside the memory; sometimes at an edge; sometimes anything.
            let value = match rng.next_u32() % 16 {
                0 => rng.next_u32(),
                1 => [u32::MAX, 1 << 31, 0x7fff_ffff, 4 << 16, (4 << 16) - 1, 65_536, 65_537, 16_385, 1_001]
                    [rng.next_u32() as usize % 9],
                2..=5 => rng.next_u32() % 70_000,
                _ => rng.next_u32() % 40,
            };
            word.copy_from_slice(&value.to_le_bytes());
        }
        let receipt = host_calls(&base, &request);
        *ends.entry(receipt.refusal.map_or_else(String::new, |r| r.rule)).or_default() += 1;
    }
    // Nested calls that end well are what a fuzzer hardly finds by itself; the corpus has them.
    let of = |rule: &str| ends.get(rule).copied().unwrap_or(0);
    assert!(of("") > HOST_CALLS / 20 && of("contract-stopped") > HOST_CALLS / 20, "{ends:?}");
}

fn callers() -> Ledger {
    ledger_of_callers(|text| wat::parse_str(text).expect("good text"))
}

/// Where things stand in the memory of the contract that calls, and numbers of functions.
mod place {
    pub const COMMONS: [u32; 2] = [0, 5];
    pub const SELF: [u32; 2] = [16, 16];
    pub const INNER: [u32; 2] = [40, 17];
    pub const NAME: [u32; 2] = [60, 2];
    pub const RULE: u32 = 64;
    /// A quiet place, and one of a zero byte.
    pub const BYTES: u32 = 100;
}
use place::{BYTES, COMMONS, INNER, NAME, RULE, SELF};

/// The record of one host call.
fn record(function: u32, arguments: &[u32], fuel: u64) -> Vec<u8> {
    let mut words = [0; RECORD / 4];
    words[0] = function;
    words[1..=arguments.len()].copy_from_slice(arguments);
    (words[7], words[8]) = (fuel as u32, (fuel >> 32) as u32);
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

/// Inputs that reach every host function, each with how it ends. They are the committed corpus.
fn seeds() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let pair = |a: [u32; 2], b: [u32; 2]| [a, b].concat();
    let call = |method: [u32; 2], at: u32, size: u32, fuel| {
        record(7, &[&pair(COMMONS, method)[..], &[at, size]].concat(), fuel)
    };
    let rule = |at: u32, size: u32, fuel| record(8, &[RULE, NAME[0], NAME[1], at, size], fuel);
    let (put, get) = (record(1, &pair(COMMONS, INNER), 0), record(0, &COMMONS, 0));
    let scan = |reverse| record(3, &[0, 0, 0, 0, 10, reverse], 0);
    vec![
        ("state", [put.clone(), get.clone(), scan(0), scan(1), record(2, &COMMONS, 0), get.clone()].concat(), ""),
        (
            "facts",
            [record(4, &pair(INNER, COMMONS), 0), record(5, &[], 0), record(6, &COMMONS, 0), record(11, &[], 0)]
                .concat(),
            "",
        ),
        ("proofs", [record(9, &[0, 64, 2048], 0), record(10, &[64, 64, 0, 32], 0)].concat(), ""),
        ("a-call-that-ends-well", [put, call(INNER, 0, 5, 0), get].concat(), ""),
        ("a-call-with-little-fuel", call(INNER, 0, 5, 16_000), ""),
        ("a-call-of-itself", call(SELF, 0, 36, 100_000), ""),
        ("a-rule-that-ends-well", [rule(0, 5, 0), call(INNER, 0, 5, 0)].concat(), ""),
        ("a-rule-that-traps", [rule(BYTES, 5, 100_000), record(11, &[], 0)].concat(), ""),
        ("a-rule-that-burns-all", rule(BYTES, 5, 0), "fuel"),
        ("memory-that-grows", [record(12, &[3], 0), record(1, &[262_144, 8, 262_200, 64], 0)].concat(), ""),
        ("an-act", record(13, &[&pair(COMMONS, INNER)[..], &[0, 5]].concat(), 0), "contract-stopped"),
    ]
}

/// Once, the corpus was empty, and no nested call could end well: there was nobody to call.
#[test]
fn the_corpus_reaches_every_host_function() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/host_calls");
    let base = callers();
    for (name, bytes, rule) in seeds() {
        if std::env::var_os("STINT_WRITE_CORPUS").is_some() {
            fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), &bytes)).expect("written");
        }
        assert_eq!(fs::read(folder.join(name)).ok(), Some(bytes.clone()), "{name}; STINT_WRITE_CORPUS=1 writes it");
        let receipt: v1::Receipt = host_calls(&base, &bytes);
        assert_eq!(receipt.refusal.map_or_else(String::new, |r| r.rule), rule, "{name}");
        // The other contract announces what it is asked.
        let announced = receipt.events.iter().any(|e| e.service == "fuzz.v1.Inner");
        assert_eq!(announced, name.ends_with("ends-well"), "{name}");
    }
}

/// Modules of every kind for the target `module`: they are the committed corpus, too.
#[test]
fn the_corpus_of_modules_is_accepted_and_called() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/module");
    let base = ledger();
    let usual = r#"(memory (export "memory") 1 4) (global (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 64))"#;
    let of = |more: &str| describe(wat::parse_str(format!("(module {usual} {more})")).expect("good text"));
    let method = |body: &str| format!(r#"(func (export "stint_call") (param i32 i32 i32) (result i64) {body})"#);
    let seeds = [
        ("a-caller", describe(wat::parse_str(CALLER.replace("{rule}", "")).expect("good text"))),
        ("empty", of(&method("(i64.const 0)"))),
        ("table-and-branches", of(&format!(
            "(table 3 funcref) (elem (i32.const 0) $f $g $f) (func $f (param i64) (result i64) (i64.rotl (local.get 0) (i64.const 3)))
            (func $g (param i64) (result i64) (block (br_table 0 0 (i32.wrap_i64 (local.get 0)))) (i64.div_s (i64.const 9) (local.get 0))) {}",
            method("(i64.and (call_indirect (param i64) (result i64) (i64.const 7) (local.get 0)) (i64.const 3))")
        ))),
        ("bulk-memory", of(&format!(
            "(data $d \"passive\") (data (i32.const 9) \"active\") {}",
            method("(memory.init $d (i32.const 0) (i32.const 1) (i32.const 3)) (data.drop $d) (memory.copy (i32.const 3) (i32.const 9) (i32.const 5)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)) (drop (memory.grow (i32.const 1))) (i64.extend_i32_u (memory.size))")
        ))),
        ("a-migration", of(&format!(
            r#"(func (export "stint_migrate") (param i32 i32) (result i64) (i64.const 0)) {}"#,
            method("(loop (br_if 0 (i32.eqz (local.get 1)))) (i64.const 0x4000000003)")
        ))),
    ];
    for (name, bytes) in seeds {
        if std::env::var_os("STINT_WRITE_CORPUS").is_some() {
            fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), &bytes)).expect("written");
        }
        assert_eq!(fs::read(folder.join(name)).ok(), Some(bytes.clone()), "{name}; STINT_WRITE_CORPUS=1 writes it");
        assert!(stint_testkit::fuzz::module(&base, &bytes), "{name} is refused");
    }
}
