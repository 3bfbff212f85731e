//! What the others tell waits here until it is checked: of each a bounded amount, so that one who tells much is not heard
//! instead of the others.

use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use stint_proto::limits::GOSSIP_BYTES;
use tokio::sync::mpsc;

/// What a message has beside its bytes.
const OVERHEAD_BYTES: usize = 256;

/// A key by which the network knows a peer.
type PeerKey = [u8; 32];

/// Where messages of others come in.
pub struct Ear {
    messages: mpsc::UnboundedSender<(PeerKey, Bytes)>,
    shared: Arc<Mutex<Heard>>,
}

/// What is checked next.
pub struct Queue {
    messages: mpsc::UnboundedReceiver<(PeerKey, Bytes)>,
    shared: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// Of each peer, bytes that wait.
    waiting: BTreeMap<PeerKey, usize>,
    /// Whose messages are not listened to.
    liars: BTreeSet<PeerKey>,
}

/// Both ends.
pub fn ear() -> (Ear, Queue) {
    let (send, receive) = mpsc::unbounded_channel();
    let shared = Arc::<Mutex<Heard>>::default();
    (Ear { messages: send, shared: shared.clone() }, Queue { messages: receive, shared })
}

fn lock(shared: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn weight(message: &Bytes) -> usize {
    message.len() + OVERHEAD_BYTES
}

impl Ear {
    /// Takes a peer's message, unless it has told too much or lied; what is dropped waits in its own pool.
    pub fn hear(&self, from: PeerKey, message: Bytes) {
        let mut heard = lock(&self.shared);
        let waiting = heard.waiting.get(&from).copied().unwrap_or(0) + weight(&message);
        if waiting > GOSSIP_BYTES || heard.liars.contains(&from) {
            return;
        }
        heard.waiting.insert(from, waiting);
        drop(heard);
        let _ = self.messages.send((from, message));
    }
}

impl Queue {
    /// The next message of a peer that did not lie.
    pub async fn next(&mut self) -> Option<(PeerKey, Bytes)> {
        loop {
            let (from, message) = self.messages.recv().await?;
            let mut heard = lock(&self.shared);
            let left = heard.waiting.get(&from).map_or(0, |waiting| waiting.saturating_sub(weight(&message)));
            match left {
                0 => drop(heard.waiting.remove(&from)),
                left => drop(heard.waiting.insert(from, left)),
            }
            if !heard.liars.contains(&from) {
                return Some((from, message));
            }
        }
    }

    /// Listens to a peer no more, until the engine is put together anew.
    pub fn shut_out(&self, from: PeerKey) {
        tracing::warn!(
            "a validator tells of a call that its sender did not sign: it is not listened to; key {}",
            hex::encode(from)
        );
        lock(&self.shared).liars.insert(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn heard(queue: &mut Queue) -> Option<PeerKey> {
        queue.next().now_or_never().flatten().map(|(from, _)| from)
    }

    #[test]
    fn who_tells_much_leaves_room_for_others_and_who_lied_is_not_heard() {
        let (ear, mut queue) = ear();
        let (loud, quiet) = ([1; 32], [2; 32]);
        for _ in 0..100_000 {
            ear.hear(loud, Bytes::from_static(b"calls"));
        }
        ear.hear(loud, vec![0; GOSSIP_BYTES / 2].into());
        ear.hear(quiet, Bytes::from_static(b"a call"));
        let order: Vec<_> = std::iter::from_fn(|| heard(&mut queue)).collect();
        assert_eq!(order.len(), GOSSIP_BYTES / (OVERHEAD_BYTES + 5) + 1);
        assert_eq!(order.last(), Some(&quiet));
        // All is told and there is room again.
        ear.hear(loud, vec![0; GOSSIP_BYTES / 2].into());
        ear.hear(loud, Bytes::from_static(b"calls"));
        assert_eq!(heard(&mut queue), Some(loud));
        queue.shut_out(loud);
        ear.hear(loud, Bytes::from_static(b"calls"));
        ear.hear(quiet, Bytes::from_static(b"a call"));
        assert_eq!(heard(&mut queue), Some(quiet), "not even what waited");
        assert_eq!(heard(&mut queue), None);
    }
}
