//! What is owed: by the published claim types, paid by distributions and by events, and written off.

mod common;

use common::mocks::{ACT, Book, Charter, Do, Event, Quantity, Recorded, Standing, TELL_BOOK, TELL_CHARTER, Tell};
use common::{Forge, paid, params, refused, rule};
use prost::Message;
use stint_sdk::{Code, Refusal};
use value::proto::*;

/// One bucket for everything, by claims of 120.00, 60.00 and 20.00.
fn forge(claim: &'static str) -> Forge {
    let mut forge = Forge::new(params(&[
        ("rules.1.equation", "value"),
        ("rules.1.stream", "work"),
        ("rules.1.claim", claim),
        ("buckets.1.name", "work"),
    ]));
    for (id, agent, value) in [("a", "ann", "120"), ("b", "ben", "60"), ("c", "cem", "20")] {
        forge.did(id, agent, "purchase", "1", &[("value", value)]);
    }
    forge
}

fn three(forge: &mut Forge) -> Vec<(Vec<(String, i64)>, i64)> {
    [("i1", 5_000), ("i2", 10_000), ("i3", 10_000)]
        .map(|(id, amount)| (forge.income(id, amount, 0), forge.totals(id).undistributed))
        .into()
}

#[test]
fn debts_are_paid_until_they_are_paid_off() {
    let mut forge = forge("debt");
    let paid_first = paid(&[("ann", 3_000), ("ben", 1_500), ("cem", 500)]);
    let paid_second = paid(&[("ann", 6_000), ("ben", 3_000), ("cem", 1_000)]);
    assert_eq!(three(&mut forge), [(paid_first.clone(), 0), (paid_second, 0), (paid_first, 5_000)]);
    let ann = &forge.claims("ann")[0];
    assert_eq!((ann.id.as_str(), ann.open, ann.original.as_str(), ann.paid), ("ann/work", 0, "12000", 12_000));
    // The third one is explained by what opened the debt.
    let why = forge.explain("i3", "ann");
    assert_eq!((why.pools[0].contributions[0].contribution.as_str(), why.pools[0].contributions[0].opened), ("a", 1));
    for id in ["i1", "i2", "i3"] {
        assert!(forge.recompute(id).equal);
    }
}

#[test]
fn equity_weighs_for_ever_and_once_weighs_once() {
    let (small, large) = (
        paid(&[("ann", 3_000), ("ben", 1_500), ("cem", 500)]),
        paid(&[("ann", 6_000), ("ben", 3_000), ("cem", 1_000)]),
    );
    assert_eq!(three(&mut forge("equity")), [(small.clone(), 0), (large.clone(), 0), (large.clone(), 0)]);
    assert_eq!(three(&mut forge("none")), [(small.clone(), 0), (large.clone(), 0), (large, 0)]);
    assert_eq!(three(&mut forge("once")), [(small, 0), (Vec::new(), 10_000), (Vec::new(), 10_000)]);
}

#[test]
fn v4_a_debt_keeps_the_size_at_which_it_was_opened() {
    let mut forge = forge("debt");
    forge.income("i1", 5_000, 0);
    let doubled = [
        ("rules.1.equation", "value * 2"),
        ("rules.1.stream", "work"),
        ("rules.1.claim", "debt"),
        ("buckets.1.name", "work"),
    ];
    forge.set_rule(params(&doubled), "2026-01-02").unwrap();
    forge.until("2026-01-02");
    forge.did("d", "dee", "purchase", "1", &[("value", "10")]);
    forge.income("i2", 100_000, 0);
    assert_eq!(forge.payouts("i2"), paid(&[("ann", 9_000), ("ben", 4_500), ("cem", 1_500), ("dee", 2_000)]));
    assert_eq!(forge.totals("i2").undistributed, 83_000);
    assert!(forge.recompute("i2").equal);
}

fn settle(forge: &mut Forge, agent: &str, claim: &str, event: &str, amount: i64) -> Result<SettleResponse, Refusal> {
    let request = SettleRequest { claim: claim.into(), event: event.into(), amount, id: String::new() };
    forge.world.call("forge", agent, &methods::SETTLE, &request)
}

