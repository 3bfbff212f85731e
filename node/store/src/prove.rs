//! Proofs of what is kept, for readers who believe the validators and not this node.

use crate::{Location, Store, StoreError, Tree, columns::CERTIFICATES, tree::Beside, versions::Way};
use prost::Message;
use rocksdb::IteratorMode;
use std::sync::{Arc, PoisonError};
use stint_proto::{Block, Hash, Header, limits::EXECUTION_LAG, merkle, receipt::apart, v1};
use stint_verifier::{Body, Event, Led, Proof, Receipt, SignedChain, Whole, tree::KeyRange};

/// Headers of one proof: a block is final by its own votes or by those over a block soon after it.
pub(crate) const HEADERS: u64 = 64;
/// Keys and values that one proof shows, bytes: with what proves them they stay below
/// [`stint_verifier::PROOF_BYTES`].
const PROOF_VALUES: usize = 8 << 20;
/// Keys and values of a snapshot's piece, bytes, and their number.
const CHUNK_BYTES: usize = 1 << 20;
const CHUNK_KEYS: usize = 10_000;
/// Behind every key of the state.
pub const END: &[u8] = &[0xff];

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The validators have not certified it yet, as far as this node knows; ask again soon.
    #[error("the validators have not certified what block {0} led to; this takes a moment")]
    NotYet(u64),
    /// The tree over that state must be built first, and enough are; ask again soon, or another node.
    #[error(
        "enough trees of snapshots are in use here, so that of block {0} is not built now; ask again in a while, or another node"
    )]
    Busy(u64),
    /// It is not kept here.
    #[error("{0}")]
    NotKept(String),
    /// One proof cannot show so much.
    #[error("the values of these keys have more than {PROOF_VALUES} bytes; ask for fewer at once")]
    TooLarge,
}

/// A state that can be proved.
#[derive(Clone, Debug)]
pub struct ProvableState {
    /// The block after which it stands so, and what that led to.
    pub led: Led,
    signed: SignedChain,
}

impl Store {
    /// Proves a block: its header and its transactions.
    pub fn prove_block(&self, height: u64) -> Result<Vec<u8>, ProveError> {
        self.kept("block", height, self.oldest().block)?;
        let signed = self.signed(height)?;
        let bytes = self.block(height)?.ok_or_else(|| not_kept("block", height))?;
        let block = Block::decode(bytes).map_err(|e| StoreError::Damaged(format!("block {height}: {e}")))?;
        let transactions = block.transactions.iter().map(|t| t.bytes().to_vec()).collect();
        self.proof(signed, Body::Block(transactions))
    }

    /// Proves the receipt of a call, or one of its events.
    pub fn prove_receipt(&self, at: Location, event: Option<u32>) -> Result<Vec<u8>, ProveError> {
        let Location { height, index } = at;
        self.receipts_are_kept(height)?;
        let header = self.certifying(height)?;
        let led = self.led(height, &header)?;
        let parts = self.whole_receipts(height)?;
        let leaves: Vec<Hash> = parts.iter().map(Whole::leaf).collect();
        let own = parts.get(index as usize).ok_or_else(|| not_kept("the receipt in block", height))?;
        let receipt = Receipt {
            led,
            index,
            path: merkle::path(&leaves, index as usize).unwrap_or_default(),
            events: own.events.len() as u32,
            events_root: merkle::root(&own.events),
            receipt: own.receipt.clone(),
        };
        let body = match event {
            None => Body::Receipt(receipt),
            Some(index) => {
                let leaves: Vec<Hash> = own.events.iter().map(|e| merkle::leaf(e)).collect();
                let none = || ProveError::NotKept(format!("the call has {} events; there is no {index}", leaves.len()));
                let path = merkle::path(&leaves, index as usize).ok_or_else(none)?;
                Body::Event(receipt, Event { index, path, event: own.events[index as usize].clone() })
            }
        };
        self.proof(self.signed(header.height)?, body)
    }

    /// Proves all receipts of a block.
    pub fn prove_receipts(&self, height: u64) -> Result<Vec<u8>, ProveError> {
        self.receipts_are_kept(height)?;
        let header = self.certifying(height)?;
        let body = Body::Receipts(self.led(height, &header)?, self.whole_receipts(height)?);
        self.proof(self.signed(header.height)?, body)
    }

