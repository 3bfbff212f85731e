use crate::{
    StateView, StoreError, Tree,
    columns::{self, BLOCKS, CALLS, META, RECEIPTS, RESULTS, STATE},
};
use bytes::Bytes;
use rocksdb::{ColumnFamily, DB, Env, IteratorMode, ReadOptions, WriteBatch, WriteOptions};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};
use stint_proto::{Block, CallId, Genesis, Hash};
use stint_runtime::{BlockResult, Writes, genesis_writes};

const FORMAT: u32 = 1;
/// Heights for which the state can be read.
const HISTORY: u64 = 10_000;
/// How often the oldest history is let go.
const HISTORY_STEP: u64 = 1_000;

/// Where a store lives.
#[derive(Clone)]
pub enum Medium {
    /// In a folder.
    Folder(PathBuf),
    /// In memory, surviving the store but not the process.
    Memory(Env),
}

impl Medium {
    /// A new, empty place in memory.
    pub fn memory() -> Result<Medium, StoreError> {
        Ok(Medium::Memory(columns::memory_env()?))
    }
}

/// The newest block that is kept, and what it led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height; 0 is genesis.
    pub height: u64,
    /// Hash of its header; zero for genesis.
    pub block: Hash,
    /// Calls executed since genesis.
    pub transactions: u64,
    /// Its results.
    pub results: Results,
}

/// What a block led to: the roots that a later header certifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Results {
    /// Root over the state after the block.
    pub state_root: Hash,
    /// Root over the block's receipts.
    pub receipts_root: Hash,
    /// The block's time.
    pub time_ms: u64,
}

/// Where a call was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Height of the block.
    pub height: u64,
    /// Place in the block.
    pub index: u32,
}

/// Everything that a node keeps. One writer, any number of readers.
pub struct Store {
    db: DB,
    tree: Mutex<Tree>,
    tip: RwLock<Tip>,
}

impl Store {
    /// Opens a store, or starts it from genesis when it is empty.
    pub fn open(medium: &Medium, genesis: &Genesis, chain_id: Hash) -> Result<Arc<Store>, StoreError> {
        let empty = Tip {
            height: 0,
            block: Hash::ZERO,
            transactions: 0,
            results: Results { state_root: Hash::ZERO, receipts_root: Hash::ZERO, time_ms: genesis.time_ms },
        };
        let mut store = Store { db: columns::open(medium)?, tree: Mutex::default(), tip: RwLock::new(empty) };
        match store.get(META, b"chain")? {
            None => store.start(genesis, chain_id)?,
            Some(found) if found == chain_id.0 => store.resume()?,
            Some(found) => {
                let found = Hash::try_from(&found[..]).unwrap_or_default().to_string();
                return Err(StoreError::OtherChain { found, expected: chain_id.to_string() });
            }
        }
        Ok(Arc::new(store))
    }

