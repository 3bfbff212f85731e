//! A store that is filled with what peers gave: a state of one height, and the blocks and receipts up to it.
//!
//! Whoever fills it has checked every piece. Each is written with the progress that it makes, so that a stop at any
//! instant costs no more than the pieces under way.

use crate::{
    Keep, Medium, Oldest, Results, Store, StoreError, Trusts,
    columns::{self, CALLS, HANDOVERS, META, RESULTS, STATE},
    genesis,
    prove::END,
    read::{call_key, place},
    store::{Tip, WhatLedger},
};
use bytes::Bytes;
use prost::Message;
use rocksdb::{DB, Options, WriteBatch};
use std::sync::Arc;
use stint_proto::{Block, CallId, Certificate, Genesis, Hash, v1};
use stint_runtime::is_repetition;
use stint_verifier::{Handover, Reader, Trust, tree::KeyRange};

/// What a data folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Empty,
    /// A part of what peers gave.
    Joining,
    /// All up to a height.
    Whole(u64),
}

/// What is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The block after which the state stands so.
    pub height: u64,
    /// What that block led to.
    pub results: Results,
    /// The first block that is fetched.
    pub from: u64,
}

/// A block of the past and what it led to.
pub struct Past {
    /// The block.
    pub block: Block,
    /// The votes over its header, if it has some of its own.
    pub certificate: Option<Certificate>,
    /// Its receipts, encoded.
    pub receipts: Vec<Bytes>,
    /// What it led to.
    pub results: Results,
}

/// A store that is not whole yet.
pub struct Joining {
    store: Store,
    target: Target,
    gaps: Vec<KeyRange>,
    recorded: Recorded,
}

/// How far blocks are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Recorded {
    /// The next one.
    next: u64,
    /// Hash of the header before it; zero while that is not known.
    before: Hash,
    /// Calls that were executed in those recorded.
    calls: u64,
}

/// Says what a data folder holds.
pub fn standing(medium: &Medium) -> Result<Standing, StoreError> {
    if columns::is_empty(medium)? {
        return Ok(Standing::Empty);
    }
    let db = columns::open(medium)?;
    let meta = |key: &[u8]| -> Result<Option<Vec<u8>>, StoreError> {
        let family = db.cf_handle(META).ok_or_else(|| StoreError::Damaged("the column meta is missing".into()))?;
        Ok(db.get_cf(family, key)?)
    };
    if meta(b"joining")?.is_some() {
        return Ok(Standing::Joining);
    }
    let damaged = || StoreError::Damaged("the tip".into());
    match meta(b"tip")? {
        Some(tip) => Ok(Standing::Whole(Reader(&tip).u64().ok_or_else(damaged)?)),
        None if meta(b"chain")?.is_some() => Err(damaged()),
        None => Ok(Standing::Empty),
    }
}

