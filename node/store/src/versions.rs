use crate::Tree;
use std::collections::BTreeMap;

/// Heights whose trees are kept: a header certifies the results of at most K = 4 blocks before it, and whoever asks for
/// a proof may ask for another at the same height. Each one holds what changed since: a few kB a change.
const KEPT: u64 = 16;
/// Snapshots that are offered at once: nodes that join may be fetching an older one.
const OFFERED: u64 = 4;
/// Trees of snapshots that are kept for those who fetch them: each has 126 bytes a key.
const BUILT: usize = 2;
/// Heights without any use after which the tree of a snapshot may go for that of an older one. Who fetches one asks many
/// times in that time, and who asks for all of them in turns makes this node build no more than two in it.
const UNUSED: u64 = 100;

/// The trees over the newest states, which share what is equal, and those of snapshots that are being fetched.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    newest: BTreeMap<u64, Tree>,
    built: BTreeMap<u64, Built>,
    /// Heights from one snapshot to the next; 0 for none.
    every: u64,
}

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

    /// The tree over the newest state.
    pub fn newest(&self) -> Tree {
        self.newest.last_key_value().map(|(_, tree)| tree.clone()).unwrap_or_default()
    }

    /// The tree over the state of a height, asked for at a tip.
    pub fn at(&mut self, height: u64, tip: u64) -> Option<Tree> {
        if let Some(built) = self.built.get_mut(&height) {
            built.used = built.used.max(tip);
        }
        self.newest.get(&height).or_else(|| self.built.get(&height).map(|b| &b.tree)).cloned()
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

    /// Takes the next tree.
    pub fn push(&mut self, height: u64, tree: Tree) {
        self.newest.insert(height, tree);
    }

    /// The trees that a tip no longer needs, for whoever has the time to take them apart.
    pub fn retire(&mut self, tip: u64) -> Vec<Tree> {
        let oldest = (tip + 1).saturating_sub(KEPT);
        let newest = self.newest.split_off(&oldest);
        let snapshot = (tip + 1).saturating_sub(self.every.saturating_mul(OFFERED + 1));
        let built = self.built.split_off(&snapshot);
        let newest = std::mem::replace(&mut self.newest, newest);
        let built = std::mem::replace(&mut self.built, built);
        newest.into_values().chain(built.into_values().map(|b| b.tree)).collect()
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
        assert!(every(u64::MAX).retire(1_050).is_empty());
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
