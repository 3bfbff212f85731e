//! A ledger's tree and signatures as plainly as they can be written: what the checks are checked
//! against.
#![allow(dead_code)]

use ed25519_dalek::{Signer, SigningKey};
use std::{cmp::Ordering, collections::BTreeMap};
use stint_verifier::{
    Certificate, Committee, Hash, Header, SignedChain, Trust,
    key::{BITS_A_BYTE, Below, bit, first_difference},
    signed,
    tree::{BUCKET, KeyRange, Value, Writer, branch_hash, bucket_hash, value_hash},
};

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
