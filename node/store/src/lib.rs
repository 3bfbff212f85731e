//! What a node keeps: the state under a root, blocks, receipts; one durable batch a block.
//!
//! # Layout, format 2
//!
//! One RocksDB. Integers in keys are big endian; in timestamps, which only the comparator reads,
//! little endian. x[n] is n bytes of x.
//!
//! ```text
//!  column     key                           value
//!  state      state key, at height [8]      state value, or deleted         (history by timestamp)
//!  blocks     height [8]                    block, canonical bytes
//!  results    height [8]                    outcome [76] | results root [32]
//!  receipts   height [8] | index [4]        stint.v1.Receipt
//!  calls      key [32] | id [16]            height [8] | index [4]
//!  certificates  height [8]                 votes over the block's header, as in a proof
//!  meta       "format"                      2 [4]
//!             "chain"                       chain id [32]
//!             "tip"                         height [8] | transactions so far [8] | hash of the header [32]
//! ```
//!
//! Blocks are drawn in `stint-proto`; outcome, results root and votes in `stint-verifier`. The tree
//! over the state ([`Tree`]) lives in memory and is rebuilt from the state at start; its root must
//! equal the stored one.
//!
//! # Invariants
//!
//! 1. A block's writes, results, receipts, indexes and the tip are one batch, synced before
//!    [`Store::commit`] returns: after any crash all of it is there or none.
//! 2. The root depends on the keys and values alone, not on the order in which they came.
//! 3. Heights follow one another without a gap.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod columns;
mod error;
mod prove;
mod read;
mod store;
mod tree;
mod versions;
mod view;

pub use error::StoreError;
pub use prove::{END, ProvableState, ProveError};
pub use read::{Location, Results};
pub use store::{Medium, Store, Tip};
pub use tree::Tree;
pub use view::StateView;
