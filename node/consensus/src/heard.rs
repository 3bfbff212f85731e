//! What a validator hears of the others: who voted when, and who lied.

use crate::block::hash;
use bytes::Bytes;
use commonware_actor::Feedback;
use commonware_codec::{Encode, ReadExt};
use commonware_consensus::{
    Epochable, Reporter, Viewable,
    simplex::{
        scheme::ed25519::Scheme,
        types::{Activity, Attributable, Finalize, Notarize, Nullify},
    },
};
use commonware_cryptography::{certificate::Attestation, ed25519::PublicKey, sha256::Digest};
use commonware_utils::{Participant, ordered::Set};
use std::sync::Arc;
use stint_proto::Hash;
use stint_verifier::{DoubleSign, Kind, Vote};

/// What a validator hears of the others while rounds go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A vote, on the word of the connection that it came by: its signature is not checked yet.
    Vote {
        /// Whose.
        key: [u8; 32],
        /// The epoch.
        epoch: u64,
        /// The round.
        view: u64,
        /// What it says.
        kind: Kind,
    },
    /// Enough votes came together, and the next round begins.
    Over {
        /// The epoch.
        epoch: u64,
        /// The round that is over.
        view: u64,
    },
    /// Two votes that no honest validator gives together; both signatures are checked.
    DoubleSign(DoubleSign),
}

/// Tells the ledger what the engine of an epoch hears, and hands it on.
#[derive(Clone)]
pub(crate) struct Witness<R> {
    pub chain_id: Hash,
    pub members: Set<PublicKey>,
    pub ledger: Arc<dyn crate::Ledger>,
    pub next: R,
}

impl<R> Witness<R> {
    fn key(&self, signer: Participant) -> Option<[u8; 32]> {
        self.members.get(usize::from(signer))?.as_ref().try_into().ok()
    }

    fn vote(&self, signer: Participant, kind: Kind, of: &(impl Epochable + Viewable)) {
        if let Some(key) = self.key(signer) {
            let (epoch, view) = (of.epoch().get(), of.view().get());
            self.ledger.heard(Heard::Vote { key, epoch, view, kind });
        }
    }

    fn over(&self, of: &(impl Epochable + Viewable)) {
        self.ledger.heard(Heard::Over { epoch: of.epoch().get(), view: of.view().get() });
    }

    /// The engine checks no signature before it calls a pair of votes a lie.
    fn double_sign(&self, signer: Participant, of: &(impl Epochable + Viewable), votes: [Option<Vote>; 2]) {
        let ([Some(first), Some(second)], Some(key)) = (votes, self.key(signer)) else { return };
        let found = DoubleSign::new(self.chain_id, of.epoch().get(), of.view().get(), key, [first, second]);
        if found.proves() {
            self.ledger.heard(Heard::DoubleSign(found));
        }
    }
}

impl<R> Reporter for Witness<R>
where
    R: Reporter<Activity = Activity<Scheme, Digest>>,
{
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        match &activity {
            Activity::Notarize(v) => self.vote(v.signer(), Kind::Notarize, v),
            Activity::Nullify(v) => self.vote(v.signer(), Kind::Nullify, v),
            Activity::Finalize(v) => self.vote(v.signer(), Kind::Finalize, v),
            Activity::Notarization(c) | Activity::Certification(c) => self.over(c),
            Activity::Nullification(c) => self.over(c),
            Activity::Finalization(c) => self.over(c),
            // The engine keeps both votes for itself, and shows them as bytes only.
            Activity::ConflictingNotarize(e) => {
                let mut bytes = e.encode();
                self.double_sign(e.signer(), e, [notarize(&mut bytes), notarize(&mut bytes)]);
            }
            Activity::ConflictingFinalize(e) => {
                let mut bytes = e.encode();
                self.double_sign(e.signer(), e, [finalize(&mut bytes), finalize(&mut bytes)]);
            }
            Activity::NullifyFinalize(e) => {
                let mut bytes = e.encode();
                self.double_sign(e.signer(), e, [nullify(&mut bytes), finalize(&mut bytes)]);
            }
        }
        self.next.report(activity)
    }
}

fn notarize(bytes: &mut Bytes) -> Option<Vote> {
    let Notarize { proposal, attestation } = Notarize::<Scheme, Digest>::read(bytes).ok()?;
    let signature = signature(&attestation)?;
    Some(Vote { kind: Kind::Notarize, parent_view: proposal.parent.get(), hash: hash(&proposal.payload), signature })
}

fn nullify(bytes: &mut Bytes) -> Option<Vote> {
    let Nullify { attestation, .. } = Nullify::<Scheme>::read(bytes).ok()?;
    Some(Vote { kind: Kind::Nullify, parent_view: 0, hash: Hash::ZERO, signature: signature(&attestation)? })
}

fn finalize(bytes: &mut Bytes) -> Option<Vote> {
    let Finalize { proposal, attestation } = Finalize::<Scheme, Digest>::read(bytes).ok()?;
    let signature = signature(&attestation)?;
    Some(Vote { kind: Kind::Finalize, parent_view: proposal.parent.get(), hash: hash(&proposal.payload), signature })
}

fn signature(of: &Attestation<Scheme>) -> Option<[u8; 64]> {
    of.signature.encode()[..].try_into().ok()
}
