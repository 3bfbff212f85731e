//! The tree against a plain map, and against what a reader of proofs makes of it.

use proptest::prelude::*;
use std::{collections::BTreeMap, convert::Infallible};
use stint_proto::{Hash, limits::KEY_BYTES};
use stint_store::{Beside, Tree};
use stint_verifier::{
    Reader,
    tree::{KeyRange, Shown, value_hash},
};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keys that share beginnings and begin one another, as those of contracts do.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![&b"c/forge/"[..], b"c/f", b"k/", b"", &[0, 255]]);
    (part, prop::collection::vec(prop_oneof![0u8..4, 250u8..=255], 0..5)).prop_map(|(a, b)| [a, &b[..]].concat())
}

/// The tree over a map at once.
fn whole(map: &Map) -> Tree {
    Tree::of_sorted(map.iter().map(|(k, v)| (k.clone(), value_hash(v))))
}

/// What a reader sees of some ranges, after checking the root.
fn seen(tree: &Tree, map: &Map, ranges: &[KeyRange]) -> Shown {
    let part = tree.show(ranges, |key| Ok::<_, Infallible>(map[key].clone())).expect("values");
    let mut r = Reader(&part);
    let (shown, root) = Shown::read(&mut r).expect("a tree");
    assert!(r.0.is_empty());
    assert_eq!(root, tree.root());
    shown
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..Default::default() })]

    /// Whatever the way there, equal content has an equal root and other content another one; old
    /// versions stay as they were; and the reader of a proof sees what the map holds.
    #[test]
    fn a_tree_is_its_content(steps in prop::collection::vec(prop::collection::btree_map(keys(), prop::option::weighted(0.6, 0u8..3), 0..20), 0..8),
                             from in keys(), to in keys()) {
        let mut tree = Tree::default();
        let mut map = Map::new();
        let mut versions = vec![(tree.clone(), map.clone())];
        for changes in &steps {
            let before = map.clone();
            let changes: Vec<_> = changes.iter().map(|(k, v)| (&k[..], v.map(|v| [v]))).collect();
            tree = tree.with(changes.iter().map(|(k, v)| (*k, v.as_ref().map(|v| &v[..]))));
            for (key, value) in &changes {
                match value {
                    Some(v) => map.insert(key.to_vec(), v.to_vec()),
                    None => map.remove(*key),
                };
            }
            prop_assert_eq!(tree.root() == versions[versions.len() - 1].0.root(), map == before);
            prop_assert_eq!(tree.root(), whole(&map).root());
            prop_assert_eq!(tree.keys(), map.len() as u64);
            for key in [&from, &to].into_iter().chain(map.keys()) {
                let (at_or_after, before) = (map.range(key.clone()..).next(), map.range(..key.clone()).next_back());
                prop_assert_eq!(tree.beside(key, Beside::From), at_or_after.map(|(k, _)| k.clone()));
                prop_assert_eq!(tree.beside(key, Beside::Before), before.map(|(k, _)| k.clone()));
            }
            versions.push((tree.clone(), map.clone()));
        }
        let (from, to) = (from.clone().min(to.clone()), from.max(to));
        for (tree, map) in &versions {
            let shown = seen(tree, map, &[from.clone()..to.clone()]);
            let expected: Vec<_> = map.range(from.clone()..to.clone()).map(|(k, v)| (&k[..], &v[..])).collect();
            prop_assert_eq!(shown.range(&from, &to).collect::<Result<Vec<_>, _>>(), Ok(expected));
        }
    }
}

#[test]
fn known_roots() {
    assert_eq!(Tree::default().root(), Hash::ZERO);
    let one = Tree::default().with([(&b"k"[..], Some(&b"v"[..]))]);
    let bucket = [&[0, 0, 1][..], b"k", &value_hash(b"v").0].concat();
    assert_eq!(one.root(), stint_proto::hash_parts(&[&bucket]));
    assert_eq!(one.with([(&b"k"[..], None)]).root(), Hash::ZERO);
}

/// The deepest tree that keys of a contract can make: one branch for every bit of the longest key.
#[test]
fn the_deepest_tree_fits_a_small_stack() {
    let deepest = || {
        let key = vec![0xff; KEY_BYTES];
        let mut map = Map::from([(key.clone(), vec![1])]);
        for bit in 0..KEY_BYTES * 8 {
            let mut other = key[..=bit / 8].to_vec();
            other[bit / 8] ^= 0x80 >> (bit % 8);
            map.insert(other, vec![2]);
        }
        let mut tree = Tree::default();
        for (k, v) in &map {
            tree = tree.with([(&k[..], Some(&v[..]))]);
        }
        assert_eq!(tree.root(), whole(&map).root());
        let mut end = key.clone();
        end.push(0);
        assert_eq!(seen(&tree, &map, &[key.clone()..end]).get(&key), Ok(Some(&[1][..])));
    };
    // Half of what the threads have that execute blocks.
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(deepest).expect("a thread");
    thread.join().expect("no overflow");
}
