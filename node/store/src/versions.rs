use crate::Tree;
use std::collections::BTreeMap;

/// Heights whose trees are kept: a header certifies the results of at most K = 4 blocks before it,
/// and whoever asks for a proof may ask for another at the same height.
const KEPT: u64 = 64;
/// Snapshots that are offered at once: nodes that join may be fetching the older one.
const SNAPSHOTS: usize = 2;

/// The trees over the newest states, and over those of the newest snapshots. They share what is
/// equal.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    newest: BTreeMap<u64, Tree>,
    snapshots: BTreeMap<u64, Tree>,
    /// Heights from one snapshot to the next; 0 for none.
    every: u64,
}

impl Versions {
    /// None yet.
    pub fn new(every: u64) -> Versions {
        Versions { every, ..Default::default() }
    }

    /// The tree over the newest state.
    pub fn newest(&self) -> Tree {
        self.newest.last_key_value().map(|(_, tree)| tree.clone()).unwrap_or_default()
    }

    /// The tree over the state of a height.
    pub fn at(&self, height: u64) -> Option<Tree> {
        self.newest.get(&height).or_else(|| self.snapshots.get(&height)).cloned()
    }

    /// Heights of the snapshots, ascending.
    pub fn snapshots(&self) -> Vec<u64> {
        self.snapshots.keys().copied().collect()
    }

    /// Takes the next tree and lets go of the oldest.
    pub fn push(&mut self, height: u64, tree: Tree) {
        if height.checked_rem(self.every) == Some(0) {
            self.snapshots.insert(height, tree.clone());
            while self.snapshots.len() > SNAPSHOTS {
                self.snapshots.pop_first();
            }
        }
        self.newest.insert(height, tree);
        self.newest.retain(|h, _| h + KEPT > height);
    }
}
