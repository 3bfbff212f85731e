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

    /// `n [1] | key [32]…`, ascending.
    pub(crate) fn read(r: &mut Reader<'_>) -> Option<Committee> {
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
    /// Signer's place in the committee and signature, ascending by place.
    pub votes: Vec<(u8, [u8; 64])>,
}

impl Certificate {
    /// The canonical bytes: one bit for each of `committee` validators, the first one highest, then
    /// the signatures in their order.
    pub fn encode(&self, committee: usize) -> Vec<u8> {
        let mut out = alloc::vec![0; committee.div_ceil(8)];
        for (place, _) in &self.votes {
            if let Some(byte) = out.get_mut(usize::from(place / 8)) {
                *byte |= 0x80 >> (place % 8);
            }
        }
        self.votes.iter().for_each(|(_, signature)| out.extend_from_slice(signature));
        out
    }

    /// Reads the canonical bytes at the front of others.
    pub fn read(r: &mut Reader<'_>, committee: usize) -> Option<Certificate> {
        let bits = r.take(committee.div_ceil(8))?;
        let set = |place: &usize| bits[place / 8] & 0x80 >> (place % 8) != 0;
        if (committee..bits.len() * 8).any(|place| set(&place)) {
            return None;
        }
        let vote = |place: usize| Some((u8::try_from(place).ok()?, r.array()?));
        let votes = (0..committee).filter(set).map(vote).collect::<Option<_>>()?;
        Some(Certificate { votes })
    }

    /// True when a quorum of the committee made this header's block final; signatures count as ZIP-215 says.
    pub fn certifies(&self, header: &Header, committee: &Committee) -> bool {
        let message = signed(header);
        let holds = |(place, signature): &(u8, [u8; 64])| {
            let key = committee.keys().get(usize::from(*place)).and_then(|k| VerificationKey::try_from(*k).ok());
            key.is_some_and(|k| k.verify(&Signature::from_bytes(signature), &message).is_ok())
        };
        let ascending = self.votes.windows(2).all(|v| v[0].0 < v[1].0);
        ascending && self.votes.len() >= committee.quorum() && self.votes.iter().all(holds)
    }
}

/// The bytes that a validator signs to make a block final, as the consensus engine lays them out:
/// namespace, epoch, round, round of the parent, hash of the header.
pub fn signed(header: &Header) -> Vec<u8> {
    let namespace = format!("stint-{}_FINALIZE", header.chain_id);
    let mut out = Vec::new();
    varint(namespace.len() as u64, &mut out);
    out.extend_from_slice(namespace.as_bytes());
    for n in [header.epoch, header.view, header.parent_view] {
        varint(n, &mut out);
    }
    out.extend_from_slice(&header.hash().0);
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
