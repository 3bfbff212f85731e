//! A decision of the commons pays: while its charter acts it answers queries, so `value` hears the rule from it and
//! begins a distribution, and settles what that leaves open.

mod common;

use book::proto::{self as books, Event, Quantity, RecordRequest};
use charter::proto::{self as said, Call, ExecuteRequest, ProposeRequest, VoteRequest, ballot::Choice};
use common::Native;
use contribute::proto::{self as logs, LogRequest, ValidateRequest};
use orchard::{Ledger, Scenario, play};
use prost::Message;
use value::proto::{
    self as shared, ClaimAccount, ClaimsRequest, DistributeRequest, GetDistributionRequest, Income,
    RegisterIncomeRequest, SettleRequest,
};

fn transfer(id: &str, provider: &str, receiver: &str, value: &str) -> RecordRequest {
    let event = Event {
        id: id.into(),
        action: "transfer".into(),
        provider: provider.into(),
        receiver: receiver.into(),
        resource_conforms_to: "EUR".into(),
        resource_quantity: Some(Quantity { value: value.into(), unit: "EUR".into() }),
        ..Event::default()
    };
    RecordRequest { events: vec![event] }
}

/// Forge after the scenario, with 500.00 more owed to ana, an income of 100.00, and 400.00 that went to her by the book.
fn owing() -> Native {
    let mut native = Native::on("2026-12-01");
    play(&mut native, &Scenario::default(), &mut |_| {}).unwrap();
    let today = native.0.today().to_string();
    let world = &mut native.0;
    world.call("forge", "ana", &books::methods::RECORD, &transfer("p3", "ana", "toolshop", "500.00")).unwrap();
    let request = LogRequest {
        id: "p3".into(),
        event: "p3".into(),
        kind: "purchase".into(),
        stream: "reimbursement".into(),
        attributes: [("value".to_string(), "500.00".to_string())].into(),
        ..LogRequest::default()
    };
    world.call("forge", "ana", &logs::methods::LOG, &request).unwrap();
    for peer in ["bo", "cy"] {
        let request = ValidateRequest { log: "p3".into(), accepted: "500.00".into(), note: String::new() };
        world.call("forge", peer, &logs::methods::VALIDATE, &request).unwrap();
    }
    let income = Income { id: "i3".into(), amount: 10_000, date: today, unit: "EUR".into(), ..Income::default() };
    let request = RegisterIncomeRequest { income: Some(income) };
    world.call("forge", "steward", &shared::methods::REGISTER_INCOME, &request).unwrap();
    world.call("forge", "steward", &books::methods::RECORD, &transfer("pay1", "forge", "ana", "400.00")).unwrap();
    native
}

/// Distributes the income, and settles a claim by the event.
fn proposal(id: &str, cents: i64) -> ProposeRequest {
    let call = |method: &str, request: Vec<u8>| Call {
        commons: String::new(),
        method: format!("/stint.value.v1.Value/{method}"),
        request,
    };
    let distribute = DistributeRequest { income: "i3".into(), ..DistributeRequest::default() };
    let settle =
        SettleRequest { claim: "ana/reimbursement".into(), event: "pay1".into(), amount: cents, id: String::new() };
    let calls = vec![call("Distribute", distribute.encode_to_vec()), call("Settle", settle.encode_to_vec())];
    let text = "Pay ana what she laid out.".into();
    ProposeRequest { id: id.into(), subject: "spending".into(), text, calls, ..ProposeRequest::default() }
}

/// Votes, waits, and says what executing comes to.
fn carry(native: &mut Native, request: &ProposeRequest) -> Result<said::ExecuteResponse, stint_sdk::Refusal> {
    let opened = native.0.call("forge", "ana", &said::methods::PROPOSE, request).unwrap();
    for agent in ["ana", "bo", "cy"] {
        let vote = VoteRequest { proposal: request.id.clone(), choice: Choice::Yes.into(), ..VoteRequest::default() };
        native.0.call("forge", agent, &said::methods::VOTE, &vote).unwrap();
    }
    native.wait_until(&opened.executable);
    native.0.call("forge", "cy", &said::methods::EXECUTE, &ExecuteRequest { proposal: request.id.clone() })
}

fn claims(native: &mut Native) -> ClaimAccount {
    let request = ClaimsRequest { agent: "ana".into() };
    native.0.query("forge", &shared::methods::CLAIMS, &request).unwrap().claims.remove(0)
}

#[test]
fn a_passed_proposal_begins_a_distribution_and_settles_a_claim() {
    let mut native = owing();
    carry(&mut native, &proposal("pay", 40_000)).unwrap();
    let request = GetDistributionRequest { distribution: "i3".into(), ..GetDistributionRequest::default() };
    let found = native.0.query("forge", &shared::methods::GET_DISTRIBUTION, &request).unwrap();
    let paid: Vec<(&str, i64)> = found.payouts.iter().map(|p| (p.agent.as_str(), p.amount)).collect();
    assert_eq!(paid, [("ana", 10_000)]);
    assert_eq!(found.distribution.unwrap().rule.unwrap().version, 2);
    // 180.00 of the scenario, 100.00 by the distribution, 400.00 by the event.
    let account = claims(&mut native);
    assert_eq!((account.open, account.paid, account.original.as_str()), (0, 68_000, "68000"));
}

#[test]
fn when_the_claim_cannot_be_settled_nothing_is_distributed_either() {
    let mut native = owing();
    let refusal = carry(&mut native, &proposal("pay", 30_000)).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.details["call"].as_str()), ("R14", "2"), "{refusal}");
    let request = GetDistributionRequest { distribution: "i3".into(), ..GetDistributionRequest::default() };
    assert_eq!(native.0.query("forge", &shared::methods::GET_DISTRIBUTION, &request).unwrap_err().rule, "distribution");
    assert_eq!(claims(&mut native).open, 0);
}
