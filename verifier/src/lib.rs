//! Checks what a ledger says, without believing whoever says it and without asking anyone.
//!
//! A [`Proof`] leads from a fact to a header that enough validators signed, and from the validators
//! whom its reader [trusts](Trust) to those who signed. [`verify`] follows that way and answers with
//! the fact, or with the step that is [wrong](Invalid). Facts are a block, a receipt, an event, and
//! any part of the state: keys that are there, keys that are not, and ranges with nothing left out.
//!
//! No I/O, no clock, no randomness, no standard library; two dependencies, SHA-256 and Ed25519. It
//! also compiles to Wasm (`verifier/wasm`).
//!
//! # Layouts
//!
//! Integers are big endian, `x[n]` is n bytes of x. Those of proofs and of the tree are drawn in
//! their modules.
//!
//! ```text
//! header ([`Header`]), 281 bytes
//!   version 1 [1] | chain id [32] | epoch [8] | view [8] | parent view [8] | height [8]
//!   | leader [32] | parent [32] | time ms [8] | transactions root [32] | count [4]
//!   | protocol version [4] | executed height [8] | state root [32] | results root [32]
//!   | next committee [32]
//!
//!   hash     SHA-256("stint.v1.header" 00 | header)
//!   signed   n | "stint-" chain id in hexadecimal "_FINALIZE" | epoch | view | parent view | hash [32]
//!            n = bytes of the text, and the three numbers, seven bits a byte, lowest first
//!            (votes that do not make final end in _NOTARIZE or _NULLIFY, see [`DoubleSign`])
//!
//! results ([`Outcome`])
//!   outcome  state root [32] | receipts root [32] | receipts [4] | time ms [8]
//!   chain    SHA-256("stint.v1.results" 00 | chain of the block before [32] | height [8] | outcome)
//!            genesis hangs on 32 zero bytes
//!
//! list root ([`merkle`])
//!   leaf     SHA-256(00 | item)      node  SHA-256(01 | left | right)
//!   the left subtree holds the largest power of two below the count (RFC 6962)
//!
//! committee ([`Committee`])
//!   hash     SHA-256("stint.v1.committee" 00 | keys, ascending)
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod certificate;
mod double_sign;
mod hash;
mod header;
pub mod key;
pub mod merkle;
mod proof;
mod reader;
mod text;
pub mod tree;

pub use certificate::{Certificate, Committee, signed};
pub use double_sign::{DoubleSign, Kind, Vote};
pub use hash::{Hash, HashError, hash, hash_parts};
pub use header::{Header, Outcome, receipt_item};
pub use proof::{
    Body, Event, Fact, Handover, Invalid, Led, PROOF_BYTES, Proof, Proven, Receipt, SignedChain, Trust, Whole, verify,
};
pub use reader::Reader;
pub use text::json;
