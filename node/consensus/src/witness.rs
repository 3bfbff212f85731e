//! Tells the ledger what the engine of an epoch hears of the validators, and hands it on.

use crate::{Heard, Ledger, ballots::Ballots, block::hash, patience::Patience};
use commonware_actor::Feedback;
use commonware_codec::{DecodeExt, Encode};
use commonware_consensus::{
    Epochable, Reporter, Viewable,
    simplex::{
        scheme::ed25519::Scheme,
        types::{self, Activity, Attributable, Finalize, Notarize, Nullify, Proposal},
    },
};
use commonware_cryptography::{
    certificate::Attestation,
    ed25519::{PublicKey, certificate::Certificate},
    sha256::Digest,
};
use commonware_p2p::Message;
use commonware_utils::{Faults as _, N3f1, Participant, ordered::Set};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stint_proto::Hash;
use stint_verifier::{Kind, Vote};

/// Listens between the engine and whoever else listens to it.
#[derive(Clone)]
pub(crate) struct Witness<R> {
    chain_id: Hash,
    epoch: u64,
    members: Set<PublicKey>,
    ledger: Arc<dyn Ledger>,
    ballots: Arc<Mutex<Ballots>>,
    patience: Patience,
    next: R,
}

impl<R> Witness<R> {
    /// Of an epoch's validators.
    pub fn new(
        chain_id: Hash,
        epoch: u64,
        members: Set<PublicKey>,
        ledger: Arc<dyn Ledger>,
        patience: Patience,
        next: R,
    ) -> Witness<R> {
        Witness { chain_id, epoch, members, ledger, ballots: Arc::default(), patience, next }
    }

    fn key(&self, signer: Participant) -> Option<[u8; 32]> {
        self.members.get(usize::from(signer))?.as_ref().try_into().ok()
    }

    /// A vote as it comes, before the engine looks at it. Says whether its sender contradicts itself.
    pub fn overhears(&self, (from, message): &Message<PublicKey>) -> bool {
        // The engine shuts out whoever sends what is no vote of this epoch or another one's.
        let Ok(heard) = types::Vote::<Scheme, Digest>::decode(message.clone()) else { return false };
        let (signer, vote) = match &heard {
            types::Vote::Notarize(v) => (v.signer(), of_notarize(v)),
            types::Vote::Nullify(v) => (v.signer(), of_nullify(v)),
            types::Vote::Finalize(v) => (v.signer(), of_finalize(v)),
        };
        let (epoch, view) = round(&heard);
        let (Some(key), Some(vote)) = (self.key(signer), vote) else { return false };
        let counts = key == **from && epoch == self.epoch && self.ballots().is_near(view);
        counts && self.remember(signer, key, (epoch, view), vote)
    }

    /// A vote that the engine takes.
    fn vote(&self, signer: Participant, of: &(impl Epochable + Viewable), vote: Option<Vote>) {
        let (Some(key), Some(vote)) = (self.key(signer), vote) else { return };
        let (epoch, view) = round(of);
        self.ledger.heard(Heard::Vote { key, epoch, view, kind: vote.kind });
        self.ballots().reach(view);
        self.remember(signer, key, (epoch, view), vote);
    }

    /// The votes of a certificate, which ends its round.
    fn over(&self, of: &(impl Epochable + Viewable), votes: &Certificate, like: impl Fn([u8; 64]) -> Vote) {
        let (epoch, view) = round(of);
        for (signer, signature) in votes.signers.iter().zip(&votes.signatures) {
            if let (Some(key), Ok(signature)) = (self.key(signer), signature.encode()[..].try_into()) {
                self.remember(signer, key, (epoch, view), like(signature));
            }
        }
        self.ballots().reach(view);
        self.ledger.heard(Heard::Over { epoch, view });
    }

    /// Says whether the signer contradicts itself.
    fn remember(&self, signer: Participant, key: [u8; 32], (epoch, view): (u64, u64), vote: Vote) -> bool {
        let beside = self.ballots().add((self.chain_id, epoch, view), usize::from(signer), key, vote);
        beside.lie.into_iter().for_each(|lie| self.ledger.heard(Heard::DoubleSign(Box::new(lie))));
        beside.contradicts
    }

    fn ballots(&self) -> MutexGuard<'_, Ballots> {
        self.ballots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A round made its block final, or ended without one.
    fn ended(&self, of: &(impl Epochable + Viewable), fruitful: bool) {
        let times = match fruitful {
            true => self.patience.fruitful(round(of)),
            false => self.patience.in_vain(round(of), N3f1::max_faults(self.members.len()) as usize),
        };
        times.into_iter().for_each(|times| self.ledger.heard(Heard::Patience(times)));
    }
}

impl<R> Reporter for Witness<R>
where
    R: Reporter<Activity = Activity<Scheme, Digest>>,
{
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        match &activity {
            Activity::Notarize(v) => self.vote(v.signer(), v, of_notarize(v)),
            Activity::Nullify(v) => self.vote(v.signer(), v, of_nullify(v)),
            Activity::Finalize(v) => self.vote(v.signer(), v, of_finalize(v)),
            Activity::Notarization(c) => self.over(c, &c.certificate, |s| for_block(Kind::Notarize, &c.proposal, s)),
            Activity::Finalization(c) => {
                self.ended(c, true);
                self.over(c, &c.certificate, |s| for_block(Kind::Finalize, &c.proposal, s));
            }
            Activity::Nullification(c) => {
                self.ended(c, false);
                self.over(c, &c.certificate, for_none);
            }
            Activity::Certification(_) => {}
            // Both votes were overheard.
            Activity::ConflictingNotarize(_) | Activity::ConflictingFinalize(_) | Activity::NullifyFinalize(_) => {}
        }
        self.next.report(activity)
    }
}

/// Epoch and round.
fn round(of: &(impl Epochable + Viewable)) -> (u64, u64) {
    (of.epoch().get(), of.view().get())
}

fn of_notarize(v: &Notarize<Scheme, Digest>) -> Option<Vote> {
    Some(for_block(Kind::Notarize, &v.proposal, signature(&v.attestation)?))
}

fn of_nullify(v: &Nullify<Scheme>) -> Option<Vote> {
    signature(&v.attestation).map(for_none)
}

fn of_finalize(v: &Finalize<Scheme, Digest>) -> Option<Vote> {
    Some(for_block(Kind::Finalize, &v.proposal, signature(&v.attestation)?))
}

fn for_block(kind: Kind, proposal: &Proposal<Digest>, signature: [u8; 64]) -> Vote {
    Vote { kind, parent_view: proposal.parent.get(), hash: hash(&proposal.payload), signature }
}

fn for_none(signature: [u8; 64]) -> Vote {
    Vote { kind: Kind::Nullify, parent_view: 0, hash: Hash::ZERO, signature }
}

fn signature(of: &Attestation<Scheme>) -> Option<[u8; 64]> {
    of.signature.encode()[..].try_into().ok()
}