    fn whole_receipts(&self, height: u64) -> Result<Vec<Whole>, ProveError> {
        let damaged = |e| StoreError::Damaged(format!("a receipt of block {height}: {e}"));
        let receipts = self.receipts(height);
        // They go in parts, after they are no longer offered: nothing is damaged then.
        self.receipts_are_kept(height)?;
        Ok(receipts?
            .into_iter()
            .map(|r| v1::Receipt::decode(r).map(apart).map_err(damaged))
            .collect::<Result<_, _>>()?)
    }

    /// The oldest block whose receipts can be proved: blocks bear them out.
    pub fn oldest_proven_receipts(&self) -> u64 {
        let oldest = self.oldest();
        oldest.receipts.max(oldest.block)
    }

    fn receipts_are_kept(&self, height: u64) -> Result<(), ProveError> {
        self.kept("the receipts of block", height, self.oldest_proven_receipts())
    }

    /// Refuses what was let go, and says what was not.
    fn kept(&self, what: &str, height: u64, oldest: u64) -> Result<(), ProveError> {
        if height >= oldest {
            return Ok(());
        }
        let newest = self.tip().height;
        Err(ProveError::NotKept(format!(
            "{what} {height} cannot be proved here any more: that goes from block {oldest} to {newest}; ask a node that \
             keeps an archive"
        )))
    }

    /// The state of a height that can be proved; the newest one for none.
    pub fn provable_state(&self, height: Option<u64>) -> Result<ProvableState, ProveError> {
        let header = match height {
            Some(height) => {
                // Genesis stands before the first block.
                let oldest = self.oldest().block;
                self.kept("the state after block", height, if oldest == 1 { 0 } else { oldest })?;
                self.certifying(height)?
            }
            None => {
                let newest = self.newest_signed()?.ok_or(ProveError::NotYet(0))?;
                self.header(newest)?.ok_or_else(|| not_kept("block", newest))?
            }
        };
        let led = self.led(height.unwrap_or(header.executed_height), &header)?;
        Ok(ProvableState { led, signed: self.signed(header.height)? })
    }

    /// Proves ranges of a state.
    pub fn prove_state(self: &Arc<Self>, state: &ProvableState, ranges: &[KeyRange]) -> Result<Vec<u8>, ProveError> {
        let part = self.show(state.led.height, ranges)?;
        self.proof(state.signed.clone(), Body::State(state.led.clone(), part))
    }

    /// What the blocks from a height to the one that a header certifies led to.
    fn led(&self, height: u64, header: &Header) -> Result<Led, ProveError> {
        let results = |height| self.results(height)?.ok_or_else(|| not_kept("what followed of block", height));
        let outcomes =
            (height..=header.executed_height).map(|h| Ok(results(h)?.outcome)).collect::<Result<_, ProveError>>()?;
        let before = height.checked_sub(1).map_or(Ok(Hash::ZERO), |h| Ok::<_, ProveError>(results(h)?.results_root))?;
        Ok(Led { height, before, outcomes })
    }

    /// A part of the tree over the state of a height.
    pub fn show(self: &Arc<Self>, height: u64, ranges: &[KeyRange]) -> Result<Vec<u8>, ProveError> {
        let tree = self.tree(height)?;
        let view = self.state_at(height);
        let mut left = PROOF_VALUES;
        tree.show(ranges, |key| {
            let value = view.value(key)?;
            let value = value.ok_or_else(|| StoreError::Damaged("a key of the tree has no value".into()))?;
            left = left.checked_sub(key.len() + value.len()).ok_or(ProveError::TooLarge)?;
            Ok(value)
        })
    }

    /// The heights of the snapshots that are offered here, ascending.
    pub fn snapshots(&self) -> Vec<u64> {
        self.versions().offered(self.tip().height, self.oldest().state)
    }

    /// The tree over the state after a block, if there is one, or if the newest can be led back to it.
    fn known_tree(&self, height: u64, tip: u64) -> Option<Tree> {
        let Way(mut tree, back) = self.versions().at(height, tip)?;
        if !back.is_empty() {
            back.iter().for_each(|undo| tree.undo(undo));
            self.versions().keep_earlier(height, tree.clone());
        }
        Some(tree)
    }

    /// The nearest key on a side of a key in the state after a block; the outer none says that its tree is not at hand.
    pub(crate) fn beside(&self, height: u64, key: &[u8], side: Beside) -> Option<Option<Vec<u8>>> {
        {
            let mut versions = self.versions();
            if versions.heights().1 == height {
                return Some(versions.newest().beside(key, side));
            }
        }
        Some(self.known_tree(height, self.tip().height)?.beside(key, side))
    }

