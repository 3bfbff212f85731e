//! What the rooms of a node share: the store, the pool, who waits, and where execution stands.

use super::{
    health::Health,
    pool::{Pool, other_content},
    signal::Signal,
    waiters::{End, Outcome, Waiters},
};
use bytes::Bytes;
use prost::Message;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use stint_proto::{
    Block, CallId, Certificate, Code, Genesis, Hash, Refusal, Transaction,
    limits::{BLOCK_FUEL, PAGE_BYTES, PAGE_ROWS, VALIDITY_WINDOW},
    signature, v1,
};
use stint_runtime::{Bounds, Contracts, Directory, Overlay, Query, QueryAnswer, RuntimeError};
use stint_store::{Keep, Medium, Store, StoreError, Tip, genesis_block};
use tokio::sync::{mpsc, oneshot};

/// Fuel of a call, as long as none was seen.
const FIRST_GUESS: u64 = 500_000;

/// One node, validator or not, below its gRPC edge.
pub struct Node {
    pub(crate) chain_id: Hash,
    pub(crate) genesis: Genesis,
    pub(crate) store: Arc<Store>,
    pub(crate) contracts: Contracts,
    pool: Mutex<Pool>,
    /// Counts what came into the pool, to wake whoever drafts a block.
    pub(super) arrivals: Signal<u64>,
    /// The newest executed block.
    pub(super) executed: Signal<Tip>,
    pub(super) waiters: Waiters,
    /// Checked calls that other validators shall hear of.
    pub(super) to_spread: mpsc::UnboundedSender<Transaction>,
    pub(super) spread: tokio::sync::Mutex<mpsc::UnboundedReceiver<Transaction>>,
    network_height: AtomicU64,
    /// The newest executed block that changed who may connect, at least the one from which this node started.
    pub(super) peers_version: AtomicU64,
    /// The newest executed block that had calls, since this node started.
    pub(super) last_with_calls: AtomicU64,
    /// What calls burnt lately, on average.
    fuel_per_call: AtomicU64,
    failure: Mutex<Option<String>>,
    /// True once it must stop.
    failed: Signal<bool>,
    pub(super) health: Mutex<Health>,
    /// Height and hash of a block to come, which the operator knows from elsewhere.
    pub(super) pinned: OnceLock<(u64, Hash)>,
}

/// A call that was handed in.
pub enum Submitted {
    /// It is final already.
    Final,
    /// It waits; the receiver learns how it ends.
    Waiting(oneshot::Receiver<End>),
}

impl Node {
    /// Opens the store and starts from where it stands.
    pub fn open(
        medium: &Medium,
        genesis: Genesis,
        chain_id: Hash,
        contracts: Contracts,
        keep: Keep,
    ) -> Result<Arc<Node>, StoreError> {
        let store = Store::open(medium, &genesis, chain_id, keep)?;
        let (to_spread, spread) = mpsc::unbounded_channel();
        let tip = store.tip();
        let state = Arc::new(store.state_at(tip.height));
        stint_runtime::prepare_published(&contracts, state).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let node = Arc::new(Node {
            chain_id,
            genesis,
            contracts,
            pool: Mutex::default(),
            arrivals: Signal::new(0),
            executed: Signal::new(store.tip()),
            store,
            waiters: Waiters::default(),
            to_spread,
            spread: tokio::sync::Mutex::new(spread),
            network_height: AtomicU64::new(0),
            peers_version: AtomicU64::new(tip.height),
            last_with_calls: AtomicU64::new(0),
            fuel_per_call: AtomicU64::new(FIRST_GUESS),
            failure: Mutex::default(),
            failed: Signal::new(false),
            health: Mutex::default(),
            pinned: OnceLock::new(),
        });
        node.remember()?;
        Ok(node)
    }

    /// Block 0.
    pub fn genesis_block(&self) -> Block {
        genesis_block(&self.genesis, self.chain_id)
    }

    /// The newest executed block.
    pub fn tip(&self) -> Tip {
        self.executed.get()
    }

