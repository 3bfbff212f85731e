//! The parameters of rounds.

use std::collections::BTreeSet;
use stint_rule::{Schema, parse, proto::Param};
use stint_sdk::{Params, Refusal};

/// See [`stint_rule::proto::Parameter`].
pub const SCHEMA: &Schema = &[
    ["give", "integer", "units that each member may give in a round", "100", "1 to 1000000"],
    ["pct", "basis points", "the part of an income that is the round's budget", "10000", "0 to 10000"],
    ["members.N", "text", "who gives and receives", "everybody", ""],
    ["opt_out.N", "text", "members who give and do not receive", "nobody", ""],
];

pub struct Settings {
    pub give: u64,
    pub basis_points: u32,
    members: BTreeSet<String>,
    opt_out: BTreeSet<String>,
}

impl Settings {
    pub fn read(params: &[Param]) -> Result<Settings, Refusal> {
        let params = parse(params, SCHEMA)?;
        let give = params.or("give", 100, Params::whole::<u64>)?;
        if !(1..=1_000_000).contains(&give) {
            return Err(Refusal::invalid("params", format!("the parameter give is {give}; it must be 1 to 1000000")));
        }
        let names = |path| params.below(path).iter().map(|(_, agent)| agent.to_string()).collect();
        let basis_points = params.or("pct", 10_000, Params::basis_points)?;
        Ok(Settings { give, basis_points, members: names("members"), opt_out: names("opt_out") })
    }

    /// True for everybody when nobody is named.
    pub fn is_member(&self, agent: &str) -> bool {
        self.members.is_empty() || self.members.contains(agent)
    }

    pub fn receives(&self, agent: &str) -> bool {
        !self.opt_out.contains(agent)
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
