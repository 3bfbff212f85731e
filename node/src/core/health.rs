//! What this node sees of the other validators: votes, their own word, and lies. It decides nothing.

use super::{
    Node,
    standing::{Standing, Waits},
};
use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};
use stint_consensus::Heard;
use stint_proto::limits::EVIDENCE_OF_KEY;
use stint_store::StoreError;
use stint_verifier::{DoubleSign, Kind};

/// So many blocks behind are no illness: they are under way.
const LAG: u64 = 4;
/// Validators of whom something is kept: those of a committee and those who join or have another key.
const KNOWN: usize = 400;

/// What is known.
#[derive(Debug, Default)]
pub struct Health {
    seen: BTreeMap<[u8; 32], Seen>,
    round: Round,
    evidence: BTreeMap<([u8; 32], u64, u64), DoubleSign>,
    /// As [`Health::patience`], 0 before the first change.
    patience: u32,
    /// Own time of the first look, milliseconds.
    since_ms: Option<u64>,
}

/// The round that goes on here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    /// The epoch.
    pub epoch: u64,
    /// The round of the epoch.
    pub view: u64,
    /// Since when, milliseconds.
    pub since_ms: u64,
    /// Someone voted for a block of it.
    pub proposed: bool,
}

/// What is known of one validator. Times are this node's, milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Epoch and round of its newest vote, and when it came.
    pub voted: Option<(u64, u64, u64)>,
    /// Its newest word, and when it came.
    pub standing: Option<(Standing, u64)>,
    /// When it was last where this node was.
    pub abreast_ms: Option<u64>,
    /// Since when its results differ, and the height at which they were first seen to.
    pub apart: Option<(u64, u64)>,
}

impl Seen {
    /// When it was heard last.
    pub fn heard_ms(&self) -> Option<u64> {
        let voted = self.voted.map(|(_, _, at)| at);
        voted.max(self.standing.as_ref().map(|(_, at)| *at))
    }
}

impl Health {
    fn seen(&mut self, key: [u8; 32]) -> &mut Seen {
        if self.seen.len() >= KNOWN && !self.seen.contains_key(&key) {
            // Keys come and go: whoever was silent for longest makes room.
            let longest = self.seen.iter().min_by_key(|(_, seen)| seen.heard_ms()).map(|(key, _)| *key);
            longest.and_then(|key| self.seen.remove(&key));
        }
        self.seen.entry(key).or_default()
    }

    /// What is known of the holder of a key.
    pub fn of(&self, key: &[u8; 32]) -> Option<&Seen> {
        self.seen.get(key)
    }

    /// The round that goes on.
    pub fn round(&self) -> Round {
        self.round
    }

    /// How many times as long as usual rounds are waited for, because too many ended in vain.
    pub fn patience(&self) -> u32 {
        self.patience.max(1)
    }

    /// Since when this node looks.
    pub fn since_ms(&self) -> u64 {
        self.since_ms.unwrap_or_default()
    }

    /// Double signs that were seen here and are not settled.
    pub fn evidence(&self) -> Vec<DoubleSign> {
        self.evidence.values().cloned().collect()
    }

    fn enter(&mut self, epoch: u64, view: u64, now_ms: u64) {
        if (epoch, view) > (self.round.epoch, self.round.view) {
            self.round = Round { epoch, view, since_ms: now_ms, proposed: false };
        }
    }

    fn hear(&mut self, heard: Heard, now_ms: u64) {
        self.since_ms.get_or_insert(now_ms);
        match heard {
            Heard::Vote { key, epoch, view, kind } => {
                let going_on = (epoch, view) == (self.round.epoch, self.round.view);
                self.round.proposed |= going_on && kind != Kind::Nullify;
                self.seen(key).voted = Some((epoch, view, now_ms));
            }
            Heard::Patience(times) => self.patience = times,
            Heard::Over { epoch, view } => self.enter(epoch, view + 1, now_ms),
            // Kept already, by `Node::saw`.
            Heard::DoubleSign(_) => {}
        }
    }

