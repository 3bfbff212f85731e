//! Room for large messages: a reader that takes nothing more from the wire may hold one, and all together few.

use super::tail::Watches;
use crate::api::door::{Attention, Visit};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use stint_proto::limits::{ANSWER_MS, WATCH_AHEAD_BYTES, WATCH_LARGE_BYTES, WATCH_LARGEST_BYTES};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

/// What is read ahead without any. A look gives more only as one message alone.
const SMALL: usize = 2 * WATCH_AHEAD_BYTES;

/// Where one reader finds room.
pub struct Rooms {
    all: Arc<Semaphore>,
    visit: Option<Visit>,
    /// From its first large message on: whether its client takes them.
    attention: OnceLock<Arc<Attention>>,
}

/// What a reader holds until it is asked for more.
pub struct Room {
    _bytes: OwnedSemaphorePermit,
    attention: Option<Arc<Attention>>,
}

/// The room that so many bytes read ahead need.
pub fn needed(bytes: usize) -> usize {
    bytes.saturating_sub(SMALL).min(WATCH_LARGEST_BYTES)
}

/// All of a node.
pub fn all() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(WATCH_LARGE_BYTES))
}

impl Rooms {
    /// Of one reader of a node, whose connection ends when it does not take a large message.
    pub fn of(watches: &Watches, visit: Option<Visit>) -> Rooms {
        Rooms { all: watches.large.clone(), visit, attention: OnceLock::new() }
    }

    /// Room, if it is free and nobody waits for it.
    pub fn take(&self, needed: usize) -> Option<Room> {
        let bytes = self.all.clone().try_acquire_many_owned(needed as u32).ok()?;
        Some(Room::new(bytes, self.attention()))
    }

    /// Room, after all who wait already; none when the node stops. Whoever is not asked any more keeps what it was given
    /// until its connection ends.
    pub async fn wait(&self, needed: usize) -> Option<Room> {
        let (all, attention) = (self.all.clone(), self.attention());
        // Ends with its reader.
        let mut waits = JoinSet::new();
        waits.spawn(async move {
            let bytes = all.acquire_many_owned(needed as u32).await.ok()?;
            Some(Room::new(bytes, attention))
        });
        waits.join_next().await?.ok().flatten()
    }

    fn attention(&self) -> Option<Arc<Attention>> {
        let visit = self.visit.clone()?;
        Some(self.attention.get_or_init(|| visit.attend(Duration::from_millis(ANSWER_MS))).clone())
    }
}

impl Room {
    fn new(bytes: OwnedSemaphorePermit, attention: Option<Arc<Attention>>) -> Room {
        attention.iter().for_each(|attention| attention.give());
        Room { _bytes: bytes, attention }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.attention.iter().for_each(|attention| attention.take());
    }
}
