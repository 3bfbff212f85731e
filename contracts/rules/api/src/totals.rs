//! Weights summed by stream, agent and claim.

use crate::proto::{Claim, Settled, Total, Weight};
use std::collections::{BTreeMap, btree_map};
use stint_sdk::{Ratio, Refusal};

/// Bytes of a stream's or an agent's name at most.
const NAME_BYTES: usize = 64;

/// Whose weight it is, and what becomes of it when it is paid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// For which it weighs.
    pub stream: String,
    /// Who has it.
    pub agent: String,
    /// What becomes of it.
    pub claim: Claim,
}

impl Key {
    fn new(stream: &str, agent: &str, claim: i32) -> Result<Key, Refusal> {
        for (what, name) in [("stream", stream), ("agent", agent)] {
            if name.is_empty() || name.len() > NAME_BYTES {
                let shown: String = name.chars().take(80).collect();
                return Err(refuse(format!("{shown:?} names no {what}: that takes 1 to {NAME_BYTES} bytes")));
            }
        }
        let unknown = |_| refuse(format!("{claim} is no claim; there are none (0), debt (1), equity (2) and once (3)"));
        Ok(Key { stream: stream.into(), agent: agent.into(), claim: Claim::try_from(claim).map_err(unknown)? })
    }
}

/// Exact sums by stream, agent and claim. The order in which they were added does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Key, Ratio>);

impl Totals {
    /// Adds the weights of a page; refuses weights below 0.
    pub fn add(&mut self, weights: &[Weight]) -> Result<(), Refusal> {
        for w in weights {
            let added = Key::new(&w.stream, &w.agent, w.claim).and_then(|key| self.plus(key, &w.weight));
            added.map_err(|r| Refusal { message: format!("the weight of {}: {}", w.contribution, r.message), ..r })?;
        }
        Ok(())
    }

    /// Reads what was kept.
    pub fn read(kept: &[Total]) -> Result<Totals, Refusal> {
        let mut totals = Totals::default();
        for t in kept {
            totals.plus(Key::new(&t.stream, &t.agent, t.claim)?, &t.weight)?;
        }
        Ok(totals)
    }

    /// Reads what was settled.
    pub fn read_settled(kept: &[Settled]) -> Result<Totals, Refusal> {
        let mut totals = Totals::default();
        for s in kept {
            totals.plus(Key::new(&s.stream, &s.agent, s.claim)?, &s.amount)?;
        }
        Ok(totals)
    }

    /// To be kept, in the order of streams, agents and claims.
    pub fn write(&self) -> Vec<Total> {
        let total = |(key, weight): (&Key, &Ratio)| Total {
            stream: key.stream.clone(),
            agent: key.agent.clone(),
            claim: key.claim.into(),
            weight: weight.to_string(),
        };
        self.0.iter().map(total).collect()
    }

    /// The sum of a key; 0 when nothing was added.
    pub fn get(&self, key: &Key) -> Ratio {
        self.0.get(key).cloned().unwrap_or_default()
    }

    /// All sums in the order of their keys.
    pub fn iter(&self) -> btree_map::Iter<'_, Key, Ratio> {
        self.0.iter()
    }

    fn plus(&mut self, key: Key, weight: &str) -> Result<(), Refusal> {
        let weight = Ratio::parse(weight)?;
        if weight.is_negative() {
            return Err(refuse(format!("{weight} is below 0; weights are 0 or more")));
        }
        let sum = self.0.entry(key).or_default();
        *sum = sum.plus(&weight)?;
        Ok(())
    }
}

fn refuse(message: String) -> Refusal {
    Refusal::invalid("weight", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(stream: &str, agent: &str, weight: &str, claim: i32) -> Weight {
        let (stream, agent, weight) = (stream.into(), agent.into(), weight.into());
        Weight { contribution: "c1".into(), stream, agent, weight, claim, formula: String::new() }
    }

    #[test]
    fn sums_are_exact_and_kept_apart_by_claim() {
        let mut totals = Totals::default();
        totals.add(&[weight("work", "ana", "1/3", 0), weight("work", "ana", "2/3", 0)]).unwrap();
        totals.add(&[weight("work", "ana", "5", 1), weight("care", "ana", "0.5", 0)]).unwrap();
        let kept = totals.write();
        let shown: Vec<(&str, i32, &str)> =
            kept.iter().map(|t| (t.stream.as_str(), t.claim, t.weight.as_str())).collect();
        assert_eq!(shown, [("care", 0, "0.5"), ("work", 0, "1"), ("work", 1, "5")]);
        assert_eq!(Totals::read(&kept).unwrap(), totals);
    }

    #[test]
    fn what_is_no_weight_is_refused_by_the_name_of_its_contribution() {
        for (wrong, rule) in [
            (weight("work", "ana", "-1", 0), "weight"),
            (weight("", "ana", "1", 0), "weight"),
            (weight("work", "", "1", 0), "weight"),
            (weight("work", &"a".repeat(65), "1", 0), "weight"),
            (weight("work", "ana", "1", 4), "weight"),
            (weight("work", "ana", "many", 0), "ratio"),
        ] {
            let refusal = Totals::default().add(&[wrong]).unwrap_err();
            assert_eq!(refusal.rule, rule);
            assert!(refusal.message.starts_with("the weight of c1: "), "{refusal}");
        }
    }
}
