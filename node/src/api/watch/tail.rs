//! The newest blocks, read once for all who wait at the tip.

use super::{happened::Happened, room, shapes::Deployed};
use crate::{
    api::{places::Places, submit::blocking},
    core::Node,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use stint_proto::{
    Refusal,
    limits::{WATCH_AHEAD_BYTES, WATCH_READERS, WATCH_TAIL_BLOCKS, WATCH_TAIL_BYTES, WATCHES},
};
use stint_store::StoreError;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

/// What all streams of a node share.
pub struct Watches {
    pub node: Arc<Node>,
    pub shapes: Deployed,
    /// The newest height that may be told.
    pub newest: watch::Receiver<u64>,
    /// Bounds the reads of stored blocks.
    pub readers: Arc<Semaphore>,
    /// Bounds the large messages that nobody has taken yet, bytes.
    pub large: Arc<Semaphore>,
    places: Places,
    stopping: Arc<Notify>,
    tail: Mutex<VecDeque<Arc<Happened>>>,
    /// Blocks of before the tail that were read last: a large one is looked at many times by one reader.
    read: Mutex<VecDeque<Arc<Happened>>>,
}

impl Watches {
    /// Follows a node for as long as somebody holds the result.
    pub fn new(node: Arc<Node>) -> Arc<Watches> {
        let (told, newest) = watch::channel(node.tip().height);
        let stopping = Arc::new(Notify::new());
        let watches = Arc::new(Watches {
            stopping: stopping.clone(),
            shapes: Deployed::new(node.clone()),
            node: node.clone(),
            newest,
            readers: Arc::new(Semaphore::new(WATCH_READERS)),
            large: room::all(),
            places: Places::saying(
                "watches",
                WATCHES,
                "streams watch this node already; resume at another node, or here later: a cursor holds on every node",
            ),
            tail: Mutex::default(),
            read: Mutex::default(),
        });
        let followed = Arc::downgrade(&watches);
        tokio::spawn(async move {
            // One waits for the tip, and it wakes all others: executing blocks is not held up by who watches.
            let mut seen = *told.borrow();
            loop {
                let height = tokio::select! {
                    biased;
                    // Without a teller all readers end.
                    () = stopping.notified() => return,
                    height = node.find(|tip| (tip.height > seen).then_some(tip.height)) => height,
                };
                let Some(watches) = followed.upgrade() else { return };
                if watches.watching() > 0 {
                    let from = (seen + 1).max(height.saturating_sub(WATCH_TAIL_BLOCKS as u64 - 1));
                    // Whoever does not find a block here reads it from the store, and says what is wrong with it.
                    let _ = blocking(move || watches.extend(from, height)).await;
                }
                seen = height;
                told.send_replace(height);
            }
        });
        watches
    }

    /// Ends all streams; whoever reads one resumes elsewhere.
    pub fn stop(&self) {
        self.readers.close();
        self.large.close();
        self.stopping.notify_one();
    }

    /// Streams that are open.
    pub fn watching(&self) -> usize {
        self.places.taken()
    }

    /// A place among them; none is waited for.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.places.take()
    }

    fn extend(&self, from: u64, to: u64) -> Result<(), Refusal> {
        for height in from..=to {
            let happened = Happened::read(&self.node, height).map_err(|e| self.node.unreadable(&e))?;
            if let Some(happened) = happened {
                keep(&mut lock(&self.tail), Arc::new(happened), WATCH_TAIL_BLOCKS);
            }
        }
        Ok(())
    }

    /// A block from the store, or as it was read a moment ago; `None` when it is not kept.
    pub fn stored(&self, height: u64) -> Result<Option<Arc<Happened>>, StoreError> {
        let is_it = |h: &&Arc<Happened>| h.block.header.height == height;
        if let Some(found) = lock(&self.read).iter().find(is_it) {
            return Ok(Some(found.clone()));
        }
        let happened = Happened::read(&self.node, height)?.map(Arc::new);
        if let Some(happened) = happened.as_ref().filter(|h| h.bytes > WATCH_AHEAD_BYTES) {
            keep(&mut lock(&self.read), happened.clone(), WATCH_READERS);
        }
        Ok(happened)
    }

    /// A block of the tail.
    pub fn recent(&self, height: u64) -> Option<Arc<Happened>> {
        let tail = lock(&self.tail);
        // The newest are asked for most.
        tail.iter().rev().find(|h| h.block.header.height <= height).filter(|h| h.block.header.height == height).cloned()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a block to some that are kept, and lets the earliest go.
fn keep(kept: &mut VecDeque<Arc<Happened>>, block: Arc<Happened>, blocks: usize) {
    kept.push_back(block);
    while kept.len() > blocks || kept.iter().map(|h| h.bytes).sum::<usize>() > WATCH_TAIL_BYTES {
        kept.pop_front();
    }
}
