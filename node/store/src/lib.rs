//! What a node keeps: the state under a root, blocks, receipts; one durable batch a block.
//!
//! # Layout, format 5
//!
//! One RocksDB. Integers in keys are big endian; in timestamps, which only the comparator reads,
//! little endian. x[n] is n bytes of x.
//!
//! ```text
//!  column        key                        value
//!  state         state key, at height [8]   state value, or deleted         (history by timestamp)
//!  blocks        height [8]                 block, canonical bytes
//!  certificates  height [8]                 votes over the block's header, as in a proof
//!  handovers     epoch [8]                  who followed after that epoch, as in a proof; kept for good
//!  results       height [8]                 outcome [76] | results root [32] | transactions so far [8], absent
//!                                           of blocks before the state that was fetched from peers
//!  receipts      height [8] | index [4]     stint.v1.Receipt
//!  calls         key [32] | id [16]         height [8] | index [4]
//!  meta          "format"                   5 [4]
//!                "chain"                    chain id [32]
//!                "tip"                      height [8] | transactions so far [8] | hash of the header [32]
//!                "oldest"                   of blocks [8] | of receipts [8] | of states [8]; absent: 1, 1, 0
//!                "compacted"                oldest state when all states were last compacted [8]
//!                "floor"                    block behind which the engine was started anew [8]
//!                "counted"                  first block whose calls are counted in "tip" [8]; absent: 1
//!                "pinned"                   pinned block that was found here [8] | hash of its header [32]
//!                "seen" | name              a double sign that was seen here and is to be told
//!    while it is filled from peers:
//!                "joining"                  height [8] | first block [8] | results [108]
//!                "gaps"                     for each range of keys to come: f [2] | from [f] | t [2] | to [t]
//!                "recorded"                 next block [8] | hash of the header before it [32] | calls so far [8]
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
//! 4. What is older than "oldest" is read by nobody, so it may go at any time, in parts.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod check;
mod columns;
mod error;
mod genesis;
mod join;
mod keep;
mod prove;
mod read;
mod seen;
mod store;
mod tree;
mod trusts;
mod versions;
mod view;

pub use check::{Checked, Difference};
pub use error::StoreError;
pub use genesis::genesis_block;
pub use join::{Joining, Past, Standing, Target, standing};
pub use keep::{Keep, Oldest};
pub use prove::{END, ProvableState, ProveError};
pub use read::{Location, Results};
pub use store::{Medium, Moment, Store, Tip, Witness};
pub use tree::{Beside, Tree};
pub use trusts::{Trusts, trusts};
pub use view::StateView;
