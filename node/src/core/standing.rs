//! What validators tell each other of themselves, so that everyone sees who lags and why.
//!
//! ```text
//!  FF FF FF FF | version 1 [1] | height [8] | results root [32] | epoch [8] | round [8] | waits for [1] | since ms [8]
//! ```
//!
//! It goes the way of gossip, where the first four bytes would be a size that no call has. It decides nothing: a liar
//! only makes itself look ill.

use super::Node;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use stint_consensus::Env;
use stint_proto::Hash;
use stint_verifier::Reader;

/// Time between two words of a validator.
pub const EVERY: Duration = Duration::from_secs(2);
const MARK: [u8; 4] = [0xff; 4];
const VERSION: u8 = 1;

/// What a validator waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// The leader's block.
    Proposal = 0,
    /// Enough votes.
    Votes = 1,
    /// Blocks that others have.
    Blocks = 2,
    /// Its own execution.
    Execution = 3,
}

/// What a validator says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its newest executed block.
    pub height: u64,
    /// What all up to it led to.
    pub results_root: Hash,
    /// The epoch.
    pub epoch: u64,
    /// The round of the epoch that is going on.
    pub view: u64,
    /// What it waits for.
    pub waits: Waits,
    /// For how long, milliseconds.
    pub waits_ms: u64,
}

impl Standing {
    /// As a message.
    pub fn encode(&self) -> Bytes {
        let mut out = MARK.to_vec();
        out.push(VERSION);
        out.extend_from_slice(&self.height.to_be_bytes());
        out.extend_from_slice(&self.results_root.0);
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.view.to_be_bytes());
        out.push(self.waits as u8);
        out.extend_from_slice(&self.waits_ms.to_be_bytes());
        out.into()
    }

    /// Reads a message, if it is of this kind.
    pub fn decode(message: &[u8]) -> Option<Standing> {
        let mut r = Reader(message);
        let known = r.array()? == MARK && r.u8()? == VERSION;
        let (height, results_root, epoch, view) = (r.u64()?, Hash(r.array()?), r.u64()?, r.u64()?);
        let waits = match r.u8()? {
            0 => Waits::Proposal,
            1 => Waits::Votes,
            2 => Waits::Blocks,
            3 => Waits::Execution,
            _ => return None,
        };
        let standing = Standing { height, results_root, epoch, view, waits, waits_ms: r.u64()? };
        (known && r.0.is_empty()).then_some(standing)
    }
}

/// Whether a message is of this kind, good or not.
pub fn is_one(message: &[u8]) -> bool {
    message.starts_with(&MARK)
}

/// Tells the others again and again. Never ends.
pub async fn tell(node: Arc<Node>, env: Arc<dyn Env>) {
    loop {
        env.broadcast(node.standing(env.now_ms()).encode());
        env.sleep(EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_wrote_and_nothing_else() {
        let standing = Standing {
            height: 7,
            results_root: Hash([3; 32]),
            epoch: 1,
            view: 900,
            waits: Waits::Blocks,
            waits_ms: 12,
        };
        let message = standing.encode();
        assert!(is_one(&message));
        assert_eq!(Standing::decode(&message), Some(standing));
        assert!((0..message.len()).all(|n| Standing::decode(&message[..n]).is_none()));
        assert_eq!(Standing::decode(&[&message[..], &[0]].concat()), None);
    }
}
