//! Taking: what peers validated since the last time becomes part of the books of this contract, as it stands. What
//! is decided about it later is another contribution.

use crate::{
    ask, count, fields,
    proto::{OpenEntry, Phase, Span, Work},
    state::{HEAD, OPEN, SPANS, TAKEN, head},
};
use stint_rule::proto::Contribution;
use stint_sdk::Refusal;

/// Takes one page. Gives how many contributions it looked at.
#[inline(never)]
pub fn page(work: &mut Work, most: u64) -> Result<u64, Refusal> {
    let mut head = head();
    // What is validated while this goes on is for the next distribution.
    let there = if work.take_until == 0 { u64::MAX } else { work.take_until.saturating_sub(head.taken) };
    let rows = most.min(count::PAGE as u64).min(there) as u32;
    let found = ask::validated(head.taken, rows)?;
    if work.take_until == 0 {
        work.take_until = found.newest;
    }
    let looked_at = found.contributions.len() as u64;
    for contribution in found.contributions {
        if !TAKEN.has(&contribution.id) {
            put(contribution, work.number)?;
            head.open += 1;
        }
    }
    head.taken = found.last;
    HEAD.put(&head);
    if looked_at == 0 || head.taken >= work.take_until {
        work.set_phase(Phase::Weighing);
    }
    Ok(looked_at)
}

fn put(contribution: Contribution, since: u32) -> Result<(), Refusal> {
    let at = (fields::day_of(&contribution)?, contribution.id.clone());
    SPANS.put(&at, &Span { since, closed: 0 });
    OPEN.put(&at, &OpenEntry::default());
    TAKEN.put(&at.1, &contribution);
    Ok(())
}
