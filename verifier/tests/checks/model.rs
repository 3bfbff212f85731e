//! A ledger's tree and signatures as plainly as they can be written: what the checks are checked
//! against.

use ed25519_dalek::{Signer, SigningKey};
use std::{cmp::Ordering, collections::BTreeMap};
use stint_verifier::{
    Body, Certificate, Committee, Event, Handover, Hash, Header, Led, Outcome, Proof, Receipt, SignedChain, Trust,
    Whole,
    key::{BITS_A_BYTE, Below, bit, first_difference},
    merkle, signed,
    tree::{BUCKET, KeyRange, Value, Writer, branch_hash, bucket_hash, value_hash},
};

/// Seeds of the keys of the trusted validators.
pub const SEEDS: [u8; 4] = [1, 2, 3, 4];

pub type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// The root over entries in order, by the definition.
pub fn root(entries: &[(&Vec<u8>, &Vec<u8>)]) -> Hash {
    if entries.len() <= BUCKET {
        return bucket_hash(entries.iter().map(|(k, v)| (&k[..], value_hash(v))));
    }
    let (at, left, right) = halves(entries);
    branch_hash(at, entries[0].0, root(left), root(right))
}

type Entries<'a> = &'a [(&'a Vec<u8>, &'a Vec<u8>)];

fn halves<'a>(entries: Entries<'a>) -> (usize, Entries<'a>, Entries<'a>) {
    let at = first_difference(entries[0].0, entries[entries.len() - 1].0).expect("keys differ");
    let (left, right) = entries.split_at(entries.partition_point(|(k, _)| !bit(k, at)));
    (at, left, right)
}

/// Shows all keys of the ranges, and what proves that there are no others.
pub fn show(map: &Map, ranges: &[KeyRange]) -> Vec<u8> {
    let mut writer = Writer::default();
    write(&map.iter().collect::<Vec<_>>(), None, ranges, &mut writer);
    writer.bytes
}

