use crate::bent::Between;
use bytes::Bytes;
use futures::future::BoxFuture;
use rand_core::CryptoRng;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use stint_consensus::{Ack, Env, Ledger};
use stint_proto::{Block, Certificate};

/// What is wrong with a validator's machine; changed while it runs.
#[derive(Debug, Default)]
pub struct Ills {
    /// The process does nothing until then, milliseconds since the start.
    pub paused_until_ms: AtomicU64,
    /// Its clock runs ahead of the others, milliseconds.
    pub ahead_ms: AtomicI64,
    /// A block takes so much longer to become durable, milliseconds.
    pub slow_ms: AtomicU64,
    /// Nothing more can be written: the next block stops the node.
    pub full: AtomicBool,
    /// It did.
    pub stopped: AtomicBool,
}

/// The clock of a machine that is off.
pub struct Clock {
    pub env: Arc<dyn Env>,
    pub ills: Arc<Ills>,
}

impl Env for Clock {
    fn now_ms(&self) -> u64 {
        self.env.now_ms().saturating_add_signed(self.ills.ahead_ms.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.env.sleep(duration)
    }

    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.env.spawn(name, task);
    }

    fn spawn_dedicated(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.env.spawn_dedicated(name, task);
    }

    fn rng(&self) -> Box<dyn CryptoRng + Send> {
        self.env.rng()
    }

    fn certificate(&self, height: u64) -> BoxFuture<'static, Option<Certificate>> {
        self.env.certificate(height)
    }

    fn fetch_certificate(&self, height: u64) {
        self.env.fetch_certificate(height);
    }

    fn prune(&self, height: u64) {
        self.env.prune(height);
    }

    fn broadcast(&self, message: Bytes) {
        self.env.broadcast(message);
    }
}

/// A machine that pauses, has a slow disk, or a full one.
pub struct Ailing {
    pub env: Arc<dyn Env>,
    pub ills: Arc<Ills>,
    /// When the block before is acknowledged: none overtakes it.
    pub last_ms: AtomicU64,
}

impl Ailing {
    /// Milliseconds that it still does nothing.
    fn pause(&self) -> u64 {
        self.ills.paused_until_ms.load(Ordering::Relaxed).saturating_sub(self.env.now_ms())
    }
}

impl Between for Ailing {
    fn awake(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            while self.pause() > 0 {
                self.env.sleep(Duration::from_millis(self.pause())).await;
            }
        })
    }

    fn deliver(&self, block: Arc<Block>, ack: Ack, ledger: &Arc<dyn Ledger>) {
        if self.ills.full.load(Ordering::Relaxed) {
            self.ills.stopped.store(true, Ordering::Relaxed);
            return std::mem::forget(ack);
        }
        let now = self.env.now_ms();
        let wait = self.pause() + self.ills.slow_ms.load(Ordering::Relaxed);
        let due = (now + wait).max(self.last_ms.load(Ordering::Relaxed) + 1);
        if wait == 0 && due <= now + 1 {
            return ledger.finalized(block, ack);
        }
        self.last_ms.store(due, Ordering::Relaxed);
        // The engine hears of it late, and delivers no more than a few blocks meanwhile.
        let env = self.env.clone();
        let late: Ack = Box::new(move || {
            let slept = env.sleep(Duration::from_millis(due.saturating_sub(env.now_ms())));
            let told = async move {
                slept.await;
                ack();
            };
            env.spawn("slow", Box::pin(told));
        });
        ledger.finalized(block, late);
    }
}
