use std::{collections::BTreeMap, ops::Bound};

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The state could not be read; the message says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state cannot be read: {0}")]
pub struct StateError(pub String);

/// State as it stood after one block, ordered by key.
pub trait State: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// Up to `limit` entries with `from <= key < to`, ascending, or descending when `reverse`.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError>;
}

/// State in memory, for tests and for what has not been stored yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState(pub BTreeMap<Vec<u8>, Vec<u8>>);

impl MemoryState {
    /// Takes over the writes of a block.
    pub fn apply(&mut self, writes: &crate::Writes) {
        for (key, value) in writes {
            match value {
                Some(v) => self.0.insert(key.clone(), v.clone()),
                None => self.0.remove(key),
            };
        }
    }
}

impl State for MemoryState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = self.0.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let copy = |(k, v): (&Vec<u8>, &Vec<u8>)| (k.clone(), v.clone());
        Ok(match reverse {
            false => range.take(limit).map(copy).collect(),
            true => range.rev().take(limit).map(copy).collect(),
        })
    }
}
