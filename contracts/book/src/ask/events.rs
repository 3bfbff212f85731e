//! Events, processes and promises, with what is connected with them.

use crate::{
    fields,
    index::{self, Room, names, rows},
    keys::{Id, Tag},
    moment::{ALWAYS, span},
    pairs, processes, progress, promises,
    proto::{
        AgreementRequest, AgreementResponse, Event, EventsRequest, EventsResponse, GetEventRequest, ProcessRequest,
        ProcessResponse, PromiseRequest, PromiseResponse, RecordedEvent,
    },
    record,
    state::{CLAUSES, NEIGHBOURS, PROMISES},
};
use std::collections::BTreeSet;
use stint_sdk::{Map, Refusal, prost::Message};

/// Events and neighbours that an answer shows beside its page.
const BESIDE: usize = 100;
/// Clauses of an agreement that an answer shows.
const CLAUSES_SHOWN: usize = 500;

pub fn get_event(request: GetEventRequest) -> Result<RecordedEvent, Refusal> {
    record::event(&request.id)
}

pub fn events(request: EventsRequest) -> Result<EventsResponse, Refusal> {
    let EventsRequest { agent, resource, process, action, promise, corrects, .. } = &request;
    fields::optional_ids(&[
        ("agent", agent),
        ("resource", resource),
        ("process", process),
        ("action", action),
        ("promise", promise),
        ("corrects", corrects),
    ])?;
    // The first that is asked for is the narrowest: the others filter what stands under it.
    let tags = [
        (Tag::Pending(agent), request.pending),
        (Tag::Corrects(corrects), !corrects.is_empty()),
        (Tag::Promise(promise), !promise.is_empty()),
        (Tag::Resource(resource), !resource.is_empty()),
        (Tag::Process(process), !process.is_empty()),
        (Tag::Agent(agent), !agent.is_empty()),
        (Tag::Action(action), !action.is_empty()),
        (Tag::All, true),
    ];
    let tag = tags.into_iter().find(|(_, asked)| *asked).map_or(Tag::All, |(tag, _)| tag);
    let is = |asked: &String, names: &[&String]| asked.is_empty() || names.contains(&asked);
    let keep = |e: &Event| {
        is(agent, &[&e.provider, &e.receiver])
            && is(resource, &[&e.resource_inventoried_as, &e.to_resource_inventoried_as])
            && is(process, &[&e.input_of, &e.output_of])
            && is(action, &[&e.action])
            && is(corrects, &[&e.corrects])
            && (promise.is_empty() || progress::links(e).promises.contains(promise))
    };
    let span = span(&request.from, &request.to)?;
    let (events, next_page_token) = index::page(tag, span, rows(request.page_size), &request.page_token, keep)?;
    Ok(EventsResponse { events, next_page_token })
}

pub fn process(request: ProcessRequest) -> Result<ProcessResponse, Refusal> {
    let process = processes::process(&request.id)?;
    let id = &process.id;
    let (page, next) = index::page(Tag::Process(id), ALWAYS, rows(request.page_size), &request.page_token, |_| true)?;
    let is_input = |r: &RecordedEvent| r.event.as_ref().is_some_and(|e| e.input_of == *id);
    let (inputs, outputs): (Vec<_>, Vec<_>) = page.into_iter().partition(is_input);
    let connected = match request.page_token.as_str() {
        "" => index::page(Tag::Planned(id), ALWAYS, BESIDE, "", |_| true)?.0,
        _ => Vec::new(),
    };
    let (previous, next_processes) = (neighbours(&inputs, "o", id), neighbours(&outputs, "i", id));
    Ok(ProcessResponse {
        open_pairs: pairs::open(id),
        previous,
        next: next_processes,
        process: Some(process),
        inputs,
        outputs,
        connected,
        next_page_token: next,
    })
}

/// Processes that touch the resources of these events on the other side.
fn neighbours(events: &[RecordedEvent], side: &str, but: &str) -> Vec<String> {
    let effects = events.iter().flat_map(|e| &e.effects);
    let resources: BTreeSet<&String> = effects.map(|e| &e.resource).collect();
    let of = |resource: &String| names(&NEIGHBOURS, &Id(format!("{side}:{resource}")), BESIDE, "").0;
    let all: BTreeSet<String> = resources.into_iter().flat_map(of).map(|(process, ())| process).collect();
    all.into_iter().filter(|p| p != but).take(BESIDE).collect()
}

pub fn promise(request: PromiseRequest) -> Result<PromiseResponse, Refusal> {
    Ok(progress::shown(&request.id, promises::promise(&request.id)?))
}

pub fn agreement(request: AgreementRequest) -> Result<AgreementResponse, Refusal> {
    promises::agreement_exists(&request.id)?;
    let (events, next_page_token) =
        index::page(Tag::Promise(&request.id), ALWAYS, rows(request.page_size), &request.page_token, |_| true)?;
    let mut answer = AgreementResponse { events, next_page_token, ..AgreementResponse::default() };
    answer.agreement = promises::promise(&request.id)?.agreement;
    if !request.page_token.is_empty() {
        return Ok(answer);
    }
    let (clauses, more) = names(&CLAUSES, &Id::new(&request.id), CLAUSES_SHOWN, "");
    let mut complete = more.is_empty();
    let mut room = Room::default();
    for (clause, ()) in clauses {
        let promise = read(&PROMISES, &clause);
        if !room.fits(promise.encoded_len()) {
            complete = false;
            break;
        }
        answer.claims.extend(promise.claim);
        let Some(commitment) = promise.commitment else { continue };
        let reciprocal = commitment.commitment.as_ref().is_some_and(|c| c.reciprocal_clause_of == request.id);
        if reciprocal { &mut answer.stipulates_reciprocal } else { &mut answer.stipulates }.push(commitment);
    }
    let clauses = answer.stipulates.iter().chain(&answer.stipulates_reciprocal);
    let finished: Vec<bool> = clauses.map(|c| c.progress.as_ref().is_some_and(|p| p.finished)).collect();
    answer.fulfilled = complete && !finished.is_empty() && finished.iter().all(|f| *f);
    answer.settled = complete && answer.claims.iter().all(|c| c.progress.as_ref().is_some_and(|p| p.finished));
    Ok(answer)
}

fn read(promises: &Map<String, PromiseResponse>, id: &String) -> PromiseResponse {
    progress::shown(id, promises.get(id).unwrap_or_default())
}
