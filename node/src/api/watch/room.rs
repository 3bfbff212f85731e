//! Room for large messages: a reader that takes nothing more from the wire may hold one, and all together few.

use super::tail::Watches;
use crate::api::door::{Attention, Visit};
use std::{sync::Arc, time::Duration};
use stint_proto::limits::{ANSWER_MS, WATCH_AHEAD_BYTES, WATCH_LARGE_BYTES, WATCH_LARGEST_BYTES};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where a reader finds room.
#[derive(Clone)]
pub struct Rooms {
    all: Arc<Semaphore>,
    /// To send away who holds one too long; without a connection nobody is.
    attention: Option<Arc<Attention>>,
}

/// What one holds until it is asked for more.
pub struct Room {
    bytes: OwnedSemaphorePermit,
    attention: Option<Arc<Attention>>,
}

/// There is none; more is free when others have taken theirs from the wire.
pub struct Full;

impl Rooms {
    /// Of one reader of a node.
    pub fn of(watches: &Watches, visit: Option<Visit>) -> Rooms {
        let attention = visit.map(|visit| visit.attend(Duration::from_millis(ANSWER_MS)));
        Rooms { all: watches.large.clone(), attention }
    }

    /// Waits until as much is free, without keeping it: who is not asked again would keep it for ever. False when the
    /// node stops.
    pub async fn freed(&self) -> bool {
        let all = self.all.clone();
        let waits = tokio::spawn(async move { all.acquire_many_owned(WATCH_LARGEST_BYTES as u32).await.is_ok() });
        waits.await.unwrap_or(false)
    }
}

/// All that a look may fill, for a reader that needs room at all.
pub fn take(rooms: Option<&Rooms>) -> Result<Option<Room>, Full> {
    let Some(Rooms { all, attention }) = rooms else { return Ok(None) };
    let bytes = all.clone().try_acquire_many_owned(WATCH_LARGEST_BYTES as u32).map_err(|_| Full)?;
    attention.iter().for_each(|attention| attention.give());
    Ok(Some(Room { bytes, attention: attention.clone() }))
}

impl Room {
    /// Gives back what so many bytes read ahead do not need.
    pub fn fit(mut self, bytes: usize) -> Option<Room> {
        let large = bytes.saturating_sub(WATCH_AHEAD_BYTES);
        let unneeded = self.bytes.num_permits().saturating_sub(large);
        drop(self.bytes.split(unneeded));
        (large > 0).then_some(self)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.attention.iter().for_each(|attention| attention.take());
    }
}

/// All of a node.
pub fn all() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(WATCH_LARGE_BYTES))
}
