//! Checking a store by itself: whatever follows from something else that is kept is computed again and compared.
//!
//! ```text
//!  genesis ◄── block ◄── block ◄── … ◄── tip          each names its parent, its calls, and results of a block before
//!                │ votes: over its header
//!                ▼
//!             receipts ──► receipts root ──► outcome ──► results root, over that of the block before
//!                │ ▲                           ▲
//!                ▼ │                           │
//!             index of calls                state root ◄── tree ◄── state
//! ```
//!
//! It believes the genesis file and reads the store alone; it needs no runtime. That the receipts and the state are what
//! the calls led to is for whoever executes them again.

use crate::{
    Location, Oldest, Results, Store, StoreError, Tip, Tree, Trusts,
    columns::{BLOCKS, CALLS, CERTIFICATES, META, RECEIPTS, RESULTS},
    genesis_block,
    prove::HEADERS,
    read::place,
};
use prost::Message;
use rocksdb::{Direction, IteratorMode, ReadOptions};
use std::ops::RangeInclusive;
use stint_proto::{
    Block, CallId, Certificate, Genesis, Hash, Header, Outcome, Transaction, limits::VALIDITY_WINDOW, merkle,
    receipt::apart, v1,
};
use stint_runtime::is_repetition;
use stint_verifier::Reader;

/// What a check went through so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Blocks.
    pub blocks: u64,
    /// Those of them that have votes of their own.
    pub votes: u64,
    /// Those that cannot be proved here, for no votes stand soon enough behind them. No damage: while it catches up, the
    /// engine delivers blocks without theirs.
    pub unproved: u64,
    /// Receipts.
    pub receipts: u64,
    /// Entries of the index of calls.
    pub calls: u64,
    /// Keys of the newest state, and of the oldest that is kept.
    pub keys: u64,
}

/// The first thing that is not as it was written.
#[derive(Debug, thiserror::Error)]
pub enum Difference {
    /// It cannot be read at all.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The newest block's record.
    #[error("the record of the newest block names another hash than block {0} has")]
    Tip(u64),
    /// What the newest block's record counts.
    #[error("the record of the newest block counts {found} calls so far, and its results {expected}")]
    Count {
        /// In the record.
        found: u64,
        /// In the results.
        expected: u64,
    },
    /// A block.
    #[error("block {height} {what}")]
    Block {
        /// Its height.
        height: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The votes over a block.
    #[error("the votes over block {0} are not those of enough validators")]
    Votes(u64),
    /// Votes that are not there.
    #[error("the votes over block {0}, with which the consensus engine began, are missing")]
    NoVotes(u64),
    /// What a block led to.
    #[error("the results of block {height} {what}")]
    Results {
        /// The block's height.
        height: u64,
        /// What is wrong with them.
        what: String,
    },
    /// A receipt.
    #[error("receipt {} of block {} {what}", .at.index, .at.height)]
    Receipt {
        /// Its place.
        at: Location,
        /// What is wrong with it.
        what: String,
    },
    /// The index by which a call's receipt is found.
    #[error("the index of calls {0}")]
    Calls(String),
    /// A state.
    #[error("the state after block {height} {what}")]
    State {
        /// The block's height.
        height: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Something of a block that is not there.
    #[error("{what} {height} is left over: the newest block is {tip}")]
    Leftover {
        /// What it is.
        what: &'static str,
        /// The block's height.
        height: u64,
        /// The newest block's.
        tip: u64,
    },
}

fn name(at: Location) -> String {
    format!("receipt {} of block {}", at.index, at.height)
}

impl Store {
    /// Compares all that is kept with what it follows from, and finds the first difference; `progress` hears of every
    /// step. Nothing may be committed or let go meanwhile.
    pub fn check(&self, genesis: &Genesis, progress: &mut dyn FnMut(Checked)) -> Result<Checked, Difference> {
        let damaged = |what: &str| StoreError::Damaged(what.into());
        let chain_id = self.get(META, b"chain")?.and_then(|id| Hash::try_from(&id[..]).ok());
        let chain_id = chain_id.ok_or_else(|| damaged("the name of its ledger"))?;
        let first = genesis.trust(chain_id).map_err(|e| damaged(&e.to_string()))?;
        let mut check = Check {
            store: self,
            tip: self.tip(),
            oldest: self.oldest(),
            genesis: genesis_block(genesis, chain_id).header,
            trusts: self.trusts(first)?,
            checked: Checked::default(),
            effective: 0,
            voteless: 0,
            progress,
        };
        check.bounds()?;
        check.chain()?;
        check.floor()?;
        check.index()?;
        check.states()?;
        Ok(check.checked)
    }

    /// The tree over the state of a height that is kept, from the state itself.
    pub fn tree_at(&self, height: u64) -> Result<Tree, StoreError> {
        self.rebuild(height)
    }

    /// All entries of the index of calls.
    fn calls(&self) -> Result<impl Iterator<Item = Result<(CallId, Location), StoreError>>, StoreError> {
        let entries = self.db().iterator_cf_opt(self.family(CALLS)?, read_once(), IteratorMode::Start);
        Ok(entries.map(|entry| {
            let (key, value) = entry?;
            let id = key.split_at_checked(32).and_then(|(key, id)| CallId::from_bytes(key, id).ok());
            let at = Location::read(&value).filter(|at| value[..] == place(at.height, at.index));
            id.zip(at).ok_or_else(|| StoreError::Damaged("an entry of the index of calls".into()))
        }))
    }
}

/// What is read once shall not take the place of what is read often.
fn read_once() -> ReadOptions {
    let mut read = ReadOptions::default();
    read.fill_cache(false);
    read
}

struct Check<'a> {
    store: &'a Store,
    tip: Tip,
    oldest: Oldest,
    genesis: Header,
    trusts: Trusts,
    checked: Checked,
    /// Receipts of calls that were not ordered before: as many as the index has entries.
    effective: u64,
    /// Blocks without votes in a row, up to now.
    voteless: u64,
    progress: &'a mut dyn FnMut(Checked),
}

impl Check<'_> {
    /// Nothing is kept above the tip, and what shall be the oldest is below it: all else trusts that.
    fn bounds(&self) -> Result<(), Difference> {
        let (Oldest { block, receipts, state }, next) = (self.oldest, self.tip.height + 1);
        if !(1..=next).contains(&block) || !(1..=next).contains(&receipts) || state > self.tip.height {
            return Err(StoreError::Damaged("the oldest heights".into()).into());
        }
        let columns = [
            (BLOCKS, "block"),
            (CERTIFICATES, "a vote over block"),
            (RESULTS, "a result of block"),
            (RECEIPTS, "a receipt of block"),
        ];
        for (column, what) in columns {
            let from = next.to_be_bytes();
            let above = IteratorMode::From(&from, Direction::Forward);
            let mut above = self.store.db().iterator_cf(self.store.family(column)?, above);
            if let Some((key, _)) = above.next().transpose().map_err(StoreError::from)? {
                let height = Reader(&key).u64().unwrap_or(u64::MAX);
                return Err(Difference::Leftover { what, height, tip: self.tip.height });
            }
        }
        Ok(())
    }

