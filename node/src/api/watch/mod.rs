//! Streams of what happens on the ledger, which resume: events, receipts, blocks.
//!
//! A stream is a [`Place`] and a filter. What stands at the place is read, told if it is meant, and the place moves on;
//! every message says where it moved to. Nothing else is kept of a reader, so it may come back at any time, to any node.
//!
//! # Invariants
//!
//! 1. What is told is a function of the ledger, the filter and the place: each thing behind the place once, in the order
//!    of height, call and event, wherever a stream was cut ([`look`] is pure; its tests cut everywhere).
//! 2. A message is read ahead for a reader only while fewer than `WATCH_AHEAD_BYTES` wait; a slow reader is slowed and
//!    never skipped. What it asks for and is no longer kept is refused, with the oldest height that is.
//! 3. Messages larger than that wait for their readers in `WATCH_LARGE_BYTES` for all; who does not take one loses its
//!    connection ([`room`]).
//! 4. At most `WATCHES` streams, and `WATCH_READERS` reads of stored blocks at once. Who waits at the tip costs no read:
//!    a new block is read once for all ([`tail`]).
//! 5. A stream that finds nothing says how far it has looked, so that resuming it looks through little again.
//!
//! | file | idea |
//! |---|---|
//! | `place.rs` | a place on the ledger, and the order of places |
//! | `happened.rs` | a block with what came of it |
//! | `filter.rs`, `field.rs`, `shapes.rs` | what is meant; values in a message; the messages of contracts |
//! | `look.rs` | what of a block is told |
//! | `room.rs` | room for large messages |
//! | `tail.rs` | the newest blocks, read once for all |
//! | `stream.rs` | one reader |
//!
//! Tested in `tests.rs` without a network, and with nodes that are killed in `tests/tests/e2e/streams.rs`.

mod field;
mod filter;
mod happened;
mod look;
mod place;
mod room;
mod shapes;
mod stream;
mod tail;
#[cfg(test)]
mod tests;

pub use look::{Blocks, Events, Kind, Receipts};
pub use stream::{Told, watch};
pub use tail::Watches;
