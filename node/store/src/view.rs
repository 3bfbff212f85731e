use crate::{Store, StoreError, columns::STATE};
use rocksdb::{DBIterator, Direction, IteratorMode, ReadOptions};
use std::sync::Arc;
use stint_runtime::{Entry, State, StateError};

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

    fn range(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StoreError> {
        let mut options = self.options();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        let mode = match reverse {
            false => IteratorMode::From(from, Direction::Forward),
            true => IteratorMode::End,
        };
        let entries = self.store.db().iterator_cf_opt(self.store.family(STATE)?, options, mode);
        let read: Result<Vec<Entry>, _> =
            entries.take(limit).map(|e| e.map(|(k, v)| (k.into_vec(), v.into_vec()))).collect();
        self.kept()?;
        Ok(read?)
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
