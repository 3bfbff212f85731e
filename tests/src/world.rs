use crate::{
    ailing::{Ailing, Clock, Ills},
    bent::Bent,
    lies::{DraftLie, LyingLeader},
    mortal::{Death, Mortal},
};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures::future::FutureExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use stint_consensus::{Env, Floor, Ledger, Left};
use stint_node::{
    core::{End, Node, NodeLedger, Outcome, Submitted},
    identity::acting,
};
use stint_proto::{Block, Call, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Refusal, Transaction};
use stint_runtime::Contracts;
use stint_simulation::{Boot, Engines, Lie, Seat, Signed};
use stint_store::{Keep, Medium, StoreError, Tip};
use stint_verifier::Trust;

/// Looks whether the store of a node that ended is free, every ten milliseconds.
const LETS_GO: u32 = 3_000;

/// Real nodes on simulated time, network and storage. At a crash the engine loses what it did not sync; RocksDB stands on
/// memory that stays, and a block is one batch of it that is synced before anything else happens, so there it loses
/// nothing (`node/store/tests/crash.rs` shows what it keeps of a batch that is not).
pub struct World {
    engines: Engines,
    plan: Plan,
    nodes: BTreeMap<Seat, Arc<Node>>,
    media: BTreeMap<Seat, Medium>,
    ills: Vec<Arc<Ills>>,
    lies: BTreeMap<usize, Untruth>,
    genesis: Genesis,
    chain_id: Hash,
    contracts: Contracts,
    steward: SigningKey,
    calls: u64,
}

/// What a world begins with.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Validators for which there is a place in the network.
    pub places: usize,
    /// How many of them the genesis file names; they run from the start.
    pub founders: usize,
    /// Blocks of an epoch.
    pub epoch_blocks: u64,
    /// Whether validators tell the consortium by themselves what is to be told.
    pub announce: bool,
}

/// What a validator lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untruth {
    /// On the network.
    Network(Lie),
    /// As a leader.
    Leader(DraftLie),
}

/// Runs a script on a world of `count` validators. Answers with what the script gives and a hash
/// over every event of the run.
pub fn simulate<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    seed: u64,
    count: usize,
    script: impl FnOnce(World) -> F + Send + 'static,
) -> (T, String) {
    let plan = Plan { places: count, founders: count, epoch_blocks: Genesis::EPOCH_BLOCKS, announce: false };
    simulate_plan(seed, plan, script)
}

/// The same on a world that begins as planned.
pub fn simulate_plan<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    seed: u64,
    plan: Plan,
    script: impl FnOnce(World) -> F + Send + 'static,
) -> (T, String) {
    simulate_unbegun(seed, plan, move |mut world| async move {
        world.begin().await;
        script(world).await
    })
}

/// The same before anybody runs.
pub fn simulate_unbegun<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    seed: u64,
    plan: Plan,
    script: impl FnOnce(World) -> F + Send + 'static,
) -> (T, String) {
    let result = Arc::new(Mutex::new(None));
    let slot = result.clone();
    let whole = move |engines| {
        async move {
            let given = script(World::new(engines, plan)).await;
            *slot.lock().expect("one thread") = Some(given);
        }
        .boxed()
    };
    let trace = stint_simulation::run(seed, plan.places, Box::new(whole));
    let given = result.lock().expect("one thread").take();
    (given.expect("the script ended"), trace)
}

/// Compiled code is the same in every world, and takes long to make.
fn contracts() -> Contracts {
    static CONTRACTS: OnceLock<Contracts> = OnceLock::new();
    CONTRACTS.get_or_init(|| Contracts::new().expect("a Wasm engine")).clone()
}

