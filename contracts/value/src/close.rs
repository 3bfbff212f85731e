//! Closing: contributions all of whose weights had their share are done, and no later distribution reads them.

use crate::{
    count::{self, PAGE, mark},
    proto::{Income, OpenEntry, Phase, Span, Work},
    state::{HEAD, MARKS, OPEN, SPANS, head},
    weigh::{bounds, forwards},
};
use std::collections::BTreeSet;
use stint_sdk::Refusal;

/// Closes one page. Gives how many contributions it looked at.
#[inline(never)]
pub fn page(work: &mut Work, income: &Income, most: u64) -> Result<u64, Refusal> {
    let (first, until) = bounds(income)?;
    let from = if work.cursor.is_empty() { first } else { [work.cursor.as_slice(), &[0]].concat() };
    let found = forwards(&from, &until, most.min(PAGE as u64) as usize);
    let paid: BTreeSet<String> = work.paid.iter().cloned().collect();
    let mut head = head();
    for (place, entry) in found.iter().filter(|(_, entry)| entry.asked_in == work.number && !entry.weights.is_empty()) {
        let settled = entry.weights.iter().filter(|w| count::settled(w, &paid)).count();
        if settled == entry.weights.len() {
            let span = SPANS.get(place).unwrap_or_default();
            SPANS.put(place, &Span { closed: work.number, ..span });
            OPEN.delete(place);
            head.open = head.open.saturating_sub(1);
        } else if settled > 0 {
            let now = entry.weights.iter().filter(|w| !w.had && count::settled(w, &paid));
            now.for_each(|w| MARKS.put(&mark(&place.1, &w.stream, &w.agent), &work.number));
            OPEN.put(place, &OpenEntry { marked: true, ..entry.clone() });
        }
    }
    HEAD.put(&head);
    let looked_at = found.len() as u64;
    work.closed += looked_at;
    match found.last() {
        Some(((day, id), _)) => work.cursor = [&day.to_be_bytes(), id.as_bytes()].concat(),
        None => work.set_phase(Phase::Publishing),
    }
    Ok(looked_at)
}
