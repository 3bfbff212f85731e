//! Two commons: forge shares an income by the rule `hours`; mend keeps a book.

use super::ledger::{HONEST, Ledger, key};
use crate::cli::{
    contribute::{
        self, ConfigureRequest, ConfigureResponse, LogRequest, LogResponse, ValidateRequest, ValidateResponse,
    },
    suite::{
        book::{DeclareSpecRequest, Event, Known, NewResource, Quantity, RecordRequest, RecordResponse, Spec},
        value::{
            DistributeRequest, DistributeResponse, Income, Param, RegisterIncomeRequest, RegisterIncomeResponse,
            SetRuleRequest, SetRuleResponse,
        },
    },
};
use std::sync::OnceLock;
use stint_proto::v1;

const CONTRIBUTE: &[u8] = include_bytes!("../../../../../contracts/dist/contribute.wasm");
const VALUE: &[u8] = include_bytes!("../../../../../contracts/dist/value.wasm");
const BOOK: &[u8] = include_bytes!("../../../../../contracts/dist/book.wasm");
const HOURS: &[u8] = include_bytes!("../../../../../contracts/dist/hours.wasm");

/// Before the ledger begins.
const DAY: &str = "2096-10-01";

/// Work at 20.00 an hour; a tenth goes to a fund first.
const RULE: [(&str, &str); 10] = [
    ("buckets.1.agent", "fund"),
    ("buckets.1.name", "fund"),
    ("buckets.1.pct", "1000"),
    ("buckets.2.name", "work"),
    ("digits", "2"),
    ("rate", "20.00"),
    ("rules.1.claim", "once"),
    ("rules.1.equation", "quantity * rate"),
    ("rules.1.kind", "work"),
    ("rules.1.stream", "work"),
];

/// All of it, once for all tests; and the block in which the income is shared.
pub fn played() -> &'static (Ledger, u64) {
    static PLAYED: OnceLock<(Ledger, u64)> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let mut on = Ledger::new();
        found(&mut on);
        let shared = share(&mut on);
        keep(&mut on);
        // What the block before led to is certified by the last one.
        on.block(Vec::new(), &HONEST);
        (on, shared)
    })
}

fn found(on: &mut Ledger) {
    let member = |agent: &str, roles: &[&str]| v1::AdmitRequest {
        agent: agent.into(),
        key: if agent == "ana" { Default::default() } else { key(agent).verifying_key().to_bytes().to_vec().into() },
        roles: roles.iter().map(|r| r.to_string()).collect(),
    };
    let forge = [member("ana", &["steward", "worker"]), member("bo", &["worker"])];
    for (commons, members) in [("forge", &forge[..]), ("mend", &forge[..1])] {
        let request = v1::FoundRequest { commons: commons.into(), purpose: String::new(), members: members.to_vec() };
        on.does::<v1::FoundResponse>("ana", "consortium", "stint.v1.Kernel/Found", &request);
    }
    for (commons, module) in [("forge", CONTRIBUTE), ("forge", VALUE), ("mend", BOOK)] {
        let request = v1::DeployRequest { code_hash: publish(on, module) };
        on.does::<v1::DeployResponse>("ana", commons, "stint.v1.Kernel/Deploy", &request);
    }
}

/// Publishes a module and lets pass the time until it may serve.
fn publish(on: &mut Ledger, module: &'static [u8]) -> bytes::Bytes {
    let request = v1::PublishRequest { module: module.into() };
    let published: v1::PublishResponse = on.does("ana", "consortium", "stint.v1.Kernel/Publish", &request);
    on.time_ms = on.time_ms.max(published.ready_ms);
    published.code_hash
}

fn share(on: &mut Ledger) -> u64 {
    let pair = |(path, value): (&str, &str)| contribute::Param { path: path.into(), value: value.into() };
    let request =
        ConfigureRequest { params: [("k", "1"), ("circle", "worker"), ("window_days", "3000")].map(pair).into() };
    on.does::<ConfigureResponse>("ana", "forge", "stint.contribute.v1.Contribute/Configure", &request);
    let params = RULE.map(|(path, value)| Param { path: path.into(), value: value.into() }).into();
    let request = SetRuleRequest { module: publish(on, HOURS).to_vec(), params, from: "2096-01-01".into() };
    on.does::<SetRuleResponse>("ana", "forge", "stint.value.v1.Value/SetRule", &request);
    for (id, author, peer, hours) in [("w1", "ana", "bo", "8"), ("w2", "bo", "ana", "4"), ("w3", "bo", "ana", "5")] {
        let request = LogRequest {
            id: id.into(),
            author: author.into(),
            kind: "work".into(),
            stream: "work".into(),
            quantity: Some(contribute::Quantity { value: hours.into(), unit: "h".into() }),
            date: DAY.into(),
            ..Default::default()
        };
        on.does::<LogResponse>(author, "forge", "stint.contribute.v1.Contribute/Log", &request);
        let request = ValidateRequest { log: id.into(), accepted: hours.into(), note: String::new() };
        on.does::<ValidateResponse>(peer, "forge", "stint.contribute.v1.Contribute/Validate", &request);
    }
    let income =
        Income { id: "i1".into(), amount: 100_000, date: DAY.into(), unit: "EUR".into(), ..Default::default() };
    let request = RegisterIncomeRequest { income: Some(income) };
    on.does::<RegisterIncomeResponse>("ana", "forge", "stint.value.v1.Value/RegisterIncome", &request);
    // Refused first, for want of a role, in the same block.
    let request = DistributeRequest { income: "i1".into(), ..Default::default() };
    let calls = ["bo", "ana"].map(|agent| on.call(agent, "forge", "stint.value.v1.Value/Distribute", &request));
    let receipts = on.block(calls.into(), &HONEST);
    assert!(receipts[0].refusal.is_some(), "bo is no steward");
    let done: DistributeResponse = prost::Message::decode(receipts[1].response.clone()).expect("a response");
    assert!(done.done, "{:?}", receipts[1].refusal);
    // Ordered once more: the first receipt holds.
    let repeated = on.blocks.last().expect("a block").1[1].clone();
    let refusal = on.block(vec![repeated], &HONEST).remove(0).refusal;
    assert_eq!(refusal.expect("refused").rule, "repeated");
    receipts[1].height
}

fn keep(on: &mut Ledger) {
    let spec = Spec { id: "steel".into(), name: "steel".into(), unit: "kg".into(), ..Default::default() };
    let request = DeclareSpecRequest { spec: Some(spec) };
    on.does::<Known>("ana", "mend", "stint.book.v1.Book/DeclareSpec", &request);
    let event = |id: &str, action: &str, kilograms: &str, new: Option<NewResource>| Event {
        id: id.into(),
        action: action.into(),
        provider: "ana".into(),
        receiver: "ana".into(),
        resource_inventoried_as: "rack".into(),
        resource_conforms_to: "steel".into(),
        resource_quantity: Some(Quantity { value: kilograms.into(), unit: "kg".into() }),
        has_point_in_time: DAY.into(),
        new_resource: new,
        ..Default::default()
    };
    let events = vec![event("e1", "raise", "100", Some(NewResource::default())), event("e2", "consume", "30.5", None)];
    on.does::<RecordResponse>("ana", "mend", "stint.book.v1.Book/Record", &RecordRequest { events });
}
