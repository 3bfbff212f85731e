//! The tree whose root names the whole state; its definition is [`stint_verifier::tree`].
//!
//! It lives in memory, about a hundred bytes a key. A tree never changes: an update makes a new one
//! that shares with the old all that stayed, so that a proof or a snapshot of an older height can
//! be made while the ledger goes on.

use std::{cmp::Ordering, sync::Arc};
use stint_verifier::{
    Hash, Reader,
    key::{BITS_A_BYTE, Below, bit, first_difference},
    tree::{BUCKET, KeyRange, Value, Writer, branch_hash, bucket_hash, value_hash},
};

/// Changes that take longer than to start a thread for them.
pub(crate) const WORTH_A_THREAD: usize = 128;

/// The tree over one state. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// None: the state is empty.
    root: Option<Arc<Node>>,
}

#[derive(Debug)]
enum Node {
    Bucket { hash: Hash, leaves: Packed },
    Branch { hash: Hash, place: Place, keys: u64, left: Arc<Node>, right: Arc<Node> },
}

/// Where a branch splits: all keys below share the bits before `bit`.
#[derive(Clone, Debug)]
struct Place {
    bit: usize,
    /// Those bits as the beginning of a key; zeros behind them.
    prefix: Box<[u8]>,
}

/// A key and the hash of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Leaf {
    key: Box<[u8]>,
    value: Hash,
}

/// A change of one key; `None` removes it.
type Change<'a> = (&'a [u8], Option<Hash>);

impl Tree {
    /// The root over everything.
    pub fn root(&self) -> Hash {
        self.root.as_ref().map_or(Hash::ZERO, |r| r.hash())
    }

    /// Number of keys.
    pub fn keys(&self) -> u64 {
        self.root.as_ref().map_or(0, |r| r.keys())
    }

    /// The tree over entries in ascending order of their keys.
    pub fn of_sorted(entries: impl IntoIterator<Item = (impl Into<Box<[u8]>>, Hash)>) -> Tree {
        let leaves: Vec<Leaf> = entries.into_iter().map(|(key, value)| Leaf { key: key.into(), value }).collect();
        Tree { root: build(leaves) }
    }

    /// The tree after changes, in ascending order of their keys, each key once.
    pub fn with<'a>(&self, changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Tree {
        let changes: Vec<Change<'_>> = changes.into_iter().map(|(k, v)| (k, v.map(value_hash))).collect();
        debug_assert!(changes.windows(2).all(|c| c[0].0 < c[1].0));
        let root = match &self.root {
            Some(root) => update(root, &changes),
            None => build(inserted(&changes).collect()),
        };
        Tree { root }
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
            Some(root) => root.show(None, ranges, &mut value, &mut out)?,
        }
        Ok(out.bytes)
    }
}

impl Node {
    fn hash(&self) -> Hash {
        match self {
            Node::Bucket { hash, .. } | Node::Branch { hash, .. } => *hash,
        }
    }

    fn keys(&self) -> u64 {
        match self {
            Node::Bucket { leaves, .. } => leaves.len() as u64,
            Node::Branch { keys, .. } => *keys,
        }
    }

    fn bucket(leaves: &[Leaf]) -> Arc<Node> {
        let hash = bucket_hash(leaves.iter().map(|l| (&l.key[..], l.value)));
        Arc::new(Node::Bucket { hash, leaves: Packed::new(leaves) })
    }

    fn branch(place: Place, left: Arc<Node>, right: Arc<Node>) -> Arc<Node> {
        let hash = branch_hash(place.bit, &place.prefix, left.hash(), right.hash());
        Arc::new(Node::Branch { hash, place, keys: left.keys() + right.keys(), left, right })
    }

    fn collect(&self, into: &mut Vec<Leaf>) {
        match self {
            Node::Bucket { leaves, .. } => into.extend(leaves.iter()),
            Node::Branch { left, right, .. } => {
                left.collect(into);
                right.collect(into);
            }
        }
    }

