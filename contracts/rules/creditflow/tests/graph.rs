//! Small graphs by hand, and random ones: `README.md` has the first.

use creditflow::CreditFlow;
use proptest::prelude::*;
use std::collections::BTreeMap;
use stint_rule::{
    Native, Totals, params,
    proto::{Citation, Contribution, Distribution, Income, Weight},
    whole,
};
use stint_sdk::{Ratio, Refusal};

/// `id` by `agent`, with what it cites.
fn node(id: &str, agent: &str, cites: &[(&str, &str)]) -> Contribution {
    let cite = |(id, weight): &(&str, &str)| Citation { id: id.to_string(), weight: weight.to_string() };
    Contribution {
        id: id.into(),
        agent: agent.into(),
        kind: "work".into(),
        quantity: "1".into(),
        cites: cites.iter().map(cite).collect(),
        ..Contribution::default()
    }
}

fn flow(
    pairs: &[(&'static str, &'static str)],
    nodes: &[Contribution],
    page: usize,
) -> Result<(Distribution, Vec<Weight>), Refusal> {
    let income = Income { id: "i".into(), amount: 100_000, ..Income::default() };
    whole(&Native::<CreditFlow>::default(), &params(pairs.iter().copied()), &income, nodes, Totals::default(), page)
}

fn by_id(weights: &[Weight]) -> BTreeMap<&str, &str> {
    weights.iter().map(|w| (w.contribution.as_str(), w.weight.as_str())).collect()
}

/// A design, a tool made from it, and a delivery that used both. Only deliveries mint.
fn workshop() -> Vec<Contribution> {
    let delivery = Contribution {
        kind: "delivery".into(),
        quantity: "12".into(),
        ..node("delivery", "cy", &[("tool", "2"), ("design", "1")])
    };
    vec![node("design", "ana", &[]), node("tool", "bo", &[("design", "1")]), delivery]
}

const ONLY_DELIVERIES: [(&str, &str); 3] = [("alpha", "1/2"), ("mint", "0"), ("mints.delivery", "1")];

#[test]
fn credit_flows_to_what_was_built_on() {
    let (distribution, weights) = flow(&ONLY_DELIVERIES, &workshop(), 10).unwrap();
    assert_eq!(by_id(&weights), [("delivery", "6"), ("tool", "2"), ("design", "4")].into());
    assert_eq!(weights[1].formula, "(0 minted + 4 from what cites it) × 0.5");
    let payouts: Vec<(&str, i64)> = distribution.payouts.iter().map(|p| (p.agent.as_str(), p.amount)).collect();
    assert_eq!(payouts, [("ana", 33_333), ("bo", 16_667), ("cy", 50_000)]);
}

#[test]
fn thirds_stay_thirds() {
    let nodes = [node("a", "ana", &[]), node("b", "bo", &[]), node("c", "cy", &[("a", "1"), ("b", "2")])];
    let (_, weights) = flow(&[("alpha", "0")], &nodes, 10).unwrap();
    assert_eq!(by_id(&weights), [("a", "4/3"), ("b", "5/3"), ("c", "0")].into());
}

#[test]
fn edges_go_only_to_earlier_contributions() {
    for nodes in [
        vec![node("a", "ana", &[("a", "1")])],
        // The first would cite the second.
        vec![node("a", "ana", &[("b", "1")]), node("b", "bo", &[])],
        vec![node("a", "ana", &[("b", "1")]), node("b", "bo", &[("a", "1")])],
        vec![node("a", "ana", &[("nowhere", "1")])],
        vec![node("a", "ana", &[]), node("b", "bo", &[("a", "0")])],
        vec![node("a", "ana", &[]), node("b", "bo", &[("a", "-1")])],
    ] {
        for page in [1, 10] {
            assert_eq!(flow(&[], &nodes, page).unwrap_err().rule, "F-1");
        }
    }
}

#[test]
fn parameters_out_of_bounds_and_a_foreign_carry_are_refused() {
    for pairs in [[("alpha", "2")], [("alpha", "-1")], [("mint", "-1")], [("beta", "1")]] {
        assert_eq!(flow(&pairs, &[], 1).unwrap_err().rule, "params");
    }
    use stint_rule::proto::{Rule, WeighRequest};
    let request = WeighRequest { carry: vec![7, 7, 7], ..WeighRequest::default() };
    assert_eq!(CreditFlow::weigh(request).unwrap_err().rule, "carry");
}

/// Denominators grow along a chain; exact ratios have an end, and it is said.
#[test]
fn a_chain_too_long_for_exact_ratios_is_refused() {
    let chain = |length: usize| -> Vec<Contribution> {
        let ids: Vec<String> = (0..length).map(|n| format!("n{n}")).collect();
        let cites = |n: usize| if n == 0 { vec![] } else { vec![(ids[n - 1].as_str(), "1")] };
        (0..length).map(|n| node(&ids[n], "ana", &cites(n))).collect()
    };
    assert!(flow(&[("alpha", "0.15")], &chain(500), 100).is_ok());
    assert_eq!(flow(&[("alpha", "0.15")], &chain(2000), 100).unwrap_err().rule, "overflow");
}

proptest! {
    #[test]
    fn what_is_minted_is_kept_and_pages_do_not_matter(
        edges in prop::collection::vec(prop::collection::vec((any::<prop::sample::Index>(), 1u32..5), 0..4), 1..25),
        page in 1usize..30,
    ) {
        let nodes: Vec<Contribution> = edges.iter().enumerate().map(|(n, cites)| Contribution {
            cites: cites.iter().filter(|_| n > 0).map(|(to, weight)| Citation {
                id: format!("n{}", to.index(n)),
                weight: weight.to_string(),
            }).collect(),
            ..node(&format!("n{n}"), &format!("agent{}", n % 4), &[])
        }).collect();
        let (paged, weights) = flow(&[("alpha", "1/3")], &nodes, page)?;
        prop_assert_eq!(&paged, &flow(&[("alpha", "1/3")], &nodes, 100)?.0);
        let kept = weights.iter().try_fold(Ratio::ZERO, |sum, w| sum.plus(&Ratio::parse(&w.weight)?))?;
        prop_assert_eq!(kept, Ratio::from(nodes.len() as u64));
        prop_assert_eq!(paged.payouts.iter().map(|p| p.amount).sum::<i64>(), 100_000);
    }
}
