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
}

/// With what an operator can do: this is the only trace of it where a block cannot be executed.
fn failed(e: rocksdb::Error) -> StateError {
    StoreError::from(e).into()
}

impl StateView {
    /// All entries from a key on, in order.
    pub(crate) fn entries(&self, from: &[u8]) -> Result<DBIterator<'_>, StoreError> {
        let mode = IteratorMode::From(from, Direction::Forward);
        Ok(self.store.db().iterator_cf_opt(self.store.family(STATE)?, self.options(), mode))
    }

    /// A value, whether or not the state is still kept.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.store.db().get_cf_opt(self.store.family(STATE)?, key, &self.options())?)
    }
}

impl StateView {
    /// Whether what was read before is the state: it goes in parts, after it is no longer offered.
    fn kept(&self) -> Result<(), StateError> {
        match self.store.oldest().state {
            oldest if oldest > self.height => Err(StateError(format!(
                "the state after block {} is no longer kept; the oldest is that after {oldest}",
                self.height
            ))),
            _ => Ok(()),
        }
    }
}

impl State for StateView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let read = self.read(key);
        self.kept().and_then(|()| Ok(read?))
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let mut options = self.options();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        let mode = match reverse {
            false => IteratorMode::From(from, Direction::Forward),
            true => IteratorMode::End,
        };
        let entries = self.store.db().iterator_cf_opt(self.store.family(STATE)?, options, mode);
        let read: Result<Vec<Entry>, _> =
            entries.take(limit).map(|e| e.map(|(k, v)| (k.into_vec(), v.into_vec())).map_err(failed)).collect();
        self.kept().and(read)
    }
}
