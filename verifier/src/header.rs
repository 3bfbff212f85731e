use crate::{Hash, Reader, hash, hash_parts};
use alloc::vec::Vec;

const VERSION: u8 = 1;
const DOMAIN: &str = "stint.v1.header";
const RESULTS_DOMAIN: &[u8] = b"stint.v1.results\0";

/// What validators sign, by its hash. The layout is drawn in the crate's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The ledger.
    pub chain_id: Hash,
    /// Epoch of the committee that orders this block.
    pub epoch: u64,
    /// The round of the epoch in which the block was proposed.
    pub view: u64,
    /// The round of its parent.
    pub parent_view: u64,
    /// Distance from genesis, which has height 0.
    pub height: u64,
    /// Ed25519 key of the validator that proposed the block.
    pub leader: [u8; 32],
    /// Hash of the parent's header.
    pub parent: Hash,
    /// Milliseconds since 1970, UTC; later than the parent's.
    pub time_ms: u64,
    /// [`crate::merkle::root`] over the transactions' canonical bytes.
    pub transactions_root: Hash,
    /// Transactions in the block.
    pub transaction_count: u32,
    /// The rules by which this block is executed.
    pub protocol_version: u32,
    /// The newest height whose results are certified here: e, with h - K <= e < h.
    pub executed_height: u64,
    /// Root over the state after block e.
    pub state_root: Hash,
    /// [`Outcome::chain`] of block e: what it and every block before it led to.
    pub results_root: Hash,
    /// [`crate::Committee::hash`] of the next epoch in an epoch's last block, zero elsewhere.
    pub next_committee: Hash,
}

impl Header {
    /// Bytes of a header.
    pub const BYTES: usize = 281;

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES);
        out.push(VERSION);
        out.extend_from_slice(&self.chain_id.0);
        for n in [self.epoch, self.view, self.parent_view, self.height] {
            out.extend_from_slice(&n.to_be_bytes());
        }
        out.extend_from_slice(&self.leader);
        out.extend_from_slice(&self.parent.0);
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        out.extend_from_slice(&self.transactions_root.0);
        out.extend_from_slice(&self.transaction_count.to_be_bytes());
        out.extend_from_slice(&self.protocol_version.to_be_bytes());
        out.extend_from_slice(&self.executed_height.to_be_bytes());
        for root in [self.state_root, self.results_root, self.next_committee] {
            out.extend_from_slice(&root.0);
        }
        debug_assert_eq!(out.len(), Self::BYTES);
        out
    }

    /// Reads the canonical bytes.
    pub fn decode(bytes: &[u8]) -> Option<Header> {
        let mut r = Reader(bytes);
        let header = Header::read(&mut r)?;
        r.0.is_empty().then_some(header)
    }

    /// Reads the canonical bytes at the front of others.
    pub fn read(r: &mut Reader<'_>) -> Option<Header> {
        if r.u8()? != VERSION {
            return None;
        }
        Some(Header {
            chain_id: Hash(r.array()?),
            epoch: r.u64()?,
            view: r.u64()?,
            parent_view: r.u64()?,
            height: r.u64()?,
            leader: r.array()?,
            parent: Hash(r.array()?),
            time_ms: r.u64()?,
            transactions_root: Hash(r.array()?),
            transaction_count: r.u32()?,
            protocol_version: r.u32()?,
            executed_height: r.u64()?,
            state_root: Hash(r.array()?),
            results_root: Hash(r.array()?),
            next_committee: Hash(r.array()?),
        })
    }

    /// What validators sign.
    pub fn hash(&self) -> Hash {
        hash(DOMAIN, &self.encode())
    }
}

/// What one block led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Root over the state after the block.
    pub state_root: Hash,
    /// [`crate::merkle::root`] over the block's receipts, each as [`receipt_item`].
    pub receipts_root: Hash,
    /// Receipts of the block.
    pub receipts: u32,
    /// The block's time, milliseconds since 1970, UTC.
    pub time_ms: u64,
}

impl Outcome {
    /// Bytes of an outcome.
    pub const BYTES: usize = 76;

    /// Hangs the outcome of block `height` onto those of all blocks before. A chain, because a header
    /// certifies the newest results alone, and those of a block that was skipped are under it too.
    pub fn chain(&self, before: Hash, height: u64) -> Hash {
        hash_parts(&[RESULTS_DOMAIN, &before.0, &height.to_be_bytes(), &self.encode()])
    }

    /// The canonical bytes.
    pub fn encode(&self) -> [u8; Outcome::BYTES] {
        let mut out = [0; Outcome::BYTES];
        out[..32].copy_from_slice(&self.state_root.0);
        out[32..64].copy_from_slice(&self.receipts_root.0);
        out[64..68].copy_from_slice(&self.receipts.to_be_bytes());
        out[68..].copy_from_slice(&self.time_ms.to_be_bytes());
        out
    }

    /// Reads the canonical bytes at the front of others.
    pub fn read(r: &mut Reader<'_>) -> Option<Outcome> {
        Some(Outcome {
            state_root: Hash(r.array()?),
            receipts_root: Hash(r.array()?),
            receipts: r.u32()?,
            time_ms: r.u64()?,
        })
    }
}

/// What stands for a receipt under the receipts root, so that one of its events can be shown without
/// the others: its `stint.v1.Receipt` without events, behind the root over them.
pub fn receipt_item(receipt: &[u8], events_root: Hash, events: u32) -> Vec<u8> {
    [&events_root.0[..], &events.to_be_bytes(), receipt].concat()
}
