//! Evidence that a key signed what no honest validator signs together.
//!
//! ```text
//! evidence, 291 bytes
//!   version 1 [1] | chain id [32] | epoch [8] | view [8] | key [32] | vote | vote
//!   vote    kind [1] | parent view [8] | hash [32] | signature [64]
//!           kind 0 notarize, 1 nullify, 2 finalize; a nullify has zeros for the round of the parent and the hash
//!   order   by kind, then by round of the parent and hash, so that the same two votes are the same bytes
//! ```
//!
//! What a vote signs is what [`signed`](crate::signed) draws, with the kind's own suffix; a nullify ends behind the view.
//! Whose key it is and whether it counted in that epoch is for the reader to know: the ledger keeps it.

use crate::{
    Hash, Reader,
    certificate::{message, signs},
};
use alloc::{vec, vec::Vec};
use core::fmt;

const VERSION: u8 = 1;
/// Bytes of [`DoubleSign::encode`].
const BYTES: usize = 1 + 32 + 8 + 8 + 32 + 2 * (1 + 8 + 32 + 64);

/// What a vote says of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The block may stand in this round.
    Notarize = 0,
    /// The round shall be left without a block.
    Nullify = 1,
    /// The block is final.
    Finalize = 2,
}

impl Kind {
    /// What the engine appends to the ledger's name for this kind.
    fn suffix(self) -> &'static str {
        match self {
            Kind::Notarize => "NOTARIZE",
            Kind::Nullify => "NULLIFY",
            Kind::Finalize => "FINALIZE",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Notarize => "notarize",
            Kind::Nullify => "nullify",
            Kind::Finalize => "finalize",
        })
    }
}

/// A vote in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// What it says.
    pub kind: Kind,
    /// Round of the block's parent; 0 for a nullify.
    pub parent_view: u64,
    /// Hash of the block's header; zero for a nullify.
    pub hash: Hash,
    /// Over the bytes that the engine signs.
    pub signature: [u8; 64],
}

impl Vote {
    fn content(&self) -> (Kind, u64, [u8; 32]) {
        (self.kind, self.parent_view, self.hash.0)
    }
}

/// Two votes of one key in one round that no honest validator gives together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleSign {
    /// The ledger.
    pub chain_id: Hash,
    /// The epoch.
    pub epoch: u64,
    /// The round of the epoch.
    pub view: u64,
    /// The key at fault.
    pub key: [u8; 32],
    /// The votes, in order.
    pub votes: [Vote; 2],
}

impl DoubleSign {
    /// Brings two votes into their order.
    pub fn new(chain_id: Hash, epoch: u64, view: u64, key: [u8; 32], mut votes: [Vote; 2]) -> DoubleSign {
        votes.sort_by_key(Vote::content);
        DoubleSign { chain_id, epoch, view, key, votes }
    }

    /// True when the key signed both, and both together are a lie. Signatures count as ZIP-215 says.
    pub fn proves(&self) -> bool {
        let plain = |v: &Vote| v.kind != Kind::Nullify || (v.parent_view, v.hash) == (0, Hash::ZERO);
        self.conflicts() && self.votes.iter().all(|v| plain(v) && self.is_of_key(v))
    }

    /// True when the key signed a vote, as one of this round.
    pub fn is_of_key(&self, vote: &Vote) -> bool {
        signs(&self.key, &self.signed(vote), &vote.signature)
    }

    /// True when both together are a lie, whoever signed: two blocks notarized or finalized in one round, or a round left
    /// and its block finalized.
    pub fn conflicts(&self) -> bool {
        let [first, second] = &self.votes;
        match (first.kind, second.kind) {
            (Kind::Notarize, Kind::Notarize) | (Kind::Finalize, Kind::Finalize) => first.content() < second.content(),
            (Kind::Nullify, Kind::Finalize) => true,
            _ => false,
        }
    }

    /// The bytes that the key signs for a vote of this round, as the engine lays them out.
    pub fn signed(&self, vote: &Vote) -> Vec<u8> {
        let numbers = match vote.kind {
            Kind::Nullify => vec![self.epoch, self.view],
            _ => vec![self.epoch, self.view, vote.parent_view],
        };
        let hash: &[u8] = if vote.kind == Kind::Nullify { &[] } else { &vote.hash.0 };
        message(self.chain_id, vote.kind.suffix(), &numbers, hash)
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        out.push(VERSION);
        out.extend_from_slice(&self.chain_id.0);
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.view.to_be_bytes());
        out.extend_from_slice(&self.key);
        for vote in &self.votes {
            out.push(vote.kind as u8);
            out.extend_from_slice(&vote.parent_view.to_be_bytes());
            out.extend_from_slice(&vote.hash.0);
            out.extend_from_slice(&vote.signature);
        }
        out
    }

    /// Reads the canonical bytes, and nothing else.
    pub fn decode(bytes: &[u8]) -> Option<DoubleSign> {
        let mut r = Reader(bytes);
        let version = r.u8()?;
        let (chain_id, epoch, view, key) = (Hash(r.array()?), r.u64()?, r.u64()?, r.array()?);
        let votes = [read_vote(&mut r)?, read_vote(&mut r)?];
        let ordered = votes[0].content() <= votes[1].content();
        (version == VERSION && ordered && r.0.is_empty()).then_some(DoubleSign { chain_id, epoch, view, key, votes })
    }
}

fn read_vote(r: &mut Reader<'_>) -> Option<Vote> {
    let kind = match r.u8()? {
        0 => Kind::Notarize,
        1 => Kind::Nullify,
        2 => Kind::Finalize,
        _ => return None,
    };
    Some(Vote { kind, parent_view: r.u64()?, hash: Hash(r.array()?), signature: r.array()? })
}
