//! A smoke of the fuzz target `proof`: the committed corpus, and mutations of it. `scripts/fuzz` looks
//! further, guided by coverage.

use crate::{
    model::{SEEDS, trust},
    vectors::valid,
};
use proptest::{prelude::*, sample::Index};
use std::{
    fs,
    path::{Path, PathBuf},
};
use stint_verifier::{json, verify};

/// What the fuzzer starts from, and what once led somewhere.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/proof")
}

fn committed() -> Vec<Vec<u8>> {
    let mut files: Vec<_> = fs::read_dir(corpus()).expect("the corpus").map(|f| f.expect("a file").path()).collect();
    files.sort();
    files.iter().map(|f| fs::read(f).expect("a file of the corpus")).collect()
}

/// Whatever the bytes are: a proof that is known, or none.
fn target(bytes: &[u8], known: &[Vec<u8>]) {
    let proven = verify(&trust(&SEEDS), bytes);
    assert_eq!(proven.is_ok(), known.iter().any(|p| p == bytes), "{:?}", proven.map(|p| json(&p)));
}

fn known() -> Vec<Vec<u8>> {
    valid().iter().map(|(_, proof)| proof.encode()).collect()
}

#[test]
fn the_committed_corpus_proves_what_is_known() {
    let (corpus, known) = (committed(), known());
    assert!(known.iter().all(|proof| corpus.contains(proof)), "STINT_WRITE_VECTORS=1 scripts/test checks");
    corpus.iter().for_each(|bytes| target(bytes, &known));
}

#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Remove(Index),
    Repeat(Index, usize),
    Cut(Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let edges = prop::sample::select(vec![0, 1, 0x7f, 0x80, 0xff]);
    let one = prop_oneof![
        (any::<Index>(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<Index>(), edges).prop_map(|(at, byte)| Change::Set(at, byte)),
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), 1usize..40).prop_map(|(at, n)| Change::Repeat(at, n)),
        any::<Index>().prop_map(Change::Cut),
    ];
    prop::collection::vec(one, 1..4)
}

fn change(bytes: &mut Vec<u8>, change: Change) {
    if bytes.is_empty() {
        return;
    }
    let n = bytes.len();
    match change {
        Change::Flip(at, bit) => bytes[at.index(n)] ^= 1 << bit,
        Change::Set(at, byte) => bytes[at.index(n)] = byte,
        Change::Remove(at) => drop(bytes.remove(at.index(n))),
        Change::Repeat(at, size) => {
            let (from, to) = (at.index(n), (at.index(n) + size).min(n));
            let piece = bytes[from..to].to_vec();
            bytes.splice(from..from, piece);
        }
        Change::Cut(at) => bytes.truncate(at.index(n)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_as_a_proof(of: Index, how in changes(), random in prop::collection::vec(any::<u8>(), 0..200)) {
        let (corpus, known) = (CORPUS.with(Clone::clone), KNOWN.with(Clone::clone));
        let mut bytes = corpus[of.index(corpus.len())].clone();
        how.into_iter().for_each(|one| change(&mut bytes, one));
        target(&bytes, &known);
        target(&random, &known);
    }
}

thread_local! {
    static CORPUS: Vec<Vec<u8>> = committed();
    static KNOWN: Vec<Vec<u8>> = known();
}
