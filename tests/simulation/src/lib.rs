//! A network of consensus engines in one process, on simulated time, network and storage, driven by
//! one seed: the same seed gives the same trace.
//!
//! What the engines order is for whoever brings a [`stint_consensus::Ledger`]; the crate knows no node, so that an
//! edit of the node does not compile the engine again.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use commonware_codec::{Copying, DecodeExt, Encode};
use commonware_cryptography::{
    Signer as _, Verifier as _,
    ed25519::{PrivateKey, PublicKey, Signature},
};
use commonware_p2p::{
    Manager as _,
    simulated::{Config, Link, Network, Oracle, Receiver, Sender},
};
use commonware_runtime::{Clock, Handle, Runner, Spawner, Supervisor, deterministic};
use commonware_utils::{NZUsize, TryCollect as _, ordered::Set, probability};
use futures::future::BoxFuture;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};
use stint_consensus::{CHANNELS, Left, MakeLedger, Parts, QUOTAS, Timing, Track, max_message_bytes, start};
use stint_proto::{Block, Hash};

type Context = deterministic::Context;
type Channel = (Sender<PublicKey, Context>, Receiver<PublicKey>);

/// One-way delay between validators.
const LATENCY: Duration = Duration::from_millis(20);
const JITTER: Duration = Duration::from_millis(5);
/// How long a script may take, simulated.
const LIMIT: Duration = Duration::from_secs(6_000);

/// Engines and the links between them.
pub struct Engines {
    context: Context,
    oracle: Oracle<PublicKey, Context>,
    keys: Vec<PrivateKey>,
    running: Vec<Option<Handle<()>>>,
    lives: u64,
    /// The newest set of peers that the network was told of.
    tracked: Arc<AtomicU64>,
    left: Vec<Arc<Mutex<Option<Left>>>>,
}

/// Runs a script on `count` validators, none of them started. Answers with a hash over every event
/// of the run.
pub fn run(seed: u64, count: usize, script: Box<dyn FnOnce(Engines) -> BoxFuture<'static, ()> + Send>) -> String {
    let config = deterministic::Config::new().with_seed(seed).with_timeout(Some(LIMIT));
    deterministic::Runner::new(config).start(|context| async move {
        let auditor = context.child("auditor");
        script(Engines::new(context, count).await).await;
        auditor.auditor().state()
    })
}

/// Whether the engine takes a signature under a namespace for that of a key.
pub fn accepts(key: &[u8; 32], namespace: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    match (PublicKey::decode(Copying(key)), Signature::decode(Copying(signature))) {
        (Ok(key), Ok(signature)) => key.verify(namespace, message, &signature),
        _ => false,
    }
}

impl Engines {
    async fn new(context: Context, count: usize) -> Engines {
        let config = Config {
            max_size: max_message_bytes(count as u32) + 1024,
            max_peers_per_set: NZUsize!(100),
            disconnect_on_block: true,
            tracked_peer_sets: NZUsize!(1),
        };
        let (network, oracle) = Network::new(context.child("network"), config);
        network.start();
        let keys: Vec<PrivateKey> = (0..count as u64).map(PrivateKey::from_seed).collect();
        let running = keys.iter().map(|_| None).collect();
        let left = keys.iter().map(|_| Arc::default()).collect();
        let engines = Engines { context, oracle, keys, running, lives: 0, tracked: Arc::default(), left };
        engines.oracle.manager().track(0, engines.set());
        // A link needs both ends registered.
        for i in 0..count {
            engines.channels(i).await;
        }
        for (i, j) in (0..count).flat_map(|i| (0..count).map(move |j| (i, j))) {
            engines.connect(i, j).await;
        }
        engines
    }

    fn set(&self) -> Set<PublicKey> {
        self.keys.iter().map(|k| k.public_key()).try_collect().expect("different keys")
    }

    async fn channels(&self, i: usize) -> [Channel; CHANNELS] {
        let control = self.oracle.control(self.key(i));
        let mut channels = Vec::new();
        for (channel, quota) in QUOTAS.into_iter().enumerate() {
            channels.push(control.register(channel as u64, quota).await.expect("a channel"));
        }
        channels.try_into().map_err(|_| ()).expect("all channels")
    }

