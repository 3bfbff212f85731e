//! As a leader it says that a minute more has passed than has.

use stint_consensus::Draft;

pub(super) fn lie(draft: &mut Draft) {
    draft.time_ms += 60_000;
}
