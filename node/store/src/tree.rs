//! The tree whose root names the whole state.
//!
//! ```text
//!                     root                    a subtree with more than 8 keys is a branch,
//!                   /      \                  split by the next bit of the keys' hashes;
//!              branch      bucket             with 8 or fewer it is a bucket: its keys' and
//!             /      \     k1 v1, k2 v2 …     values' hashes, in the order of the keys' hashes
//!        bucket      bucket
//!
//!  key hash     SHA-256("stint.v1.key" 00 | key)
//!  value hash   SHA-256("stint.v1.value" 00 | value)
//!  bucket       SHA-256(00 | (key hash | value hash)…), zero when empty
//!  branch       SHA-256(01 | left | right)
//! ```
//!
//! The shape depends on the set of keys alone (invariant 2 of the crate), so a node that received
//! the state in any order has the same root. A bucket shown whole proves presence and absence.

use stint_proto::{Hash, hash, hash_parts};

const BUCKET: usize = 8;
const KEY_DOMAIN: &str = "stint.v1.key";
const VALUE_DOMAIN: &str = "stint.v1.value";

/// The tree in memory: 64 bytes a key and a little.
#[derive(Debug, Default)]
pub struct Tree {
    root: Node,
}

/// A change by hashes; `None` removes.
type Change = (Hash, Option<Hash>);

#[derive(Debug)]
enum Node {
    Bucket(Bucket),
    Branch(Box<Branch>),
}

#[derive(Debug, Default)]
struct Bucket {
    hash: Hash,
    leaves: Vec<(Hash, Hash)>,
}

#[derive(Debug)]
struct Branch {
    hash: Hash,
    keys: usize,
    left: Node,
    right: Node,
}

impl Default for Node {
    fn default() -> Self {
        Node::Bucket(Bucket::default())
    }
}

impl Tree {
    /// The root over everything.
    pub fn root(&self) -> Hash {
        self.root.hash()
    }

    /// Number of keys.
    pub fn keys(&self) -> usize {
        self.root.keys()
    }

    /// Takes changes over; a key that stands twice keeps its last value.
    pub fn update<'a>(&mut self, changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) {
        let change =
            |(key, value): (&[u8], Option<&[u8]>)| (hash(KEY_DOMAIN, key), value.map(|v| hash(VALUE_DOMAIN, v)));
        let mut changes: Vec<Change> = changes.into_iter().map(change).collect();
        changes.sort_by_key(|c| c.0);
        // Of equal keys the last one counts; the sort is stable.
        changes.reverse();
        changes.dedup_by_key(|c| c.0);
        changes.reverse();
        let root = std::mem::take(&mut self.root);
        self.root = root.update(&changes, 0);
    }
}

/// Whether bit `depth` of a key's hash leads to the right.
fn right(hash: &Hash, depth: usize) -> bool {
    hash.0[depth / 8] >> (7 - depth % 8) & 1 == 1
}

impl Node {
    fn hash(&self) -> Hash {
        match self {
            Node::Bucket(b) => b.hash,
            Node::Branch(b) => b.hash,
        }
    }

    fn keys(&self) -> usize {
        match self {
            Node::Bucket(b) => b.leaves.len(),
            Node::Branch(b) => b.keys,
        }
    }

    /// Sorted leaves below one place, as deep as their number asks.
    fn build(leaves: Vec<(Hash, Hash)>, depth: usize) -> Node {
        if leaves.len() <= BUCKET {
            let mut bytes = Vec::with_capacity(1 + 64 * leaves.len());
            bytes.push(0);
            for (key, value) in &leaves {
                bytes.extend_from_slice(&key.0);
                bytes.extend_from_slice(&value.0);
            }
            let hash = if leaves.is_empty() { Hash::ZERO } else { hash_parts(&[&bytes]) };
            return Node::Bucket(Bucket { hash, leaves });
        }
        let mut left = leaves;
        let right = left.split_off(left.partition_point(|l| !right(&l.0, depth)));
        Node::branch(Node::build(left, depth + 1), Node::build(right, depth + 1))
    }

    fn branch(left: Node, right: Node) -> Node {
        let hash = hash_parts(&[&[1], &left.hash().0, &right.hash().0]);
        Node::Branch(Box::new(Branch { hash, keys: left.keys() + right.keys(), left, right }))
    }

    fn update(self, changes: &[Change], depth: usize) -> Node {
        if changes.is_empty() {
            return self;
        }
        match self {
            Node::Bucket(bucket) => Node::build(merge(bucket.leaves, changes), depth),
            Node::Branch(branch) => {
                let (to_left, to_right) = changes.split_at(changes.partition_point(|c| !right(&c.0, depth)));
                let left = branch.left.update(to_left, depth + 1);
                let right = branch.right.update(to_right, depth + 1);
                if left.keys() + right.keys() > BUCKET {
                    return Node::branch(left, right);
                }
                let mut leaves = Vec::new();
                left.collect(&mut leaves);
                right.collect(&mut leaves);
                Node::build(leaves, depth)
            }
        }
    }

    fn collect(self, into: &mut Vec<(Hash, Hash)>) {
        match self {
            Node::Bucket(b) => into.extend(b.leaves),
            Node::Branch(b) => {
                b.left.collect(into);
                b.right.collect(into);
            }
        }
    }
}

/// Sorted leaves with sorted changes taken over.
fn merge(leaves: Vec<(Hash, Hash)>, changes: &[Change]) -> Vec<(Hash, Hash)> {
    let mut out = Vec::with_capacity(leaves.len() + changes.len());
    let mut leaves = leaves.into_iter().peekable();
    for (key, value) in changes {
        while let Some(leaf) = leaves.next_if(|l| l.0 < *key) {
            out.push(leaf);
        }
        leaves.next_if(|l| l.0 == *key);
        out.extend(value.map(|v| (*key, v)));
    }
    out.extend(leaves);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn tree(map: &BTreeMap<u16, u8>) -> Tree {
        let mut t = Tree::default();
        let entries: Vec<_> = map.iter().map(|(k, v)| (k.to_be_bytes(), [*v])).collect();
        t.update(entries.iter().map(|(k, v)| (&k[..], Some(&v[..]))));
        t
    }

    #[test]
    fn known_roots() {
        assert_eq!(Tree::default().root(), Hash::ZERO);
        let one = tree(&BTreeMap::from([(1, 2)]));
        let (k, v) = (hash(KEY_DOMAIN, &[0, 1]), hash(VALUE_DOMAIN, &[2]));
        assert_eq!(one.root(), hash_parts(&[&[0], &k.0, &v.0]));
    }

    proptest! {
        /// Invariant 2: whatever the way there, equal content has an equal root and other content
        /// another one.
        #[test]
        fn the_root_depends_on_the_content_alone(steps in prop::collection::vec((0u16..80, prop::option::of(0u8..3)), 0..200),
                                                 batch in 1usize..30) {
            let mut t = Tree::default();
            let mut model = BTreeMap::new();
            for steps in steps.chunks(batch) {
                let before = (t.root(), model.clone());
                let entries: Vec<_> = steps.iter().map(|(k, v)| (k.to_be_bytes(), v.map(|v| [v]))).collect();
                t.update(entries.iter().map(|(k, v)| (&k[..], v.as_ref().map(|v| &v[..]))));
                for (k, v) in steps {
                    match v {
                        Some(v) => model.insert(*k, *v),
                        None => model.remove(k),
                    };
                }
                prop_assert_eq!(t.root() == before.0, model == before.1);
            }
            prop_assert_eq!(t.keys(), model.len());
            prop_assert_eq!(t.root(), tree(&model).root());
        }
    }
}
