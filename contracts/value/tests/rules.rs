//! Rules of every kind: those that carry something from page to page, those that want the newest first, those that
//! settle, and those that misbehave.

mod common;

use common::{Forge, paid, params, refused, rule};
use stint_rule::proto::{self, *};
use stint_sdk::{Code, Refusal};
use value::proto as value;

/// Makes a rule of a manifest, a weighing and pools.
macro_rules! rule_module {
    ($module:ident, $kind:expr, $order:expr, $weigh:expr, $settle:expr) => {
        mod $module {
            use super::*;
            pub struct Module;
            impl Rule for Module {
                fn manifest(_: ManifestRequest) -> Result<ManifestResponse, Refusal> {
                    let (kind, order): (Kind, Order) = ($kind, $order);
                    let name = stringify!($module).into();
                    Ok(ManifestResponse {
                        kind: kind.into(),
                        order: order.into(),
                        name,
                        settles: true,
                        ..Default::default()
                    })
                }
                fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
                    let weigh: fn(WeighRequest) -> WeighResponse = $weigh;
                    Ok(weigh(request))
                }
                fn pools(_: PoolsRequest) -> Result<PoolsResponse, Refusal> {
                    let (name, of) = ("work".to_string(), "all".to_string());
                    Ok(PoolsResponse {
                        pools: vec![Pool {
                            stream: name.clone(),
                            name,
                            of,
                            basis_points: 10_000,
                            ..Default::default()
                        }],
                    })
                }
                fn settle(_: SettleRequest) -> Result<SettleResponse, Refusal> {
                    let adjustments: Vec<(&str, i64)> = $settle;
                    let adjustment = |(agent, amount): (&str, i64)| Adjustment {
                        agent: agent.into(),
                        amount,
                        formula: "a gift".into(),
                    };
                    Ok(SettleResponse {
                        adjustments: adjustments.into_iter().map(adjustment).collect(),
                        ..Default::default()
                    })
                }
            }
            stint_sdk::contract!(proto, Module);
        }
    };
}

fn weight(contribution: &str, agent: &str, weight: usize) -> Weight {
    Weight {
        contribution: contribution.into(),
        stream: "work".into(),
        agent: agent.into(),
        weight: weight.to_string(),
        claim: Claim::None.into(),
        formula: "its place".into(),
    }
}

// Weighs each contribution by its place, and says so of all of them on the last page.
fn by_place(request: WeighRequest) -> WeighResponse {
    let mut seen = String::from_utf8(request.carry).unwrap();
    request.contributions.iter().for_each(|c| seen.push_str(&format!("{}={} ", c.id, c.agent)));
    let all = seen.trim().split(' ').filter(|s| !s.is_empty()).enumerate();
    let weights = all.map(|(n, s)| s.split_once('=').map(|(id, agent)| weight(id, agent, n + 1)).unwrap()).collect();
    if request.last {
        WeighResponse { weights, carry: Vec::new() }
    } else {
        WeighResponse { carry: seen.into(), weights: Vec::new() }
    }
}

