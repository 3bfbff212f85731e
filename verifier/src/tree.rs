//! The tree over the state, as far as a proof shows it.
//!
//! ```text
//!                     root                a subtree with more than 8 keys is a branch, split by the
//!                   /      \              first bit in which its keys differ ([`crate::key`]);
//!              branch      bucket         with 8 or fewer it is a bucket: its keys in order
//!             /      \     k1 k2 k3
//!        bucket      bucket
//!
//!  value hash   SHA-256("stint.v1.value" 00 | value)
//!  bucket       SHA-256(00 | for each key: k [2] | key [k] | value hash), zero when empty
//!  branch       SHA-256(01 | bit [2] | the bytes of the first bits, the rest of the last byte zero | left | right)
//! ```
//!
//! The shape depends on the set of keys alone: a node that received the state in any order has the
//! same root. Keys stand in their own order, so that a part of the tree proves a range complete.

use crate::{
    Hash, Reader, hash, hash_parts,
    key::{BITS_A_BYTE, Below, bit, bytes_of, last_byte},
};
use alloc::{borrow::ToOwned, vec::Vec};
use core::cmp::Ordering;

/// Keys of the largest bucket.
pub const BUCKET: usize = 8;
/// The longest key, bytes.
pub const KEY_BYTES: usize = 1024;
/// Keys and prefixes of one proof when written in full, bytes: a small proof could name long ones
/// again and again.
const FULL_BYTES: usize = 64 << 20;

/// Keys from the first one on and before the second one.
pub type KeyRange = core::ops::Range<Vec<u8>>;

/// Hash of a value.
pub fn value_hash(value: &[u8]) -> Hash {
    hash("stint.v1.value", value)
}

/// Hash of a bucket: its keys, ascending, with the hashes of their values.
pub fn bucket_hash<'a>(leaves: impl IntoIterator<Item = (&'a [u8], Hash)>) -> Hash {
    let mut hash = BucketHash::default();
    leaves.into_iter().for_each(|(key, value)| hash.leaf(key, value));
    hash.end()
}

/// The same, leaf by leaf.
pub struct BucketHash(Vec<u8>);

impl Default for BucketHash {
    fn default() -> BucketHash {
        let mut bytes = Vec::with_capacity(1024);
        bytes.push(0);
        BucketHash(bytes)
    }
}

impl BucketHash {
    /// The next key, with the hash of its value.
    pub fn leaf(&mut self, key: &[u8], value: Hash) {
        self.0.extend_from_slice(&(key.len() as u16).to_be_bytes());
        self.0.extend_from_slice(key);
        self.0.extend_from_slice(&value.0);
    }

    /// The hash over them.
    pub fn end(self) -> Hash {
        if self.0.len() == 1 { Hash::ZERO } else { hash_parts(&[&self.0]) }
    }
}

/// Hash of a branch at `bit`; `key` is any key below it.
pub fn branch_hash(bit: usize, key: &[u8], left: Hash, right: Hash) -> Hash {
    let head = (bit as u16).to_be_bytes();
    match key[..bytes_of(bit)].split_last() {
        None => hash_parts(&[&[1], &head, &left.0, &right.0]),
        Some((last, first)) => hash_parts(&[&[1], &head, first, &[last_byte(*last, bit)], &left.0, &right.0]),
    }
}

const HIDDEN: u8 = 0;
const FULL: u8 = 1;
const BRANCH: u8 = 2;
const HASHED: u8 = 0;
const SHOWN: u8 = 1;

/// A leaf in a proof: its key, and its value or the hash of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The proof does not show it.
    Hashed(Hash),
    /// As it is.
    Shown(Vec<u8>),
}

impl Value {
    /// The value's hash.
    pub fn hash(&self) -> Hash {
        match self {
            Value::Hashed(hash) => *hash,
            Value::Shown(value) => value_hash(value),
        }
    }
}

/// Writes a part of a tree, its nodes in the order: branch, left, right.
///
/// ```text
/// node    00 hash [32]                                  a subtree that is not shown
///         01 n [1] | n times: leaf                      a bucket
///         02 bit [2] | r [2] | prefix [r] | left node | right node
/// leaf    r [2] | key [r] | 00 value hash [32]
///         r [2] | key [r] | 01 v [4] | value [v]
/// ```
///
/// Prefixes and keys leave out the bytes that the branch above them fixes: its bit / 9 of them.
#[derive(Default)]
pub struct Writer {
    /// What was written.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// A subtree by its hash alone.
    pub fn hidden(&mut self, hash: Hash) {
        self.bytes.push(HIDDEN);
        self.bytes.extend_from_slice(&hash.0);
    }

