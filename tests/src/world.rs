use crate::mortal::{Death, Mortal};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures::future::FutureExt;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, atomic::AtomicBool},
};
use stint_consensus::{Ledger, Left};
use stint_node::core::{Node, NodeLedger, Outcome, Submitted};
use stint_proto::{Call, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Refusal, Transaction};
use stint_runtime::Contracts;
use stint_simulation::Engines;
use stint_store::{Keep, Medium, Tip};
use stint_verifier::Trust;

/// Real nodes on simulated time, network and storage.
///
/// What is not simulated yet: the loss of unsynced writes at a crash. RocksDB stands on memory that
/// survives the crash of its validator.
pub struct World {
    engines: Engines,
    nodes: Vec<Arc<Node>>,
    media: Vec<Medium>,
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
}

/// Runs a script on a world of `count` validators. Answers with what the script gives and a hash
/// over every event of the run.
pub fn simulate<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    seed: u64,
    count: usize,
    script: impl FnOnce(World) -> F + Send + 'static,
) -> (T, String) {
    simulate_plan(seed, Plan { places: count, founders: count, epoch_blocks: Genesis::EPOCH_BLOCKS }, script)
}

/// The same on a world that begins as planned.
pub fn simulate_plan<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    seed: u64,
    plan: Plan,
    script: impl FnOnce(World) -> F + Send + 'static,
) -> (T, String) {
    let result = Arc::new(Mutex::new(None));
    let slot = result.clone();
    let whole = move |engines| {
        async move {
            let given = script(World::new(engines, plan).await).await;
            *slot.lock().expect("one thread") = Some(given);
        }
        .boxed()
    };
    let trace = stint_simulation::run(seed, plan.places, Box::new(whole));
    let given = result.lock().expect("one thread").take();
    (given.expect("the script ended"), trace)
}

impl World {
    async fn new(engines: Engines, plan: Plan) -> World {
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
        let contracts = Contracts::new().expect("a Wasm engine");
        let mut world =
            World { engines, nodes: Vec::new(), media: Vec::new(), genesis, chain_id, contracts, steward, calls: 0 };
        for i in 0..plan.places {
            let medium = Medium::memory().expect("memory");
            world.nodes.push(world.open(&medium));
            world.media.push(medium);
            if i < plan.founders {
                world.boot(i).await;
            }
        }
        world
    }

    /// Places for validators.
    pub fn places(&self) -> usize {
        self.nodes.len()
    }

    /// The name of a validator in the genesis file, or by which it is added.
    pub fn name(&self, i: usize) -> String {
        format!("v{i}")
    }

    /// A validator's public key.
    pub fn key(&self, i: usize) -> [u8; 32] {
        self.engines.public_keys()[i]
    }

    /// Whether a validator runs, and why it left if it left by itself.
    pub fn runs(&self, i: usize) -> (bool, Option<Left>) {
        (self.engines.runs(i), self.engines.left(i))
    }

    /// Signs a call of a validator on the consortium's commons.
    pub fn sign_as(&mut self, i: usize, method: &str, request: impl Into<Bytes>) -> Transaction {
        let key = SigningKey::from_bytes(&self.engines.secret(i));
        self.sign_with(&key, "consortium", method, request)
    }

    /// What a reader of proofs believes.
    pub fn trust(&self) -> Trust {
        self.genesis.trust(self.chain_id).expect("validators")
    }

    fn open(&self, medium: &Medium) -> Arc<Node> {
        Node::open(medium, self.genesis.clone(), self.chain_id, self.contracts.clone(), Keep::default())
            .expect("the store opens")
    }

    async fn boot(&mut self, i: usize) {
        self.boot_with(i, |ledger| ledger).await;
    }

    async fn boot_with(&mut self, i: usize, wrap: impl FnOnce(Arc<dyn Ledger>) -> Arc<dyn Ledger> + Send + 'static) {
        let node = self.nodes[i].clone();
        let genesis = node.genesis_block();
        // The simulated network knows its own way.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let addresses = (0..self.engines.public_keys().len()).map(|i| (self.name(i), nowhere)).collect();
        let ledger = Box::new(move |env| wrap(NodeLedger::start(node, env, addresses)));
        self.engines.boot(i, self.chain_id, genesis, ledger).await;
    }

    /// Stops a validator at once. What it keeps stays.
    pub async fn crash(&mut self, i: usize) {
        self.engines.crash(i).await;
    }

    /// Starts a crashed validator again.
    pub async fn restart(&mut self, i: usize) {
        self.reopen(i);
        self.boot(i).await;
    }

    /// Starts a crashed validator again, to die with a certain block. Answers with what says that it is dead.
    pub async fn restart_until(&mut self, i: usize, death: Death, height: u64) -> Arc<AtomicBool> {
        self.reopen(i);
        let dead = Arc::new(AtomicBool::new(false));
        let told = dead.clone();
        self.boot_with(i, move |ledger| Arc::new(Mortal { ledger, death, height, dead: told })).await;
        dead
    }

    fn reopen(&mut self, i: usize) {
        // The old store must be closed before the new one opens: put a stand-in where it was.
        self.nodes[i] = self.open(&Medium::memory().expect("memory"));
        self.nodes[i] = self.open(&self.media[i]);
    }

    /// Cuts all links between the validators of `part` and the others.
    pub async fn partition(&self, part: &[usize]) {
        self.engines.partition(part).await;
    }

    /// Joins what [`World::partition`] cut.
    pub async fn heal(&self, part: &[usize]) {
        self.engines.heal(part).await;
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
        self.nodes[i].tip()
    }

    /// A validator's node.
    pub fn node(&self, i: usize) -> &Arc<Node> {
        &self.nodes[i]
    }

    /// Signs a call of the steward under the next id.
    pub fn sign(&mut self, commons: &str, method: &str, request: impl Into<Bytes>) -> Transaction {
        let key = self.steward.clone();
        self.sign_with(&key, commons, method, request)
    }

    fn sign_with(&mut self, key: &SigningKey, commons: &str, method: &str, request: impl Into<Bytes>) -> Transaction {
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
        let submitted = self.nodes[i].submit(tx)?;
        Ok(async move {
            match submitted {
                Submitted::Final(receipt) => Some(Outcome::Receipt(receipt)),
                Submitted::Waiting(end) => end.await.ok(),
            }
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
