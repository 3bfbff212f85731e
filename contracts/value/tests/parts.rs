//! What-ifs in parts: however they are cut, they say what would have been.

mod common;

use common::{
    in_parts,
    many::{DIGITS, KINDS, MANY, Many},
    params, refused, rule,
};
use proptest::prelude::*;
use stint_rule::proto::{self as asked, ManifestResponse, PoolsResponse, Weight};
use stint_sdk::{Refusal, testing::World};
use value::{Contract, proto::*};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// So many more contributions are validated.
    More(u64),
    /// An income of a day of January, of contributions from another day on, is distributed in calls of so many steps.
    Income(i64, u32, u32, u32),
    /// Something is paid outside.
    Settle(usize, i64),
}

fn more() -> impl Strategy<Value = Step> {
    (30u64..110).prop_map(Step::More)
}

fn income() -> impl Strategy<Value = Step> {
    (1_000i64..90_000, 20u32..32, 1u32..9, 20u32..400)
        .prop_map(|(amount, day, since, n)| Step::Income(amount, day, since, n))
}

/// Contributions and incomes by turns, and now and then something between.
fn history(between: impl Strategy<Value = Step>) -> impl Strategy<Value = Vec<Step>> {
    let turn = (more(), income(), prop::option::of(between));
    let flat = |(more, income, between)| [Some(more), Some(income), between].into_iter().flatten();
    prop::collection::vec(turn, 1..5).prop_map(move |turns| turns.into_iter().flat_map(flat).collect())
}

const AGENTS: u64 = 5;