fn write(entries: Entries<'_>, place: Option<&Below>, ranges: &[KeyRange], out: &mut Writer) {
    let known = place.map_or(0, |p| p.bit / BITS_A_BYTE);
    let side = |key: &[u8]| place.map_or(Ordering::Equal, |p| p.beside(key));
    let asked = |r: &KeyRange| side(&r.start) != Ordering::Less && side(&r.end) != Ordering::Greater;
    if !entries.is_empty() && !ranges.iter().any(asked) {
        return out.hidden(root(entries));
    }
    if entries.len() <= BUCKET {
        out.bucket(entries.len());
        for (key, value) in entries {
            let shown = ranges.iter().any(|r| r.start <= **key && **key < r.end);
            let value = if shown { Value::Shown(value.to_vec()) } else { Value::Hashed(value_hash(value)) };
            out.leaf(known, key, &value);
        }
        return;
    }
    let (at, left, right) = halves(entries);
    out.branch(known, at, entries[0].0);
    let place = |right| Below { prefix: entries[0].0.clone(), bit: at, right };
    write(left, Some(&place(false)), ranges, out);
    write(right, Some(&place(true)), ranges, out);
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn committee(seeds: &[u8]) -> Committee {
    Committee::new(seeds.iter().map(|s| key(*s).verifying_key().to_bytes()).collect()).expect("a committee")
}

pub fn trust(seeds: &[u8]) -> Trust {
    Trust { chain_id: Hash([7; 32]), epoch: 0, committee: committee(seeds) }
}

pub fn header(height: u64) -> Header {
    Header {
        chain_id: Hash([7; 32]),
        epoch: 0,
        view: height + 300,
        parent_view: height + 299,
        height,
        leader: [2; 32],
        parent: Hash([3; 32]),
        time_ms: 1_795_341_600_000 + height,
        transactions_root: Hash::ZERO,
        transaction_count: 0,
        protocol_version: 1,
        executed_height: height - 1,
        state_root: Hash::ZERO,
        results_root: Hash::ZERO,
        next_committee: Hash::ZERO,
    }
}

/// Signs the last header by the validators with these seeds, of a committee.
pub fn sign(headers: Vec<Header>, committee: &Committee, by: &[u8]) -> SignedChain {
    let message = signed(headers.last().expect("a header"));
    let vote = |seed: &u8| {
        let key = key(*seed);
        let place = committee.keys().binary_search(&key.verifying_key().to_bytes()).expect("a member");
        (place as u8, key.sign(&message).to_bytes())
    };
    let mut votes: Vec<_> = by.iter().map(vote).collect();
    votes.sort_by_key(|v| v.0);
    SignedChain { headers, certificate: Certificate { votes }, committee: committee.keys().len() }
}

/// A header certifies the state after the block before it.
pub fn led_to(state_root: Hash, header: &mut Header) -> Led {
    let outcome = Outcome { state_root, receipts_root: Hash::ZERO, receipts: 0, time_ms: 5 };
    let led = Led { height: header.height - 1, before: Hash([9; 32]), outcomes: vec![outcome] };
    (header.state_root, header.results_root) = (state_root, outcome.chain(led.before, led.height));
    led
}

/// What block 7 led to, whose results no header certifies by themselves, and the state after 8.
fn receipts(state_root: Hash) -> (Receipt, Event, Led, Vec<Whole>, Hash) {
    let events: Vec<Vec<u8>> = (0..3).map(|i| vec![i; 5]).collect();
    let events_root = merkle::root(&events);
    let whole: Vec<_> = (0..5u8).map(|i| Whole { receipt: vec![i; 9], events: events.clone() }).collect();
    let leaves: Vec<_> = whole.iter().map(Whole::leaf).collect();
    let outcome = |n: u8| Outcome { state_root: Hash([n; 32]), receipts_root: Hash([n; 32]), receipts: 0, time_ms: 5 };
    let own = Outcome { receipts_root: merkle::of_leaves(&leaves), receipts: 5, ..outcome(1) };
    let before = Hash([9; 32]);
    let newest = Outcome { state_root, ..outcome(2) };
    let state = Led { height: 8, before: own.chain(before, 7), outcomes: vec![newest] };
    let results = newest.chain(state.before, 8);
    let path = merkle::path(&leaves, 3).expect("in the list");
    let led = Led { height: 7, before, outcomes: vec![own, newest] };
    let receipt = Receipt { led, index: 3, path, events: 3, events_root, receipt: vec![3; 9] };
    let leaves: Vec<_> = events.iter().map(|e| merkle::leaf(e)).collect();
    let event = Event { index: 1, path: merkle::path(&leaves, 1).expect("in the list"), event: events[1].clone() };
    (receipt, event, state, whole, results)
}

/// One proof of each kind, over a chain of two headers after two changes of the committee.
pub fn proofs() -> Vec<Proof> {
    let transactions = vec![vec![1, 2, 3], vec![], vec![4; 70]];
    let map = Map::from([(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())]);
    let (receipt, event, state, whole, results) = receipts(root(&map.iter().collect::<Vec<_>>()));
    let mut meant = header(9);
    meant.epoch = 2;
    meant.transaction_count = 3;
    meant.transactions_root = merkle::root(&transactions);
    meant.results_root = results;
    meant.executed_height = 8;
    let child = |of: &Header| {
        let mut child = header(of.height + 1);
        (child.epoch, child.parent) = (of.epoch, of.hash());
        child
    };
    let sets: [&[u8]; 3] = [&SEEDS, &[2, 3, 4, 5], &[2, 3, 4, 5, 6, 7, 8]];
    let handover = |epoch: usize| {
        let mut last = header(3 + epoch as u64);
        (last.epoch, last.next_committee) = (epoch as u64, committee(sets[epoch + 1]).hash());
        let signed = sign(vec![last], &committee(sets[epoch]), &sets[epoch][..3]);
        Handover { signed, next: committee(sets[epoch + 1]) }
    };
    let handovers = vec![handover(0), handover(1)];
    let signed = sign(vec![meant.clone(), child(&meant)], &committee(sets[2]), &sets[2][1..6]);
    let led = receipt.led.clone();
    let bodies = [
        Body::Block(transactions),
        Body::State(state, show(&map, &[b"a".to_vec()..b"b".to_vec()])),
        Body::Receipt(receipt.clone()),
        Body::Event(receipt, event),
        Body::Receipts(Led { height: 7, ..led }, whole),
    ];
    let proof = |body| Proof { handovers: handovers.clone(), signed: signed.clone(), body };
    bodies.map(proof).into_iter().collect()
}
