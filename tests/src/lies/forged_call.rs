//! As a leader it proposes a call with a signature that is none.

use super::call;
use ed25519_dalek::SigningKey;
use stint_consensus::Draft;
use stint_proto::{Hash, Transaction};

pub(super) fn lie(draft: &mut Draft, chain_id: Hash, key: &SigningKey) {
    let good = call(chain_id, key, u128::from(draft.time_ms), draft.executed_height + 100, 0);
    let mut bytes = good.bytes().to_vec();
    // The signature stands last.
    if let Some(last) = bytes.iter_mut().rev().nth(40) {
        *last ^= 1;
    }
    draft.transactions.extend(Transaction::decode(bytes.into()));
}
