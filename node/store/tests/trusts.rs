//! Validators that follow one another, as the store keeps them and proofs lead over them.

mod common;

use common::{CHAIN, block, genesis, key};
use ed25519_dalek::{Signer, SigningKey};
use std::sync::Arc;
use stint_proto::{Block, Certificate, Committee, Hash};
use stint_runtime::BlockResult;
use stint_store::{Difference, Keep, Medium, Store, StoreError, genesis_block, trusts};
use stint_verifier::{Handover, SignedChain, Trust, signed, verify};

fn other() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

fn committee(key: &SigningKey) -> Committee {
    Committee::new(vec![key.verifying_key().to_bytes()]).expect("a committee")
}

fn trust() -> Trust {
    genesis().trust(CHAIN).expect("validators")
}

/// Commits the next block, signed by `by`; the last of its epoch where others follow.
fn commit(store: &Arc<Store>, epoch: u64, by: &SigningKey, next: Option<&SigningKey>) -> Block {
    let mut block = block(store, store.tip().height);
    if block.header.height == 1 {
        block.header.parent = genesis_block(&genesis(), CHAIN).header.hash();
    }
    block.header.epoch = epoch;
    block.header.next_committee = next.map_or(Hash::ZERO, |key| committee(key).hash());
    let header = &block.header;
    let vote = by.sign(&signed(header, header.view, header.parent_view)).to_bytes();
    let certificate = Certificate::new(header, 1, vec![(0, vote)]);
    if let Some(next) = next {
        let signed = SignedChain { headers: vec![header.clone()], certificate: certificate.clone() };
        store.keep_handover(&Handover { signed, next: committee(next) }).expect("kept");
    }
    store.commit(&block, Some(&certificate), &BlockResult::default()).expect("committed");
    block
}

fn ledger(medium: &Medium) -> Arc<Store> {
    let store = Store::open(medium, &genesis(), CHAIN, Keep::ARCHIVE).expect("a store");
    commit(&store, 0, &key(), None);
    commit(&store, 0, &key(), Some(&other()));
    commit(&store, 1, &other(), None);
    commit(&store, 4, &other(), Some(&key()));
    commit(&store, 5, &key(), None);
    store
}

#[test]
fn proofs_lead_over_every_change_and_no_further_than_needed() {
    let medium = Medium::memory().expect("memory");
    let store = ledger(&medium);
    for (height, changes) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)] {
        let proven = verify(&trust(), &store.prove_block(height).expect("a proof")).expect("valid");
        assert_eq!((proven.header.height, proven.handovers.len()), (height, changes));
    }
    let known = store.trusts(trust()).expect("readable");
    let of = |epoch| known.of(epoch).committee.clone();
    for (epoch, whose) in [(0, key()), (1, other()), (3, other()), (4, other()), (5, key()), (99, key())] {
        assert_eq!(of(epoch), committee(&whose), "epoch {epoch}");
    }
    assert_eq!(store.check(&genesis(), &mut |_| ()).expect("whole").votes, 5);
}

#[test]
fn handovers_outlive_the_blocks_and_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let medium = Medium::Folder(folder.path().join("state"));
    drop(ledger(&medium));
    let again = Store::open(&medium, &genesis(), CHAIN, Keep::ARCHIVE).expect("a store");
    assert_eq!(again.handovers(u64::MAX).expect("readable").len(), 2);
    assert_eq!(again.handovers(1).expect("readable").len(), 1);
    let at = |epoch| again.handover(epoch).expect("readable").map(|h| h.next);
    assert_eq!((at(0), at(1), at(4)), (Some(committee(&other())), None, Some(committee(&key()))));
    drop(again);
    assert_eq!(trusts(&medium, &genesis(), trust()).expect("readable").newest().epoch, 5);
}

#[test]
fn what_leads_to_nobody_is_named() {
    let medium = Medium::memory().expect("memory");
    let store = ledger(&medium);
    // Signed by somebody else than the validators of before.
    let mut forged = store.handovers(1).expect("readable").remove(0);
    let header = forged.signed.headers[0].clone();
    let vote = other().sign(&signed(&header, header.view, header.parent_view)).to_bytes();
    forged.signed.certificate = Certificate::new(&header, 1, vec![(0, vote)]);
    store.keep_handover(&forged).expect("kept");
    assert!(matches!(store.trusts(trust()), Err(StoreError::Damaged(why)) if why.contains("signed")));
    let found = store.check(&genesis(), &mut |_| ()).expect_err("a difference");
    assert!(matches!(found, Difference::Store(StoreError::Damaged(_))), "{found}");
}
