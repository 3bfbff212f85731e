//! A ledger in one process: the runtime that validators run, over a map, with agents, blocks and
//! time that a test moves. No network, no consensus, no disk.
//!
//! ```no_run
//! # use stint_testkit::Ledger;
//! # let module = Vec::new();
//! let mut ledger = Ledger::new();
//! ledger.found("forge", &[("ana", &["steward"])]);
//! ledger.deploy("forge", &module);
//! let receipt = ledger.call("forge", "ana", "/my.rules.v1.Rules/Record", b"");
//! assert_eq!(receipt.refusal, None);
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod evidence;
pub mod fuzz;

pub use evidence::signed_twice;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use stint_proto::{
    Call, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Refusal, Transaction, hash_parts,
    limits::MODULE_BYTES, v1,
};
use stint_runtime::{
    BlockContext, BlockResult, Contracts, MemoryState, Query, QueryAnswer, execute_block, genesis_writes,
    publish_for_author, query, simulate,
};

/// The commons of the consortium.
pub const CONSORTIUM: &str = "consortium";
/// The agent that founds, and that is a steward of every commons.
pub const STEWARD: &str = "testkit";

/// A ledger and its agents.
pub struct Ledger {
    /// Compiled contracts.
    pub contracts: Contracts,
    /// The state after the newest block.
    pub state: MemoryState,
    /// Height of the newest block.
    pub height: u64,
    /// Time of the newest block, and of the next one unless it is moved.
    pub time_ms: u64,
    /// Calls signed so far; the next one's id is this number plus one.
    pub calls: u128,
    /// The same of the testkit's own steward.
    own_calls: u128,
    agents: BTreeSet<String>,
    executed: BTreeSet<CallId>,
}

/// An agent's key: made of its name, so that every run has the same.
pub fn key_of(agent: &str) -> SigningKey {
    SigningKey::from_bytes(&hash_parts(&[agent.as_bytes()]).0)
}

impl Default for Ledger {
    fn default() -> Self {
        Ledger::new()
    }
}

impl Ledger {
    /// An empty ledger with the engine that nodes use.
    ///
    /// # Panics
    /// When the machine cannot run the engine.
    #[allow(clippy::expect_used)]
    pub fn new() -> Ledger {
        Ledger::with(Contracts::new().expect("this machine runs the Wasm engine"))
    }

    /// An empty ledger with another engine.
    pub fn with(contracts: Contracts) -> Ledger {
        let key = key_of(STEWARD).verifying_key().to_bytes();
        let genesis = Genesis {
            name: "testkit".into(),
            time_ms: 0,
            protocol_version: Genesis::PROTOCOL_VERSION,
            epoch_blocks: stint_proto::Epochs::MIN_BLOCKS,
            validators: vec![GenesisValidator { name: "v1".into(), key }],
            consortium: CONSORTIUM.into(),
            stewards: vec![GenesisAgent { agent: STEWARD.into(), key }],
        };
        let mut state = MemoryState::default();
        state.apply(&genesis_writes(&genesis));
        let agents = BTreeSet::from([STEWARD.to_string()]);
        Ledger { contracts, state, height: 0, time_ms: 0, calls: 0, own_calls: 0, agents, executed: BTreeSet::new() }
    }

    /// Founds a commons with these members and the testkit's own steward.
    pub fn found(&mut self, commons: &str, members: &[(&str, &[&str])]) {
        let steward = v1::AdmitRequest { agent: STEWARD.into(), roles: vec!["steward".into()], ..Default::default() };
        let request = v1::FoundRequest { commons: commons.into(), purpose: String::new(), members: vec![steward] };
        self.must(CONSORTIUM, "Found", &request);
        for (agent, roles) in members {
            self.admit(commons, agent, roles);
        }
    }

    /// Makes an agent known to the ledger, without any role in the commons that a test looks at.
    pub fn enrol(&mut self, agent: &str) {
        if !self.agents.contains(agent) {
            self.admit(CONSORTIUM, agent, &["known"]);
        }
    }