    /// Waits until `look` finds what it looks for at the newest executed block; asked again at each.
    pub async fn find<R>(&self, look: impl FnMut(Tip) -> Option<R>) -> R {
        self.executed.find(look).await
    }

    /// The newest height that the validators made final, as far as this node heard.
    pub fn network_height(&self) -> u64 {
        self.network_height.load(Ordering::Relaxed).max(self.tip().height)
    }

    pub(super) fn heard_of(&self, height: u64) {
        self.network_height.fetch_max(height, Ordering::Relaxed);
    }

    /// How many calls a block may take, so that those of the usual kind find fuel for all of them.
    pub(super) fn affordable_calls(&self) -> usize {
        let affordable = BLOCK_FUEL * 3 / 4 / self.fuel_per_call.load(Ordering::Relaxed).max(1);
        (affordable as usize).max(1)
    }

    /// The same of one commons, by its quota.
    pub(super) fn affordable_calls_of(&self, commons: &str) -> usize {
        let state = Arc::new(self.store.state_at(self.tip().height));
        // What cannot be read now is found by whoever executes.
        let fuel = stint_runtime::block_fuel(state, commons).unwrap_or(BLOCK_FUEL);
        if fuel == BLOCK_FUEL {
            return usize::MAX;
        }
        ((fuel * 3 / 4 / self.fuel_per_call.load(Ordering::Relaxed).max(1)) as usize).max(1)
    }

    /// Takes a block's fuel into the average.
    pub(super) fn burnt(&self, fuel: u64, calls: u64) {
        let Some(now) = fuel.checked_div(calls) else { return };
        // Dearer calls count at once, cheaper ones bit by bit.
        let before = self.fuel_per_call.load(Ordering::Relaxed);
        self.fuel_per_call.store(now.max((before * 7 + now) / 8), Ordering::Relaxed);
    }

    /// Why the node must stop, once it must.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the node must stop, and says why.
    pub async fn failed(&self) -> String {
        self.failed.find(|failed| failed.then_some(())).await;
        self.failure().unwrap_or_default()
    }