    fn show<E>(
        &self,
        below: Option<&Below>,
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
        match self {
            Node::Bucket { leaves, .. } => {
                out.bucket(leaves.len());
                for leaf in leaves.iter() {
                    let shown = ranges.iter().any(|r| r.start[..] <= *leaf.key && *leaf.key < r.end[..]);
                    let value = if shown { Value::Shown(value(&leaf.key)?) } else { Value::Hashed(leaf.value) };
                    out.leaf(known, &leaf.key, &value);
                }
            }
            Node::Branch { place, left, right, .. } => {
                out.branch(known, place.bit, &place.prefix);
                let mut below = Below { prefix: place.prefix.to_vec(), bit: place.bit, right: false };
                left.show(Some(&below), ranges, value, out)?;
                below.right = true;
                right.show(Some(&below), ranges, value, out)?;
            }
        }
        Ok(())
    }
}

impl Place {
    /// The place that tells `a` from `b`; `None` when they are equal.
    fn between(a: &[u8], b: &[u8]) -> Option<Place> {
        first_difference(a, b).map(|bit| Place::new(bit, a))
    }

    fn new(bit: usize, key: &[u8]) -> Place {
        let mut prefix: Box<[u8]> = key[..bit.div_ceil(BITS_A_BYTE)].into();
        if let (Some(last), n @ 1..) = (prefix.last_mut(), bit % BITS_A_BYTE) {
            *last &= !(0xff >> (n - 1));
        }
        Place { bit, prefix }
    }

    /// Where the keys below stand beside `key`: before it, after it, or around it.
    fn cmp(&self, key: &[u8]) -> Ordering {
        match first_difference(&self.prefix, key) {
            Some(at) if at < self.bit => self.prefix[..].cmp(key),
            _ => Ordering::Equal,
        }
    }

