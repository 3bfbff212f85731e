//! What Stint's parts say to each other: messages, canonical bytes, digests, limits.
//!
//! Whatever is signed or hashed has one fixed byte layout, drawn here and built in one module
//! each; protobuf only carries the fields. Integers are big endian, `x[n]` is n bytes of x.
//!
//! ```text
//! transaction ([`Transaction`])
//!   version 1 [1] | chain id [32] | key [32] | id [16] | valid until [8] | fuel limit [8]
//!   | c [1] | commons [c] | m [2] | method [m] | r [4] | request [r] | signature [64]
//!
//!   signed:  SHA-256("stint.v1.transaction" 00 | everything before the signature)
//!   hash:    SHA-256("stint.v1.transaction-hash" 00 | all bytes)
//!
//! header ([`Header`]), 281 bytes
//!   version 1 [1] | chain id [32] | epoch [8] | view [8] | parent view [8] | height [8]
//!   | leader [32] | parent [32] | time ms [8] | transactions root [32] | count [4]
//!   | protocol version [4] | executed height [8] | state root [32] | receipts root [32]
//!   | next committee [32]
//!
//!   hash:    SHA-256("stint.v1.header" 00 | header)       what validators sign
//!
//! block ([`Block`])
//!   header [281] | n times: t [4] | transaction [t]       n = count in the header
//!
//! list root ([`merkle`])
//!   leaf:    SHA-256(00 | item)      node: SHA-256(01 | left | right)
//!   the left subtree holds the largest power of two below the count (RFC 6962)
//!
//! chain id ([`Genesis`])
//!   SHA-256("stint.v1.genesis" 00 | the genesis file as written)
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod block;
mod genesis;
mod hash;
pub mod limits;
pub mod merkle;
mod names;
mod reader;
mod refusal;
pub mod signature;
mod transaction;

pub use block::{Block, BlockError, Header};
pub use genesis::{Genesis, GenesisAgent, GenesisError, GenesisValidator};
pub use hash::{Hash, HashError, hash, hash_parts};
pub use names::{agent_name, commons_name, role_name};
pub use refusal::{Code, Refusal};
pub use transaction::{Call, CallId, Transaction, TransactionError};

/// Generated from `stint/v1/*.proto`.
#[allow(missing_docs, clippy::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/stint.v1.rs"));
}

/// The compiled `stint.v1` files and what they import, for reflection and dynamic clients.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stint.v1.descriptor"));
