//! What holds of every distribution, whatever a rule answers: the numbers are those of the crate's documentation.

use proptest::prelude::*;
use std::collections::BTreeMap;
use stint_rule::{
    ALL, Open, REMAINING, Totals, distribute,
    proto::{Claim, Distribution, Income, Pool, Settled, Total},
};
use stint_sdk::{Ratio, Refusal, Rounding};

fn income(amount: i64, purchases: i64) -> Income {
    Income { id: "i".into(), amount, purchases, date: "2026-03-01".into() }
}

fn pool(name: &str, to: &str, basis_points: u32, of: &str) -> Pool {
    // In these tests an agent's name is written with a capital letter, a stream's without.
    let agent = to.chars().next().is_some_and(char::is_uppercase);
    let (stream, agent) = if agent { (String::new(), to.into()) } else { (to.into(), String::new()) };
    Pool { name: name.into(), stream, agent, basis_points, of: of.into(), formula: String::new() }
}

fn total(stream: &str, agent: &str, claim: Claim, weight: &str) -> Total {
    Total { stream: stream.into(), agent: agent.into(), claim: claim.into(), weight: weight.into() }
}

fn run(amount: i64, pools: &[Pool], totals: &[Total]) -> Result<Distribution, Refusal> {
    distribute(&income(amount, 0), pools, &Totals::read(totals)?, Totals::default())
}

fn paid(distribution: &Distribution) -> BTreeMap<&str, i64> {
    distribution.payouts.iter().map(|p| (p.agent.as_str(), p.amount)).collect()
}

#[test]
fn pools_take_their_part_of_all_of_what_remains_or_of_what_another_left() {
    let pools = [
        pool("a", "A", 1000, ALL),
        pool("b", "B", 5000, REMAINING),
        pool("c", "C", 1000, "a"),
        pool("d", "D", 9000, ALL),
    ];
    let distribution = run(1000, &pools, &[]).unwrap();
    assert_eq!(paid(&distribution), [("A", 100), ("B", 450), ("C", 90), ("D", 360)].into());
    assert_eq!(distribution.pools.iter().map(|p| p.base).collect::<Vec<_>>(), [1000, 900, 900, 1000]);
    assert_eq!(distribution.undistributed, 0);
}

#[test]
fn a_pool_that_nobody_shares_leaves_its_part_to_those_behind() {
    let distribution = run(1000, &[pool("a", "nobody", 5000, ALL), pool("b", "B", 5000, REMAINING)], &[]).unwrap();
    assert_eq!((paid(&distribution)["B"], distribution.undistributed), (500, 500));
}

/// When there is enough for all, debts are paid off and the rest goes to those whose claims have no limit.
#[test]
fn debts_and_others_share_one_pool() {
    let totals = [total("s", "ana", Claim::Debt, "100"), total("s", "bo", Claim::Equity, "100")];
    assert_eq!(paid(&run(100, &[pool("a", "s", 10_000, ALL)], &totals).unwrap()), [("ana", 50), ("bo", 50)].into());
    assert_eq!(paid(&run(1000, &[pool("a", "s", 10_000, ALL)], &totals).unwrap()), [("ana", 100), ("bo", 900)].into());
}

#[test]
fn a_debt_that_an_earlier_pool_paid_is_not_paid_again() {
    let pools = [pool("a", "s", 5000, ALL), pool("b", "s", 10_000, REMAINING)];
    let distribution = run(100, &pools, &[total("s", "ana", Claim::Debt, "70")]).unwrap();
    assert_eq!((paid(&distribution)["ana"], distribution.undistributed), (70, 30));
    assert_eq!(distribution.settled[0].amount, "70");
}

#[test]
fn purchases_come_off_first_and_cannot_be_more_than_the_amount() {
    let totals = Totals::read(&[total("s", "ana", Claim::None, "1")]).unwrap();
    let all = |i| distribute(&i, &[pool("a", "s", 10_000, ALL)], &totals, Totals::default());
    assert_eq!(paid(&all(income(360_000, 14_400)).unwrap())["ana"], 345_600);
    for wrong in [income(-1, 0), income(1, -1), income(1, 2)] {
        assert_eq!(all(wrong).unwrap_err().rule, "income");
    }
}

#[test]
fn misshapen_pools_are_refused() {
    let both = Pool { agent: "A".into(), ..pool("a", "s", 1, ALL) };
    for pools in [
        vec![pool("", "A", 1, ALL)],
        vec![pool("all", "A", 1, ALL)],
        vec![pool("a", "A", 1, ALL), pool("a", "A", 1, ALL)],
        vec![pool("a", "", 1, ALL)],
        vec![both],
        vec![pool("a", "A", 10_001, ALL)],
        vec![pool("a", "A", 1, "b"), pool("b", "A", 1, ALL)],
        vec![pool("a", "A", 1, "")],
        (0..101).map(|n| pool(&format!("p{n}"), "A", 1, ALL)).collect(),
    ] {
        assert_eq!(run(100, &pools, &[]).unwrap_err().rule, "pools");
    }
}

