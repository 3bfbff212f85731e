use std::sync::Arc;
use stint_verifier::{
    Hash, Reader,
    key::{BITS_A_BYTE, first_difference},
    tree::BucketHash,
};

/// A key and the hash of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub key: Box<[u8]>,
    pub value: Hash,
}

/// A bucket's leaves in one piece of memory: `shared [2] | r [2] | rest of the key [r] | value hash
/// [32]` each, after their number; shared with the key before.
#[derive(Clone, Debug)]
pub struct Bucket(Arc<[u8]>);

/// Where in a bucket the hash of a value stands.
#[derive(Clone, Copy)]
pub struct Slot(usize);

/// Room for most keys.
const KEY_BYTES: usize = 128;

impl Bucket {
    /// Leaves in order, at least one.
    pub fn new<'a>(leaves: impl ExactSizeIterator<Item = &'a Leaf>) -> Bucket {
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
        Bucket(out.into())
    }

    pub fn len(&self) -> usize {
        self.0.first().map_or(0, |n| usize::from(*n))
    }

    pub fn leaves(&self) -> impl Iterator<Item = Leaf> + '_ {
        let mut walk = self.walk();
        std::iter::from_fn(move || walk.next().map(|(_, value)| Leaf { key: walk.key[..].into(), value }))
    }

    /// The first key.
    pub fn first(&self) -> &[u8] {
        let mut r = Reader(self.0.get(1..).unwrap_or_default());
        r.u16().and_then(|_| r.u16()).and_then(|n| r.take(usize::from(n))).unwrap_or_default()
    }

    /// Where the value of a key stands, and its hash.
    pub fn find(&self, key: &[u8]) -> Option<(Slot, Hash)> {
        let mut walk = self.walk();
        while let Some(found) = walk.next() {
            if walk.key == key {
                return Some(found);
            }
        }
        None
    }

    /// Gives the key of a slot another value.
    pub fn set(&mut self, Slot(at): Slot, value: Hash) {
        if let Some(old) = Arc::make_mut(&mut self.0).get_mut(at..at + value.0.len()) {
            old.copy_from_slice(&value.0);
        }
    }

    pub fn hash(&self) -> Hash {
        let mut hash = BucketHash::default();
        let mut walk = self.walk();
        while let Some((_, value)) = walk.next() {
            hash.leaf(&walk.key, value);
        }
        hash.end()
    }

    fn walk(&self) -> Walk<'_> {
        let rest = Reader(self.0.get(1..).unwrap_or_default());
        Walk { size: self.0.len(), rest, key: Vec::with_capacity(KEY_BYTES) }
    }
}

/// Goes through a bucket's leaves; none of their keys needs memory of its own.
struct Walk<'a> {
    size: usize,
    rest: Reader<'a>,
    key: Vec<u8>,
}

impl Walk<'_> {
    /// Goes to the next leaf, whose key is then in `key`.
    fn next(&mut self) -> Option<(Slot, Hash)> {
        let (same, rest) = (self.rest.u16()?, self.rest.u16()?);
        self.key.truncate(usize::from(same));
        self.key.extend_from_slice(self.rest.take(usize::from(rest))?);
        let slot = Slot(self.size - self.rest.0.len());
        Some((slot, Hash(self.rest.array()?)))
    }
}
