//! The book of a commons: every resource recomputed from its events, which must equal what is kept.

use super::{
    standing::{Answer, PAGES, Standing},
    told::Rows,
};
use crate::cli::{
    Failure,
    suite::book::{EventsRequest, EventsResponse, RebuildRequest, RebuildResponse},
};
use prost::Message;
use std::collections::BTreeSet;

pub const SERVICE: &str = "stint.book.v1.Book";

/// What a book consists of, all of it rebuilt.
pub struct Rebuilt {
    pub resources: u64,
    pub events: u64,
}

/// Rebuilds every resource that an event had to do with; `progress` hears of each. The first difference, in words.
pub fn audit(at: &Standing, commons: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<Answer<Rebuilt>, Failure> {
    let (resources, events) = match resources(at, commons)? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let all = resources.len() as u64;
    for (n, resource) in (1..).zip(resources) {
        match rebuild(at, commons, &resource)? {
            Err(why) => return Ok(Err(format!("resource {resource}: {why}"))),
            Ok(answer) if !answer.equal => {
                return Ok(Err(format!("resource {resource}: {}", differs(at, commons, &answer))));
            }
            Ok(_) => progress(n, all),
        }
    }
    Ok(Ok(Rebuilt { resources: all, events }))
}

fn method(name: &str) -> String {
    format!("/{SERVICE}/{name}")
}

/// The resources of all events, and how many events there are.
fn resources(at: &Standing, commons: &str) -> Result<Answer<(BTreeSet<String>, u64)>, Failure> {
    let (mut found, mut events) = (BTreeSet::new(), 0);
    let mut request = EventsRequest { page_size: 1000, ..Default::default() };
    for _ in 0..PAGES {
        let page: EventsResponse = match at.ask(commons, &method("Events"), &request)? {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        events += page.events.len() as u64;
        found.extend(page.events.into_iter().flat_map(|e| e.effects).map(|effect| effect.resource));
        if page.next_page_token.is_empty() {
            return Ok(Ok((found, events)));
        }
        request.page_token = page.next_page_token;
    }
    Ok(Err("Events has no last page".into()))
}

/// One resource, in as many pages as it takes.
fn rebuild(at: &Standing, commons: &str, resource: &str) -> Result<Answer<RebuildResponse>, Failure> {
    let mut request = RebuildRequest { resource: resource.into(), page_size: 1000, page_token: String::new() };
    for _ in 0..PAGES {
        let page: RebuildResponse = match at.ask(commons, &method("Rebuild"), &request)? {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        if page.next_page_token.is_empty() {
            return Ok(Ok(page));
        }
        request.page_token = page.next_page_token;
    }
    Ok(Err("Rebuild has no last page".into()))
}

/// The first field that is kept otherwise than its events make it.
fn differs(at: &Standing, commons: &str, answer: &RebuildResponse) -> String {
    let (stored, rebuilt) = (answer.stored.clone().unwrap_or_default(), answer.rebuilt.clone().unwrap_or_default());
    let ty = at.words(commons, SERVICE).and_then(|kept| kept.message("stint.book.v1.Resource"));
    let mut rows = Rows::default();
    rows.messages("", ty, (&stored.encode_to_vec().into(), &rebuilt.encode_to_vec().into()));
    match rows.0.first() {
        Some([what, kept, made]) => {
            format!("{} is kept as {kept}, and its events make it {made}", what.trim_start_matches('.'))
        }
        None => "its events make something else of it".into(),
    }
}
