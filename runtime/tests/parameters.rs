//! What the consortium sets for the whole ledger, and what a commons may use of it.

mod common;

use common::module;
use prost::Message;
use stint_proto::{Code, Refusal, limits::BLOCK_FUEL, v1};
use stint_testkit::{CONSORTIUM, Ledger, STEWARD};
use v1::parameters::CodePolicy;

/// `Do` counts to two hundred thousand.
const BUSY: &str = r#"(module (memory (export "memory") 1) (global (mut i32) (i32.const 0))
    (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "stint_call") (param i32 i32 i32) (result i64) (local $n i32)
        (loop $again
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const 200000))))
        (i64.const 0)))"#;

fn parameters(ledger: &Ledger) -> v1::Parameters {
    let answer = ledger.query(CONSORTIUM, "/stint.v1.Kernel/GetParameters", b"").expect("an answer");
    v1::GetParametersResponse::decode(&answer[..]).expect("an answer").parameters.expect("parameters")
}

fn quota(ledger: &Ledger, commons: &str) -> v1::GetQuotaResponse {
    let answer = ledger.query(commons, "/stint.v1.Kernel/GetQuota", b"").expect("an answer");
    v1::GetQuotaResponse::decode(&answer[..]).expect("an answer")
}

fn set(ledger: &mut Ledger, change: impl FnOnce(&mut v1::Parameters)) -> Result<(), Refusal> {
    let mut parameters = parameters(ledger);
    change(&mut parameters);
    let request = v1::SetParametersRequest { parameters: Some(parameters) };
    ledger.kernel::<v1::SetParametersResponse>(CONSORTIUM, "SetParameters", &request).map(drop)
}

fn publish(ledger: &mut Ledger, commons: &str, n: u32) -> Result<v1::PublishResponse, Refusal> {
    let text = BUSY.replace("200000", &(200_000 + n).to_string());
    ledger.kernel(commons, "Publish", &v1::PublishRequest { module: module(&text).into() })
}

#[test]
fn without_a_decision_the_protocols_bounds_hold() {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[]);
    let all = parameters(&ledger);
    assert_eq!((all.commons_block_fuel, all.code_policy()), (BLOCK_FUEL, CodePolicy::Stewards));
    let own = quota(&ledger, "forge");
    assert_eq!((own.block_fuel, own.code_bytes, own.code_bytes_used), (BLOCK_FUEL, all.code_bytes, 0));
}

#[test]
fn a_commons_publishes_as_much_code_as_its_quota_and_no_other_pays_for_it() {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[]);
    ledger.found("mill", &[]);
    publish(&mut ledger, "forge", 0).expect("published");
    let size = quota(&ledger, "forge").code_bytes_used;
    assert!(size > 100);
    set(&mut ledger, |p| p.commons_code_bytes = size + 1).expect("set");
    let refused = publish(&mut ledger, "forge", 1).expect_err("over its quota");
    assert_eq!((refused.code, refused.rule.as_str()), (Code::ResourceExhausted, "quota"));
    assert_eq!(quota(&ledger, "forge").code_bytes_used, size);
    publish(&mut ledger, "mill", 1).expect("the other has its own");
    // Known code costs nobody anything.
    publish(&mut ledger, "forge", 1).expect("published by the other");
    let more = v1::SetQuotaRequest { commons: "forge".into(), code_bytes: 10 * size, ..Default::default() };
    ledger.kernel::<v1::SetQuotaResponse>(CONSORTIUM, "SetQuota", &more).expect("set");
    publish(&mut ledger, "forge", 2).expect("it has more now");
    assert_eq!(quota(&ledger, "forge").code_bytes_used, 2 * size);
    set(&mut ledger, |p| p.code_bytes = 3 * size).expect("set");
    let refused = publish(&mut ledger, "forge", 3).expect_err("over that of all");
    assert_eq!(refused.rule, "code-bytes", "{refused}");
}

#[test]
fn where_the_consortium_wants_it_nobody_else_publishes() {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[]);
    set(&mut ledger, |p| p.code_policy = CodePolicy::Consortium.into()).expect("set");
    let refused = publish(&mut ledger, "forge", 0).expect_err("not the consortium");
    assert_eq!((refused.code, refused.rule.as_str()), (Code::PermissionDenied, "code-policy"));
    publish(&mut ledger, CONSORTIUM, 0).expect("the consortium");
}

#[test]
fn the_calls_of_a_block_to_one_commons_end_with_its_fuel_and_others_go_on() {
    let mut ledger = Ledger::new();
    for commons in ["forge", "mill"] {
        ledger.found(commons, &[]);
        ledger.deploy(commons, &module(BUSY));
    }
    let call = |ledger: &mut Ledger, commons: &str| ledger.sign(commons, STEWARD, "/test.v1.Test/Do", b"");
    let one = call(&mut ledger, "forge");
    let fuel = ledger.execute(&[one]).fuel_used;
    assert!(fuel > 1_000_000 && fuel < 10_000_000, "{fuel}");
    let less = v1::SetQuotaRequest { commons: "forge".into(), block_fuel: 2 * fuel, ..Default::default() };
    ledger.kernel::<v1::SetQuotaResponse>(CONSORTIUM, "SetQuota", &less).expect("set");
    let calls: Vec<_> =
        ["forge", "forge", "forge", "mill", "forge", "mill"].map(|c| call(&mut ledger, c)).into_iter().collect();
    let result = ledger.execute(&calls);
    let rules: Vec<String> = result
        .receipts
        .iter()
        .map(|r| v1::Receipt::decode(r.clone()).expect("a receipt").refusal.unwrap_or_default().rule)
        .collect();
    assert_eq!(rules, ["", "", "quota", "", "quota", ""]);
    assert_eq!(result.fuel_used, 4 * fuel);
    // In the next block it has its fuel again.
    let again = call(&mut ledger, "forge");
    assert_eq!(ledger.execute(&[again]).fuel_used, fuel);
}

#[test]
fn only_the_consortium_decides_and_nothing_beyond_the_protocol() {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[("ana", &["steward"])]);
    let request = v1::SetParametersRequest { parameters: Some(parameters(&ledger)) };
    for (commons, by, rule) in [("forge", "ana", "commons"), (CONSORTIUM, "ana", "steward")] {
        let receipt = ledger.call(commons, by, "/stint.v1.Kernel/SetParameters", &request.encode_to_vec());
        assert_eq!(receipt.refusal.expect("refused").rule, rule);
    }
    for (change, says) in [
        ((|p| p.commons_block_fuel = BLOCK_FUEL + 1) as fn(&mut v1::Parameters), "1000000 to 250000000"),
        (|p| p.commons_block_fuel = 0, "1000000 to 250000000"),
        (|p| p.code_bytes = u64::MAX, "0 to 268435456"),
        (|p| p.code_policy = 7, "no code policy"),
    ] {
        let refused = set(&mut ledger, change).expect_err("refused");
        assert!(refused.rule == "parameters" && refused.message.contains(says), "{refused}");
    }
    let unknown = v1::SetQuotaRequest { commons: "no".into(), ..Default::default() };
    let refused = ledger.kernel::<v1::SetQuotaResponse>(CONSORTIUM, "SetQuota", &unknown).expect_err("refused");
    assert_eq!(refused.code, Code::NotFound);
}