fn with_book(forge: &mut Forge) {
    forge.world.deploy::<Book>("forge");
    for (id, receiver, value, unit, pending) in [
        ("e1", "ann", "40.00", "EUR", false),
        ("e2", "ben", "40.00", "EUR", false),
        ("e3", "ann", "40.00", "kg", false),
        ("e4", "ann", "40.00", "EUR", true),
        ("e5", "ann", "100", "EUR", false),
    ] {
        let event = Event { id: id.into(), action: "transfer".into(), receiver: receiver.into(), ..Event::default() };
        let quantity = Quantity { value: value.into(), unit: unit.into() };
        let recorded = Recorded { event: Some(event), net_quantity: Some(quantity), pending, ..Recorded::default() };
        let tell = Tell { what: format!("GetEvent/{id}"), answer: recorded.encode_to_vec() };
        forge.world.call("forge", "test", &TELL_BOOK, &tell).unwrap();
    }
}

#[test]
fn r14_an_event_of_the_book_settles_a_claim_once_and_exactly() {
    let mut forge = forge("debt");
    forge.income("i1", 5_000, 0);
    with_book(&mut forge);
    let r14 = refused(Code::FailedPrecondition, "R14");
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "e2", 4_000)), r14);
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "e3", 4_000)), r14);
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "e4", 4_000)), r14);
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "e1", 3_999)), r14);
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "none", 4_000)).0, Code::NotFound);
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "e5", 10_000)), refused(Code::FailedPrecondition, "V4"));
    assert_eq!(rule(settle(&mut forge, "ben", "ann/work", "e1", 4_000)), refused(Code::PermissionDenied, "role"));
    assert_eq!(rule(settle(&mut forge, "ann", "ann/play", "e1", 4_000)), refused(Code::NotFound, "claim"));
    assert_eq!(settle(&mut forge, "ann", "ann/work", "e1", 4_000).unwrap().open, 5_000);
    let announced: ClaimSettled = forge.world.events()[0].read().unwrap();
    assert_eq!((announced.by.as_str(), announced.claims[0].open), ("e1", 5_000));
    assert!(settle(&mut forge, "ann", "ann/work", "e1", 4_000).unwrap().known);
    assert_eq!(forge.open("ann"), 5_000);
    assert_eq!(rule(settle(&mut forge, "ann", "ann/work", "e1", 3_000)), refused(Code::AlreadyExists, "R14"));
    // The next distribution counts with it, and so does whoever runs it again.
    assert_eq!(forge.income("i2", 100_000, 0), paid(&[("ann", 5_000), ("ben", 4_500), ("cem", 1_500)]));
    assert!(forge.recompute("i1").equal && forge.recompute("i2").equal);
    let same = [
        ("rules.1.equation", "value"),
        ("rules.1.stream", "work"),
        ("rules.1.claim", "debt"),
        ("buckets.1.name", "work"),
    ];
    assert!(forge.what_if(params(&same), "", "").distributions.iter().all(|d| d.diff == 0));
}

#[test]
fn without_a_book_a_steward_says_what_was_paid() {
    let mut forge = forge("debt");
    forge.income("i1", 5_000, 0);
    let pay = |forge: &mut Forge, agent: &str, id: &str| {
        let request = SettleRequest { claim: "ann/work".into(), amount: 9_000, id: id.into(), ..Default::default() };
        forge.world.call("forge", agent, &methods::SETTLE, &request)
    };
    assert_eq!(rule(pay(&mut forge, "ann", "p1")), refused(Code::PermissionDenied, "role"));
    assert_eq!(rule(pay(&mut forge, "steward", "")), refused(Code::InvalidArgument, "id"));
    assert_eq!(pay(&mut forge, "steward", "p1").unwrap().open, 0);
    assert_eq!(rule(pay(&mut forge, "steward", "p2")), refused(Code::FailedPrecondition, "V4"));
}

