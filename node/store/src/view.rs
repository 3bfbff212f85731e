use crate::{Store, StoreError, columns::STATE, tree::Beside};
use rocksdb::{DBIterator, DBRawIterator, Direction, ErrorKind, IteratorMode, ReadOptions};
use std::sync::Arc;
use stint_runtime::{Entry, State, StateError};

/// Deleted keys, and versions of keys, that a scan steps over before it asks the tree where to go on.
const SKIPPED: u64 = 32;
/// The same in states whose tree is not at hand: there a scan ends in words.
const SKIPPED_OLD: u64 = 100_000;

/// The state as it stood after one block.
#[derive(Clone)]
pub struct StateView {
    store: Arc<Store>,
    height: u64,
}

impl StateView {
    pub(crate) fn new(store: Arc<Store>, height: u64) -> StateView {
        StateView { store, height }
    }

    /// The block after which it is read.
    pub fn height(&self) -> u64 {
        self.height
    }

    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.set_timestamp(self.height.to_le_bytes());
        options
    }

    /// All entries from a key on, in order.
    pub(crate) fn entries(&self, from: &[u8]) -> Result<DBIterator<'_>, StoreError> {
        let mode = IteratorMode::From(from, Direction::Forward);
        Ok(self.store.db().iterator_cf_opt(self.store.family(STATE)?, self.options(), mode))
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.store.db().get_cf_opt(self.store.family(STATE)?, key, &self.options());
        self.kept()?;
        Ok(read?)
    }

    /// RocksDB gives up where many deleted keys stand together, and the tree says which key comes next: what a scan
    /// costs then depends on what it finds alone.
    fn range(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StoreError> {
        let step = |entries: &mut DBRawIterator<'_>| if reverse { entries.prev() } else { entries.next() };
        let mut entries = self.iterator(from, to, SKIPPED)?;
        match reverse {
            false => entries.seek_to_first(),
            true => entries.seek_to_last(),
        }
        let mut read: Vec<Entry> = Vec::new();
        let mut patient = false;
        while read.len() < limit {
            if let Some((key, value)) = entries.item() {
                read.push((key.to_vec(), value.to_vec()));
                step(&mut entries);
                continue;
            }
            match entries.status() {
                Ok(()) => break,
                Err(e) if e.kind() == ErrorKind::Incomplete => {}
                Err(e) => return Err(e.into()),
            }
            // A zero byte behind a key makes the first key after it.
            let bound = match (read.last(), reverse) {
                (Some((last, _)), true) => last.clone(),
                (Some((last, _)), false) => [last, &[0][..]].concat(),
                (None, true) => to.to_vec(),
                (None, false) => from.to_vec(),
            };
            let side = if reverse { Beside::Before } else { Beside::From };
            match self.store.beside(self.height, &bound, side) {
                Some(Some(key)) if from <= &key[..] && &key[..] < to => {
                    entries.seek(&key);
                    if entries.key() != Some(&key[..]) {
                        self.kept()?;
                        entries.status()?;
                        return Err(StoreError::Damaged("a key of the tree has no value".into()));
                    }
                }
                Some(_) => break,
                None if patient => return Err(StoreError::Sparse(self.height)),
                None => {
                    patient = true;
                    entries = self.iterator(from, to, SKIPPED_OLD)?;
                    match (read.last(), reverse) {
                        (None, true) => entries.seek_to_last(),
                        _ => entries.seek(&bound),
                    }
                    // Backwards, that is the one which was found last.
                    if reverse && !read.is_empty() {
                        step(&mut entries);
                    }
                }
            }
        }
        self.kept()?;
        Ok(read)
    }

    /// Entries of a range, giving up where more than so many deleted keys stand together.
    fn iterator(&self, from: &[u8], to: &[u8], skipped: u64) -> Result<DBRawIterator<'_>, StoreError> {
        let mut options = self.options();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        options.set_max_skippable_internal_keys(skipped);
        Ok(self.store.db().raw_iterator_cf_opt(self.store.family(STATE)?, options))
    }

    /// Whether what was read before is the state: it goes in parts, after it is no longer offered.
    fn kept(&self) -> Result<(), StoreError> {
        match self.store.oldest().state {
            oldest if oldest > self.height => Err(StoreError::LetGo(format!(
                "the state after block {} is no longer kept; the oldest is that after {oldest}",
                self.height
            ))),
            _ => Ok(()),
        }
    }

    /// The runtime passes errors on as text, so the store remembers those with which the disk fails.
    fn noted(&self, e: StoreError) -> StateError {
        self.store.note(&e);
        e.into()
    }
}

impl State for StateView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.value(key).map_err(|e| self.noted(e))
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        self.range(from, to, limit, reverse).map_err(|e| self.noted(e))
    }
}
