//! As a leader it leaves out the calls of one client.

use stint_consensus::Draft;

pub(super) fn lie(draft: &mut Draft, censored: &[u8; 32]) {
    draft.transactions.retain(|tx| tx.id().key != *censored);
}
