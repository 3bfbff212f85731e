//! Any bytes as a proof, for whoever trusts the validators of the test vectors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use stint_verifier::{Committee, Hash, Trust, verify};

/// The validators of `verifier/vectors`, and the proofs that hold.
static KNOWN: LazyLock<(Trust, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let file = include_str!("../../../verifier/vectors/proofs.json");
    // No JSON reader here: each field stands on a line of its own.
    let fields = |name: &str| {
        let start = format!("\"{name}\": \"");
        file.lines().filter_map(move |l| l.trim().strip_prefix(&start)).map(|v| unhex(v.trim_end_matches("\",")))
    };
    let chain = fields("chain_id").next().expect("a chain id");
    let committee = file.split("\"committee\": [").nth(1).and_then(|rest| rest.split(']').next()).expect("keys");
    let keys = committee.split('"').filter(|k| k.len() == 64).map(|k| unhex(k).try_into().expect("a key"));
    let committee = Committee::new(keys.collect()).expect("validators");
    let trust = Trust { chain_id: Hash(chain.try_into().expect("32 bytes")), epoch: 0, committee };
    let proofs = fields("proof").filter(|p| verify(&trust, p).is_ok()).collect();
    (trust, proofs)
});

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("hexadecimal") as u8;
    text.as_bytes().chunks_exact(2).map(|p| digit(p[0]) << 4 | digit(p[1])).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let (trust, proofs) = &*KNOWN;
    assert_eq!(verify(trust, bytes).is_ok(), proofs.iter().any(|p| p == bytes));
});
