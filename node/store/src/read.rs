//! Looking up what is kept.

use crate::{
    StateView, Store, StoreError,
    columns::{BLOCKS, CALLS, CERTIFICATES, RECEIPTS, RESULTS},
};
use bytes::Bytes;
use std::sync::Arc;
use stint_proto::{CallId, Certificate, Hash, Header, Outcome, limits::VALIDITY_WINDOW};
use stint_verifier::Reader;

/// What a block led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Results {
    /// Its own roots.
    pub outcome: Outcome,
    /// [`Outcome::chain`] of it, which a later header certifies.
    pub results_root: Hash,
}

/// Where a call was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Height of the block.
    pub height: u64,
    /// Place in the block.
    pub index: u32,
}

impl Location {
    pub(crate) fn read(bytes: &[u8]) -> Option<Location> {
        let mut r = Reader(bytes);
        let at = Location { height: r.u64()?, index: r.u32()? };
        r.0.is_empty().then_some(at)
    }
}

impl Results {
    /// The canonical bytes: outcome, results root.
    pub fn encode(&self) -> Vec<u8> {
        [&self.outcome.encode()[..], &self.results_root.0].concat()
    }

    /// Reads the canonical bytes.
    pub fn decode(bytes: &[u8]) -> Option<Results> {
        let mut r = Reader(bytes);
        let results = Results::read(&mut r)?;
        r.0.is_empty().then_some(results)
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Option<Results> {
        Some(Results { outcome: Outcome::read(r)?, results_root: Hash(r.array()?) })
    }
}

impl Store {
    /// Whether a call in a block of this height repeats one: its id was used at most [`VALIDITY_WINDOW`] heights before.
    /// Who used it earlier may use it again, for nodes that keep little have forgotten it; all keep more than these.
    pub fn repeats(&self, id: CallId, height: u64) -> Result<bool, StoreError> {
        Ok(self.locate(id)?.is_some_and(|at| at.height.saturating_add(VALIDITY_WINDOW) >= height))
    }

    /// The state after a block that is kept; the newest for heights above it.
    pub fn state_at(self: &Arc<Self>, height: u64) -> StateView {
        StateView::new(self.clone(), height.min(self.tip().height))
    }

    /// What a block led to.
    pub fn results(&self, height: u64) -> Result<Option<Results>, StoreError> {
        Ok(self.stored_results(height)?.map(|(results, _)| results))
    }

    /// Those, and the calls executed up to there; they are not counted before the state from which this node began.
    pub(crate) fn stored_results(&self, height: u64) -> Result<Option<(Results, Option<u64>)>, StoreError> {
        let Some(bytes) = self.get(RESULTS, &height.to_be_bytes())? else { return Ok(None) };
        let damaged = || StoreError::Damaged(format!("the results of block {height}"));
        let mut r = Reader(&bytes);
        let results = Results::read(&mut r).ok_or_else(damaged)?;
        let transactions = match r.0.is_empty() {
            true => None,
            false => Some(r.u64().filter(|_| r.0.is_empty()).ok_or_else(damaged)?),
        };
        Ok(Some((results, transactions)))
    }

    /// A block's canonical bytes.
    pub fn block(&self, height: u64) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get(BLOCKS, &height.to_be_bytes())?.map(Bytes::from))
    }

    /// A block's header.
    pub fn header(&self, height: u64) -> Result<Option<Header>, StoreError> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        let damaged = || StoreError::Damaged(format!("the header of block {height}"));
        Header::read(&mut Reader(&block)).map(Some).ok_or_else(damaged)
    }

    /// The votes over a block's header; `None` when only a descendant's are known.
    pub fn certificate(&self, height: u64) -> Result<Option<Certificate>, StoreError> {
        let Some(bytes) = self.get(CERTIFICATES, &height.to_be_bytes())? else { return Ok(None) };
        let damaged = || StoreError::Damaged(format!("the votes over block {height}"));
        let mut r = Reader(&bytes);
        let certificate = Certificate::read(&mut r).filter(|_| r.0.is_empty());
        certificate.map(Some).ok_or_else(damaged)
    }

    /// Calls executed up to a block; not known of blocks before the state from which this node began.
    pub fn transactions_at(&self, height: u64) -> Result<Option<u64>, StoreError> {
        Ok(self.stored_results(height)?.and_then(|(_, transactions)| transactions))
    }

    /// Where a call was executed; `None` while it was not.
    pub fn locate(&self, id: CallId) -> Result<Option<Location>, StoreError> {
        let Some(bytes) = self.get(CALLS, &call_key(id))? else { return Ok(None) };
        Location::read(&bytes).map(Some).ok_or_else(|| StoreError::Damaged(format!("the index of call {id}")))
    }

    /// A receipt, encoded.
    pub fn receipt(&self, at: Location) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get(RECEIPTS, &place(at.height, at.index))?.map(Bytes::from))
    }

    /// All receipts of a block, in its order.
    pub fn receipts(&self, height: u64) -> Result<Vec<Bytes>, StoreError> {
        // They may go while they are read.
        let lost = |what| match height < self.oldest().receipts {
            true => StoreError::LetGo(format!("the receipts of block {height} are no longer kept here")),
            false => StoreError::Damaged(what),
        };
        let results = self.results(height)?.ok_or_else(|| lost(format!("no results of block {height}")))?;
        let missing = |index| lost(format!("no receipt {index} of block {height}"));
        (0..results.outcome.receipts)
            .map(|i| self.receipt(Location { height, index: i })?.ok_or_else(|| missing(i)))
            .collect()
    }
}

pub(crate) fn place(height: u64, index: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&height.to_be_bytes());
    key[8..].copy_from_slice(&index.to_be_bytes());
    key
}

pub(crate) fn call_key(id: CallId) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&id.key);
    key[32..].copy_from_slice(&id.id);
    key
}
