//! Many contributions: a distribution over 10,000 ends, in calls of a bounded size.

mod common;

use common::{
    many::{MANY, Many},
    params, refused, rule,
};
use stint_sdk::{Code, testing::World};
use value::{Contract, proto::*};

fn forge(contributions: u64, agents: u64, claim: &str) -> World {
    MANY.set((contributions, agents));
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.deploy::<Many>("forge");
    world.member("forge", "steward", &["steward"]);
    let module = world.publish_rule::<hours::Hours>();
    let pairs = [
        ("rules.1.equation", "quantity"),
        ("rules.1.stream", "work"),
        ("rules.1.claim", claim),
        ("buckets.1.name", "work"),
    ];
    let request = SetRuleRequest { module: module.into(), params: params(&pairs), from: "2026-01-01".into() };
    world.call("forge", "steward", &methods::SET_RULE, &request).unwrap();
    world.days(60);
    world
}

fn register(world: &mut World, id: &str) {
    let income = Income { id: id.into(), amount: 1_000_000, date: "2026-02-01".into(), ..Income::default() };
    world.call("forge", "steward", &methods::REGISTER_INCOME, &RegisterIncomeRequest { income: Some(income) }).unwrap();
}

#[test]
fn ten_thousand_contributions_are_distributed_in_calls_of_a_bounded_size() {
    let mut world = forge(10_000, 100, "once");
    register(&mut world, "i1");
    let request = DistributeRequest { income: "i1".into(), ..Default::default() };
    let (mut calls, mut left) = (0, u64::MAX);
    loop {
        calls += 1;
        let answer = world.call("forge", "steward", &methods::DISTRIBUTE, &request).unwrap();
        if answer.done {
            break;
        }
        // Each call does something, and none more than 400 steps, its phases' ends included.
        assert!(answer.left < left && (left == u64::MAX || left - answer.left <= 404), "{left} {}", answer.left);
        left = answer.left;
    }
    assert_eq!(calls, 76);
    let request = GetDistributionRequest { distribution: "i1".into(), page_size: 1000, ..Default::default() };
    let found = world.query("forge", &methods::GET_DISTRIBUTION, &request).unwrap();
    assert_eq!((found.payouts.len(), found.distribution.unwrap().contributions), (100, 10_000));
    assert_eq!(found.payouts.iter().map(|p| p.amount).sum::<i64>(), 1_000_000);
    let mut request = RecomputeRequest { distribution: "i1".into(), carry: Vec::new() };
    let mut parts = 1;
    let again = loop {
        let answer = world.query("forge", &methods::RECOMPUTE, &request).unwrap();
        if answer.done {
            break answer;
        }
        (request.carry, parts) = (answer.carry, parts + 1);
    };
    assert!(again.equal, "{}", again.difference);
    assert_eq!((again.contributions, parts), (10_000, 5));
    // All of them had their share: the next distribution reads none of them.
    register(&mut world, "i2");
    let request = DistributeRequest { income: "i2".into(), ..Default::default() };
    assert!(world.call("forge", "steward", &methods::DISTRIBUTE, &request).unwrap().done);
}

#[test]
fn more_sums_than_a_call_can_share_are_refused() {
    let mut world = forge(1_001, 1_001, "once");
    register(&mut world, "i1");
    let request = DistributeRequest { income: "i1".into(), ..Default::default() };
    let refusal = loop {
        if let Err(refusal) = world.call("forge", "steward", &methods::DISTRIBUTE, &request) {
            break refusal;
        }
    };
    assert_eq!(rule::<()>(Err(refusal)), refused(Code::ResourceExhausted, "size"));
}

/// Once, the explanation of an early payment walked over all debts that the agent was owed since, in one page.
#[test]
fn an_early_payment_is_explained_in_pages_whatever_is_owed_since() {
    let mut world = forge(1, 1, "debt");
    for (id, contributions) in [("i1", 1), ("i2", 2_501)] {
        MANY.set((contributions, 1));
        register(&mut world, id);
        let request = DistributeRequest { income: id.into(), ..Default::default() };
        while !world.call("forge", "steward", &methods::DISTRIBUTE, &request).unwrap().done {}
    }
    let mut request = ExplainRequest { distribution: "i1".into(), agent: "a0000".into(), ..Default::default() };
    let (mut ids, mut pages) = (Vec::new(), 0);
    loop {
        let page = world.query("forge", &methods::EXPLAIN, &request).unwrap();
        pages += 1;
        ids.extend(page.pools.into_iter().flat_map(|b| b.contributions).map(|l| l.contribution));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!((ids, pages), (vec!["c00001".to_string()], 2));
}
