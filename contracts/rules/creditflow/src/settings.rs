//! The parameters: alpha, and what mints how much.

use std::collections::BTreeMap;
use stint_rule::{Schema, parse, proto::Param};
use stint_sdk::{Params, Ratio, Refusal};

/// See [`stint_rule::proto::Parameter`].
pub const SCHEMA: &Schema = &[
    ["alpha", "ratio", "the part of its credit that a contribution keeps when it cites others", "1/2", "0 to 1"],
    ["mint", "ratio", "credit that a unit of a contribution mints", "1", "0 or more"],
    ["mints.*", "ratio", "the same for contributions of this kind", "mint", "0 or more"],
];

pub struct Settings {
    pub alpha: Ratio,
    mint: Ratio,
    mints: BTreeMap<String, Ratio>,
}

impl Settings {
    pub fn read(params: &[Param]) -> Result<Settings, Refusal> {
        let params = parse(params, SCHEMA)?;
        let alpha = params.or("alpha", Ratio::new(1, 2)?, positive)?;
        if alpha > Ratio::ONE {
            return Err(Refusal::invalid("params", format!("the parameter alpha is {alpha}; it must be 0 to 1")));
        }
        let kinds = params.below("mints");
        let mints = kinds.iter().map(|(kind, _)| Ok((kind.into(), positive(&kinds, kind)?)));
        Ok(Settings {
            alpha,
            mint: params.or("mint", Ratio::ONE, positive)?,
            mints: mints.collect::<Result<_, Refusal>>()?,
        })
    }

    /// What a unit of a contribution of this kind mints.
    pub fn mint(&self, kind: &str) -> &Ratio {
        self.mints.get(kind).unwrap_or(&self.mint)
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
