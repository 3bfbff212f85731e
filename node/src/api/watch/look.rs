//! What of a block is told: pure, so that it can be cut anywhere and gives the same.

use super::{filter::Filter, happened::Happened, place::Place, shapes::Shapes};
use bytes::Bytes;
use prost::Message;
use stint_proto::{Transaction, v1};
use v1::{
    watch_blocks_response::What as OfBlocks, watch_events_response::What as OfEvents,
    watch_receipts_response::What as OfReceipts,
};

/// What a look at a block gives.
pub struct Look<M> {
    pub told: Vec<M>,
    /// Where to look next: behind the block, unless `told` filled the room.
    pub next: Place,
    /// Of all that is told, encoded.
    pub bytes: usize,
}

/// A kind of stream.
pub trait Kind: Send + Sync + 'static {
    /// A message of it.
    type Message: Message + 'static;

    /// Whether blocks alone are not enough.
    fn needs_receipts(&self, filter: &Filter) -> bool;

    /// What of a block is told from a place on, until `room` bytes are filled: the message that fills them is the last, and
    /// one that fills them by itself is told alone.
    fn look(
        &self,
        at: &Happened,
        from: Place,
        filter: &Filter,
        shapes: &dyn Shapes,
        room: usize,
    ) -> Look<Self::Message>;

    /// Says how far was looked.
    fn progress(next: Place, newest: u64) -> Self::Message;
}

impl<M: Message> Look<M> {
    fn new() -> Look<M> {
        Look { told: Vec::new(), next: Place::default(), bytes: 0 }
    }

    /// Adds a message, unless it is large and not the first; true when nothing more is to be added.
    fn tell(&mut self, message: M, next: Place, room: usize) -> bool {
        let bytes = message.encoded_len();
        if bytes >= room && !self.told.is_empty() {
            return true;
        }
        self.bytes += bytes;
        self.told.push(message);
        self.next = next;
        self.bytes >= room
    }

    fn behind(mut self, at: &Happened) -> Look<M> {
        self.next = Place::block(at.block.header.height).behind_block();
        self
    }
}

/// Calls of a block from a place on, with their receipts.
fn calls(at: &Happened, from: Place) -> impl Iterator<Item = (u32, &Transaction, &v1::Receipt)> {
    let both = at.block.transactions.iter().zip(&at.receipts).enumerate();
    both.skip(from.index as usize).map(|(i, (tx, receipt))| (i as u32, tx, receipt))
}

/// What contracts announce.
pub struct Events;

impl Kind for Events {
    type Message = v1::WatchEventsResponse;

    fn needs_receipts(&self, _: &Filter) -> bool {
        true
    }

    fn look(
        &self,
        at: &Happened,
        from: Place,
        filter: &Filter,
        shapes: &dyn Shapes,
        room: usize,
    ) -> Look<Self::Message> {
        let mut look = Look::new();
        let time_ms = at.block.header.time_ms;
        for (index, _, receipt) in calls(at, from) {
            let told = if index == from.index { from.event as usize } else { 0 };
            for (n, event) in receipt.events.iter().enumerate().skip(told) {
                if !filter.means_event(at, &receipt.key, event, shapes) {
                    continue;
                }
                let next = from.behind_event(index, n as u32);
                // Its body is a part of the whole receipt, which need not wait with it.
                let event = v1::Event { body: Bytes::copy_from_slice(&event.body), ..event.clone() };
                let call =
                    v1::CallName { key: Bytes::copy_from_slice(&receipt.key), id: Bytes::copy_from_slice(&receipt.id) };
                let event = v1::WatchedEvent {
                    at: Some(Place { event: n as u32, ..next }.into()),
                    event: Some(event),
                    call: Some(call),
                    agent: at.agent(&receipt.key).into(),
                    time_ms,
                };
                let message = v1::WatchEventsResponse { next: Some(next.into()), what: Some(OfEvents::Event(event)) };
                if look.tell(message, next, room) {
                    return look;
                }
            }
        }
        look.behind(at)
    }

    fn progress(next: Place, newest: u64) -> Self::Message {
        let what = Some(OfEvents::Progress(v1::WatchProgress { newest }));
        v1::WatchEventsResponse { next: Some(next.into()), what }
    }
}

/// What became of calls.
pub struct Receipts;

impl Kind for Receipts {
    type Message = v1::WatchReceiptsResponse;

    fn needs_receipts(&self, _: &Filter) -> bool {
        true
    }

    fn look(
        &self,
        at: &Happened,
        from: Place,
        filter: &Filter,
        shapes: &dyn Shapes,
        room: usize,
    ) -> Look<Self::Message> {
        let mut look = Look::new();
        for (index, tx, receipt) in calls(at, from) {
            if !filter.means_call(at, tx, Some(receipt), shapes) {
                continue;
            }
            let next = from.behind_call(index);
            let receipt = v1::WatchedReceipt {
                receipt: Some(receipt.clone()),
                commons: tx.call().commons.clone(),
                method: tx.call().method.clone(),
                agent: at.agent(&receipt.key).into(),
                time_ms: at.block.header.time_ms,
            };
            let what = Some(OfReceipts::Receipt(receipt));
            if look.tell(v1::WatchReceiptsResponse { next: Some(next.into()), what }, next, room) {
                return look;
            }
        }
        look.behind(at)
    }

    fn progress(next: Place, newest: u64) -> Self::Message {
        let what = Some(OfReceipts::Progress(v1::WatchProgress { newest }));
        v1::WatchReceiptsResponse { next: Some(next.into()), what }
    }
}

/// Blocks, whole or their headers.
pub struct Blocks {
    pub headers_only: bool,
}

impl Kind for Blocks {
    type Message = v1::WatchBlocksResponse;

    fn needs_receipts(&self, filter: &Filter) -> bool {
        filter.needs_receipts()
    }

    fn look(&self, at: &Happened, _: Place, filter: &Filter, shapes: &dyn Shapes, room: usize) -> Look<Self::Message> {
        let mut look = Look::new();
        let means = |(i, tx): (usize, &Transaction)| filter.means_call(at, tx, at.receipts.get(i), shapes);
        if filter.is_empty() || at.block.transactions.iter().enumerate().any(means) {
            let mut block = v1::Block {
                header: Some((&at.block.header).into()),
                hash: Bytes::copy_from_slice(&at.block.header.hash().0),
                transactions: Vec::new(),
            };
            if !self.headers_only {
                block.transactions = at.block.transactions.iter().map(Into::into).collect();
            }
            let next = Place::block(at.block.header.height).behind_block();
            let message = v1::WatchBlocksResponse { next: Some(next.into()), what: Some(OfBlocks::Block(block)) };
            look.tell(message, next, room);
        }
        look.behind(at)
    }

    fn progress(next: Place, newest: u64) -> Self::Message {
        let what = Some(OfBlocks::Progress(v1::WatchProgress { newest }));
        v1::WatchBlocksResponse { next: Some(next.into()), what }
    }
}
