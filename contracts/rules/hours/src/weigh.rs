//! Contributions to weights: each by itself.

use crate::settings::{Rule, Settings};
use stint_rule::{
    proto::{Contribution, WeighRequest, WeighResponse, Weight},
    short,
};
use stint_sdk::Refusal;

pub fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
    let settings = Settings::read(&request.params)?;
    let mut weights = Vec::new();
    for contribution in &request.contributions {
        let first = weights.len();
        for rule in settings.rules.iter().filter(|rule| fits(rule, contribution)) {
            let stream = rule.stream.as_ref().unwrap_or(&contribution.stream);
            // Of the rules for one stream the first that fits is the one.
            if !weights[first..].iter().any(|w: &Weight| w.stream == *stream) {
                weights.push(weight(rule, stream, contribution, &settings)?);
            }
        }
    }
    Ok(WeighResponse { weights, carry: Vec::new() })
}

fn fits(rule: &Rule, contribution: &Contribution) -> bool {
    let kind = rule.kind.as_ref().is_none_or(|kind| *kind == contribution.kind);
    kind && rule.from.as_ref().is_none_or(|stream| *stream == contribution.stream)
}

fn weight(rule: &Rule, stream: &str, c: &Contribution, settings: &Settings) -> Result<Weight, Refusal> {
    if let Some(unit) = rule.unit.as_ref().filter(|unit| **unit != c.unit) {
        let message = format!("the contribution {} is {} {}, and this rule weighs {unit}", c.id, c.quantity, c.unit);
        return Err(Refusal::invalid("R6", message));
    }
    if stream.is_empty() {
        let message = format!("the contribution {} was logged for no stream, and the rule names none", c.id);
        return Err(Refusal::invalid("contribution", message));
    }
    let (value, text) = rule.equation.work_out(c, &settings.constants)?;
    let shown = short(&value);
    let formula = if text == shown { text } else { format!("{text} = {shown}") };
    Ok(Weight {
        contribution: c.id.clone(),
        stream: stream.into(),
        agent: c.agent.clone(),
        // Exact, also of a debt: the sum of an agent's debts is what is rounded.
        weight: value.times(&settings.minor)?.to_string(),
        claim: rule.claim.unwrap_or(c.claim()).into(),
        formula,
    })
}
