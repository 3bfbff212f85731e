//! What Stint's parts say to each other: messages, canonical bytes, digests, limits.
//!
//! Whatever is signed or hashed has one fixed byte layout, drawn here and built in one module
//! each; protobuf only carries the fields. What a reader of proofs needs too (header, list roots,
//! results, certificates) is drawn and built in `stint-verifier`. Integers are big endian, `x[n]` is
//! n bytes of x.
//!
//! ```text
//! transaction ([`Transaction`])
//!   version 1 [1] | chain id [32] | key [32] | id [16] | valid until [8] | fuel limit [8]
//!   | c [1] | commons [c] | m [2] | method [m] | r [4] | request [r] | signature [64]
//!
//!   signed:  SHA-256("stint.v1.transaction" 00 | everything before the signature)
//!   hash:    SHA-256("stint.v1.transaction-hash" 00 | all bytes)
//!
//! block ([`Block`])
//!   header ([`Header`]) [281] | n times: t [4] | transaction [t]       n = count in the header
//!
//! chain id ([`Genesis`])
//!   SHA-256("stint.v1.genesis" 00 | the genesis file as written)
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod block;
mod epochs;
mod genesis;
pub mod limits;
mod names;
pub mod receipt;
mod refusal;
pub mod signature;
mod transaction;

pub use block::{Block, BlockError};
pub use epochs::Epochs;
pub use genesis::{Genesis, GenesisAgent, GenesisError, GenesisValidator};
pub use names::{agent_name, commons_name, quoted, role_name};
pub use refusal::{Code, Refusal};
pub use stint_verifier::{Certificate, Committee, Hash, HashError, Header, Outcome, hash, hash_parts, merkle};
pub use transaction::{Call, CallId, Transaction, TransactionError};

/// Generated from `stint/v1/*.proto`.
#[allow(missing_docs, clippy::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/stint.v1.rs"));
}

/// The compiled `stint.v1` files and what they import, for reflection and dynamic clients.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stint.v1.descriptor"));
