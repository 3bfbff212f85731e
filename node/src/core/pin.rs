//! A block whose hash the operator knows from elsewhere: a node keeps no other ledger than the one with this block.
//!
//! It is compared where it is kept, and remembered for the time when it no longer is; one that is still to come is
//! compared before it is executed.

use super::Node;
use stint_proto::{Hash, Header};

impl Node {
    /// Compares the pinned block, now or when it comes.
    pub fn pin(&self, height: u64, hash: Hash) -> Result<(), String> {
        let kept = match height {
            0 => Some(self.genesis_block().header),
            _ => self.store.header(height).map_err(|e| e.to_string())?,
        };
        match kept {
            Some(header) => {
                same(&header, (height, hash))?;
                self.remember_pinned(height, hash)
            }
            None if height > self.tip().height => {
                // Only the operator's first word counts; there is one a start.
                let _ = self.pinned.set((height, hash));
                Ok(())
            }
            None if self.store.pinned().map_err(|e| e.to_string())? == Some((height, hash)) => Ok(()),
            None => Err(format!(
                "the pinned block {height} is not kept here, so its hash cannot be compared; pin one from {} on, or fetch the ledger anew in an empty folder",
                self.store.oldest().block
            )),
        }
    }

    /// Compares a block that is about to be executed.
    pub(super) fn check_pinned(&self, header: &Header) -> Result<(), String> {
        match self.pinned.get().filter(|(height, _)| *height == header.height) {
            Some(pinned) => same(header, *pinned),
            None => Ok(()),
        }
    }

    /// Remembers the pinned block once it is kept.
    pub(super) fn keep_pinned(&self, executed: u64) -> Result<(), String> {
        match self.pinned.get().filter(|(height, _)| *height == executed) {
            Some((height, hash)) => self.remember_pinned(*height, *hash),
            None => Ok(()),
        }
    }

    fn remember_pinned(&self, height: u64, hash: Hash) -> Result<(), String> {
        self.store.set_pinned(height, hash).map_err(|e| e.to_string())
    }
}

fn same(header: &Header, (height, pinned): (u64, Hash)) -> Result<(), String> {
    match header.hash() {
        hash if hash == pinned => Ok(()),
        hash => Err(format!(
            "block {height} has the hash {hash}, and {pinned} is pinned: this is another ledger than the one that was asked for, or the pin is wrong"
        )),
    }
}
