//! Who validates, as the consortium decides it.

mod common;

use proptest::prelude::*;
use prost::Message;
use std::{collections::BTreeSet, sync::Arc};
use stint_proto::{Code, Epochs, Refusal, v1};
use stint_runtime::{committee_of_epoch, peers};
use stint_testkit::{CONSORTIUM, Ledger, STEWARD, key_of};
use v1::validator_record::Standing;

fn public(name: &str) -> [u8; 32] {
    key_of(name).verifying_key().to_bytes()
}

fn kernel(ledger: &mut Ledger, by: &str, method: &str, request: &impl Message) -> Result<(), Refusal> {
    let receipt = ledger.call(CONSORTIUM, by, &format!("/stint.v1.Kernel/{method}"), &request.encode_to_vec());
    receipt.refusal.map_or(Ok(()), |r| Err(r.into()))
}

fn adding(name: &str, key: &str) -> v1::AddValidatorRequest {
    let (p2p, grpc) = ("127.0.0.1:7001".into(), "[::1]:7002".into());
    v1::AddValidatorRequest { name: name.into(), key: public(key).to_vec().into(), p2p, grpc }
}

fn add(ledger: &mut Ledger, name: &str) -> Result<(), Refusal> {
    kernel(ledger, STEWARD, "AddValidator", &adding(name, name))
}

fn remove(ledger: &mut Ledger, name: &str) -> Result<(), Refusal> {
    kernel(ledger, STEWARD, "RemoveValidator", &v1::RemoveValidatorRequest { name: name.into() })
}

fn rotate(ledger: &mut Ledger, name: &str, key: &str) -> Result<(), Refusal> {
    let request = v1::RotateValidatorRequest { name: name.into(), key: public(key).to_vec().into() };
    kernel(ledger, STEWARD, "RotateValidator", &request)
}

fn ready(ledger: &mut Ledger, key: &str) -> Result<(), Refusal> {
    kernel(ledger, key, "Ready", &v1::ReadyRequest {})
}

/// Blocks up to the one that decides the next committee.
fn elect(ledger: &mut Ledger) -> u64 {
    loop {
        ledger.execute(&[]);
        if let Some(epoch) = Epochs::new(Epochs::MIN_BLOCKS).decided_at(ledger.height) {
            return epoch;
        }
    }
}

fn committee(ledger: &Ledger, epoch: u64) -> Vec<[u8; 32]> {
    let (_, committee) = committee_of_epoch(Arc::new(ledger.state.clone()), epoch).expect("decided");
    committee.keys().to_vec()
}

fn sorted(names: &[&str]) -> Vec<[u8; 32]> {
    let mut keys: Vec<_> = names.iter().map(|n| public(n)).collect();
    keys.sort_unstable();
    keys
}

fn list(ledger: &Ledger) -> v1::ListValidatorsResponse {
    let answer = ledger.query(CONSORTIUM, "/stint.v1.Kernel/ListValidators", b"").expect("an answer");
    v1::ListValidatorsResponse::decode(&answer[..]).expect("an answer")
}

fn standing(ledger: &Ledger, name: &str) -> Option<Standing> {
    list(ledger).validators.iter().find(|v| v.name == name).map(|v| v.standing())
}

/// A ledger with the validators v1 (whose key is the steward's) to v`count`.
fn with(count: usize) -> Ledger {
    let mut ledger = Ledger::new();
    for n in 2..=count {
        let name = format!("v{n}");
        add(&mut ledger, &name).expect("added");
        ready(&mut ledger, &name).expect("ready");
        elect(&mut ledger);
    }
    ledger
}

#[test]
fn a_validator_counts_from_the_epoch_after_it_was_ready() {
    let mut ledger = Ledger::new();
    assert_eq!(committee(&ledger, 0), sorted(&[STEWARD]));
    add(&mut ledger, "v2").expect("added");
    let epoch = elect(&mut ledger);
    assert_eq!(committee(&ledger, epoch), sorted(&[STEWARD]), "it has not said to be ready");
    assert_eq!(standing(&ledger, "v2"), Some(Standing::Joining));
    ready(&mut ledger, "v2").expect("ready");
    assert_eq!(standing(&ledger, "v2"), Some(Standing::Ready));
    let epoch = elect(&mut ledger);
    assert_eq!(committee(&ledger, epoch), sorted(&[STEWARD, "v2"]));
    assert_eq!(committee(&ledger, epoch - 1), sorted(&[STEWARD]));
    assert_eq!(standing(&ledger, "v2"), Some(Standing::Validating));
    // What does not change is not written again.
    elect(&mut ledger);
    let committees = list(&ledger).committees;
    assert_eq!(committees.iter().map(|c| c.epoch).collect::<Vec<_>>(), [epoch, 0]);
    assert_eq!(committees[0].seats.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["v1", "v2"]);
    let v2 = peers(Arc::new(ledger.state.clone())).expect("readable").into_iter().find(|p| p.name == "v2");
    let v2 = v2.expect("v2");
    assert_eq!((v2.key, v2.p2p.as_str(), v2.counts), (public("v2"), "127.0.0.1:7001", true));
}

