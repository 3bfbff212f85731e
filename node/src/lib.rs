//! A Stint node and its command line.
//!
//! Data goes one way: `api` takes a call, `core` pools it, has it ordered by `stint-consensus`,
//! executes it by `stint-runtime`, keeps it in `stint-store`; `api` answers with the receipt.
#![forbid(unsafe_code)]

pub mod api;
pub mod cli;
pub mod config;
pub mod core;
pub mod identity;
mod join;
pub mod validator;

pub use stint_client as client;
pub use stint_client::keys;

#[cfg(test)]
mod tests;

/// The state tree makes and drops millions of small nodes; this allocator is made for them, and needs
/// half of the time that the C library's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
