//! Votes and certificates are small; what is larger on their channels is none, and is not kept until somebody finds out.

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Message, Receiver};
use commonware_utils::NZUsize;
use std::num::NonZeroUsize;

/// Messages that wait on a channel until an engine takes them; more are dropped.
const WAITING: NonZeroUsize = NZUsize!(4096);

/// A receiver that gives on messages up to a size.
#[derive(Debug)]
pub(crate) struct Small<R> {
    receiver: R,
    /// Bytes.
    most: usize,
}

impl<R> Small<R> {
    pub fn new(receiver: R, most: usize) -> Small<R> {
        Small { receiver, most }
    }
}

impl<R: Receiver<PublicKey = PublicKey>> Receiver for Small<R> {
    type Error = R::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, R::Error> {
        loop {
            let message = self.receiver.recv().await?;
            if message.1.len() <= self.most {
                return Ok(message);
            }
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.receiver.capacity().min(WAITING)
    }
}