    /// Blocks, what they led to, and their receipts, height after height.
    fn chain(&mut self) -> Result<(), Difference> {
        self.results_of_genesis()?;
        let Oldest { block: oldest, receipts, .. } = self.oldest;
        let mut parent = (oldest == 1).then(|| self.genesis.hash());
        let (mut before, mut so_far) = match self.store.stored_results(oldest - 1)? {
            Some((results, calls)) => (Some(results), calls),
            None => (None, None),
        };
        for height in oldest.min(receipts)..=self.tip.height {
            let mut known = None;
            if height >= oldest {
                let block = self.block(height, parent)?;
                let results = self.results(&block, before)?;
                parent = Some(block.header.hash());
                before = Some(results);
                known = Some((block.transactions, results.outcome));
                self.checked.blocks += 1;
            }
            let effective = self.effective;
            if height >= receipts {
                self.receipts(height, known.as_ref().map(|(calls, outcome)| (&calls[..], outcome)))?;
            }
            if let Some((calls, _)) = known {
                // Without receipts one cannot tell which calls had been ordered before.
                let own = match height >= receipts {
                    true => self.effective - effective..=self.effective - effective,
                    false => 0..=calls.len() as u64,
                };
                so_far = self.count(height, so_far, own)?;
            }
            (self.progress)(self.checked);
        }
        if parent.is_some_and(|hash| hash != self.tip.block) && self.tip.height > 0 {
            return Err(Difference::Tip(self.tip.height));
        }
        match so_far.filter(|expected| *expected != self.tip.transactions) {
            Some(expected) => Err(Difference::Count { found: self.tip.transactions, expected }),
            None => Ok(()),
        }
    }

    /// Calls executed up to a block are those up to the one before and its own. They are not known before the state
    /// from which this node began, and from there on they are.
    fn count(&self, height: u64, before: Option<u64>, own: RangeInclusive<u64>) -> Result<Option<u64>, Difference> {
        let found = self.store.transactions_at(height)?;
        let Some(before) = before else { return Ok(found) };
        let fits = found.and_then(|n| n.checked_sub(before)).is_some_and(|n| own.contains(&n));
        let counted = || found.map_or("no calls".into(), |n| format!("{n} calls"));
        match fits {
            true => Ok(found),
            false => {
                let (least, most) = (own.start().saturating_add(before), own.end().saturating_add(before));
                let should = if least == most { format!("{least}") } else { format!("{least} to {most}") };
                let what = format!("count {} so far instead of {should}", counted());
                Err(Difference::Results { height, what })
            }
        }
    }