impl World {
    fn new(engines: Engines, plan: Plan) -> World {
        let steward = SigningKey::from_bytes(&[200; 32]);
        let validator = |(i, key)| GenesisValidator { name: format!("v{i}"), key };
        let genesis = Genesis {
            name: "simulation".into(),
            time_ms: 0,
            protocol_version: Genesis::PROTOCOL_VERSION,
            epoch_blocks: plan.epoch_blocks,
            validators: engines.public_keys().into_iter().take(plan.founders).enumerate().map(validator).collect(),
            consortium: "consortium".into(),
            stewards: vec![GenesisAgent { agent: "steward".into(), key: steward.verifying_key().to_bytes() }],
        };
        let (genesis, chain_id) = Genesis::parse(&genesis.to_file().expect("a genesis")).expect("a genesis");
        let mut world = World {
            engines,
            plan,
            nodes: BTreeMap::new(),
            media: BTreeMap::new(),
            ills: (0..plan.places).map(|_| Arc::default()).collect(),
            lies: BTreeMap::new(),
            genesis,
            chain_id,
            contracts: contracts(),
            steward,
            calls: 0,
        };
        (0..plan.places).for_each(|i| world.furnish(i.into()));
        world
    }

    /// Starts all founders.
    pub async fn begin(&mut self) {
        for i in 0..self.plan.founders {
            self.boot(i.into(), None).await;
        }
    }

    /// Gives a seat a node with an empty store.
    fn furnish(&mut self, seat: Seat) {
        let medium = Medium::memory().expect("memory");
        self.nodes.insert(seat, self.open(&medium));
        self.media.insert(seat, medium);
    }

    /// Places for validators.
    pub fn places(&self) -> usize {
        self.plan.places
    }

    /// The name of a validator in the genesis file, or by which it is added.
    pub fn name(&self, i: usize) -> String {
        format!("v{i}")
    }

    /// A validator's public key.
    pub fn key(&self, i: usize) -> [u8; 32] {
        self.engines.public_key(i, 0)
    }

    /// The public key that is to follow.
    pub fn next_key(&self, i: usize) -> [u8; 32] {
        self.engines.public_key(i, 1)
    }

    /// Whether a validator runs, and why it left if it left by itself.
    pub fn runs(&self, i: usize) -> (bool, Option<Left>) {
        (self.engines.runs(i), self.engines.left(i))
    }

    /// Signs a call of a validator on the consortium's commons.
    pub fn sign_as(&mut self, i: usize, method: &str, request: impl Into<Bytes>) -> Transaction {
        let key = SigningKey::from_bytes(&self.engines.secret(i, 0));
        self.sign_with(&key, "consortium", method, request)
    }

    /// What a reader of proofs believes.
    pub fn trust(&self) -> Trust {
        self.genesis.trust(self.chain_id).expect("validators")
    }

    fn open(&self, medium: &Medium) -> Arc<Node> {
        let mut waits = LETS_GO;
        loop {
            let opened =
                Node::open(medium, self.genesis.clone(), self.chain_id, self.contracts.clone(), Keep::default());
            match opened {
                // A thread that compiles for the node before may hold its store; real time passes, simulated time does not.
                Err(StoreError::Locked) if waits > 0 => {
                    waits -= 1;
                    std::thread::sleep(Duration::from_millis(10));
                }
                opened => return opened.expect("the store opens"),
            }
        }
    }

    /// From its next start on a validator lies.
    pub fn lies(&mut self, i: usize, untruth: Untruth) {
        self.lies.insert(i, untruth);
    }

    async fn boot(&mut self, seat: Seat, floor: Option<Floor>) {
        let ills = self.ills[seat.place].clone();
        ills.full.store(false, Ordering::Relaxed);
        ills.stopped.store(false, Ordering::Relaxed);
        let leader = match self.lies.get(&seat.place) {
            Some(Untruth::Leader(lie)) => Some(LyingLeader {
                lie: *lie,
                chain_id: self.chain_id,
                key: SigningKey::from_bytes(&self.engines.secret(seat.place, 0)),
                censored: self.client(0).verifying_key().to_bytes(),
                seen: Mutex::default(),
            }),
            _ => None,
        };
        self.boot_with(seat, floor, move |env, ledger| match leader {
            Some(between) => Arc::new(Bent { ledger, between }),
            None => Arc::new(Bent { ledger, between: Ailing { env, ills, last_ms: AtomicU64::new(0) } }),
        })
        .await;
    }