impl Target {
    fn encode(&self) -> Vec<u8> {
        let numbers = [self.height, self.from].map(u64::to_be_bytes).concat();
        [numbers, self.results.encode()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Target> {
        let mut r = Reader(bytes);
        let target = Target { height: r.u64()?, from: r.u64()?, results: Results::read(&mut r)? };
        r.0.is_empty().then_some(target)
    }
}

impl Recorded {
    fn begin(from: u64) -> Recorded {
        Recorded { next: from, before: Hash::ZERO, calls: 0 }
    }

    fn encode(&self) -> Vec<u8> {
        [&self.next.to_be_bytes()[..], &self.before.0, &self.calls.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Recorded> {
        let mut r = Reader(bytes);
        let recorded = Recorded { next: r.u64()?, before: Hash(r.array()?), calls: r.u64()? };
        r.0.is_empty().then_some(recorded)
    }
}

impl Joining {
    /// Begins to fill an empty folder, or clears what was fetched for another target. `handovers` lead from the genesis
    /// file to the validators who signed the target.
    pub fn begin(
        medium: &Medium,
        genesis: &Genesis,
        chain_id: Hash,
        keep: Keep,
        target: Target,
        handovers: &[Handover],
    ) -> Result<Joining, StoreError> {
        if let Medium::Folder(path) = medium {
            DB::destroy(&Options::default(), path)?;
        }
        let store = Store::blank(medium, genesis, keep)?;
        let mut batch = WriteBatch::default();
        let meta = store.family(META)?;
        store.identify(&mut batch, chain_id)?;
        let first = genesis::results(genesis);
        batch.put_cf(store.family(RESULTS)?, 0u64.to_be_bytes(), first.encode());
        batch.put_cf(meta, b"joining", target.encode());
        let gaps = vec![Vec::new()..END.to_vec()];
        let recorded = Recorded::begin(target.from);
        batch.put_cf(meta, b"gaps", encode_gaps(&gaps));
        batch.put_cf(meta, b"recorded", recorded.encode());
        for handover in handovers {
            let epoch = handover.epoch().unwrap_or_default();
            batch.put_cf(store.family(HANDOVERS)?, epoch.to_be_bytes(), handover.encode());
        }
        store.db().write(batch)?;
        Ok(Joining { store, target, gaps, recorded })
    }

    /// Whom to believe of the blocks up to the state that is fetched.
    pub fn trusts(&self, genesis: Trust) -> Result<Trusts, StoreError> {
        self.store.trusts(genesis)
    }

    /// Goes on where it stood.
    pub fn resume(medium: &Medium, genesis: &Genesis, chain_id: Hash, keep: Keep) -> Result<Joining, StoreError> {
        let store = Store::blank(medium, genesis, keep)?;
        if store.what_ledger(chain_id)? == WhatLedger::None {
            return Err(StoreError::Damaged("nothing was begun in it".into()));
        }
        let damaged = || StoreError::Damaged("the progress of what was fetched from peers".into());
        let meta = |key| store.get(META, key)?.ok_or_else(damaged);
        let target = Target::decode(&meta(b"joining")?).ok_or_else(damaged)?;
        let gaps = decode_gaps(&meta(b"gaps")?).ok_or_else(damaged)?;
        let recorded = Recorded::decode(&meta(b"recorded")?).ok_or_else(damaged)?;
        Ok(Joining { store, target, gaps, recorded })
    }

    /// What is fetched.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Keys of which nothing is known yet, in order.
    pub fn gaps(&self) -> &[KeyRange] {
        &self.gaps
    }

    /// The next block to record, and the hash of the header before it where that is known.
    pub fn next_block(&self) -> (u64, Option<Hash>) {
        let Recorded { next, before, .. } = self.recorded;
        (next, (before != Hash::ZERO).then_some(before))
    }

    /// What all blocks before the next one led to, where that is known.
    pub fn results_before(&self) -> Result<Option<Hash>, StoreError> {
        Ok(self.store.results(self.recorded.next.saturating_sub(1))?.map(|r| r.results_root))
    }

    /// Keeps the entries of a range, all there are.
    pub fn fill(&mut self, range: &KeyRange, entries: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        let (state, at) = (self.store.family(STATE)?, self.target.height.to_le_bytes());
        for (key, value) in entries {
            batch.put_cf_with_ts(state, key, at, value);
        }
        self.gaps = without(&self.gaps, range);
        batch.put_cf(self.store.family(META)?, b"gaps", encode_gaps(&self.gaps));
        // The log keeps the order of writes: after a crash the gaps are never ahead of the entries.
        Ok(self.store.db().write(batch)?)
    }

    /// Keeps a block of the past.
    pub fn record(&mut self, past: &Past) -> Result<(), StoreError> {
        let height = past.block.header.height;
        let Recorded { next, mut calls, .. } = self.recorded;
        if height != next {
            return Err(StoreError::OutOfOrder { tip: next.saturating_sub(1), got: height });
        }
        let mut batch = WriteBatch::default();
        self.store.stage_block(&mut batch, &past.block, past.certificate.as_ref(), &past.receipts)?;
        let index_of_calls = self.store.family(CALLS)?;
        for (index, receipt) in past.receipts.iter().enumerate() {
            let damaged = |e: String| StoreError::Damaged(format!("receipt {index} of block {height}: {e}"));
            let receipt = v1::Receipt::decode(receipt.clone()).map_err(|e| damaged(e.to_string()))?;
            if !is_repetition(&receipt) {
                let id = CallId::from_bytes(&receipt.key, &receipt.id).map_err(|e| damaged(e.to_string()))?;
                batch.put_cf(index_of_calls, call_key(id), place(height, index as u32));
                calls += 1;
            }
        }
        batch.put_cf(self.store.family(RESULTS)?, height.to_be_bytes(), past.results.encode());
        let recorded = Recorded { next: height + 1, before: past.block.header.hash(), calls };
        batch.put_cf(self.store.family(META)?, b"recorded", recorded.encode());
        self.store.db().write(batch)?;
        self.recorded = recorded;
        Ok(())
    }

    /// Begins the blocks later, for nobody has the earlier ones any more; what is recorded of them goes.
    pub fn begin_blocks_at(&mut self, from: u64) -> Result<(), StoreError> {
        let target = Target { from, ..self.target };
        let recorded = Recorded::begin(from);
        let mut batch = WriteBatch::default();
        let meta = self.store.family(META)?;
        batch.put_cf(meta, b"joining", target.encode());
        batch.put_cf(meta, b"recorded", recorded.encode());
        self.store.db().write(batch)?;
        self.store.forget_receipts(from)?;
        self.store.forget_blocks(from)?;
        (self.target, self.recorded) = (target, recorded);
        Ok(())
    }

    /// Makes a whole store of it. Its state's root must be the one that was aimed at, whatever was filled in.
    pub fn finish(self) -> Result<Arc<Store>, StoreError> {
        let Joining { mut store, target, gaps, recorded } = self;
        if !gaps.is_empty() || recorded.next != target.height + 1 {
            return Err(StoreError::Damaged("what is fetched from peers is not complete".into()));
        }
        let tree = store.rebuild(target.height)?;
        let (expected, found) = (target.results.outcome.state_root, tree.root());
        if found != expected {
            return Err(StoreError::Damaged(format!(
                "the state fetched from peers has the root {found}, not {expected}"
            )));
        }
        let meta = store.family(META)?;
        // What came before the first block is not known here, and its own receipts cannot be proved without that.
        let is_known = target.from == 1 || store.results(target.from - 1)?.is_some();
        let receipts = if is_known { target.from } else { target.from + 1 };
        let oldest = Oldest { block: target.from, receipts, state: target.height };
        store.set_oldest(oldest)?;
        let mut batch = WriteBatch::default();
        [&b"joining"[..], b"gaps", b"recorded"].iter().for_each(|key| batch.delete_cf(meta, key));
        let Target { height, results, from } = target;
        // Nobody certifies how many calls there were before.
        batch.put_cf(meta, b"counted", from.to_be_bytes());
        let tip = Tip { height, block: recorded.before, transactions: recorded.calls, results };
        store.db().increase_full_history_ts_low(store.family(STATE)?, height.to_le_bytes())?;
        store.seal(batch, tip)?;
        store.versions().start(height, tree);
        store.counted_from = from;
        Ok(Arc::new(store))
    }
}

/// Ranges without the keys of another one, in order.
fn without(gaps: &[KeyRange], filled: &KeyRange) -> Vec<KeyRange> {
    let rest = gaps.iter().flat_map(|gap| {
        let before = gap.start.clone()..gap.end.clone().min(filled.start.clone());
        let after = gap.start.clone().max(filled.end.clone())..gap.end.clone();
        [before, after]
    });
    rest.filter(|r| r.start < r.end).collect()
}

fn encode_gaps(gaps: &[KeyRange]) -> Vec<u8> {
    let mut out = Vec::new();
    for key in gaps.iter().flat_map(|g| [&g.start, &g.end]) {
        out.extend_from_slice(&(key.len() as u16).to_be_bytes());
        out.extend_from_slice(key);
    }
    out
}

fn decode_gaps(bytes: &[u8]) -> Option<Vec<KeyRange>> {
    let mut r = Reader(bytes);
    let mut gaps = Vec::new();
    while !r.0.is_empty() {
        let mut key = || {
            let n = r.u16()?;
            Some(r.take(usize::from(n))?.to_vec())
        };
        gaps.push(key()?..key()?);
    }
    Some(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> KeyRange {
        from.into()..to.into()
    }

    #[test]
    fn gaps_shrink_by_what_is_filled_and_by_nothing_else() {
        let gaps = vec![range("b", "f"), range("k", "p")];
        assert_eq!(without(&gaps, &range("a", "b")), gaps);
        assert_eq!(without(&gaps, &range("f", "k")), gaps);
        assert_eq!(without(&gaps, &range("c", "d")), [range("b", "c"), range("d", "f"), range("k", "p")]);
        assert_eq!(without(&gaps, &range("c", "m")), [range("b", "c"), range("m", "p")]);
        assert_eq!(without(&gaps, &range("", "z")), []);
        assert_eq!(decode_gaps(&encode_gaps(&gaps)), Some(gaps));
    }
}