// Says another thing each time that it is asked: no rule of a ledger can.
fn whim(request: WeighRequest) -> WeighResponse {
    thread_local!(static ASKED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    ASKED.set(ASKED.get() + 1);
    let weights = request.contributions.iter().enumerate();
    let weights = weights.map(|(n, c)| weight(&c.id, &c.agent, 1 + n.pow(ASKED.get()))).collect();
    WeighResponse { weights, carry: Vec::new() }
}

fn none(_: WeighRequest) -> WeighResponse {
    WeighResponse::default()
}

rule_module!(oldest, Kind::Valuation, Order::OldestFirst, by_place, vec![]);
rule_module!(newest, Kind::Valuation, Order::NewestFirst, by_place, vec![]);
rule_module!(gifts, Kind::Valuation, Order::OldestFirst, by_place, vec![("ana", -10), ("bo", 10)]);
rule_module!(fickle, Kind::Valuation, Order::OldestFirst, whim, vec![]);
rule_module!(ballots, Kind::Decision, Order::OldestFirst, none, vec![]);
rule_module!(
    unasked,
    Kind::Valuation,
    Order::OldestFirst,
    |_| WeighResponse { weights: vec![weight("x", "ana", 1)], carry: Vec::new() },
    vec![]
);
rule_module!(
    heavy,
    Kind::Valuation,
    Order::OldestFirst,
    |_| WeighResponse { carry: vec![0; 50_001], weights: Vec::new() },
    vec![]
);
rule_module!(
    slashed,
    Kind::Valuation,
    Order::OldestFirst,
    |r| WeighResponse { weights: r.contributions.iter().map(|c| weight(&c.id, "a/b", 1)).collect(), carry: Vec::new() },
    vec![]
);
rule_module!(
    wordy,
    Kind::Valuation,
    Order::OldestFirst,
    |r| {
        let long = |c: &Contribution| Weight { formula: "x".repeat(4_001), ..weight(&c.id, &c.agent, 1) };
        WeighResponse { weights: r.contributions.iter().map(long).collect(), carry: Vec::new() }
    },
    vec![]
);
rule_module!(minting, Kind::Valuation, Order::OldestFirst, by_place, vec![("ana", 10)]);

/// Three days of work by two, shared by a rule.
fn forge<S: stint_sdk::Service>() -> Forge {
    let mut forge = Forge::new(params(&[]));
    forge.rule = forge.world.publish_rule::<S>();
    forge.set_rule(params(&[]), "2026-01-01T00:00:01Z").unwrap();
    for (id, agent, day) in [("a", "ana", "2026-01-02"), ("b", "bo", "2026-01-03"), ("c", "ana", "2026-01-04")] {
        forge.until(day);
        forge.did(id, agent, "work", "1 h", &[]);
    }
    forge
}

fn by_steps(forge: &mut Forge, id: &str, amount: i64) -> Vec<(String, i64)> {
    forge.register(id, amount, 0);
    let request = value::DistributeRequest { income: id.into(), at_most: 1, ..Default::default() };
    while !forge.world.call("forge", "steward", &value::methods::DISTRIBUTE, &request).unwrap().done {}
    forge.payouts(id)
}

/// What cy gets, who did the last thing of all.
fn of_the_last(mut forge: Forge) -> i64 {
    forge.did("z", "cy", "work", "1 h", &[]);
    by_steps(&mut forge, "i1", 1_000).into_iter().find(|(agent, _)| agent == "cy").unwrap().1
}

fn carries(mut forge: Forge) {
    // Places 1, 2, 3: ana has the first and the last.
    assert_eq!(by_steps(&mut forge, "i1", 600), paid(&[("ana", 400), ("bo", 200)]));
    assert!(forge.recompute("i1").equal);
    assert_eq!(forge.explain("i1", "ana").pools[0].contributions.len(), 2);
    // What weighs for ever weighs again, and one more comes to it.
    forge.until("2026-01-05");
    forge.did("d", "cy", "work", "1 h", &[]);
    by_steps(&mut forge, "i2", 1_000);
    assert!(forge.recompute("i1").equal && forge.recompute("i2").equal);
}

#[test]
fn a_rule_may_carry_from_page_to_page_in_the_order_that_it_wants() {
    assert_eq!(forge::<oldest::Module>().income("i1", 600, 0), paid(&[("ana", 400), ("bo", 200)]));
    carries(forge::<oldest::Module>());
    carries(forge::<newest::Module>());
    assert_eq!(of_the_last(forge::<oldest::Module>()), 400);
    assert_eq!(of_the_last(forge::<newest::Module>()), 100);
}

#[test]
fn what_agents_give_one_another_is_part_of_what_they_get() {
    let mut forge = forge::<gifts::Module>();
    assert_eq!(forge.income("i1", 600, 0), paid(&[("ana", 390), ("bo", 210)]));
    let bo = forge.explain("i1", "bo");
    assert_eq!((bo.amount, bo.adjustment.unwrap().amount, bo.pools[0].shares[0].amount), (210, 10, 200));
    assert_eq!(forge.totals("i1").shares, 600);
}

#[test]
fn rules_that_misbehave_are_refused() {
    let refusal = |mut forge: Forge| {
        forge.register("i1", 600, 0);
        rule(forge.distribute("i1"))
    };
    assert_eq!(refusal(forge::<ballots::Module>()), refused(Code::FailedPrecondition, "V1"));
    assert_eq!(refusal(forge::<unasked::Module>()), refused(Code::FailedPrecondition, "rule"));
    assert_eq!(refusal(forge::<heavy::Module>()), refused(Code::ResourceExhausted, "carry"));
    assert_eq!(refusal(forge::<slashed::Module>()), refused(Code::InvalidArgument, "agent"));
    assert_eq!(refusal(forge::<wordy::Module>()), refused(Code::ResourceExhausted, "rule"));
    assert_eq!(refusal(forge::<minting::Module>()), refused(Code::FailedPrecondition, "settle"));
    let mut unpublished = forge::<oldest::Module>();
    unpublished.rule = [7; 32];
    unpublished.set_rule(params(&[]), "2026-01-04T00:00:00Z").unwrap();
    assert_eq!(refusal(unpublished), refused(Code::NotFound, "code"));
}

#[test]
fn a_difference_is_shown_when_something_else_comes_out() {
    let mut forge = forge::<fickle::Module>();
    // Weights 1, 2, 3 at first, and then 1, 2, 5.
    assert_eq!(forge.income("i1", 900, 0), paid(&[("ana", 600), ("bo", 300)]));
    let again = forge.recompute("i1");
    assert!(!again.equal && again.done);
    assert_eq!(again.difference, "ana got 600, and 675 comes out");
}

#[test]
fn a_what_if_may_name_another_module() {
    let mut forge = forge::<oldest::Module>();
    forge.did("z", "cy", "work", "1 h", &[]);
    forge.income("i1", 1_000, 0);
    forge.rule = forge.world.publish_rule::<newest::Module>();
    let report = forge.what_if(params(&[]), "", "");
    let rows: Vec<_> = report.distributions.iter().map(|d| (d.agent.as_str(), d.old, d.new)).collect();
    assert_eq!(rows, [("ana", 400, 600), ("bo", 200, 300), ("cy", 400, 100)]);
    let broken = value::WhatIfRequest { slot: "valuation".into(), module: vec![1], ..Default::default() };
    assert_eq!(rule(forge.world.query("forge", &value::methods::WHAT_IF, &broken)).1, "module");
    let broken = value::WhatIfRequest { slot: "a b".into(), ..Default::default() };
    assert_eq!(rule(forge.world.query("forge", &value::methods::WHAT_IF, &broken)).1, "slot");
}