    pub(super) fn fail(&self, why: String) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_none() {
            tracing::error!("{why}");
            *failure = Some(why);
        }
        drop(failure);
        self.failed.set(true);
    }

    /// Says that something cannot be read. When the disk fails the node must stop: it can vouch for nothing more.
    pub(crate) fn unreadable(&self, e: &(dyn std::error::Error + 'static)) -> Refusal {
        let of_disk = e.downcast_ref::<StoreError>().filter(|e| e.is_of_disk()).map(ToString::to_string);
        if let Some(why) = of_disk.or_else(|| self.store.broken().map(Into::into)) {
            self.fail(why);
        }
        internal(e)
    }

    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks a call by itself and hands it in. The same call again leads to the same end.
    pub fn submit(&self, tx: Transaction) -> Result<Submitted, Refusal> {
        let tip = self.tip();
        if self.is_final(&tx)? {
            return Ok(Submitted::Final);
        }
        check_envelope(&tx, self.chain_id, tip.height + 1)?;
        let known = self.pool().holds(tx.id(), tx.hash());
        if !known {
            signature::verify(&tx)?;
        }
        // Waiting begins before the call can be executed, so its end cannot be missed.
        let waiting = self.waiters.wait(tx.id(), tx.call().valid_until);
        self.take(vec![tx.clone()], true)?;
        // It may have been executed between the look-up and the wait.
        if self.is_final(&tx)? {
            self.waiters.tell(tx.id());
            return Ok(Submitted::Final);
        }
        Ok(Submitted::Waiting(waiting))
    }

    /// How a call ended, with its receipt.
    pub fn outcome(&self, id: CallId, end: End) -> Outcome {
        match end {
            End::Expired(height) => Outcome::Expired(height),
            End::Final => match self.receipt(id) {
                Ok(Some(receipt)) => Outcome::Receipt(receipt),
                Ok(None) => Outcome::Refused(Refusal::new(
                    Code::NotFound,
                    "receipt",
                    format!("the call {id} is final, and its receipt is no longer kept here"),
                )),
                Err(refusal) => Outcome::Refused(refusal),
            },
        }
    }

    /// Puts checked calls into the pool and wakes whoever drafts a block.
    pub(super) fn take(&self, txs: Vec<Transaction>, spread: bool) -> Result<(), Refusal> {
        let mut added = false;
        for tx in txs {
            if self.pool().add(tx.clone())? {
                added = true;
                if spread {
                    // The receiver lives as long as the node.
                    let _ = self.to_spread.send(tx);
                }
            }
        }
        if added {
            self.arrivals.set(self.arrivals.get().wrapping_add(1));
        }
        Ok(())
    }

    /// Whether exactly this call is final; the same id with other content is refused.
    fn is_final(&self, tx: &Transaction) -> Result<bool, Refusal> {
        let Some(receipt) = self.receipt(tx.id())? else { return Ok(false) };
        let damaged = |e| StoreError::Damaged(format!("the receipt of call {}: {e}", tx.id()));
        let decoded = v1::Receipt::decode(receipt).map_err(|e| self.unreadable(&damaged(e)))?;
        match decoded.transaction_hash[..] == tx.hash().0 {
            true => Ok(true),
            false => Err(other_content(tx.id())),
        }
    }

    /// The receipt of a call, encoded, once it is final.
    pub fn receipt(&self, id: CallId) -> Result<Option<Bytes>, Refusal> {
        let Some(at) = self.store.locate(id).map_err(|e| self.unreadable(&e))? else { return Ok(None) };
        // Final is what queries can see, not what is being committed.
        if at.height > self.tip().height {
            return Ok(None);
        }
        self.store.receipt(at).map_err(|e| self.unreadable(&e))
    }

    /// A final block's canonical bytes.
    pub fn block(&self, height: u64) -> Result<Option<Bytes>, StoreError> {
        self.store.block(height)
    }

    /// Votes over its header, where they are kept: those over a later block bear out the others.
    pub fn certificate(&self, height: u64) -> Result<Option<Certificate>, StoreError> {
        self.store.certificate(height)
    }

    /// How many double signs stand on the ledger, as far as one page tells.
    pub fn double_signs(&self) -> Result<usize, RuntimeError> {
        let state = Arc::new(self.store.state_at(self.tip().height));
        stint_runtime::double_signs(state)
    }

    /// What a block and all before it led to.
    pub fn results_root(&self, height: u64) -> Result<Option<Hash>, StoreError> {
        Ok(self.store.results(height)?.map(|r| r.results_root))
    }

    /// True when the ledger knows the agent behind a key.
    pub fn knows_key(&self, key: &[u8; 32]) -> Result<bool, Refusal> {
        let state = self.store.state_at(self.tip().height);
        stint_runtime::agent_behind(Arc::new(state), key).map(|a| a.is_some()).map_err(|e| self.unreadable(&e))
    }

    /// The commons that a query means when it names none: the only one that a contract serves under
    /// the service's name; the consortium's for the kernel.
    fn only_commons(&self, method: &str, height: u64) -> Result<String, Refusal> {
        let service = method.trim_start_matches('/').split('/').next().unwrap_or_default();
        if service == "stint.v1.Kernel" {
            return Ok(self.genesis.consortium.clone());
        }
        let overlay = Overlay::new(Arc::new(self.store.state_at(height)));
        let instances = Directory::new(&self.contracts, &overlay).instances().map_err(|e| self.unreadable(&e))?;
        let mut serving = instances.into_iter().filter(|i| i.service == service).map(|i| i.commons);
        let refuse = |code, what: String| Err(Refusal::new(code, "commons", what));
        match (serving.next(), serving.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => refuse(Code::Unimplemented, format!("no contract serves any commons as {service}")),
            (Some(first), Some(second)) => {
                let hint = "name the one that is meant in the metadata stint-commons";
                refuse(
                    Code::InvalidArgument,
                    format!("{service} serves several commons, {first} and {second} among them; {hint}"),
                )
            }
        }
    }

    /// The block whose state is asked: a kept height, or the newest for 0.
    pub(crate) fn asked(&self, height: u64) -> Result<(u64, u64), Refusal> {
        let tip = self.tip();
        if height == 0 || height == tip.height {
            return Ok((tip.height, tip.results.outcome.time_ms));
        }
        let oldest = self.store.oldest().state;
        let refuse = |code, rule, what: String| Err(Refusal::new(code, rule, what));
        if height > tip.height {
            return refuse(
                Code::OutOfRange,
                "height",
                format!("block {height} is not final; the newest is {}", tip.height),
            );
        }
        if height < oldest {
            let what =
                format!("the state after block {height} is no longer kept here; the oldest is that after {oldest}");
            return refuse(Code::OutOfRange, "height", what);
        }
        match self.store.results(height).map_err(|e| self.unreadable(&e))? {
            Some(results) => Ok((height, results.outcome.time_ms)),
            None => refuse(Code::OutOfRange, "height", format!("the results of block {height} are not kept here")),
        }
    }

    /// What a call would do on the state of a height.
    pub fn simulate(&self, asked: &v1::SimulateRequest) -> Result<v1::SimulateResponse, Refusal> {
        let (height, time_ms) = self.asked(asked.height)?;
        let state = Arc::new(self.store.state_at(height));
        let (commons, method, request) = (asked.commons.as_str(), asked.method.as_str(), &asked.request[..]);
        let query = Query { height, time_ms, commons, method, request };
        stint_runtime::simulate(&self.contracts, state, &query, &asked.caller, asked.fuel_limit)
            .map_err(|e| self.unreadable(&e))
    }

    /// A page of what a contract keeps.
    pub fn list_state(&self, asked: &v1::ListStateRequest) -> Result<v1::ListStateResponse, Refusal> {
        let (height, _) = self.asked(asked.height)?;
        let overlay = Overlay::new(Arc::new(self.store.state_at(height)));
        let directory = Directory::new(&self.contracts, &overlay);
        let Some(own) = directory.prefix(&asked.commons, &asked.service).map_err(|e| self.unreadable(&e))? else {
            let what = format!("no contract serves the commons {} as {}", asked.commons, asked.service);
            return Err(Refusal::new(Code::NotFound, "service", what));
        };
        let rows = if asked.page_size == 0 { 100 } else { (asked.page_size as usize).min(PAGE_ROWS) };
        let prefix = [&own[..], &asked.prefix].concat();
        // A zero byte behind a key makes the first key after it.
        let from = match asked.after.is_empty() {
            true => prefix.clone(),
            false => [&own[..], &asked.after, &[0]].concat().max(prefix.clone()),
        };
        let bounds = Bounds { entries: rows + 1, bytes: PAGE_BYTES, fuel: u64::MAX };
        let page = overlay.page(&from, &stint_runtime::end_of(&prefix), false, &bounds);
        let mut page = page.map_err(|e| self.unreadable(&e))?;
        let more = !page.whole || page.entries.len() > rows;
        page.entries.truncate(rows);
        let entry = |(key, value): (Vec<u8>, Vec<u8>)| v1::KeyWrite {
            key: Bytes::copy_from_slice(&key[own.len()..]),
            value: value.into(),
            deleted: false,
        };
        let entries: Vec<_> = page.entries.into_iter().map(entry).collect();
        let next = entries.last().filter(|_| more).map(|e| e.key.clone()).unwrap_or_default();
        Ok(v1::ListStateResponse { height, entries, next })
    }

    /// Answers a query on the state of a height, 0 for the newest, and says which that was. Without a commons the only
    /// one is meant that offers the service.
    pub fn query(
        &self,
        commons: Option<&str>,
        method: &str,
        request: &[u8],
        height: u64,
    ) -> Result<(QueryAnswer, u64), Refusal> {
        let (height, time_ms) = self.asked(height)?;
        let state = Arc::new(self.store.state_at(height));
        let commons = commons.map_or_else(|| self.only_commons(method, height), |c| Ok(c.into()))?;
        let query = Query { height, time_ms, commons: &commons, method, request };
        let answer = stint_runtime::query(&self.contracts, state, &query).map_err(|e| internal(&e))?;
        Ok((answer, height))
    }
}

