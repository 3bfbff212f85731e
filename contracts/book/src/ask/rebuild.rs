//! Rebuilding: a resource recomputed from its events alone, by the same function that recorded them.

use crate::{
    actions::action,
    amount,
    apply::apply,
    effect::effect,
    fields,
    index::{Room, rows},
    keys::Id,
    proto::{RebuildCursor, RebuildRequest, RebuildResponse, RecordedEvent, Resource, Side},
    record,
    state::{BIRTHS, EVENTS, LOG, RESOURCES},
};
use stint_sdk::{Code, Key, Refusal, prost::Message};

/// The most that one look at a map reads.
const PAGE: usize = 1000;

pub fn rebuild(request: RebuildRequest) -> Result<RebuildResponse, Refusal> {
    fields::id("the resource", &request.resource)?;
    let missing =
        || Refusal::new(Code::NotFound, "resource", format!("there is no resource {} on this book", request.resource));
    let stored = RESOURCES.get(&request.resource).ok_or_else(missing)?;
    let RebuildCursor { number, resource } = begin(&request)?;
    let mut resource = resource.ok_or_else(missing)?;
    let of = Id::new(&request.resource);
    let mut from = of.prefix();
    (number + 1).write(&mut from);
    let rows = rows(request.page_size).min(PAGE - 1);
    let page = LOG.page(&of.prefix(), &from, rows + 1);
    let mut cursor = RebuildCursor { number, resource: None };
    let mut room = Room::default();
    let mut done = 0;
    for ((_, number), id) in page.iter().take(rows) {
        let record = EVENTS.get(id).unwrap_or_default();
        if !room.fits(record.encoded_len()) {
            break;
        }
        again(&mut resource, &record)?;
        cursor.number = *number;
        done += 1;
    }
    let more = page.len() > done;
    cursor.resource = Some(resource.clone());
    Ok(RebuildResponse {
        equal: !more && resource == stored,
        next_page_token: if more { hex(&cursor.encode_to_vec()) } else { String::new() },
        rebuilt: Some(resource),
        stored: Some(stored),
    })
}

/// Where to begin: at the birth, or where the page before ended. Who forges a token fools nobody else.
fn begin(request: &RebuildRequest) -> Result<RebuildCursor, Refusal> {
    if request.page_token.is_empty() {
        let birth = BIRTHS.get(&request.resource).and_then(|b| b.resource);
        return Ok(RebuildCursor { number: 0, resource: birth });
    }
    let refuse = || Refusal::invalid("page-token", "this is no page token; take next_page_token of the page before");
    let bytes = unhex(&request.page_token).ok_or_else(refuse)?;
    let cursor = RebuildCursor::decode(bytes.as_slice()).map_err(|_| refuse())?;
    let own = cursor.resource.as_ref().is_some_and(|r| {
        r.id == request.resource && amount::read(&amount::of(&r.accounting_quantity).to_string()).is_ok()
    });
    if own { Ok(cursor) } else { Err(refuse()) }
}

/// What one event did to the resource.
fn again(resource: &mut Resource, record: &RecordedEvent) -> Result<(), Refusal> {
    let event = record.event.clone().unwrap_or_default();
    let action = action(&event.action)?;
    let side = if event.resource_inventoried_as == resource.id { Side::From } else { Side::To };
    let whole = !event.corrects.is_empty() && EVENTS.get(&event.corrects).is_some_and(|of| of.whole);
    let mut facts = record::facts(&event, action, side, resource, whole, record.undoes)?;
    // Which container it was depends on the process at that time; the event tells.
    let own = record.effects.iter().find(|e| e.resource == resource.id);
    facts.container = own.and_then(|e| e.contained_in.clone()).unwrap_or_default();
    let (effect, _) = effect(&facts, resource)?;
    apply(resource, &effect)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2))
        .collect()
}
