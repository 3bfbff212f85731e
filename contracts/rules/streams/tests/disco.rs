//! The sample cooperative, `data/disco-three-streams.json`, and what follows from its rule.

use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use stint_rule::{
    Native, Totals, params,
    proto::{Contribution, Distribution, Income, Settled},
    whole,
};
use stint_sdk::Refusal;
use streams::Streams;

fn case() -> Value {
    serde_json::from_str(include_str!("data/disco-three-streams.json")).unwrap()
}

fn did(agent: &str, stream: &str, quantity: &str) -> Contribution {
    let unit = if stream == "care" { "h" } else { "credits" };
    Contribution {
        id: format!("{agent}-{stream}-{quantity}"),
        agent: agent.into(),
        stream: stream.into(),
        quantity: quantity.into(),
        unit: unit.into(),
        ..Contribution::default()
    }
}

fn numbers(value: &Value) -> BTreeMap<String, i64> {
    value.as_object().unwrap().iter().map(|(name, n)| (name.clone(), n.as_i64().unwrap())).collect()
}

fn sample() -> Vec<Contribution> {
    let input = &case()["input"];
    let mut done = Vec::new();
    for (stream, field) in
        [("livelihood", "livelihood_credits"), ("love", "love_credits_outstanding"), ("care", "care_hours")]
    {
        done.extend(numbers(&input[field]).iter().map(|(agent, n)| did(agent, stream, &n.to_string())));
    }
    done
}

fn distribute(
    pairs: &[(&'static str, &'static str)],
    cents: i64,
    done: &[Contribution],
    settled: &[Settled],
) -> Result<Distribution, Refusal> {
    let income = Income { id: "i".into(), amount: cents, ..Income::default() };
    let (params, settled) = (params(pairs.iter().copied()), Totals::read_settled(settled)?);
    whole(&Native::<Streams>::default(), &params, &income, done, settled, 4).map(|(distribution, _)| distribution)
}

fn of_pool(distribution: &Distribution, pool: &str) -> BTreeMap<String, i64> {
    let shares = distribution.shares.iter().filter(|s| s.pool == pool);
    shares.map(|s| (s.agent.clone(), s.amount)).collect()
}

fn net(distribution: &Distribution) -> BTreeMap<String, i64> {
    distribution.payouts.iter().map(|p| (p.agent.clone(), p.amount)).collect()
}

#[test]
fn the_sample_to_the_cent() {
    let (case, pool) = (case(), 400_000);
    let expect = &case["expect"];
    let distribution = distribute(&[("livelihood", "7500"), ("strength", "1/2")], pool, &sample(), &[]).unwrap();
    for (place, name) in [(0, "pool_livelihood"), (1, "pool_love")] {
        assert_eq!(distribution.pools[place].amount, expect[name].as_i64().unwrap());
    }
    assert_eq!(of_pool(&distribution, "livelihood"), numbers(&expect["livelihood"]));
    assert_eq!(of_pool(&distribution, "love"), numbers(&expect["love"]));
    let adjusted = |sign: i64| -> BTreeMap<String, i64> {
        let side = distribution.adjustments.iter().filter(|a| a.amount * sign > 0);
        side.map(|a| (a.agent.clone(), a.amount * sign)).collect()
    };
    let given: BTreeMap<_, _> = numbers(&expect["given"]).into_iter().filter(|(_, n)| *n > 0).collect();
    assert_eq!(adjusted(-1), given);
    assert_eq!(adjusted(1), numbers(&expect["received"]));
    assert_eq!(net(&distribution), numbers(&expect["net"]));
    assert_eq!(distribution.adjustments[0].formula, "200000 × (1 − 6 / 12) × 0.5 → 50000");
    assert_eq!(distribution.adjustments[1].formula, "50000 × 6 / 6 hours above 12 → 50000");
    for (agent, after) in expect["love_after"].as_object().unwrap() {
        let divested = distribution.settled.iter().find(|s| s.stream == "love" && s.agent == *agent).unwrap();
        assert_eq!(divested.amount, after["divested_cents"].to_string());
    }
}

/// Livelihood and care of a period count in it; love is owed until it is paid.
#[test]
fn the_next_period_begins_with_what_is_outstanding() {
    let first = distribute(&[], 400_000, &sample(), &[]).unwrap();
    let mut done = sample();
    done.push(did("gus", "livelihood", "10"));
    let second = distribute(&[], 100_000, &done, &first.settled).unwrap();
    assert_eq!(of_pool(&second, "livelihood"), [("gus".into(), 75_000)].into());
    // 1000, 2500 and 1500 credits are outstanding.
    assert_eq!(of_pool(&second, "love"), [("eva".into(), 5_000), ("fay".into(), 12_500), ("gus".into(), 7_500)].into());
    assert!(second.adjustments.is_empty());
}

#[test]
fn love_is_never_paid_beyond_what_is_outstanding() {
    let distribution = distribute(&[], 100_000, &[did("eva", "love", "12.5")], &[]).unwrap();
    assert_eq!((net(&distribution), distribution.undistributed), ([("eva".into(), 1_250)].into(), 98_750));
    // Without livelihood to pay, its part stays undistributed: love has a quarter of the income and no more.
    let much = distribute(&[], 100_000, &[did("eva", "love", "5000")], &[]).unwrap();
    assert_eq!((net(&much), much.undistributed), ([("eva".into(), 25_000)].into(), 75_000));
}

#[test]
fn only_committed_members_give_and_receive() {
    let done = [
        did("eva", "livelihood", "1"),
        did("fay", "care", "10"),
        did("guest", "care", "90"),
        did("guest", "livelihood", "1"),
    ];
    let members = [("members.1", "eva"), ("members.2", "fay")];
    let distribution = distribute(&members, 2_000, &done, &[]).unwrap();
    // The target is 5 hours; eva is short of all of it.
    assert_eq!(net(&distribution), [("eva".into(), 375), ("fay".into(), 375), ("guest".into(), 750)].into());
}

#[test]
fn what_is_misspelt_or_out_of_bounds_is_refused() {
    for pairs in
        [[("strength", "1.5")], [("strength", "-1/2")], [("credit", "0")], [("livelihood", "75 %")], [("love", "1")]]
    {
        assert_eq!(distribute(&pairs, 1, &[], &[]).unwrap_err().rule, "params");
    }
    let minutes = Contribution { unit: "min".into(), ..did("eva", "care", "90") };
    assert_eq!(distribute(&[], 1, &[minutes], &[]).unwrap_err().rule, "R6");
}

proptest! {
    #[test]
    fn gifts_sum_to_zero_and_leave_nobody_below_it(cents in 0i64..1_000_000, rows in prop::collection::vec((0usize..5, 0usize..3, 0u32..500), 0..30)) {
        let (names, streams) = (["eva", "fay", "gus", "hal", "ida"], ["livelihood", "love", "care"]);
        let done: Vec<Contribution> = rows.iter().map(|(a, s, n)| did(names[*a], streams[*s], &n.to_string())).collect();
        let distribution = distribute(&[("strength", "1")], cents, &done, &[])?;
        prop_assert_eq!(distribution.adjustments.iter().map(|a| a.amount).sum::<i64>(), 0);
        prop_assert!(distribution.payouts.iter().all(|p| p.amount >= 0));
        prop_assert_eq!(net(&distribution).values().sum::<i64>() + distribution.undistributed, cents);
    }
}
