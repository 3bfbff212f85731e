//! What the store proves holds for whoever trusts the validators: here one, with a known key.

mod common;

use common::{CHAIN, block, genesis, key};
use ed25519_dalek::Signer;
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{Block, Certificate, Header, receipt::apart, v1};
use stint_runtime::BlockResult;
use stint_store::{END, Joining, Keep, Location, Medium, Oldest, Past, ProveError, Store, Target};
use stint_verifier::{Fact, Reader, Trust, signed, tree::Shown, verify};

fn ledger() -> (Arc<Store>, Trust) {
    ledger_that_keeps(Keep::default())
}

fn ledger_that_keeps(keep: Keep) -> (Arc<Store>, Trust) {
    let genesis = genesis();
    let store = Store::open(&Medium::memory().expect("memory"), &genesis, CHAIN, keep).expect("a store");
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
        let id = (u128::from(height) << 32 | u128::from(index)).to_be_bytes();
        let (key, id) = (vec![2; 32].into(), id.to_vec().into());
        let receipt = v1::Receipt { key, id, height, index, events, ..Default::default() };
        result.receipts.push(receipt.encode_to_vec().into());
        result.leaves.push(apart(receipt).leaf());
    }
    for n in 0..40u8 {
        result.writes.insert(vec![b'c', n], (n % 7 != height as u8 % 7).then(|| vec![height as u8, n]));
    }
    let signature = key().sign(&signed(&block.header, block.header.view, block.header.parent_view)).to_bytes();
    let certificate = Certificate::new(&block.header, 1, vec![(0, signature)]);
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

/// Every bit of what the store itself proves, not only of what the verifier's tests put together.
#[test]
fn no_bit_of_what_the_store_proves_can_change() {
    let (store, trust) = ledger();
    for executed in 0..4 {
        commit(&store, executed, executed != 1);
    }
    let at = Location { height: 2, index: 2 };
    let state = store.provable_state(Some(2)).expect("provable");
    let proofs = [
        // Final by the votes over the block behind it.
        store.prove_block(2),
        store.prove_receipt(at, None),
        store.prove_receipt(at, Some(1)),
        store.prove_receipts(2),
        store.prove_state(&state, &[b"c\x05".to_vec()..b"c\x09".to_vec(), b"c\x14z".to_vec()..b"c\x14zz".to_vec()]),
    ];
    for proof in proofs {
        let mut proof = proof.expect("a proof");
        assert!(verify(&trust, &proof).is_ok());
        for at in 0..8 * proof.len() {
            proof[at / 8] ^= 1 << (at % 8);
            assert!(verify(&trust, &proof).is_err(), "bit {at} of {} bytes", proof.len());
            proof[at / 8] ^= 1 << (at % 8);
        }
    }
}

/// What was let go once was called damaged, with the advice to repair it, or waited for as if it were still to come.
#[test]
fn what_was_let_go_is_told_with_what_is_kept() {
    let said = |proof: Result<Vec<u8>, ProveError>| match proof {
        Err(ProveError::NotKept(what)) => what,
        other => panic!("{other:?}"),
    };
    let grown = |keep| {
        let (store, trust) = ledger_that_keeps(keep);
        for executed in 0..40 {
            commit(&store, executed, true);
        }
        while store.prune().expect("pruned") {}
        (store, trust)
    };
    let keep = Keep { blocks: 20, receipts: 10, states: 5, snapshot_every: 0 };
    let (store, trust) = grown(keep);
    let Oldest { block, receipts, .. } = store.oldest();
    assert!(1 < block && block < receipts && receipts == store.oldest_proven_receipts());
    let what = said(store.prove_block(block - 1));
    assert!(
        what.contains(&format!(
            "block {} cannot be proved here any more: that goes from block {block} to 40",
            block - 1
        )),
        "{what}"
    );
    let what = said(store.prove_receipts(receipts - 1));
    assert!(what.contains(&format!("that goes from block {receipts} to 40")), "{what}");
    let at = |height| Location { height, index: 0 };
    assert_eq!(said(store.prove_receipt(at(receipts - 1), None)), what);
    // The first of each is proved.
    for proof in [store.prove_block(block), store.prove_receipts(receipts), store.prove_receipt(at(receipts), None)] {
        verify(&trust, &proof.expect("a proof")).expect("valid");
    }
    let state = |height| store.prove_state(&store.provable_state(Some(height))?, &[]);
    assert!(said(state(3)).contains(&format!("that goes from block {block} to 40")));
    let what = said(state(24));
    assert!(
        what.contains("the state after block 24 cannot be proved here: that goes for those after blocks 25 to 40"),
        "{what}"
    );
    assert!(state(25).is_ok() && matches!(state(40), Err(ProveError::NotYet(40))));

    // Where receipts outlive blocks, these bear them out no more.
    let (store, trust) = grown(Keep { blocks: 10, receipts: 20, ..keep });
    let Oldest { block, receipts, .. } = store.oldest();
    assert!(receipts < block && store.oldest_proven_receipts() == block);
    assert!(said(store.prove_receipts(receipts)).contains(&format!("that goes from block {block} to 40")));
    assert!(said(store.prove_receipts(block - 1)).contains(&format!("that goes from block {block} to 40")));
    verify(&trust, &store.prove_receipts(block).expect("a proof")).expect("valid");
}

/// A node that joined keeps its first block and could not prove what it led to: that hangs on what came before.
#[test]
fn a_node_that_joined_offers_what_it_can_prove() {
    let (source, trust) = ledger();
    for executed in 0..9 {
        commit(&source, executed, true);
    }
    let results = |height| source.results(height).expect("readable").expect("executed");
    let target = Target { height: 8, results: results(8), from: 4 };
    let medium = Medium::memory().expect("memory");
    let mut joining = Joining::begin(&medium, &genesis(), CHAIN, Keep::default(), target, &[]).expect("begun");
    let all = stint_runtime::State::scan(&source.state_at(8), b"", END, usize::MAX, false).expect("readable");
    let entries: Vec<_> = all.iter().map(|(k, v)| (&k[..], &v[..])).collect();
    joining.fill(&(Vec::new()..END.to_vec()), &entries).expect("filled");
    for height in 4..=8 {
        let block = Block::decode(source.block(height).expect("readable").expect("kept")).expect("a block");
        let (certificate, receipts) = (source.certificate(height).expect("readable"), source.receipts(height));
        let receipts = receipts.expect("kept");
        joining.record(&Past { block, certificate, receipts, results: results(height) }).expect("recorded");
    }
    let store = joining.finish().expect("whole");
    assert_eq!(store.oldest(), Oldest { block: 4, receipts: 5, state: 8 });
    for height in 4..=8 {
        verify(&trust, &store.prove_block(height).expect("a proof")).expect("valid");
        match store.prove_receipts(height) {
            Ok(proof) if height > 4 => drop(verify(&trust, &proof).expect("valid")),
            Err(ProveError::NotKept(what)) if height == 4 => assert!(what.contains("from block 5 to 8"), "{what}"),
            // No header behind the newest block yet.
            Err(ProveError::NotYet(8)) if height == 8 => {}
            other => panic!("{height}: {other:?}"),
        }
    }
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