    async fn boot_with(
        &mut self,
        seat: Seat,
        floor: Option<Floor>,
        wrap: impl FnOnce(Arc<dyn Env>, Arc<dyn Ledger>) -> Arc<dyn Ledger> + Send + 'static,
    ) {
        let node = self.nodes[&seat].clone();
        let genesis = node.genesis_block();
        // The simulated network knows its own way.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let addresses = (0..self.places()).map(|i| (self.name(i), nowhere)).collect();
        let secrets = [0, 1].map(|which| SigningKey::from_bytes(&self.engines.secret(seat.place, which)));
        let keys: Arc<[SigningKey]> = if self.plan.announce { Arc::new(secrets) } else { Arc::new([]) };
        let ills = self.ills[seat.place].clone();
        let ledger = Box::new(move |env: Arc<dyn Env>| {
            let clock: Arc<dyn Env> = Arc::new(Clock { env: env.clone(), ills });
            wrap(env, NodeLedger::start(node, clock, addresses, keys))
        });
        let lie = match self.lies.get(&seat.place) {
            Some(Untruth::Network(lie)) => Some(*lie),
            _ => None,
        };
        self.engines.boot(seat, Boot { chain_id: self.chain_id, genesis, ledger, lie, floor }).await;
    }

    /// Stops a validator at once. What it synced stays.
    pub async fn crash(&mut self, i: usize) {
        self.engines.crash(i).await;
        // Tasks of tasks end one after the other; as long as one lives its store is open.
        for _ in 0..100 {
            if Arc::strong_count(self.node(i)) == 1 {
                return;
            }
            self.sleep(1).await;
        }
    }

    /// Starts a crashed validator again.
    pub async fn restart(&mut self, i: usize) {
        self.reopen(i.into());
        // One that the consortium does not know yet follows.
        self.take_key(i);
        self.boot(i.into(), None).await;
    }

    /// Lets a validator start with the key that acts by its state, as its process does. False when none of its keys does.
    fn take_key(&mut self, i: usize) -> bool {
        let keys = [self.key(i), self.next_key(i)];
        let acts = acting(self.node(i), &keys).expect("readable");
        if acts == Some(keys[1]) {
            self.engines.change_key(i);
        }
        acts.is_some()
    }

    /// What a validator does that was left behind: it fetches what another one is ahead, and starts its engine behind that
    /// with the key that acts now. False when none of its keys does.
    pub async fn come_back(&mut self, i: usize, from: usize) -> bool {
        self.crash(i).await;
        self.reopen(i.into());
        let (node, other) = (self.node(i).clone(), self.node(from).clone());
        for height in node.tip().height + 1..=other.tip().height {
            let block = other.block(height).expect("readable").expect("kept");
            let votes = other.certificate(height).expect("readable");
            node.follow(&Block::decode(block).expect("a block"), votes.as_ref()).expect("it follows");
        }
        if !self.take_key(i) {
            return false;
        }
        let floor = node.begin_anew().expect("readable");
        self.boot(i.into(), floor).await;
        true
    }

    /// Starts a crashed validator again, to die with a certain block. Answers with what says that it is dead.
    pub async fn restart_until(&mut self, i: usize, death: Death, height: u64) -> Arc<AtomicBool> {
        self.reopen(i.into());
        let dead = Arc::new(AtomicBool::new(false));
        let between = Mortal { death, height, dead: dead.clone() };
        self.boot_with(i.into(), None, move |_, ledger| Arc::new(Bent { ledger, between })).await;
        dead
    }

    /// Starts a second engine with the key of a place, on a store of its own.
    pub async fn twin(&mut self, place: usize) {
        let seat = Seat { place, twin: true };
        self.furnish(seat);
        self.boot(seat, None).await;
    }

