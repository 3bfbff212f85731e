//! Rules: code by its hash, parameters, and from when they hold.

use super::{Fields, add};
use crate::{
    limits,
    path::{Leaves, Place},
    proto::{Param, Rule},
    words,
};
use stint_sdk::{Params, Refusal, Time};

pub fn leaves(rule: &Rule) -> Leaves {
    let mut leaves = Leaves::new();
    add(&mut leaves, "module", words::hex(&rule.module));
    add(&mut leaves, "from", &rule.from);
    params_leaves(&mut leaves, &rule.params);
    leaves
}

/// What the leaves say of a version; its number, height and proposal are given by who adopts it.
pub fn read(place: &Place, leaves: &Leaves) -> Result<Rule, Refusal> {
    let mut fields = Fields { place, left: leaves.clone() };
    let module = module(&mut fields)?;
    let from = Time::parse(&fields.take("from"))?.to_string();
    let (params, params_hash) = params(&mut fields)?;
    fields.done()?;
    Ok(Rule { slot: place.id.clone(), module, from, params, params_hash, ..Rule::default() })
}

/// From when a version holds, as a key.
pub fn from(rule: &Rule) -> u64 {
    Time::parse(&rule.from).unwrap_or_default().to_key()
}

pub(super) fn params_leaves(leaves: &mut Leaves, params: &[Param]) {
    for param in params {
        add(leaves, &format!("params/{}", param.path), &param.value);
    }
}

/// A module's hash, or none.
pub(super) fn module(fields: &mut Fields) -> Result<Vec<u8>, Refusal> {
    match fields.take("module").as_str() {
        "" => Ok(Vec::new()),
        text => words::module(text),
    }
}

/// All leaves below `params/`, and their hash.
pub(super) fn params(fields: &mut Fields) -> Result<(Vec<Param>, Vec<u8>), Refusal> {
    let (below, left) = std::mem::take(&mut fields.left).into_iter().partition(|(leaf, _)| leaf.starts_with("params/"));
    fields.left = left;
    let below: Leaves = below;
    let pairs: Vec<(&str, &str)> =
        below.iter().map(|(leaf, value)| (&leaf["params/".len()..], value.as_str())).collect();
    let hash = Params::new(pairs.iter().copied())?.hash();
    if let Some((path, _)) = pairs.iter().find(|(_, value)| value.contains(char::is_control)) {
        return Err(Refusal::invalid("params", format!("the parameter {path} has a line break; write it in one line")));
    }
    let bytes: usize = pairs.iter().map(|(path, value)| path.len() + value.len()).sum();
    if bytes > limits::PARAMS {
        let message = format!("{} has {bytes} bytes of parameters; the limit is {}", fields.place.id, limits::PARAMS);
        return Err(words::too_many("params", message));
    }
    // In the order of their paths, because the leaves are.
    let params = pairs.iter().map(|(path, value)| Param { path: (*path).into(), value: (*value).into() }).collect();
    Ok((params, hash.to_vec()))
}