    /// The block with which the engine was begun anew had votes: without them the engine cannot begin there again.
    fn floor(&self) -> Result<(), Difference> {
        match self.store.floor()?.filter(|h| (self.oldest.block..=self.tip.height).contains(h)) {
            Some(height) if self.store.certificate(height)?.is_none() => Err(Difference::NoVotes(height)),
            _ => Ok(()),
        }
    }

    fn results_of_genesis(&self) -> Result<(), Difference> {
        let wrong = |what: &str| Difference::Results { height: 0, what: what.into() };
        let found = self.store.results(0)?.ok_or_else(|| wrong("are missing"))?;
        let Header { state_root, results_root, time_ms, .. } = self.genesis;
        let outcome = Outcome { state_root, receipts_root: Hash::ZERO, receipts: 0, time_ms };
        let calls = self.store.transactions_at(0)?;
        if found != (Results { outcome, results_root }) || calls.is_some_and(|n| n != 0) {
            return Err(wrong("are not those of the genesis file"));
        }
        Ok(())
    }

    fn block(&mut self, height: u64, parent: Option<Hash>) -> Result<Block, Difference> {
        let wrong = |what: String| Difference::Block { height, what };
        let holds = |ok: bool, what: &str| if ok { Ok(()) } else { Err(wrong(what.into())) };
        let bytes = self.store.block(height)?.ok_or_else(|| wrong("is missing".into()))?;
        let block = Block::decode(bytes).map_err(|e| wrong(format!("cannot be read: {e}")))?;
        let header = &block.header;
        holds(header.height == height, "says that it is another one")?;
        holds(header.chain_id == self.genesis.chain_id, "is of another ledger")?;
        holds(parent.is_none_or(|hash| hash == header.parent), "names another parent than the block before")?;
        let root = Block::transactions_root(&block.transactions);
        holds(root == header.transactions_root, "holds other calls than its header names")?;
        let executed = header.executed_height;
        holds(executed < height, "certifies the results of a block that comes no earlier")?;
        if let Some(Results { outcome, results_root }) = self.store.results(executed)?
            && (outcome.state_root, results_root) != (header.state_root, header.results_root)
        {
            return Err(wrong(format!("certifies other results of block {executed} than are stored")));
        }
        let follows = header.next_committee == Hash::ZERO
            || self.trusts.of(header.epoch + 1).committee.hash() == header.next_committee;
        holds(follows, "names other validators than those who are kept as the next ones")?;
        self.votes(header)?;
        Ok(block)
    }

    fn votes(&mut self, header: &Header) -> Result<(), Difference> {
        let Some(bytes) = self.store.get(CERTIFICATES, &header.height.to_be_bytes())? else {
            self.voteless += 1;
            return Ok(());
        };
        let votes = Certificate::read(&mut Reader(&bytes)).filter(|c| c.encode() == bytes);
        if votes.is_none_or(|votes| !votes.certifies(header, &self.trusts.of(header.epoch).committee)) {
            return Err(Difference::Votes(header.height));
        }
        self.checked.votes += 1;
        self.checked.unproved += std::mem::take(&mut self.voteless).saturating_sub(HEADERS - 1);
        Ok(())
    }

    fn results(&self, block: &Block, before: Option<Results>) -> Result<Results, Difference> {
        let height = block.header.height;
        let wrong = |what: &str| Difference::Results { height, what: what.into() };
        let results = self.store.results(height)?.ok_or_else(|| wrong("are missing"))?;
        let Results { outcome, results_root } = results;
        if outcome.time_ms != block.header.time_ms {
            return Err(wrong("have another time than the block"));
        }
        if outcome.receipts as usize != block.transactions.len() {
            return Err(wrong("do not count one receipt for each call"));
        }
        // Those of the block before are not kept where the blocks begin at a snapshot.
        if before.is_some_and(|before| outcome.chain(before.results_root, height) != results_root) {
            return Err(wrong("have another root than follows from them and those of the block before"));
        }
        Ok(results)
    }

