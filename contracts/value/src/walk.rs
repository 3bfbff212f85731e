//! Contributions that were ever taken, by day and id, from either end.

use crate::{
    count::PAGE,
    proto::Span,
    state::{SPANS, TAKEN},
};
use stint_sdk::Refusal;

/// Day and id.
pub type Place = (u32, String);

/// A place as a part of a key.
pub fn key((day, id): &Place) -> Vec<u8> {
    [&day.to_be_bytes(), id.as_bytes()].concat()
}

/// Where a contribution stands, and when it counted.
pub fn find(id: &str) -> Result<Option<(Place, Span)>, Refusal> {
    let Some(contribution) = TAKEN.get(&id.to_string()) else { return Ok(None) };
    let place = (crate::fields::day_of(&contribution)?, id.to_string());
    Ok(SPANS.get(&place).map(|span| (place, span)))
}

/// Spans between two bounds.
pub struct Walk {
    newest_first: bool,
    /// The next key forwards, and the bound backwards.
    from: Vec<u8>,
    until: Vec<u8>,
    page: std::vec::IntoIter<(Place, Span)>,
}

impl Walk {
    /// Goes on behind a cursor; from the beginning for an empty one.
    pub fn new(newest_first: bool, from: Vec<u8>, until: Vec<u8>, cursor: &[u8]) -> Walk {
        let (from, until) = match (newest_first, cursor) {
            (_, []) => (from, until),
            (false, behind) => ([behind, &[0]].concat(), until),
            (true, before) => (from, before.to_vec()),
        };
        Walk { newest_first, from, until, page: Vec::new().into_iter() }
    }

    fn forwards(&mut self) -> Option<(Place, Span)> {
        if self.page.len() == 0 {
            let mut page = SPANS.page(&[], &self.from, PAGE);
            page.retain(|((day, _), _)| day.to_be_bytes().as_slice() < self.until.as_slice());
            self.from = [&key(&page.last()?.0)[..], &[0]].concat();
            self.page = page.into_iter();
        }
        self.page.next()
    }

    fn backwards(&mut self) -> Option<(Place, Span)> {
        let (place, span) = SPANS.last_before(&self.until)?;
        self.until = key(&place);
        (self.until >= self.from).then_some((place, span))
    }
}

impl Iterator for Walk {
    type Item = (Place, Span);

    fn next(&mut self) -> Option<(Place, Span)> {
        if self.newest_first { self.backwards() } else { self.forwards() }
    }
}
