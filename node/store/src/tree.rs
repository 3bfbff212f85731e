//! The tree whose root names the whole state; its definition is [`stint_verifier::tree`].
//!
//! It lives in memory, about a hundred bytes a key. A tree never changes: an update makes a new one
//! that shares with the old all that stayed, so that a proof or a snapshot of an older height can
//! be made while the ledger goes on.

use std::{
    cmp::Ordering,
    sync::{Arc, OnceLock},
};
use stint_verifier::{
    Hash, Reader,
    key::{BITS_A_BYTE, Below, bit, first_difference},
    tree::{BUCKET, BucketHash, KeyRange, Value, Writer, branch_hash, bucket_hash, value_hash},
};

/// The tree over one state. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// None: the state is empty.
    root: Option<Subtree>,
}

/// A part of the tree with what its parent must know of it, so that a change of another part need not look into it.
#[derive(Clone, Debug)]
struct Subtree {
    hash: Hash,
    keys: u64,
    node: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Bucket(Packed),
    Branch(Arc<Branch>),
}

#[derive(Debug)]
struct Branch {
    place: Place,
    left: Subtree,
    right: Subtree,
}

/// Where a branch splits: all keys below share the bits before `bit`.
#[derive(Clone, Debug)]
struct Place {
    bit: usize,
    /// Those bits as the beginning of a key; zeros behind them.
    prefix: Prefix,
}

/// The beginning of a key, within its branch where it is as short as most are.
#[derive(Clone, Debug)]
enum Prefix {
    Short(u8, [u8; SHORT]),
    Long(Arc<[u8]>),
}

