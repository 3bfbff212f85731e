//! A Stint node and its command line.
//!
//! Data goes one way: `api` takes a call, `core` pools it, has it ordered by `stint-consensus`,
//! executes it by `stint-runtime`, keeps it in `stint-store`; `api` answers with the receipt.
#![forbid(unsafe_code)]

pub mod api;
pub mod cli;
pub mod client;
pub mod config;
pub mod core;
pub mod join;
pub mod keys;
pub mod validator;
