//! The keys beside a key. RocksDB steps over every deleted key to find one that lives; here it costs a way down.

use super::{Node, Subtree, Tree};
use stint_verifier::key::{bit, first_difference};

/// A side of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The first key that is not smaller.
    From,
    /// The last key that is smaller.
    Before,
}

impl Tree {
    /// The nearest key on a side of a key.
    pub fn beside(&self, key: &[u8], side: Beside) -> Option<Vec<u8>> {
        let root = self.root.as_ref()?;
        let bucket = root.bucket_of(key);
        // Keys below a branch that shares more bits than this are all greater or all smaller.
        let Some(differs) = first_difference(bucket.first(), key) else {
            return match side {
                Beside::From => Some(key.to_vec()),
                Beside::Before => root.within(key, usize::MAX, side),
            };
        };
        root.within(key, differs, side)
    }
}

impl Subtree {
    /// `differs` is the first bit in which the key differs from those that it meets at the end of its way.
    fn within(&self, key: &[u8], differs: usize, side: Beside) -> Option<Vec<u8>> {
        let mut part = self;
        // The nearest part beside the way so far.
        let mut other: Option<&Subtree> = None;
        loop {
            match &part.node {
                Node::Branch(branch) if branch.bit <= differs => {
                    let right = bit(key, branch.bit);
                    part = if right { &branch.right } else { &branch.left };
                    match side {
                        Beside::From if !right => other = Some(&branch.right),
                        Beside::Before if right => other = Some(&branch.left),
                        _ => {}
                    }
                }
                Node::Branch(_) => {
                    let all_greater = !bit(key, differs);
                    return match (side, all_greater) {
                        (Beside::From, true) | (Beside::Before, false) => Some(part.end(side)),
                        _ => other.map(|part| part.end(side)),
                    };
                }
                Node::Bucket(bucket) => {
                    let mut keys = bucket.leaves().map(|leaf| leaf.key);
                    let found = match side {
                        Beside::From => keys.find(|k| **k >= *key),
                        Beside::Before => keys.take_while(|k| **k < *key).last(),
                    };
                    return found.map(Vec::from).or_else(|| other.map(|part| part.end(side)));
                }
            }
        }
    }

    /// The key of a part that is nearest to what stands before it, or behind it.
    fn end(&self, side: Beside) -> Vec<u8> {
        match side {
            Beside::From => self.first_key().to_vec(),
            Beside::Before => {
                let mut part = self;
                loop {
                    match &part.node {
                        Node::Branch(branch) => part = &branch.right,
                        Node::Bucket(bucket) => {
                            return bucket.leaves().last().map(|leaf| leaf.key.into()).unwrap_or_default();
                        }
                    }
                }
            }
        }
    }
}