    /// Keeps a double sign until it is settled; false if it is kept already, or as many of its key as the ledger takes: no
    /// liar keeps those of others out.
    fn see(&mut self, found: DoubleSign) -> bool {
        let of_key = (found.key, 0, 0)..=(found.key, u64::MAX, u64::MAX);
        let place = (found.key, found.epoch, found.view);
        let is_new = !self.evidence.contains_key(&place) && self.evidence.range(of_key).count() < EVIDENCE_OF_KEY;
        if is_new {
            self.evidence.insert(place, found);
        }
        is_new
    }
}

/// A name of a double sign in the store.
fn name(found: &DoubleSign) -> Vec<u8> {
    [&found.key[..], &found.epoch.to_be_bytes(), &found.view.to_be_bytes()].concat()
}

impl Node {
    /// What is known of the validators.
    pub fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what was seen before this process and is not settled.
    pub(super) fn remember(&self) -> Result<(), StoreError> {
        let seen = self.store.seen()?;
        let mut health = self.health();
        seen.iter().filter_map(|bytes| DoubleSign::decode(bytes)).for_each(|found| _ = health.see(found));
        Ok(())
    }

    /// Lets go of a double sign that stands on the ledger.
    pub(super) fn settle(&self, found: &DoubleSign) {
        self.health().evidence.remove(&(found.key, found.epoch, found.view));
        if let Err(e) = self.store.forget_seen(&name(found)) {
            self.unreadable(&e);
        }
    }

    pub(super) fn heard(&self, heard: Heard, now_ms: u64) {
        match &heard {
            Heard::DoubleSign(found) => self.saw(found),
            Heard::Patience(times) if *times != self.health().patience() => {
                tracing::info!("rounds are waited for {times} times as long as usual");
            }
            Heard::Patience(_) | Heard::Vote { .. } | Heard::Over { .. } => {}
        }
        self.health().hear(heard, now_ms);
    }

    fn saw(&self, found: &DoubleSign) {
        let (epoch, view, [first, second]) = (found.epoch, found.view, &found.votes);
        tracing::warn!(
            "a validator signed twice in round {view} of epoch {epoch}: {} and {}; key {}",
            first.kind,
            second.kind,
            hex::encode(found.key)
        );
        let is_new = self.health().see(found.clone());
        if is_new && let Err(e) = self.store.remember_seen(&name(found), &found.encode()) {
            self.unreadable(&e);
        }
    }

    /// Takes another validator's word.
    pub(super) fn heard_standing(&self, from: [u8; 32], standing: Standing, now_ms: u64) {
        let tip = self.tip();
        // What cannot be compared says nothing.
        let ours = self.store.results(standing.height).ok().flatten().filter(|_| standing.height <= tip.height);
        let agrees = ours.map(|r| r.results_root == standing.results_root);
        let mut health = self.health();
        health.since_ms.get_or_insert(now_ms);
        let seen = health.seen(from);
        // Its word may be any number.
        if standing.height.saturating_add(LAG) >= tip.height {
            seen.abreast_ms = Some(now_ms);
        }
        match agrees {
            // Results hang on all before them: who agrees on one agrees on all, after a repair too.
            Some(true) => seen.apart = None,
            Some(false) => _ = seen.apart.get_or_insert((now_ms, standing.height)),
            None => {}
        }
        seen.standing = Some((standing, now_ms));
    }

    /// What this node says of itself.
    pub(super) fn standing(&self, now_ms: u64) -> Standing {
        let (tip, network) = (self.tip(), self.network_height());
        let round = self.health().round();
        let waits = match network.saturating_sub(tip.height) {
            n if n > LAG => Waits::Blocks,
            n if n > 1 => Waits::Execution,
            _ if round.proposed => Waits::Votes,
            _ => Waits::Proposal,
        };
        Standing {
            height: tip.height,
            results_root: tip.results.results_root,
            epoch: round.epoch,
            view: round.view,
            waits,
            waits_ms: now_ms.saturating_sub(round.since_ms),
        }
    }
}
