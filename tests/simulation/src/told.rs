//! What the network itself knows of double signs: which two votes of a liar reached one place, while it heard such
//! votes. The nodes find them by means of their own; this shares none of those, so that a check can compare.

use crate::lies::EngineVote;
use commonware_consensus::simplex::types::{Proposal, Vote};
use commonware_cryptography::sha256::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// A key, and an epoch and a round of it in which it voted.
pub type Signed = ([u8; 32], u64, u64);

/// Rounds before and behind that of a place of which it surely remembers votes.
const NEAR: u64 = 32;

/// Votes of liars whose signatures are theirs, as they reached others.
#[derive(Default)]
pub(crate) struct Told {
    /// Epoch and round in which a place voted last; it is there or further.
    at: BTreeMap<usize, (u64, u64)>,
    votes: BTreeMap<(usize, Signed), Vec<Said>>,
    /// When a place had two that no honest validator gives together, microseconds.
    twice: BTreeMap<(usize, Signed), u64>,
    /// The same, as long as the place has not voted in the epoch since: its engine may have ended with the epoch before.
    unsure: BTreeMap<(usize, Signed), u64>,
}

impl Told {
    /// A place votes itself.
    pub fn votes(&mut self, place: usize, now_us: u64, epoch: u64, vote: &EngineVote) {
        let at = self.at.entry(place).or_default();
        *at = (*at).max((epoch, Said::of(vote).0));
        let Told { twice, unsure, .. } = self;
        unsure.retain(|(by, signed), at_us| {
            let waits = *by != place || *at_us >= now_us && signed.1 == epoch;
            if !waits && signed.1 == epoch {
                twice.entry((*by, *signed)).or_insert(*at_us);
            }
            waits
        });
    }

    /// A vote reaches a place.
    pub fn reaches(&mut self, place: usize, at_us: u64, key: [u8; 32], epoch: u64, vote: &EngineVote) {
        let (view, said) = Said::of(vote);
        match self.at.get(&place) {
            Some((of, at)) if *of == epoch && at.abs_diff(view) <= NEAR => {}
            _ => return,
        }
        let of = (place, (key, epoch, view));
        let before = self.votes.entry(of).or_default();
        if before.iter().any(|other| other.contradicts(&said)) {
            self.unsure.entry(of).or_insert(at_us);
        }
        if !before.contains(&said) {
            before.push(said);
        }
    }

    /// A process ends. It may not have read what reached it since then; what it found before is kept.
    pub fn ends(&mut self, place: usize, since_us: u64) {
        self.at.remove(&place);
        self.unsure.retain(|(by, _), _| *by != place);
        self.votes.retain(|(by, _), _| *by != place);
        self.twice.retain(|(by, _), at| *by != place || *at < since_us);
    }

    /// What one of these places could prove at that time.
    pub fn provable(&self, places: &[usize], by_us: u64) -> BTreeSet<Signed> {
        let known = self.twice.iter().filter(|((place, _), at)| places.contains(place) && **at <= by_us);
        known.map(|((_, signed), _)| *signed).collect()
    }
}

/// What a vote says.
#[derive(Clone, PartialEq)]
enum Said {
    Notarize(Proposal<Digest>),
    Nullify,
    Finalize(Proposal<Digest>),
}

impl Said {
    /// In which round, and what.
    fn of(vote: &EngineVote) -> (u64, Said) {
        match vote {
            Vote::Notarize(v) => (v.proposal.round.view().get(), Said::Notarize(v.proposal.clone())),
            Vote::Nullify(v) => (v.round.view().get(), Said::Nullify),
            Vote::Finalize(v) => (v.proposal.round.view().get(), Said::Finalize(v.proposal.clone())),
        }
    }

    /// Whether no honest validator says both in one round.
    fn contradicts(&self, other: &Said) -> bool {
        match (self, other) {
            (Said::Notarize(one), Said::Notarize(other)) | (Said::Finalize(one), Said::Finalize(other)) => one != other,
            (Said::Nullify, Said::Finalize(_)) | (Said::Finalize(_), Said::Nullify) => true,
            _ => false,
        }
    }
}
