//! The store against plain maps, through commits and restarts.

mod common;

use bytes::Bytes;
use common::{CHAIN, block, genesis};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{
    Block, CallId, Hash,
    limits::{KEPT_HEIGHTS, VALIDITY_WINDOW},
    v1,
};
use stint_runtime::{BlockResult, State};
use stint_store::{Keep, Location, Medium, ProveError, Store, StoreError, Tree};
use stint_verifier::{
    Reader,
    tree::{Shown, value_hash},
};

/// So little that pruning has something to do.
const KEEP: Keep = Keep { blocks: 48, receipts: 32, states: 20, snapshot_every: 8 };

fn open(medium: &Medium) -> Arc<Store> {
    Store::open(medium, &genesis(), CHAIN, KEEP).expect("a good store")
}

/// The next block, which certifies the results of the newest.
fn next(store: &Store) -> Block {
    block(store, store.tip().height)
}

/// The receipt of the only call of a block.
fn receipt(height: u64) -> Bytes {
    let CallId { key, id } = call(height);
    v1::Receipt { key: key.to_vec().into(), id: id.to_vec().into(), height, ..Default::default() }
        .encode_to_vec()
        .into()
}

fn call(n: u64) -> CallId {
    CallId { key: [2; 32], id: u128::from(n).to_be_bytes() }
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn everything(state: &impl State) -> Model {
    state.scan(b"", &[0xff; 9], usize::MAX, false).expect("readable").into_iter().collect()
}

fn root_of(model: &Model) -> Hash {
    Tree::of_sorted(model.iter().map(|(k, v)| (k.clone(), value_hash(v)))).root()
}

/// A store and the maps that it should be like, one for each height.
struct World {
    medium: Medium,
    store: Arc<Store>,
    models: Vec<Model>,
}

impl World {
    fn new() -> World {
        let medium = Medium::memory().expect("memory");
        let store = open(&medium);
        let models = vec![everything(&store.state_at(0))];
        World { medium, store, models }
    }

    fn restart(self) -> World {
        let World { medium, store, models } = self;
        let tip = store.tip();
        drop(store);
        let store = open(&medium);
        assert_eq!(store.tip(), tip);
        World { medium, store, models }
    }

    fn commit(&mut self, writes: &BTreeMap<u8, Option<u8>>) {
        let mut model = self.models[self.models.len() - 1].clone();
        let mut result = BlockResult::default();
        for (k, v) in writes {
            let key = vec![b'c', *k];
            match v {
                Some(v) => model.insert(key.clone(), vec![*v]),
                None => model.remove(&key),
            };
            result.writes.insert(key, v.map(|v| vec![v]));
        }
        let height = self.models.len() as u64;
        result.receipts.push(receipt(height));
        result.leaves.push(Hash([height as u8; 32]));
        result.effective.push((call(height), 0));
        let tip = self.store.commit(&next(&self.store), None, &result).expect("committed");
        assert_eq!(tip.results.outcome.state_root, root_of(&model));
        self.models.push(model);
    }

    fn prune(&self) {
        let (tip, before) = (self.store.tip().height, self.store.oldest());
        let pruned = self.store.prune().expect("pruned");
        let after = self.store.oldest();
        assert_eq!(pruned, after != before);
        for height in 1..after.receipts {
            assert_eq!(self.store.locate(call(height)).expect("readable"), None, "{before:?} {after:?} {height}");
        }
        for (before, after, keep) in [
            (before.block, after.block, KEEP.blocks),
            (before.receipts, after.receipts, KEEP.receipts),
            (before.state, after.state, KEEP.states),
        ] {
            // As many as are to be kept, and at most a sixteenth more.
            assert!(after == before || after == tip + 1 - keep);
            assert!(tip + 1 - after <= keep + (keep / 16).max(1));
        }
    }

    /// Everything that can be read of one height.
    fn read(&self, height: u64) {
        let model = &self.models[height as usize];
        let (state, oldest) = (self.store.state_at(height), self.store.oldest());
        if height < oldest.receipts {
            assert_eq!(self.store.locate(call(height)).expect("readable"), None);
            assert_eq!(self.store.receipt(Location { height, index: 0 }).expect("readable"), None);
        }
        if height > 0 && height < oldest.block {
            assert_eq!(self.store.block(height).expect("readable"), None);
        }
        if height < oldest.state {
            assert!(state.get(b"c").is_err(), "a state that is gone answers");
            return;
        }
        assert_eq!(&everything(&state), model);
        for k in [0u8, 7, 39] {
            assert_eq!(state.get(&[b'c', k]).expect("readable"), model.get(&vec![b'c', k]).cloned());
        }
        let backwards = state.scan(b"c", b"d", 3, true).expect("readable");
        let expected = model.iter().rev().filter(|(k, _)| k[0] == b'c').take(3);
        assert_eq!(backwards, expected.map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>());
        let results = self.store.results(height).expect("readable").expect("kept");
        assert_eq!(results.outcome.state_root, root_of(model));
        if height >= oldest.receipts {
            let at = Location { height, index: 0 };
            assert_eq!(self.store.locate(call(height)).expect("readable"), Some(at));
            assert_eq!(self.store.receipt(at).expect("readable").expect("kept"), receipt(height));
            assert_eq!(self.store.header(height).expect("readable").expect("kept").height, height);
        }
    }

    /// A part of the state of a height, as a reader of proofs sees it.
    fn prove(&self, height: u64, from: u8, to: u8) {
        let model = &self.models[height as usize];
        let range = vec![b'c', from]..vec![b'c', to];
        let part = match self.store.show(height, std::slice::from_ref(&range)) {
            Ok(part) => part,
            // While the trees of two snapshots are in use, that of the newest one alone is built beside them.
            Err(ProveError::Busy(busy)) => {
                let newest = self.store.snapshots().last().copied();
                return assert!(busy == height && newest != Some(height) && height != self.store.tip().height);
            }
            // Trees of the newest heights are kept, and after a restart that of the newest one and those of snapshots.
            Err(e) => {
                let offered = self.store.snapshots().contains(&height) || height == self.store.tip().height;
                return assert!(!offered, "{e}");
            }
        };
        let (shown, root) = Shown::read(&mut Reader(&part)).expect("a tree");
        assert_eq!(root, root_of(model));
        let expected = model.range(range.clone()).map(|(k, v)| (&k[..], &v[..])).collect::<Vec<_>>();
        assert_eq!(shown.range(&range.start, &range.end).collect::<Result<Vec<_>, _>>(), Ok(expected));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit(BTreeMap<u8, Option<u8>>),
    Read(prop::sample::Index),
    Prove(prop::sample::Index, u8, u8),
    Prune,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let range = (0u8..40, 0u8..40).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        60 => prop::collection::btree_map(0u8..40, prop::option::of(any::<u8>()), 0..12).prop_map(Step::Commit),
        40 => any::<prop::sample::Index>().prop_map(Step::Read),
        40 => (any::<prop::sample::Index>(), range).prop_map(|(at, (from, to))| Step::Prove(at, from, to)),
        5 => Just(Step::Prune),
        1 => Just(Step::Restart),
    ]
}

/// A store lives through this many cases: opening one takes a hundred times longer than a step.
const CASES_OF_A_STORE: u32 = 100;

#[test]
fn ten_thousand_sequences_of_steps_leave_it_like_a_map() {
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { failure_persistence: None, ..Default::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]),
    );
    let sequences = prop::collection::vec(step(), 1..12);
    let mut world = World::new();
    for case in 0..10_000 {
        if case % CASES_OF_A_STORE == 0 {
            world = World::new();
        }
        for step in sequences.new_tree(&mut runner).expect("steps").current() {
            let heights = world.models.len();
            match step {
                Step::Commit(writes) => world.commit(&writes),
                Step::Read(at) => world.read(at.index(heights) as u64),
                // Most proofs are asked of the newest heights.
                Step::Prove(at, from, to) => world.prove((heights - 1 - at.index(heights.min(70))) as u64, from, to),
                Step::Prune => world.prune(),
                Step::Restart => world = world.restart(),
            }
        }
    }
}