    /// Begins a branch below one that fixes `known` bytes; its two nodes follow. `key` is any key
    /// below it.
    pub fn branch(&mut self, known: usize, bit: usize, key: &[u8]) {
        let mut prefix = key[..bytes_of(bit)].to_owned();
        if let Some(last) = prefix.last_mut() {
            *last = last_byte(*last, bit);
        }
        self.bytes.push(BRANCH);
        self.bytes.extend_from_slice(&(bit as u16).to_be_bytes());
        self.rest(known, &prefix);
    }

    /// Begins a bucket of `n` leaves, which follow.
    pub fn bucket(&mut self, n: usize) {
        self.bytes.extend_from_slice(&[FULL, n as u8]);
    }

    /// A leaf of a bucket below a branch that fixes `known` bytes.
    pub fn leaf(&mut self, known: usize, key: &[u8], value: &Value) {
        self.rest(known, key);
        match value {
            Value::Hashed(hash) => {
                self.bytes.push(HASHED);
                self.bytes.extend_from_slice(&hash.0);
            }
            Value::Shown(value) => {
                self.bytes.push(SHOWN);
                self.bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
                self.bytes.extend_from_slice(value);
            }
        }
    }

    fn rest(&mut self, known: usize, key: &[u8]) {
        let rest = &key[known.min(key.len())..];
        self.bytes.extend_from_slice(&(rest.len() as u16).to_be_bytes());
        self.bytes.extend_from_slice(rest);
    }
}

/// The part of a state that a proof shows, under a root that fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// In the order of the keys.
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Leaf(Vec<u8>, Value),
    /// Keys of which nothing is shown: those below a place, or all.
    Hidden(Option<Below>),
}

/// The proof does not show what was asked of it: the state may hold it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShown;

/// A branch whose subtrees are being read.
struct Open {
    bit: usize,
    prefix: Vec<u8>,
    left: Option<Hash>,
}

impl Open {
    fn right(&self) -> bool {
        self.left.is_some()
    }

    /// The whole bytes that all keys below share.
    fn known(&self) -> &[u8] {
        &self.prefix[..self.bit / BITS_A_BYTE]
    }

    /// Whether a key can stand in the subtree that is read next.
    fn takes_key(&self, key: &[u8]) -> bool {
        self.takes(key, key.len() * BITS_A_BYTE + 1) && bit(key, self.bit) == self.right()
    }

    /// Whether a branch can.
    fn takes_branch(&self, at: usize, prefix: &[u8]) -> bool {
        // Keys that a branch splits go on.
        let next = self.bit.is_multiple_of(BITS_A_BYTE) || bit(prefix, self.bit);
        self.takes(prefix, at) && next == self.right()
    }

    /// Whether the first bits, of `bits` that count, are those that all keys here have.
    fn takes(&self, key: &[u8], bits: usize) -> bool {
        let n = bytes_of(self.bit);
        bits > self.bit
            && key.get(..n).is_some_and(|own| match own.split_last() {
                None => true,
                Some((last, first)) => {
                    first == &self.prefix[..n - 1] && last_byte(*last, self.bit) == self.prefix[n - 1]
                }
            })
    }
}

/// Reads the parts of a tree in the order in which [`Writer`] writes them.
struct Parts<'a, 'b> {
    r: &'a mut Reader<'b>,
    items: Vec<Item>,
    /// Bytes that keys and prefixes may still take.
    left: usize,
}

impl Parts<'_, '_> {
    /// A key or prefix of which the branch above fixes the first bytes.
    fn key(&mut self, above: Option<&Open>) -> Option<Vec<u8>> {
        let known = above.map_or(&[][..], Open::known);
        let n = self.r.u16()?;
        let key = [known, self.r.take(usize::from(n))?].concat();
        self.left = self.left.checked_sub(key.len())?;
        (key.len() <= KEY_BYTES).then_some(key)
    }

    fn hidden(&mut self, above: Option<&Open>) -> Option<Hash> {
        let hash = Hash(self.r.array()?);
        let below = above.map(|open| Below { prefix: open.prefix.clone(), bit: open.bit, right: open.right() });
        self.left = self.left.checked_sub(above.map_or(0, |open| open.prefix.len()))?;
        self.items.push(Item::Hidden(below));
        // What is empty has nothing to hide, and nothing else hashes to zero.
        (hash != Hash::ZERO).then_some(hash)
    }

    fn bucket(&mut self, above: Option<&Open>) -> Option<Hash> {
        let n = usize::from(self.r.u8()?);
        // Only the whole state can be empty.
        if n > BUCKET || n == 0 && above.is_some() {
            return None;
        }
        let first = self.items.len();
        for i in 0..n {
            let key = self.key(above)?;
            let fits = above.is_none_or(|open| open.takes_key(&key));
            let follows = i == 0 || self.items.last()?.cmp(&key) == Ordering::Less;
            let value = match self.r.u8()? {
                HASHED => Value::Hashed(Hash(self.r.array()?)),
                SHOWN => {
                    let n = self.r.u32()?;
                    Value::Shown(self.r.take(n as usize)?.to_owned())
                }
                _ => return None,
            };
            self.items.push(Item::Leaf(key, value));
            if !fits || !follows {
                return None;
            }
        }
        let leaves = self.items[first..].iter().filter_map(|item| match item {
            Item::Leaf(key, value) => Some((&key[..], value.hash())),
            Item::Hidden(_) => None,
        });
        Some(bucket_hash(leaves))
    }