/// What can be said of a call without state, for a block at `height`.
pub(super) fn check_envelope(tx: &Transaction, chain_id: Hash, height: u64) -> Result<(), Refusal> {
    let call = tx.call();
    if call.chain_id != chain_id {
        let message = format!("the call is for the ledger {}; this is {chain_id}", call.chain_id);
        return Err(Refusal::new(Code::InvalidArgument, "chain-id", message));
    }
    if call.valid_until < height {
        let message = format!("the call was valid until height {}; the next block is {height}", call.valid_until);
        return Err(Refusal::new(Code::DeadlineExceeded, "expired", message));
    }
    if call.valid_until > height + VALIDITY_WINDOW {
        let latest = height + VALIDITY_WINDOW;
        let message =
            format!("the call is valid until height {}; the latest accepted now is {latest}", call.valid_until);
        return Err(Refusal::new(Code::InvalidArgument, "valid-until", message));
    }
    Ok(())
}

pub(crate) fn internal(e: &dyn std::error::Error) -> Refusal {
    Refusal::new(Code::Internal, "node", e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_proto::{GenesisAgent, GenesisValidator, Header};
    use stint_runtime::BlockResult;

    const CHAIN: Hash = Hash([7; 32]);

    /// Twenty empty blocks, of which the newest four states are kept.
    fn node() -> Arc<Node> {
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        let genesis = Genesis {
            name: "test".into(),
            time_ms: 0,
            protocol_version: 1,
            epoch_blocks: Genesis::EPOCH_BLOCKS,
            validators: vec![GenesisValidator { name: "v1".into(), key }],
            consortium: "consortium".into(),
            stewards: vec![GenesisAgent { agent: "ana".into(), key }],
        };
        let (medium, contracts) = (Medium::memory().expect("memory"), Contracts::new().expect("an engine"));
        let keep = Keep { states: 4, ..Keep::ARCHIVE };
        let node = Node::open(&medium, genesis, CHAIN, contracts, keep).expect("a node");
        for height in 1..=20 {
            let first = node.genesis_block().header;
            let parent = if height == 1 { first.hash() } else { node.tip().block };
            let block = Block { header: Header { height, parent, time_ms: height, ..first }, transactions: Vec::new() };
            node.executed.set(node.store.commit(&block, None, &BlockResult::default()).expect("committed"));
        }
        while node.store.prune().expect("pruned") {}
        node
    }

    /// Queries once read the newest state alone, whatever was kept.
    #[test]
    fn a_query_reads_the_state_of_any_height_that_is_kept() {
        let node = node();
        let ask = |height| node.query(Some("consortium"), "/stint.v1.Kernel/GetCommons", b"", height);
        for (asked, read) in [(0, 20), (20, 20), (18, 18), (17, 17)] {
            let (answer, height) = ask(asked).unwrap_or_else(|r| panic!("{asked}: {}", r.message));
            assert_eq!(height, read);
            assert!(answer.result.is_ok());
        }
        let refused = |height| ask(height).err().map(|r| (r.code, r.message)).expect("refused");
        let (code, message) = refused(16);
        assert_eq!(code, Code::OutOfRange);
        assert_eq!(message, "the state after block 16 is no longer kept here; the oldest is that after 17");
        assert_eq!(refused(21), (Code::OutOfRange, "block 21 is not final; the newest is 20".into()));
        // Proofs as well.
        let parts = v1::StateParts { height: 16, ..Default::default() };
        assert!(node.prove(&v1::prove_request::Fact::State(parts)).is_err());
    }
}
