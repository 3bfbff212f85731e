//! The sample commons forge: two incomes, and what care at half as much again would have done.
//! `data/scenario-three-commons.json` has the parts of the scenario that this rule decides.

mod common;

use common::{Commons, did, of_pool, table};
use hours::Hours;
use serde_json::Value;
use std::collections::BTreeMap;
use stint_rule::{
    Native, Totals,
    proto::{Contribution, Distribution, Income},
    whole,
};

fn case() -> Value {
    serde_json::from_str(include_str!("data/scenario-three-commons.json")).unwrap()
}

/// The charter's valuation: reimbursement first, then fund and design of what that left, and work takes the rest.
fn forge(care_weight: &'static str) -> Commons {
    Commons::new([
        ("rate", "20.00"),
        ("care_weight", care_weight),
        ("rules.1.kind", "purchase"),
        ("rules.1.equation", "value"),
        ("rules.1.stream", "reimbursement"),
        ("rules.1.claim", "debt"),
        ("rules.2.kind", "cite"),
        ("rules.2.equation", "quantity"),
        ("rules.2.stream", "design"),
        ("rules.2.claim", "once"),
        ("rules.3.kind", "work"),
        ("rules.3.unit", "h"),
        ("rules.3.equation", "quantity * rate"),
        ("rules.3.stream", "work"),
        ("rules.3.claim", "once"),
        ("rules.4.kind", "care"),
        ("rules.4.unit", "h"),
        ("rules.4.equation", "quantity * rate * care_weight"),
        ("rules.4.stream", "work"),
        ("rules.4.claim", "once"),
        ("buckets.1.name", "reimbursement"),
        ("buckets.2.name", "fund"),
        ("buckets.2.agent", "fund"),
        ("buckets.2.pct", "1000"),
        ("buckets.3.name", "design"),
        ("buckets.3.pct", "500"),
        ("buckets.3.of", "reimbursement"),
        ("buckets.4.name", "work"),
    ])
}

fn dehydrators() -> Vec<Contribution> {
    vec![
        did("ana", "purchase", "1", &[("value", "180.00")]),
        did("cy", "purchase", "1", &[("value", "100.00")]),
        did("bo", "cite", "70", &[]),
        did("dee", "cite", "30", &[]),
        did("ana", "work", "120 h", &[]),
        did("bo", "work", "80 h", &[]),
        did("cy", "care", "40 h", &[]),
    ]
}

fn workshop() -> Vec<Contribution> {
    vec![did("bo", "work", "10 h", &[]), did("cy", "care", "10 h", &[])]
}

/// Both incomes, one after the other: what counted once does not count again.
fn play(care_weight: &'static str) -> [Distribution; 2] {
    let mut forge = forge(care_weight);
    forge.done = dehydrators();
    let (first, _) = forge.income(345_600).unwrap();
    forge.done.extend(workshop());
    let (second, _) = forge.income(50_000).unwrap();
    [first, second]
}

fn numbers(value: &Value) -> BTreeMap<String, i64> {
    table(value, |v| v.as_i64().unwrap())
}

fn matches(distributions: &[Distribution; 2], expected: &Value) {
    for (ours, expected) in distributions.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(of_pool(ours, "reimbursement"), numbers(&expected["reimbursed"]));
        assert_eq!(of_pool(ours, "fund")["fund"], expected["fund"].as_i64().unwrap());
        assert_eq!(of_pool(ours, "design"), numbers(&expected["design"]));
        assert_eq!(of_pool(ours, "work"), numbers(&expected["work"]));
        let totals: BTreeMap<String, i64> = ours.payouts.iter().map(|p| (p.agent.clone(), p.amount)).collect();
        assert_eq!(totals, numbers(&expected["total"]));
        assert_eq!(totals.values().sum::<i64>(), expected["distributable"].as_i64().unwrap());
        assert_eq!(ours.undistributed, 0);
    }
}

#[test]
fn both_incomes_to_the_cent() {
    matches(&play("1.0"), &case()["distribution_v1"]);
}

#[test]
fn care_at_half_as_much_again_moves_money_to_cy() {
    let (before, after, case) = (play("1.0"), play("1.5"), case());
    matches(&after, &case["what_if_v2_care_x1.5"]);
    let sum = |distributions: &[Distribution], agent: &str| -> i64 {
        let payouts = distributions.iter().flat_map(|d| &d.payouts);
        payouts.filter(|p| p.agent == agent).map(|p| p.amount).sum()
    };
    let differences = numbers(&case["what_if_difference_cents"]);
    for (agent, difference) in &differences {
        assert_eq!(sum(&after, agent) - sum(&before, agent), *difference, "{agent}");
    }
    assert_eq!(differences.values().sum::<i64>(), case["what_if_sum"].as_i64().unwrap());
}

#[test]
fn every_number_says_where_it_comes_from() {
    let mut forge = forge("1.5");
    forge.done = dehydrators();
    let (distribution, weights) = forge.income(345_600).unwrap();
    let why = |id: &str| weights.iter().find(|w| w.contribution == id).unwrap().formula.as_str();
    assert_eq!(why("ana-work-120"), "120 h × 20.00 = 2400");
    assert_eq!(why("cy-care-40"), "40 h × 20.00 × 1.5 = 1200");
    let share =
        |pool: &str, agent: &str| distribution.shares.iter().find(|s| s.pool == pool && s.agent == agent).unwrap();
    assert_eq!(share("work", "ana").formula, "269960 × 240000 / 520000 → 124597");
    assert_eq!(share("reimbursement", "ana").formula, "18000 is open and paid in full");
    let design = distribution.pools[2].pool.as_ref().unwrap();
    assert_eq!(design.formula, "5 % of what is left after reimbursement");
}

#[test]
fn a_contribution_in_another_unit_or_without_a_stream_is_refused() {
    let mut forge = forge("1.0");
    forge.done = vec![did("ana", "work", "90 min", &[])];
    assert_eq!(forge.income(100).unwrap_err().rule, "R6");
    let mut forge = Commons::new([("rules.1.equation", "quantity")]);
    forge.done = vec![Contribution { stream: String::new(), ..did("ana", "work", "90 min", &[]) }];
    assert_eq!(forge.income(100).unwrap_err().rule, "contribution");
}

#[test]
fn what_no_rule_matches_has_no_weight() {
    let mut forge = forge("1.0");
    forge.done = vec![did("ana", "singing", "2 h", &[])];
    let (distribution, weights) = forge.income(1000).unwrap();
    assert!(weights.is_empty());
    assert_eq!((distribution.payouts.len(), distribution.undistributed), (1, 900));
}

#[test]
fn ten_thousand_contributions_by_pages_of_any_size() {
    let done: Vec<Contribution> = (0..10_000u32)
        .map(|n| {
            let hours = format!("{}.{:02} h", 1 + n % 7, n % 97);
            Contribution { id: format!("e{n}"), ..did(&format!("member{}", n % 150), "work", &hours, &[]) }
        })
        .collect();
    let forge = forge("1.0");
    let income = Income { id: "year".into(), amount: 123_456_789, ..Income::default() };
    let by_pages = |page| {
        let rule = Native::<Hours>::default();
        whole(&rule, &forge.params, &income, &done, Totals::default(), page).unwrap().0
    };
    let paged = by_pages(500);
    assert_eq!(paged, by_pages(10_000));
    let sum: i64 = paged.payouts.iter().map(|p| p.amount).sum();
    assert_eq!((paged.payouts.len(), sum, paged.undistributed), (151, 123_456_789, 0));
}
