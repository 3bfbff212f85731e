//! V1: which rule holds at a time. The charter says it; without one a steward does, and never for the past.

use crate::{
    ask::{self, Charter},
    fields,
    proto::{RuleRef, RuleSet, SetRuleRequest, SetRuleResponse},
    state::RULES,
};
use prost::Message;
use stint_sdk::{Code, Refusal, Time, announce, context, require_role};

/// The slot of this contract's rule.
pub const VALUATION: &str = "valuation";
/// Bytes of a rule with its parameters at most.
const MOST_BYTES: usize = 30_000;

pub fn set(request: SetRuleRequest) -> Result<SetRuleResponse, Refusal> {
    require_role("steward", "set the valuation rule")?;
    if ask::has_charter()? {
        let message = "this commons has a charter: the rule in its slot `valuation` holds";
        return Err(Refusal::new(Code::FailedPrecondition, "charter", message));
    }
    let module = fields::module(&request.module)?;
    let (params, hash) = fields::params(&request.params)?;
    let from = Time::parse(&request.from)?;
    let last = RULES.last_before(&[0xff; 8]);
    if let Some((behind, rule)) = &last {
        let now = Time::of_time_ms(context().time_ms);
        let earliest = now.max(Time::from_key(*behind).plus(1)?);
        if from < earliest {
            let message = format!(
                "a rule from {from} would change what rule {} decides; the earliest time accepted is {earliest}",
                rule.version
            );
            return Err(Refusal::new(Code::FailedPrecondition, "V1", message));
        }
    }
    let version = last.map_or(0, |(_, rule)| rule.version) + 1;
    let rule = RuleRef { module: module.into(), params, params_hash: hash.into(), from: from.to_string(), version };
    small(&rule)?;
    RULES.put(&from.to_key(), &rule);
    announce(&RuleSet { module: rule.module, params_hash: rule.params_hash, from: rule.from, version });
    Ok(SetRuleResponse { version })
}

/// The rule that holds at a time.
pub fn at(time: &str) -> Result<RuleRef, Refusal> {
    let found = match ask::rule(VALUATION, time)? {
        Charter::Says(rule) => Some(rule),
        Charter::Silent => None,
        Charter::None => RULES.last_before(&(Time::parse(time)?.to_key() + 1).to_be_bytes()).map(|(_, rule)| rule),
    };
    let missing = || Refusal::new(Code::FailedPrecondition, "V1", format!("no valuation rule held on {time}"));
    let rule = found.ok_or_else(missing)?;
    fields::module(&rule.module)?;
    // The hash is of these parameters, whatever was said of it.
    let (params, hash) = fields::params(&rule.params)?;
    let rule = RuleRef { params, params_hash: hash.into(), ..rule };
    small(&rule)?;
    Ok(rule)
}

/// The newest version of a slot's rule, whether it holds already or not.
pub fn newest(slot: &str) -> Result<RuleRef, Refusal> {
    let found = match ask::rule(slot, &Time::MAX.to_string())? {
        Charter::Says(rule) => Some(rule),
        Charter::None if slot == VALUATION => RULES.last_before(&[0xff; 8]).map(|(_, rule)| rule),
        _ => None,
    };
    let missing = || {
        let message = format!("the slot {slot} has no rule that could be changed; ask about a whole one");
        Refusal::new(Code::FailedPrecondition, "V1", message)
    };
    found.ok_or_else(missing)
}

/// Each distribution keeps its rule, and each page that it is asked about holds its parameters.
pub fn small(rule: &RuleRef) -> Result<(), Refusal> {
    let size = rule.encoded_len();
    match size <= MOST_BYTES {
        true => Ok(()),
        false => {
            Err(Refusal::invalid("params", format!("the parameters take {size} bytes; the limit is {MOST_BYTES}")))
        }
    }
}