    /// How many of sorted changes come before the keys below, and how many before or among them.
    fn bounds(&self, changes: &[Change<'_>]) -> (usize, usize) {
        let around = |c: Option<&Change<'_>>| c.is_none_or(|c| self.cmp(c.0) == Ordering::Equal);
        if around(changes.first()) && around(changes.last()) {
            return (0, changes.len());
        }
        let before = changes.partition_point(|c| self.cmp(c.0) == Ordering::Greater);
        (before, changes.partition_point(|c| self.cmp(c.0) != Ordering::Less))
    }
}

/// The leaves that changes add, when none of their keys was there.
fn inserted<'a>(changes: &'a [Change<'a>]) -> impl Iterator<Item = Leaf> + 'a {
    changes.iter().filter_map(|(key, value)| Some(Leaf { key: (*key).into(), value: (*value)? }))
}

/// The subtree over leaves in order.
fn build(leaves: Vec<Leaf>) -> Option<Arc<Node>> {
    let (first, last) = leaves.first().zip(leaves.last())?;
    if leaves.len() <= BUCKET {
        return Some(Node::bucket(&leaves));
    }
    let place = Place::between(&first.key, &last.key)?;
    let mut left = leaves;
    let right = left.split_off(left.partition_point(|l| !bit(&l.key, place.bit)));
    Some(Node::branch(place, build(left)?, build(right)?))
}

/// The subtree after changes; `None` when nothing is left.
fn update(node: &Arc<Node>, changes: &[Change<'_>]) -> Option<Arc<Node>> {
    if changes.is_empty() {
        return Some(node.clone());
    }
    match &**node {
        Node::Bucket { leaves, .. } => build(merge(leaves, changes)),
        Node::Branch { place, left, right, .. } => {
            let (first, last) = place.bounds(changes);
            let (before, within, after) = (&changes[..first], &changes[first..last], &changes[last..]);
            let (to_left, to_right) = within.split_at(within.partition_point(|c| !bit(c.0, place.bit)));
            let middle = match (update(left, to_left), update(right, to_right)) {
                (Some(left), Some(right)) => Some(join(place, left, right)),
                (left, right) => left.or(right),
            };
            around(inserted(before).collect(), middle, inserted(after).collect())
        }
    }
}

/// Two subtrees under one place, as a bucket when they are small enough.
fn join(place: &Place, left: Arc<Node>, right: Arc<Node>) -> Arc<Node> {
    if left.keys() + right.keys() > BUCKET as u64 {
        return Node::branch(place.clone(), left, right);
    }
    let mut leaves = Vec::new();
    left.collect(&mut leaves);
    right.collect(&mut leaves);
    Node::bucket(&leaves)
}

/// A subtree together with leaves whose keys come before and after all of its own.
fn around(before: Vec<Leaf>, middle: Option<Arc<Node>>, after: Vec<Leaf>) -> Option<Arc<Node>> {
    if before.is_empty() && after.is_empty() {
        return middle;
    }
    let place = match middle.as_deref() {
        Some(Node::Branch { place, .. }) => place,
        // Small enough to be taken apart.
        small => {
            let mut leaves = before;
            small.into_iter().for_each(|m| m.collect(&mut leaves));
            leaves.extend(after);
            return build(leaves);
        }
    };
    // The first bit that tells the smallest key from the largest; it comes before the middle's own,
    // so that its prefix stands for all of its keys.
    let smallest = before.first().map_or(&place.prefix, |l| &l.key);
    let largest = after.last().map_or(&place.prefix, |l| &l.key);
    let split = Place::between(smallest, largest)?;
    let side = |l: &Leaf| !bit(&l.key, split.bit);
    let (mut low, mut high) = (before, after);
    let low_right = low.split_off(low.partition_point(side));
    let high_right = high.split_off(high.partition_point(side));
    let (left, right) = match bit(&place.prefix, split.bit) {
        false => (around(low, middle, high), build(high_right)),
        true => (build(low), around(low_right, middle, high_right)),
    };
    Some(join(&split, left?, right?))
}

/// A bucket's leaves with their changes.
fn merge(leaves: &Packed, changes: &[Change<'_>]) -> Vec<Leaf> {
    let mut out = Vec::with_capacity(leaves.len() + changes.len());
    let mut leaves = leaves.iter().peekable();
    for (key, value) in changes {
        while let Some(leaf) = leaves.next_if(|l| *l.key < **key) {
            out.push(leaf);
        }
        let old = leaves.next_if(|l| *l.key == **key);
        if let Some(value) = value {
            out.push(Leaf { key: old.map_or_else(|| (*key).into(), |l| l.key), value: *value });
        }
    }
    out.extend(leaves);
    out
}

/// A bucket's leaves in one piece of memory: `shared [2] | r [2] | rest of the key [r] | value hash
/// [32]` each, after their number; shared with the key before.
#[derive(Debug)]
struct Packed(Box<[u8]>);

impl Packed {
    fn new(leaves: &[Leaf]) -> Packed {
        let mut out = vec![leaves.len() as u8];
        let mut before: &[u8] = &[];
        for Leaf { key, value } in leaves {
            let same = first_difference(before, key).map_or(key.len(), |at| at / BITS_A_BYTE);
            for n in [same, key.len() - same] {
                out.extend_from_slice(&(n as u16).to_be_bytes());
            }
            out.extend_from_slice(&key[same..]);
            out.extend_from_slice(&value.0);
            before = key;
        }
        Packed(out.into())
    }

    fn len(&self) -> usize {
        self.0.first().map_or(0, |n| usize::from(*n))
    }

    fn iter(&self) -> impl Iterator<Item = Leaf> + '_ {
        let mut r = Reader(self.0.get(1..).unwrap_or_default());
        let mut before = Vec::new();
        std::iter::from_fn(move || {
            let (same, rest) = (r.u16()?, r.u16()?);
            before.truncate(usize::from(same));
            before.extend_from_slice(r.take(usize::from(rest))?);
            Some(Leaf { key: before[..].into(), value: Hash(r.array()?) })
        })
    }
}
