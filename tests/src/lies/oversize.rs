//! As a leader it proposes more bytes of calls than a block may have.

use super::call;
use ed25519_dalek::SigningKey;
use stint_consensus::Draft;
use stint_proto::{
    Hash,
    limits::{BLOCK_BYTES, REQUEST_BYTES},
};

pub(super) fn lie(draft: &mut Draft, chain_id: Hash, key: &SigningKey) {
    let large = REQUEST_BYTES / 2;
    let id = |n: usize| (u128::from(draft.time_ms) << 32) | n as u128;
    let (ids, until) = ((0..=BLOCK_BYTES / large).map(id).collect::<Vec<_>>(), draft.executed_height + 100);
    draft.transactions.extend(ids.into_iter().map(|id| call(chain_id, key, id, until, large)));
}
