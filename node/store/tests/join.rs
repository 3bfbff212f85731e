//! A store that is filled with what peers gave.

mod common;

use common::{CHAIN, block, genesis, key};
use prost::Message;
use std::sync::Arc;
use stint_proto::{Block, Call, CallId, Transaction, receipt::apart, v1};
use stint_runtime::{BlockResult, State};
use stint_store::{END, Joining, Keep, Location, Medium, Past, Store, Target, genesis_block};

const BLOCKS: u64 = 30;

fn id(n: u64) -> CallId {
    CallId { key: key().verifying_key().to_bytes(), id: u128::from(n).to_be_bytes() }
}

fn call(n: u64) -> Transaction {
    let call = Call {
        chain_id: CHAIN,
        commons: "forge".into(),
        method: "/a.B/C".into(),
        request: vec![n as u8; 20].into(),
        call_id: id(n),
        valid_until: 1_000,
        fuel_limit: 0,
    };
    call.sign(&key()).expect("a call within its limits")
}

/// A ledger with a call in each block.
fn ledger() -> Arc<Store> {
    let store = Store::open(&Medium::memory().expect("memory"), &genesis(), CHAIN, Keep::ARCHIVE).expect("a store");
    for height in 1..=BLOCKS {
        let mut block = block(&store, height - 1);
        if height == 1 {
            block.header.parent = genesis_block(&genesis(), CHAIN).header.hash();
        }
        let tx = call(height);
        let receipt = v1::Receipt {
            key: tx.id().key.to_vec().into(),
            id: tx.id().id.to_vec().into(),
            transaction_hash: tx.hash().0.to_vec().into(),
            height,
            ..Default::default()
        };
        let mut result = BlockResult { effective: vec![(tx.id(), 0)], ..Default::default() };
        result.receipts.push(receipt.encode_to_vec().into());
        result.leaves.push(apart(receipt).leaf());
        result.writes.insert(vec![b'c', height as u8 % 5], Some(vec![height as u8]));
        block.transactions = vec![tx];
        block.header.transactions_root = Block::transactions_root(&block.transactions);
        block.header.transaction_count = 1;
        store.commit(&block, None, &result).expect("committed");
    }
    store
}

fn past(store: &Store, height: u64) -> Past {
    let block = store.block(height).expect("readable").expect("kept");
    Past {
        block: Block::decode(block).expect("a block"),
        certificate: None,
        receipts: store.receipts(height).expect("kept"),
        results: store.results(height).expect("readable").expect("kept"),
    }
}

/// How many calls there were before was once taken from a peer, who could say anything. Only those of the fetched blocks
/// are counted now, and from which block on is said beside them.
#[test]
fn calls_are_counted_from_the_first_fetched_block_which_may_come_later_than_was_aimed_at() {
    let source = ledger();
    let medium = Medium::memory().expect("memory");
    let results = source.tip().results;
    let target = Target { height: BLOCKS, results, from: 1 };
    let mut joining = Joining::begin(&medium, &genesis(), CHAIN, Keep::ARCHIVE, target, &[]).expect("begun");
    (1..=10).for_each(|height| joining.record(&past(&source, height)).expect("recorded"));
    drop(joining);
    let mut joining = Joining::resume(&medium, &genesis(), CHAIN, Keep::ARCHIVE).expect("resumed");
    assert_eq!((joining.target(), joining.next_block().0), (target, 11));

    // Peers let go of block 11 meanwhile.
    joining.begin_blocks_at(21).expect("begun later");
    assert_eq!((joining.target().from, joining.next_block()), (21, (21, None)));
    assert_eq!(joining.results_before().expect("readable"), None);
    drop(joining);
    let mut joining = Joining::resume(&medium, &genesis(), CHAIN, Keep::ARCHIVE).expect("resumed");
    (21..=BLOCKS).for_each(|height| joining.record(&past(&source, height)).expect("recorded"));
    let state = source.state_at(BLOCKS).scan(b"", END, usize::MAX, false).expect("readable");
    let entries: Vec<(&[u8], &[u8])> = state.iter().map(|(key, value)| (&key[..], &value[..])).collect();
    joining.fill(&(Vec::new()..END.to_vec()), &entries).expect("filled");
    let store = joining.finish().expect("whole");

    let holds = |store: &Store| {
        let tip = store.tip();
        assert_eq!((tip.results, tip.transactions, store.counted_from()), (results, 10, 21));
        // Nobody knows what came before block 21, so its own receipts cannot be proved.
        assert_eq!((store.oldest().block, store.oldest().receipts), (21, 22));
        assert_eq!(store.block(10).expect("readable"), None);
        assert_eq!(store.locate(id(10)).expect("readable"), None);
        assert_eq!(store.locate(id(21)).expect("readable"), Some(Location { height: 21, index: 0 }));
        let checked = store.check(&genesis(), &mut |_| ()).expect("it agrees with itself");
        assert_eq!((checked.blocks, checked.receipts, checked.calls), (10, 9, 9));
    };
    holds(&store);
    drop(store);
    holds(&Store::open(&medium, &genesis(), CHAIN, Keep::ARCHIVE).expect("whole"));
    assert_eq!((source.tip().transactions, source.counted_from()), (BLOCKS, 1));
}
