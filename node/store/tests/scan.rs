//! Scans where most keys are deleted: they find what is there, whichever way they go.

mod common;

use common::{CHAIN, block, genesis};
use std::sync::Arc;
use stint_runtime::{BlockResult, State};
use stint_store::{Keep, Medium, Store};

const KEYS: u32 = 3_000;
/// So many are deleted behind each one that stays.
const DELETED: u32 = 150;

fn key(n: u32) -> Vec<u8> {
    [b"c/", &n.to_be_bytes()[..]].concat()
}

fn commit(store: &Store, writes: impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)>) {
    let result = BlockResult { writes: writes.collect(), ..Default::default() };
    store.commit(&block(store, store.tip().height), None, &result).expect("committed");
}

fn finds(store: &Arc<Store>, height: u64, expected: &[u32]) {
    let state = store.state_at(height);
    let found = |from: u32, to: u32, limit: usize, reverse: bool| -> Vec<Vec<u8>> {
        let entries = state.scan(&key(from), &key(to), limit, reverse).expect("readable");
        entries.into_iter().map(|(key, _)| key).collect()
    };
    for (from, to) in [(0, KEYS), (1, KEYS), (0, KEYS - 1), (DELETED, DELETED + 1), (5, 20), (500, 2_500), (7, 7)] {
        let inside: Vec<Vec<u8>> = expected.iter().filter(|n| (from..to).contains(n)).map(|n| key(*n)).collect();
        for limit in [1, 2, 5, usize::MAX] {
            let take = limit.min(inside.len());
            assert_eq!(found(from, to, limit, false), inside[..take], "{height}: {from} to {to}, {limit}");
            let backwards: Vec<_> = inside.iter().rev().take(take).cloned().collect();
            assert_eq!(found(from, to, limit, true), backwards, "{height}: {from} to {to}, {limit} backwards");
        }
    }
}

#[test]
fn a_scan_steps_over_what_earlier_blocks_deleted() {
    let medium = Medium::memory().expect("memory");
    let store = Store::open(&medium, &genesis(), CHAIN, Keep::ARCHIVE).expect("a store");
    let all: Vec<u32> = (0..KEYS).collect();
    let few: Vec<u32> = all.iter().copied().filter(|n| n % DELETED == 0).collect();
    commit(&store, all.iter().map(|n| (key(*n), Some(vec![1]))));
    commit(&store, all.iter().filter(|n| !few.contains(n)).map(|n| (key(*n), None)));
    // One that lives has many versions, too.
    for n in 0..40 {
        commit(&store, [(key(few[1]), Some(vec![n]))].into_iter());
    }
    let tip = store.tip().height;
    // The newest state; one whose tree is led back to; one whose tree is not at hand; one where all is there.
    for height in [tip, tip - 5, 2] {
        finds(&store, height, &few);
    }
    finds(&store, 1, &all);
    commit(&store, few.iter().map(|n| (key(*n), None)));
    finds(&store, tip + 1, &[]);
    finds(&store, tip, &few);
}