    fn branch(&mut self, above: Option<&Open>) -> Option<Open> {
        let bit = usize::from(self.r.u16()?);
        let prefix = self.key(above)?;
        let exact = prefix.len() == bytes_of(bit) && prefix.last().is_none_or(|last| last_byte(*last, bit) == *last);
        let fits = above.is_none_or(|open| open.takes_branch(bit, &prefix));
        (exact && fits).then_some(Open { bit, prefix, left: None })
    }
}

impl Shown {
    /// Reads a part of a tree and its root; `None` when no tree can look so.
    pub fn read(r: &mut Reader<'_>) -> Option<(Shown, Hash)> {
        let mut parts = Parts { r, items: Vec::new(), left: FULL_BYTES };
        // The branches above what is read now. Each splits at a later bit than the one before it,
        // so there are at most as many as a key has bits.
        let mut above: Vec<Open> = Vec::new();
        loop {
            let mut hash = match parts.r.u8()? {
                HIDDEN => parts.hidden(above.last())?,
                FULL => parts.bucket(above.last())?,
                BRANCH => {
                    let open = parts.branch(above.last())?;
                    above.push(open);
                    continue;
                }
                _ => return None,
            };
            // Closes every branch whose right subtree this was.
            loop {
                match above.last_mut() {
                    None => return Some((Shown { items: parts.items }, hash)),
                    Some(Open { bit, prefix, left: Some(left) }) => {
                        hash = branch_hash(*bit, prefix, *left, hash);
                        above.pop();
                    }
                    Some(open) => {
                        open.left = Some(hash);
                        break;
                    }
                }
            }
        }
    }

    /// The value of a key; `None` when the state holds no such key.
    pub fn get(&self, key: &[u8]) -> Result<Option<&[u8]>, NotShown> {
        match self.items.binary_search_by(|i| i.cmp(key)) {
            Err(_) => Ok(None),
            Ok(at) => match &self.items[at] {
                Item::Leaf(_, Value::Shown(value)) => Ok(Some(value)),
                Item::Leaf(_, Value::Hashed(_)) | Item::Hidden(_) => Err(NotShown),
            },
        }
    }

    /// All keys of the state from `from` on and before `to`, with their values, in order.
    pub fn range<'a>(
        &'a self,
        from: &[u8],
        to: &'a [u8],
    ) -> impl DoubleEndedIterator<Item = Result<(&'a [u8], &'a [u8]), NotShown>> + 'a {
        let first = self.items.partition_point(|i| i.cmp(from) == Ordering::Less);
        let last = self.items.partition_point(|i| match i {
            Item::Leaf(key, _) => key[..] < *to,
            // Some of its keys may come before.
            Item::Hidden(_) => i.cmp(to) != Ordering::Greater,
        });
        self.items[first..last.max(first)].iter().map(|item| match item {
            Item::Leaf(key, Value::Shown(value)) => Ok((&key[..], &value[..])),
            Item::Leaf(_, Value::Hashed(_)) | Item::Hidden(_) => Err(NotShown),
        })
    }

    /// Where the parts begin of which nothing is shown, in order.
    pub fn hidden(&self) -> impl DoubleEndedIterator<Item = Vec<u8>> + '_ {
        self.items.iter().filter_map(|i| match i {
            Item::Leaf(..) => None,
            Item::Hidden(below) => Some(below.as_ref().map(Below::first).unwrap_or_default()),
        })
    }

    /// The parts of which nothing is shown, in order: each from a key on and before another, or up to
    /// the end of the state.
    pub fn hidden_parts(&self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> + '_ {
        self.items.iter().filter_map(|i| match i {
            Item::Leaf(..) => None,
            Item::Hidden(None) => Some((Vec::new(), None)),
            Item::Hidden(Some(below)) => Some((below.first(), below.end())),
        })
    }

    /// Every key that is shown, with its value where that is shown too.
    pub fn leaves(&self) -> impl Iterator<Item = (&[u8], &Value)> {
        self.items.iter().filter_map(|i| match i {
            Item::Leaf(key, value) => Some((&key[..], value)),
            Item::Hidden(_) => None,
        })
    }
}

impl Item {
    fn cmp(&self, key: &[u8]) -> Ordering {
        match self {
            Item::Leaf(own, _) => own[..].cmp(key),
            Item::Hidden(below) => below.as_ref().map_or(Ordering::Equal, |b| b.beside(key)),
        }
    }
}