    /// Gives an agent, or a contract of another commons, roles in a commons; none end its
    /// membership.
    pub fn admit(&mut self, commons: &str, agent: &str, roles: &[&str]) {
        let contract = agent.contains('/');
        let known = contract || !self.agents.insert(agent.into());
        let key = if known { Vec::new() } else { key_of(agent).verifying_key().to_bytes().to_vec() };
        let roles = roles.iter().map(|r| r.to_string()).collect();
        self.must(commons, "Admit", &v1::AdmitRequest { agent: agent.into(), key: key.into(), roles });
    }

    /// Publishes a module and waits until it may serve. Gives its hash.
    pub fn publish(&mut self, module: &[u8]) -> Hash {
        match self.try_publish(module) {
            Ok(hash) => hash,
            Err(refusal) => panic_with("Publish", &refusal),
        }
    }

    /// The same, when it may be refused.
    pub fn try_publish(&mut self, module: &[u8]) -> Result<Hash, Refusal> {
        let answer: v1::PublishResponse = match module.len() > MODULE_BYTES {
            true => self.publish_for_author(module)?,
            false => {
                let request = v1::PublishRequest { module: Bytes::copy_from_slice(module) };
                self.kernel(CONSORTIUM, "Publish", &request)?
            }
        };
        self.time_ms = self.time_ms.max(answer.ready_ms);
        Ok(Hash::try_from(&answer.code_hash[..]).unwrap_or(Hash::ZERO))
    }

    /// A development build that is larger than a call, as a block of its own.
    #[allow(clippy::expect_used)]
    fn publish_for_author(&mut self, module: &[u8]) -> Result<v1::PublishResponse, Refusal> {
        let context = BlockContext { height: self.height + 1, time_ms: self.time_ms };
        let state = Arc::new(self.state.clone());
        let published = publish_for_author(&self.contracts, state, context, module);
        let (answer, writes) = published.expect("the runtime publishes any module")?;
        self.height += 1;
        self.state.apply(&writes);
        Ok(answer)
    }

    /// Publishes a module and lets it serve a commons.
    pub fn deploy(&mut self, commons: &str, module: &[u8]) -> Hash {
        match self.try_deploy(commons, module) {
            Ok(hash) => hash,
            Err(refusal) => panic_with("Deploy", &refusal),
        }
    }

    /// The same, when it may be refused.
    pub fn try_deploy(&mut self, commons: &str, module: &[u8]) -> Result<Hash, Refusal> {
        let hash = self.try_publish(module)?;
        let request = v1::DeployRequest { code_hash: Bytes::copy_from_slice(&hash.0) };
        self.kernel::<v1::DeployResponse>(commons, "Deploy", &request)?;
        Ok(hash)
    }

    /// Publishes a module and lets it serve instead of what serves now.
    pub fn upgrade(&mut self, commons: &str, module: &[u8], in_steps: bool) -> Result<v1::UpgradeResponse, Refusal> {
        let code_hash = Bytes::copy_from_slice(&self.try_publish(module)?.0);
        self.kernel(commons, "Upgrade", &v1::UpgradeRequest { code_hash, in_steps })
    }

    fn must(&mut self, commons: &str, method: &str, request: &impl Message) {
        if let Err(refusal) = self.kernel::<v1::FoundResponse>(commons, method, request) {
            panic_with(method, &refusal);
        }
    }