    /// The receipts of a height; beside the block's calls and what it led to where these are kept.
    fn receipts(&mut self, height: u64, known: Option<(&[Transaction], &Outcome)>) -> Result<(), Difference> {
        let store = self.store;
        let mut read = read_once();
        read.set_iterate_range(place(height, 0)..place(height + 1, 0));
        let entries = store.db().iterator_cf_opt(store.family(RECEIPTS)?, read, IteratorMode::Start);
        let (mut leaves, mut found) = (Vec::new(), Vec::new());
        for (index, entry) in (0..).zip(entries) {
            let (key, bytes) = entry.map_err(StoreError::from)?;
            let at = Location { height, index };
            let wrong = |what: String| Difference::Receipt { at, what };
            if key[..] != place(height, index) {
                return Err(wrong("is missing".into()));
            }
            let receipt = v1::Receipt::decode(&bytes[..]).map_err(|e| wrong(format!("cannot be read: {e}")))?;
            if receipt.encode_to_vec() != bytes[..] {
                return Err(wrong("has other bytes than were written".into()));
            }
            if (receipt.height, receipt.index) != (height, index) {
                return Err(wrong("says that it is another one".into()));
            }
            let id = CallId::from_bytes(&receipt.key, &receipt.id)
                .map_err(|_| wrong("does not name the call that it is of".into()))?;
            if let Some((calls, _)) = known {
                let other = |call: &Transaction| call.id() != id || call.hash().0 != receipt.transaction_hash[..];
                if calls.get(index as usize).is_none_or(other) {
                    return Err(wrong("is not of the call at that place".into()));
                }
            }
            found.push((at, id, is_repetition(&receipt)));
            leaves.push(apart(receipt).leaf());
        }
        if let Some((calls, outcome)) = known {
            if found.len() < calls.len() {
                let at = Location { height, index: found.len() as u32 };
                return Err(Difference::Receipt { at, what: "is missing".into() });
            }
            if merkle::of_leaves(&leaves) != outcome.receipts_root {
                return Err(Difference::Results { height, what: "name another root than its receipts have".into() });
            }
        }
        self.checked.receipts += found.len() as u64;
        found.into_iter().try_for_each(|(at, id, repetition)| self.entry(at, id, repetition))
    }

    /// The entry that a receipt has in the index of calls; a repetition has none of its own.
    fn entry(&mut self, at: Location, id: CallId, repetition: bool) -> Result<(), Difference> {
        let is_earlier = |other: Location| (other.height, other.index) < (at.height, at.index);
        match self.store.locate(id)? {
            Some(found) if found == at && !repetition => self.effective += 1,
            // The first receipt may have been let go since.
            found if repetition && found.is_none_or(is_earlier) => {}
            // Long after, the id was used again.
            Some(found) if found.height > at.height.saturating_add(VALIDITY_WINDOW) => {}
            Some(found) if repetition && found.height > at.height => {}
            None => {
                return Err(Difference::Calls(format!("has no entry for call {id}, which has {}", name(at))));
            }
            Some(found) => {
                let says = if repetition { "repeats it" } else { "is its own" };
                let what = format!("leads from call {id} to {}, and {} {says}", name(found), name(at));
                return Err(Difference::Calls(what));
            }
        }
        Ok(())
    }

    /// Every receipt has been found by its call. So when there are no more entries than calls with receipts, every
    /// entry leads to one; else one of them leads astray.
    fn index(&mut self) -> Result<(), Difference> {
        let (store, oldest) = (self.store, self.oldest.receipts);
        let mut entries = 0;
        for entry in store.calls()? {
            // Entries go before the receipts that they lead to, but not at once with them.
            entries += u64::from(entry?.1.height >= oldest);
            self.checked.calls = entries;
            (self.progress)(self.checked);
        }
        if entries == self.effective {
            return Ok(());
        }
        for entry in store.calls()? {
            let (id, at) = entry?;
            let receipt = store.receipt(at)?.and_then(|r| v1::Receipt::decode(r).ok());
            if at.height >= oldest && receipt.is_none_or(|r| r.key[..] != id.key || r.id[..] != id.id) {
                let what = format!("leads from call {id} to {}, which is not its own", name(at));
                return Err(Difference::Calls(what));
            }
        }
        let what = format!("has {entries} entries, and {} calls have receipts", self.effective);
        Err(Difference::Calls(what))
    }

    /// The trees over the newest state and the oldest one.
    fn states(&mut self) -> Result<(), Difference> {
        let (height, expected) = (self.tip.height, self.tip.results.outcome.state_root);
        // The state of all heights: what was written above the tip would come to light with the next blocks.
        let found = self.tree(u64::MAX)?;
        if found != expected {
            let what = match self.tree(height)? {
                root if root == expected => "is followed by writes that are left over".into(),
                root => format!("has the root {root}, and its block led to {expected}"),
            };
            return Err(Difference::State { height, what });
        }
        let oldest = self.oldest.state;
        let Some(expected) = self.store.results(oldest)?.map(|r| r.outcome.state_root) else { return Ok(()) };
        let found = if oldest < height { self.tree(oldest)? } else { found };
        if found != expected {
            let what = format!("has the root {found}, and its block led to {expected}");
            return Err(Difference::State { height: oldest, what });
        }
        Ok(())
    }

    fn tree(&mut self, height: u64) -> Result<Hash, Difference> {
        let tree = self.store.rebuild(height)?;
        self.checked.keys += tree.keys();
        (self.progress)(self.checked);
        Ok(tree.root())
    }
}
