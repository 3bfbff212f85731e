//! `verifier/vectors/proofs.json`: proofs and forgeries with what they prove, for verifiers in other
//! languages. `STINT_WRITE_VECTORS=1 scripts/test checks` writes it anew, and the fuzzer's corpus.

use crate::fuzz;
use crate::model::{SEEDS, committee, exchanged, inflated, proofs, sign, states, trust, without_a_key};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};
use stint_verifier::{Body, Hash, Proof, json, verify};

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Vectors {
    chain_id: String,
    epoch: u64,
    committee: Vec<String>,
    proofs: Vec<Case>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Case {
    name: String,
    proof: String,
    /// What is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    proves: Option<serde_json::Value>,
    /// Why nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<String>,
}

fn case(name: &str, proof: Vec<u8>) -> Case {
    let result = verify(&trust(&SEEDS), &proof);
    Case {
        name: name.into(),
        proof: hex::encode(proof),
        proves: result.as_ref().ok().map(|p| serde_json::from_str(&json(p)).expect("JSON")),
        invalid: result.err().map(|e| e.to_string()),
    }
}

/// As a certificate has them.
type Votes = Vec<(u8, [u8; 64])>;

/// Proofs that hold, with names.
pub fn valid() -> Vec<(&'static str, Proof)> {
    let names = ["a block", "a state", "a receipt", "an event", "all receipts"];
    names.into_iter().zip(proofs()).chain(states()).collect()
}

fn vectors() -> Vectors {
    let mut cases: Vec<Case> = valid().iter().map(|(name, p)| case(name, p.encode())).collect();
    let mut forged = |name: &str, of: usize, change: &dyn Fn(&mut Proof)| {
        let mut proof = proofs().remove(of);
        change(&mut proof);
        cases.push(case(&format!("forged: {name}"), proof.encode()));
    };
    let seven = || committee(&[2, 3, 4, 5, 6, 7, 8]);
    forged("too few signatures", 0, &|p| p.signed = sign(p.signed.headers.clone(), &seven(), &[2, 3, 4, 5]));
    forged("a signature of nobody", 1, &|p| p.signed.certificate.votes[2].1 = [9; 64]);
    forged("signatures over another header", 1, &|p| p.signed.headers[1].time_ms += 1);
    forged("a header that is no parent", 2, &|p| p.signed.headers[0].time_ms += 1);
    forged("another ledger", 3, &|p| p.signed.headers[0].chain_id = Hash([1; 32]));
    forged("validators whom nobody named", 0, &|p| p.handovers[1].next = committee(&[2, 3, 4, 5, 6, 7, 9]));
    forged("signatures of validators who have named others", 1, &|p| {
        p.signed = sign(p.signed.headers.clone(), &committee(&SEEDS), &SEEDS);
    });
    forged("a block behind the one that names others", 1, &|p| {
        p.handovers.clear();
        p.signed.headers[0].next_committee = seven().hash();
        p.signed.headers[1].parent = p.signed.headers[0].hash();
        p.signed = sign(p.signed.headers.clone(), &committee(&SEEDS), &SEEDS);
    });
    forged("votes of another round", 0, &|p| p.signed.certificate.view += 1);
    forged("a left-out call", 0, &|p| match &mut p.body {
        Body::Block(calls) => *calls = vec![calls[0].clone(), calls[2].clone(), vec![]],
        other => panic!("{other:?}"),
    });
    forged("another value", 1, &|p| match &mut p.body {
        Body::State(_, part) => {
            let at = part.iter().position(|b| *b == b'1').expect("the value");
            part[at] = b'9';
        }
        other => panic!("{other:?}"),
    });
    forged("a receipt at another place", 2, &|p| match &mut p.body {
        Body::Receipt(r) => r.index = 1,
        other => panic!("{other:?}"),
    });
    forged("an event of another call", 3, &|p| match &mut p.body {
        Body::Event(r, _) => r.receipt[0] ^= 1,
        other => panic!("{other:?}"),
    });
    forged("a left-out event", 4, &|p| match &mut p.body {
        Body::Receipts(_, all) => drop(all[2].events.pop()),
        other => panic!("{other:?}"),
    });
    cases.push(case("forged: a key left out of a range", without_a_key().encode()));
    cases.push(case("forged: keys on the wrong side of a branch", exchanged().encode()));
    let mut forged = |name: &str, change: &dyn Fn(&mut Votes)| {
        let (_, mut proof) = states().remove(0);
        change(&mut proof.signed.certificate.votes);
        cases.push(case(&format!("forged: {name}"), proof.encode()));
    };
    forged("a vote counted twice", &|votes| votes[2] = votes[1]);
    forged("a signature in another form", &|votes| votes[0].1 = inflated(votes[0].1));
    let committee = committee(&SEEDS).keys().iter().map(hex::encode).collect();
    Vectors { chain_id: trust(&SEEDS).chain_id.to_string(), epoch: 0, committee, proofs: cases }
}

#[test]
fn the_committed_vectors_are_what_is_proved_and_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/proofs.json");
    if std::env::var_os("STINT_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&vectors()).expect("JSON");
        fs::write(&path, text + "\n").expect("written");
        for (name, proof) in valid() {
            let file = name.replace([',', ' '], "-").replace("--", "-");
            fs::write(fuzz::corpus().join(file), proof.encode()).expect("written");
        }
    }
    let committed: Vectors = serde_json::from_slice(&fs::read(path).expect("the vectors")).expect("JSON");
    let (valid, forged) = committed.proofs.split_at(valid().len());
    assert!(valid.iter().all(|c| c.proves.is_some()) && forged.iter().all(|c| c.invalid.is_some()));
    assert_eq!(committed, vectors());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    /// Pieces of proofs put together otherwise: whatever verifies is a proof that was given.
    #[test]
    fn no_mixture_of_proofs_is_one(of in 0usize..5, other in 0usize..5, from: prop::sample::Index, to: prop::sample::Index, at: prop::sample::Index) {
        let proofs: Vec<Vec<u8>> = proofs().iter().map(Proof::encode).collect();
        let piece = &proofs[other];
        let (from, to) = (from.index(piece.len()), to.index(piece.len()));
        let at = at.index(proofs[of].len());
        let end = (at + to.abs_diff(from)).min(proofs[of].len());
        let mixed = [&proofs[of][..at], &piece[from.min(to)..from.max(to)], &proofs[of][end..]].concat();
        prop_assert_eq!(verify(&trust(&SEEDS), &mixed).is_ok(), proofs.contains(&mixed));
    }
}
