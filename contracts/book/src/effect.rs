//! What an event does to one resource: the action table, read with the rulings R1, R2, R3, R7 and R11.
//!
//! A pure function of the event, the resource before it, and facts that never change. So recording and rebuilding are the
//! same computation, and anybody can repeat it.
//!
//! - R1: `identity.rs` says whether the event concerns the whole resource, which then keeps its name and goes over.
//! - R2: an input action that implies a transfer is first the transfer, then the action on the receiver's resource; an output
//!   action is first the action, then the transfer. With one resource named, it stands on the side of its accountable.
//! - R3: of a serialized resource 1 is on hand while its accountable holds it and it is not in a process or a container. For
//!   the others, custody that leaves the accountable is taken off, and custody that comes back to it is put on.
//! - R7: nothing falls below zero. R11: what is contained does not go by itself.

use crate::{
    actions::{Action, Change, Count, Flow},
    amount,
    facts::Facts,
    identity::{self, home_in, home_out},
    proto::{Effect, Identification, Resource, Side},
};
use stint_sdk::{Code, Decimal, Refusal};

/// How often the quantity is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Signs {
    accounting: i8,
    onhand: i8,
}

impl Signs {
    /// By the table, on one side.
    fn of(action: &Action, side: Side) -> Signs {
        let sign = |count: Count| match (count, side) {
            (Count::Increment, Side::From) | (Count::DecrementIncrement | Count::IncrementTo, Side::To) => 1,
            (Count::Decrement | Count::DecrementIncrement, Side::From) => -1,
            _ => 0,
        };
        Signs { accounting: sign(action.accounting), onhand: sign(action.onhand) }
    }

    fn plus(self, other: Signs) -> Signs {
        Signs { accounting: self.accounting + other.accounting, onhand: self.onhand + other.onhand }
    }
}

/// What the event does to the resource, and whether it concerned the whole of it.
pub fn effect(facts: &Facts, resource: &Resource) -> Result<(Effect, bool), Refusal> {
    let mut effect = Effect {
        resource: resource.id.clone(),
        side: facts.side.into(),
        owner: resource.primary_accountable.clone(),
        holder: resource.custodian.clone(),
        created: facts.created,
        ..Effect::default()
    };
    if facts.is_container() {
        return Ok((effect, false));
    }
    let whole = match facts.is_correction() {
        true => facts.corrects_whole && facts.side == Side::From,
        false => identity::whole(facts, resource)?,
    };
    let signs = signs(facts, resource, whole);
    match (facts.is_correction(), facts.undoes) {
        (false, _) => fields(facts, resource, whole, &mut effect),
        (true, true) => taken_back(facts, resource, whole, &mut effect)?,
        (true, false) if whole => return Err(identity::corrected_in_part(resource)),
        (true, false) => {}
    }
    quantities(facts, resource, whole, signs, &mut effect)?;
    Ok((effect, whole))
}

/// R2.
fn signs(facts: &Facts, resource: &Resource, whole: bool) -> Signs {
    let own = Signs::of(facts.action, facts.side);
    match facts.implied() {
        Some(transfer) if facts.side == Side::To || !facts.alone() => {
            let acts = if facts.acts_here() { Signs::of(facts.action, Side::From) } else { Signs::default() };
            Signs::of(transfer, facts.side).plus(acts)
        }
        None if facts.side == Side::To || !facts.alone() => own,
        implied => alone(facts, resource, whole, own, implied),
    }
}

/// R2 and R3, with one resource named.
fn alone(facts: &Facts, resource: &Resource, whole: bool, own: Signs, implied: Option<&Action>) -> Signs {
    let leaves = -i8::from(home_out(facts.event, resource));
    let comes = i8::from(home_in(facts.event, resource));
    if facts.action.is_transfer() {
        let onhand = if facts.action.holds_only() { leaves + comes } else { own.onhand };
        return match whole && !facts.action.holds_only() {
            true => Signs::default(),
            false => Signs { onhand, ..own },
        };
    }
    match implied {
        Some(transfer) if transfer.holds_only() && facts.action.is_input() => Signs { onhand: leaves, ..own },
        Some(transfer) if transfer.holds_only() => Signs { onhand: comes, ..own },
        // What is produced into the provider's own resource and goes to the receiver with it.
        Some(_) if !facts.action.is_input() && identity::gives_away(facts, resource) && !whole => Signs::default(),
        _ => own,
    }
}

/// Fields that the event sets.
fn fields(facts: &Facts, resource: &Resource, whole: bool, effect: &mut Effect) {
    let (action, event) = (facts.action, facts.event);
    let acts = facts.acts_here();
    let arrives = facts.transfer().filter(|_| facts.side == Side::To || whole);
    let set = |text: &str| (!text.is_empty()).then(|| text.to_string());
    if let Some(transfer) = arrives {
        // On the other side the receiver answers already, or nobody does; see `authority.rs`.
        if transfer.passes_rights() && (whole || resource.primary_accountable.is_empty()) {
            effect.primary_accountable = set(&event.receiver);
        }
        let free = resource.custodian.is_empty() || amount::of(&resource.onhand_quantity).is_zero();
        if transfer.passes_custody() && (whole || free) {
            effect.custodian = set(&event.receiver);
        }
    }
    let to = |change: Change, here: fn(&Action) -> Change| {
        acts && change == Change::Update || arrives.is_some_and(|t| here(t) == Change::UpdateTo)
    };
    if to(action.location, |t| t.location) {
        effect.current_location = set(&event.to_location);
    }
    if to(action.state, |t| t.state) {
        effect.state = set(&event.state);
    }
    if action.stage == Change::Update {
        effect.stage = set(&facts.stage);
    }
    match action.contained {
        Change::Update if acts => effect.contained_in = set(&facts.container),
        Change::Remove if acts && !resource.contained_in.is_empty() => effect.contained_in = Some(String::new()),
        _ => {}
    }
    if acts && action.holds_only() && !action.is_transfer() && is_serialized(resource) {
        effect.away = Some(action.onhand == Count::Decrement);
    }
}

