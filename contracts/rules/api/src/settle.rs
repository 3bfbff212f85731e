//! What agents give one another after the split.

use crate::{
    distribute::payouts,
    proto::{Adjustment, Distribution},
};
use stint_sdk::{Code, Refusal};

/// Applies what a rule says that agents give one another: it must sum to zero and leave nobody below zero.
pub fn settle(distribution: &mut Distribution, adjustments: Vec<Adjustment>) -> Result<(), Refusal> {
    let sum: i128 = adjustments.iter().map(|a| i128::from(a.amount)).sum();
    if sum != 0 {
        return Err(refuse(format!("what agents give one another sums to {sum}; it must sum to 0")));
    }
    let paid: i128 = distribution.shares.iter().map(|s| i128::from(s.amount)).sum();
    // Nobody gives or gets more than there is; so no sum below leaves its range.
    if let Some(a) = adjustments.iter().find(|a| i128::from(a.amount).abs() > paid) {
        return Err(refuse(format!("{} would get {}, and all shares are {paid}", a.agent, a.amount)));
    }
    let mut names: Vec<&str> = adjustments.iter().map(|a| a.agent.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(refuse(format!("{} is adjusted twice; give one sum for each agent", twice[0])));
    }
    let payouts = payouts(&distribution.shares, &adjustments);
    if let Some(below) = payouts.iter().find(|p| p.amount < 0) {
        let message = format!("{} would end at {}; nobody gives more than their share", below.agent, below.amount);
        return Err(refuse(message));
    }
    (distribution.payouts, distribution.adjustments) = (payouts, adjustments);
    Ok(())
}

fn refuse(message: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, "settle", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Payout, Share};

    fn shared() -> Distribution {
        let share = |agent: &str, amount| Share { agent: agent.into(), amount, ..Share::default() };
        Distribution { shares: vec![share("eva", 200), share("fay", 100)], ..Distribution::default() }
    }

    fn adjust(changes: &[(&str, i64)]) -> Result<Vec<(String, i64)>, Refusal> {
        let mut distribution = shared();
        let change = |(agent, amount): &(&str, i64)| Adjustment {
            agent: (*agent).into(),
            amount: *amount,
            ..Adjustment::default()
        };
        settle(&mut distribution, changes.iter().map(change).collect())?;
        Ok(distribution.payouts.into_iter().map(|Payout { agent, amount }| (agent, amount)).collect())
    }

    #[test]
    fn what_is_given_is_received() {
        assert_eq!(
            adjust(&[("eva", -50), ("gus", 50)]).unwrap(),
            [("eva".into(), 150), ("fay".into(), 100), ("gus".into(), 50)]
        );
        assert_eq!(adjust(&[]).unwrap(), [("eva".into(), 200), ("fay".into(), 100)]);
    }

    #[test]
    fn nothing_is_made_and_nobody_ends_below_zero() {
        for changes in [
            vec![("eva", -50), ("fay", 51)],
            vec![("eva", -201), ("fay", 201)],
            vec![("gus", -1), ("fay", 1)],
            vec![("eva", -10), ("eva", 10)],
            vec![("eva", i64::MIN), ("fay", i64::MAX), ("gus", 1)],
        ] {
            assert_eq!(adjust(&changes).unwrap_err().rule, "settle", "{changes:?}");
        }
    }
}