    /// Keys of the validators.
    pub fn public_keys(&self) -> Vec<[u8; 32]> {
        self.keys.iter().map(|k| k.public_key().as_ref().try_into().expect("32 bytes")).collect()
    }

    /// The seed of a validator's key.
    pub fn secret(&self, i: usize) -> [u8; 32] {
        self.keys[i].encode()[..].try_into().expect("32 bytes")
    }

    /// Whether a validator's engine runs. One that left by itself does not.
    pub fn runs(&self, i: usize) -> bool {
        self.left[i].lock().expect("one thread").is_none() && self.running[i].is_some()
    }

    /// Why a validator left by itself, if it did.
    pub fn left(&self, i: usize) -> Option<Left> {
        *self.left[i].lock().expect("one thread")
    }

    /// Starts a validator from what its engine keeps.
    pub async fn boot(&mut self, i: usize, chain_id: Hash, genesis: Block, ledger: MakeLedger) {
        let parts = Parts {
            key: self.keys[i].clone(),
            other_keys: Vec::new(),
            namespace: format!("stint-{chain_id}").into_bytes(),
            genesis,
            floor: None,
            partition: format!("v{i}"),
            timing: Timing::default(),
            peers: self.oracle.manager(),
            track: self.track(),
            blocker: self.oracle.control(self.key(i)),
            channels: self.channels(i).await,
        };
        self.lives += 1;
        let context = self.context.child("validator").with_attribute("index", i).with_attribute("life", self.lives);
        // Everything of the validator is a descendant of this task and ends with it.
        let left = self.left[i].clone();
        *left.lock().expect("one thread") = None;
        let task = context.spawn(move |context| async move {
            let running = start(context.child("node"), parts, ledger).await.expect("an engine");
            for (_, task) in running.tasks {
                let _ = task.await;
                if let Some(why) = running.left.get() {
                    *left.lock().expect("one thread") = Some(*why);
                    return;
                }
            }
        });
        self.running[i] = Some(task);
    }

    /// Of the simulated network the newest word of any validator holds for all: they hear of the same changes.
    fn track(&self) -> Track {
        let (mut manager, newest) = (self.oracle.manager(), self.tracked.clone());
        Box::new(move |peers| {
            let keys = peers.peers.iter().filter_map(|p| PublicKey::decode(Copying(&p.key)).ok());
            if let Ok(set) = keys.try_collect::<Set<_>>()
                && newest.fetch_max(peers.version + 1, Ordering::Relaxed) < peers.version + 1
            {
                manager.track(peers.version + 1, set);
            }
        })
    }

    /// Stops a validator at once. What its engine has stored stays.
    pub async fn crash(&mut self, i: usize) {
        if let Some(task) = self.running[i].take() {
            task.abort();
            let _ = task.await;
        }
        // Let what was aborted be dropped.
        self.sleep(1).await;
    }

    async fn connect(&self, i: usize, j: usize) {
        if i != j {
            let link = Link { latency: LATENCY, jitter: JITTER, success_rate: probability!(1.0) };
            let _ = self.oracle.add_link(self.key(i), self.key(j), link).await;
        }
    }

    /// Cuts all links between the validators of `part` and the others.
    pub async fn partition(&self, part: &[usize]) {
        for (i, j) in self.across(part) {
            let _ = self.oracle.remove_link(self.key(i), self.key(j)).await;
        }
    }

    /// Joins what [`Engines::partition`] cut.
    pub async fn heal(&self, part: &[usize]) {
        for (i, j) in self.across(part) {
            self.connect(i, j).await;
        }
    }

    fn across(&self, part: &[usize]) -> Vec<(usize, usize)> {
        let all = 0..self.keys.len();
        let pairs = all.clone().flat_map(|i| all.clone().map(move |j| (i, j)));
        pairs.filter(|(i, j)| part.contains(i) != part.contains(j)).collect()
    }

    fn key(&self, i: usize) -> PublicKey {
        self.keys[i].public_key()
    }

    /// Simulated milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        self.context.current().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
    }

    /// Lets time pass.
    pub async fn sleep(&self, ms: u64) {
        self.context.sleep(Duration::from_millis(ms)).await;
    }
}
