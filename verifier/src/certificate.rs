//! Who may sign for the ledger, and whether enough of them did.
//!
//! Signatures are checked by the rules of ZIP-215, as the consensus engine checks them: a vote that
//! makes a block final there counts here, a crafted one too.

use crate::{Hash, Header, Reader, hash};
use alloc::{format, vec::Vec};
use ed25519_zebra::{Signature, VerificationKey};

const DOMAIN: &str = "stint.v1.committee";
/// Validators of one ledger.
const VALIDATORS: usize = 100;

/// The validators of an epoch: their ed25519 keys in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee(Vec<[u8; 32]>);

impl Committee {
    /// Sorts the keys; `None` when there are none, two alike, or more than a ledger takes.
    pub fn new(mut keys: Vec<[u8; 32]>) -> Option<Committee> {
        keys.sort_unstable();
        let fits = (1..=VALIDATORS).contains(&keys.len()) && keys.windows(2).all(|k| k[0] != k[1]);
        fits.then_some(Committee(keys))
    }

    /// The keys, ascending.
    pub fn keys(&self) -> &[[u8; 32]] {
        &self.0
    }

    /// What an epoch's last header names the next committee by.
    pub fn hash(&self) -> Hash {
        hash(DOMAIN, &self.0.concat())
    }

    /// Signatures that make a certificate: all but the largest number that may be faulty, which is
    /// less than a third.
    pub fn quorum(&self) -> usize {
        self.0.len() - (self.0.len() - 1) / 3
    }

    /// Reads the canonical bytes at the front of others: `n [1] | key [32]…`, ascending.
    pub fn read(r: &mut Reader<'_>) -> Option<Committee> {
        let keys = (0..r.u8()?).map(|_| r.array()).collect::<Option<Vec<[u8; 32]>>>()?;
        let sorted = keys.windows(2).all(|k| k[0] < k[1]);
        sorted.then(|| Committee::new(keys)).flatten()
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        [&[self.0.len() as u8][..], &self.0.concat()].concat()
    }
}

/// The votes that made a block final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Validators of the epoch.
    pub validators: u8,
    /// The round of the epoch in which they voted: the header's own, or a later one in which the last block of an epoch
    /// was proposed again.
    pub view: u64,
    /// The round of the parent, as the votes name it.
    pub parent_view: u64,
    /// Signer's place in the committee and signature, ascending by place.
    pub votes: Vec<(u8, [u8; 64])>,
}

impl Certificate {
    /// Votes in the round in which the block was proposed first.
    pub fn new(header: &Header, validators: usize, votes: Vec<(u8, [u8; 64])>) -> Certificate {
        let Header { view, parent_view, .. } = *header;
        Certificate { validators: validators.min(VALIDATORS) as u8, view, parent_view, votes }
    }

    /// The canonical bytes: number of validators, the two rounds, one bit for each validator, the first one highest, then
    /// the signatures in their order.
    pub fn encode(&self) -> Vec<u8> {
        let mut bits = alloc::vec![0; usize::from(self.validators).div_ceil(8)];
        for (place, _) in &self.votes {
            if let Some(byte) = bits.get_mut(usize::from(place / 8)) {
                *byte |= 0x80 >> (place % 8);
            }
        }
        let mut out =
            [&[self.validators][..], &self.view.to_be_bytes(), &self.parent_view.to_be_bytes(), &bits].concat();
        self.votes.iter().for_each(|(_, signature)| out.extend_from_slice(signature));
        out
    }

    /// Reads the canonical bytes at the front of others.
    pub fn read(r: &mut Reader<'_>) -> Option<Certificate> {
        let (validators, view, parent_view) = (r.u8()?, r.u64()?, r.u64()?);
        let committee = usize::from(validators);
        let bits = r.take(committee.div_ceil(8))?;
        let set = |place: &usize| bits[place / 8] & 0x80 >> (place % 8) != 0;
        if (committee..bits.len() * 8).any(|place| set(&place)) {
            return None;
        }
        let vote = |place: usize| Some((u8::try_from(place).ok()?, r.array()?));
        let votes = (0..committee).filter(set).map(vote).collect::<Option<_>>()?;
        Some(Certificate { validators, view, parent_view, votes })
    }

    /// True when a quorum of the committee made this header's block final; signatures count as ZIP-215 says.
    pub fn certifies(&self, header: &Header, committee: &Committee) -> bool {
        let message = signed(header, self.view, self.parent_view);
        let holds = |(place, signature): &(u8, [u8; 64])| {
            committee.keys().get(usize::from(*place)).is_some_and(|key| signs(key, &message, signature))
        };
        usize::from(self.validators) == committee.keys().len()
            && self.votes.windows(2).all(|v| v[0].0 < v[1].0)
            && self.votes.len() >= committee.quorum()
            && self.votes.iter().all(holds)
    }
}

/// The bytes that a validator signs to make a block final in a round, as the consensus engine lays them out: namespace,
/// epoch, round, round of the parent, hash of the header.
pub fn signed(header: &Header, view: u64, parent_view: u64) -> Vec<u8> {
    message(header.chain_id, "FINALIZE", &[header.epoch, view, parent_view], &header.hash().0)
}

/// Whether a signature over a message counts for a key.
pub(crate) fn signs(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerificationKey::try_from(*key).is_ok_and(|k| k.verify(&Signature::from_bytes(signature), message).is_ok())
}

/// The bytes of any vote: the kind's name behind the ledger's, numbers, and what follows them.
pub(crate) fn message(chain_id: Hash, kind: &str, numbers: &[u64], rest: &[u8]) -> Vec<u8> {
    let namespace = format!("stint-{chain_id}_{kind}");
    let mut out = Vec::new();
    varint(namespace.len() as u64, &mut out);
    out.extend_from_slice(namespace.as_bytes());
    numbers.iter().for_each(|n| varint(*n, &mut out));
    out.extend_from_slice(rest);
    out
}

/// Seven bits a byte, the lowest first.
fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}
