use crate::{
    Results, StoreError, Tree,
    columns::{self, BLOCKS, CALLS, CERTIFICATES, META, RECEIPTS, RESULTS, STATE},
    read::{call_key, place},
    versions::Versions,
};
use rocksdb::{ColumnFamily, DB, Env, IteratorMode, ReadOptions, WriteBatch, WriteOptions};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};
use stint_proto::{Block, Certificate, Genesis, Hash, Outcome};
use stint_runtime::{BlockResult, Writes, genesis_writes};
use stint_verifier::tree::value_hash;

const FORMAT: u32 = 2;
/// Heights for which the state can be read.
pub(crate) const HISTORY: u64 = 10_000;
/// Heights from one snapshot to the next.
const SNAPSHOT_EVERY: u64 = 1_000;
/// How often the oldest history is let go.
pub(crate) const HISTORY_STEP: u64 = 1_000;

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

/// Everything that a node keeps. One writer, any number of readers.
pub struct Store {
    db: DB,
    versions: Mutex<Versions>,
    tip: RwLock<Tip>,
    /// Validators that sign.
    committee: usize,
}

impl Store {
    /// Opens a store, or starts it from genesis when it is empty.
    pub fn open(medium: &Medium, genesis: &Genesis, chain_id: Hash) -> Result<Arc<Store>, StoreError> {
        let outcome =
            Outcome { state_root: Hash::ZERO, receipts_root: Hash::ZERO, receipts: 0, time_ms: genesis.time_ms };
        let results = Results { outcome, results_root: Hash::ZERO };
        let empty = Tip { height: 0, block: Hash::ZERO, transactions: 0, results };
        let db = columns::open(medium)?;
        let committee = genesis.validators.len();
        let versions = Mutex::new(Versions::new(SNAPSHOT_EVERY));
        let mut store = Store { db, versions, tip: RwLock::new(empty), committee };
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
        let tree = self.stage(&mut batch, 0, &writes)?;
        tip.results.outcome.state_root = tree.root();
        tip.results.results_root = tip.results.outcome.chain(Hash::ZERO, 0);
        self.seal(batch, tip, tree)
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
        let tree = self.rebuild(tip.0)?;
        if tree.root() != results.outcome.state_root {
            return Err(damaged(&format!(
                "the state at height {} has the root {}, not {}",
                tip.0,
                tree.root(),
                results.outcome.state_root
            )));
        }
        self.versions().push(tip.0, tree);
        let tip = Tip { height: tip.0, transactions: tip.1, block: tip.2, results };
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }

    /// The tree over the state of a height, from the state itself.
    fn rebuild(&self, height: u64) -> Result<Tree, StoreError> {
        let mut read = ReadOptions::default();
        read.set_timestamp(height.to_le_bytes());
        read.fill_cache(false);
        let entries = self.db.iterator_cf_opt(self.family(STATE)?, read, IteratorMode::Start);
        let hashed = entries.map(|e| e.map(|(key, value)| (key, value_hash(&value))));
        Ok(Tree::of_sorted(hashed.collect::<Result<Vec<_>, _>>()?))
    }

    /// The newest block that is kept.
    pub fn tip(&self) -> Tip {
        *self.tip.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a block, the votes over it if they are known, and what it led to; answers with the new
    /// tip once all of it is durable.
    pub fn commit(
        &self,
        block: &Block,
        certificate: Option<&Certificate>,
        result: &BlockResult,
    ) -> Result<Tip, StoreError> {
        let before = self.tip();
        let height = block.header.height;
        if height != before.height + 1 {
            return Err(StoreError::OutOfOrder { tip: before.height, got: height });
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(BLOCKS)?, height.to_be_bytes(), block.encode());
        if let Some(certificate) = certificate {
            let votes = certificate.encode(self.committee);
            batch.put_cf(self.family(CERTIFICATES)?, height.to_be_bytes(), votes);
        }
        let receipts = self.family(RECEIPTS)?;
        for (index, receipt) in result.receipts.iter().enumerate() {
            batch.put_cf(receipts, place(height, index as u32), receipt);
        }
        let calls = self.family(CALLS)?;
        for (id, index) in &result.effective {
            batch.put_cf(calls, call_key(*id), place(height, *index));
        }
        let tree = self.stage(&mut batch, height, &result.writes)?;
        let outcome = Outcome {
            state_root: tree.root(),
            receipts_root: result.receipts_root(),
            receipts: result.receipts.len() as u32,
            time_ms: block.header.time_ms,
        };
        let results_root = outcome.chain(before.results.results_root, height);
        let tip = Tip {
            height,
            block: block.header.hash(),
            transactions: before.transactions + result.effective.len() as u64,
            results: Results { outcome, results_root },
        };
        self.seal(batch, tip, tree)?;
        if height > HISTORY && height.is_multiple_of(HISTORY_STEP) {
            self.db.increase_full_history_ts_low(self.family(STATE)?, (height - HISTORY).to_le_bytes())?;
        }
        Ok(tip)
    }

    /// Adds state writes to a batch; answers with the tree after them.
    fn stage(&self, batch: &mut WriteBatch, height: u64, writes: &Writes) -> Result<Tree, StoreError> {
        let family = self.family(STATE)?;
        let at = height.to_le_bytes();
        for (key, value) in writes {
            match value {
                Some(v) => batch.put_cf_with_ts(family, key, at, v),
                None => batch.delete_cf_with_ts(family, key, at),
            }
        }
        let before = self.versions().newest();
        Ok(before.with(writes.iter().map(|(k, v)| (&k[..], v.as_deref()))))
    }

    /// Writes a batch with its tip, durably.
    fn seal(&self, mut batch: WriteBatch, tip: Tip, tree: Tree) -> Result<(), StoreError> {
        batch.put_cf(self.family(RESULTS)?, tip.height.to_be_bytes(), tip.results.encode());
        let encoded = [&tip.height.to_be_bytes()[..], &tip.transactions.to_be_bytes(), &tip.block.0].concat();
        batch.put_cf(self.family(META)?, b"tip", encoded);
        let mut durable = WriteOptions::default();
        durable.set_sync(true);
        self.db.write_opt(batch, &durable)?;
        self.versions().push(tip.height, tree);
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }

    /// Validators that sign headers.
    pub(crate) fn committee(&self) -> usize {
        self.committee
    }

    pub(crate) fn db(&self) -> &DB {
        &self.db
    }

    pub(crate) fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| StoreError::Damaged(format!("the column {name} is missing")))
    }

    pub(crate) fn versions(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, family: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get_cf(self.family(family)?, key)?)
    }
}

fn decode_tip(bytes: &[u8]) -> Option<(u64, u64, Hash)> {
    let (height, rest) = bytes.split_first_chunk::<8>()?;
    let (transactions, block) = rest.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*height), u64::from_be_bytes(*transactions), Hash::try_from(block).ok()?))
}
