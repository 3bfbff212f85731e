//! What peers accepted, as valuation rules weigh it.

use crate::{
    fields::period,
    list::{Place, place, token},
    logs::{fitting, rows},
    proto::{Accepted, ListValidatedRequest, ListValidatedResponse, LogEntry, Order},
    state::{AS_VALIDATED, COUNTERS, LOGS, VALIDATED},
};
use prost::Message;
use stint_sdk::Refusal;

pub fn list(request: ListValidatedRequest) -> Result<ListValidatedResponse, Refusal> {
    let newest = COUNTERS.get().unwrap_or_default().validated;
    let response = match request.order() {
        Order::AsValidated => as_validated(&request),
        Order::OldestFirst => by_date(&request, &oldest_first)?,
        Order::NewestFirst => by_date(&request, &newest_first)?,
    };
    Ok(ListValidatedResponse { newest, ..response })
}

fn as_validated(request: &ListValidatedRequest) -> ListValidatedResponse {
    let from = request.after.saturating_add(1).to_be_bytes();
    let found = AS_VALIDATED.page(&[], &from, rows(request.page_size));
    let mut found: Vec<(u64, Accepted)> =
        found.into_iter().filter_map(|(number, id)| Some((number, contribution(LOGS.get(&id)?)))).collect();
    found.truncate(fitting(found.iter().map(|(_, c)| c.encoded_len())));
    let last = found.last().map_or(request.after, |(number, _)| *number);
    let contributions = found.into_iter().map(|(_, c)| c).collect();
    ListValidatedResponse { contributions, last, ..ListValidatedResponse::default() }
}

/// Up to so many places of a period, from one on.
type Walk = dyn Fn(&Place, (u32, u32), usize) -> Vec<Place>;

fn by_date(request: &ListValidatedRequest, walk: &Walk) -> Result<ListValidatedResponse, Refusal> {
    let period = period(request.period.clone())?;
    let rows = rows(request.page_size);
    let start = match request.page_token.as_str() {
        "" if request.order() == Order::NewestFirst => (period.1, String::new()),
        "" => (period.0, String::new()),
        token => place(token)?,
    };
    // One more than asked: where the next page begins.
    let places = walk(&start, period, rows + 1).into_iter();
    let mut found: Vec<(Place, Accepted)> =
        places.filter_map(|place| LOGS.get(&place.1).map(|log| (place, contribution(log)))).collect();
    let mut behind = found.split_off(fitting(found.iter().map(|(_, c)| c.encoded_len())).min(rows).min(found.len()));
    let next_page_token = if behind.is_empty() { String::new() } else { token(&behind.swap_remove(0).0) };
    let contributions = found.into_iter().map(|(_, c)| c).collect();
    Ok(ListValidatedResponse { contributions, next_page_token, ..ListValidatedResponse::default() })
}

fn key((day, id): &Place) -> Vec<u8> {
    [&day.to_be_bytes(), id.as_bytes()].concat()
}

fn oldest_first(start: &Place, (_, until): (u32, u32), rows: usize) -> Vec<Place> {
    let found = VALIDATED.page(&[], &key(start), rows).into_iter();
    found.map(|(place, _)| place).take_while(|(day, _)| *day < until).collect()
}

fn newest_first(start: &Place, (from, _): (u32, u32), rows: usize) -> Vec<Place> {
    // The start itself is the first one, when it is there: the bound lies just behind it.
    let mut bound = key(start);
    if !start.1.is_empty() {
        bound.push(0);
    }
    let back = std::iter::from_fn(move || {
        let (place, _) = VALIDATED.last_before(&bound)?;
        bound = key(&place);
        Some(place)
    });
    back.take_while(|(day, _)| *day >= from).take(rows).collect()
}

fn contribution(log: LogEntry) -> Accepted {
    Accepted {
        id: log.id,
        agent: log.author,
        kind: log.kind,
        stream: log.stream,
        claim: log.claim_type,
        quantity: log.accepted,
        unit: log.logged.unwrap_or_default().unit,
        date: log.date,
        cites: log.cites,
        to: log.to,
        attributes: log.attributes,
    }
}
