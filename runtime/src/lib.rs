//! Runs contracts: pure from state and blocks to receipts and writes.
//!
//! ```text
//!  block ──► execute_block ──► for each call: who is the caller? which contract? ──► Wasm instance
//!                 │                                   │                               │   ▲
//!                 │                                kernel (native)               stint_v1 host functions
//!                 ▼                                   ▼                               ▼   │
//!            BlockResult ◄── receipts, writes ◄── Overlay (a failed call's writes vanish) ◄─ State
//! ```
//!
//! Invariants, each asserted or tested under its number:
//!
//! 1. The same state and block give the same receipts and writes: nothing here reads a clock, a
//!    random number, the order of a hash map, or the number of threads.
//! 2. A refused call changes nothing and announces nothing.
//! 3. Fuel is counted in the bytecode, so no engine setting or engine version changes it.
//! 4. Every call ends: by its answer, its refusal, or its fuel.
//! 5. A query writes nothing.
//!
//! What an error of a contract means is written in its receipt; [`RuntimeError`] is only for what
//! is nobody's call: state that cannot be read, an engine that cannot start.
//!
//! | file | idea |
//! |---|---|
//! | `block.rs`, `command.rs`, `query.rs` | a block's calls, one call, questions and what-ifs |
//! | `abi.rs`, `host/` | the border to contracts: its list, and its functions |
//! | `check.rs`, `meter.rs` | what may be uploaded; fuel and stack counted in its bytecode |
//! | `contracts.rs`, `contract.rs`, `engine.rs`, `cache.rs` | compiled code, in memory and on disk |
//! | `invoke.rs`, `session.rs` | one instance; what a call and the calls under it share |
//! | `overlay.rs`, `state.rs`, `keys.rs` | state, writes over it, and where things lie |
//! | `kernel/` | the native services |
//! | `lines.rs`, `reference.rs` | for authors: from a trap back to their lines; the interface as a page |
#![deny(unsafe_code, missing_docs)]

pub mod abi;
mod block;
mod cache;
mod check;
mod command;
mod contract;
mod contracts;
mod descriptor;
mod engine;
mod error;
mod host;
mod invoke;
mod kernel;
mod keys;
mod lines;
mod meter;
mod overlay;
mod proven;
mod query;
mod reference;
mod session;
mod state;

pub use block::{BlockContext, BlockResult, execute_block, is_repetition};
pub use check::{Checked, check};
pub use contract::Contract;
pub use contracts::{Author, Contracts, ContractsOptions};
pub use descriptor::{Descriptor, Method};
pub use engine::Compiler;
pub use error::RuntimeError;
pub use kernel::lists::{Listed, agents as list_agents, code as list_code};
pub use kernel::{
    Directory, InstanceRef, Peer, Serving, agent_behind, block_fuel, changes_validators, committee_of_epoch,
    double_signs, evidence_settled, genesis_writes, peers, prepare_published, publish_for_author,
};
pub use keys::{commons as key_of_commons, end_of};
pub use meter::instrument;
pub use overlay::{Bounds, Overlay, Page, Writes};
pub use proven::ProvenState;
pub use query::{Query, QueryAnswer, query, query_with_reads, simulate};
pub use reference::host_reference;
pub use state::{Entry, MemoryState, State, StateError};
