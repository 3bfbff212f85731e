//! Objections (G6): only the classes that a decision names may object, with a reason, and nothing is executed
//! while an objection stands.
//!
//! An objection is the objector's: it is answered, not overruled. The author may offer an amended proposal; when
//! the seat that objects takes it, the vote opens anew. Or that seat says what else settled it. An objection of a
//! seat that nobody holds any more is answered by the author.

use crate::{
    history::{self, NOW},
    limits,
    path::Name,
    propose::{self, decision, save},
    proto::{
        ObjectRequest, ObjectResponse, Objected, Objection, Offer, Offered, Proposal, ResolveRequest, ResolveResponse,
        Resolved, Seat, proposal::Status as At, seat::Class,
    },
    settle,
    state::{OBJECTIONS, OFFERS},
    whatif, who,
    words::{self, Named, denied, forbidden, too_many},
};
use stint_sdk::{Key, Refusal, announce, context};

/// All objections to a proposal, in their order.
pub fn all(proposal: &str) -> Vec<Objection> {
    let mut prefix = Vec::new();
    Name::from(proposal).write(&mut prefix);
    OBJECTIONS.page(&prefix, &[], limits::OBJECTIONS as usize).into_iter().map(|(_, objection)| objection).collect()
}

/// True while one is not resolved.
pub fn stand(proposal: &Proposal) -> bool {
    all(&proposal.id).iter().any(|objection| !objection.resolved)
}

pub fn object(request: ObjectRequest) -> Result<ObjectResponse, Refusal> {
    let mut proposal = settle::load(&request.proposal)?;
    let was = proposal.status();
    if !matches!(was, At::Open | At::Queued | At::Passed | At::Blocked) {
        let message = format!("{} is {}; objections are raised before it is settled", proposal.id, settle::shown(was));
        return Err(forbidden("status", message));
    }
    let seat = who::own_seat(&request.seat, "object")?;
    may_object(&proposal, &seat)?;
    words::said("G6", &request.reason, "an objection says what harm it sees")?;
    let before = all(&proposal.id);
    if before.iter().any(|o| o.seat == seat.id && !o.resolved) {
        return Err(forbidden("G6", format!("an objection of {} to {} stands already", seat.id, proposal.id)));
    }
    let n = before.len() as u32;
    if n >= limits::OBJECTIONS {
        let message =
            format!("{} has had {n} objections, the most there may be; withdraw it and propose another", proposal.id);
        return Err(too_many("G6", message));
    }
    let objection = Objection {
        seat: seat.id,
        agent: context().caller,
        reason: request.reason,
        at: history::now().to_string(),
        ..Objection::default()
    };
    OBJECTIONS.put(&(Name(proposal.id.clone()), n), &objection);
    announce(&Objected { proposal: proposal.id.clone(), objection: n, seat: objection.seat, reason: objection.reason });
    settle::settle(&mut proposal)?;
    save(&proposal, was);
    Ok(ObjectResponse { objection: n, status: proposal.status })
}

fn may_object(proposal: &Proposal, seat: &Seat) -> Result<(), Refusal> {
    let objectors = decision(proposal).objectors;
    if objectors.contains(&seat.class) {
        return Ok(());
    }
    let classes: Vec<String> = objectors.iter().map(|class| Class::show(*class)).collect();
    let accepted = match classes.is_empty() {
        true => "nobody may; vote no instead".to_string(),
        false => format!("seats of the classes {} may", classes.join(", ")),
    };
    let message = format!(
        "a {} may not object to what is decided under {}: {accepted}",
        Class::show(seat.class),
        proposal.subject
    );
    Err(denied("G6", message))
}

pub fn resolve(request: ResolveRequest) -> Result<ResolveResponse, Refusal> {
    let proposal = settle::load(&request.proposal)?;
    let key = (Name(proposal.id.clone()), request.objection);
    let objection = OBJECTIONS.get(&key).ok_or_else(|| words::missing("objection", &request.objection.to_string()))?;
    if objection.resolved || !matches!(proposal.status(), At::Open | At::Queued | At::Passed | At::Blocked) {
        let message = format!("objection {} to {} is settled already", request.objection, proposal.id);
        return Err(forbidden("status", message));
    }
    words::text("note", &request.note)?;
    match request.amended.is_empty() {
        true => answer(proposal, key, objection, request),
        false => offer(proposal, key, request),
    }
}

/// The author offers what would meet the objection.
fn offer(proposal: Proposal, key: (Name, u32), request: ResolveRequest) -> Result<ResolveResponse, Refusal> {
    if proposal.author != context().caller {
        return Err(denied("author", format!("only its author, {}, amends {}", proposal.author, proposal.id)));
    }
    let offer =
        Offer { patches: request.amended, note: request.note, whatif: request.whatif, at: history::now().to_string() };
    // It must be fit to be voted on, or taking it would be refused.
    reopen(&mut amended(&proposal, &offer))?;
    OFFERS.put(&key, &offer);
    announce(&Offered { proposal: proposal.id, objection: key.1, note: offer.note });
    Ok(ResolveResponse { status: proposal.status, reopened: false })
}

/// The seat that objects is content.
fn answer(
    mut proposal: Proposal,
    key: (Name, u32),
    mut objection: Objection,
    request: ResolveRequest,
) -> Result<ResolveResponse, Refusal> {
    let was = proposal.status();
    let holder = history::seat(&objection.seat, NOW).map(|seat| seat.holder).unwrap_or_default();
    let caller = context().caller;
    if caller != holder && !(holder.is_empty() && caller == proposal.author) {
        let message = format!(
            "the objection is of the seat {}: its holder resolves it; the author answers by amended patches",
            objection.seat
        );
        return Err(denied("G6", message));
    }
    words::said("note", &request.note, "say what settled the objection")?;
    (objection.resolved, objection.note) = (true, request.note);
    OBJECTIONS.put(&key, &objection);
    let taken = OFFERS.get(&key).filter(|_| !request.withdrawn && caller == holder);
    if let Some(offer) = &taken {
        proposal = amended(&proposal, offer);
        reopen(&mut proposal)?;
    }
    settle::settle(&mut proposal)?;
    save(&proposal, was);
    let reopened = taken.is_some();
    announce(&Resolved { proposal: proposal.id, objection: key.1, note: objection.note, reopened });
    Ok(ResolveResponse { status: proposal.status, reopened })
}

fn amended(proposal: &Proposal, offer: &Offer) -> Proposal {
    let whatif = whatif::unchecked(offer.whatif.clone());
    Proposal { patches: offer.patches.clone(), whatif, ..proposal.clone() }
}

/// Opens the vote anew, at once.
fn reopen(proposal: &mut Proposal) -> Result<(), Refusal> {
    if propose::open(proposal)?.is_none() {
        return Ok(());
    }
    let message = "the report on what is offered is too long to be checked in this call; cite one over fewer heights, \
                   or withdraw the proposal and propose another";
    Err(forbidden("G4", message))
}
