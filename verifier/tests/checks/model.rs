//! A ledger's tree and signatures as plainly as they can be written: what the checks are checked
//! against.

use curve25519_dalek::{EdwardsPoint, Scalar, constants::EIGHT_TORSION, scalar::clamp_integer};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};
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
    let last = headers.last().expect("a header");
    let message = signed(last, last.view, last.parent_view);
    let vote = |seed: &u8| (place(committee, *seed), key(*seed).sign(&message).to_bytes());
    let mut votes: Vec<_> = by.iter().map(vote).collect();
    votes.sort_by_key(|v| v.0);
    let certificate = Certificate::new(last, committee.keys().len(), votes);
    SignedChain { headers, certificate }
}

/// The place of a validator among those of a committee.
pub fn place(committee: &Committee, seed: u8) -> u8 {
    committee.keys().binary_search(&key(seed).verifying_key().to_bytes()).expect("a member") as u8
}

/// A signature whose point R has an addend of order eight, as whoever holds the key can make one.
/// The consensus engine counts it; the strict rules of ed25519-dalek do not.
pub fn twisted(seed: u8, message: &[u8]) -> [u8; 64] {
    let key = key(seed);
    let secret = Scalar::from_bytes_mod_order(clamp_integer(key.to_scalar_bytes()));
    let nonce = Scalar::from_bytes_mod_order([seed; 32]);
    let point = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[1]).compress().to_bytes();
    let hash = Sha512::new().chain_update(point).chain_update(key.verifying_key().to_bytes()).chain_update(message);
    let s = nonce + Scalar::from_bytes_mod_order_wide(&hash.finalize().into()) * secret;
    [point, s.to_bytes()].concat().try_into().expect("64 bytes")
}

/// The same signature with the order of the group added to its number, as anybody can.
pub fn inflated(mut signature: [u8; 64]) -> [u8; 64] {
    // The lowest byte first.
    const ORDER: [u8; 16] =
        [0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14];
    let order = ORDER.into_iter().chain([0; 15]).chain([0x10]);
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    signature
}

/// A header certifies the state after the block before it.
pub fn led_to(state_root: Hash, header: &mut Header) -> Led {
    let outcome = Outcome { state_root, receipts_root: Hash::ZERO, receipts: 0, time_ms: 5 };
    let led = Led { height: header.height - 1, before: Hash([9; 32]), outcomes: vec![outcome] };
    (header.state_root, header.results_root) = (state_root, outcome.chain(led.before, led.height));
    led
}

/// A proof of a part of a state, under the trusted validators.
pub fn state_proof(map: &Map, ranges: &[KeyRange]) -> Proof {
    proof_of(root(&map.iter().collect::<Vec<_>>()), show(map, ranges))
}

/// What says that a part of a tree is one of the state with a root.
fn proof_of(root: Hash, part: Vec<u8>) -> Proof {
    let mut header = header(9);
    let led = led_to(root, &mut header);
    let signed = sign(vec![header], &committee(&SEEDS), &SEEDS[..3]);
    Proof { handovers: vec![], signed, body: Body::State(led, part) }
}

/// Enough keys for some branches, in two parts far apart.
fn commons() -> Map {
    let keys =
        (0..20).map(|n| format!("c/forge/{n:02}")).chain(["k/commons/forge", "k/member/forge/ana"].map(Into::into));
    keys.zip(1u8..).map(|(key, n)| (key.into_bytes(), vec![n; 3])).collect()
}

fn only(key: &str) -> KeyRange {
    key.into()..[key.as_bytes(), &[0]].concat()
}

/// Proofs of states, with names.
pub fn states() -> Vec<(&'static str, Proof)> {
    let map = commons();
    let of = |ranges: &[KeyRange]| state_proof(&map, ranges);
    let mut torsion = of(&[only("k/commons/forge")]);
    let first = &torsion.signed.headers[0];
    let message = signed(first, first.view, first.parent_view);
    torsion.signed.certificate.votes[0].1 = twisted(seed_at(&torsion, 0), &message);
    vec![
        ("a key below branches, the rest hidden", of(&[only("c/forge/07")])),
        ("a key that is not there, below branches", of(&[only("c/forge/07a")])),
        ("a complete range", of(&["c/forge/05".into()..b"c/forge/15".to_vec()])),
        ("a complete range up to the end", of(&["c/forge/18".into()..vec![0xff]])),
        ("a state of which nothing is shown", of(&[])),
        ("an empty state", state_proof(&Map::new(), &[])),
        ("a vote with torsion, which the consensus engine counts", torsion),
    ]
}

/// The seed of the validator whose vote stands at a place among those of a proof.
pub fn seed_at(proof: &Proof, vote: usize) -> u8 {
    let wanted = proof.signed.certificate.votes[vote].0;
    SEEDS.into_iter().find(|seed| place(&committee(&SEEDS), *seed) == wanted).expect("a validator")
}

/// A complete range, but for a key that is left out.
pub fn without_a_key() -> Proof {
    let (map, range) = (commons(), "c/forge/05".into()..b"c/forge/15".to_vec());
    let mut fewer = map.clone();
    fewer.remove(&b"c/forge/09"[..]);
    proof_of(root(&map.iter().collect::<Vec<_>>()), show(&fewer, &[range]))
}

/// All of a state, with the halves of its first branch exchanged.
pub fn exchanged() -> Proof {
    let map = commons();
    let all: Vec<_> = map.iter().collect();
    let (at, left, right) = halves(&all);
    let mut out = Writer::default();
    out.branch(0, at, all[0].0);
    for half in [right, left] {
        let place = Below { prefix: all[0].0.clone(), bit: at, right: false };
        write(half, Some(&place), &[Vec::new()..vec![0xff]], &mut out);
    }
    proof_of(root(&all), out.bytes)
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