/// By which claim each kind counts, which part of the income each stream gets, and the modules that say so.
type Valuation = ([&'static str; 4], [u32; 2], bool);

fn valuation() -> impl Strategy<Value = Valuation> {
    let claims = prop::sample::select(vec![
        ["debt", "equity", "once", "none"],
        ["once", "debt", "none", "once"],
        ["debt", "once", "once", "debt"],
        ["none", "once", "debt", "equity"],
    ]);
    // A stream that gets nothing leaves what counts once open.
    let parts = prop::sample::select(vec![[5_000, 10_000], [0, 10_000], [3_000, 0], [7_500, 5_000]]);
    (claims, parts, any::<bool>())
}

fn hours((claims, parts, _): Valuation) -> Vec<Param> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (n, (kind, claim)) in KINDS.iter().zip(claims).enumerate() {
        let mut rule = |path: &str, value: &str| pairs.push((format!("rules.{}.{path}", n + 1), value.into()));
        rule("kind", kind);
        rule("equation", "quantity * 100 / 3");
        rule("stream", if n < 2 { "first" } else { "second" });
        rule("claim", claim);
    }
    for (n, (stream, part)) in ["first", "second"].into_iter().zip(parts).enumerate() {
        pairs.push((format!("buckets.{}.name", n + 1), stream.into()));
        pairs.push((format!("buckets.{}.pct", n + 1), part.to_string()));
    }
    params(&pairs.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect::<Vec<_>>())
}

/// Speaks of every third contribution twice: on its page, and on the last one of all. What it said there is paid
/// from every other income only.
struct Twice;

impl asked::Rule for Twice {
    fn manifest(_: asked::ManifestRequest) -> Result<ManifestResponse, Refusal> {
        let (kind, order) = (asked::Kind::Valuation.into(), asked::Order::NewestFirst.into());
        Ok(ManifestResponse { kind, order, name: "twice".into(), ..ManifestResponse::default() })
    }

    fn weigh(request: asked::WeighRequest) -> Result<asked::WeighResponse, Refusal> {
        let weight = |contribution: &str, stream: &str, agent: &str| Weight {
            contribution: contribution.into(),
            stream: stream.into(),
            agent: agent.into(),
            weight: "1".into(),
            claim: asked::Claim::Once.into(),
            ..Weight::default()
        };
        let mut weights: Vec<Weight> = Vec::new();
        let mut carry = String::from_utf8(request.carry).unwrap();
        for c in &request.contributions {
            weights.push(weight(&c.id, "now", &c.agent));
            if c.id.bytes().map(u32::from).sum::<u32>() % 3 == 0 {
                carry.push_str(&format!("{}={} ", c.id, c.agent));
            }
        }
        if request.last {
            let late = carry.split_whitespace().filter_map(|kept| kept.split_once('='));
            weights.extend(late.map(|(id, agent)| weight(id, "late", agent)));
            carry.clear();
        }
        Ok(asked::WeighResponse { weights, carry: carry.into() })
    }

    fn pools(request: asked::PoolsRequest) -> Result<PoolsResponse, Refusal> {
        let even = request.income.unwrap_or_default().amount % 2 == 0;
        let pool = |stream: &str, basis_points| asked::Pool {
            name: stream.into(),
            stream: stream.into(),
            of: "all".into(),
            basis_points,
            ..asked::Pool::default()
        };
        Ok(PoolsResponse { pools: vec![pool("now", 6_000), pool("late", if even { 4_000 } else { 0 })] })
    }

    fn settle(_: asked::SettleRequest) -> Result<asked::SettleResponse, Refusal> {
        Ok(asked::SettleResponse::default())
    }
}

stint_sdk::contract!(asked, Twice);

struct Forge {
    world: World,
    incomes: Vec<String>,
}

/// Module and parameters.
fn of(world: &mut World, valuation: Valuation) -> (Vec<u8>, Vec<Param>) {
    let (hours_module, twice) = (world.publish_rule::<::hours::Hours>(), world.publish_rule::<Twice>());
    if valuation.2 { (hours_module.into(), hours(valuation)) } else { (twice.into(), Vec::new()) }
}

/// What came of it all by a rule.
fn played(steps: &[Step], valuation: Valuation) -> Forge {
    MANY.set((0, AGENTS));
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.deploy::<Many>("forge");
    world.member("forge", "steward", &["steward"]);
    let (module, params) = of(&mut world, valuation);
    let request = SetRuleRequest { module, params, from: "2026-01-01".into() };
    world.call("forge", "steward", &methods::SET_RULE, &request).unwrap();
    world.days(60);
    let mut forge = Forge { world, incomes: Vec::new() };
    steps.iter().enumerate().for_each(|(n, step)| forge.step(n, step));
    forge
}

impl Forge {
    fn step(&mut self, n: usize, step: &Step) {
        match step {
            Step::More(more) => MANY.set((MANY.get().0 + more, AGENTS)),
            Step::Income(amount, day, since, at_most) => {
                let id = format!("i{n}");
                let (date, since) = (format!("2026-01-{day}"), format!("2026-01-0{since}"));
                let income = Income { id: id.clone(), amount: *amount, date, since, ..Income::default() };
                let request = RegisterIncomeRequest { income: Some(income) };
                self.world.call("forge", "steward", &methods::REGISTER_INCOME, &request).unwrap();
                let request = DistributeRequest { income: id.clone(), at_most: *at_most, ..Default::default() };
                while !self.world.call("forge", "steward", &methods::DISTRIBUTE, &request).unwrap().done {}
                self.incomes.push(id);
            }
            Step::Settle(agent, amount) => {
                let (claim, id) = (format!("a{agent:04}/first"), format!("p{n}"));
                let request = SettleRequest { claim, amount: *amount, id, ..Default::default() };
                // There may be nothing to pay.
                let _ = self.world.call("forge", "steward", &methods::SETTLE, &request);
            }
        }
    }

    fn payouts(&mut self) -> Vec<(String, String, i64)> {
        let mut all = Vec::new();
        for id in &self.incomes {
            let request = GetDistributionRequest { distribution: id.clone(), page_size: 100, ..Default::default() };
            let found = self.world.query("forge", &methods::GET_DISTRIBUTION, &request).unwrap();
            all.extend(found.payouts.into_iter().map(|p| (id.clone(), p.agent, p.amount)));
        }
        all
    }

    fn question(&mut self, valuation: Valuation) -> WhatIfRequest {
        let (module, params) = of(&mut self.world, valuation);
        WhatIfRequest { slot: "valuation".into(), module, params, ..Default::default() }
    }
}

/// Rows of agents that get something.
fn amounts(report: &WhatIfResponse, of: impl Fn(&Difference) -> i64) -> Vec<(String, String, i64)> {
    let rows = report.distributions.iter().map(|d| (d.id.clone(), d.agent.clone(), of(d)));
    rows.filter(|(_, _, amount)| *amount != 0).collect()
}

fn some(mut payouts: Vec<(String, String, i64)>) -> Vec<(String, String, i64)> {
    payouts.retain(|(_, _, amount)| *amount != 0);
    payouts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(stint_sdk::testing::cases(32)))]

    /// The report is what another ledger keeps that lived through the same by the other rule; and the same, to its
    /// hash, in whatever parts it is asked.
    #[test]
    fn a_report_is_what_would_have_been_however_it_is_cut(
        steps in history(income()),
        held in valuation(),
        other in valuation(),
        cuts in prop::collection::vec(1u32..160, 1..9),
    ) {
        let mut lived = played(&steps, other);
        let would_be = lived.payouts();
        let mut forge = played(&steps, held);
        let question = forge.question(other);
        let (whole, _) = in_parts(&mut forge.world, question.clone(), || 0).unwrap();
        prop_assert_eq!(amounts(&whole, |d| d.old), some(forge.payouts()));
        prop_assert_eq!(amounts(&whole, |d| d.new), some(would_be));
        let mut cut = cuts.iter().cycle();
        let (in_many, parts) = in_parts(&mut forge.world, question, || *cut.next().unwrap()).unwrap();
        prop_assert!(parts > 1 || whole.rows_read < 210, "{} parts of {}", parts, whole.rows_read);
        prop_assert_eq!(in_many, whole);
    }

    /// What is paid between distributions is taken over in whatever part it comes up.
    #[test]
    fn what_is_paid_outside_counts_in_any_part(
        steps in history((0usize..5, 1i64..5_000).prop_map(|(agent, amount)| Step::Settle(agent, amount))),
        other in valuation(),
        cut in 1u32..160,
    ) {
        let debts = (["debt", "debt", "debt", "debt"], [3_000, 5_000], true);
        let mut forge = played(&steps, debts);
        let same = forge.question(debts);
        let (report, _) = in_parts(&mut forge.world, same, || cut).unwrap();
        prop_assert!(report.distributions.iter().all(|d| d.diff == 0));
        let other = forge.question(other);
        let whole = in_parts(&mut forge.world, other.clone(), || 0).unwrap().0;
        prop_assert_eq!(in_parts(&mut forge.world, other, || cut).unwrap().0, whole);
    }
}

