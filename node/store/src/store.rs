use crate::{
    Keep, Oldest, Results, StoreError, Tree,
    columns::{self, BLOCKS, CALLS, CERTIFICATES, META, RECEIPTS, RESULTS, STATE},
    genesis,
    read::{call_key, place},
    tree::{Undo, WORTH_A_THREAD},
    versions::Versions,
};
use bytes::Bytes;
use rocksdb::{ColumnFamily, DB, Env, IteratorMode, ReadOptions, WriteBatch, WriteOptions};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
};
use stint_proto::{Block, Certificate, Genesis, Hash, Outcome};
use stint_runtime::{BlockResult, Writes, genesis_writes};
use stint_verifier::tree::value_hash;

const FORMAT: u32 = 5;

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
    /// Calls executed since the block from which they are counted here: [`Store::counted_from`].
    pub transactions: u64,
    /// Its results.
    pub results: Results,
}

/// Moments of a commit between which a machine may stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// All is ready to be written.
    Staged,
    /// Written, and lost if the power fails.
    Written,
    /// On the disk.
    Durable,
}

/// Is told of each moment, with the height; for tests of crashes.
pub type Witness = Arc<dyn Fn(Moment, u64) + Send + Sync>;

/// Whose data a folder holds.
#[derive(PartialEq, Eq)]
pub(crate) enum WhatLedger {
    None,
    This,
}

/// Everything that a node keeps. One writer, any number of readers.
pub struct Store {
    db: DB,
    versions: Mutex<Versions>,
    /// Held while the tree over an older state is built again.
    pub(crate) rebuilding: Mutex<()>,
    tip: RwLock<Tip>,
    pub(crate) keep: Keep,
    pub(crate) oldest: RwLock<Oldest>,
    /// The first block whose calls are counted.
    pub(crate) counted_from: u64,
    /// What a read of the state met when the disk failed it.
    broken: OnceLock<String>,
    witness: Option<Witness>,
}

impl Store {
    /// Opens a store, or starts it from genesis when it is empty.
    pub fn open(medium: &Medium, genesis: &Genesis, chain_id: Hash, keep: Keep) -> Result<Arc<Store>, StoreError> {
        Store::open_watched(medium, genesis, chain_id, keep, None)
    }

    /// The same, telling a witness of the moments of each commit.
    pub fn open_watched(
        medium: &Medium,
        genesis: &Genesis,
        chain_id: Hash,
        keep: Keep,
        witness: Option<Witness>,
    ) -> Result<Arc<Store>, StoreError> {
        let mut store = Store::blank(medium, genesis, keep)?;
        store.witness = witness;
        match store.what_ledger(chain_id)? {
            WhatLedger::None => store.start(genesis, chain_id)?,
            WhatLedger::This => store.resume()?,
        }
        Ok(Arc::new(store))
    }

    /// A store of which nothing was read yet.
    pub(crate) fn blank(medium: &Medium, genesis: &Genesis, keep: Keep) -> Result<Store, StoreError> {
        let outcome =
            Outcome { state_root: Hash::ZERO, receipts_root: Hash::ZERO, receipts: 0, time_ms: genesis.time_ms };
        let results = Results { outcome, results_root: Hash::ZERO };
        let empty = Tip { height: 0, block: Hash::ZERO, transactions: 0, results };
        Ok(Store {
            db: columns::open(medium)?,
            versions: Mutex::new(Versions::new(keep.snapshot_every)),
            rebuilding: Mutex::new(()),
            tip: RwLock::new(empty),
            keep,
            oldest: RwLock::new(Oldest { block: 1, receipts: 1, state: 0 }),
            counted_from: 1,
            broken: OnceLock::new(),
            witness: None,
        })
    }

