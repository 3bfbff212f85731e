//! The charter through time: parts by the revision that wrote them.
//!
//! 1. A revision is one more with every change, whoever makes it; a version, with every executed amendment.
//! 2. What a revision wrote is never written again.
//!
//! A version is read as it last stood, so the newest one is the charter now.

use crate::{
    path::{Kind, Name, Place},
    proto::{About, Decision, Head, Moment, Part, Rule, Seat, Step, part::Part as Is},
    state::{AT_HEIGHT, AT_VERSION, HEAD, MOMENTS, PARTS, PLACES, RULES},
    words,
};
use stint_sdk::{Key, Refusal, Time, context};

/// As of now.
pub const NOW: u64 = u64::MAX - 1;

/// What is kept of the charter at large.
pub fn head() -> Head {
    HEAD.get().unwrap_or_default()
}

/// Begins a revision: the one that the next parts are written under.
pub fn revise() -> Head {
    let mut head = head();
    let context = context();
    head.revision += 1;
    let moment = Moment { height: context.height, time_s: now().to_key(), version: head.version };
    MOMENTS.put(&head.revision, &moment);
    AT_HEIGHT.put(&context.height, &head.revision);
    AT_VERSION.put(&head.version, &head.revision);
    HEAD.put(&head);
    head
}

/// The block's time: of two calls in one second, neither is before the other.
pub fn now() -> Time {
    Time::of_time_ms(context().time_ms)
}

/// The last revision under a version, or until a height; now, when both are 0.
pub fn revision(version: u32, height: u64) -> Result<u64, Refusal> {
    match (version, height) {
        (0, 0) => Ok(NOW),
        (version, 0) => AT_VERSION.get(&version).ok_or_else(|| words::missing("version", &version.to_string())),
        (0, height) => {
            let before = AT_HEIGHT.last_before(&(height + 1).to_be_bytes());
            before.map(|(_, revision)| revision).ok_or_else(|| words::missing("charter at height", &height.to_string()))
        }
        _ => Err(Refusal::invalid("version", "ask for a version or a height, not for both")),
    }
}

/// When a revision was made; of now, that of the newest one.
pub fn moment(revision: u64) -> Moment {
    MOMENTS.get(&revision.min(head().revision)).unwrap_or_default()
}

/// A part as of a revision.
pub fn part(place: &Place, revision: u64) -> Option<Is> {
    let mut end = Vec::new();
    (place.clone(), revision + 1).write(&mut end);
    let ((found, _), part) = PARTS.last_before(&end)?;
    if found == *place { part.part } else { None }
}

pub fn write(place: &Place, part: &Part, revision: u64) {
    PLACES.put(place, &());
    PARTS.put(&(place.clone(), revision), part);
}

pub fn about(revision: u64) -> About {
    match part(&Place::about(), revision) {
        Some(Is::About(about)) => about,
        _ => About::default(),
    }
}

pub fn seat(id: &str, revision: u64) -> Option<Seat> {
    match part(&Place::new(Kind::Seat, id), revision)? {
        Is::Seat(seat) => Some(seat),
        _ => None,
    }
}

pub fn decision(subject: &str, revision: u64) -> Option<Decision> {
    match part(&Place::new(Kind::Decision, subject), revision)? {
        Is::Decision(decision) => Some(decision),
        _ => None,
    }
}

pub fn step(n: u32, revision: u64) -> Option<Step> {
    match part(&Place::new(Kind::Step, n.to_string()), revision)? {
        Is::Step(step) => Some(step),
        _ => None,
    }
}

/// Ids of a kind that stand or stood in the charter, in order.
pub fn ids(kind: Kind) -> Vec<String> {
    let mut all = PLACES.range(&[kind as u8], &[kind as u8 + 1]).map(|(place, ())| place.id).collect::<Vec<_>>();
    // Keys have their length first; people look for them by their letters, and for steps by their number.
    if kind != Kind::Step {
        all.sort();
    }
    all
}

pub fn seats(revision: u64) -> Vec<Seat> {
    ids(Kind::Seat).iter().filter_map(|id| seat(id, revision)).collect()
}

pub fn decisions(revision: u64) -> Vec<Decision> {
    ids(Kind::Decision).iter().filter_map(|id| decision(id, revision)).collect()
}

pub fn steps(revision: u64) -> Vec<Step> {
    ids(Kind::Step).iter().filter_map(|id| step(id.parse().ok()?, revision)).collect()
}

/// The version of a slot's rule that holds at a time.
pub fn rule_at(slot: &str, time: Time) -> Option<Rule> {
    let mut end = Vec::new();
    (Name::from(slot), time.to_key() + 1).write(&mut end);
    let ((found, _, _), rule) = RULES.last_before(&end)?;
    (found.0 == slot).then_some(rule)
}

/// Every version of a slot's rule that a revision knew, the oldest first.
pub fn versions(slot: &str, revision: u64) -> Vec<Rule> {
    let mut prefix = Vec::new();
    Name::from(slot).write(&mut prefix);
    let mut end = prefix.clone();
    u64::MAX.write(&mut end);
    RULES.range(&prefix, &end).map(|(_, rule)| rule).filter(|rule| rule.revision <= revision).collect()
}

/// The newest version of a slot's rule, whether it holds already or not.
pub fn newest_rule(slot: &str) -> Option<Rule> {
    rule_at(slot, Time::MAX)
}
