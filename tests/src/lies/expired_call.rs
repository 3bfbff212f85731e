//! As a leader it proposes a call that was valid until long ago.

use super::call;
use ed25519_dalek::SigningKey;
use stint_consensus::Draft;
use stint_proto::Hash;

pub(super) fn lie(draft: &mut Draft, chain_id: Hash, key: &SigningKey) {
    draft.transactions.push(call(chain_id, key, 1, 0, 0));
}