#[test]
fn keys_that_are_new_enter_one_third_at_a_time_in_the_order_in_which_they_were_ready() {
    let mut ledger = with(4);
    for name in ["v5", "v6", "v7", "v8"] {
        add(&mut ledger, name).expect("added");
    }
    // All ready within one epoch, the last one first.
    elect(&mut ledger);
    for name in ["v8", "v7", "v6", "v5"] {
        ready(&mut ledger, name).expect("ready");
    }
    let mut grown = Vec::new();
    for _ in 0..4 {
        let epoch = elect(&mut ledger);
        grown.push(committee(&ledger, epoch).len());
    }
    assert_eq!(grown, [5, 7, 8, 8]);
    let order = ["v8", "v7", "v6", "v5"].map(|name| {
        let of = |c: &v1::CommitteeRecord| c.seats.iter().any(|s| s.name == name).then_some(c.epoch);
        list(&ledger).committees.iter().filter_map(of).min()
    });
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn a_removed_validator_leaves_with_the_epoch_and_acts_no_more() {
    let mut ledger = with(5);
    remove(&mut ledger, "v5").expect("removed");
    assert_eq!(standing(&ledger, "v5"), Some(Standing::Leaving));
    let epoch = elect(&mut ledger);
    assert_eq!(committee(&ledger, epoch - 1).len(), 5);
    assert_eq!(committee(&ledger, epoch), sorted(&[STEWARD, "v2", "v3", "v4"]));
    // Others still know it for an epoch: it hears that it is out.
    assert_eq!(standing(&ledger, "v5"), Some(Standing::Left));
    remove(&mut ledger, "v5").expect("it is");
    assert_eq!(ready(&mut ledger, "v5").expect_err("it is out").rule, "ready");
    elect(&mut ledger);
    assert_eq!(standing(&ledger, "v5"), None);
    let refused = ready(&mut ledger, "v5").expect_err("its key is nobody's");
    assert_eq!(refused.code, Code::Unauthenticated, "{refused}");
    // One that has not begun to validate goes at once, and its name and key are free for nobody else's agent.
    add(&mut ledger, "v6").expect("added");
    remove(&mut ledger, "v6").expect("removed");
    assert_eq!(standing(&ledger, "v6"), None);
}

#[test]
fn a_validator_goes_on_with_its_old_key_until_the_new_one_is_ready() {
    let mut ledger = with(4);
    rotate(&mut ledger, "v3", "new").expect("rotated");
    let epoch = elect(&mut ledger);
    assert!(committee(&ledger, epoch).contains(&public("v3")));
    ready(&mut ledger, "v3").expect_err("only the new key says so");
    ready(&mut ledger, "new").expect("ready");
    let epoch = elect(&mut ledger);
    assert_eq!(committee(&ledger, epoch), sorted(&[STEWARD, "v2", "new", "v4"]));
    let of_v3 = |ledger: &Ledger| {
        let mut peers = peers(Arc::new(ledger.state.clone())).expect("readable").into_iter();
        peers.find(|p| p.name == "v3").map(|p| (p.key, p.old_key)).expect("v3")
    };
    assert_eq!(of_v3(&ledger), (public("new"), Some(public("v3"))), "it may still speak with the old one");
    elect(&mut ledger);
    assert_eq!(of_v3(&ledger), (public("new"), None));
    // The old key is nobody's; the new one moves the validator.
    let moved = |name: &str| v1::MoveValidatorRequest {
        name: name.into(),
        p2p: "10.0.0.3:1".into(),
        grpc: "10.0.0.3:2".into(),
    };
    kernel(&mut ledger, "v3", "MoveValidator", &moved("v3")).expect_err("the old key");
    kernel(&mut ledger, "new", "MoveValidator", &moved("v3")).expect("moved");
    let refused = kernel(&mut ledger, "new", "MoveValidator", &moved("v2")).expect_err("another one");
    assert_eq!((refused.code, refused.rule.as_str()), (Code::PermissionDenied, "steward"));
    assert!(list(&ledger).validators.iter().any(|v| v.name == "v3" && v.p2p == "10.0.0.3:1"));
}

#[test]
fn what_would_endanger_the_ledger_is_refused_and_says_what_would_not() {
    let mut ledger = with(4);
    ledger.enrol("ana");
    let mut refused = |by: &str, method: &str, request: &dyn Fn(&mut Ledger) -> Vec<u8>| {
        let request = request(&mut ledger);
        let receipt = ledger.call(CONSORTIUM, by, &format!("/stint.v1.Kernel/{method}"), &request);
        let refusal: Refusal = receipt.refusal.expect("refused").into();
        (refusal.rule.clone(), refusal.message)
    };
    let removal = |name: &str| v1::RemoveValidatorRequest { name: name.into() }.encode_to_vec();
    let cases = [
        ("steward", "RemoveValidator", removal("v2"), "few-validators", "add one first"),
        ("steward", "RemoveValidator", removal("v9"), "validator", "no validator"),
        ("ana", "RemoveValidator", removal("v2"), "steward", "only a steward"),
        ("v2", "AddValidator", adding("v9", "v9").encode_to_vec(), "steward", "only a steward"),
        ("steward", "AddValidator", adding("v2", "v9").encode_to_vec(), "validator", "another name"),
        ("steward", "AddValidator", adding("ana", "v9").encode_to_vec(), "validator", "another name"),
        ("steward", "AddValidator", adding("v 9", "v9").encode_to_vec(), "validator", "cannot name"),
        ("steward", "AddValidator", adding("v9", "ana").encode_to_vec(), "key", "belongs to the agent ana"),
        (
            "steward",
            "AddValidator",
            v1::AddValidatorRequest { p2p: "nowhere".into(), ..adding("v9", "v9") }.encode_to_vec(),
            "address",
            "203.0.113.7:7001",
        ),
        (
            "steward",
            "AddValidator",
            v1::AddValidatorRequest { key: vec![2; 32].into(), ..adding("v9", "v9") }.encode_to_vec(),
            "key",
            "refused",
        ),
        ("ana", "Ready", Vec::new(), "ready", "AddValidator or RotateValidator"),
    ];
    for (by, method, request, rule, says) in cases {
        let by = if by == "steward" { STEWARD } else { by };
        let (broke, message) = refused(by, method, &|_| request.clone());
        assert!(broke == rule && message.contains(says), "{method}: {broke}: {message}");
    }
    // Other commons decide nothing for the ledger.
    ledger.found("forge", &[]);
    let refusal = ledger.kernel::<v1::AddValidatorResponse>("forge", "AddValidator", &adding("v9", "v9"));
    let refusal = refusal.expect_err("not the consortium");
    assert!(refusal.message.contains("consortium"), "{refusal}");
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Ready(u8),
    Remove(u8),
    Rotate(u8),
    Elect,
}

fn step() -> impl Strategy<Value = Step> {
    let n = 2..12u8;
    prop_oneof![
        n.clone().prop_map(Step::Add),
        n.clone().prop_map(Step::Ready),
        n.clone().prop_map(Step::Remove),
        n.prop_map(Step::Rotate),
        Just(Step::Elect),
        Just(Step::Elect),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is decided: the next committee goes on if all that is new in it fails, it is never smaller than four once
    /// it was four, and only who was ready is in it.
    #[test]
    fn every_committee_can_go_on(steps in proptest::collection::vec(step(), 1..60)) {
        let mut ledger = Ledger::new();
        let mut was_ready = BTreeSet::from([public(STEWARD)]);
        let mut rotations = 0;
        let mut next = vec![String::new(); 12];
        for step in steps {
            match step {
                Step::Add(n) => {
                    let _ = add(&mut ledger, &format!("v{n}"));
                }
                Step::Ready(n) => {
                    let own = format!("v{n}");
                    for key in [own, next[usize::from(n)].clone()] {
                        if !key.is_empty() && ready(&mut ledger, &key).is_ok() {
                            was_ready.insert(public(&key));
                        }
                    }
                }
                Step::Remove(n) => {
                    let _ = remove(&mut ledger, &format!("v{n}"));
                }
                Step::Rotate(n) => {
                    rotations += 1;
                    let key = format!("key{rotations}");
                    if rotate(&mut ledger, &format!("v{n}"), &key).is_ok() {
                        next[usize::from(n)] = key;
                    }
                }
                Step::Elect => {
                    let epoch = elect(&mut ledger);
                    let (before, now) = (committee(&ledger, epoch - 1), committee(&ledger, epoch));
                    let new = now.iter().filter(|k| !before.contains(k)).count();
                    prop_assert!(!now.is_empty() && new <= 1.max((now.len() - 1) / 3), "{} new of {}", new, now.len());
                    prop_assert!(before.len() < 4 || now.len() >= 4);
                    prop_assert!(now.iter().all(|k| was_ready.contains(k)));
                    let counting = list(&ledger).validators.iter().filter(|v| v.standing() == Standing::Validating).count();
                    prop_assert_eq!(counting, now.len());
                }
            }
        }
    }
}
