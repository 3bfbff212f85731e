//! Weights and the dates from which they hold.

use crate::{
    fields::{amount, word},
    proto::{Rule, RuleSet, SetRuleRequest, SetRuleResponse},
    state::RULES,
};
use std::collections::BTreeSet;
use stint_sdk::{Code, Day, Decimal, Refusal, announce, context, require_role};

const KINDS: usize = 1000;

pub fn set(request: SetRuleRequest) -> Result<SetRuleResponse, Refusal> {
    require_role("steward", "set rules")?;
    let from = Day::parse(&request.from)?;
    if request.weights.len() > KINDS {
        return Err(Refusal::invalid("weights", format!("{} weights; the limit is {KINDS}", request.weights.len())));
    }
    let mut seen = BTreeSet::new();
    for w in &request.weights {
        word("kind", &w.kind)?;
        amount("weight", &w.weight)?;
        if !seen.insert(&w.kind) {
            return Err(Refusal::invalid("weights", format!("the kind {} has two weights", w.kind)));
        }
    }
    let default_weight = if request.default_weight.is_empty() { "1".into() } else { request.default_weight };
    amount("weight", &default_weight)?;

    let last = RULES.last_before(&[0xff; 4]);
    if let Some((day, rule)) = &last {
        let earliest = Day::of_time_ms(context().time_ms).max(Day::from_key(*day).plus(1));
        if from < earliest {
            let message = format!(
                "a rule from {from} would change what rule {} decided; the earliest date accepted is {earliest}",
                rule.version
            );
            return Err(Refusal::new(Code::FailedPrecondition, "retroactive", message));
        }
    }
    let version = last.map_or(0, |(_, rule)| rule.version) + 1;
    let rule = Rule { version, from: from.to_string(), weights: request.weights, default_weight };
    RULES.put(&from.to_key(), &rule);
    announce(&RuleSet { rule: Some(rule) });
    Ok(SetRuleResponse { version })
}

/// All rules, the oldest first.
pub fn all() -> Vec<Rule> {
    RULES.range(&[], &[]).map(|(_, rule)| rule).collect()
}

/// Which rule weighs what is dated on a day.
pub struct Valuation(Vec<(u32, Rule)>);

impl Valuation {
    pub fn load() -> Valuation {
        Valuation(RULES.range(&[], &[]).collect())
    }

    /// The version of the rule that holds on a day, and its weight for a kind. Before the first
    /// rule: version 0, weight 1.
    pub fn weight(&self, day: u32, kind: &str) -> Result<(u32, Decimal), Refusal> {
        let Some((_, rule)) = self.0.iter().rev().find(|(from, _)| *from <= day) else {
            return Ok((0, Decimal::ONE));
        };
        let own = rule.weights.iter().find(|w| w.kind == kind).map(|w| w.weight.as_str());
        Ok((rule.version, amount("weight", own.unwrap_or(&rule.default_weight))?))
    }
}
