//! The double-entry view: of every event, the same amount leaves one account and enters another.
//!
//! Accounts of rights and custody are `agent:specification:resource`, or `agent:specification` outside of the book;
//! `process:id`, `effort:agent`, `adjustment` and `copies` are the other ends. Of custody only what changes no rights is shown:
//! the rest goes with the rights.

use crate::{
    actions::{Action, action},
    amount, fields,
    fields::either,
    index::{self, rows},
    keys::Tag,
    moment::span,
    proto::{Dimension, Effect, Event, JournalLine, JournalRequest, JournalResponse, Quantity, RecordedEvent, Side},
    state::RESOURCES,
};
use stint_sdk::{Decimal, Refusal};

pub fn journal(request: JournalRequest) -> Result<JournalResponse, Refusal> {
    fields::id("the agent", &request.agent)?;
    let span = span(&request.from, &request.to)?;
    let tag = Tag::Agent(&request.agent);
    let (events, next_page_token) = index::page(tag, span, rows(request.page_size), &request.page_token, |_| true)?;
    Ok(JournalResponse { lines: events.iter().flat_map(lines).collect(), next_page_token })
}

/// The lines of one event.
pub fn lines(record: &RecordedEvent) -> Vec<JournalLine> {
    let event = record.event.clone().unwrap_or_default();
    let Ok(action) = action(&event.action) else { return Vec::new() };
    let mut lines = Vec::new();
    let changes_rights =
        record.effects.iter().any(|e| moved(&e.accounting) != Decimal::ZERO || e.primary_accountable.is_some());
    let dimension = if changes_rights { Dimension::Rights } else { Dimension::Custody };
    match record.effects.as_slice() {
        [from, to] if of(from, dimension) != Decimal::ZERO && of(to, dimension) != Decimal::ZERO => {
            lines.extend(between(from, to, dimension));
        }
        effects => lines.extend(effects.iter().filter_map(|e| alone(&event, action, record, e, dimension))),
    }
    if let Some(effort) = &event.effort_quantity {
        let process = either(&event.input_of, &event.output_of);
        let debit = if process.is_empty() { event.receiver.clone() } else { format!("process:{process}") };
        let giver = either(&event.provider, &event.resource_inventoried_as);
        let spec = either(&event.resource_conforms_to, &event.action).to_string();
        lines.push(line(Dimension::Effort, &debit, &format!("effort:{giver}"), effort.clone(), spec));
    }
    for line in &mut lines {
        line.time.clone_from(&record.time);
        line.event.clone_from(&event.id);
        line.action.clone_from(&event.action);
    }
    lines
}

fn moved(text: &str) -> Decimal {
    amount::kept(text)
}

fn of(effect: &Effect, dimension: Dimension) -> Decimal {
    moved(if dimension == Dimension::Rights { &effect.accounting } else { &effect.onhand })
}

/// From one resource to the other. Each is in its own unit; when they differ, two lines meet in `conversion`.
fn between(from: &Effect, to: &Effect, dimension: Dimension) -> Vec<JournalLine> {
    let (a, b) = (quantity(from, dimension), quantity(to, dimension));
    let (credit, debit) = (account(from, dimension), account(to, dimension));
    if a.unit == b.unit {
        return vec![directed(dimension, &debit, &credit, of(to, dimension), b.unit, spec(to))];
    }
    let through = "conversion";
    vec![
        directed(dimension, through, &credit, flipped(of(from, dimension)), a.unit, spec(from)),
        directed(dimension, &debit, through, of(to, dimension), b.unit, spec(to)),
    ]
}

/// Into or out of one resource.
fn alone(
    event: &Event,
    action: &Action,
    record: &RecordedEvent,
    effect: &Effect,
    dimension: Dimension,
) -> Option<JournalLine> {
    let own = account(effect, dimension);
    let amount = of(effect, dimension);
    if amount != Decimal::ZERO {
        let other = other_end(event, action, effect);
        return Some(directed(dimension, &own, &other, amount, unit(effect), spec(effect)));
    }
    // The resource kept its name and went over as a whole: all of the event's quantity.
    let owner = effect.primary_accountable.as_ref().or(effect.custodian.as_ref()).filter(|_| record.whole)?;
    let spec = spec(effect);
    let quantity = event.resource_quantity.clone()?;
    let debit = format!("{owner}:{spec}:{}", effect.resource);
    let back = record.undoes || amount::kept(&quantity.value).is_negative();
    let amount = amount::kept(&quantity.value);
    let amount = if back { flipped(amount) } else { amount };
    Some(directed(dimension, &debit, &own, amount, quantity.unit, spec))
}

/// Where it comes from or goes to, when that is no resource of the book.
fn other_end(event: &Event, action: &Action, effect: &Effect) -> String {
    let process = either(&event.input_of, &event.output_of);
    if !process.is_empty() {
        return format!("process:{process}");
    }
    match action {
        a if a.is_transfer() && !a.takes() => "copies".into(),
        a if a.is_transfer() => {
            let outside = if effect.side() == Side::From { &event.receiver } else { &event.provider };
            format!("{}:{}", either(outside, "outside"), spec(effect))
        }
        a if a.flow == crate::actions::Flow::Outside => "adjustment".into(),
        _ => "process".into(),
    }
}

fn account(effect: &Effect, dimension: Dimension) -> String {
    let agent = if dimension == Dimension::Rights { &effect.owner } else { &effect.holder };
    format!("{}:{}:{}", either(agent, "nobody"), spec(effect), effect.resource)
}

fn spec(effect: &Effect) -> String {
    RESOURCES.get(&effect.resource).map(|r| r.conforms_to).unwrap_or_default()
}

fn unit(effect: &Effect) -> String {
    let resource = RESOURCES.get(&effect.resource).unwrap_or_default();
    amount::unit(&resource.accounting_quantity).into()
}

fn quantity(effect: &Effect, dimension: Dimension) -> Quantity {
    amount::quantity(of(effect, dimension), &unit(effect))
}

fn flipped(amount: Decimal) -> Decimal {
    amount::negated(amount).unwrap_or(amount)
}

/// A line whose amount is above zero: the accounts change sides when it is not.
fn directed(
    dimension: Dimension,
    debit: &str,
    credit: &str,
    amount: Decimal,
    unit: String,
    spec: String,
) -> JournalLine {
    match amount.is_negative() {
        true => line(dimension, credit, debit, amount::quantity(flipped(amount), &unit), spec),
        false => line(dimension, debit, credit, amount::quantity(amount, &unit), spec),
    }
}

fn line(dimension: Dimension, debit: &str, credit: &str, quantity: Quantity, spec: String) -> JournalLine {
    JournalLine {
        dimension: dimension.into(),
        debit: debit.into(),
        credit: credit.into(),
        quantity: Some(quantity),
        spec,
        ..JournalLine::default()
    }
}