    /// Whether the folder is empty or holds this ledger, in this format.
    pub(crate) fn what_ledger(&self, chain_id: Hash) -> Result<WhatLedger, StoreError> {
        let Some(found) = self.get(META, b"chain")? else {
            let blocks = self.db.iterator_cf(self.family(BLOCKS)?, IteratorMode::Start).next().transpose()?;
            return match blocks {
                None => Ok(WhatLedger::None),
                Some(_) => Err(StoreError::Damaged("it does not say of which ledger its blocks are".into())),
            };
        };
        if found != chain_id.0 {
            let found = Hash::try_from(&found[..]).unwrap_or_default().to_string();
            return Err(StoreError::OtherChain { found, expected: chain_id.to_string() });
        }
        let format = self.get(META, b"format")?.and_then(|f| f.try_into().ok()).map(u32::from_be_bytes);
        match format {
            Some(FORMAT) => Ok(WhatLedger::This),
            found => Err(StoreError::Format { found: found.unwrap_or(0), expected: FORMAT }),
        }
    }

    pub(crate) fn identify(&self, batch: &mut WriteBatch, chain_id: Hash) -> Result<(), StoreError> {
        batch.put_cf(self.family(META)?, b"format", FORMAT.to_be_bytes());
        batch.put_cf(self.family(META)?, b"chain", chain_id.0);
        Ok(())
    }

