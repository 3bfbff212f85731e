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
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod abi;
mod block;
mod call;
mod check;
mod contract;
mod descriptor;
mod error;
mod host;
mod kernel;
mod keys;
mod meter;
mod overlay;
mod state;

pub use block::{BlockContext, BlockResult, execute_block};
pub use call::{Query, QueryAnswer, query};
pub use check::{Checked, check};
pub use contract::{Contract, Contracts};
pub use descriptor::{Descriptor, Method};
pub use error::RuntimeError;
pub use kernel::{Directory, InstanceRef, agent_behind, genesis_writes};
pub use meter::instrument;
pub use overlay::{Overlay, Writes};
pub use state::{Entry, MemoryState, State, StateError};
