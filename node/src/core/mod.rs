//! A node below its gRPC edge: pool, drafts and verdicts, execution. It uses no clock, task or
//! socket but those of [`stint_consensus::Env`], so it also runs in a simulation.

mod announce;
mod draft;
mod ear;
mod epochs;
mod execute;
mod floor;
mod health;
mod ledger;
mod node;
mod pin;
mod pool;
mod prove;
mod prune;
mod replay;
mod signal;
mod spread;
mod standing;
mod standstill;
mod turns;
mod verify;
mod waiters;
mod whatif;

#[cfg(test)]
mod tests;

pub use epochs::Addresses;
pub use health::{Health, Round, Seen};
pub use ledger::NodeLedger;
pub(crate) use node::internal;
pub use node::{Node, Submitted};
pub use prove::Unproved;
pub(crate) use prove::missing_receipt;
pub(crate) use replay::{ReplayError, heights as replayed, replay};
pub use standing::{Standing, Waits};
pub use standstill::Standstill;
pub(crate) use verify::check_block;
pub use waiters::{End, Outcome};
pub use whatif::WhatIf;
