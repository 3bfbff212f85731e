//! Who calls, and which seats and sanctions are theirs.

use crate::{
    history::{self, NOW},
    path::Name,
    proto::{Seat, Status},
    state::SEATS_OF,
    words::{self, denied, forbidden},
};
use stint_sdk::{Refusal, context};

/// Who does something: an agent, or the commons by a proposal that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Agent(String),
    Commons { proposal: String },
}

impl Actor {
    /// Whoever calls.
    pub fn caller() -> Actor {
        Actor::Agent(context().caller)
    }

    /// The agent, or the proposal.
    pub fn name(&self) -> &str {
        match self {
            Actor::Agent(agent) => agent,
            Actor::Commons { proposal } => proposal,
        }
    }
}

/// Refuses what needs a decision.
pub fn only_by_decision(actor: &Actor, what: &str) -> Result<(), Refusal> {
    match actor {
        Actor::Commons { .. } => Ok(()),
        Actor::Agent(agent) => {
            let message = format!("{agent} may not {what}: the commons decides it; propose a call of this method");
            Err(denied("decision", message))
        }
    }
}

/// Seats that an agent holds, by their ids.
pub fn seats_of(agent: &str) -> Vec<Seat> {
    let ids = SEATS_OF.of(&Name::from(agent), None, crate::limits::SEATS_OF_ONE);
    ids.iter().filter_map(|id| history::seat(id, NOW)).collect()
}

/// Refuses who holds no seat.
pub fn require_seat(agent: &str, to: &str) -> Result<(), Refusal> {
    if !SEATS_OF.of(&Name::from(agent), None, 1).is_empty() {
        return Ok(());
    }
    let message = format!("{agent} may not {to}: only holders of seats of {} may", context().commons);
    Err(denied("seat", message))
}

/// The seat that the caller names, or its only one.
pub fn own_seat(named: &str, to: &str) -> Result<Seat, Refusal> {
    let caller = context().caller;
    if named.is_empty() {
        require_seat(&caller, to)?;
        let mut seats = seats_of(&caller);
        return match (seats.pop(), seats.is_empty()) {
            (Some(seat), true) => Ok(seat),
            _ => Err(Refusal::invalid("seat", format!("{caller} holds several seats; name one of them"))),
        };
    }
    let seat = history::seat(named, NOW).ok_or_else(|| words::missing("seat", named))?;
    if seat.holder != caller {
        let holder = if seat.holder.is_empty() { "nobody" } else { &seat.holder };
        return Err(denied("seat", format!("{caller} may not {to} by {named}: {holder} holds that seat")));
    }
    Ok(seat)
}

/// The charter's status.
pub fn status() -> Status {
    history::head().status()
}

/// Refuses a charter that is not in force, or winding up.
pub fn require_in_force(to: &str) -> Result<(), Refusal> {
    let why = match status() {
        Status::Founded | Status::Active => return Ok(()),
        Status::None => "it has no charter; found one".to_string(),
        Status::Draft => {
            let head = history::head();
            format!("its charter is a draft: {} of {} members have signed", head.members, head.min_members)
        }
        Status::Sunset => "it is being wound up; only calls that wind it up are decided".into(),
        Status::Dissolved => "it is dissolved".into(),
    };
    Err(forbidden("status", format!("{} cannot {to}: {why}", context().commons)))
}
