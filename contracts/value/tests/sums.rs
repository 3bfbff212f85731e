//! V2 and what follows from it, over incomes and contributions as they come.

mod common;

use common::{Forge, params};
use proptest::prelude::*;
use value::proto::*;

#[derive(Clone, Debug)]
enum Step {
    Did(usize, usize, u32),
    Income(i64, i64, u32),
    Waive(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..4, 0usize..4, 1u32..5_000).prop_map(|(agent, kind, quantity)| Step::Did(agent, kind, quantity)),
        2 => (1i64..300_000, 0i64..100, 1u32..9).prop_map(|(amount, part, steps)| Step::Income(amount, amount * part / 100, steps)),
        1 => (0usize..4).prop_map(Step::Waive),
    ]
}

const AGENTS: [&str; 4] = ["ana", "bo", "cy", "dee"];
/// One kind for each claim.
const KINDS: [&str; 4] = ["buy", "own", "work", "care"];

fn valuation(fund: &str, care: &str) -> Vec<Param> {
    let claims = ["debt", "equity", "once", "none"];
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (n, (kind, claim)) in KINDS.iter().zip(claims).enumerate() {
        let mut rule = |path: &str, value: &str| pairs.push((format!("rules.{}.{path}", n + 1), value.into()));
        rule("kind", kind);
        rule("equation", if *kind == "care" { "quantity * care / 7" } else { "quantity / 3" });
        rule("stream", if *kind == "buy" { "buy" } else { "work" });
        rule("claim", claim);
    }
    let buckets = [
        ("1.name", "buy"),
        ("1.pct", "5000"),
        ("2.name", "fund"),
        ("2.agent", "fund"),
        ("2.pct", fund),
        ("3.name", "work"),
    ];
    pairs.extend(buckets.map(|(path, value)| (format!("buckets.{path}"), value.to_string())));
    pairs.push(("care".into(), care.into()));
    params(&pairs.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(stint_sdk::testing::cases(48)))]

    #[test]
    fn every_cent_is_accounted_for_and_can_be_counted_again(steps in prop::collection::vec(step(), 1..25), fund in 0u32..10_000, care in "[0-9]\\.[0-9]") {
        let rule = valuation(&fund.to_string(), &care);
        let mut forge = Forge::new(rule.clone());
        let mut incomes = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Did(agent, kind, quantity) => forge.did(&format!("c{n}"), AGENTS[agent], KINDS[kind], &format!("{}.{:02} one", quantity / 100, quantity % 100), &[]),
                Step::Income(amount, purchases, at_most) => {
                    let id = format!("i{n}");
                    forge.register(&id, amount, purchases);
                    let request = DistributeRequest { income: id.clone(), at_most, ..Default::default() };
                    while !forge.world.call("forge", "steward", &methods::DISTRIBUTE, &request).unwrap().done {}
                    incomes.push(id);
                }
                Step::Waive(agent) => {
                    let request = WriteOffRequest { claim: format!("{}/buy", AGENTS[agent]), ..Default::default() };
                    // There may be nothing to waive.
                    let _ = forge.world.call("forge", AGENTS[agent], &methods::WRITE_OFF, &request);
                }
            }
        }
        for id in &incomes {
            let totals = forge.totals(id);
            prop_assert_eq!(totals.shares + totals.fund + totals.undistributed, totals.amount - totals.purchases);
            prop_assert!(totals.undistributed >= 0 && totals.shares >= 0 && totals.fund >= 0);
            let payouts = forge.payouts(id);
            prop_assert_eq!(payouts.iter().map(|(_, amount)| amount).sum::<i64>(), totals.shares + totals.fund);
            for (agent, amount) in payouts {
                let why = forge.explain(id, &agent);
                let parts: i64 = why.pools.iter().flat_map(|b| &b.shares).map(|s| s.amount).sum();
                prop_assert_eq!((why.amount, parts), (amount, amount));
            }
            let again = forge.recompute(id);
            prop_assert!(again.equal, "{}", again.difference);
        }
        for agent in AGENTS {
            prop_assert!(forge.claims(agent).iter().all(|c| c.open >= 0 && c.paid >= 0));
        }
        // The rule that held would have done what it did.
        let report = forge.what_if(rule, "", "");
        prop_assert!(report.distributions.iter().all(|d| d.diff == 0) && report.sum_diff == 0);
        // Another one moves cents, and makes none: what does not go to agents is undistributed.
        let other = forge.what_if(valuation("2500", "9.9"), "", "");
        prop_assert_eq!(other.sum_diff, other.distributions.iter().map(|d| d.diff).sum::<i64>());
    }
}