fn claims() -> impl Strategy<Value = Claim> {
    prop::sample::select(vec![Claim::None, Claim::Debt, Claim::Equity, Claim::Once])
}

fn rows() -> impl Strategy<Value = Vec<Total>> {
    let row = (0u8..3, 0u8..5, claims(), 0i64..5000, 1i64..7).prop_map(|(stream, agent, claim, num, den)| {
        total(&format!("s{stream}"), &format!("ag{agent}"), claim, &Ratio::new(num, den).unwrap().to_string())
    });
    prop::collection::vec(row, 0..25)
}

fn pools() -> impl Strategy<Value = Vec<Pool>> {
    let one = (0u8..5, 0u32..=10_000, 0u8..4);
    prop::collection::vec(one, 0..6).prop_map(|list| {
        let to = |n| if n < 3 { format!("s{n}") } else { format!("Fund{n}") };
        let of = |n: usize, base| match base {
            0 => ALL.into(),
            1 if n > 0 => format!("p{}", n / 2),
            _ => REMAINING.into(),
        };
        list.into_iter()
            .enumerate()
            .map(|(n, (t, bp, base))| pool(&format!("p{n}"), &to(t), bp, &of(n, base)))
            .collect()
    })
}

fn settle(known: &mut BTreeMap<(String, String, i32), Settled>, distribution: &Distribution) {
    for s in &distribution.settled {
        known.insert((s.stream.clone(), s.agent.clone(), s.claim), s.clone());
    }
}

proptest! {
    /// Four incomes, one after the other, on the same contributions.
    #[test]
    fn every_cent_is_somewhere_and_no_debt_is_overpaid(rows in rows(), pools in pools(), amounts in prop::collection::vec((0i64..20_000, 0i64..100), 4)) {
        let totals = Totals::read(&rows)?;
        let mut known = BTreeMap::new();
        for (amount, part) in amounts {
            let income = income(amount, amount * part / 100);
            let settled: Vec<Settled> = known.values().cloned().collect();
            let open = Open::new(&totals, Totals::read_settled(&settled)?)?;
            let distribution = distribute(&income, &pools, &totals, Totals::read_settled(&settled)?)?;
            // 1: everything is paid out or undistributed.
            let sum: i64 = distribution.payouts.iter().map(|p| p.amount).sum();
            prop_assert_eq!(sum + distribution.undistributed, amount - income.purchases);
            let of_pools: i64 = distribution.pools.iter().map(|p| p.paid).sum();
            prop_assert_eq!(of_pools, sum);
            prop_assert!(distribution.undistributed >= 0 && distribution.shares.iter().all(|s| s.amount >= 0));
            for p in &distribution.pools {
                let shares = distribution.shares.iter().filter(|s| Some(&s.pool) == p.pool.as_ref().map(|p| &p.name));
                prop_assert_eq!(shares.map(|s| s.amount).sum::<i64>(), p.paid);
                prop_assert!(p.paid <= p.amount && p.amount <= p.base);
            }
            // 2 and 4: nobody shares without an open weight, and no debt is paid beyond it.
            let mut debts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
            for share in distribution.shares.iter().filter(|s| !s.stream.is_empty()) {
                let rows = open.of(&share.stream);
                let weight = rows.iter().find(|(k, _)| k.agent == share.agent && k.claim == share.claim()).map(|(_, w)| w.clone());
                prop_assert!(weight.is_some());
                if share.claim() == Claim::Debt {
                    let paid = debts.entry((&share.stream, &share.agent)).or_default();
                    *paid += share.amount;
                    prop_assert!(Ratio::from(*paid) <= weight.unwrap_or_default());
                }
            }
            settle(&mut known, &distribution);
        }
        // Over all incomes no debt was paid beyond the sum of its weights.
        for (key, sum) in totals.iter().filter(|(key, _)| key.claim == Claim::Debt) {
            let settled = known.get(&(key.stream.clone(), key.agent.clone(), key.claim.into()));
            let settled = settled.map_or(Ok(0), |s| Ratio::parse(&s.amount).and_then(|r| r.round(Rounding::Up)))?;
            prop_assert!(settled <= sum.round(Rounding::Down)?);
        }
    }

    #[test]
    fn the_order_of_weights_does_not_matter(mut rows in rows(), pools in pools(), amount in 0i64..20_000) {
        let before = run(amount, &pools, &rows)?;
        rows.reverse();
        prop_assert_eq!(run(amount, &pools, &rows)?, before);
    }

    /// Also with amounts near the end of their range.
    #[test]
    fn large_incomes_are_split_too(amount in i64::MAX - 1000.., rows in rows(), bp in 0u32..=10_000) {
        let distribution = run(amount, &[pool("a", "s0", bp, ALL), pool("b", "s1", 10_000, REMAINING)], &rows)?;
        prop_assert_eq!(distribution.payouts.iter().map(|p| i128::from(p.amount)).sum::<i128>() + i128::from(distribution.undistributed), i128::from(amount));
    }
}
