//! Votes of the newest rounds, to tell who gave two that no honest validator gives together: to several of us, or one
//! to us and one inside a certificate.

use std::collections::BTreeMap;
use stint_proto::Hash;
use stint_verifier::{DoubleSign, Vote};

/// Rounds that are remembered, behind the newest one that is over; the engine hands on few votes of rounds to come.
const ROUNDS: u64 = 64;
/// Votes of a kind that are remembered of a validator in a round.
const OF_A_KIND: usize = 3;

/// Of each round and validator its votes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ballots(BTreeMap<(u64, usize), Vec<Vote>>);

impl Ballots {
    /// Remembers a vote of a validator, by its place and key. Answers with a lie, if it is one beside another vote; both
    /// signatures are checked then.
    pub fn add(&mut self, of: (Hash, u64, u64), place: usize, key: [u8; 32], vote: Vote) -> Option<DoubleSign> {
        let (chain_id, epoch, view) = of;
        let known = self.0.entry((view, place)).or_default();
        let beside = |other: &Vote| DoubleSign::new(chain_id, epoch, view, key, [other.clone(), vote.clone()]);
        let found = known.iter().map(beside).find(DoubleSign::proves);
        if !known.contains(&vote) {
            let is_like = |other: &Vote| other.kind == vote.kind;
            let full = |known: &[Vote]| known.iter().filter(|other| is_like(other)).count() >= OF_A_KIND;
            if full(known) {
                // A liar's first ones may be forged, to hide the others: those make room.
                known.retain(|other| !is_like(other) || beside(other).is_of_key(other));
            }
            if !full(known) {
                known.push(vote.clone());
            }
        }
        found
    }

    /// A round is over: lets go of those long before it.
    pub fn over(&mut self, view: u64) {
        let oldest = view.saturating_sub(ROUNDS);
        while self.0.first_key_value().is_some_and(|((view, _), _)| *view < oldest) {
            self.0.pop_first();
        }
    }
}