/// Fields that a correction gives back, when nothing of the corrected event is left.
fn taken_back(facts: &Facts, resource: &Resource, whole: bool, effect: &mut Effect) -> Result<(), Refusal> {
    let (action, event) = (facts.action, facts.event);
    let gone = |what: &str, who: &str| {
        let why = format!("{} is {what} {who} by now; record an event that brings it back", resource.id);
        Err(Refusal::new(Code::FailedPrecondition, "R5", why))
    };
    if let Some(transfer) =
        facts.transfer().filter(|_| whole && !event.provider.is_empty() && !event.receiver.is_empty())
    {
        if transfer.passes_rights() {
            if resource.primary_accountable != event.receiver {
                return gone("answered for by", &resource.primary_accountable);
            }
            effect.primary_accountable = Some(event.provider.clone());
        }
        if transfer.passes_custody() {
            if resource.custodian != event.receiver {
                return gone("held by", &resource.custodian);
            }
            effect.custodian = Some(event.provider.clone());
        }
    }
    if !facts.acts_here() {
        return Ok(());
    }
    match action.contained {
        Change::Update => effect.contained_in = Some(String::new()),
        Change::Remove => return gone("taken out; nobody knows of", "its container"),
        _ => {}
    }
    if action.holds_only() && !action.is_transfer() && is_serialized(resource) {
        effect.away = Some(action.onhand == Count::Increment);
    }
    Ok(())
}

/// The two quantities, within R7, R11, R1 and R3.
fn quantities(
    facts: &Facts,
    resource: &Resource,
    whole: bool,
    signs: Signs,
    effect: &mut Effect,
) -> Result<(), Refusal> {
    let accounting = amount::signed(signs.accounting, facts.quantity)?;
    let mut onhand = amount::signed(signs.onhand, facts.quantity)?;
    let (had, lay) = (amount::of(&resource.accounting_quantity), amount::of(&resource.onhand_quantity));
    let (has, lies) = (had.plus(accounting)?, lay.plus(onhand)?);
    let passes = facts.transfer().is_some_and(Action::passes_custody) && facts.action.flow != Flow::Output;
    let goes = whole && passes && !facts.is_correction();
    if goes && !resource.contained_in.is_empty() {
        return Err(contained(resource));
    }
    if !facts.overdraft {
        if has.is_negative() && accounting.is_negative() {
            return Err(below(resource, "", has, had));
        }
        if lies.is_negative() && onhand.is_negative() {
            return Err(if resource.contained_in.is_empty() {
                below(resource, " on hand", lies, lay)
            } else {
                contained(resource)
            });
        }
        if goes && facts.action.is_transfer() && home_out(facts.event, resource) && lay < facts.quantity {
            return Err(below(resource, " on hand", amount::minus(lay, facts.quantity)?, lay));
        }
    }
    if is_serialized(resource) && !facts.action.only_mentions() {
        identity::only_one(resource, has.max(lies))?;
        if resource.away && effect.away == Some(true) && !facts.is_correction() {
            let why = format!("{} is in a process or container already; it must come out first", resource.id);
            return Err(Refusal::new(Code::FailedPrecondition, "R9", why));
        }
        if has == Decimal::ONE {
            onhand = amount::minus(serialized_onhand(resource, effect), lay)?;
        }
    }
    effect.accounting = accounting.to_string();
    effect.onhand = onhand.to_string();
    Ok(())
}

/// R3: what is on hand of a serialized resource after the effect.
fn serialized_onhand(resource: &Resource, effect: &Effect) -> Decimal {
    let owner = effect.primary_accountable.as_ref().unwrap_or(&resource.primary_accountable);
    let holder = effect.custodian.as_ref().unwrap_or(&resource.custodian);
    let away = effect.away.unwrap_or(resource.away);
    let held = owner.is_empty() || owner == holder;
    if held && !away { Decimal::ONE } else { Decimal::ZERO }
}

fn is_serialized(resource: &Resource) -> bool {
    resource.identification() == Identification::Serialized
}

fn below(resource: &Resource, what: &str, would: Decimal, is: Decimal) -> Refusal {
    let unit = amount::unit(&resource.accounting_quantity);
    let why = format!("stock of {}{what} would be {would} {unit}; it holds {is} {unit}", resource.id);
    Refusal::new(Code::FailedPrecondition, "R7", why)
}

fn contained(resource: &Resource) -> Refusal {
    let (id, container) = (&resource.id, &resource.contained_in);
    let why = format!("{id} is contained in {container}: it goes with {container}, or after a separate");
    Refusal::new(Code::FailedPrecondition, "R11", why)
}
