//! R1: whether an event concerns a whole resource, which then keeps its name and goes over, or a part of it.
//!
//! A serialized resource and a lot change hands as a whole under their own name, when no other resource is named. Of a stock a
//! part is taken off. A part of a lot needs a resource to go to, or the boundary tag that says that it leaves the network. A
//! move without another resource concerns the whole of any resource: the place is the resource's, not the part's.

use crate::{
    amount,
    facts::Facts,
    proto::{Event, Identification, Resource, Side},
};
use stint_sdk::{Code, Decimal, Refusal};

/// The quantity leaves the hands whose holding counts as on hand: the accountable's, or, of a stock, its custodian's.
pub fn home_out(event: &Event, resource: &Resource) -> bool {
    let provider = &event.provider;
    provider.is_empty() || resource.primary_accountable.is_empty() || counts(provider, resource)
}

/// It comes into those hands.
pub fn home_in(event: &Event, resource: &Resource) -> bool {
    !event.receiver.is_empty() && counts(&event.receiver, resource)
}

fn counts(agent: &String, resource: &Resource) -> bool {
    *agent == resource.primary_accountable || is_stock(resource) && *agent == resource.custodian
}

fn is_stock(resource: &Resource) -> bool {
    !matches!(resource.identification(), Identification::Serialized | Identification::Lot)
}

/// What is produced goes into the provider's own resource, and on to the receiver.
pub fn gives_away(facts: &Facts, resource: &Resource) -> bool {
    let owner = &resource.primary_accountable;
    !facts.created && !owner.is_empty() && *owner == facts.event.provider && *owner != facts.event.receiver
}

/// R1.
pub fn whole(facts: &Facts, resource: &Resource) -> Result<bool, Refusal> {
    let serialized = resource.identification() == Identification::Serialized;
    if serialized && !facts.action.only_mentions() && facts.quantity != Decimal::ONE {
        let why = format!("{} is serialized, one thing: its quantity is 1, not {}", resource.id, facts.quantity);
        return Err(refused(why));
    }
    let Some(transfer) = facts.transfer().filter(|_| facts.side == Side::From && facts.alone()) else {
        return Ok(false);
    };
    let moves = transfer.keeps_agents();
    if is_stock(resource) && !moves {
        return Ok(false);
    }
    let Some(all) = all(facts, resource) else { return Ok(false) };
    if facts.quantity == all {
        return Ok(true);
    }
    let leaves = facts.event.boundary != 0 && !moves;
    let needs_target = facts.action.is_transfer() || !facts.action.is_input() && !home_in(facts.event, resource);
    if facts.quantity < all && needs_target && !leaves {
        return Err(part(facts, resource, all));
    }
    Ok(false)
}

/// How much the whole of it is; `None` when the event is not of a kind that concerns a whole.
fn all(facts: &Facts, resource: &Resource) -> Option<Decimal> {
    let accounting = amount::of(&resource.accounting_quantity);
    let onhand = amount::of(&resource.onhand_quantity);
    match facts.transfer()? {
        t if t.holds_only() && (facts.action.is_transfer() || facts.action.is_input()) => {
            Some(if home_out(facts.event, resource) { onhand } else { accounting })
        }
        t if t.holds_only() || facts.action.is_transfer() => Some(accounting),
        // Consumed: nothing is left that could go over.
        _ if facts.action.is_input() || !gives_away(facts, resource) => None,
        // R2: first what is produced, then all of it goes over.
        _ => accounting.plus(facts.quantity).ok(),
    }
}

fn part(facts: &Facts, resource: &Resource, all: Decimal) -> Refusal {
    let (id, unit) = (&resource.id, amount::unit(&resource.accounting_quantity));
    refused(format!(
        "{} of {} of the {all} {unit} of {id} would split it; name the resource that the part goes to, or take all of it",
        facts.action.name, facts.quantity
    ))
}

/// Whoever keeps its name goes back as it went.
pub fn corrected_in_part(resource: &Resource) -> Refusal {
    refused(format!("the event concerned the whole of {}: correct all of it, or record another event", resource.id))
}

/// R1 of a serialized resource, for the larger of its quantities.
pub fn only_one(resource: &Resource, would: Decimal) -> Result<(), Refusal> {
    if would <= Decimal::ONE {
        return Ok(());
    }
    Err(refused(format!("{} is serialized, one thing, and there would be {would} of it", resource.id)))
}

fn refused(why: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, "R1", why)
}
