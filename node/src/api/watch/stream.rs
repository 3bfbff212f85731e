//! One reader: asked for the next message when the last one is on its way.

use super::{
    filter::Filter,
    happened::Happened,
    look::{Kind, Look},
    place::Place,
    room::{self, Room, Rooms},
    tail::Watches,
};
use crate::api::{door::Visit, submit::in_turn};
use futures::Stream;
use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};
use stint_client::wire::status;
use stint_proto::{
    Code, Refusal,
    limits::{WATCH_AHEAD_BYTES, WATCH_PROGRESS_HEIGHTS, WATCH_PROGRESS_MS},
    v1,
};
use stint_store::StoreError;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::Instant,
};
use tonic::Status;

/// What a client reads.
pub type Told<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// Stored blocks that are looked at in one go: others wait for the reader meanwhile.
const STRIDE: u64 = 256;
/// Pause of a reader at the tip behind each look, for each that watches: all together they take a tenth of a core or two.
const PAUSE: Duration = Duration::from_micros(10);
/// Fewer watch without a pause.
const FEW: usize = 100;

/// Begins a stream for a connection, or says why not.
pub async fn watch<K: Kind>(
    watches: &Arc<Watches>,
    asked: v1::WatchRequest,
    kind: K,
    visit: Option<Visit>,
) -> Result<Told<K::Message>, Refusal> {
    let place = watches.place()?;
    let filter = Filter::read(asked.filter.unwrap_or_default())?;
    let (shared, filter) = (watches.clone(), Arc::new(filter));
    if filter.has_fields() {
        let (shared, filter) = (shared.clone(), filter.clone());
        in_turn(shared.readers.clone(), move || filter.check(&shared.shapes)).await?;
    }
    let newest = watches.newest.clone();
    let next = match asked.from {
        None => Place::block(*newest.borrow()).behind_block(),
        Some(cursor) => Place::from(cursor),
    };
    let mut reader = Reader {
        rooms: Arc::new(Rooms::of(&shared, visit)),
        room: None,
        shared,
        kind: Arc::new(kind),
        filter,
        next,
        ahead: VecDeque::new(),
        newest,
        told: (Instant::now(), next.height),
        at_tip: false,
        over: false,
        _place: place,
    };
    if reader.next.height == 0 {
        reader.next = Place::block(reader.oldest());
    }
    reader.is_kept()?;
    Ok(Box::pin(futures::stream::unfold(reader, Reader::step)))
}

/// What a reader finds.
enum Seen<M> {
    Told(Look<M>, Option<Room>),
    /// No such block.
    Nothing,
    /// It is large, and there is no room for so much.
    NoRoom(usize),
}

impl<M> Seen<M> {
    /// With the room that it needs: what was waited for, or what is free.
    fn of(look: Look<M>, waited: Option<Room>, rooms: &Rooms) -> Seen<M> {
        match room::needed(look.bytes) {
            0 => Seen::Told(look, None),
            needed => match waited.or_else(|| rooms.take(needed)) {
                Some(room) => Seen::Told(look, Some(room)),
                None => Seen::NoRoom(needed),
            },
        }
    }
}

fn stopping() -> Refusal {
    Refusal::new(Code::Unavailable, "node-stopped", "this node is stopping")
}

