//! Double signs, as the ledger records them.

mod common;

use ed25519_dalek::Signer;
use prost::Message;
use stint_proto::{Code, Hash, Refusal, v1};
use stint_testkit::{CONSORTIUM, Ledger, STEWARD, key_of};
use stint_verifier::{DoubleSign, Kind, Vote};

/// A vote as the engine signs it: the text with its length, the numbers in seven bits a byte, the hash.
fn vote(chain_id: Hash, by: &str, kind: Kind, view: u64, block: u8) -> Vote {
    let hash = if kind == Kind::Nullify { Hash::ZERO } else { Hash([block; 32]) };
    let name = kind.to_string().to_uppercase();
    let namespace = format!("stint-{chain_id}_{name}");
    let mut message = vec![namespace.len() as u8];
    message.extend_from_slice(namespace.as_bytes());
    message.extend_from_slice(&[0, view as u8]);
    let parent_view = if kind == Kind::Nullify { 0 } else { view - 1 };
    if kind != Kind::Nullify {
        message.push(parent_view as u8);
        message.extend_from_slice(&hash.0);
    }
    Vote { kind, parent_view, hash, signature: key_of(by).sign(&message).to_bytes() }
}

fn found(by: &str, view: u64, votes: [(Kind, u8); 2]) -> DoubleSign {
    let chain_id = Hash::ZERO;
    let votes = votes.map(|(kind, block)| vote(chain_id, by, kind, view, block));
    DoubleSign::new(chain_id, 0, view, key_of(by).verifying_key().to_bytes(), votes)
}

fn report(ledger: &mut Ledger, by: &str, evidence: &[u8]) -> Result<v1::ReportEvidenceResponse, Refusal> {
    let request = v1::ReportEvidenceRequest { evidence: evidence.to_vec().into() };
    let receipt = ledger.call(CONSORTIUM, by, "/stint.v1.Kernel/ReportEvidence", &request.encode_to_vec());
    match receipt.refusal {
        Some(refusal) => Err(refusal.into()),
        None => Ok(v1::ReportEvidenceResponse::decode(receipt.response).expect("a response")),
    }
}

fn listed(ledger: &Ledger) -> Vec<v1::EvidenceRecord> {
    let answer = ledger.query(CONSORTIUM, "/stint.v1.Kernel/ListEvidence", b"").expect("an answer");
    v1::ListEvidenceResponse::decode(&answer[..]).expect("an answer").evidence
}

#[test]
fn what_proves_a_lie_is_recorded_once_and_told() {
    let mut ledger = Ledger::new();
    for (n, votes) in [
        [(Kind::Notarize, 1), (Kind::Notarize, 2)],
        [(Kind::Finalize, 1), (Kind::Finalize, 2)],
        [(Kind::Nullify, 0), (Kind::Finalize, 2)],
    ]
    .into_iter()
    .enumerate()
    {
        let evidence = found(STEWARD, 5 + n as u64, votes).encode();
        assert_eq!(DoubleSign::decode(&evidence).map(|e| e.encode()), Some(evidence.clone()));
        let recorded = report(&mut ledger, STEWARD, &evidence).expect("recorded");
        assert!(recorded.recorded);
        let again = report(&mut ledger, STEWARD, &evidence).expect("known");
        assert_eq!((again.validator, again.recorded), (recorded.validator, false));
        let record = listed(&ledger).pop().expect("a record");
        assert_eq!((record.view, record.evidence.to_vec()), (5 + n as u64, evidence));
        assert_eq!(record.votes, votes.map(|(kind, _)| kind.to_string()));
    }
    assert_eq!(listed(&ledger).len(), 3);
}

#[test]
fn what_proves_nothing_is_refused_with_its_reason() {
    let mut ledger = Ledger::new();
    let refused = |ledger: &mut Ledger, by: &str, evidence: &[u8]| {
        let Refusal { code, rule, .. } = report(ledger, by, evidence).expect_err("refused");
        (code, rule)
    };
    let evidence = |code| (code, String::from("evidence"));
    let good = found(STEWARD, 9, [(Kind::Notarize, 1), (Kind::Notarize, 2)]);

    assert_eq!(refused(&mut ledger, STEWARD, b"no evidence"), evidence(Code::InvalidArgument));
    // Every flipped bit proves nothing, whatever it says then.
    for bit in (0..good.encode().len() * 8).step_by(29) {
        let mut bytes = good.encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(report(&mut ledger, STEWARD, &bytes).is_err(), "bit {bit}");
    }
    // A vote beside itself, and votes that go together.
    for votes in [[(Kind::Notarize, 1), (Kind::Notarize, 1)], [(Kind::Notarize, 1), (Kind::Finalize, 1)]] {
        let none = found(STEWARD, 9, votes).encode();
        assert_eq!(refused(&mut ledger, STEWARD, &none), evidence(Code::InvalidArgument));
    }
    // Of another ledger.
    let chain_id = Hash([9; 32]);
    let votes = [1, 2].map(|block| vote(chain_id, STEWARD, Kind::Notarize, 9, block));
    let other = DoubleSign::new(chain_id, 0, 9, good.key, votes);
    assert!(other.proves());
    assert_eq!(refused(&mut ledger, STEWARD, &other.encode()), evidence(Code::InvalidArgument));
    // Of a key that does not count.
    let outsider = found("nobody", 9, [(Kind::Notarize, 1), (Kind::Notarize, 2)]);
    assert_eq!(refused(&mut ledger, STEWARD, &outsider.encode()), (Code::NotFound, "validator".into()));
    assert!(listed(&ledger).is_empty());
    assert!(report(&mut ledger, STEWARD, &good.encode()).is_ok());
}

#[test]
fn a_liar_cannot_fill_the_state() {
    let mut ledger = Ledger::new();
    let mut recorded = 0;
    for view in 2..40 {
        let evidence = found(STEWARD, view, [(Kind::Notarize, 1), (Kind::Notarize, 2)]).encode();
        match report(&mut ledger, STEWARD, &evidence) {
            Ok(_) => recorded += 1,
            Err(refusal) => assert_eq!((refusal.code, refusal.rule.as_str()), (Code::ResourceExhausted, "evidence")),
        }
    }
    assert_eq!((recorded, listed(&ledger).len()), (16, 16));
}
