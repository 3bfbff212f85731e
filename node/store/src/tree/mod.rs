//! The tree whose root names the whole state; its definition is [`stint_verifier::tree`].
//!
//! It lives in memory, about a hundred bytes a key. Clones share what is equal, so that a proof or a
//! snapshot of an older height can be made while the ledger goes on; what is shared is copied when
//! it changes, what is not changes in place. A branch holds the hashes of both its halves, so that a change
//! of one need not look into the other; and it holds no part of a key: any key below begins as all do.

mod beside;
mod bucket;
mod replace;
mod update;

pub use beside::Beside;
use bucket::{Bucket, Leaf};
use std::{cmp::Ordering, sync::Arc};
use stint_verifier::{
    Hash,
    key::{BITS_A_BYTE, Below, bytes_of},
    tree::{KeyRange, Value, Writer},
};
use update::{Before, Change, Put};

/// Changes that take longer than to start a thread for them.
pub(crate) const WORTH_A_THREAD: usize = 128;

/// The tree over one state. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// None: the state is empty.
    root: Option<Subtree>,
}

/// What leads back to a tree as it was before some changes.
#[derive(Debug)]
pub struct Undo(Before);

/// A part of the tree.
#[derive(Clone, Debug)]
struct Subtree {
    /// None while an update is under way.
    hash: Option<Hash>,
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Bucket(Bucket),
    Branch(Arc<Branch>),
}

/// All keys below share the bits before `bit`; those on the right have a 1 there.
#[derive(Clone, Debug)]
struct Branch {
    bit: usize,
    keys: u64,
    left: Subtree,
    right: Subtree,
}

impl Tree {
    /// The root over everything.
    pub fn root(&self) -> Hash {
        self.root.as_ref().map_or(Hash::ZERO, Subtree::hash)
    }

    /// Number of keys.
    pub fn keys(&self) -> u64 {
        self.root.as_ref().map_or(0, Subtree::keys)
    }

    /// The tree over entries in ascending order of their keys.
    pub fn of_sorted(entries: impl IntoIterator<Item = (impl Into<Box<[u8]>>, Hash)>) -> Tree {
        let leaves: Vec<Leaf> = entries.into_iter().map(|(key, value)| Leaf { key: key.into(), value }).collect();
        let mut root = (!leaves.is_empty()).then(|| update::build(leaves));
        update::update(&mut root, &[], 1);
        Tree { root }
    }

    /// The tree after changes, in ascending order of their keys, each key once.
    pub fn with<'a>(&self, changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Tree {
        let mut tree = self.clone();
        tree.apply(changes);
        tree
    }

    /// Makes such changes to this tree; clones of it stay as they are. Says how to undo them.
    pub fn apply<'a>(&mut self, changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Undo {
        let changes: Vec<Change<'a>> = changes.into_iter().map(|(key, value)| (key, value.map(Put::Value))).collect();
        debug_assert!(changes.windows(2).all(|c| c[0].0 < c[1].0));
        Undo(update::update(&mut self.root, &changes, update::threads()))
    }

    /// Makes changes undone.
    pub fn undo(&mut self, Undo(before): &Undo) {
        let changes: Vec<Change<'_>> = before.iter().map(|(key, value)| (&key[..], value.map(Put::Hash))).collect();
        update::update(&mut self.root, &changes, update::threads());
    }

    /// Shows all keys of the ranges with their values, and proves that there are no others. `value` reads the value of a key that is there.
    pub fn show<E>(
        &self,
        ranges: &[KeyRange],
        mut value: impl FnMut(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let mut out = Writer::default();
        match &self.root {
            None => out.bucket(0),
            Some(root) => root.show(None, None, ranges, &mut value, &mut out)?,
        }
        Ok(out.bytes)
    }
}

impl Subtree {
    fn hash(&self) -> Hash {
        // Every tree that is handed out is settled.
        self.hash.unwrap_or(Hash::ZERO)
    }

    fn keys(&self) -> u64 {
        match &self.node {
            Node::Bucket(bucket) => bucket.len() as u64,
            Node::Branch(branch) => branch.keys,
        }
    }

    fn first_key(&self) -> &[u8] {
        let mut part = self;
        loop {
            match &part.node {
                Node::Bucket(bucket) => return bucket.first(),
                Node::Branch(branch) => part = &branch.left,
            }
        }
    }

    /// `first` is the first key here, if it is known already.
    fn show<E>(
        &self,
        below: Option<&Below>,
        first: Option<&[u8]>,
        ranges: &[KeyRange],
        value: &mut impl FnMut(&[u8]) -> Result<Vec<u8>, E>,
        out: &mut Writer,
    ) -> Result<(), E> {
        let beside = |key: &[u8]| below.map_or(Ordering::Equal, |b| b.beside(key));
        let asked = |r: &KeyRange| beside(&r.start) != Ordering::Less && beside(&r.end) != Ordering::Greater;
        if !ranges.iter().any(asked) {
            out.hidden(self.hash());
            return Ok(());
        }
        let known = below.map_or(0, |b| b.bit / BITS_A_BYTE);
        match &self.node {
            Node::Bucket(bucket) => {
                out.bucket(bucket.len());
                for leaf in bucket.leaves() {
                    let shown = ranges.iter().any(|r| r.start[..] <= *leaf.key && *leaf.key < r.end[..]);
                    let value = if shown { Value::Shown(value(&leaf.key)?) } else { Value::Hashed(leaf.value) };
                    out.leaf(known, &leaf.key, &value);
                }
            }
            Node::Branch(branch) => {
                let first = first.unwrap_or_else(|| self.first_key());
                out.branch(known, branch.bit, first);
                let prefix = first[..bytes_of(branch.bit)].to_vec();
                let mut below = Below { prefix, bit: branch.bit, right: false };
                branch.left.show(Some(&below), Some(first), ranges, value, out)?;
                below.right = true;
                branch.right.show(Some(&below), None, ranges, value, out)?;
            }
        }
        Ok(())
    }
}
