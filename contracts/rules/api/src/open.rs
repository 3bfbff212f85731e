//! What of a sum is still open.
//!
//! | claim | open weight | after a distribution |
//! |---|---|---|
//! | none | the sum | the sum |
//! | equity | the sum | the sum |
//! | debt | the sum in whole minor units, less what was paid or written off | less what is paid now |
//! | once | the sum, less the weight that has had its share | 0 |

use crate::{
    proto::{Claim, Settled, Stream, Total},
    totals::{Key, Totals},
};
use std::collections::BTreeMap;
use stint_sdk::{Ratio, Refusal, Rounding};

/// The weights by which an income is shared.
#[derive(Clone, Debug)]
pub struct Open {
    settled: Totals,
    /// What is open of each sum, and what was settled of it here.
    rows: BTreeMap<Key, (Ratio, Ratio)>,
}

impl Open {
    /// What is open of sums, when so much of them was settled before.
    pub fn new(totals: &Totals, settled: Totals) -> Result<Open, Refusal> {
        let mut rows = BTreeMap::new();
        for (key, sum) in totals.iter() {
            // Nobody is owed a part of a cent.
            let owed = match key.claim {
                Claim::None | Claim::Equity => sum.clone(),
                Claim::Debt => whole(sum.round(Rounding::Down)?)?.minus(&settled.get(key))?,
                Claim::Once => sum.minus(&settled.get(key))?,
            };
            // A correction can bring a sum below what was settled of it: then nothing is open.
            rows.insert(key.clone(), (owed.max(Ratio::ZERO), Ratio::ZERO));
        }
        Ok(Open { settled, rows })
    }

    /// The streams with their open weights, by name.
    pub fn streams(&self) -> Result<Vec<Stream>, Refusal> {
        let mut sums: BTreeMap<&str, (Ratio, Vec<&str>)> = BTreeMap::new();
        for (key, (open, _)) in &self.rows {
            let (sum, agents) = sums.entry(&key.stream).or_default();
            *sum = sum.plus(open)?;
            if !open.is_zero() && agents.last() != Some(&key.agent.as_str()) {
                agents.push(&key.agent);
            }
        }
        let stream = |(name, (sum, agents)): (&str, (Ratio, Vec<&str>))| Stream {
            name: name.into(),
            weight: sum.to_string(),
            agents: agents.len() as u32,
        };
        Ok(sums.into_iter().map(stream).collect())
    }

    /// Open weights above 0 of a stream, in the order of agents and claims.
    pub fn of(&self, stream: &str) -> Vec<(Key, Ratio)> {
        let rows = self.rows.iter().filter(|(key, (open, _))| key.stream == stream && !open.is_zero());
        rows.map(|(key, (open, _))| (key.clone(), open.clone())).collect()
    }

    /// What is open, as totals.
    pub fn totals(&self) -> Vec<Total> {
        let total = |(key, (open, _)): (&Key, &(Ratio, Ratio))| Total {
            stream: key.stream.clone(),
            agent: key.agent.clone(),
            claim: key.claim.into(),
            weight: open.to_string(),
        };
        self.rows.iter().map(total).collect()
    }

    /// Takes note that a debt was paid.
    pub(crate) fn pay(&mut self, key: &Key, amount: i64) -> Result<(), Refusal> {
        let Some((open, now)) = self.rows.get_mut(key).filter(|_| key.claim == Claim::Debt) else { return Ok(()) };
        (*open, *now) = (open.minus(&Ratio::from(amount))?, now.plus(&Ratio::from(amount))?);
        Ok(())
    }

    /// Takes note that a stream was shared: who took part once has had its share.
    pub(crate) fn close(&mut self, stream: &str) {
        let once = self.rows.iter_mut().filter(|(key, _)| key.stream == stream && key.claim == Claim::Once);
        for (_, (open, now)) in once.filter(|(_, (open, _))| !open.is_zero()) {
            (*open, *now) = (Ratio::ZERO, open.clone());
        }
    }

    /// The new state of everything of which something was settled.
    pub(crate) fn settled(&self) -> Result<Vec<Settled>, Refusal> {
        let mut changed = Vec::new();
        for (key, (_, now)) in self.rows.iter().filter(|(_, (_, now))| !now.is_zero()) {
            changed.push(Settled {
                stream: key.stream.clone(),
                agent: key.agent.clone(),
                claim: key.claim.into(),
                amount: self.settled.get(key).plus(now)?.to_string(),
            });
        }
        Ok(changed)
    }
}

fn whole(number: i128) -> Result<Ratio, Refusal> {
    Ratio::parse(&number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(agent: &str, claim: Claim, weight: &str) -> Total {
        Total { stream: "s".into(), agent: agent.into(), claim: claim.into(), weight: weight.into() }
    }

    fn open(total: Total, settled: &str) -> String {
        let before =
            Settled { stream: "s".into(), agent: total.agent.clone(), claim: total.claim, amount: settled.into() };
        let open = Open::new(&Totals::read(&[total]).unwrap(), Totals::read_settled(&[before]).unwrap()).unwrap();
        open.of("s").first().map_or("0".into(), |(_, weight)| weight.to_string())
    }

    #[test]
    fn each_claim_is_open_in_its_own_way() {
        assert_eq!(open(total("ana", Claim::Debt, "100.9"), "30"), "70");
        assert_eq!(open(total("ana", Claim::Debt, "100"), "130"), "0");
        assert_eq!(open(total("ana", Claim::Once, "100.5"), "30"), "70.5");
        assert_eq!(open(total("ana", Claim::Equity, "100"), "30"), "100");
        assert_eq!(open(total("ana", Claim::None, "100"), "30"), "100");
    }

    #[test]
    fn streams_count_agents_with_open_weights() {
        let totals = [total("ana", Claim::Debt, "2"), total("ana", Claim::Once, "3"), total("bo", Claim::None, "0")];
        let open = Open::new(&Totals::read(&totals).unwrap(), Totals::default()).unwrap();
        assert_eq!(open.streams().unwrap(), [Stream { name: "s".into(), weight: "5".into(), agents: 1 }]);
    }
}
