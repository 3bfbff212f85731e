//! Hears votes before the engine takes them: it drops those of rounds that are over or far ahead, and of two that are a lie
//! together it may keep neither.

use crate::witness::Witness;
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Blocker, Message, Receiver};
use std::num::NonZeroUsize;

/// A receiver of votes that a witness hears first.
pub(crate) struct Overheard<R, W, B> {
    receiver: R,
    witness: Witness<W>,
    blocker: B,
}

impl<R, W, B> Overheard<R, W, B> {
    pub fn new(receiver: R, witness: Witness<W>, blocker: B) -> Overheard<R, W, B> {
        Overheard { receiver, witness, blocker }
    }
}

impl<R, W, B> std::fmt::Debug for Overheard<R, W, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overheard").finish_non_exhaustive()
    }
}

impl<R, W, B> Receiver for Overheard<R, W, B>
where
    R: Receiver<PublicKey = PublicKey>,
    W: Clone + Send + 'static,
    B: Blocker<PublicKey = PublicKey>,
{
    type Error = R::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, R::Error> {
        let message = self.receiver.recv().await?;
        if self.witness.overhears(&message) {
            // As the engine does with who contradicts itself in a round that it still looks at.
            let _ = self.blocker.block(message.0.clone());
        }
        Ok(message)
    }

    fn capacity(&self) -> NonZeroUsize {
        self.receiver.capacity()
    }
}
