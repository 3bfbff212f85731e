use crate::tree::{Tree, Undo};
use std::{collections::BTreeMap, sync::Arc};

/// Heights back to which a tree can be led: a header certifies the results of at most K = 4 blocks
/// before it, and whoever asks for a proof may ask for another at the same height. Each one holds the
/// keys that its block changed.
const KEPT: u64 = 16;
/// Snapshots that are offered at once: nodes that join may be fetching an older one.
const OFFERED: u64 = 4;
/// Trees of snapshots that are kept for those who fetch them.
const BUILT: usize = 2;

/// The tree over the newest state; how to lead it back to earlier ones, and those that somebody asked
/// for; and those of snapshots that are being fetched.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    newest: Tree,
    height: u64,
    /// What leads from the state after a block to the one before it.
    undo: BTreeMap<u64, Arc<Undo>>,
    earlier: BTreeMap<u64, Tree>,
    built: BTreeMap<u64, Tree>,
    /// Heights from one snapshot to the next; 0 for none.
    every: u64,
}

/// A tree, and what leads it back to an earlier one, the last block's changes first.
pub(crate) struct Way(pub Tree, pub Vec<Arc<Undo>>);

impl Versions {
    /// None yet.
    pub fn new(every: u64) -> Versions {
        Versions { every, ..Default::default() }
    }

    /// The tree over the newest state. Whoever changes it says so with [`Versions::advance`], or makes it undone.
    pub fn newest(&mut self) -> &mut Tree {
        &mut self.newest
    }

    /// Begins with the tree over the state of a height.
    pub fn start(&mut self, height: u64, tree: Tree) {
        *self = Versions { newest: tree, height, ..Versions::new(self.every) };
    }

    /// The newest tree is that of the next height; this leads back.
    pub fn advance(&mut self, undo: Undo) {
        self.height += 1;
        self.undo.insert(self.height, Arc::new(undo));
        let oldest = self.height.saturating_sub(KEPT);
        self.undo.retain(|height, _| *height > oldest);
        self.earlier.retain(|height, _| *height >= oldest);
        let snapshot = (self.height + 1).saturating_sub(self.every * (OFFERED + 1));
        self.built.retain(|height, _| *height >= snapshot);
    }

    /// The way to the tree over the state of a height, from the nearest that is there.
    pub fn at(&self, height: u64) -> Option<Way> {
        if let Some(built) = self.built.get(&height) {
            return Some(Way(built.clone(), Vec::new()));
        }
        let (from, tree) = self.earlier.range(height..).next().unwrap_or((&self.height, &self.newest));
        let undo: Option<Vec<_>> = (height + 1..=*from).rev().map(|h| self.undo.get(&h).cloned()).collect();
        (height <= self.height).then_some(Way(tree.clone(), undo?))
    }

    /// Keeps a tree that somebody asked for, as long as it can be asked for.
    pub fn keep_earlier(&mut self, height: u64, tree: Tree) {
        if height < self.height && height + KEPT >= self.height {
            self.earlier.insert(height, tree);
        }
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
}
