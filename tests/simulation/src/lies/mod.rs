//! Validators that lie on the network, a file each. What they say is made of what an honest engine would have said, by
//! someone who holds its key.

mod certificates;
mod double_votes;
mod flood;
mod forged_votes;
mod garbage;
mod gossip;
mod half_blocks;
mod proposals;
mod selective;
mod silence;
mod stale_votes;

use crate::Dice;
use bytes::Bytes;
use commonware_codec::{Encode, ReadExt};
use commonware_consensus::simplex::{
    scheme::ed25519::Scheme,
    types::{Proposal, Vote},
};
use commonware_cryptography::{
    Signer as _, Verifier as _, certificate::Attestation, ed25519::PrivateKey, sha256::Digest,
};
use commonware_p2p::utils::mux;
use commonware_runtime::IoBuf;
use commonware_utils::Participant;
use stint_proto::Hash;

/// Channels as the engine counts them.
pub(crate) const VOTES: usize = 0;
pub(crate) const CERTIFICATES: usize = 1;
pub(crate) const BLOCKS_ASKED: usize = 3;
pub(crate) const BLOCKS: usize = 4;
pub(crate) const GOSSIP: usize = 5;

/// A message and the places that it is for.
#[derive(Clone)]
pub(crate) struct Word {
    pub channel: usize,
    pub to: Vec<usize>,
    pub message: IoBuf,
}

impl Word {
    /// An epoch and a vote in it, if it is one.
    pub fn vote(&self) -> Option<(u64, EngineVote)> {
        if self.channel == VOTES { read_vote(&self.message) } else { None }
    }
}

/// What a lying validator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// See `silence.rs`.
    Silence,
    /// See `double_votes.rs`.
    DoubleVotes,
    /// See `forged_votes.rs`.
    ForgedVotes,
    /// See `stale_votes.rs`.
    StaleVotes,
    /// See `garbage.rs`.
    Garbage,
    /// See `flood.rs`.
    Flood,
    /// See `selective.rs`.
    Selective,
    /// See `half_blocks.rs`.
    HalfBlocks,
    /// See `proposals.rs`.
    TwoBlocks,
    /// See `proposals.rs`.
    WrongParent,
    /// See `certificates.rs`.
    Certificates,
    /// See `gossip.rs`.
    Gossip,
}

impl Lie {
    /// All of them.
    pub const ALL: [Lie; 12] = [
        Lie::Silence,
        Lie::DoubleVotes,
        Lie::ForgedVotes,
        Lie::StaleVotes,
        Lie::Garbage,
        Lie::Flood,
        Lie::Selective,
        Lie::HalfBlocks,
        Lie::TwoBlocks,
        Lie::WrongParent,
        Lie::Certificates,
        Lie::Gossip,
    ];
}

/// Says lies instead of what it is given.
pub(crate) trait Tell: Send {
    fn tell(&mut self, word: Word, pen: &Pen, dice: &mut Dice) -> Vec<Word>;
}

/// A lying validator.
pub(crate) struct Liar {
    pen: Pen,
    lie: Box<dyn Tell>,
}

impl Liar {
    /// One of several places, with its key and its ledger.
    pub fn new(lie: Lie, key: PrivateKey, chain_id: Hash, places: usize, dice: &mut Dice) -> Liar {
        let lie: Box<dyn Tell> = match lie {
            Lie::Silence => Box::new(silence::Silence),
            Lie::DoubleVotes => Box::new(double_votes::DoubleVotes),
            Lie::ForgedVotes => Box::new(forged_votes::ForgedVotes),
            Lie::StaleVotes => Box::<stale_votes::StaleVotes>::default(),
            Lie::Garbage => Box::new(garbage::Garbage),
            Lie::Flood => Box::new(flood::Flood),
            Lie::Selective => Box::new(selective::Selective::new(places, dice)),
            Lie::HalfBlocks => Box::new(half_blocks::HalfBlocks),
            Lie::TwoBlocks => Box::new(proposals::Proposals::two_blocks(places, dice)),
            Lie::WrongParent => Box::new(proposals::Proposals::wrong_parent(places)),
            Lie::Certificates => Box::new(certificates::Certificates),
            Lie::Gossip => Box::new(gossip::Gossip),
        };
        Liar { pen: Pen { key, chain_id }, lie }
    }

    pub fn say(&mut self, word: Word, dice: &mut Dice) -> Vec<Word> {
        self.lie.tell(word, &self.pen, dice)
    }

    /// Its key, an epoch and a vote of it, if that is what it says and the signature is its own.
    pub fn signs(&self, word: &Word) -> Option<([u8; 32], u64, EngineVote)> {
        let (epoch, vote) = word.vote()?;
        let key = self.pen.key.public_key();
        self.pen.signed(&vote).then_some((key.as_ref().try_into().ok()?, epoch, vote))
    }
}

pub(crate) type EngineVote = Vote<Scheme, Digest>;

/// Signs for the validator.
pub(crate) struct Pen {
    key: PrivateKey,
    chain_id: Hash,
}

impl Pen {
    fn namespace(&self, kind: &str) -> Vec<u8> {
        format!("stint-{}{kind}", self.chain_id).into_bytes()
    }

    fn attest(&self, signer: Participant, kind: &str, message: &[u8]) -> Attestation<Scheme> {
        Attestation { signer, signature: self.key.sign(&self.namespace(kind), message).into() }
    }

    /// Whether a vote has a signature of this key.
    fn signed(&self, vote: &EngineVote) -> bool {
        let (kind, message, of) = match vote {
            Vote::Notarize(v) => ("_NOTARIZE", v.proposal.encode(), &v.attestation),
            Vote::Nullify(v) => ("_NULLIFY", v.round.encode(), &v.attestation),
            Vote::Finalize(v) => ("_FINALIZE", v.proposal.encode(), &v.attestation),
        };
        let signature = of.signature.get();
        signature.is_some_and(|s| self.key.public_key().verify(&self.namespace(kind), &message, s))
    }

    /// A vote like another one, over another proposal.
    fn vote_for(&self, vote: &EngineVote, change: impl FnOnce(&mut Proposal<Digest>)) -> Option<EngineVote> {
        let mut vote = vote.clone();
        match &mut vote {
            Vote::Notarize(v) => {
                change(&mut v.proposal);
                v.attestation = self.attest(v.attestation.signer, "_NOTARIZE", &v.proposal.encode());
            }
            Vote::Finalize(v) => {
                change(&mut v.proposal);
                v.attestation = self.attest(v.attestation.signer, "_FINALIZE", &v.proposal.encode());
            }
            Vote::Nullify(_) => return None,
        }
        Some(vote)
    }
}

/// A vote and its epoch, if the message is one.
fn read_vote(message: &IoBuf) -> Option<(u64, EngineVote)> {
    let (epoch, mut vote) = mux::parse(message.clone()).ok()?;
    Some((epoch, EngineVote::read(&mut vote).ok()?))
}

/// A vote as a message.
fn vote_message(epoch: u64, vote: &EngineVote) -> IoBuf {
    on_channel(epoch, &vote.encode())
}

/// What an epoch's channel carries.
fn on_channel(epoch: u64, bytes: &[u8]) -> IoBuf {
    let epoch = commonware_codec::varint::UInt(epoch).encode();
    IoBuf::from(Bytes::from([&epoch[..], bytes].concat()))
}
