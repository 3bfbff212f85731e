//! What rules of a commons share: their interface, and the sums and splits made from their answers.
//!
//! A rule only maps: a contribution to weights, an income to pools. Everything between is here, once, and the
//! contract `value`, a what-if, an explanation and an audit all use it:
//!
//! ```text
//! contributions ── Weigh, page by page ──> weights ── Totals ──> sums per stream, agent and claim
//!                                                                  │ less what is settled (Open)
//! income ── Pools ──> pools in order ──────────────── distribute ──┴──> shares, undistributed, settled
//!                                                                  │
//!                                        Settle (some rules) ──────┴──> adjustments, payouts
//! ```
//!
//! What holds, and is tested in `tests/properties.rs`:
//!
//! 1. The payouts and what is undistributed sum to the amount less the purchases (V2).
//! 2. A debt is never paid beyond what is open (V4).
//! 3. Nothing is rounded but a pool, down to a minor unit, and its split, by largest remainder (V6).
//! 4. Nobody without an open weight gets anything from a shared pool.
//! 5. The same contributions in pages of another size give the same distribution.
//!
//! | file | idea |
//! |---|---|
//! | `totals.rs` | weights summed by stream, agent and claim |
//! | `open.rs` | what of a sum is still open |
//! | `distribute.rs` | pools filled in their order |
//! | `share.rs` | one pool shared by weights |
//! | `settle.rs` | what agents give one another afterwards |
//! | `run.rs` | asking a rule, natively or by the hash of its module, from contributions to payouts |
//! | `read.rs` | parameters and contributions, read with refusals that name them |
//! | `words.rs` | numbers and bases in words, for formulas |
//! | `rollup.rs` | what one unit of a resource cost to make |
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod distribute;
mod open;
mod read;
pub mod rollup;
mod run;
mod settle;
mod share;
mod totals;
mod words;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.rule.v1");
}

pub use distribute::{ALL, REMAINING, distributable, distribute};
pub use open::Open;
pub use read::{Facts, Schema, params, parse, schema, table};
pub use run::{Machine, Native, Published, Weighing, finish, whole};
pub use settle::settle;
pub use totals::{Key, Totals};
pub use words::{part_of, percent, short};

/// The rule of the guide for authors is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/author/rules.md")]
pub struct Guide;
