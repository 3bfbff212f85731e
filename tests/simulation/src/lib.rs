//! A network of consensus engines in one process, on simulated time, network and storage, driven by
//! one seed: the same seed gives the same trace.
//!
//! What the engines order is for whoever brings a [`stint_consensus::Ledger`]; the crate knows no node, so that an
//! edit of the node does not compile the engine again.
//!
//! Storage is the simulated runtime's: what an engine wrote and did not sync is gone when it starts again.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod dice;
mod engines;
mod lies;
mod port;
mod sky;
mod told;
mod weather;

pub use dice::Dice;
pub use engines::{Boot, Engines, Seat};
pub use lies::Lie;
pub use told::Signed;
pub use weather::Weather;

use commonware_codec::{Copying, DecodeExt};
use commonware_cryptography::{
    Verifier as _,
    ed25519::{PublicKey, Signature},
};
use commonware_runtime::{Runner, Supervisor, deterministic};
use futures::future::BoxFuture;
use std::time::Duration;

/// How long a script may take, simulated.
const LIMIT: Duration = Duration::from_secs(6_000);

/// Runs a script on the places of `count` validators, none of them started. Answers with a hash over every event of the
/// run.
pub fn run(seed: u64, count: usize, script: Box<dyn FnOnce(Engines) -> BoxFuture<'static, ()> + Send>) -> String {
    let config = deterministic::Config::new().with_seed(seed).with_timeout(Some(LIMIT));
    deterministic::Runner::new(config).start(|context| async move {
        let auditor = context.child("auditor");
        let engines = Engines::new(context, seed, count);
        let sky = engines.sky.clone();
        script(engines).await;
        let (sent, messages) = sky.trace();
        format!("{} {sent} {messages:016x}", auditor.auditor().state())
    })
}

/// Whether the engine takes a signature under a namespace for that of a key.
pub fn accepts(key: &[u8; 32], namespace: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    match (PublicKey::decode(Copying(key)), Signature::decode(Copying(signature))) {
        (Ok(key), Ok(signature)) => key.verify(namespace, message, &signature),
        _ => false,
    }
}
