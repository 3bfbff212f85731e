//! Pools filled in their order.

use crate::{
    open::Open,
    proto::{Adjustment, Distribution, Filled, Income, Payout, Pool, Share},
    share::share,
    totals::Totals,
};
use std::collections::BTreeMap;
use stint_sdk::{Ratio, Refusal};

/// The base of a pool that takes its part of the whole income.
pub const ALL: &str = "all";
/// The base of a pool that takes its part of what earlier pools left.
pub const REMAINING: &str = "remaining";
/// 100 %.
const WHOLE: i128 = 10_000;
/// Pools of one rule at most.
const MOST: usize = 100;

/// What there is to distribute: the amount less the purchases.
pub fn distributable(income: &Income) -> Result<i64, Refusal> {
    if income.amount < 0 || income.purchases < 0 || income.purchases > income.amount {
        let Income { id, amount, purchases, .. } = income;
        let message =
            format!("income {id}: {amount} less purchases of {purchases}; purchases are between 0 and the amount");
        return Err(Refusal::invalid("income", message));
    }
    Ok(income.amount - income.purchases)
}

/// Fills the pools one after the other. `settled` is what earlier distributions settled of the totals.
pub fn distribute(income: &Income, pools: &[Pool], totals: &Totals, settled: Totals) -> Result<Distribution, Refusal> {
    let mut open = Open::new(totals, settled)?;
    fill(income, pools, &mut open)
}

/// The same on what is open, which is less afterwards.
pub(crate) fn fill(income: &Income, pools: &[Pool], open: &mut Open) -> Result<Distribution, Refusal> {
    if pools.len() > MOST {
        return Err(refuse(format!("{} pools were given; the limit is {MOST}", pools.len())));
    }
    let mut filling = Filling::new(distributable(income)?, open);
    for pool in pools {
        filling.fill(pool)?;
    }
    let Filling { pools, shares, left, .. } = filling;
    let settled = open.settled()?;
    let payouts = payouts(&shares, &[]);
    Ok(Distribution { pools, shares, adjustments: Vec::new(), payouts, undistributed: left, settled })
}

struct Filling<'a> {
    open: &'a mut Open,
    whole: i64,
    left: i64,
    /// What each pool left.
    after: BTreeMap<String, i64>,
    pools: Vec<Filled>,
    shares: Vec<Share>,
}

impl Filling<'_> {
    fn new(whole: i64, open: &mut Open) -> Filling<'_> {
        Filling { open, whole, left: whole, after: BTreeMap::new(), pools: Vec::new(), shares: Vec::new() }
    }

    fn fill(&mut self, pool: &Pool) -> Result<(), Refusal> {
        self.check(pool)?;
        let base = self.base(pool)?;
        let part = i128::from(base) * i128::from(pool.basis_points) / WHOLE;
        // A part of an `i64` fits one.
        let amount = i64::try_from(part).unwrap_or(i64::MAX).min(self.left);
        let (paid, weight) = match pool.agent.as_str() {
            "" => self.by_weights(pool, amount)?,
            agent => (self.all_to(pool, agent, amount), String::new()),
        };
        self.left -= paid;
        self.after.insert(pool.name.clone(), self.left);
        self.pools.push(Filled { pool: Some(pool.clone()), base, amount, paid, weight });
        Ok(())
    }

    fn check(&self, pool: &Pool) -> Result<(), Refusal> {
        let name = &pool.name;
        if name.is_empty() || [ALL, REMAINING].contains(&name.as_str()) || self.after.contains_key(name) {
            let other = format!("names are unique, and neither empty nor {ALL} nor {REMAINING}");
            return Err(refuse(format!("no pool can be named {name:?} here; {other}")));
        }
        if pool.stream.is_empty() == pool.agent.is_empty() {
            return Err(refuse(format!("the pool {name} is for a stream or for one agent: name one of them")));
        }
        if i128::from(pool.basis_points) > WHOLE {
            let points = pool.basis_points;
            return Err(refuse(format!("the pool {name} takes {points} hundredths of a percent; 10000 is all")));
        }
        Ok(())
    }

    fn base(&self, pool: &Pool) -> Result<i64, Refusal> {
        match pool.of.as_str() {
            ALL => Ok(self.whole),
            REMAINING => Ok(self.left),
            earlier => self.after.get(earlier).copied().ok_or_else(|| {
                let message =
                    format!("the pool {} takes its part of {earlier:?}, which is no pool before it", pool.name);
                refuse(format!("{message}; name one, or {ALL}, or {REMAINING}"))
            }),
        }
    }

    fn by_weights(&mut self, pool: &Pool, amount: i64) -> Result<(i64, String), Refusal> {
        let (rows, sum) = share(amount, self.open.of(&pool.stream))?;
        let paid = rows.iter().map(|row| row.amount).sum();
        for row in rows {
            self.open.pay(&row.key, row.amount)?;
            self.shares.push(Share {
                pool: pool.name.clone(),
                stream: pool.stream.clone(),
                agent: row.key.agent,
                claim: row.key.claim.into(),
                weight: row.weight.to_string(),
                amount: row.amount,
                formula: row.formula,
            });
        }
        if paid > 0 {
            self.open.close(&pool.stream);
        }
        Ok((paid, sum.to_string()))
    }

    fn all_to(&mut self, pool: &Pool, agent: &str, amount: i64) -> i64 {
        if amount > 0 {
            self.shares.push(Share {
                pool: pool.name.clone(),
                agent: agent.into(),
                weight: Ratio::ONE.to_string(),
                amount,
                formula: format!("all of {amount}"),
                ..Share::default()
            });
        }
        amount
    }
}

/// What each agent gets of shares and adjustments.
pub(crate) fn payouts(shares: &[Share], adjustments: &[Adjustment]) -> Vec<Payout> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let parts = shares.iter().map(|s| (&s.agent, s.amount)).chain(adjustments.iter().map(|a| (&a.agent, a.amount)));
    for (agent, amount) in parts {
        let sum = sums.entry(agent).or_default();
        // Beyond the range only where somebody else ends below zero, which is refused.
        *sum = sum.saturating_add(amount);
    }
    sums.into_iter().map(|(agent, amount)| Payout { agent: agent.into(), amount }).collect()
}

fn refuse(message: String) -> Refusal {
    Refusal::invalid("pools", message)
}
