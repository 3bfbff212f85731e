//! The parameters: multipliers, rates, and who left how.

use std::collections::BTreeMap;
use stint_rule::{Schema, parse, proto::Param};
use stint_sdk::{Params, Ratio, Refusal};

/// See [`stint_rule::proto::Parameter`].
pub const SCHEMA: &Schema = &[
    ["noncash", "decimal", "what a unit of time, things or ideas at risk weighs", "2", "0 or more"],
    ["cash", "decimal", "what a unit of cash at risk weighs", "4", "0 or more"],
    ["rate", "decimal", "fair pay for an hour of those without a rate of their own", "", "0 or more"],
    ["rates.*", "decimal", "fair pay for an hour of this agent", "rate", "0 or more"],
    ["left.*", "with_reason|without_reason", "that this agent left, and how", "", ""],
];

pub struct Settings {
    pub noncash: Ratio,
    pub cash: Ratio,
    rate: Option<Ratio>,
    rates: BTreeMap<String, Ratio>,
    /// True for those who left without a good reason.
    left: BTreeMap<String, bool>,
}

impl Settings {
    pub fn read(params: &[Param]) -> Result<Settings, Refusal> {
        let params = parse(params, SCHEMA)?;
        let number = |default: u64, path| params.or(path, Ratio::from(default), positive);
        let left = params.below("left");
        let rates = params.below("rates");
        let how = [("with_reason", false), ("without_reason", true)];
        Ok(Settings {
            noncash: number(2, "noncash")?,
            cash: number(4, "cash")?,
            rate: params.get("rate").map(|_| positive(&params, "rate")).transpose()?,
            rates: rates
                .iter()
                .map(|(agent, _)| Ok((agent.into(), positive(&rates, agent)?)))
                .collect::<Result<_, Refusal>>()?,
            left: left
                .iter()
                .map(|(agent, _)| Ok((agent.into(), left.one_of(agent, &how)?)))
                .collect::<Result<_, Refusal>>()?,
        })
    }

    /// Fair pay for an hour, as the commons set it.
    pub fn rate(&self, agent: &str) -> Option<&Ratio> {
        self.rates.get(agent).or(self.rate.as_ref())
    }

    pub fn left_without_reason(&self, agent: &str) -> bool {
        self.left.get(agent).copied().unwrap_or(false)
    }
}

fn positive(params: &Params, path: &str) -> Result<Ratio, Refusal> {
    let number = params.ratio(path)?;
    match number.is_negative() {
        false => Ok(number),
        true => Err(Refusal::invalid("params", format!("the parameter {path} is {number}; it must be 0 or more"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_every_parameter() {
        assert!(include_str!("../README.md").contains(&stint_rule::table(SCHEMA)), "{}", stint_rule::table(SCHEMA));
    }
}
