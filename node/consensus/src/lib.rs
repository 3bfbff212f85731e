//! The only crate that names the consensus engine's types: commonware's `simplex` orders hashes of
//! blocks, `marshal` delivers final blocks in order, `broadcast` spreads them, `p2p` carries them.
//!
//! ```text
//!             ┌──────────────── Ledger (ours, without engine types) ────────────────┐
//!             │ propose ▲        verify ▲         finalized ▼         gossip ▼▲     │
//!   simplex ──┴─ Deferred (adapter) ────┘            marshal           p2p channel  │
//!      ▲                 ▲                              ▲                  ▲        │
//!      └── votes, certificates, backfill, broadcast ────┴──── p2p ─────────┘  Env ◄─┘
//! ```
//!
//! `simplex` is one engine an epoch, over the committee that the ledger names (`rounds.rs`); all else goes on over epochs.
//!
//! What the rest of the node relies on:
//!
//! 1. [`Ledger::finalized`] gets every final block, in the order of heights, at least once, and
//!    the next ones only while few are unacknowledged.
//! 2. Only final blocks are executed; notarised ones may vanish.
//! 3. Time, tasks, randomness and the network reach the node through [`Env`] alone, so the same
//!    node runs on sockets ([`run`]) and in a simulation ([`start`] with a simulated context).
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod application;
mod ballots;
mod block;
mod committees;
mod early;
mod engine;
mod env;
mod finality;
mod heard;
mod ledger;
mod overheard;
mod patience;
mod patient;
mod production;
mod rounds;
mod small;
mod witness;

pub use engine::{CHANNELS, Parts, QUOTAS, Running, StartError, max_message_bytes, start};
pub use env::Env;
pub use finality::Floor;
pub use heard::Heard;
pub use ledger::{Ack, Ancestors, Draft, Ledger, MakeLedger, Peer, Peers};
pub use production::{Config, ConsensusError, VOTES, run};
pub use rounds::{Left, Track};

/// Timing of the engine. A leader that finds nothing to propose waits for the heartbeat, so
/// timeouts are longer. All of them grow while rounds end in vain, and come back.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long to wait for a leader's proposal.
    pub leader: std::time::Duration,
    /// How long to wait for a view to be certified.
    pub certification: std::time::Duration,
    /// How long to wait before a vote to skip is repeated.
    pub retry: std::time::Duration,
    /// After this time without a sign of life a leader is skipped at once.
    pub skip: std::time::Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let ms = std::time::Duration::from_millis;
        Timing { leader: ms(2_000), certification: ms(3_000), retry: ms(3_000), skip: ms(4_000) }
    }
}