    fn start(&mut self, genesis: &Genesis, chain_id: Hash) -> Result<(), StoreError> {
        let writes = genesis_writes(genesis);
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(META)?, b"format", FORMAT.to_be_bytes());
        batch.put_cf(self.family(META)?, b"chain", chain_id.0);
        let mut tip = self.tip();
        tip.results.state_root = self.stage(&mut batch, 0, &writes)?;
        self.seal(batch, tip)
    }

    /// Reads the tip, rebuilds the tree and compares its root.
    fn resume(&mut self) -> Result<(), StoreError> {
        let damaged = |what: &str| StoreError::Damaged(what.into());
        let format = self.get(META, b"format")?.and_then(|f| f.try_into().ok()).map(u32::from_be_bytes);
        match format {
            Some(FORMAT) => {}
            found => return Err(StoreError::Format { found: found.unwrap_or(0), expected: FORMAT }),
        }
        let bytes = self.get(META, b"tip")?.ok_or_else(|| damaged("there is no tip"))?;
        let tip = decode_tip(&bytes).ok_or_else(|| damaged("the tip"))?;
        let results = self.results(tip.0)?.ok_or_else(|| damaged("the tip has no results"))?;
        let mut read = ReadOptions::default();
        read.set_timestamp(tip.0.to_le_bytes());
        read.fill_cache(false);
        let mut entries = Vec::new();
        for entry in self.db.iterator_cf_opt(self.family(STATE)?, read, IteratorMode::Start) {
            entries.push(entry?);
        }
        let mut tree = self.tree();
        tree.update(entries.iter().map(|(k, v)| (&k[..], Some(&v[..]))));
        if tree.root() != results.state_root {
            return Err(damaged(&format!(
                "the state at height {} has the root {}, not {}",
                tip.0,
                tree.root(),
                results.state_root
            )));
        }
        drop(tree);
        let tip = Tip { height: tip.0, transactions: tip.1, block: tip.2, results };
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }

    /// The newest block that is kept.
    pub fn tip(&self) -> Tip {
        *self.tip.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a block, what it led to, and answers with the new tip once all of it is durable.
    pub fn commit(&self, block: &Block, result: &BlockResult) -> Result<Tip, StoreError> {
        let before = self.tip();
        let height = block.header.height;
        if height != before.height + 1 {
            return Err(StoreError::OutOfOrder { tip: before.height, got: height });
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(BLOCKS)?, height.to_be_bytes(), block.encode());
        let receipts = self.family(RECEIPTS)?;
        for (index, receipt) in result.receipts.iter().enumerate() {
            batch.put_cf(receipts, place(height, index as u32), receipt);
        }
        let calls = self.family(CALLS)?;
        for (id, index) in &result.effective {
            batch.put_cf(calls, call_key(*id), place(height, *index));
        }
        let state_root = self.stage(&mut batch, height, &result.writes)?;
        let tip = Tip {
            height,
            block: block.header.hash(),
            transactions: before.transactions + result.effective.len() as u64,
            results: Results { state_root, receipts_root: result.receipts_root(), time_ms: block.header.time_ms },
        };
        self.seal(batch, tip)?;
        if height > HISTORY && height.is_multiple_of(HISTORY_STEP) {
            self.db.increase_full_history_ts_low(self.family(STATE)?, (height - HISTORY).to_le_bytes())?;
        }
        Ok(tip)
    }

    /// Adds state writes to a batch and to the tree; answers with the new root.
    fn stage(&self, batch: &mut WriteBatch, height: u64, writes: &Writes) -> Result<Hash, StoreError> {
        let family = self.family(STATE)?;
        let at = height.to_le_bytes();
        for (key, value) in writes {
            match value {
                Some(v) => batch.put_cf_with_ts(family, key, at, v),
                None => batch.delete_cf_with_ts(family, key, at),
            }
        }
        let mut tree = self.tree();
        tree.update(writes.iter().map(|(k, v)| (&k[..], v.as_deref())));
        Ok(tree.root())
    }

    /// Writes a batch with its tip, durably. A failure here leaves the tree ahead of the disk: the
    /// caller must stop the node.
    fn seal(&self, mut batch: WriteBatch, tip: Tip) -> Result<(), StoreError> {
        let r = &tip.results;
        let results = [&r.state_root.0[..], &r.receipts_root.0, &r.time_ms.to_be_bytes()].concat();
        batch.put_cf(self.family(RESULTS)?, tip.height.to_be_bytes(), results);
        let encoded = [&tip.height.to_be_bytes()[..], &tip.transactions.to_be_bytes(), &tip.block.0].concat();
        batch.put_cf(self.family(META)?, b"tip", encoded);
        let mut durable = WriteOptions::default();
        durable.set_sync(true);
        self.db.write_opt(batch, &durable)?;
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }

    /// The oldest height whose state is kept.
    pub fn oldest_state(&self) -> u64 {
        let last_step = self.tip().height / HISTORY_STEP * HISTORY_STEP;
        last_step.saturating_sub(HISTORY)
    }

    /// The state after a block that is kept; the newest for heights above it.
    pub fn state_at(self: &Arc<Self>, height: u64) -> StateView {
        StateView::new(self.clone(), height.min(self.tip().height))
    }

    /// What a block led to.
    pub fn results(&self, height: u64) -> Result<Option<Results>, StoreError> {
        let Some(bytes) = self.get(RESULTS, &height.to_be_bytes())? else { return Ok(None) };
        let decode = || {
            let (state_root, rest) = bytes.split_at_checked(32)?;
            let (receipts_root, time) = rest.split_at_checked(32)?;
            Some(Results {
                state_root: Hash::try_from(state_root).ok()?,
                receipts_root: Hash::try_from(receipts_root).ok()?,
                time_ms: u64::from_be_bytes(time.try_into().ok()?),
            })
        };
        decode().map(Some).ok_or_else(|| StoreError::Damaged(format!("the results of block {height}")))
    }

    /// A block's canonical bytes.
    pub fn block(&self, height: u64) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get(BLOCKS, &height.to_be_bytes())?.map(Bytes::from))
    }

    /// Where a call was executed; `None` while it was not.
    pub fn locate(&self, id: CallId) -> Result<Option<Location>, StoreError> {
        let Some(bytes) = self.get(CALLS, &call_key(id))? else { return Ok(None) };
        let location = bytes.split_first_chunk::<8>().and_then(|(height, index)| {
            let index = u32::from_be_bytes(index.try_into().ok()?);
            Some(Location { height: u64::from_be_bytes(*height), index })
        });
        location.map(Some).ok_or_else(|| StoreError::Damaged(format!("the index of call {id}")))
    }

    /// A receipt as it was hashed.
    pub fn receipt(&self, at: Location) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get(RECEIPTS, &place(at.height, at.index))?.map(Bytes::from))
    }

    pub(crate) fn db(&self) -> &DB {
        &self.db
    }

    pub(crate) fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| StoreError::Damaged(format!("the column {name} is missing")))
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get_cf(self.family(family)?, key)?)
    }
}

fn place(height: u64, index: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&height.to_be_bytes());
    key[8..].copy_from_slice(&index.to_be_bytes());
    key
}

fn call_key(id: CallId) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&id.key);
    key[32..].copy_from_slice(&id.id);
    key
}

fn decode_tip(bytes: &[u8]) -> Option<(u64, u64, Hash)> {
    let (height, rest) = bytes.split_first_chunk::<8>()?;
    let (transactions, block) = rest.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*height), u64::from_be_bytes(*transactions), Hash::try_from(block).ok()?))
}
