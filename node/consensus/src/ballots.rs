//! Votes of the newest rounds, to tell who gave two that no honest validator gives together, by themselves or inside
//! certificates.

use std::collections::BTreeMap;
use stint_proto::Hash;
use stint_verifier::{DoubleSign, Vote};

/// Rounds that are remembered, behind the newest one that the engine works at and before it.
const ROUNDS: u64 = 64;
/// Votes of a kind that are remembered of a validator in a round.
const OF_A_KIND: usize = 3;

/// Of each round and validator its votes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ballots {
    votes: BTreeMap<(u64, usize), Vec<Vote>>,
    /// The newest round that the engine works at, or that is over.
    newest: u64,
}

/// What a vote says of its validator, beside those before it.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// It gave others that no honest validator gives beside this one, or one of them is forged.
    pub contradicts: bool,
    /// Two votes that prove it; both signatures are checked.
    pub lie: Option<DoubleSign>,
}

impl Ballots {
    /// Remembers a vote of a validator, by its place and key.
    pub fn add(&mut self, of: (Hash, u64, u64), place: usize, key: [u8; 32], vote: Vote) -> Beside {
        let (chain_id, epoch, view) = of;
        let known = self.votes.entry((view, place)).or_default();
        if known.contains(&vote) {
            return Beside::default();
        }
        let is_like = |other: &Vote| other.kind == vote.kind;
        let beside = |other: &Vote| DoubleSign::new(chain_id, epoch, view, key, [other.clone(), vote.clone()]);
        let contradicts = known.iter().any(|other| is_like(other) || beside(other).conflicts());
        let lie = known.iter().map(beside).find(DoubleSign::proves);
        let full = |known: &[Vote]| known.iter().filter(|other| is_like(other)).count() >= OF_A_KIND;
        if full(known) {
            // A liar's first ones may be forged, to hide the others: those make room.
            known.retain(|other| !is_like(other) || beside(other).is_of_key(other));
        }
        if !full(known) {
            known.push(vote.clone());
        }
        Beside { contradicts, lie }
    }

    /// Whether votes of a round are remembered, whoever sends them.
    pub fn is_near(&self, view: u64) -> bool {
        self.newest.abs_diff(view) <= ROUNDS
    }

    /// The engine is at a round, or behind it: lets go of those long before it.
    pub fn reach(&mut self, view: u64) {
        self.newest = self.newest.max(view);
        let oldest = self.newest.saturating_sub(ROUNDS);
        while self.votes.first_key_value().is_some_and(|((view, _), _)| *view < oldest) {
            self.votes.pop_first();
        }
    }
}
