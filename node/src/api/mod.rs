//! The gRPC edge: `stint.v1.Ledger`, every contract's own service under its own name, the kernel,
//! reflection and health, all on one port.
//!
//! | file | idea |
//! |---|---|
//! | `server.rs` | the port and what answers on it |
//! | `ledger.rs` | `stint.v1.Ledger` |
//! | `contracts.rs` | calls of contracts and the kernel: queries at once, commands signed and ordered |
//! | `metadata.rs` | the signature and what belongs to it, as gRPC metadata |
//! | `reflection.rs` | which services there are, for clients that have only the address |
//! | `facts.rs`, `named.rs` | refusals of the rooms below, and of the transport, with their facts for programs |
//! | `submit.rs` | a call from the edge to its end |
//! | `batch.rs`, `lists.rs` | many calls in one message; what is listed page by page |
//! | `watch/` | streams of events, receipts and blocks, which resume |
//! | `door.rs`, `weigh.rs`, `places.rs` | bounds: connections, bytes under way, streams |
//! | `diagnose.rs` | how the validators are, as this node sees them |
//! | `whatif.rs` | what another rule would have given, part after part |

mod batch;
mod contracts;
mod diagnose;
mod door;
mod facts;
pub(crate) mod ledger;
mod lists;
mod metadata;
mod named;
pub(crate) mod places;
mod reflection;
mod server;
mod submit;
#[cfg(test)]
mod tests;
pub(crate) mod watch;
mod weigh;
mod whatif;

pub use server::{ServeError, Server, serve};
