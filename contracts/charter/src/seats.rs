//! Taking and leaving seats. A seat is offered, and taken by who shall hold it: nobody is given one.

use crate::{
    commit, found,
    history::{self, NOW},
    limits,
    proto::{
        AcceptSeatRequest, AcceptSeatResponse, InviteRequest, InviteResponse, Invited, LeaveRequest, LeaveResponse,
        Left, Seat, SeatTaken, Status, seat::Class,
    },
    standing,
    who::{self, Actor},
    words::{self, Named, denied, forbidden, too_many},
};
use stint_sdk::{Refusal, announce, context};

pub fn invite(actor: &Actor, request: InviteRequest) -> Result<InviteResponse, Refusal> {
    let seat = find(&request.seat)?;
    if !seat.holder.is_empty() {
        let message = format!("the seat {} is held by {}; a seat is offered when it is vacant", seat.id, seat.holder);
        return Err(forbidden("seat", message));
    }
    standing::may_be_invited(&request.agent)?;
    may_invite(actor, &seat)?;
    if seat.invited == request.agent {
        return Ok(InviteResponse { known: true });
    }
    let by = actor.name().to_string();
    announce(&Invited { seat: seat.id.clone(), agent: request.agent.clone(), by });
    commit::seats(vec![Seat { invited: request.agent, ..seat }]);
    Ok(InviteResponse { known: false })
}

fn find(id: &str) -> Result<Seat, Refusal> {
    if !matches!(who::status(), Status::Draft | Status::Founded | Status::Active) {
        who::require_in_force("fill its seats")?;
    }
    history::seat(id, NOW).ok_or_else(|| words::missing("seat", id))
}

fn may_invite(actor: &Actor, seat: &Seat) -> Result<(), Refusal> {
    let Actor::Agent(agent) = actor else { return Ok(()) };
    let head = history::head();
    let founding = matches!(head.status(), Status::Draft | Status::Founded) && *agent == head.founder;
    let peer = |own: &Seat| own.class == seat.class || own.class() == Class::Steward;
    if founding || who::seats_of(agent).iter().any(peer) {
        return Ok(());
    }
    let class = Class::show(seat.class);
    let message = format!(
        "{agent} may not offer the seat {}: holders of seats of the classes {class} and steward may, and a decision, by \
         /seats/{}/invited",
        seat.id, seat.id
    );
    Err(denied("seat", message))
}

pub fn accept(request: AcceptSeatRequest) -> Result<AcceptSeatResponse, Refusal> {
    let seat = find(&request.seat)?;
    let agent = context().caller;
    if seat.holder == agent {
        return Ok(AcceptSeatResponse { known: true, status: who::status().into() });
    }
    if seat.invited != agent || agent.is_empty() {
        let to = match (seat.holder.as_str(), seat.invited.as_str()) {
            ("", "") => "nobody is invited to it".to_string(),
            ("", invited) => format!("it is offered to {invited}"),
            (holder, _) => format!("{holder} holds it"),
        };
        return Err(denied("seat", format!("{agent} may not take the seat {}: {to}", seat.id)));
    }
    take(vec![seat], &agent)?;
    found::complete()?;
    Ok(AcceptSeatResponse { known: false, status: who::status().into() })
}

/// Gives seats that are offered to an agent, who has agreed, to that agent.
pub fn take(seats: Vec<Seat>, agent: &str) -> Result<(), Refusal> {
    standing::may_be_invited(agent)?;
    if who::seats_of(agent).len() + seats.len() > limits::SEATS_OF_ONE {
        let message =
            format!("{agent} would hold more than {} seats, the most that one agent may", limits::SEATS_OF_ONE);
        return Err(too_many("seats", message));
    }
    for seat in &seats {
        announce(&SeatTaken { seat: seat.id.clone(), agent: agent.into() });
    }
    let held = |seat: Seat| Seat { holder: agent.into(), invited: String::new(), ..seat };
    commit::seats(seats.into_iter().map(held).collect());
    Ok(())
}

pub fn leave(request: LeaveRequest) -> Result<LeaveResponse, Refusal> {
    words::text("reason", &request.reason)?;
    let agent = context().caller;
    let seats = match request.seat.as_str() {
        "" => who::seats_of(&agent),
        id => vec![who::own_seat(id, "leave")?],
    };
    if seats.is_empty() {
        return Err(words::missing("seat", &agent));
    }
    let ids: Vec<String> = seats.iter().map(|seat| seat.id.clone()).collect();
    for seat in &ids {
        announce(&Left { seat: seat.clone(), agent: agent.clone(), reason: request.reason.clone() });
    }
    commit::seats(seats.into_iter().map(|seat| Seat { holder: String::new(), ..seat }).collect());
    Ok(LeaveResponse { seats: ids })
}