    fn start(&mut self, genesis: &Genesis, chain_id: Hash) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        self.identify(&mut batch, chain_id)?;
        self.stage(&mut batch, 0, &genesis_writes(genesis), self.versions().newest())?;
        self.seal(batch, Tip { results: genesis::results(genesis), ..self.tip() })
    }

    /// Reads the tip, rebuilds the tree and compares its root.
    fn resume(&mut self) -> Result<(), StoreError> {
        let damaged = |what: &str| StoreError::Damaged(what.into());
        if self.get(META, b"joining")?.is_some() {
            return Err(StoreError::Unfinished);
        }
        if let Some(bytes) = self.get(META, b"oldest")? {
            let oldest = Oldest::decode(&bytes).ok_or_else(|| damaged("the oldest heights"))?;
            *self.oldest.write().unwrap_or_else(PoisonError::into_inner) = oldest;
        }
        if let Some(bytes) = self.get(META, b"counted")? {
            self.counted_from = number(&bytes).ok_or_else(|| damaged("from where calls are counted"))?;
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
        self.versions().start(tip.0, tree);
        let tip = Tip { height: tip.0, transactions: tip.1, block: tip.2, results };
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }

    /// The tree over the state of a height, from the state itself.
    pub(crate) fn rebuild(&self, height: u64) -> Result<Tree, StoreError> {
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
        self.stage_block(&mut batch, block, certificate, &result.receipts)?;
        let calls = self.family(CALLS)?;
        for (id, index) in &result.effective {
            batch.put_cf(calls, call_key(*id), place(height, *index));
        }
        // Nobody reads the tree until what it stands for is durable.
        let mut versions = self.versions();
        let undo = self.stage(&mut batch, height, &result.writes, versions.newest())?;
        let outcome = Outcome {
            state_root: versions.newest().root(),
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
        match self.seal(batch, tip) {
            Ok(()) => versions.advance(undo),
            Err(e) => {
                versions.newest().undo(&undo);
                return Err(e);
            }
        }
        Ok(tip)
    }

    /// Adds a block, its votes and its receipts to a batch.
    pub(crate) fn stage_block(
        &self,
        batch: &mut WriteBatch,
        block: &Block,
        certificate: Option<&Certificate>,
        receipts: &[Bytes],
    ) -> Result<(), StoreError> {
        let height = block.header.height;
        batch.put_cf(self.family(BLOCKS)?, height.to_be_bytes(), block.encode());
        if let Some(certificate) = certificate {
            batch.put_cf(self.family(CERTIFICATES)?, height.to_be_bytes(), certificate.encode());
        }
        let family = self.family(RECEIPTS)?;
        for (index, receipt) in receipts.iter().enumerate() {
            batch.put_cf(family, place(height, index as u32), receipt);
        }
        Ok(())
    }

    /// Adds state writes to a batch and to the tree; answers with how to undo the latter.
    fn stage(&self, batch: &mut WriteBatch, height: u64, writes: &Writes, tree: &mut Tree) -> Result<Undo, StoreError> {
        let family = self.family(STATE)?;
        let at = height.to_le_bytes();
        let mut apply = || tree.apply(writes.iter().map(|(k, v)| (&k[..], v.as_deref())));
        let mut fill = || {
            for (key, value) in writes {
                match value {
                    Some(v) => batch.put_cf_with_ts(family, key, at, v),
                    None => batch.delete_cf_with_ts(family, key, at),
                }
            }
        };
        if writes.len() < WORTH_A_THREAD {
            fill();
            return Ok(apply());
        }
        Ok(std::thread::scope(|scope| {
            let undo = scope.spawn(apply);
            fill();
            undo.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        }))
    }

    /// Writes a batch with its tip, durably.
    pub(crate) fn seal(&self, mut batch: WriteBatch, tip: Tip) -> Result<(), StoreError> {
        let stored = [&tip.results.encode()[..], &tip.transactions.to_be_bytes()].concat();
        batch.put_cf(self.family(RESULTS)?, tip.height.to_be_bytes(), stored);
        let encoded = [&tip.height.to_be_bytes()[..], &tip.transactions.to_be_bytes(), &tip.block.0].concat();
        batch.put_cf(self.family(META)?, b"tip", encoded);
        self.tell(Moment::Staged, tip.height);
        self.write(batch, tip.height)?;
        self.tell(Moment::Durable, tip.height);
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = tip;
        Ok(())
    }

    fn write(&self, batch: WriteBatch, height: u64) -> Result<(), StoreError> {
        match self.witness {
            None => self.db.write_opt(batch, &durable())?,
            // The same in two steps.
            Some(_) => {
                self.db.write(batch)?;
                self.tell(Moment::Written, height);
                self.db.flush_wal(true)?;
            }
        }
        Ok(())
    }

    fn tell(&self, moment: Moment, height: u64) {
        if let Some(witness) = &self.witness {
            witness(moment, height);
        }
    }

    /// The first block whose calls are counted: 1, or the first one that was fetched from peers.
    pub fn counted_from(&self) -> u64 {
        self.counted_from
    }

    /// What a read of the state met when the disk failed it.
    pub fn broken(&self) -> Option<&str> {
        self.broken.get().map(String::as_str)
    }

    pub(crate) fn note(&self, e: &StoreError) {
        if e.is_of_disk() {
            self.broken.get_or_init(|| e.to_string());
        }
    }

    /// The block behind which the consensus engine was started anew, if it was.
    pub fn floor(&self) -> Result<Option<u64>, StoreError> {
        let damaged = || StoreError::Damaged("the engine's first block".into());
        self.get(META, b"floor")?.map(|b| number(&b).ok_or_else(damaged)).transpose()
    }

    /// Remembers it, durably.
    pub fn set_floor(&self, height: u64) -> Result<(), StoreError> {
        Ok(self.db.put_cf_opt(self.family(META)?, b"floor", height.to_be_bytes(), &durable())?)
    }

    /// The pinned block that was last found here: its height and the hash of its header.
    pub fn pinned(&self) -> Result<Option<(u64, Hash)>, StoreError> {
        let damaged = || StoreError::Damaged("the pinned block".into());
        let read = |b: Vec<u8>| {
            let (height, hash) = b.split_first_chunk::<8>()?;
            Some((u64::from_be_bytes(*height), Hash::try_from(hash).ok()?))
        };
        self.get(META, b"pinned")?.map(|b| read(b).ok_or_else(damaged)).transpose()
    }

    /// Remembers it, durably: the block itself may be let go later.
    pub fn set_pinned(&self, height: u64, hash: Hash) -> Result<(), StoreError> {
        let bytes = [&height.to_be_bytes()[..], &hash.0].concat();
        Ok(self.db.put_cf_opt(self.family(META)?, b"pinned", bytes, &durable())?)
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

/// For what must be on the disk when the call returns.
pub(crate) fn durable() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

fn decode_tip(bytes: &[u8]) -> Option<(u64, u64, Hash)> {
    let (height, rest) = bytes.split_first_chunk::<8>()?;
    let (transactions, block) = rest.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*height), u64::from_be_bytes(*transactions), Hash::try_from(block).ok()?))
}
