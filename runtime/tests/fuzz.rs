//! A smoke of the fuzz targets: the committed corpus, and mutations of it from one seed.
//! `scripts/fuzz` looks further, guided by coverage.

mod common;

use common::module;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rand_core::Rng;
use std::{fs, path::Path};
use stint_testkit::fuzz::{CALLER, RECORD, describe, host_calls, ledger};

const MODULES: usize = 4_000;
const HOST_CALLS: usize = 4_000;

fn rng() -> TestRng {
    TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32])
}

/// Files that once led somewhere.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|f| f.path()).collect();
    files.sort();
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
        describe(wat::parse_str(CALLER).expect("good text")),
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
    let base = ledger(None);
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
    let base = ledger(Some(&describe(wat::parse_str(CALLER).expect("good text"))));
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
    let of = |rule: &str| ends.get(rule).copied().unwrap_or(0);
    assert!(of("") > HOST_CALLS / 20 && of("contract-stopped") > HOST_CALLS / 20, "{ends:?}");
}
