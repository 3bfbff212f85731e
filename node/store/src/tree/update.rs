//! How a tree changes. Keys that are there get their values by `replace.rs`. Where keys come or go, first the nodes
//! change, each copied the first time that an update touches it, then their hashes, each once:
//!
//! 1. The shape follows from the set of keys alone: a part with at most [`BUCKET`] keys is a bucket,
//!    any other a branch at the first bit in which its keys differ.
//! 2. A node whose hash is missing belongs to this update alone, and so do those above it.
//! 3. No way down is longer than the longest key has bits; only hashing goes down it by recursion.

use super::{Branch, Bucket, Leaf, Node, Subtree, WORTH_A_THREAD, replace::replace};
use std::{
    cmp::Ordering,
    sync::{Arc, OnceLock},
};
use stint_verifier::{
    Hash,
    key::{bit, first_difference},
    tree::{BUCKET, branch_hash, value_hash},
};

/// A key, and its value or none.
pub type Change<'a> = (&'a [u8], Option<Put<'a>>);

/// A value, or its hash.
#[derive(Clone, Copy)]
pub enum Put<'a> {
    Value(&'a [u8]),
    Hash(Hash),
}

impl Put<'_> {
    /// The hash of the value.
    pub fn hash(self) -> Hash {
        match self {
            Put::Value(value) => value_hash(value),
            Put::Hash(hash) => hash,
        }
    }
}

/// Keys and the hashes of the values that they had, in order.
pub type Before = Vec<(Box<[u8]>, Option<Hash>)>;

/// Keys below which a part is not worth a thread.
const LARGE: u64 = 4_096;

/// Changes a tree, by changes in the order of their keys, and hashes what they touched; says what was
/// there before. Threads share the work; what comes of it does not depend on their number.
pub fn update(tree: &mut Option<Subtree>, changes: &[Change<'_>], threads: usize) -> Before {
    let mut old = vec![None; changes.len()];
    let rest = match tree {
        Some(root) => replace(root, changes, &mut old, threads),
        None => (0..changes.len()).collect(),
    };
    let others: Vec<Change<'_>> = rest.iter().map(|at| changes[*at]).collect();
    for (at, was) in rest.into_iter().zip(reshape(tree, &others, threads)) {
        old[at] = was;
    }
    changes.iter().zip(old).map(|((key, _), was)| (Box::from(*key), was)).collect()
}

/// The same of changes that add or take away keys: gives the hashes of the values that these had.
fn reshape(tree: &mut Option<Subtree>, changes: &[Change<'_>], threads: usize) -> Vec<Option<Hash>> {
    let large = |part: &&Subtree| threads > 1 && changes.len() >= WORTH_A_THREAD && part.keys() >= LARGE;
    let (first, end) = tree.as_ref().filter(large).map_or((0, 0), |part| part.reach(changes));
    let below = reshape_halves(tree, &changes[first..end], threads);
    let mut old = Vec::with_capacity(changes.len());
    old.extend(changes[..first].iter().map(|c| change(tree, c)));
    old.extend(below);
    old.extend(changes[end..].iter().map(|c| change(tree, c)));
    if let Some(part) = tree {
        part.settle(&mut Vec::new());
    }
    old
}

/// The same of changes that belong below a branch, each half on a thread of its own where both have much to do.
fn reshape_halves(tree: &mut Option<Subtree>, changes: &[Change<'_>], threads: usize) -> Vec<Option<Hash>> {
    let branch = match tree.take() {
        Some(Subtree { node: Node::Branch(branch), .. }) if !changes.is_empty() => Arc::unwrap_or_clone(branch),
        other => {
            *tree = other;
            return Vec::new();
        }
    };
    let (to_left, to_right) = changes.split_at(changes.partition_point(|(key, _)| !bit(key, branch.bit)));
    let (mut left, mut right) = (Some(branch.left), Some(branch.right));
    let (mut old, after) = if to_left.len().min(to_right.len()) < WORTH_A_THREAD {
        (reshape(&mut left, to_left, threads), reshape(&mut right, to_right, threads))
    } else {
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| reshape(&mut left, to_left, threads / 2));
            let after = reshape(&mut right, to_right, threads - threads / 2);
            (beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), after)
        })
    };
    *tree = match (left, right) {
        (Some(left), Some(right)) => {
            let whole = Subtree::branch(branch.bit, left, right);
            Some(if whole.keys() > BUCKET as u64 { whole } else { Subtree::of(&whole.leaves()) })
        }
        (left, right) => left.or(right),
    };
    old.extend(after);
    old
}

/// Gives a key a value, or takes it away; gives the hash of the value that it had.
fn change(root: &mut Option<Subtree>, (key, put): &Change<'_>) -> Option<Hash> {
    let value = put.map(Put::hash);
    let leaf = |value| Leaf { key: Box::from(*key), value };
    let Some(tree) = root else {
        *root = value.map(|value| Subtree::of(&[leaf(value)]));
        return None;
    };
    let bucket = tree.bucket_of(key);
    let old = bucket.find(key);
    match (old, value) {
        (Some((slot, _)), Some(value)) => {
            if let Node::Bucket(bucket) = &mut tree.down(key, 0, |_| false).node {
                bucket.set(slot, value);
            }
        }
        (Some(_), None) if tree.keys() == 1 => *root = None,
        (Some(_), None) => remove(tree, key),
        (None, Some(value)) => {
            let at = first_difference(bucket.first(), key).unwrap_or_default();
            insert(tree, leaf(value), at);
        }
        (None, None) => {}
    }
    old.map(|(_, value)| value)
}

