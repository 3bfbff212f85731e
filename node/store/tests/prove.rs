//! What the store proves holds for whoever trusts the validators: here one, with a known key.

mod common;

use common::{CHAIN, block, genesis, key};
use ed25519_dalek::Signer;
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{Certificate, Header, receipt::apart, v1};
use stint_runtime::BlockResult;
use stint_store::{END, Keep, Location, Medium, ProveError, Store};
use stint_verifier::{Fact, Reader, Trust, signed, tree::Shown, verify};

fn ledger() -> (Arc<Store>, Trust) {
    let genesis = genesis();
    let store = Store::open(&Medium::memory().expect("memory"), &genesis, CHAIN, Keep::default()).expect("a store");
    (store, genesis.trust(CHAIN).expect("validators"))
}

/// Commits the next block with three receipts, of which receipt i announces i events.
fn commit(store: &Store, executed: u64, votes: bool) -> Header {
    let block = block(store, executed);
    let height = block.header.height;
    let mut result = BlockResult::default();
    for index in 0..3u32 {
        let event = |n| v1::Event { commons: "forge".into(), r#type: format!("E{n}"), ..Default::default() };
        let events = (0..index).map(event).collect();
        let receipt = v1::Receipt { height, index, events, ..Default::default() };
        result.receipts.push(receipt.encode_to_vec().into());
        result.leaves.push(apart(receipt).leaf());
    }
    for n in 0..40u8 {
        result.writes.insert(vec![b'c', n], (n % 7 != height as u8 % 7).then(|| vec![height as u8, n]));
    }
    let signature = key().sign(&signed(&block.header)).to_bytes();
    let certificate = Certificate { votes: vec![(0, signature)] };
    store.commit(&block, votes.then_some(&certificate), &result).expect("committed");
    block.header
}

#[test]
fn everything_that_is_kept_is_proved_even_where_no_header_certifies_it_by_itself() {
    let (store, trust) = ledger();
    // Results of blocks 2 and 3 are certified by header 5 at once; blocks 3 and 4 have no votes.
    for (executed, votes) in [(0, true), (1, true), (1, false), (1, false), (4, true), (5, true), (6, false)] {
        commit(&store, executed, votes);
    }
    for height in 1..=5 {
        let proven = verify(&trust, &store.prove_block(height).expect("a proof")).expect("valid");
        assert_eq!((proven.header.height, proven.fact), (height, Fact::Block(vec![])));
        let Fact::Receipts(led, all) =
            verify(&trust, &store.prove_receipts(height).expect("a proof")).expect("valid").fact
        else {
            panic!("not all receipts")
        };
        assert_eq!((led.height, all.len()), (height, 3));
        for index in 0..3 {
            let at = Location { height, index };
            let proof = store.prove_receipt(at, None).expect("a proof");
            let Fact::Receipt(receipt) = verify(&trust, &proof).expect("valid").fact else { panic!("no receipt") };
            let decoded = v1::Receipt::decode(&receipt.receipt[..]).expect("a receipt");
            assert_eq!((decoded.height, decoded.index, receipt.events), (height, index, index));
            for event in 0..index {
                let proof = store.prove_receipt(at, Some(event)).expect("a proof");
                let Fact::Event(_, shown) = verify(&trust, &proof).expect("valid").fact else { panic!("no event") };
                assert_eq!(v1::Event::decode(&shown.event[..]).expect("an event").r#type, format!("E{event}"));
            }
            assert!(matches!(store.prove_receipt(at, Some(index)), Err(ProveError::NotKept(_))));
        }
        let state = store.provable_state(Some(height)).expect("provable");
        let proof = store.prove_state(&state, &[b"c\x05".to_vec()..b"c\x09".to_vec()]).expect("a proof");
        let Fact::State(shown, led) = verify(&trust, &proof).expect("valid").fact else { panic!("no state") };
        assert_eq!(led.height, height);
        let kept: BTreeMap<_, _> = shown.range(b"c\x05", b"c\x09").map(|e| e.expect("shown")).collect();
        let expected = (5..9u8).filter(|n| n % 7 != height as u8 % 7).count();
        assert_eq!(kept.len(), expected);
        assert!(kept.values().all(|v| v[0] == height as u8));
    }
    assert_eq!(store.provable_state(None).expect("provable").led.height, 5, "header 6 has votes, header 7 has none");
    assert_eq!(store.certified_height().expect("readable"), 5);
    assert!(matches!(store.prove_block(7), Err(ProveError::NotYet(7))));
    assert!(matches!(store.prove_receipts(7), Err(ProveError::NotYet(7))));
}

#[test]
fn a_state_comes_in_pieces_that_leave_nothing_out() {
    let (store, _) = ledger();
    let mut result = BlockResult::default();
    for n in 0..3_000u32 {
        result.writes.insert([&b"c/"[..], &n.to_be_bytes()].concat(), Some(vec![n as u8; 1_000]));
    }
    store.commit(&block(&store, 0), None, &result).expect("committed");
    let root = store.tip().results.outcome.state_root;
    let (mut from, mut seen, mut pieces) = (Vec::new(), Vec::new(), 0);
    loop {
        let (part, next) = store.chunk(1, &from).expect("a piece");
        let (shown, found) = Shown::read(&mut Reader(&part)).expect("a tree");
        assert_eq!(found, root);
        let to = next.clone().unwrap_or(END.to_vec());
        seen.extend(shown.range(&from, &to).map(|e| e.map(|(k, v)| (k.to_vec(), v.to_vec())).expect("shown")));
        pieces += 1;
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    let all = stint_runtime::State::scan(&store.state_at(1), b"", END, usize::MAX, false).expect("readable");
    assert_eq!(seen, all);
    assert_eq!(pieces, 3);
}
