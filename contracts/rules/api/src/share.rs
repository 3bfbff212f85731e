//! One pool shared by weights.
//!
//! When the pool would pay every weight in full, debts are paid off and the rest is shared by the others, whose
//! claims have no limit. Otherwise everybody shares in proportion to what is open; then no debt gets more than
//! it is, for a share of less than the whole debt, rounded up, is at most the debt.

use crate::{proto::Claim, totals::Key, words::short};
use stint_sdk::{Code, Ratio, Refusal, Rounding, split_ratios};

/// One row of a shared pool: whose, by which weight, how much, and why.
pub struct Row {
    pub key: Key,
    pub weight: Ratio,
    pub amount: i64,
    pub formula: String,
}

/// The rows of a pool and the sum of their weights.
pub fn share(pool: i64, open: Vec<(Key, Ratio)>) -> Result<(Vec<Row>, Ratio), Refusal> {
    let sum = sum(&open)?;
    if sum.is_zero() || pool == 0 {
        return Ok((Vec::new(), sum));
    }
    if Ratio::from(pool) < sum {
        return Ok((proportional(pool, open)?, sum));
    }
    let (debts, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|(key, _)| key.claim == Claim::Debt);
    let mut rows = Vec::with_capacity(debts.len() + others.len());
    let mut left = pool;
    for (key, weight) in debts {
        let amount = i64::try_from(weight.round(Rounding::Down)?).map_err(|_| too_much())?;
        left -= amount;
        rows.push(Row { key, weight, amount, formula: format!("{amount} is open and paid in full") });
    }
    if !others.is_empty() {
        rows.extend(proportional(left, others)?);
    }
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    Ok((rows, sum))
}

fn proportional(pool: i64, open: Vec<(Key, Ratio)>) -> Result<Vec<Row>, Refusal> {
    let sum = sum(&open)?;
    let parties: Vec<((&str, Claim), Ratio)> =
        open.iter().map(|(key, weight)| ((key.agent.as_str(), key.claim), weight.clone())).collect();
    let parts = split_ratios(u128::from(pool.unsigned_abs()), &parties)?;
    let row = |((key, weight), part): ((Key, Ratio), u128)| {
        let amount = i64::try_from(part).map_err(|_| too_much())?;
        let formula = format!("{pool} × {} / {} → {amount}", short(&weight), short(&sum));
        Ok(Row { key, weight, amount, formula })
    };
    open.into_iter().zip(parts).map(row).collect()
}

fn sum(open: &[(Key, Ratio)]) -> Result<Ratio, Refusal> {
    open.iter().try_fold(Ratio::ZERO, |sum, (_, weight)| sum.plus(weight))
}

fn too_much() -> Refusal {
    Refusal::new(Code::OutOfRange, "overflow", "a share does not fit an amount of money")
}