/// Adds a leaf, whose key first differs at bit `at` from all those that it meets there.
fn insert(tree: &mut Subtree, leaf: Leaf, at: usize) {
    let place = tree.down(&leaf.key, 1, |branch| branch.bit > at);
    match &place.node {
        Node::Bucket(bucket) => {
            let mut leaves: Vec<Leaf> = bucket.leaves().collect();
            leaves.insert(leaves.partition_point(|l| l.key < leaf.key), leaf);
            *place = build(leaves);
        }
        Node::Branch(_) => {
            let (old, new) = (place.clone(), Subtree::of(std::slice::from_ref(&leaf)));
            let (left, right) = if bit(&leaf.key, at) { (old, new) } else { (new, old) };
            *place = Subtree::branch(at, left, right);
        }
    }
}

/// Takes away a key that is there, and is not the only one.
fn remove(tree: &mut Subtree, key: &[u8]) {
    let alone = |branch: &Branch| matches!(&branch.side(key).node, Node::Bucket(b) if b.len() == 1);
    let place = tree.down(key, -1, |branch| branch.keys <= BUCKET as u64 + 1 || alone(branch));
    *place = match &place.node {
        Node::Branch(branch) if branch.keys > BUCKET as u64 + 1 => branch.other(key).clone(),
        _ => {
            let mut leaves = place.leaves();
            leaves.retain(|l| *l.key != *key);
            Subtree::of(&leaves)
        }
    };
}

/// The part over leaves in order, at least one, without hashes.
pub fn build(mut leaves: Vec<Leaf>) -> Subtree {
    let ends = leaves.first().zip(leaves.last()).filter(|_| leaves.len() > BUCKET);
    let Some(at) = ends.and_then(|(first, last)| first_difference(&first.key, &last.key)) else {
        return Subtree::of(&leaves);
    };
    let right = leaves.split_off(leaves.partition_point(|l| !bit(&l.key, at)));
    Subtree::branch(at, build(leaves), build(right))
}

impl Subtree {
    fn of(leaves: &[Leaf]) -> Subtree {
        Subtree { hash: None, node: Node::Bucket(Bucket::new(leaves.iter())) }
    }

    fn branch(bit: usize, left: Subtree, right: Subtree) -> Subtree {
        let keys = left.keys() + right.keys();
        Subtree { hash: None, node: Node::Branch(Arc::new(Branch { bit, keys, left, right })) }
    }

    /// The bucket that holds a key, if any does.
    pub fn bucket_of(&self, key: &[u8]) -> &Bucket {
        let mut part = self;
        loop {
            match &part.node {
                Node::Bucket(bucket) => return bucket,
                Node::Branch(branch) => part = branch.side(key),
            }
        }
    }

    /// Goes the way of a key to its bucket, or to the first branch at which to stop; what lies on
    /// the way gets `more` keys.
    fn down(&mut self, key: &[u8], more: i64, stop: impl Fn(&Branch) -> bool) -> &mut Subtree {
        let mut part = self;
        part.hash = None;
        while let Node::Branch(branch) = &part.node
            && !stop(branch)
        {
            part = part.step(key, more);
            part.hash = None;
        }
        part
    }

    fn step(&mut self, key: &[u8], more: i64) -> &mut Subtree {
        match self.node {
            Node::Bucket(_) => self,
            Node::Branch(ref mut branch) => {
                let branch = Arc::make_mut(branch);
                branch.keys = branch.keys.saturating_add_signed(more);
                if bit(key, branch.bit) { &mut branch.right } else { &mut branch.left }
            }
        }
    }

    /// Which of sorted changes belong below a branch: those that share the bits before its own with
    /// the keys that are there.
    fn reach(&self, changes: &[Change<'_>]) -> (usize, usize) {
        let Node::Branch(branch) = &self.node else { return (0, 0) };
        let key = self.first_key();
        let beside = |c: &Change<'_>| match first_difference(c.0, key) {
            Some(at) if at < branch.bit => c.0.cmp(key),
            _ => Ordering::Equal,
        };
        let first = changes.partition_point(|c| beside(c) == Ordering::Less);
        (first, changes.partition_point(|c| beside(c) != Ordering::Greater))
    }

    /// All leaves, of a part that has few.
    fn leaves(&self) -> Vec<Leaf> {
        match &self.node {
            Node::Bucket(bucket) => bucket.leaves().collect(),
            Node::Branch(branch) => [branch.left.leaves(), branch.right.leaves()].concat(),
        }
    }

    /// Makes the hashes that are missing. When this part's own was, `key` is one of the keys below
    /// afterwards.
    pub fn settle(&mut self, key: &mut Vec<u8>) -> Hash {
        if let Some(hash) = self.hash {
            return hash;
        }
        let hash = match &mut self.node {
            Node::Bucket(bucket) => {
                key.clear();
                key.extend_from_slice(bucket.first());
                bucket.hash()
            }
            Node::Branch(branch) => {
                let branch = Arc::make_mut(branch);
                let settled = branch.left.hash.is_some() && branch.right.hash.is_some();
                let (left, right) = (branch.left.settle(key), branch.right.settle(key));
                if settled {
                    key.clear();
                    key.extend_from_slice(branch.left.first_key());
                }
                branch_hash(branch.bit, key, left, right)
            }
        };
        self.hash = Some(hash);
        hash
    }
}

impl Branch {
    /// Where a key belongs.
    fn side(&self, key: &[u8]) -> &Subtree {
        if bit(key, self.bit) { &self.right } else { &self.left }
    }

    fn other(&self, key: &[u8]) -> &Subtree {
        if bit(key, self.bit) { &self.left } else { &self.right }
    }
}

/// Threads that an update may use.
pub fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, |n| n.get().min(4)))
}