#[test]
fn a_folder_belongs_to_one_ledger_and_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let medium = Medium::Folder(folder.path().join("state"));
    let store = open(&medium);
    assert!(matches!(Store::open(&medium, &genesis(), CHAIN, KEEP), Err(StoreError::Locked)), "two owners at once");
    drop(store);
    let other = Store::open(&medium, &genesis(), Hash([8; 32]), KEEP).err().expect("refused").to_string();
    assert!(other.contains("belongs to the ledger 0707"), "{other}");
}

/// Once, an id could be used again as soon as its receipt was let go: a node that keeps more receipts took such a call
/// for a repetition, one that keeps fewer executed it, and their states went apart.
#[test]
fn an_id_may_be_used_again_after_as_long_as_every_node_remembers_it() {
    let store = open(&Medium::memory().unwrap());
    let result = BlockResult { effective: vec![(call(1), 0)], ..Default::default() };
    store.commit(&next(&store), None, &result).expect("committed");
    let repeats = |height| store.repeats(call(1), height).expect("readable");
    assert!(repeats(1) && repeats(2) && repeats(1 + VALIDITY_WINDOW));
    assert!(!repeats(2 + VALIDITY_WINDOW));
    assert!(!store.repeats(call(2), 2).expect("readable"));
    const { assert!(VALIDITY_WINDOW < KEPT_HEIGHTS) };
}

#[test]
fn blocks_follow_one_another() {
    let store = open(&Medium::memory().unwrap());
    let mut later = next(&store);
    later.header.height = 2;
    assert!(matches!(
        store.commit(&later, None, &BlockResult::default()),
        Err(StoreError::OutOfOrder { tip: 0, got: 2 })
    ));
}
