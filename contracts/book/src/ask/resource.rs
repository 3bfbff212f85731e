//! Resources as they stand, as they stood, and by whom they are kept; and what was declared.

use crate::{
    amount,
    apply::{apply, merge},
    containment, fields,
    index::{Room, names, rows},
    keys::Id,
    proto::{
        DeclarationsRequest, DeclarationsResponse, Effect, Resource, ResourceRequest, ResourceResponse, StockOfRequest,
        StockOfResponse,
    },
    state::{BIRTHS, CONTENTS, CONVERSIONS, DAYS, PERIODS, PROCESS_SPECS, RESOURCES, SPECS, STOCK},
};
use stint_sdk::{Code, Key, Map, Refusal, Time, prost::Message};

/// Contents that an answer names.
const CONTENTS_SHOWN: usize = 100;

pub fn resource(request: ResourceRequest) -> Result<ResourceResponse, Refusal> {
    fields::id("the resource", &request.id)?;
    let stored = RESOURCES.get(&request.id).ok_or_else(|| {
        Refusal::new(Code::NotFound, "resource", format!("there is no resource {} on this book", request.id))
    })?;
    if !request.at.is_empty() {
        return Ok(ResourceResponse { resource: Some(at(&stored, &request.at)?), contains: Vec::new() });
    }
    let (inside, _) = names(&CONTENTS, &Id::new(&request.id), CONTENTS_SHOWN, "");
    let contains = inside.into_iter().map(|(name, ())| name).collect();
    Ok(ResourceResponse { resource: Some(containment::located(stored)), contains })
}

/// As it stood at the end of a day: what it was born as, and all days until then. By the events' own dates; of events of one
/// day, by the order in which they were recorded.
fn at(stored: &Resource, day: &str) -> Result<Resource, Refusal> {
    let day = Time::parse(day)?.day();
    let mut resource = BIRTHS.get(&stored.id).and_then(|b| b.resource).unwrap_or_default();
    let prefix = Id::new(&stored.id).prefix();
    let mut to = prefix.clone();
    (day.to_key() + 1).write(&mut to);
    let mut all = Effect::default();
    let mut born = false;
    for (_, change) in DAYS.range(&prefix, &to) {
        let change = change.change.unwrap_or_default();
        born |= change.created;
        merge(&mut all, &change)?;
    }
    if !born && amount::kept(&all.accounting).is_zero() && amount::kept(&all.onhand).is_zero() {
        let why = format!("{} was not there yet at the end of {day}", stored.id);
        return Err(Refusal::new(Code::NotFound, "resource", why));
    }
    apply(&mut resource, &all)?;
    resource.events = 0;
    Ok(resource)
}

pub fn stock_of(request: StockOfRequest) -> Result<StockOfResponse, Refusal> {
    fields::id("the agent", &request.agent)?;
    let (page, next) = names(&STOCK, &Id::new(&request.agent), rows(request.page_size), &request.page_token);
    let mut answer = StockOfResponse { resources: Vec::new(), next_page_token: next };
    let mut room = Room::default();
    for resource in page.into_iter().filter_map(|(id, ())| RESOURCES.get(&id)) {
        if !room.fits(resource.encoded_len()) {
            answer.next_page_token = answer.resources.last().map(|r: &Resource| r.id.clone()).unwrap_or_default();
            break;
        }
        answer.resources.push(containment::located(resource));
    }
    Ok(answer)
}

pub fn declarations(request: DeclarationsRequest) -> Result<DeclarationsResponse, Refusal> {
    let mut answer = DeclarationsResponse::default();
    let (rows, token) = (rows(request.page_size), request.page_token.as_str());
    answer.next_page_token = match request.kind.as_str() {
        "spec" => page(&SPECS, rows, token, &mut answer.specs),
        "process-spec" => page(&PROCESS_SPECS, rows, token, &mut answer.process_specs),
        "conversion" => page(&CONVERSIONS, rows, token, &mut answer.conversions),
        "period" => page(&PERIODS, rows, token, &mut answer.periods),
        other => {
            let why =
                format!("{:?} is not declared; spec, process-spec, conversion and period are", fields::shown(other));
            return Err(Refusal::invalid("kind", why));
        }
    };
    Ok(answer)
}

/// A page of a map, and the token of the next: the last key.
fn page<V: Message + Default>(map: &Map<String, V>, rows: usize, token: &str, into: &mut Vec<V>) -> String {
    let mut from = token.as_bytes().to_vec();
    if !from.is_empty() {
        from.push(0);
    }
    let mut room = Room::default();
    let mut last = String::new();
    for (key, value) in map.range(&from, &[]) {
        if into.len() == rows || !room.fits(value.encoded_len()) {
            return last;
        }
        into.push(value);
        last = key;
    }
    String::new()
}
