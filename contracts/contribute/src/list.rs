//! Pages of contributions.

use crate::{
    fields::{period, word},
    proto::{Contribution, ListContributionsRequest, ListContributionsResponse},
    state::{BY_AUTHOR, BY_DAY, number_of},
};
use stint_sdk::{Day, Refusal};

/// Where a page begins: the day in the key and the id.
pub type Place = (u32, String);

pub fn list(request: ListContributionsRequest) -> Result<ListContributionsResponse, Refusal> {
    let (from, until) = period(request.period)?;
    let rows = if request.page_size == 0 { 100 } else { request.page_size.min(1000) as usize };
    let start = match request.page_token.as_str() {
        "" => (from, String::new()),
        token => place(token)?,
    };
    // One more than asked: where the next page begins.
    let mut found = match request.author.as_str() {
        "" => of_all(&start, until, rows + 1),
        author => of_author(author, &start, until, rows + 1),
    };
    let next = if found.len() > rows { found.pop().map(|(place, _)| token(&place)) } else { None };
    Ok(ListContributionsResponse {
        contributions: found.into_iter().map(|(_, c)| c).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}

fn of_all(start: &Place, until: u32, rows: usize) -> Vec<(Place, Contribution)> {
    BY_DAY.range(&key(&[], start), &until.to_be_bytes()).take(rows).collect()
}

fn of_author(author: &str, start: &Place, until: u32, rows: usize) -> Vec<(Place, Contribution)> {
    let Some(number) = number_of(author) else { return Vec::new() };
    let end = key(&number.to_be_bytes(), &(until, String::new()));
    let ids = BY_AUTHOR.range(&key(&number.to_be_bytes(), start), &end).take(rows);
    ids.filter_map(|((_, day, id), ())| Some(((day, id.clone()), BY_DAY.get(&(day, id))?))).collect()
}

fn key(prefix: &[u8], (day, id): &Place) -> Vec<u8> {
    [prefix, &day.to_be_bytes(), id.as_bytes()].concat()
}

/// A place as a page token.
pub fn token((day, id): &Place) -> String {
    format!("{}/{id}", Day::from_key(*day))
}

/// The place that a page token names.
pub fn place(token: &str) -> Result<Place, Refusal> {
    let refuse =
        || Refusal::invalid("page-token", "this is no page token; take it from next_page_token of the page before");
    let (day, id) = token.split_once('/').ok_or_else(refuse)?;
    word("id", id).map_err(|_| refuse())?;
    Ok((Day::parse(day).map_err(|_| refuse())?.to_key(), id.into()))
}
