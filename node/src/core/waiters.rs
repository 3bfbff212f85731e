use bytes::Bytes;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use stint_proto::{CallId, Refusal};
use tokio::sync::oneshot;

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Executed or refused in a block: the encoded receipt.
    Receipt(Bytes),
    /// Never ordered: it broke a rule that needs no ordering.
    Refused(Refusal),
    /// Never ordered: this was its last height.
    Expired(u64),
}

/// The same for those who wait: a receipt may be large, so it is left where it is kept until it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Executed or refused in a block.
    Final,
    /// As [`Outcome::Expired`].
    Expired(u64),
}

/// Who waits for which call to become final.
#[derive(Default)]
pub struct Waiters(Mutex<BTreeMap<CallId, Waiting>>);

struct Waiting {
    valid_until: u64,
    senders: Vec<oneshot::Sender<End>>,
}

impl Waiters {
    /// Waits for a call that is not final yet.
    pub fn wait(&self, id: CallId, valid_until: u64) -> oneshot::Receiver<End> {
        let (sender, receiver) = oneshot::channel();
        let mut all = self.lock();
        let entry = all.entry(id).or_insert(Waiting { valid_until, senders: Vec::new() });
        entry.senders.retain(|s| !s.is_closed());
        entry.senders.push(sender);
        receiver
    }

    /// Tells all who wait for a call that it is final.
    pub fn tell(&self, id: CallId) {
        if let Some(waiting) = self.lock().remove(&id) {
            for sender in waiting.senders {
                let _ = sender.send(End::Final);
            }
        }
    }

    /// Tells all whose calls can no longer be ordered after `height`, and forgets those who left.
    pub fn expire(&self, height: u64) {
        let mut all = self.lock();
        all.retain(|_, w| {
            w.senders.retain(|s| !s.is_closed());
            !w.senders.is_empty()
        });
        let expired: Vec<CallId> = all.iter().filter(|(_, w)| w.valid_until <= height).map(|(id, _)| *id).collect();
        for id in expired {
            for sender in all.remove(&id).into_iter().flat_map(|w| w.senders) {
                let _ = sender.send(End::Expired(height));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