const SHORT: usize = 46;
/// Changes that take longer than to start a thread for them.
pub(crate) const WORTH_A_THREAD: usize = 128;
/// Room for most keys.
const KEY_BYTES: usize = 128;

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
        self.root.as_ref().map_or(Hash::ZERO, |r| r.hash)
    }

    /// Number of keys.
    pub fn keys(&self) -> u64 {
        self.root.as_ref().map_or(0, |r| r.keys)
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
            Some(root) => update(root, &changes, 0, threads()),
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

impl Subtree {
    fn bucket(leaves: &[Leaf]) -> Subtree {
        let hash = bucket_hash(leaves.iter().map(|l| (&l.key[..], l.value)));
        Subtree { hash, keys: leaves.len() as u64, node: Node::Bucket(Packed::new(leaves)) }
    }

    /// `key` is any key below.
    fn branch(place: Place, key: &[u8], left: Subtree, right: Subtree) -> Subtree {
        let hash = branch_hash(place.bit, key, left.hash, right.hash);
        let keys = left.keys + right.keys;
        Subtree { hash, keys, node: Node::Branch(Arc::new(Branch { place, left, right })) }
    }

    fn collect(&self, into: &mut Vec<Leaf>) {
        match &self.node {
            Node::Bucket(leaves) => into.extend(leaves.iter()),
            Node::Branch(branch) => {
                branch.left.collect(into);
                branch.right.collect(into);
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
            out.hidden(self.hash);
            return Ok(());
        }
        let known = below.map_or(0, |b| b.bit / BITS_A_BYTE);
        match &self.node {
            Node::Bucket(leaves) => {
                out.bucket(leaves.len());
                for leaf in leaves.iter() {
                    let shown = ranges.iter().any(|r| r.start[..] <= *leaf.key && *leaf.key < r.end[..]);
                    let value = if shown { Value::Shown(value(&leaf.key)?) } else { Value::Hashed(leaf.value) };
                    out.leaf(known, &leaf.key, &value);
                }
            }
            Node::Branch(branch) => {
                let place = &branch.place;
                out.branch(known, place.bit, place.prefix.bytes());
                let mut below = Below { prefix: place.prefix.bytes().to_vec(), bit: place.bit, right: false };
                branch.left.show(Some(&below), ranges, value, out)?;
                below.right = true;
                branch.right.show(Some(&below), ranges, value, out)?;
            }
        }
        Ok(())
    }
}

impl Prefix {
    fn new(bytes: &[u8]) -> Prefix {
        let mut short = [0; SHORT];
        match short.get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                Prefix::Short(bytes.len() as u8, short)
            }
            None => Prefix::Long(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Prefix::Short(n, bytes) => &bytes[..usize::from(*n)],
            Prefix::Long(bytes) => bytes,
        }
    }
}

impl Place {
    /// The place that tells `a` from `b`; `None` when they are equal.
    fn between(a: &[u8], b: &[u8]) -> Option<Place> {
        first_difference(a, b).map(|bit| Place::new(bit, a))
    }

    fn new(bit: usize, key: &[u8]) -> Place {
        let mut prefix = key[..bit.div_ceil(BITS_A_BYTE)].to_vec();
        if let (Some(last), n @ 1..) = (prefix.last_mut(), bit % BITS_A_BYTE) {
            *last &= !(0xff >> (n - 1));
        }
        Place { bit, prefix: Prefix::new(&prefix) }
    }

    /// Where the keys below stand beside `key`, which shares the first `known` bytes with them: before it, after it, or
    /// around it.
    fn cmp(&self, key: &[u8], known: usize) -> Ordering {
        let (ours, theirs) = (&self.prefix.bytes()[known..], &key[known..]);
        match first_difference(ours, theirs) {
            Some(at) if at + known * BITS_A_BYTE < self.bit => ours.cmp(theirs),
            _ => Ordering::Equal,
        }
    }

    /// How many of sorted changes come before the keys below, and how many before or among them.
    fn bounds(&self, changes: &[Change<'_>], known: usize) -> (usize, usize) {
        let around = |c: &Change<'_>| self.cmp(c.0, known) == Ordering::Equal;
        if changes.first().is_none_or(around) && (changes.len() == 1 || changes.last().is_none_or(around)) {
            return (0, changes.len());
        }
        let before = changes.partition_point(|c| self.cmp(c.0, known) == Ordering::Greater);
        (before, changes.partition_point(|c| self.cmp(c.0, known) != Ordering::Less))
    }
}

/// The leaves that changes add, when none of their keys was there.
fn inserted<'a>(changes: &'a [Change<'a>]) -> impl Iterator<Item = Leaf> + 'a {
    changes.iter().filter_map(|(key, value)| Some(Leaf { key: (*key).into(), value: (*value)? }))
}

/// The subtree over leaves in order.
fn build(leaves: Vec<Leaf>) -> Option<Subtree> {
    let (first, last) = leaves.first().zip(leaves.last())?;
    if leaves.len() <= BUCKET {
        return Some(Subtree::bucket(&leaves));
    }
    let (place, key) = (Place::between(&first.key, &last.key)?, first.key.clone());
    let mut left = leaves;
    let right = left.split_off(left.partition_point(|l| !bit(&l.key, place.bit)));
    Some(Subtree::branch(place, &key, build(left)?, build(right)?))
}

/// The subtree after changes, whose keys share the first `known` bytes with its own; `None` when nothing is left.
fn update(tree: &Subtree, changes: &[Change<'_>], known: usize, threads: usize) -> Option<Subtree> {
    if changes.is_empty() {
        return Some(tree.clone());
    }
    match &tree.node {
        // Most changes give a key another value: then only hashes are replaced.
        Node::Bucket(leaves) => match leaves.with_values(changes) {
            Some((leaves, hash)) => Some(Subtree { hash, keys: tree.keys, node: Node::Bucket(leaves) }),
            None => build(merge(leaves, changes)),
        },
        Node::Branch(branch) => {
            let Branch { place, left, right } = &**branch;
            let (first, last) = place.bounds(changes, known);
            let (before, within, after) = (&changes[..first], &changes[first..last], &changes[last..]);
            let (to_left, to_right) = within.split_at(within.partition_point(|c| !bit(c.0, place.bit)));
            let known = place.bit / BITS_A_BYTE;
            let (alone, threads) = (threads < 2 || to_left.len().min(to_right.len()) < WORTH_A_THREAD, threads / 2);
            let halves = match alone {
                true => (update(left, to_left, known, threads), update(right, to_right, known, threads)),
                // Both halves wait for memory most of the time.
                false => std::thread::scope(|scope| {
                    let beside = scope.spawn(|| update(left, to_left, known, threads));
                    let right = update(right, to_right, known, threads);
                    (beside.join().unwrap_or_else(|_| update(left, to_left, known, 1)), right)
                }),
            };
            let middle = match halves {
                (Some(left), Some(right)) => {
                    let key = within.first().map_or(place.prefix.bytes(), |(key, _)| key);
                    Some(join(place, key, left, right))
                }
                (left, right) => left.or(right),
            };
            around(inserted(before).collect(), middle, inserted(after).collect())
        }
    }
}

/// Threads that an update may use; what it leads to does not depend on them.
fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, |n| n.get().min(4)))
}

/// Two subtrees under one place, as a bucket when they are small enough; `key` begins as all keys below do.
fn join(place: &Place, key: &[u8], left: Subtree, right: Subtree) -> Subtree {
    if left.keys + right.keys > BUCKET as u64 {
        return Subtree::branch(place.clone(), key, left, right);
    }
    let mut leaves = Vec::new();
    left.collect(&mut leaves);
    right.collect(&mut leaves);
    Subtree::bucket(&leaves)
}

/// A subtree together with leaves whose keys come before and after all of its own.
fn around(before: Vec<Leaf>, middle: Option<Subtree>, after: Vec<Leaf>) -> Option<Subtree> {
    if before.is_empty() && after.is_empty() {
        return middle;
    }
    let prefix = match middle.as_ref().map(|m| &m.node) {
        Some(Node::Branch(branch)) => branch.place.prefix.clone(),
        // Small enough to be taken apart.
        _ => {
            let mut leaves = before;
            middle.iter().for_each(|m| m.collect(&mut leaves));
            leaves.extend(after);
            return build(leaves);
        }
    };
    let prefix = prefix.bytes();
    // The first bit that tells the smallest key from the largest; it comes before the middle's own,
    // so that its prefix stands for all of its keys.
    let smallest = before.first().map_or(prefix, |l| &l.key);
    let largest = after.last().map_or(prefix, |l| &l.key);
    let split = Place::between(smallest, largest)?;
    let side = |l: &Leaf| !bit(&l.key, split.bit);
    let (mut low, mut high) = (before, after);
    let low_right = low.split_off(low.partition_point(side));
    let high_right = high.split_off(high.partition_point(side));
    let (left, right) = match bit(prefix, split.bit) {
        false => (around(low, middle, high), build(high_right)),
        true => (build(low), around(low_right, middle, high_right)),
    };
    Some(join(&split, split.prefix.bytes(), left?, right?))
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
#[derive(Clone, Debug)]
struct Packed(Arc<[u8]>);

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

    /// The same keys with other values, and the hash of their bucket; `None` when a change adds a key or removes one.
    fn with_values(&self, changes: &[Change<'_>]) -> Option<(Packed, Hash)> {
        let mut bytes: Arc<[u8]> = self.0[..].into();
        let own = Arc::get_mut(&mut bytes)?;
        let mut hashed = BucketHash::default();
        let mut changes = changes.iter().peekable();
        let mut key = Vec::with_capacity(KEY_BYTES);
        let mut r = Reader(self.0.get(1..)?);
        for _ in 0..self.len() {
            let (same, rest) = (r.u16()?, r.u16()?);
            key.truncate(usize::from(same));
            key.extend_from_slice(r.take(usize::from(rest))?);
            let at = self.0.len() - r.0.len();
            let mut value = Hash(r.array()?);
            if let Some((_, new)) = changes.next_if(|change| *change.0 == key[..]) {
                value = (*new)?;
                own[at..at + value.0.len()].copy_from_slice(&value.0);
            }
            hashed.leaf(&key, value);
        }
        changes.next().is_none().then(|| (Packed(bytes), hashed.end()))
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
