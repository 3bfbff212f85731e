//! The parameters of the three streams.

use std::collections::BTreeSet;
use stint_rule::{Schema, parse, proto::Param};
use stint_sdk::{Params, Ratio, Refusal};

/// See [`stint_rule::proto::Parameter`].
pub const SCHEMA: &Schema = &[
    ["livelihood", "basis points", "livelihood's part of an income; love gets the rest", "7500", "0 to 10000"],
    ["credit", "integer", "what a credit of love is worth, in minor units", "100", "1 to 1000000"],
    ["strength", "ratio", "how much of what care is short of is given: 0 nothing, 1 all", "1/2", "0 to 1"],
    ["members.N", "text", "who is committed: cares, gives and receives", "everybody with a share or care", ""],
];

pub struct Settings {
    pub livelihood: u32,
    pub credit: Ratio,
    pub strength: Ratio,
    pub members: BTreeSet<String>,
}

impl Settings {
    pub fn read(params: &[Param]) -> Result<Settings, Refusal> {
        let params = parse(params, SCHEMA)?;
        let refuse = |path: &str, value: &dyn std::fmt::Display, bounds: &str| {
            Err(Refusal::invalid("params", format!("the parameter {path} is {value}; it must be {bounds}")))
        };
        let credit = params.or("credit", 100, Params::whole::<u64>)?;
        if !(1..=1_000_000).contains(&credit) {
            return refuse("credit", &credit, "1 to 1000000");
        }
        let strength = params.or("strength", Ratio::new(1, 2)?, Params::ratio)?;
        if strength.is_negative() || strength > Ratio::ONE {
            return refuse("strength", &strength, "0 to 1");
        }
        Ok(Settings {
            livelihood: params.or("livelihood", 7500, Params::basis_points)?,
            credit: Ratio::from(credit),
            strength,
            members: params.below("members").iter().map(|(_, agent)| agent.to_string()).collect(),
        })
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
