use crate::tree::{Tree, Undo};
use std::{collections::BTreeMap, sync::Arc};

/// Newest heights whose trees can be had: a header certifies the results of at most K = 4 blocks before it, and whoever
/// asks for a proof may ask for another at the same height. Each one holds the keys that its block changed.
const KEPT: u64 = 16;
/// Snapshots that are offered at once: nodes that join may be fetching an older one.
const OFFERED: u64 = 4;
/// Trees of snapshots that are kept for those who fetch them: each has 126 bytes a key.
const BUILT: usize = 2;
/// Heights without any use after which the tree of a snapshot may go for that of an older one. Who fetches one asks many
/// times in that time, and who asks for all of them in turns makes this node build no more than two in it.
const UNUSED: u64 = 100;

/// The tree over the newest state; how to lead it back to earlier ones, and those that somebody asked for; and those of
/// snapshots that are being fetched.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    newest: Tree,
    height: u64,
    /// What leads from the state after a block to the one before it.
    undo: BTreeMap<u64, Arc<Undo>>,
    earlier: BTreeMap<u64, Tree>,
    built: BTreeMap<u64, Built>,
    /// Heights from one snapshot to the next; 0 for none.
    every: u64,
}

/// A tree, and what leads it back to an earlier one, the last block's changes first.
pub(crate) struct Way(pub Tree, pub Vec<Arc<Undo>>);

/// The tree of a snapshot.
#[derive(Debug)]
struct Built {
    tree: Tree,
    /// The tip when it was last asked for.
    used: u64,
}

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
        let oldest = (self.height + 1).saturating_sub(KEPT);
        self.undo.retain(|height, _| *height > oldest);
        self.earlier.retain(|height, _| *height >= oldest);
        self.let_go(self.height);
    }

    /// Lets go of trees of snapshots that are long no longer offered.
    fn let_go(&mut self, tip: u64) {
        let snapshot = (tip + 1).saturating_sub(self.every.saturating_mul(OFFERED + 1));
        self.built.retain(|height, _| *height >= snapshot);
    }

    /// The way to the tree over the state of a height, from the nearest that is there; asked for at a tip.
    pub fn at(&mut self, height: u64, tip: u64) -> Option<Way> {
        if let Some(built) = self.built.get_mut(&height) {
            built.used = built.used.max(tip);
            return Some(Way(built.tree.clone(), Vec::new()));
        }
        let (from, tree) = self.earlier.range(height..).next().unwrap_or((&self.height, &self.newest));
        let undo: Option<Vec<_>> = (height + 1..=*from).rev().map(|h| self.undo.get(&h).cloned()).collect();
        (height <= self.height).then_some(Way(tree.clone(), undo?))
    }

    /// Keeps a tree that somebody asked for, as long as it can be asked for.
    pub fn keep_earlier(&mut self, height: u64, tree: Tree) {
        if height < self.height && height + KEPT > self.height {
            self.earlier.insert(height, tree);
        }
    }

    /// The first and the last of the newest heights whose trees can be had.
    pub fn heights(&self) -> (u64, u64) {
        (self.undo.keys().next().map_or(self.height, |h| h - 1), self.height)
    }

    /// Heights of the snapshots that are offered at a tip, ascending.
    pub fn offered(&self, tip: u64, oldest: u64) -> Vec<u64> {
        let Some(newest) = tip.checked_div(self.every) else { return Vec::new() };
        let multiples = newest.saturating_sub(OFFERED - 1)..=newest;
        multiples.map(|n| n * self.every).filter(|h| *h >= oldest.max(1)).collect()
    }

    /// Whether the tree of a snapshot may be built at a tip: that of the newest one always, others in a free place or in
    /// that of one without use.
    pub fn may_build(&self, height: u64, tip: u64) -> bool {
        let is_newest = tip.checked_div(self.every).is_some_and(|n| n * self.every == height);
        is_newest || self.built.len() < BUILT || self.built.values().any(|b| b.used.saturating_add(UNUSED) <= tip)
    }

    /// Keeps the tree of a snapshot that somebody fetches, in the place of the one that was not used for longest.
    pub fn keep(&mut self, height: u64, tip: u64, tree: Tree) {
        self.built.insert(height, Built { tree, used: tip });
        while self.built.len() > BUILT {
            let others = self.built.iter().filter(|(h, _)| **h != height);
            let Some(unused) = others.min_by_key(|(_, b)| b.used).map(|(h, _)| *h) else { return };
            self.built.remove(&unused);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_offered_as_they_come_and_as_long_as_their_states_are_kept() {
        let every = |n| Versions::new(n);
        assert!(every(0).offered(1_000, 0).is_empty());
        assert!(every(100).offered(99, 0).is_empty(), "the first one is still to come");
        assert_eq!(every(100).offered(100, 0), [100]);
        assert_eq!(every(100).offered(399, 0), [100, 200, 300]);
        assert_eq!(every(100).offered(1_050, 0), [700, 800, 900, 1_000], "four at most");
        assert_eq!(every(100).offered(1_050, 801), [900, 1_000], "the older states are let go");
        assert!(every(100).offered(1_050, 1_001).is_empty());
        assert!(every(u64::MAX).offered(1_050, 0).is_empty());
        // It once overflowed here: an archive may have any number in its configuration.
        every(u64::MAX).let_go(1_050);
    }

    /// With two newer trees built, the tree of an older snapshot was once thrown away as soon as it was built: every
    /// piece of that snapshot built it again.
    #[test]
    fn a_tree_that_was_just_built_stays_and_the_one_without_use_goes() {
        let mut versions = Versions::new(100);
        versions.keep(400, 410, Tree::default());
        versions.keep(300, 411, Tree::default());
        versions.keep(100, 412, Tree::default());
        assert!(versions.at(100, 412).is_some() && versions.at(300, 420).is_some());
        assert!(versions.at(400, 412).is_none(), "it was not used for longest");
        versions.keep(200, 421, Tree::default());
        assert!(versions.at(100, 421).is_none() && versions.at(300, 421).is_some());
    }

    /// Whoever asked for four snapshots in turns once made a node build a tree for each question.
    #[test]
    fn trees_in_use_are_not_given_up_for_others() {
        let mut versions = Versions::new(100);
        assert!(versions.may_build(400, 450));
        versions.keep(400, 450, Tree::default());
        assert!(versions.may_build(300, 450), "there is room");
        versions.keep(300, 450, Tree::default());
        for height in [100, 200] {
            assert!(!versions.may_build(height, 450 + UNUSED - 1));
            assert!(versions.may_build(height, 450 + UNUSED));
        }
        assert!(versions.at(300, 540).is_some());
        versions.keep(200, 550, Tree::default());
        assert!(versions.at(400, 550).is_none(), "it was without use");
        assert!(!versions.may_build(400, 560), "a newer one is offered by now");
        assert!(versions.may_build(500, 560), "whoever joins begins with the newest");
    }
}
