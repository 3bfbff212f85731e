//! How much of the past is kept, and letting go of the rest.

use crate::{
    Store, StoreError,
    columns::{BLOCKS, CALLS, CERTIFICATES, META, RECEIPTS, RESULTS, STATE},
    read::{Location, call_key, place},
    store::durable,
};
use prost::Message;
use rocksdb::{Direction, IteratorMode, WriteBatch};
use stint_proto::{CallId, v1};
use stint_verifier::Reader;

/// Calls whose index is deleted in one batch.
const CALLS_A_BATCH: usize = 10_000;
/// History goes in steps of this part of what is kept, so that little is kept too long and pruning
/// costs little.
const STEPS: u64 = 16;

/// How many of the newest heights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Blocks with their votes.
    pub blocks: u64,
    /// Receipts, and the index by which a repeated call is found.
    pub receipts: u64,
    /// States that can be read.
    pub states: u64,
    /// Heights from one snapshot for nodes that join to the next; 0 for none.
    pub snapshot_every: u64,
}

impl Keep {
    /// Everything.
    pub const ARCHIVE: Keep = Keep { blocks: u64::MAX, receipts: u64::MAX, states: u64::MAX, snapshot_every: 2_000 };
}

impl Default for Keep {
    /// Blocks and receipts of a month of an idle ledger; states of a few hours.
    fn default() -> Keep {
        Keep { blocks: 2_500_000, receipts: 2_500_000, states: 10_000, snapshot_every: 2_000 }
    }
}

/// The oldest heights that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// Block, with its votes.
    pub block: u64,
    /// Receipts.
    pub receipts: u64,
    /// State.
    pub state: u64,
}

impl Oldest {
    pub(crate) fn encode(&self) -> Vec<u8> {
        [self.block, self.receipts, self.state].map(u64::to_be_bytes).concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Oldest> {
        let mut r = Reader(bytes);
        let oldest = Oldest { block: r.u64()?, receipts: r.u64()?, state: r.u64()? };
        r.0.is_empty().then_some(oldest)
    }
}

/// The height from which on is kept when a step is due.
fn due(tip: u64, oldest: u64, keep: u64) -> Option<u64> {
    let from = (tip + 1).saturating_sub(keep);
    (from >= oldest.saturating_add((keep / STEPS).max(1))).then_some(from)
}

impl Store {
    /// The oldest heights that are kept.
    pub fn oldest(&self) -> Oldest {
        *self.oldest.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What would be kept if the store were pruned now; `None` while that makes no difference.
    fn pruned(&self) -> Option<Oldest> {
        let (tip, now) = (self.tip().height, self.oldest());
        let block = due(tip, now.block, self.keep.blocks);
        let receipts = due(tip, now.receipts, self.keep.receipts);
        let state = due(tip, now.state, self.keep.states);
        let next = Oldest {
            block: block.unwrap_or(now.block),
            receipts: receipts.unwrap_or(now.receipts),
            state: state.unwrap_or(now.state),
        };
        (next != now).then_some(next)
    }

    /// Lets go of what is older than is to be kept, and gives its disk space back; false when there was nothing to do.
    /// Blocks may be committed and read meanwhile.
    pub fn prune(&self) -> Result<bool, StoreError> {
        let Some(next) = self.pruned() else { return Ok(false) };
        let before = self.oldest();
        // First nobody reads it any more, then it goes; after a crash in between the next step takes it along.
        self.set_oldest(next)?;
        if next.receipts > before.receipts {
            self.forget_receipts(next.receipts)?;
        }
        if next.block > before.block {
            self.forget_blocks(next.block)?;
        }
        if next.state > before.state {
            self.forget_states(next.state)?;
        }
        Ok(true)
    }

    pub(crate) fn set_oldest(&self, oldest: Oldest) -> Result<(), StoreError> {
        self.db().put_cf_opt(self.family(META)?, b"oldest", oldest.encode(), &durable())?;
        *self.oldest.write().unwrap_or_else(std::sync::PoisonError::into_inner) = oldest;
        Ok(())
    }

    /// Deletes the keys up to the last one of a column that is sorted by height, and their files.
    fn forget(&self, column: &str, first: &[u8], last: &[u8]) -> Result<(), StoreError> {
        if first > last {
            return Ok(());
        }
        let family = self.family(column)?;
        let mut batch = WriteBatch::default();
        batch.delete_range_cf(family, first, &[last, &[0]].concat());
        self.db().write(batch)?;
        // Files go whole, with the last key too; compacting the others leaves nothing of the range.
        self.db().delete_file_in_range_cf(family, first, last)?;
        self.db().compact_range_cf(family, Some(first), Some(last));
        Ok(())
    }

    /// Deletes the receipts before a block, and the index of their calls.
    pub(crate) fn forget_receipts(&self, end: u64) -> Result<(), StoreError> {
        self.forget_calls(end)?;
        self.forget(RECEIPTS, &place(0, 0), &place(end.saturating_sub(1), u32::MAX))
    }

    /// Deletes the blocks before a height.
    pub(crate) fn forget_blocks(&self, end: u64) -> Result<(), StoreError> {
        // What genesis led to stays, and what the block before the oldest led to: proofs begin with it.
        let (first, last) = (1u64.to_be_bytes(), end.saturating_sub(1).to_be_bytes());
        self.forget(BLOCKS, &first, &last)?;
        self.forget(CERTIFICATES, &first, &last)?;
        self.forget(RESULTS, &first, &end.saturating_sub(2).to_be_bytes())
    }

    /// Deletes the index of the calls whose receipts go.
    fn forget_calls(&self, end: u64) -> Result<(), StoreError> {
        let (receipts, calls) = (self.family(RECEIPTS)?, self.family(CALLS)?);
        let mut batch = WriteBatch::default();
        for entry in self.db().iterator_cf(receipts, IteratorMode::From(&place(0, 0), Direction::Forward)) {
            let (key, value) = entry?;
            let at = Location::read(&key).ok_or_else(|| StoreError::Damaged("the key of a receipt".into()))?;
            if at.height >= end {
                break;
            }
            let receipt = v1::Receipt::decode(&value[..]);
            let receipt = receipt.map_err(|e| StoreError::Damaged(format!("a receipt of block {}: {e}", at.height)))?;
            // A repetition's receipt is not the one that the index names.
            if let Ok(id) = CallId::from_bytes(&receipt.key, &receipt.id)
                && self.locate(id)? == Some(at)
            {
                batch.delete_cf(calls, call_key(id));
            }
            if batch.len() >= CALLS_A_BATCH {
                self.db().write(std::mem::take(&mut batch))?;
            }
        }
        Ok(self.db().write(batch)?)
    }

    /// Values that were replaced before a height go when their files are next compacted; once in as many heights as
    /// are kept, all of them are.
    fn forget_states(&self, oldest: u64) -> Result<(), StoreError> {
        let family = self.family(STATE)?;
        self.db().increase_full_history_ts_low(family, oldest.to_le_bytes())?;
        let compacted = self.get(META, b"compacted")?.and_then(|b| b.try_into().ok()).map_or(0, u64::from_be_bytes);
        if oldest >= compacted.saturating_add(self.keep.states) {
            self.db().compact_range_cf(family, None::<&[u8]>, None::<&[u8]>);
            self.db().put_cf(self.family(META)?, b"compacted", oldest.to_be_bytes())?;
        }
        Ok(())
    }
}
