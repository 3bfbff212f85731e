//! New values for keys that are there, which is most of what blocks do: one way down and back, on which each node is
//! looked at once, so that it is hashed while it is near.

use super::{
    Bucket, Node, Subtree, WORTH_A_THREAD,
    update::{Change, Put},
};
use std::sync::Arc;
use stint_verifier::{
    Hash,
    key::{BITS_A_BYTE, bit},
    tree::branch_hash,
};

/// Room for most keys.
const KEY_BYTES: usize = BITS_A_BYTE * 16;

/// One pass over a part of the tree.
#[derive(Default)]
struct Pass {
    /// When something was changed: one of the keys below the last part that was.
    key: Vec<u8>,
    /// Places of the changes that found no key to give a value.
    rest: Vec<usize>,
}

/// Gives keys that are there new values, by changes in the order of their keys; notes the hashes of the values that they
/// had. Answers with the places of those changes that are not of this kind.
pub fn replace(tree: &mut Subtree, changes: &[Change<'_>], old: &mut [Option<Hash>], threads: usize) -> Vec<usize> {
    let mut pass = Pass { key: Vec::with_capacity(KEY_BYTES), rest: Vec::new() };
    pass.below(tree, changes, old, 0, threads);
    pass.rest
}

impl Pass {
    /// `first` is the place of the first of these changes. True when something was changed.
    fn below(
        &mut self,
        part: &mut Subtree,
        changes: &[Change<'_>],
        old: &mut [Option<Hash>],
        first: usize,
        threads: usize,
    ) -> bool {
        if changes.is_empty() {
            return false;
        }
        let hash = match &mut part.node {
            Node::Bucket(bucket) => self.bucket(bucket, changes, old, first),
            Node::Branch(branch) => {
                let branch = Arc::make_mut(branch);
                let middle = changes.partition_point(|(key, _)| !bit(key, branch.bit));
                let (to_left, to_right) = changes.split_at(middle);
                let (of_left, of_right) = old.split_at_mut(middle);
                let (left, right) = (&mut branch.left, &mut branch.right);
                let changed = if threads < 2 || to_left.len().min(to_right.len()) < WORTH_A_THREAD {
                    let changed = self.below(left, to_left, of_left, first, threads);
                    self.below(right, to_right, of_right, first + middle, threads) || changed
                } else {
                    let mut beside = Pass::default();
                    let (changed, other) = std::thread::scope(|scope| {
                        let other =
                            scope.spawn(|| beside.below(right, to_right, of_right, first + middle, threads / 2));
                        let changed = self.below(left, to_left, of_left, first, threads - threads / 2);
                        (changed, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                    });
                    self.rest.append(&mut beside.rest);
                    if other {
                        self.key = beside.key;
                    }
                    changed || other
                };
                changed.then(|| branch_hash(branch.bit, &self.key, branch.left.hash(), branch.right.hash()))
            }
        };
        part.hash = hash.or(part.hash);
        hash.is_some()
    }

    /// The new hash of a bucket, when something in it was changed.
    fn bucket(
        &mut self,
        bucket: &mut Bucket,
        changes: &[Change<'_>],
        old: &mut [Option<Hash>],
        first: usize,
    ) -> Option<Hash> {
        let mut changed = false;
        for (at, (key, put)) in changes.iter().enumerate() {
            match (bucket.find(key), put.map(Put::hash)) {
                (Some((slot, was)), Some(value)) => {
                    bucket.set(slot, value);
                    old[at] = Some(was);
                    changed = true;
                }
                // Among keys that are not below a branch, some may have gone to the wrong side.
                _ => self.rest.push(first + at),
            }
        }
        changed.then(|| {
            self.key.clear();
            self.key.extend_from_slice(bucket.first());
            bucket.hash()
        })
    }
}