#[test]
fn nothing_is_settled_while_a_distribution_counts_with_it() {
    let mut forge = forge("debt");
    forge.income("i1", 5_000, 0);
    forge.register("i2", 5_000, 0);
    let step = DistributeRequest { income: "i2".into(), at_most: 1, ..Default::default() };
    forge.world.call("forge", "steward", &methods::DISTRIBUTE, &step).unwrap();
    let request = WriteOffRequest { claim: "ann/work".into(), ..Default::default() };
    assert_eq!(
        rule(forge.world.call("forge", "ann", &methods::WRITE_OFF, &request)),
        refused(Code::FailedPrecondition, "busy")
    );
}

fn write_off(forge: &mut Forge, agent: &str, decision: &str, amount: i64) -> Result<i64, Refusal> {
    let request = WriteOffRequest { claim: "ann/work".into(), decision: decision.into(), amount };
    forge.world.call("forge", agent, &methods::WRITE_OFF, &request).map(|r| r.open)
}

#[test]
fn who_is_owed_may_waive_and_a_decision_may_write_off() {
    let mut forge = forge("debt");
    forge.income("i1", 5_000, 0);
    assert_eq!(rule(write_off(&mut forge, "ben", "p7", 0)), refused(Code::PermissionDenied, "role"));
    assert_eq!(rule(write_off(&mut forge, "steward", "", 0)), refused(Code::InvalidArgument, "decision"));
    assert_eq!(rule(write_off(&mut forge, "ann", "", 9_001)), refused(Code::FailedPrecondition, "V4"));
    assert_eq!(rule(write_off(&mut forge, "ann", "", -1)), refused(Code::FailedPrecondition, "V4"));
    assert_eq!(write_off(&mut forge, "ann", "", 1_000), Ok(8_000));
    assert_eq!(write_off(&mut forge, "steward", "p7", 3_000), Ok(5_000));
    // With a charter a steward does not decide; the commons does.
    forge.world.deploy::<Charter>("forge");
    assert_eq!(rule(write_off(&mut forge, "steward", "p7", 0)), refused(Code::PermissionDenied, "role"));
    let request = WriteOffRequest { claim: "ann/work".into(), decision: "p8".into(), amount: 0 };
    let call = Do { method: "/stint.value.v1.Value/WriteOff".into(), request: request.encode_to_vec() };
    forge.world.call("forge", "anybody", &ACT, &call).unwrap();
    let ann = &forge.claims("ann")[0];
    assert_eq!((ann.open, ann.written_off, ann.paid), (0, 9_000, 3_000));
}

#[test]
fn what_a_sanction_suspends_is_not_settled() {
    let mut forge = forge("debt");
    forge.income("i1", 5_000, 0);
    forge.world.deploy::<Charter>("forge");
    let suspended = Standing { suspended: vec![2], ..Standing::default() };
    let tell = Tell { what: "GetStanding/ann".into(), answer: suspended.encode_to_vec() };
    forge.world.call("forge", "test", &TELL_CHARTER, &tell).unwrap();
    let request = SettleRequest { claim: "ann/work".into(), amount: 1, id: "p1".into(), ..Default::default() };
    assert_eq!(
        rule(forge.world.call("forge", "steward", &methods::SETTLE, &request)),
        refused(Code::FailedPrecondition, "standing")
    );
}

#[test]
fn claims_are_announced_when_they_open_and_when_they_are_paid() {
    let mut forge = forge("debt");
    forge.register("i1", 5_000, 0);
    forge.distribute("i1").unwrap();
    let events = forge.world.events();
    let opened: ClaimOpened = events.iter().find_map(|e| e.read()).unwrap();
    let settled: ClaimSettled = events.iter().find_map(|e| e.read()).unwrap();
    let distributed: Distributed = events.iter().find_map(|e| e.read()).unwrap();
    assert_eq!((opened.claims.len(), opened.claims[0].open, settled.claims[0].open), (3, 12_000, 9_000));
    assert_eq!((settled.by.as_str(), distributed.id.as_str(), distributed.agents), ("i1", "i1", 3));
}
