//! The root over a list, as in RFC 6962 (Certificate Transparency), section 2.1: leaves and inner
//! nodes are hashed under different first bytes, and the left subtree holds the largest power of
//! two of items that is smaller than the count. The root of an empty list is [`Hash::ZERO`].

use crate::{Hash, hash_parts};
use alloc::vec::Vec;

/// Hash of one item.
pub fn leaf(item: &[u8]) -> Hash {
    hash_parts(&[&[0], item])
}

/// Hash of an inner node.
pub fn node(left: Hash, right: Hash) -> Hash {
    hash_parts(&[&[1], &left.0, &right.0])
}

/// The root over items.
pub fn root<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Hash {
    let leaves: Vec<Hash> = items.into_iter().map(|i| leaf(i.as_ref())).collect();
    of_leaves(&leaves)
}

/// The root over hashed items.
pub fn of_leaves(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::ZERO,
        [one] => *one,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            node(of_leaves(left), of_leaves(right))
        }
    }
}

/// The siblings on the way from leaf `index` up to the root, lowest first; `None` outside the list.
pub fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, sibling) = match index < left.len() {
        true => (path(left, index)?, of_leaves(right)),
        false => (path(right, index - left.len())?, of_leaves(left)),
    };
    below.push(sibling);
    Some(below)
}

/// The root that a leaf at `index` of `count` has with these siblings; `None` when the number of
/// siblings does not fit.
pub fn root_of_path(leaf: Hash, index: usize, count: usize, path: &[Hash]) -> Option<Hash> {
    if index >= count {
        return None;
    }
    if count == 1 {
        return path.is_empty().then_some(leaf);
    }
    let (sibling, below) = path.split_last()?;
    let left = split(count);
    match index < left {
        true => Some(node(root_of_path(leaf, index, left, below)?, *sibling)),
        false => Some(node(*sibling, root_of_path(leaf, index - left, count - left, below)?)),
    }
}

/// The largest power of two below `count`, for counts of at least 2.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn known_roots_of_rfc_6962() {
        // The test vectors of the Certificate Transparency reference implementation.
        let items: [&[u8]; 3] = [b"", b"\0", b"\x10"];
        let hex = |n: usize| root(&items[..n]).to_string();
        assert_eq!(root::<&[u8]>([]), Hash::ZERO);
        assert_eq!(hex(1), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(2), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(hex(3), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }

    proptest! {
        #[test]
        fn every_leaf_has_a_path_and_no_other_place(count in 1usize..40, index in 0usize..40, other in 0usize..40) {
            let leaves: Vec<Hash> = (0..count as u8).map(|i| leaf(&[i])).collect();
            let (index, other) = (index % count, other % count);
            let p = path(&leaves, index).unwrap();
            prop_assert_eq!(root_of_path(leaves[index], index, count, &p), Some(of_leaves(&leaves)));
            if other != index {
                prop_assert_ne!(root_of_path(leaves[index], other, count, &p), Some(of_leaves(&leaves)));
            }
        }
    }
}
