//! Finding events: under each tag they stand in the order of their time, then of their ids. A page is a walk from a place.

use crate::{
    keys::{Id, Tag},
    moment::Span,
    promises,
    proto::{Event, RecordedEvent},
    state::{BY, EVENTS},
};
use std::collections::BTreeSet;
use stint_sdk::{Key, Refusal, Time, prost::Message};

/// Rows of a page when none are asked for, and at most.
const ROWS: usize = 100;
const MOST_ROWS: usize = 1000;
/// Bytes that one page reads: an answer has at most 1 MB, an instance 16 MB that it never gets back, and what is read is
/// copied and written in other words.
const PAGE_BYTES: usize = 250_000;

pub fn add(tag: Tag, time: Time, event: &str) {
    BY.put(&(tag.key(), time.to_key(), event.into()), &());
}

pub fn remove(tag: Tag, time: Time, event: &str) {
    BY.delete(&(tag.key(), time.to_key(), event.into()));
}

/// Indexes an event by all that it has to do with.
pub fn follow(event: &Event, time: Time) {
    let links = promises::links(event);
    let mut tags = vec![Tag::All, Tag::Action(&event.action)];
    tags.extend(named(&[&event.provider, &event.receiver]).map(Tag::Agent));
    tags.extend(named(&[&event.resource_inventoried_as, &event.to_resource_inventoried_as]).map(Tag::Resource));
    tags.extend(named(&[&event.input_of, &event.output_of]).map(Tag::Process));
    tags.extend(named(&[&event.corrects]).map(Tag::Corrects));
    tags.extend(links.promises.iter().map(|p| Tag::Promise(p)));
    let direct = [&event.input_of, &event.output_of];
    tags.extend(links.processes.iter().filter(|p| !direct.contains(p)).map(|p| Tag::Planned(p)));
    for tag in tags {
        add(tag, time, &event.id);
    }
}

/// Names that are there, each once.
fn named<'a>(names: &[&'a String]) -> impl Iterator<Item = &'a str> + use<'a> {
    let names: BTreeSet<&str> = names.iter().map(|n| n.as_str()).filter(|n| !n.is_empty()).collect();
    names.into_iter()
}

/// Where a page begins or ends: behind an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub time: u64,
    pub id: String,
}

impl Place {
    pub fn token(&self) -> String {
        format!("{}/{}", Time::from_key(self.time), self.id)
    }

    /// From a page token.
    pub fn read(token: &str) -> Result<Place, Refusal> {
        let refuse =
            || Refusal::invalid("page-token", "this is no page token; take next_page_token of the page before");
        let (time, id) = token.split_once('/').ok_or_else(refuse)?;
        crate::fields::optional_id("the place", id).map_err(|_| refuse())?;
        Ok(Place { time: Time::parse(time).map_err(|_| refuse())?.to_key(), id: id.into() })
    }
}

/// How much a page has room for. The first thing always fits.
#[derive(Default)]
pub struct Room {
    used: usize,
}

impl Room {
    /// Whether something of so many bytes still fits; then it takes its place.
    pub fn fits(&mut self, bytes: usize) -> bool {
        let fits = self.used == 0 || self.used + bytes <= PAGE_BYTES;
        self.used += if fits { bytes } else { 0 };
        fits
    }
}

/// A page of events under a tag that pass a filter, and the token of the next page. It looks at no more than what has room,
/// so a page may be short.
pub fn page(
    tag: Tag,
    span: Span,
    rows: usize,
    token: &str,
    keep: impl Fn(&Event) -> bool,
) -> Result<(Vec<RecordedEvent>, String), Refusal> {
    let prefix = tag.key().prefix();
    let mut from = prefix.clone();
    match token {
        "" => span.0.write(&mut from),
        token => {
            let place = Place::read(token)?;
            (place.time, place.id).write(&mut from);
            // Behind the last one shown.
            from.push(0);
        }
    }
    let mut to = prefix;
    span.1.write(&mut to);
    let mut found = Vec::new();
    let mut last = None;
    let mut room = Room::default();
    for ((_, time, id), ()) in BY.range(&from, &to) {
        let record = if found.len() < rows { EVENTS.get(&id).unwrap_or_default() } else { RecordedEvent::default() };
        if found.len() == rows || !room.fits(record.encoded_len()) {
            return Ok((found, last.as_ref().map(Place::token).unwrap_or_default()));
        }
        if record.event.as_ref().is_some_and(&keep) {
            found.push(record);
        }
        last = Some(Place { time, id });
    }
    Ok((found, String::new()))
}

/// Rows of a page, as asked.
pub fn rows(asked: u32) -> usize {
    if asked == 0 { ROWS } else { (asked as usize).min(MOST_ROWS) }
}

/// A page of a map whose last key part is a name: `(value of each, next token)`. The token is the last name.
pub fn names<V: Message + Default>(
    map: &stint_sdk::Map<(Id, String), V>,
    of: &Id,
    rows: usize,
    token: &str,
) -> (Vec<(String, V)>, String) {
    let prefix = of.prefix();
    let mut from = prefix.clone();
    if !token.is_empty() {
        from.extend_from_slice(token.as_bytes());
        from.push(0);
    }
    let mut page: Vec<(String, V)> =
        map.page(&prefix, &from, rows + 1).into_iter().map(|((_, name), value)| (name, value)).collect();
    let more = page.len() > rows;
    page.truncate(rows);
    let next = page.last().filter(|_| more).map(|(name, _)| name.clone()).unwrap_or_default();
    (page, next)
}