    /// Calls the kernel as the testkit's steward.
    pub fn kernel<R: Message + Default>(
        &mut self,
        commons: &str,
        method: &str,
        request: &impl Message,
    ) -> Result<R, Refusal> {
        let method = format!("/stint.v1.Kernel/{method}");
        let receipt = self.call(commons, STEWARD, &method, &request.encode_to_vec());
        match receipt.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(R::decode(receipt.response).unwrap_or_default()),
        }
    }

    /// Signs a call with the agent's key under the next id.
    ///
    /// # Panics
    /// When the call is over a limit of the protocol.
    #[allow(clippy::expect_used)]
    pub fn sign(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> Transaction {
        let calls = if agent == STEWARD { &mut self.own_calls } else { &mut self.calls };
        *calls += 1;
        let id = calls.to_be_bytes();
        let key = key_of(agent);
        let call = Call {
            chain_id: Hash::ZERO,
            commons: commons.into(),
            method: method.into(),
            request: Bytes::copy_from_slice(request),
            call_id: CallId { key: key.verifying_key().to_bytes(), id },
            valid_until: u64::MAX,
            fuel_limit: 0,
        };
        call.sign(&key).expect("a call within the limits")
    }

    /// Executes calls as the next block.
    ///
    /// # Panics
    /// When the runtime fails as a node must not.
    #[allow(clippy::expect_used)]
    pub fn execute(&mut self, calls: &[Transaction]) -> BlockResult {
        self.height += 1;
        let context = BlockContext { height: self.height, time_ms: self.time_ms };
        let result = self.lend(|ledger, state| {
            execute_block(&ledger.contracts, state, context, calls, |id| Ok(ledger.executed.contains(&id)))
        });
        let result = result.expect("the runtime executes any block");
        self.state.apply(&result.writes);
        self.executed.extend(result.effective.iter().map(|(id, _)| *id));
        result
    }

    /// Hands the state to the runtime and takes it back. A large one is not copied.
    fn lend<T>(&mut self, run: impl FnOnce(&Ledger, Arc<MemoryState>) -> T) -> T {
        let state = Arc::new(std::mem::take(&mut self.state));
        let done = run(self, state.clone());
        self.state = Arc::try_unwrap(state).unwrap_or_else(|kept| MemoryState::clone(&kept));
        done
    }

    /// One call as a block of its own; gives its receipt.
    pub fn call(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> v1::Receipt {
        let tx = self.sign(commons, agent, method, request);
        let result = self.execute(&[tx]);
        result.receipts.first().and_then(|r| v1::Receipt::decode(r.clone()).ok()).unwrap_or_default()
    }

    /// Asks a query.
    ///
    /// # Panics
    /// When the runtime fails as a node must not.
    #[allow(clippy::expect_used)]
    pub fn query(&self, commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let q = Query { height: self.height, time_ms: self.time_ms, commons, method, request };
        query(&self.contracts, Arc::new(self.state.clone()), &q).expect("the runtime answers").result
    }

    /// The same with the fuel that the answer took.
    ///
    /// # Panics
    /// When the runtime fails as a node must not.
    #[allow(clippy::expect_used)]
    pub fn measure(&mut self, commons: &str, method: &str, request: &[u8]) -> QueryAnswer {
        let (height, time_ms) = (self.height, self.time_ms);
        let q = Query { height, time_ms, commons, method, request };
        self.lend(|ledger, state| query(&ledger.contracts, state, &q).expect("the runtime answers"))
    }

    /// What a call would do.
    ///
    /// # Panics
    /// When the runtime fails as a node must not.
    #[allow(clippy::expect_used)]
    pub fn simulate(&self, commons: &str, agent: &str, method: &str, request: &[u8]) -> v1::SimulateResponse {
        let q = Query { height: self.height, time_ms: self.time_ms, commons, method, request };
        simulate(&self.contracts, Arc::new(self.state.clone()), &q, agent, 0).expect("the runtime answers")
    }

    /// What the newest state holds of a contract, by its own keys.
    pub fn kept(&self, commons: &str, service: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let overlay = stint_runtime::Overlay::new(Arc::new(self.state.clone()));
        let directory = stint_runtime::Directory::new(&self.contracts, &overlay);
        let Ok(Some(prefix)) = directory.prefix(commons, service) else { return BTreeMap::new() };
        let of_it = self.state.0.iter().filter(|(k, _)| k.starts_with(&prefix));
        of_it.map(|(k, v)| (k[prefix.len()..].to_vec(), v.clone())).collect()
    }
}

/// A test's own preparation failed.
#[allow(clippy::panic)]
fn panic_with(what: &str, refusal: &Refusal) -> ! {
    panic!("{what} is refused: {refusal}")
}
