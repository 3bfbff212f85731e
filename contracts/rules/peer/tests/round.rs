//! Rounds by hand: `README.md` has the same numbers.

use peer::Peer;
use proptest::prelude::*;
use std::collections::BTreeMap;
use stint_rule::{
    Native, Totals, params,
    proto::{Contribution, Distribution, Income},
    whole,
};
use stint_sdk::Refusal;

fn gift(from: &str, to: &str, units: &str) -> Contribution {
    Contribution {
        id: format!("{from}-{to}"),
        agent: from.into(),
        to: to.into(),
        kind: "give".into(),
        quantity: units.into(),
        ..Contribution::default()
    }
}

fn share(pairs: &[(&'static str, &'static str)], gifts: &[Contribution], page: usize) -> Result<Distribution, Refusal> {
    let income = Income { id: "i".into(), amount: 100_000, ..Income::default() };
    let params = params(pairs.iter().copied());
    whole(&Native::<Peer>::default(), &params, &income, gifts, Totals::default(), page).map(|(d, _)| d)
}

fn paid(distribution: &Distribution) -> BTreeMap<&str, i64> {
    distribution.payouts.iter().map(|p| (p.agent.as_str(), p.amount)).collect()
}

#[test]
fn the_budget_is_shared_by_what_was_received() {
    let gifts = [gift("ana", "bo", "60"), gift("ana", "cy", "40"), gift("bo", "ana", "50"), gift("cy", "bo", "50")];
    let distribution = share(&[], &gifts, 2).unwrap();
    // 50, 110 and 40 of 200; the 100 units that bo and cy kept are burnt.
    assert_eq!(paid(&distribution), [("ana", 25_000), ("bo", 55_000), ("cy", 20_000)].into());
    let half = share(&[("pct", "5000")], &gifts, 10).unwrap();
    assert_eq!((paid(&half)["bo"], half.undistributed), (27_500, 50_000));
}

#[test]
fn who_opts_out_gives_and_does_not_receive() {
    let pairs = [("members.1", "ana"), ("members.2", "bo"), ("opt_out.1", "ana")];
    assert_eq!(paid(&share(&pairs, &[gift("ana", "bo", "1")], 10).unwrap()), [("bo", 100_000)].into());
    assert_eq!(share(&pairs, &[gift("bo", "ana", "1")], 10).unwrap_err().rule, "P-opt-out");
}

#[test]
fn every_round_has_units_of_its_own() {
    let in_round = |name: &str, gift: Contribution| Contribution {
        attributes: [("round".to_string(), name.to_string())].into(),
        ..gift
    };
    let two = [in_round("spring", gift("ana", "bo", "100")), in_round("summer", gift("ana", "cy", "100"))];
    assert_eq!(paid(&share(&[], &two, 1).unwrap()), [("bo", 50_000), ("cy", 50_000)].into());
}

#[test]
fn what_breaks_a_round_is_refused_by_name() {
    let members = [("members.1", "ana"), ("members.2", "bo")];
    for (gifts, rule) in [
        (vec![gift("ana", "ana", "1")], "P-self"),
        (vec![gift("ana", "bo", "0.5")], "P-whole"),
        (vec![gift("ana", "bo", "1/3")], "P-whole"),
        (vec![gift("ana", "bo", "101")], "P-limit"),
        // Also over two pages, and by a number that would overflow.
        (vec![gift("ana", "bo", "60"), gift("ana", "bo", "41")], "P-limit"),
        (vec![gift("ana", "bo", "60"), gift("ana", "bo", "18446744073709551615")], "P-limit"),
        (vec![gift("ana", "eve", "1")], "P-member"),
        (vec![gift("eve", "bo", "1")], "P-member"),
        (vec![gift("ana", "", "1")], "P-member"),
        (vec![gift("ana", "bo", "-1")], "contribution"),
    ] {
        assert_eq!(share(&members, &gifts, 1).unwrap_err().rule, rule);
    }
    for pairs in [[("give", "0")], [("pct", "10001")], [("members", "ana")]] {
        assert_eq!(share(&pairs, &[], 1).unwrap_err().rule, "params");
    }
}

proptest! {
    #[test]
    fn pages_do_not_matter_and_the_sum_is_the_income(units in prop::collection::vec((0usize..5, 1usize..5, 0u32..20), 1..40), page in 1usize..50) {
        let names = ["ana", "bo", "cy", "dee", "eve"];
        let gifts: Vec<Contribution> = units.iter().map(|(from, step, units)| {
            gift(names[*from], names[(from + step) % 5], &units.to_string())
        }).collect();
        let (paged, at_once) = (share(&[("give", "1000")], &gifts, page)?, share(&[("give", "1000")], &gifts, 100)?);
        prop_assert_eq!(&paged, &at_once);
        prop_assert_eq!(paid(&paged).values().sum::<i64>() + paged.undistributed, 100_000);
    }
}
