//! How the validators are, as this node sees them.

use crate::core::{Health, Node, Seen, Waits};
use bytes::Bytes;
use std::time::{SystemTime, UNIX_EPOCH};
use stint_proto::{Refusal, v1};
use stint_runtime::Peer;
use v1::validator_health::{Condition, Waits as Word};

/// Validators tell of themselves every two seconds; who has not for so long is silent, milliseconds.
const SILENT_MS: u64 = 10_000;
/// Who counts and has not voted for so long does not vote, milliseconds: even an idle ledger votes every second.
const VOTELESS_MS: u64 = 10_000;
/// Who has not been where this node is for so long is behind, milliseconds.
const BEHIND_MS: u64 = 5_000;

/// Answers for the node of a validator.
pub fn answer(node: &Node, name: &str) -> Result<v1::DiagnoseResponse, Refusal> {
    let tip = node.tip().height;
    let epoch = node.epochs().of(tip + 1);
    let unreadable = |e: &(dyn std::error::Error + 'static)| node.unreadable(e);
    let committee = node.committee(epoch).map_err(|e| unreadable(&e))?.map(|(_, committee)| committee);
    let known = node.validators().map_err(|e| unreadable(&e))?;
    let recorded = node.double_signs().map_err(|e| unreadable(&e))?;
    let members = committee.as_ref().map(|c| c.keys().to_vec()).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
    let health = node.health();
    let round = health.round();
    // Until a round of the epoch is over, its first one goes on; the engine counts from one.
    let view = if round.epoch == epoch { round.view.max(1) } else { 1 };
    let look = Look { now, looking_ms: now.saturating_sub(health.since_ms()), health: &health, members: &members };
    // The engine takes the validators in turn, in the order of their keys.
    let turn = (epoch + view).checked_rem(members.len() as u64);
    let leader = turn.and_then(|turn| known.iter().find(|v| look.counts(v) == Some(members[turn as usize])));
    Ok(v1::DiagnoseResponse {
        validator: name.into(),
        height: tip,
        network_height: node.network_height(),
        epoch,
        view,
        round_ms: now.saturating_sub(round.since_ms.max(health.since_ms())),
        leader: leader.map(|v| v.name.clone()).unwrap_or_default(),
        quorum: committee.map_or(0, |c| c.quorum() as u32),
        validators: known
            .iter()
            .filter(|v| !v.left || look.counts(v).is_some())
            .map(|v| look.at(v, v.name == name, tip))
            .collect(),
        double_signs: (recorded + health.evidence().len()) as u32,
        looking_ms: look.looking_ms,
        patience: health.patience(),
    })
}

/// One look at all of them.
struct Look<'a> {
    now: u64,
    looking_ms: u64,
    health: &'a Health,
    /// Keys of the committee.
    members: &'a [[u8; 32]],
}

impl Look<'_> {
    /// Which key of a validator counts: one that changes goes on with that of before until the epoch is over.
    fn counts(&self, v: &Peer) -> Option<[u8; 32]> {
        [Some(v.key), v.old_key].into_iter().flatten().find(|key| self.members.contains(key))
    }

    fn at(&self, v: &Peer, own: bool, tip: u64) -> v1::ValidatorHealth {
        let keys = [Some(v.key), v.old_key].into_iter().flatten();
        let known: Vec<&Seen> = keys.filter_map(|key| self.health.of(&key)).collect();
        // It speaks under its new key before it votes under it.
        let voted = known.iter().filter_map(|seen| seen.voted).max_by_key(|(_, _, at)| *at);
        let newest = known.into_iter().max_by_key(|seen| seen.heard_ms()).cloned().unwrap_or_default();
        let seen = &Seen { voted, ..newest };
        let counts = self.counts(v).is_some();
        let (condition, since) = if own { (Condition::Well, None) } else { self.condition(seen, counts) };
        let said = seen.standing.as_ref().map(|(standing, _)| standing);
        let (voted_epoch, voted_view, voted) = seen.voted.unwrap_or_default();
        v1::ValidatorHealth {
            name: v.name.clone(),
            key: Bytes::copy_from_slice(&v.key),
            counts,
            condition: condition.into(),
            since_ms: since.map_or(0, |since| self.age(since)),
            height: if own { tip } else { said.map_or(0, |s| s.height) },
            waits_for: said.map_or(Word::Untold, |s| word(s.waits)).into(),
            waits_ms: said.map_or(0, |s| s.waits_ms),
            voted_epoch,
            voted_view,
            voted_ms: seen.voted.map_or(0, |_| self.age(voted)),
            apart_height: seen.apart.map_or(0, |(_, height)| height),
        }
    }

    fn age(&self, at_ms: u64) -> u64 {
        self.now.saturating_sub(at_ms)
    }

    /// What is wrong, and since when.
    fn condition(&self, seen: &Seen, counts: bool) -> (Condition, Option<u64>) {
        let voted = seen.voted.map(|(_, _, at)| at);
        let Some(heard) = seen.heard_ms() else {
            return match self.looking_ms > SILENT_MS {
                true => (Condition::Silent, None),
                false => (Condition::Unknown, None),
            };
        };
        let began = self.now.saturating_sub(self.looking_ms);
        // By its own last word: who falls silent is not behind.
        let said = seen.standing.as_ref().map(|(_, at)| *at);
        let behind = said.is_some_and(|said| said > seen.abreast_ms.unwrap_or(began) + BEHIND_MS);
        if let Some((since, _)) = seen.apart {
            (Condition::Disagrees, Some(since))
        } else if self.age(heard) > SILENT_MS {
            (Condition::Silent, Some(heard))
        } else if behind {
            (Condition::Behind, seen.abreast_ms)
        } else if counts && self.age(voted.unwrap_or(began)) > VOTELESS_MS {
            (Condition::Voteless, voted)
        } else {
            (Condition::Well, None)
        }
    }
}

fn word(waits: Waits) -> Word {
    match waits {
        Waits::Proposal => Word::Proposal,
        Waits::Votes => Word::Votes,
        Waits::Blocks => Word::Blocks,
        Waits::Execution => Word::Execution,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Standing;
    use stint_proto::Hash;

    fn look(now: u64, seen: Seen) -> Condition {
        Look { now, looking_ms: now, health: &Health::default(), members: &[] }.condition(&seen, true).0
    }

    #[test]
    fn each_illness_has_its_name() {
        let standing =
            || Standing { height: 9, results_root: Hash::ZERO, epoch: 0, view: 9, waits: Waits::Votes, waits_ms: 0 };
        let well = |now: u64| Seen {
            voted: Some((0, 9, now - 1000)),
            standing: Some((standing(), now - 1000)),
            abreast_ms: Some(now - 1000),
            apart: None,
        };
        assert_eq!(look(1_000, Seen::default()), Condition::Unknown);
        assert_eq!(look(60_000, Seen::default()), Condition::Silent);
        assert_eq!(look(60_000, well(60_000)), Condition::Well);
        assert_eq!(look(90_000, well(60_000)), Condition::Silent);
        assert_eq!(look(60_000, Seen { voted: None, ..well(60_000) }), Condition::Voteless);
        assert_eq!(look(60_000, Seen { abreast_ms: Some(40_000), ..well(60_000) }), Condition::Behind);
        assert_eq!(look(60_000, Seen { apart: Some((50_000, 7)), ..well(60_000) }), Condition::Disagrees);
    }
}
