//! Slices by hand: `README.md` has the same numbers.

use slices::Slices;
use std::collections::BTreeMap;
use stint_rule::{
    Native, Totals, params,
    proto::{Contribution, Income, Weight},
    whole,
};
use stint_sdk::Refusal;

fn did(agent: &str, kind: &str, quantity: &str, unit: &str, facts: &[(&str, &str)]) -> Contribution {
    Contribution {
        id: format!("{agent}-{kind}"),
        agent: agent.into(),
        kind: kind.into(),
        quantity: quantity.into(),
        unit: unit.into(),
        attributes: facts.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        ..Contribution::default()
    }
}

fn bakery() -> Vec<Contribution> {
    vec![
        did("ana", "work", "100", "h", &[("paid", "10")]),
        did("bo", "work", "50", "h", &[]),
        did("bo", "oven", "1", "one", &[("value", "1000")]),
        did("cy", "cash", "2000", "EUR", &[]),
        did("cy", "work", "10", "h", &[("paid", "25")]),
    ]
}

type Answer = (BTreeMap<String, i64>, Vec<Weight>);

fn share(pairs: &[(&'static str, &'static str)], done: &[Contribution]) -> Result<Answer, Refusal> {
    let income = Income { id: "i".into(), amount: 100_000, ..Income::default() };
    let params = params(pairs.iter().copied());
    let (d, weights) = whole(&Native::<Slices>::default(), &params, &income, done, Totals::default(), 2)?;
    assert_eq!(d.payouts.iter().map(|p| p.amount).sum::<i64>() + d.undistributed, 100_000);
    Ok((d.payouts.into_iter().map(|p| (p.agent, p.amount)).collect(), weights))
}

const RATES: [(&str, &str); 2] = [("rate", "20"), ("rates.ana", "30")];

#[test]
fn time_things_and_cash_become_slices() {
    let (shares, weights) = share(&RATES, &bakery()).unwrap();
    let slices: Vec<&str> = weights.iter().map(|w| w.weight.as_str()).collect();
    assert_eq!(slices, ["4000", "2000", "2000", "8000", "0"]);
    assert_eq!(shares, [("ana".into(), 25_000), ("bo".into(), 25_000), ("cy".into(), 50_000)].into());
    assert_eq!(weights[0].formula, "100 h × (30 − 10) × 2 = 4000");
    assert_eq!(weights[3].formula, "2000 EUR × 4 = 8000");
}

#[test]
fn who_leaves_without_a_good_reason_keeps_cash_at_its_value_and_nothing_else() {
    let left = |agent, how| share(&[RATES[0], RATES[1], (agent, how)], &bakery()).unwrap();
    let (shares, weights) = left("left.bo", "without_reason");
    assert_eq!(shares, [("ana".into(), 33_333), ("cy".into(), 66_667)].into());
    assert_eq!(weights[1].formula, "50 h × (20 − 0) × 0 = 0, for who left without a good reason");
    // 4000, 4000 and 2000 slices.
    let (shares, _) = left("left.cy", "without_reason");
    assert_eq!(shares, [("ana".into(), 40_000), ("bo".into(), 40_000), ("cy".into(), 20_000)].into());
    assert_eq!(left("left.bo", "with_reason").0, share(&RATES, &bakery()).unwrap().0);
}

#[test]
fn the_commons_sets_the_rate_and_a_stated_one_counts_only_without_it() {
    let stated = [did("ana", "work", "1", "h", &[("rate", "900")])];
    assert_eq!(share(&RATES, &stated).unwrap().1[0].weight, "60");
    assert_eq!(share(&[], &stated).unwrap().1[0].weight, "1800");
}

#[test]
fn multipliers_are_the_commons_own() {
    let (shares, _) = share(&[RATES[0], RATES[1], ("noncash", "1"), ("cash", "1.5")], &bakery()).unwrap();
    assert_eq!(shares, [("ana".into(), 28_572), ("bo".into(), 28_571), ("cy".into(), 42_857)].into());
}

#[test]
fn what_is_missing_or_misspelt_is_refused() {
    let refused = |pairs, done: &[Contribution]| share(pairs, done).unwrap_err().rule;
    assert_eq!(refused(&[], &[did("ana", "work", "1", "h", &[])]), "contribution");
    assert_eq!(refused(&[], &[did("ana", "oven", "1", "one", &[])]), "contribution");
    assert_eq!(refused(&[], &[did("ana", "cash", "-5", "EUR", &[])]), "contribution");
    for pairs in [[("cash", "-4")], [("rates.ana", "x")], [("left.bo", "angry")], [("multiplier", "2")]] {
        assert_eq!(share(&pairs, &[]).unwrap_err().rule, "params");
    }
}