/// A stream that is open.
struct Reader<K: Kind> {
    shared: Arc<Watches>,
    kind: Arc<K>,
    filter: Arc<Filter>,
    /// Where to look next.
    next: Place,
    /// Read and not told yet.
    ahead: VecDeque<K::Message>,
    /// Where it finds room for a large message; and what it holds until it is asked for the next one.
    rooms: Arc<Rooms>,
    room: Option<Room>,
    newest: watch::Receiver<u64>,
    /// When it last said something, and how far it had looked.
    told: (Instant, u64),
    /// Whether it has said that it is at the tip.
    at_tip: bool,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl<K: Kind> Reader<K> {
    async fn step(mut self) -> Option<(Result<K::Message, Status>, Self)> {
        if self.over {
            return None;
        }
        let message = self.message().await.map_err(status);
        self.over = message.is_err();
        self.told = (Instant::now(), self.next.height);
        Some((message, self))
    }

    async fn message(&mut self) -> Result<K::Message, Refusal> {
        let quiet = Duration::from_millis(WATCH_PROGRESS_MS);
        loop {
            if let Some(message) = self.ahead.pop_front() {
                return Ok(message);
            }
            // The oldest room is given back: who has read a burst waits as small as it was.
            self.ahead.shrink_to(16);
            self.room = None;
            let newest = *self.newest.borrow_and_update();
            if self.next.height <= newest {
                self.look(newest).await?;
                let (at, height) = self.told;
                let much = self.next.height - height.min(self.next.height) > WATCH_PROGRESS_HEIGHTS;
                if self.ahead.is_empty() && (much || at.elapsed() > quiet) {
                    return Ok(K::progress(self.next, newest));
                }
                continue;
            }
            if !self.at_tip {
                self.at_tip = true;
                return Ok(K::progress(self.next, newest));
            }
            let until = self.told.0 + quiet;
            match tokio::time::timeout_at(until, self.newest.changed()).await {
                Err(_) => return Ok(K::progress(self.next, newest)),
                Ok(Err(_)) => return Err(stopping()),
                Ok(Ok(())) => {}
            }
            let watching = self.shared.watching();
            if watching > FEW {
                tokio::time::sleep(PAUSE.saturating_mul(watching as u32)).await;
            }
        }
    }

    /// Looks at a block of the tail, or at stored ones until something is to be told; again when there is room for it.
    async fn look(&mut self, newest: u64) -> Result<(), Refusal> {
        let mut waited = None;
        loop {
            let seen = match self.shared.recent(self.next.height) {
                // Types of messages are looked up in the store.
                Some(block) if !self.filter.has_fields() => {
                    let shapes = &self.shared.shapes;
                    let look = self.kind.look(&block, self.next, &self.filter, shapes, WATCH_AHEAD_BYTES);
                    Seen::of(look, waited.take(), &self.rooms)
                }
                recent => self.look_far(recent, newest, waited.take()).await?,
            };
            match seen {
                Seen::Told(look, room) => {
                    (self.next, self.room) = (look.next, room);
                    self.ahead.extend(look.told);
                    return Ok(());
                }
                Seen::NoRoom(needed) => waited = Some(self.rooms.wait(needed).await.ok_or_else(stopping)?),
                // It went while it was read, or it is not there though it should be.
                Seen::Nothing => {
                    return self.is_kept().and(Err(Refusal::new(
                        Code::Internal,
                        "node",
                        format!("block {} cannot be found on this node", self.next.height),
                    )));
                }
            }
        }
    }

    async fn look_far(
        &self,
        recent: Option<Arc<Happened>>,
        newest: u64,
        waited: Option<Room>,
    ) -> Result<Seen<K::Message>, Refusal> {
        self.is_kept()?;
        let (shared, kind, filter, mut from) = (self.shared.clone(), self.kind.clone(), self.filter.clone(), self.next);
        let rooms = self.rooms.clone();
        let read = in_turn(shared.readers.clone(), move || {
            let mut recent = recent;
            let end = newest.min(from.height.saturating_add(STRIDE - 1));
            loop {
                let block = match recent.take().or_else(|| shared.recent(from.height)) {
                    Some(block) => block,
                    None => match shared.stored(from.height) {
                        Ok(Some(block)) => block,
                        Ok(None) | Err(StoreError::LetGo(_)) => return Ok(Seen::Nothing),
                        Err(e) => return Err(shared.node.unreadable(&e)),
                    },
                };
                let look = kind.look(&block, from, &filter, &shared.shapes, WATCH_AHEAD_BYTES);
                if !look.told.is_empty() || from.height >= end {
                    return Ok(Seen::of(look, waited, &rooms));
                }
                from = look.next;
            }
        });
        read.await
    }

    /// The oldest height whose blocks, or receipts if it needs them, are kept here.
    fn oldest(&self) -> u64 {
        let oldest = self.shared.node.store.oldest();
        if self.kind.needs_receipts(&self.filter) { oldest.receipts } else { oldest.block }
    }

    fn is_kept(&self) -> Result<(), Refusal> {
        let (oldest, height) = (self.oldest(), self.next.height);
        if height >= oldest {
            return Ok(());
        }
        let message = format!(
            "what is asked from block {height} on is no longer kept here; the oldest is block {oldest}: ask a node that keeps an archive, or begin there"
        );
        let mut refusal = Refusal::new(Code::OutOfRange, "watch-from", message);
        refusal.details = [("oldest".to_string(), oldest.to_string())].into();
        Err(refusal)
    }
}
