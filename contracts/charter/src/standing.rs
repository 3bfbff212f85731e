//! How an agent stands: its seats, and the sanctions against it that have effect.

use crate::{
    proto::{Case, GetStandingRequest, GetStandingResponse, case::Status as At, step::Effect},
    state::{CASES, CASES_OF},
    who,
    words::{Named, denied, word},
};
use stint_sdk::Refusal;

/// Cases against an agent that are not lifted, the first step first. One step is taken at a time, so there are at
/// most as many as the charter has steps.
pub fn cases(agent: &str) -> Vec<Case> {
    let ids = CASES_OF.get(&agent.to_string()).unwrap_or_default().ids;
    ids.iter().filter_map(|id| CASES.get(id)).collect()
}

/// Effects in force, the mildest first.
pub fn effects(agent: &str) -> Vec<Effect> {
    let has_effect = |case: &Case| matches!(case.status(), At::InForce | At::Upheld);
    let in_force = cases(agent).into_iter().filter(has_effect);
    let mut effects: Vec<Effect> = in_force.map(|case| case.step.unwrap_or_default().effect()).collect();
    effects.sort_by_key(|effect| *effect as i32);
    effects.dedup();
    effects
}

/// Refuses an agent on whom an effect is in force.
pub fn refuse_if(agent: &str, effect: Effect, to: &str) -> Result<(), Refusal> {
    if !effects(agent).contains(&effect) {
        return Ok(());
    }
    let name = Effect::show(effect.into());
    let message = format!("{agent} may not {to}: the sanction {name} is in force; an appeal suspends it");
    Err(denied("G8", message).with("effect", name))
}

/// Refuses to offer a seat to who was excluded.
pub fn may_be_invited(agent: &str) -> Result<(), Refusal> {
    word("agent", agent)?;
    refuse_if(agent, Effect::Exclude, "be offered a seat")
}

pub fn get(request: GetStandingRequest) -> Result<GetStandingResponse, Refusal> {
    let agent = &request.agent;
    Ok(GetStandingResponse {
        seats: who::seats_of(agent),
        suspended: effects(agent).into_iter().map(i32::from).collect(),
        cases: cases(agent),
    })
}
