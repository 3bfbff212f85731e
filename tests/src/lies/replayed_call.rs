//! As a leader it proposes calls again that were executed before. The block is good; the calls must have no effect.

use stint_consensus::Draft;
use stint_proto::Transaction;

/// Calls that it remembers, and repeats.
const SOME: usize = 8;

pub(super) fn lie(draft: &mut Draft, seen: &mut Vec<Transaction>) {
    let new = draft.transactions.clone();
    for old in seen.iter().filter(|old| new.iter().all(|tx| tx.id() != old.id())) {
        draft.transactions.push(old.clone());
    }
    seen.extend(new);
    seen.truncate(SOME);
}
