use crate::bent::Between;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use stint_consensus::{Ack, Ledger};
use stint_proto::Block;

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

/// Dies with a certain block: from then on the ledger does nothing.
pub struct Mortal {
    pub death: Death,
    pub height: u64,
    pub dead: Arc<AtomicBool>,
}

impl Between for Mortal {
    fn deliver(&self, block: Arc<Block>, ack: Ack, ledger: &Arc<dyn Ledger>) {
        let is_dead = self.dead.load(Ordering::Relaxed);
        let dies = block.header.height == self.height;
        // The engine may deliver blocks behind the last one before it is told of that.
        if is_dead || block.header.height > self.height || dies && self.death == Death::Ordered {
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
        ledger.finalized(block, last);
    }
}
