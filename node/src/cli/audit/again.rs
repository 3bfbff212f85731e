//! Executing a ledger again from genesis, and comparing what comes out with what its validators signed.
//!
//! All that is kept is what decides what a call leads to: the state, the tree over it, and the names of the calls that were
//! executed. None of it grows with blocks, but with what stands in the state and with calls: about 64 bytes of a call.

use super::{blocks::Accepted, different::Different, standing::Standing, told};
use crate::cli::Failure;
use prost::Message;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use stint_proto::{
    CallId, Epochs, Genesis, Hash, Header, Outcome,
    limits::{EXECUTION_LAG, VALIDITY_WINDOW},
    receipt::apart,
    v1::Receipt,
};
use stint_runtime::{
    BlockContext, BlockResult, Contracts, MemoryState, committee_of_epoch, execute_block, genesis_writes,
};
use stint_store::{Tree, genesis_block};
use stint_verifier::{Led, Whole};

/// A ledger up to some block, as its rules lead to it.
pub struct Again {
    pub at: Standing,
    epochs: Epochs,
    tree: Tree,
    /// The heights of calls, as long as others would repeat them.
    executed: BTreeMap<CallId, u64>,
    /// Height, state root and results root of the newest blocks: those that a header to come may certify.
    newest: VecDeque<(u64, Hash, Hash)>,
    pub calls: u64,
    pub events: u64,
}

impl Again {
    /// What the genesis file leads to.
    pub fn from_genesis(genesis: &Genesis, chain_id: Hash, contracts: Contracts) -> Again {
        let writes = genesis_writes(genesis);
        let mut state = MemoryState::default();
        state.apply(&writes);
        let mut tree = Tree::default();
        tree.apply(writes.iter().map(|(key, value)| (&key[..], value.as_deref())));
        let results_root = genesis_block(genesis, chain_id).header.results_root;
        Again {
            epochs: genesis.epochs(),
            newest: VecDeque::from([(0, tree.root(), results_root)]),
            at: Standing { contracts, state: Arc::new(state), height: 0, time_ms: genesis.time_ms },
            tree,
            executed: BTreeMap::new(),
            calls: 0,
            events: 0,
        }
    }

    /// The root over the state.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Executes the next block and compares. Answers with its receipts.
    pub fn block(&mut self, accepted: &Accepted) -> Result<Vec<Receipt>, Failure> {
        let block = &accepted.block;
        let (height, time_ms) = (block.header.height, block.header.time_ms);
        self.certified(&block.header)?;
        self.names_who_follow(&block.header)?;
        let result = {
            let context = BlockContext { height, time_ms };
            let executed = &self.executed;
            let executed_before = |id| Ok(executed.get(&id).is_some_and(|at| at + VALIDITY_WINDOW >= height));
            execute_block(&self.at.contracts, self.at.state.clone(), context, &block.transactions, executed_before)
                .map_err(|e| format!("block {height} cannot be executed here: {e}"))?
        };
        let receipts = result.receipts.iter().map(|r| Receipt::decode(r.clone())).collect::<Result<Vec<_>, _>>()?;
        // Nobody else holds the state now, so it changes in place.
        Arc::make_mut(&mut self.at.state).apply(&result.writes);
        (self.at.height, self.at.time_ms) = (height, time_ms);
        let differing = receipts.iter().zip(&accepted.receipts).position(|(ours, theirs)| differ(ours, theirs));
        if let Some(index) = differing {
            let (tx, theirs) = (&block.transactions[index], &accepted.receipts[index]);
            return Err(told::receipt(&self.at, index, tx, (theirs, &receipts[index])).into());
        }
        self.results(&accepted.led, &result)?;
        self.executed.extend(result.effective.iter().map(|(id, _)| (*id, height)));
        self.calls += receipts.len() as u64;
        self.events += receipts.iter().map(|r| r.events.len() as u64).sum::<u64>();
        Ok(receipts)
    }

    /// Compares what a header says of an earlier block with what that led to.
    fn certified(&self, header: &Header) -> Result<(), Different> {
        let of = header.executed_height;
        // It is one of these: that was checked before.
        let found = self.newest.iter().find(|(height, ..)| *height == of);
        let (_, state_root, results_root) = found.copied().unwrap_or_default();
        let rows =
            rows([("state root", header.state_root, state_root), ("results root", header.results_root, results_root)]);
        if rows.is_empty() {
            return Ok(());
        }
        let why = format!("its header says otherwise of what block {of} led to");
        Err(Different::with(format!("block {}", header.height), &why, rows))
    }

    /// Compares whom a header names as the next validators with whom the consortium has decided upon.
    fn names_who_follow(&self, header: &Header) -> Result<(), Failure> {
        let mut next = Hash::ZERO;
        if self.epochs.ends_with(header.height) {
            let epoch = header.epoch + 1;
            let (first, committee) = committee_of_epoch(self.at.state.clone(), epoch)?;
            next = if first == epoch { committee.hash() } else { Hash::ZERO };
        }
        let rows = rows([("next committee", header.next_committee, next)]);
        match rows.is_empty() {
            true => Ok(()),
            false => {
                let why = "its header names other validators than those who were decided";
                Err(Different::with(format!("block {}", header.height), why, rows).into())
            }
        }
    }

    /// Takes over what a block led to, when that is what the validators say.
    fn results(&mut self, led: &Led, result: &BlockResult) -> Result<(), Different> {
        let height = self.at.height;
        self.tree.apply(result.writes.iter().map(|(key, value)| (&key[..], value.as_deref())));
        let outcome = Outcome {
            state_root: self.tree.root(),
            receipts_root: result.receipts_root(),
            receipts: result.receipts.len() as u32,
            time_ms: self.at.time_ms,
        };
        let (_, _, before) = self.newest.back().copied().unwrap_or_default();
        // The verifier lets none through without its own outcome.
        let said = led.outcomes.first().copied().unwrap_or(NOTHING);
        if (said, led.before) != (outcome, before) {
            let mut rows = rows([
                ("state root", said.state_root, outcome.state_root),
                ("receipts root", said.receipts_root, outcome.receipts_root),
                ("results root before", led.before, before),
            ]);
            if said.time_ms != outcome.time_ms {
                rows.push(["time, ms".into(), said.time_ms.to_string(), outcome.time_ms.to_string()]);
            }
            let why = "its receipts are the same, and it led to something else";
            return Err(Different::with(format!("block {height}"), why, rows));
        }
        self.newest.push_back((height, outcome.state_root, outcome.chain(before, height)));
        if self.newest.len() as u64 > EXECUTION_LAG {
            self.newest.pop_front();
        }
        Ok(())
    }
}

const NOTHING: Outcome = Outcome { state_root: Hash::ZERO, receipts_root: Hash::ZERO, receipts: 0, time_ms: 0 };

fn differ(ours: &Receipt, theirs: &Whole) -> bool {
    apart(ours.clone()) != *theirs
}

/// A row for each hash that differs.
fn rows<const N: usize>(hashes: [(&str, Hash, Hash); N]) -> Vec<[String; 3]> {
    let differ = hashes.into_iter().filter(|(_, said, ours)| said != ours);
    differ.map(|(what, said, ours)| [what.into(), said.to_string(), ours.to_string()]).collect()
}
