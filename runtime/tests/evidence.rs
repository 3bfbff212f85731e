//! Double signs, as the ledger records them.

mod common;

use prost::Message;
use std::sync::Arc;
use stint_proto::{Code, Hash, Refusal, v1};
use stint_testkit::{CONSORTIUM, Ledger, STEWARD, key_of, signed_twice};
use stint_verifier::{DoubleSign, Kind};

fn found(by: &str, view: u64, votes: [(Kind, u8); 2]) -> DoubleSign {
    signed_twice(Hash::ZERO, &key_of(by), view, votes)
}

fn report(ledger: &mut Ledger, by: &str, evidence: &[u8]) -> Result<v1::ReportEvidenceResponse, Refusal> {
    let request = v1::ReportEvidenceRequest { evidence: evidence.to_vec().into() };
    let receipt = ledger.call(CONSORTIUM, by, "/stint.v1.Kernel/ReportEvidence", &request.encode_to_vec());
    match receipt.refusal {
        Some(refusal) => Err(refusal.into()),
        None => Ok(v1::ReportEvidenceResponse::decode(receipt.response).expect("a response")),
    }
}

fn settled(ledger: &Ledger, evidence: &[u8]) -> bool {
    let found = DoubleSign::decode(evidence).expect("evidence");
    stint_runtime::evidence_settled(Arc::new(ledger.state.clone()), &found).expect("readable")
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
        assert!(!settled(&ledger, &evidence));
        let recorded = report(&mut ledger, STEWARD, &evidence).expect("recorded");
        assert!(settled(&ledger, &evidence));
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
    let other = signed_twice(Hash([9; 32]), &key_of(STEWARD), 9, [(Kind::Notarize, 1), (Kind::Notarize, 2)]);
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
        // Whoever saw more of it does not report for ever.
        assert_eq!(settled(&ledger, &evidence), recorded == 16);
        match report(&mut ledger, STEWARD, &evidence) {
            Ok(_) => recorded += 1,
            Err(refusal) => assert_eq!((refusal.code, refusal.rule.as_str()), (Code::ResourceExhausted, "evidence")),
        }
    }
    assert_eq!((recorded, listed(&ledger).len()), (16, 16));
}
