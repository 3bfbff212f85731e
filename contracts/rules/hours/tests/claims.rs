//! Debt, equity and once over three incomes: `data/claim-types.json`.

mod common;

use common::{Commons, cents, did, money, table};
use serde_json::Value;
use std::collections::BTreeMap;
use stint_rule::proto::Distribution;

fn case() -> Value {
    serde_json::from_str(include_str!("data/claim-types.json")).unwrap()
}

fn commons(claim: &'static str) -> Commons {
    let mut commons = Commons::new([
        ("rules.1.equation", "quantity"),
        ("rules.1.stream", "work"),
        ("rules.1.claim", claim),
        ("buckets.1.name", "work"),
    ]);
    let claims = table(&case()["claims"], |v| v.as_str().unwrap().to_string());
    commons.done = claims.iter().map(|(agent, claim)| did(agent, "work", claim, &[])).collect();
    commons
}

/// Everybody's payout of each income, with 0.00 for those who got nothing.
fn play(claim: &'static str) -> Vec<(BTreeMap<String, String>, Distribution)> {
    let mut commons = commons(claim);
    let case = case();
    let incomes = case["incomes"].as_array().unwrap().iter().map(cents);
    let played = incomes.map(|cents| {
        let (distribution, _) = commons.income(cents).unwrap();
        let mut paid: BTreeMap<String, String> = table(&case["claims"], |_| money(0));
        paid.extend(distribution.payouts.iter().map(|p| (p.agent.clone(), money(p.amount))));
        (paid, distribution)
    });
    played.collect()
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    table(value, |v| v.as_str().unwrap().to_string())
}

#[test]
fn a_debt_is_paid_until_it_is_paid_off() {
    let case = case();
    for ((paid, distribution), expected) in play("debt").iter().zip(case["debt-like"].as_array().unwrap()) {
        assert_eq!(*paid, texts(&expected["paid"]));
        assert_eq!(distribution.undistributed, cents(&expected["undistributed"]));
        for (agent, open) in table(&expected["open_claims_after"], cents) {
            let settled = distribution.settled.iter().find(|s| s.agent == agent).unwrap();
            let original = cents(&case["claims"][&agent]);
            assert_eq!(original - settled.amount.parse::<i64>().unwrap(), open, "{agent} of {expected}");
        }
    }
}

#[test]
fn equity_shares_for_ever() {
    let case = case();
    for ((paid, distribution), expected) in play("equity").iter().zip(case["equity-like"].as_array().unwrap()) {
        assert_eq!(*paid, texts(expected));
        assert_eq!(distribution.undistributed, 0);
    }
}

#[test]
fn once_shares_in_one_distribution_and_stops() {
    let case = case();
    let played = play("once");
    assert_eq!(played[0].0, texts(&case["once"]["first income pays"]));
    for (paid, distribution) in &played[1..] {
        assert!(paid.values().all(|amount| amount == "0.00"));
        assert_eq!(distribution.undistributed, 10_000);
    }
}
