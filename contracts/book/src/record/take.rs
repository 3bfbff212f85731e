//! An event has effect: what it does to resources, processes, promises and sums, or the rule that forbids it.

use super::{
    correct,
    parts::{self, Part},
};
use crate::{
    actions::Action,
    amount,
    apply::apply,
    authority, containment,
    effect::effect,
    effort, index, pairs, processes, promises,
    proto::{Corrected, Effect, Event, Recorded, RecordedEvent, Resource, Side},
    shelf,
    state::{EVENTS, LAST},
};
use stint_sdk::{Decimal, Refusal, Time, announce};

/// One resource before and after the event.
pub struct Changed {
    pub before: Resource,
    pub after: Resource,
    pub effect: Effect,
    /// Of the event, in the resource's unit.
    pub quantity: Decimal,
    pub created: bool,
}

/// Lets an event have effect. Gives the commitment of which more is done now than was promised (R13).
pub fn take_effect(mut record: RecordedEvent, event: &Event, action: &'static Action) -> Result<String, Refusal> {
    let corrected = correct::original(event)?;
    processes::admits(event, corrected.is_some())?;
    let (corrects_whole, undoes) = corrected.as_ref().map_or((false, false), |(of, undoes)| (of.whole, *undoes));
    let parts = parts::find(event, action)?;
    let container = containment::container(event, action, &parts)?;
    let changed = changes(event, action, parts, (corrects_whole, undoes), &container, &mut record.whole)?;
    record.undoes = undoes;
    record.effects = changed.iter().map(|c| c.effect.clone()).collect();

    pairs::follow(event, action, acting(event, action, &changed), corrected.is_some())?;
    let over = promises::follow(event, &changed)?;
    record.number = LAST.get().unwrap_or(0) + 1;
    LAST.put(&record.number);
    let time = Time::parse(&record.time)?;
    for change in &changed {
        shelf::put(change, &event.id, record.number, time)?;
    }
    processes::follow(event, action, &changed)?;
    effort::follow(event, time)?;
    index::follow(event, time);
    EVENTS.put(&event.id, &record);
    match corrected {
        None => announce(&Recorded { event: Some(record) }),
        Some((of, _)) => {
            EVENTS.put(&event.corrects, &of);
            announce(&Corrected { event: Some(record), corrected: Some(of) });
        }
    }
    Ok(over)
}

/// What the event does to each of its resources.
fn changes(
    event: &Event,
    action: &'static Action,
    parts: Vec<Part>,
    (corrects_whole, undoes): (bool, bool),
    container: &str,
    is_whole: &mut bool,
) -> Result<Vec<Changed>, Refusal> {
    if let [from, to] = parts.as_slice() {
        authority::same_accountable(action, &from.resource, &to.resource)?;
    }
    let mut changed = Vec::new();
    for Part { side, resource: before, created } in parts {
        let mut facts = parts::facts(event, action, side, &before, corrects_whole, undoes)?;
        facts.container = container.into();
        authority::may_give(&facts, &before)?;
        let (effect, whole) = effect(&facts, &before)?;
        *is_whole |= whole;
        let mut after = before.clone();
        apply(&mut after, &effect)?;
        changed.push(Changed { before, after, effect, quantity: facts.quantity, created });
    }
    Ok(changed)
}

/// R2: the resource that goes into the process or comes out of it: of an input, the receiver's.
fn acting<'a>(event: &Event, action: &Action, changed: &'a [Changed]) -> Option<&'a Changed> {
    let other = !event.to_resource_inventoried_as.is_empty() && action.contained == crate::actions::Change::Keep;
    let side = if action.is_input() && other { Side::To } else { Side::From };
    changed.iter().find(|c| c.effect.side() == side)
}

impl Changed {
    /// What the book knows it by.
    pub fn spec(&self) -> &str {
        &self.after.conforms_to
    }

    pub fn unit(&self) -> &str {
        amount::unit(&self.after.accounting_quantity)
    }
}