    /// The tree over the state after a block. Those of snapshots are built when somebody fetches them.
    fn tree(&self, height: u64) -> Result<Tree, ProveError> {
        let tip = self.tip().height;
        let known = || self.known_tree(height, tip);
        if let Some(tree) = known() {
            return Ok(tree);
        }
        let snapshots = self.snapshots();
        if !snapshots.contains(&height) {
            let (first, last) = self.versions().heights();
            return Err(ProveError::NotKept(format!(
                "the state after block {height} cannot be proved here: that goes for those after blocks {first} to \
                 {last}, and for the snapshots {snapshots:?}"
            )));
        }
        let _one_at_a_time = self.rebuilding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = known() {
            return Ok(tree);
        }
        if !self.versions().may_build(height, tip) {
            return Err(ProveError::Busy(height));
        }
        let tree = self.rebuild(height)?;
        self.versions().keep(height, tip, tree.clone());
        Ok(tree)
    }

    /// Keys of the state after a block.
    pub fn keys_at(&self, height: u64) -> Result<u64, ProveError> {
        Ok(self.tree(height)?.keys())
    }

    /// A piece of the state after a block, from a key on, with the first key behind it.
    pub fn chunk(self: &Arc<Self>, height: u64, from: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), ProveError> {
        self.tree(height)?;
        let mut bytes = 0;
        let mut next = None;
        for (n, entry) in self.state_at(height).entries(from)?.enumerate() {
            let (key, value) = entry.map_err(StoreError::from)?;
            bytes += key.len() + value.len();
            if n > 0 && (bytes > CHUNK_BYTES || n == CHUNK_KEYS) {
                next = Some(key.into_vec());
                break;
            }
        }
        let to = next.clone().unwrap_or_else(|| END.to_vec());
        Ok((self.show(height, &[from.to_vec()..to])?, next))
    }

    /// The newest block whose votes are known here.
    pub fn newest_signed(&self) -> Result<Option<u64>, StoreError> {
        let mut newest = self.db().iterator_cf(self.family(CERTIFICATES)?, IteratorMode::End);
        let Some((key, _)) = newest.next().transpose()? else { return Ok(None) };
        let height = key[..].try_into().map(u64::from_be_bytes);
        height.map(Some).map_err(|_| StoreError::Damaged("the key of a certificate".into()))
    }

    /// The newest block whose results are certified by votes that are known here.
    pub fn certified_height(&self) -> Result<u64, StoreError> {
        let Some(newest) = self.newest_signed()? else { return Ok(0) };
        Ok(self.header(newest)?.map_or(0, |h| h.executed_height))
    }

    /// The first header that certifies what a block led to.
    fn certifying(&self, height: u64) -> Result<Header, ProveError> {
        for later in height + 1..=height.saturating_add(EXECUTION_LAG) {
            match self.header(later)? {
                Some(header) if header.executed_height >= height => return Ok(header),
                Some(_) => {}
                // Let go meanwhile.
                None if later <= self.tip().height => return Err(not_kept("block", later)),
                None => break,
            }
        }
        Err(ProveError::NotYet(height))
    }

    /// A fact with all that leads to it from the genesis file.
    fn proof(&self, signed: SignedChain, body: Body) -> Result<Vec<u8>, ProveError> {
        let epoch = signed.headers.first().map_or(0, |h| h.epoch);
        Ok(Proof { handovers: self.handovers(epoch)?, signed, body }.encode())
    }

    /// A header with its votes, or with the headers up to one with votes.
    fn signed(&self, height: u64) -> Result<SignedChain, ProveError> {
        let mut headers = Vec::new();
        for later in height..height + HEADERS {
            let missing =
                || if later > self.tip().height { ProveError::NotYet(height) } else { not_kept("block", later) };
            headers.push(self.header(later)?.ok_or_else(missing)?);
            if let Some(certificate) = self.certificate(later)? {
                return Ok(SignedChain { headers, certificate });
            }
        }
        Err(not_kept("votes soon after block", height))
    }
}

fn not_kept(what: &str, height: u64) -> ProveError {
    ProveError::NotKept(format!("{what} {height} is not kept here; ask a node that keeps an archive"))
}