    fn reopen(&mut self, seat: Seat) {
        // The old store must be closed before the new one opens: put a stand-in where it was.
        self.nodes.insert(seat, self.open(&Medium::memory().expect("memory")));
        self.nodes.insert(seat, self.open(&self.media[&seat]));
    }

    /// Rounds in which a liar gave one of these validators two votes that no honest one gives together, up to so long ago,
    /// by what the network carried.
    pub fn double_signs(&self, places: &[usize], ago_ms: u64) -> BTreeSet<Signed> {
        self.engines.double_signs(places, ago_ms)
    }

    /// The network and its weather.
    pub fn engines(&mut self) -> &mut Engines {
        &mut self.engines
    }

    /// What is wrong with the machine of a validator.
    pub fn ills(&self, i: usize) -> &Ills {
        &self.ills[i]
    }

    /// For so long the process of a validator does nothing.
    pub fn pause(&self, i: usize, ms: u64) {
        self.ills[i].paused_until_ms.store(self.now_ms() + ms, Ordering::Relaxed);
        self.engines.pause(i, ms);
    }

    /// Cuts all links between the validators of `part` and the others.
    pub fn partition(&self, part: &[usize]) {
        self.engines.partition(part);
    }

    /// Joins what [`World::partition`] cut.
    pub fn heal(&self, part: &[usize]) {
        self.engines.heal(part);
    }

    /// Simulated milliseconds since the start.
    pub fn now_ms(&self) -> u64 {
        self.engines.now_ms()
    }

    /// Lets time pass.
    pub async fn sleep(&self, ms: u64) {
        self.engines.sleep(ms).await;
    }

    /// Where a validator stands.
    pub fn tip(&self, i: usize) -> Tip {
        self.node(i).tip()
    }

    /// A validator's node.
    pub fn node(&self, seat: impl Into<Seat>) -> &Arc<Node> {
        &self.nodes[&seat.into()]
    }

    /// A client's key.
    pub fn client(&self, n: u8) -> SigningKey {
        SigningKey::from_bytes(&[201 + n; 32])
    }

    /// Signs a call of the steward under the next id.
    pub fn sign(&mut self, commons: &str, method: &str, request: impl Into<Bytes>) -> Transaction {
        let key = self.steward.clone();
        self.sign_with(&key, commons, method, request)
    }

    /// Signs a call of any key under the next id.
    pub fn sign_with(
        &mut self,
        key: &SigningKey,
        commons: &str,
        method: &str,
        request: impl Into<Bytes>,
    ) -> Transaction {
        self.calls += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.calls.to_be_bytes());
        let call = Call {
            chain_id: self.chain_id,
            commons: commons.into(),
            method: method.into(),
            request: request.into(),
            call_id: CallId { key: key.verifying_key().to_bytes(), id },
            valid_until: 10_000,
            fuel_limit: 0,
        };
        call.sign(key).expect("a small call")
    }

    /// Hands a call to a validator; the answer waits for its end.
    pub fn submit(
        &self,
        i: usize,
        tx: Transaction,
    ) -> Result<impl Future<Output = Option<Outcome>> + Send + use<>, Refusal> {
        let (id, submitted, node) = (tx.id(), self.node(i).submit(tx)?, Arc::downgrade(self.node(i)));
        Ok(async move {
            let end = match submitted {
                Submitted::Final => End::Final,
                Submitted::Waiting(end) => end.await.ok()?,
            };
            // A node that ended meanwhile tells nothing.
            Some(node.upgrade()?.outcome(id, end))
        })
    }

    /// Waits until a condition holds, looking every 10 ms; `false` after `limit_ms`.
    pub async fn wait(&self, limit_ms: u64, holds: impl Fn(&World) -> bool) -> bool {
        let end = self.now_ms() + limit_ms;
        while !holds(self) {
            if self.now_ms() >= end {
                return false;
            }
            self.sleep(10).await;
        }
        true
    }
}
