//! Recording: a batch of events, all or none, each checked from the outside in.
//!
//! 1. Is it known? The same again changes nothing; other content under the same id is refused.
//! 2. `shape.rs`: is it an event by itself?
//! 3. `authority.rs`, R10: may the caller record it? Does it wait for a second signature?
//! 4. `take.rs`: has it effect on the book as it stands?

mod correct;
mod parts;
mod shape;
mod take;

pub use correct::correct;
pub use parts::{Part, facts};
pub use take::Changed;
use take::take_effect;

use crate::{
    actions::action,
    authority, fields, index,
    keys::Tag,
    moment, periods,
    proto::{CosignRequest, Cosigned, Event, Known, Outcome, RecordRequest, RecordResponse, Recorded, RecordedEvent},
    state::EVENTS,
};
use stint_sdk::{Code, Refusal, Time, announce, context};

/// A call announces at most 64 events, and a closed process may be flagged by the way.
const BATCH: usize = 50;

pub fn record(request: RecordRequest) -> Result<RecordResponse, Refusal> {
    if request.events.is_empty() {
        return Err(Refusal::invalid("batch", "the request holds no event"));
    }
    if request.events.len() > BATCH {
        let why = format!("{} events are too many for one call; send at most {BATCH}", request.events.len());
        return Err(Refusal::new(Code::ResourceExhausted, "batch", why));
    }
    let one = |event: Event| {
        let id = fields::shown(&event.id);
        one(event).map_err(|refusal| refusal.with("event", id))
    };
    let results = request.events.into_iter().map(one).collect::<Result<_, _>>()?;
    Ok(RecordResponse { results })
}

/// Records one event.
fn one(event: Event) -> Result<Outcome, Refusal> {
    fields::id("the event", &event.id)?;
    if let Some(known) = EVENTS.get(&event.id) {
        return match known.event.as_ref() == Some(&event) {
            true => Ok(Outcome { id: event.id, known: true, pending: known.pending, over: String::new() }),
            false => Err(taken(&known)),
        };
    }
    let action = action(&event.action)?;
    correct::corrected(&event)?;
    shape::check(&event, action)?;
    let time = shape::time(&event)?;
    let signer = authority::may_record(&event)?;
    periods::accepts(time)?;
    let record = RecordedEvent {
        net_quantity: event.resource_quantity.clone(),
        net_effort: event.effort_quantity.clone(),
        recorded_height: context().height,
        created: moment::now().to_string(),
        time: time.to_string(),
        signer,
        pending: authority::waits(&event),
        event: Some(event.clone()),
        ..RecordedEvent::default()
    };
    if record.pending {
        wait(record)?;
        return Ok(Outcome { id: event.id, pending: true, ..Outcome::default() });
    }
    let over = take_effect(record, &event, action)?;
    Ok(Outcome { id: event.id, over, ..Outcome::default() })
}

fn taken(known: &RecordedEvent) -> Refusal {
    let id = known.event.as_ref().map(|e| e.id.clone()).unwrap_or_default();
    let why = format!(
        "{id} was recorded with other content at height {}; an id stands for one event for ever",
        known.recorded_height
    );
    Refusal::new(Code::AlreadyExists, "id", why)
}

/// R10: keeps an event that waits for its second signature.
fn wait(record: RecordedEvent) -> Result<(), Refusal> {
    let event = record.event.clone().unwrap_or_default();
    let time = Time::parse(&record.time)?;
    for party in [&event.provider, &event.receiver] {
        index::add(Tag::Pending(party), time, &event.id);
    }
    EVENTS.put(&event.id, &record);
    announce(&Recorded { event: Some(record) });
    Ok(())
}

/// Signs an event as a second agent. A pending one is checked against the book as it stands now, and has effect.
pub fn cosign(request: CosignRequest) -> Result<Known, Refusal> {
    let mut record = event(&request.event)?;
    let event = record.event.clone().unwrap_or_default();
    let cosigner = authority::may_cosign(&event, &record.signer)?;
    if record.cosigner == cosigner {
        return Ok(Known { known: true });
    }
    if !record.cosigner.is_empty() {
        let why = format!("{} has been signed by {} and {} already", event.id, record.signer, record.cosigner);
        return Err(Refusal::new(Code::AlreadyExists, "cosign", why));
    }
    record.cosigner.clone_from(&cosigner);
    if record.pending {
        record.pending = false;
        let time = Time::parse(&record.time)?;
        periods::accepts(time)?;
        for party in [&event.provider, &event.receiver] {
            index::remove(Tag::Pending(party), time, &event.id);
        }
        take_effect(record, &event, action(&event.action)?)?;
    } else {
        EVENTS.put(&event.id, &record);
    }
    announce(&Cosigned { event: event.id, cosigner });
    Ok(Known { known: false })
}

/// An event that must be there.
pub fn event(id: &str) -> Result<RecordedEvent, Refusal> {
    fields::id("the event", id)?;
    EVENTS
        .get(&id.to_string())
        .ok_or_else(|| Refusal::new(Code::NotFound, "event", format!("there is no event {id} on this book")))
}
