//! Contributions that another rule leaves otherwise than they are: closed where they are open, open where they are
//! closed, or with other weights that had their share. Of all others the state says how they stood.
//!
//! A rule that only weighs more or less leaves none, so what a long what-if carries from part to part is small. How
//! many there can be is bounded by what it may carry.

use crate::{
    count,
    proto::{Apart as Kept, Span, Standing},
    state::MARKS,
};
use std::collections::{BTreeMap, BTreeSet};

/// How one of them stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stands {
    closed: bool,
    /// `stream/agent` of the weights that had their share, in order.
    had: Vec<String>,
}

/// By their ids.
#[derive(Clone, Debug, Default)]
pub struct Apart(BTreeMap<String, Stands>);

impl Apart {
    /// Takes over what was carried.
    pub fn read(kept: Vec<Kept>) -> Apart {
        let stands = |k: Kept| (k.contribution, Stands { closed: k.closed, had: k.had });
        Apart(kept.into_iter().map(stands).collect())
    }

    /// To be carried, in the order of ids.
    pub fn write(self) -> Vec<Kept> {
        let kept = |(contribution, s): (String, Stands)| Kept { contribution, closed: s.closed, had: s.had };
        self.0.into_iter().map(kept).collect()
    }

    /// True when a contribution is closed before a distribution.
    pub fn closed(&self, id: &str, span: &Span, number: u32) -> bool {
        self.0.get(id).map_or_else(|| closed_before(span, number), |stands| stands.closed)
    }

    /// True when a weight had its share before a distribution.
    pub fn had(&self, id: &str, stream: &str, agent: &str, number: u32) -> bool {
        match self.0.get(id) {
            Some(stands) => stands.had.contains(&name(stream, agent)),
            None => MARKS.get(&count::mark(id, stream, agent)).is_some_and(|at| at < number),
        }
    }

    /// Forgets one that has become what it is.
    pub fn forget_closed(&mut self, id: &str, span: &Span, number: u32) {
        if closed_before(span, number) && self.0.get(id).is_some_and(|stands| stands.closed) {
            self.0.remove(id);
        }
    }

    /// What becomes of a contribution in a distribution, by what it weighed there and which streams were paid.
    pub fn settle(&mut self, number: u32, id: &str, span: &Span, weights: &[Standing], paid: &BTreeSet<String>) {
        let settled: Vec<&Standing> = weights.iter().filter(|w| count::settled(w, paid)).collect();
        let is_closed = closed_before(span, number.saturating_add(1));
        let stands = if !weights.is_empty() && settled.len() == weights.len() {
            Stands { closed: true, had: Vec::new() }
        } else {
            let marks = marks(id);
            let until = |last: u32| marks.iter().filter(move |(_, at)| *at <= last).map(|(name, _)| name.clone());
            let before = self.0.get(id).map(|stands| stands.had.clone());
            let mut had: Vec<String> = before.unwrap_or_else(|| until(number.saturating_sub(1)).collect());
            had.extend(settled.iter().map(|w| name(&w.stream, &w.agent)));
            had.sort();
            had.dedup();
            if !is_closed && until(number).eq(had.iter().cloned()) {
                self.0.remove(id);
                return;
            }
            Stands { closed: false, had }
        };
        if stands.closed && is_closed {
            self.0.remove(id);
        } else {
            self.0.insert(id.into(), stands);
        }
    }
}

fn name(stream: &str, agent: &str) -> String {
    format!("{stream}/{agent}")
}

fn closed_before(span: &Span, number: u32) -> bool {
    span.closed != 0 && span.closed < number
}

/// Weights of a contribution that had their share, in order, and in which distribution.
#[inline(never)]
fn marks(id: &str) -> Vec<(String, u32)> {
    // Behind the slash comes the zero.
    let (from, until) = (format!("{id}/"), format!("{id}0"));
    let short = |(mark, at): (String, u32)| (mark.get(from.len()..).unwrap_or_default().to_string(), at);
    MARKS.range(from.as_bytes(), until.as_bytes()).map(short).collect()
}
