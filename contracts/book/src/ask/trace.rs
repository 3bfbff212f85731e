//! Track and trace: where something came from, and what became of it.
//!
//! One step at a time, as Valueflows has it: a resource leads to its events, an event to its process and resources, a process to
//! its events on the other side. Events count only on their side of the one by which a resource was reached: what was put into
//! a stock after something was taken out of it is no source of it. And what goes through a process as itself passes its own way
//! only: behind a dropoff lies the pickup of the same resource, not those of others (the skip sets).

use super::trail::{FAN, Further, Step, walk};
use crate::{
    actions::{Action, Change, Count, Flow, action},
    fields::either,
    index,
    keys::Tag,
    moment::Span,
    proto::{Event, NodeKind, RecordedEvent, TraceRequest, TraceResponse},
    state::EVENTS,
};
use std::rc::Rc;
use stint_sdk::{Refusal, Time};

/// Where something came from.
pub fn trace(request: TraceRequest) -> Result<TraceResponse, Refusal> {
    walk(&request, u64::MAX, |new, known| new > known, sources)
}

/// What became of something.
pub fn track(request: TraceRequest) -> Result<TraceResponse, Refusal> {
    walk(&request, 0, |new, known| new < known, uses)
}

fn sources(step: &Step) -> Result<Further, Refusal> {
    let span = (0, step.bound.saturating_add(1));
    match step.kind {
        NodeKind::Resource => around(step, Tag::Resource(&step.id), span, |e| puts_into(e, &step.id)),
        NodeKind::Process => {
            around(step, Tag::Process(&step.id), span, |e| of(e).input_of == step.id && same_way(e, step))
        }
        NodeKind::Event => Ok(behind(step, |event| match event.output_of.as_str() {
            "" => (NodeKind::Resource, event.resource_inventoried_as.clone()),
            process => (NodeKind::Process, process.into()),
        })),
    }
}

fn uses(step: &Step) -> Result<Further, Refusal> {
    let span = (step.bound, u64::MAX);
    match step.kind {
        NodeKind::Resource => around(step, Tag::Resource(&step.id), span, |e| takes_from(e, &step.id)),
        NodeKind::Process => {
            around(step, Tag::Process(&step.id), span, |e| of(e).output_of == step.id && same_way(e, step))
        }
        NodeKind::Event => Ok(behind(step, |event| match event.input_of.as_str() {
            "" => {
                (NodeKind::Resource, either(&event.to_resource_inventoried_as, &event.resource_inventoried_as).into())
            }
            process => (NodeKind::Process, process.into()),
        })),
    }
}

/// From a resource or process to those of its events that lie on the way.
fn around(step: &Step, tag: Tag, span: Span, keep: impl Fn(&RecordedEvent) -> bool) -> Result<Further, Refusal> {
    let (events, next) = index::page(tag, span, FAN, "", |e| e.corrects.is_empty())?;
    let looked_at = events.len();
    let steps = events.into_iter().filter(keep).map(|record| Step {
        kind: NodeKind::Event,
        id: of(&record).id,
        depth: step.depth + 1,
        bound: time(&record),
        by: Some(Rc::new(record)),
    });
    Ok(Further { steps: steps.collect(), looked_at, more: !next.is_empty() })
}

/// From an event to its process, or to its resource.
fn behind(step: &Step, next: impl Fn(&Event) -> (NodeKind, String)) -> Further {
    let record = step.by.clone().or_else(|| EVENTS.get(&step.id).map(Rc::new));
    let Some(record) = record else { return Further::default() };
    let (kind, id) = next(&of(&record));
    let bound = time(&record);
    let steps = if id.is_empty() {
        Vec::new()
    } else {
        vec![Step { kind, id, depth: step.depth + 1, bound, by: Some(record) }]
    };
    Further { steps, looked_at: 1, more: false }
}

/// The event puts something into the resource: an output of a process, an adjustment, or the receiving side.
fn puts_into(record: &RecordedEvent, resource: &str) -> bool {
    let event = of(record);
    let Ok(action) = action(&event.action) else { return false };
    match event.to_resource_inventoried_as == resource {
        true => action.contained != Change::Update,
        false => action.flow == Flow::Output || action.flow == Flow::Outside && !takes_away(record, action),
    }
}

/// The event takes something from the resource, or mentions it.
fn takes_from(record: &RecordedEvent, resource: &str) -> bool {
    let event = of(record);
    let Ok(action) = action(&event.action) else { return false };
    let from = event.resource_inventoried_as == resource;
    match action.flow {
        Flow::Input => from || action.implied().is_some(),
        Flow::Output => from && !event.to_resource_inventoried_as.is_empty(),
        _ => from && (takes_away(record, action) || action.is_transfer()),
    }
}

/// Something goes: but for a whole, which keeps its name and goes over with its past.
fn takes_away(record: &RecordedEvent, action: &Action) -> bool {
    action.is_transfer() && !record.whole || action.accounting == Count::Decrement
}

/// The skip sets: what goes through a process as itself leads to its own other half only. What is combined ends in what is
/// produced or modified, and comes out again by its own separate.
fn same_way(event: &RecordedEvent, step: &Step) -> bool {
    let Some(by) = &step.by else { return true };
    let (event, by) = (of(event), of(by));
    let (Ok(a), Ok(b)) = (action(&event.action), action(&by.action)) else { return true };
    let passes = |x: &Action| x.holds_only() && x.contained == Change::Keep;
    let same = passing(&event, a) == passing(&by, b);
    match (a, b) {
        // Picked up, accepted, and out again.
        (a, b) if passes(a) && passes(b) => same,
        (a, b) if passes(a) || passes(b) => {
            let other = if passes(a) { b } else { a };
            // A consumed part goes into what is modified; what is produced is not made of what only passes.
            let inward = other.is_input();
            other.contained != Change::Keep || inward
        }
        (a, b) if a.contained == Change::Remove || b.contained == Change::Remove => same,
        _ => true,
    }
}

/// The resource that an event brings into its process or out of it.
fn passing(event: &Event, action: &Action) -> String {
    let other = &event.to_resource_inventoried_as;
    let receivers = action.is_input() && !other.is_empty() && action.contained == Change::Keep;
    if receivers { other.clone() } else { event.resource_inventoried_as.clone() }
}

fn of(record: &RecordedEvent) -> Event {
    record.event.clone().unwrap_or_default()
}

fn time(record: &RecordedEvent) -> u64 {
    Time::parse(&record.time).map_or(0, Time::to_key)
}
