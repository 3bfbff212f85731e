use crate::{block::Ordered, committees::Committees, finality::certificate};
use bytes::Bytes;
use commonware_consensus::{
    marshal::{core::Mailbox, standard::Standard},
    simplex::scheme::ed25519::Scheme,
    types::Height,
};
use commonware_runtime::{Clock, Spawner, Supervisor};
use commonware_utils::vec::NonEmptyVec;
use futures::future::BoxFuture;
use rand_core::CryptoRng;
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, UNIX_EPOCH},
};
use stint_proto::Certificate;
use tokio::sync::mpsc;

/// Time, tasks, randomness and the network, as the node below the gRPC edge may use them. Real
/// ones in production, simulated ones in a simulation.
pub trait Env: Send + Sync {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> u64;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Runs a task until it ends or the node stops.
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>);

    /// Runs a task that computes for long, on a thread of its own where there are threads.
    fn spawn_dedicated(&self, name: &'static str, task: BoxFuture<'static, ()>);

    /// A source of randomness that decides nothing in the state.
    fn rng(&self) -> Box<dyn CryptoRng + Send>;

    /// The votes that made the block at a height final, when they are known here: a block may be final
    /// by those over a descendant alone.
    fn certificate(&self, height: u64) -> BoxFuture<'static, Option<Certificate>>;

    /// Asks the other validators for them, in the background.
    fn fetch_certificate(&self, height: u64);

    /// Lets go of what the engine keeps of blocks below a height; peers that lag further behind fetch them elsewhere.
    fn prune(&self, height: u64);

    /// Sends a message to all other validators, if there is room; nothing is promised.
    fn broadcast(&self, message: Bytes);
}

/// Messages that wait to be broadcast.
pub(crate) const OUTBOX: usize = 64;

/// An engine's context as an [`Env`].
pub(crate) struct EngineEnv<E> {
    pub context: E,
    pub outbox: mpsc::Sender<Bytes>,
    /// There once the engine is put together, and so before it delivers any block.
    pub marshal: Arc<OnceLock<Mailbox<Scheme, Standard<Ordered>>>>,
    /// As the mailbox.
    pub committees: Arc<OnceLock<Committees>>,
}

impl<E: Spawner + Clock + CryptoRng + Supervisor + Send + Sync + 'static> Env for EngineEnv<E> {
    fn now_ms(&self) -> u64 {
        self.context.current().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let context = self.context.child("sleep");
        Box::pin(async move { context.sleep(duration).await })
    }

    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.context.child(name).spawn(move |_| task);
    }

    fn spawn_dedicated(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.context.child(name).dedicated().spawn(move |_| task);
    }

    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        Box::new(self.context.child("rng"))
    }

    fn certificate(&self, height: u64) -> BoxFuture<'static, Option<Certificate>> {
        let marshal = self.marshal.get().cloned();
        Box::pin(async move {
            let finalization = marshal?.get_finalization(Height::new(height)).await?;
            Some(certificate(&finalization))
        })
    }

    fn fetch_certificate(&self, height: u64) {
        let others: Vec<_> = self.committees.get().map(|c| c.others(height)).unwrap_or_default();
        if let (Some(marshal), Ok(others)) = (self.marshal.get(), NonEmptyVec::try_from(others)) {
            marshal.hint_finalized(Height::new(height), others);
        }
    }

    fn prune(&self, height: u64) {
        if let Some(marshal) = self.marshal.get() {
            marshal.prune(Height::new(height));
        }
    }

    fn broadcast(&self, message: Bytes) {
        if self.outbox.try_send(message).is_err() {
            tracing::debug!("a broadcast was dropped: the network is busy");
        }
    }
}
