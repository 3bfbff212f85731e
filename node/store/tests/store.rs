//! The store against plain maps, through commits and restarts.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{Block, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Header};
use stint_runtime::{BlockResult, State};
use stint_store::{Location, Medium, Store, StoreError, Tree};

fn genesis() -> Genesis {
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    Genesis {
        name: "test".into(),
        time_ms: 0,
        protocol_version: 1,
        validators: vec![GenesisValidator { name: "v1".into(), key }],
        consortium: "consortium".into(),
        stewards: vec![GenesisAgent { agent: "ana".into(), key }],
    }
}

const CHAIN: Hash = Hash([7; 32]);

fn open(medium: &Medium) -> Arc<Store> {
    Store::open(medium, &genesis(), CHAIN).expect("a good store")
}

fn block(store: &Store) -> Block {
    let tip = store.tip();
    let header = Header {
        chain_id: CHAIN,
        epoch: 0,
        view: tip.height + 1,
        parent_view: tip.height,
        height: tip.height + 1,
        leader: [1; 32],
        parent: tip.block,
        time_ms: tip.results.outcome.time_ms + 5,
        transactions_root: Hash::ZERO,
        transaction_count: 0,
        protocol_version: 1,
        executed_height: tip.height,
        state_root: tip.results.outcome.state_root,
        results_root: tip.results.results_root,
        next_committee: Hash::ZERO,
    };
    Block { header, transactions: Vec::new() }
}

fn call(n: u64) -> CallId {
    CallId { key: [2; 32], id: u128::from(n).to_be_bytes() }
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn everything(state: &impl State) -> Model {
    state.scan(b"", &[0xff; 9], usize::MAX, false).expect("readable").into_iter().collect()
}

fn root_of(model: &Model) -> Hash {
    Tree::default().with(model.iter().map(|(k, v)| (&k[..], Some(&v[..])))).root()
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(u8, Option<u8>)>),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((0u8..40, prop::option::of(any::<u8>())), 0..12).prop_map(Step::Commit),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]
    #[test]
    fn keeps_every_height_through_commits_and_restarts(steps in prop::collection::vec(step(), 1..24)) {
        let medium = Medium::memory().unwrap();
        let mut store = open(&medium);
        let mut models = vec![everything(&store.state_at(0))];
        for step in steps {
            match step {
                Step::Restart => {
                    let tip = store.tip();
                    drop(store);
                    store = open(&medium);
                    prop_assert_eq!(store.tip(), tip);
                }
                Step::Commit(writes) => {
                    let mut model = models.last().unwrap().clone();
                    let mut result = BlockResult::default();
                    for (k, v) in writes {
                        let key = vec![b'c', k];
                        match v {
                            Some(v) => model.insert(key.clone(), vec![v]),
                            None => model.remove(&key),
                        };
                        result.writes.insert(key, v.map(|v| vec![v]));
                    }
                    let height = models.len() as u64;
                    result.receipts.push(Bytes::from(height.to_be_bytes().to_vec()));
                    result.effective.push((call(height), 0));
                    let tip = store.commit(&block(&store), None, &result).unwrap();
                    prop_assert_eq!(tip.results.outcome.state_root, root_of(&model));
                    models.push(model);
                }
            }
        }
        for (height, model) in models.iter().enumerate() {
            let height = height as u64;
            let state = store.state_at(height);
            prop_assert_eq!(&everything(&state), model);
            for k in 0u8..40 {
                prop_assert_eq!(state.get(&[b'c', k]).unwrap(), model.get(&vec![b'c', k]).cloned());
            }
            let backwards = state.scan(b"c", b"d", 3, true).unwrap();
            let expected: Vec<_> = model.iter().rev().filter(|(k, _)| k[0] == b'c').take(3).map(|(k, v)| (k.clone(), v.clone())).collect();
            prop_assert_eq!(backwards, expected);
            prop_assert_eq!(store.results(height).unwrap().unwrap().outcome.state_root, root_of(model));
            if height > 0 {
                let at = Location { height, index: 0 };
                prop_assert_eq!(store.locate(call(height)).unwrap(), Some(at));
                prop_assert_eq!(store.receipt(at).unwrap().unwrap().to_vec(), height.to_be_bytes().to_vec());
                prop_assert_eq!(Block::decode(store.block(height).unwrap().unwrap()).unwrap().header.height, height);
            }
        }
    }
}

#[test]
fn a_folder_belongs_to_one_ledger_and_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let medium = Medium::Folder(folder.path().join("state"));
    let store = open(&medium);
    assert!(matches!(Store::open(&medium, &genesis(), CHAIN), Err(StoreError::Database(_))), "two owners at once");
    drop(store);
    let other = Store::open(&medium, &genesis(), Hash([8; 32])).err().expect("refused").to_string();
    assert!(other.contains("belongs to the ledger 0707"), "{other}");
}

#[test]
fn blocks_follow_one_another() {
    let store = open(&Medium::memory().unwrap());
    let mut later = block(&store);
    later.header.height = 2;
    assert!(matches!(
        store.commit(&later, None, &BlockResult::default()),
        Err(StoreError::OutOfOrder { tip: 0, got: 2 })
    ));
}