/// Two incomes, each of as many contributions with long ids.
fn long(contributions: u64) -> Forge {
    DIGITS.set(63);
    let income = |amount| Step::Income(amount, 31, 1, 400);
    let held = (["once", "once", "once", "once"], [5_000, 10_000], true);
    played(&[Step::More(contributions), income(10_000), income(20_000)], held)
}

#[test]
fn what_stands_between_two_parts_is_bounded() {
    let mut forge = long(1_400);
    // By this rule everything stays open.
    let question = forge.question((["none", "none", "none", "none"], [5_000, 10_000], true));
    let refusal = in_parts(&mut forge.world, question.clone(), || 0).unwrap_err();
    assert!(refusal.message.contains("1400 contributions that this rule leaves otherwise"), "{refusal}");
    assert_eq!(rule::<()>(Err(refusal)), refused(stint_sdk::Code::ResourceExhausted, "carry"));
    // One of the two does not leave anything behind.
    let first = WhatIfRequest { to_height: forge.world.height() - 2, ..question };
    assert!(in_parts(&mut forge.world, first, || 400).unwrap().1 > 3);
}

#[test]
fn a_place_belongs_to_one_question() {
    let mut forge = long(60);
    let once = (["once", "once", "once", "once"], [5_000, 10_000], true);
    let mut question = forge.question(once);
    question.at_most = 1;
    let place = forge.world.query("forge", &methods::WHAT_IF, &question).unwrap();
    assert!(!place.done && place.report_hash.is_empty());
    let ask =
        |forge: &mut Forge, request: WhatIfRequest| rule(forge.world.query("forge", &methods::WHAT_IF, &request)).1;
    let other = WhatIfRequest { to_height: 7, carry: place.carry.clone(), ..question.clone() };
    assert_eq!(ask(&mut forge, other), "carry");
    for broken in [vec![7], place.carry[..40].to_vec(), [&place.carry[..], &[0x10, 6]].concat()] {
        assert_eq!(ask(&mut forge, WhatIfRequest { carry: broken, ..question.clone() }), "carry");
    }
    let (report, _) = in_parts(&mut forge.world, WhatIfRequest { carry: place.carry, ..question }, || 1).unwrap();
    assert_eq!(report.progress.unwrap(), WhatIfProgress { done: 2, distributions: 2, contributions: 60 });
}
