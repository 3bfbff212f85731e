//! Double signs that were seen here and are not on the ledger yet: they outlive the process, whatever ends it.

use crate::{Store, StoreError, columns::META};
use rocksdb::{Direction, IteratorMode};

/// Keys of them begin so.
const SEEN: &[u8] = b"seen";

impl Store {
    /// Remembers one by a name. The next block makes it durable.
    pub fn remember_seen(&self, name: &[u8], evidence: &[u8]) -> Result<(), StoreError> {
        Ok(self.db().put_cf(self.family(META)?, [SEEN, name].concat(), evidence)?)
    }

    /// Forgets one that was told.
    pub fn forget_seen(&self, name: &[u8]) -> Result<(), StoreError> {
        Ok(self.db().delete_cf(self.family(META)?, [SEEN, name].concat())?)
    }

    /// All that are to be told, in the order of their names.
    pub fn seen(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut seen = Vec::new();
        for entry in self.db().iterator_cf(self.family(META)?, IteratorMode::From(SEEN, Direction::Forward)) {
            let (name, evidence) = entry?;
            if !name.starts_with(SEEN) {
                break;
            }
            seen.push(evidence.into());
        }
        Ok(seen)
    }
}
