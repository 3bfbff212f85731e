//! Stint from Rust: commons as gRPC channels that sign, wait and resend; facts with their proofs.
//!
//! ```no_run
//! # use stint_client::{Client, Key, contracts::contribute::{RecordRequest, contribute_client::ContributeClient}};
//! # async fn run(request: RecordRequest) -> Result<(), Box<dyn std::error::Error>> {
//! let ledger = Client::over(["127.0.0.1:36981", "127.0.0.1:36982"]).await?;
//! let forge = ledger.commons("forge").signed_by(Key::named("ana")?);
//! ContributeClient::new(forge.clone()).record(request).await?; // a generated stub
//! let shares = forge.json("contribute.get-shares", "{}").await?; // by reflection, nothing generated
//! # Ok(()) }
//! ```
//!
//! 1. **An answer, never "unknown"**: a command ends with the contract's response, with [`Refused`] by name of the rule, or
//!    with [`ClientError::Unanswered`], which holds the signed call. Handed in again it is the same call: what was executed
//!    is told, not executed twice.
//! 2. **Any node will do**: one that does not answer is left for the next one, a silent one after [`ATTEMPT`].
//! 3. **Never back in time**: a query is not answered from an older state than one that was seen, unless a height is asked.
//!
//! | file | idea |
//! |---|---|
//! | `client.rs` | a ledger behind its nodes: status, calls, receipts |
//! | `nodes.rs` | which node is asked, and when the next one is |
//! | `commons.rs`, `channel.rs` | a commons: its methods, and a channel for generated stubs |
//! | `descriptors.rs`, `json.rs` | methods by their names, messages as JSON, as contracts describe them |
//! | `resume.rs` | streams of events, receipts and blocks that go on |
//! | `proofs.rs` | facts under the validators' signatures |
//! | `keys.rs`, `store.rs` | keys on disk; keys by name |
//! | `error.rs` | why there is no answer |
//! | `wire/` | how calls and refusals travel; nodes use it as well |
//! | `contracts.rs` | messages and stubs of the contracts that come with Stint |
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod channel;
mod client;
mod commons;
pub mod contracts;
pub mod descriptors;
mod error;
pub mod json;
pub mod keys;
mod nodes;
pub mod proofs;
mod resume;
mod store;
pub mod wire;

pub use client::{Answer, Client, VALID_FOR, random_id, sign};
pub use commons::Commons;
pub use error::{ClientError, Refused};
pub use keys::{Key, KeyError};
pub use nodes::{ATTEMPT, PATIENCE};
pub use resume::{Resumable, resume};
pub use store::KeyStore;

/// Messages and stubs of the ledger itself.
pub use stint_proto::v1;
