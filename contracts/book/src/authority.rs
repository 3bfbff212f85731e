//! R10: who may record, and who may give what.
//!
//! An event is recorded by its provider or receiver, or by a member with the role `recorder` or `steward`; a commons that
//! wants it lets only the roles record. With two signatures, an event between two agents has effect when the other one, or
//! another member with such a role, has signed it too. Rights are given by who answers for the resource; the thing itself by
//! who answers for it or holds it; and nothing is put among what somebody else answers for.

use crate::{
    actions::{Action, Flow},
    amount,
    facts::Facts,
    fields::shown,
    identity::home_in,
    proto::{Event, Identification, Resource, Settings, Side},
    state::SETTINGS,
};
use stint_sdk::{Code, Refusal, context, has_role};

pub const STEWARD: &str = "steward";
const RECORDER: &str = "recorder";
/// R12: an event may be dated a day ahead: elsewhere it is tomorrow already.
const TOLERANCE_S: u64 = 86_400;

/// How the book is kept.
pub fn settings() -> Settings {
    SETTINGS.get().unwrap_or_default()
}

/// R12: seconds that an event may be ahead of the block.
pub fn tolerance_s(settings: &Settings) -> u64 {
    settings.tolerance_s.unwrap_or(TOLERANCE_S)
}

/// The caller keeps the book.
pub fn keeps_the_book() -> bool {
    has_role(RECORDER) || has_role(STEWARD)
}

/// R10: the caller is one of the agents concerned, or keeps the book. Gives the caller.
pub fn one_of(agents: &[&str], to: &str) -> Result<String, Refusal> {
    let caller = context().caller;
    let concerned = !caller.is_empty() && agents.contains(&caller.as_str());
    if keeps_the_book() || concerned && !settings().only_recorders {
        return Ok(caller);
    }
    let mut who: Vec<&str> = agents.iter().copied().filter(|a| !a.is_empty()).collect();
    who.dedup();
    let who = match (who.is_empty(), settings().only_recorders) {
        (false, false) => format!("{}, or a member with the role {RECORDER} or {STEWARD}", who.join(", ")),
        _ => format!("a member with the role {RECORDER} or {STEWARD}"),
    };
    let why = format!("{} may not {to}; {who} may", shown(&caller));
    Err(Refusal::new(Code::PermissionDenied, "R10", why))
}

/// R10: who may record an event. Gives the caller.
pub fn may_record(event: &Event) -> Result<String, Refusal> {
    one_of(&[&event.provider, &event.receiver], &format!("record {}", event.id))
}

/// R10: the event waits for a second signature.
pub fn waits(event: &Event) -> bool {
    let (provider, receiver) = (&event.provider, &event.receiver);
    !provider.is_empty() && !receiver.is_empty() && provider != receiver && settings().two_signatures
}

/// R10: who may sign as the second one. Gives the caller.
pub fn may_cosign(event: &Event, signer: &str) -> Result<String, Refusal> {
    let caller = one_of(&[&event.provider, &event.receiver], &format!("sign {}", event.id))?;
    if caller != signer {
        return Ok(caller);
    }
    let why = format!("{caller} recorded {}; the second signature is another agent's", event.id);
    Err(Refusal::new(Code::PermissionDenied, "R10", why))
}

/// R10: the provider may take from its side, and the receiver's side is the receiver's.
pub fn may_give(facts: &Facts, resource: &Resource) -> Result<(), Refusal> {
    match facts.side {
        _ if facts.is_correction() || facts.created || facts.action.only_mentions() => Ok(()),
        Side::From => from_side(facts, resource),
        Side::To => to_side(facts, resource),
    }
}

fn from_side(facts: &Facts, resource: &Resource) -> Result<(), Refusal> {
    let (action, event) = (facts.action, facts.event);
    let (owner, holder) = (&resource.primary_accountable, &resource.custodian);
    let adds = action.flow == Flow::Outside && !action.is_transfer() || action.flow == Flow::Output;
    if action.is_transfer() && !action.takes() || event.provider.is_empty() || owner.is_empty() {
        return Ok(());
    }
    if action.keeps_agents() && !event.receiver.is_empty() && event.receiver != event.provider {
        let why = format!(
            "a {} keeps the agents; between {} and {} use transfer",
            action.name, event.provider, event.receiver
        );
        return Err(refused(why));
    }
    let is_owner = event.provider == *owner;
    let is_holder = event.provider == *holder;
    let allowed = match action {
        // What comes out of a process went in before: R9 sees to that.
        a if a.holds_only() && a.flow == Flow::Output => is_owner || is_holder || !event.output_of.is_empty(),
        _ if adds => is_owner || event.receiver == *owner,
        a if a.passes_rights() => is_owner,
        a if a.is_transfer() && a.holds_only() => is_owner || is_holder || home_in(event, resource),
        _ => is_owner || is_holder,
    };
    if !allowed {
        let why =
            format!("{} may not {} {}: {} answers for it", event.provider, action.name, resource.id, answers(resource));
        return Err(refused(why));
    }
    let elsewhere = action.passes_rights() && action.passes_custody() && !holder.is_empty() && !is_holder;
    if elsewhere && resource.identification() != Identification::Stock {
        let why = format!("{holder} holds {}; what {} gives now is transferAllRights", resource.id, event.provider);
        return Err(refused(why));
    }
    Ok(())
}

fn to_side(facts: &Facts, resource: &Resource) -> Result<(), Refusal> {
    let Some(transfer) = facts.transfer() else { return Ok(()) };
    let (receiver, owner, holder) = (&facts.event.receiver, &resource.primary_accountable, &resource.custodian);
    if receiver.is_empty() || owner.is_empty() || owner == receiver {
        return Ok(());
    }
    let lies_there = !amount::of(&resource.onhand_quantity).is_zero();
    if transfer.holds_only() && (holder.is_empty() || holder == receiver || !lies_there) {
        return Ok(());
    }
    let why = format!("{} is not {receiver}'s to receive in: {} answers for it", resource.id, answers(resource));
    Err(refused(why))
}

/// R10: what keeps its agents goes to a resource of the same accountable.
pub fn same_accountable(action: &Action, from: &Resource, to: &Resource) -> Result<(), Refusal> {
    let (a, b) = (&from.primary_accountable, &to.primary_accountable);
    if !action.keeps_agents() || a.is_empty() || b.is_empty() || a == b {
        return Ok(());
    }
    let why = format!(
        "a {} keeps the accountable agent; {} is {a}'s and {} is {b}'s: use transfer",
        action.name, from.id, to.id
    );
    Err(refused(why))
}

fn answers(resource: &Resource) -> String {
    match resource.custodian == resource.primary_accountable || resource.custodian.is_empty() {
        true => resource.primary_accountable.clone(),
        false => format!("{}, held by {},", resource.primary_accountable, resource.custodian),
    }
}

fn refused(why: String) -> Refusal {
    Refusal::new(Code::PermissionDenied, "R10", why)
}
