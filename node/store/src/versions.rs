use crate::Tree;
use std::collections::BTreeMap;

/// Heights whose trees are kept: a header certifies the results of at most K = 4 blocks before it, and whoever asks for
/// a proof may ask for another at the same height. Each one holds what changed since: a few kB a change.
const KEPT: u64 = 16;
/// Snapshots that are offered at once: nodes that join may be fetching an older one.
const OFFERED: u64 = 4;
/// Trees of snapshots that are kept for those who fetch them.
const BUILT: usize = 2;

/// The trees over the newest states, which share what is equal, and those of snapshots that are being fetched.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    newest: BTreeMap<u64, Tree>,
    built: BTreeMap<u64, Tree>,
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
        self.newest.get(&height).or_else(|| self.built.get(&height)).cloned()
    }

    /// The first and the last of the newest heights whose trees are kept.
    pub fn heights(&self) -> Option<(u64, u64)> {
        Some((*self.newest.first_key_value()?.0, *self.newest.last_key_value()?.0))
    }

    /// Heights of the snapshots that are offered at a tip, ascending.
    pub fn offered(&self, tip: u64, oldest: u64) -> Vec<u64> {
        let Some(newest) = tip.checked_div(self.every) else { return Vec::new() };
        let multiples = newest.saturating_sub(OFFERED - 1)..=newest;
        multiples.map(|n| n * self.every).filter(|h| *h >= oldest.max(1)).collect()
    }

    /// Keeps the tree of a snapshot that somebody fetches, in the place of the oldest.
    pub fn keep(&mut self, height: u64, tree: Tree) {
        self.built.insert(height, tree);
        if self.built.len() > BUILT {
            self.built.pop_first();
        }
    }

    /// Takes the next tree.
    pub fn push(&mut self, height: u64, tree: Tree) {
        self.newest.insert(height, tree);
    }

    /// The trees that a tip no longer needs, for whoever has the time to take them apart.
    pub fn retire(&mut self, tip: u64) -> Vec<Tree> {
        let oldest = (tip + 1).saturating_sub(KEPT);
        let newest = self.newest.split_off(&oldest);
        let snapshot = (tip + 1).saturating_sub(self.every * (OFFERED + 1));
        let built = self.built.split_off(&snapshot);
        let newest = std::mem::replace(&mut self.newest, newest);
        let built = std::mem::replace(&mut self.built, built);
        newest.into_values().chain(built.into_values()).collect()
    }
}
