//! Messages that came before there was anybody to read them.

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Message, Receiver};
use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroUsize,
};

/// Messages of each sender that are kept for an epoch that has not begun here; only validators are connected.
const KEPT: usize = 16;

/// A receiver that gives first what came early.
#[derive(Debug)]
pub(crate) struct Early<R> {
    kept: VecDeque<Message<PublicKey>>,
    of: BTreeMap<PublicKey, usize>,
    receiver: R,
}

impl<R: Receiver<PublicKey = PublicKey>> Early<R> {
    pub fn new(receiver: R) -> Early<R> {
        Early { kept: VecDeque::new(), of: BTreeMap::new(), receiver }
    }

    /// Waits for a message, keeps it, and says who sent it. `None` when the network is gone.
    pub async fn listen(&mut self) -> Option<PublicKey> {
        let message = self.receiver.recv().await.ok()?;
        let from = message.0.clone();
        let kept = self.of.entry(from.clone()).or_default();
        if *kept < KEPT {
            *kept += 1;
            self.kept.push_back(message);
        }
        Some(from)
    }
}

impl<R: Receiver<PublicKey = PublicKey>> Receiver for Early<R> {
    type Error = R::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, R::Error> {
        match self.kept.pop_front() {
            Some(message) => Ok(message),
            None => self.receiver.recv().await,
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.receiver.capacity()
    }
}
