use bytes::Bytes;
use futures::future::BoxFuture;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use stint_consensus::{Ack, Ancestors, Draft, Ledger, Peers};
use stint_proto::{Block, Epochs, Hash, Header};

/// Where in the way of a block a node dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The block is final, and the node has done nothing with it.
    Ordered,
    /// It is durable, and whoever waits has the reply; the engine has not heard of it.
    Durable,
    /// The engine has heard of it.
    Acknowledged,
}

/// A ledger that dies with a certain block: from then on it does nothing.
pub struct Mortal {
    pub ledger: Arc<dyn Ledger>,
    pub death: Death,
    pub height: u64,
    pub dead: Arc<AtomicBool>,
}

impl Mortal {
    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }
}

impl Ledger for Mortal {
    fn executed_height(&self) -> u64 {
        self.ledger.executed_height()
    }

    fn epochs(&self) -> Epochs {
        self.ledger.epochs()
    }

    fn committee(&self, epoch: u64) -> Option<Vec<[u8; 32]>> {
        self.ledger.committee(epoch)
    }

    fn before(&self, epoch: u64) -> Option<Hash> {
        self.ledger.before(epoch)
    }

    fn peers(&self) -> Peers {
        self.ledger.peers()
    }

    fn peers_version(&self) -> u64 {
        self.ledger.peers_version()
    }

    fn propose(&self, ancestors: Ancestors) -> BoxFuture<'_, Option<Draft>> {
        self.ledger.propose(ancestors)
    }

    fn verify(&self, block: Arc<Block>, parent: Header) -> BoxFuture<'_, bool> {
        self.ledger.verify(block, parent)
    }

    fn finalized(&self, block: Arc<Block>, ack: Ack) {
        let dies = block.header.height == self.height;
        // The engine may deliver blocks behind the last one before it is told of that.
        if self.is_dead() || block.header.height > self.height || dies && self.death == Death::Ordered {
            self.dead.fetch_or(dies, Ordering::Relaxed);
            // An acknowledgement that is dropped would stop the engine in order.
            std::mem::forget(ack);
            return;
        }
        let (dead, death) = (self.dead.clone(), self.death);
        let last: Ack = Box::new(move || {
            if dead.load(Ordering::Relaxed) || dies && death == Death::Durable {
                std::mem::forget(ack);
            } else {
                ack();
            }
            if dies {
                dead.store(true, Ordering::Relaxed);
            }
        });
        self.ledger.finalized(block, last);
    }

    fn tip(&self, height: u64) {
        self.ledger.tip(height);
    }

    fn gossip(&self, from: [u8; 32], message: Bytes) {
        self.ledger.gossip(from, message);
    }
}
