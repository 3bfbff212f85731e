//! Changes of the charter before they are made: patches against what stands, and what comes of them.
//!
//! 1. A patch is applied only if its field has the value that its author saw (G1).
//! 2. A rule is never changed: a patch of it makes a version that holds from its adoption or later (G5).
//! 3. Nothing is written here. What `finish` gives is well-formed as a whole.

use crate::{
    history::{self, NOW},
    parts,
    path::{Kind, Leaves, Path, Place, branch, leaves},
    proto::{Change, Part, Patch, Rule, part::Part as Is},
    whole,
    words::{denied, forbidden},
};
use std::collections::BTreeMap;
use stint_sdk::{Refusal, Time, sha256};

/// Leaves of each part that is touched: as they stand, and as they shall be.
#[derive(Default)]
pub struct Draft {
    parts: BTreeMap<Place, (Leaves, Leaves)>,
}

/// A change that may be made.
#[derive(Default)]
pub struct Amendment {
    /// Empty ones are removed.
    pub parts: Vec<(Place, Part)>,
    pub rules: Vec<Rule>,
    pub changes: Vec<Change>,
}

/// What a field's value is compared by; of no value, nothing.
pub fn value_hash(value: &str) -> Vec<u8> {
    if value.is_empty() { Vec::new() } else { sha256(value.as_bytes()).to_vec() }
}

/// The leaves of a part as it stands; of a rule, those of its newest version.
pub fn standing(place: &Place) -> Leaves {
    match place.kind {
        Kind::Rule => history::newest_rule(&place.id).map(|rule| parts::rule_leaves(&rule)).unwrap_or_default(),
        _ => history::part(place, NOW).map(|is| parts::leaves(&Part { part: Some(is) })).unwrap_or_default(),
    }
}

/// The value at a path as it stands; empty when there is none.
pub fn value(path: &Path) -> String {
    of(&standing(&path.place), path)
}

fn of(leaves: &Leaves, path: &Path) -> String {
    match &path.leaf {
        Some(leaf) => leaves.get(leaf).cloned().unwrap_or_default(),
        None => branch(leaves),
    }
}

impl Draft {
    /// From nothing: every part that stands is removed, unless it is set again.
    pub fn founding() -> Draft {
        let mut draft = Draft::default();
        for kind in [Kind::About, Kind::Seat, Kind::Decision, Kind::Step] {
            for id in history::ids(kind) {
                draft.touch(&Place::new(kind, id)).1.clear();
            }
        }
        draft
    }

    /// Sets a part as a whole.
    pub fn set(&mut self, place: Place, leaves: Leaves) {
        self.touch(&place).1 = leaves;
    }

    /// Applies patches, each on a field of its own.
    pub fn apply(&mut self, patches: &[Patch]) -> Result<(), Refusal> {
        let mut paths: Vec<Path> = Vec::new();
        for patch in patches {
            let path = Path::parse(&patch.path)?;
            let overlaps = |other: &&Path| {
                other.place == path.place && (other.leaf.is_none() || path.leaf.is_none() || other.leaf == path.leaf)
            };
            if let Some(other) = paths.iter().find(overlaps) {
                let message =
                    format!("{other} and {path} are the same field or hold one another; patch each field once");
                return Err(Refusal::invalid("path", message));
            }
            self.patch(&path, patch)?;
            paths.push(path);
        }
        Ok(())
    }

    fn patch(&mut self, path: &Path, patch: &Patch) -> Result<(), Refusal> {
        let (stands, shall) = self.touch(&path.place);
        let old = of(stands, path);
        if patch.expected_old != value_hash(&old) {
            // Enough to see what it is; the rest is asked for by GetField.
            let shown: String = old.chars().take(200).collect();
            let message = format!("{path} is {shown:?} now, not what the patch expects; look at it and propose again");
            return Err(forbidden("G1", message).with("path", path).with("value", shown));
        }
        match &path.leaf {
            None => *shall = leaves(&patch.new)?,
            Some(leaf) if patch.new.is_empty() => _ = shall.remove(leaf),
            Some(leaf) => _ = shall.insert(leaf.clone(), patch.new.clone()),
        }
        Ok(())
    }

    fn touch(&mut self, place: &Place) -> &mut (Leaves, Leaves) {
        self.parts.entry(place.clone()).or_insert_with(|| {
            let stands = standing(place);
            let mut shall = stands.clone();
            if place.kind == Kind::Rule {
                // A new version holds from a time of its own.
                shall.remove("from");
            }
            (stands, shall)
        })
    }

    /// What the changes come to, if they are made at a time and no earlier.
    pub fn finish(self, at: Time) -> Result<Amendment, Refusal> {
        let mut amendment = Amendment::default();
        for (place, (stands, mut shall)) in self.parts {
            if place.kind == Kind::Rule {
                let mut kept = stands.clone();
                kept.remove("from");
                if shall == kept {
                    continue;
                }
                shall.entry("from".into()).or_insert_with(|| at.to_string());
                amendment.rules.push(version(&place, &shall, at)?);
            } else if shall != stands {
                let part = parts::read(&place, &shall)?;
                given(&place, &stands, &part)?;
                amendment.parts.push((place.clone(), part));
            }
            changes(&mut amendment.changes, &place, &stands, &shall);
        }
        whole::check(&amendment)?;
        Ok(amendment)
    }
}

/// The next version of a slot's rule (G5).
fn version(place: &Place, leaves: &Leaves, at: Time) -> Result<Rule, Refusal> {
    let rule = parts::read_rule(place, leaves)?;
    let Some(newest) = history::newest_rule(&place.id) else {
        return Ok(Rule { version: 1, ..not_before(rule, at)? });
    };
    if parts::rule_from(&rule) < parts::rule_from(&newest) {
        let slot = &place.id;
        let message = format!(
            "{slot} would hold from {}, and version {} holds from {} already; set /rules/{slot}/from to that time or later",
            rule.from, newest.version, newest.from
        );
        return Err(forbidden("G5", message).with("earliest", &newest.from));
    }
    Ok(Rule { version: newest.version + 1, ..not_before(rule, at)? })
}

fn not_before(rule: Rule, at: Time) -> Result<Rule, Refusal> {
    if parts::rule_from(&rule) < at.to_key() {
        let Rule { slot, from, .. } = &rule;
        let message = format!("{slot} would hold from {from}, and no rule is retroactive: it may hold from {at} on");
        return Err(forbidden("G5", message).with("earliest", at));
    }
    Ok(rule)
}

/// Refuses to give a seat to somebody who did not take it.
fn given(place: &Place, stands: &Leaves, part: &Part) -> Result<(), Refusal> {
    let Some(Is::Seat(seat)) = &part.part else { return Ok(()) };
    let before = stands.get("holder").map(String::as_str).unwrap_or_default();
    if seat.holder.is_empty() || seat.holder == before {
        return Ok(());
    }
    let message =
        format!("{} is taken by who holds it, not given: set /seats/{}/invited to {}", place.id, place.id, seat.holder);
    Err(denied("seat", message))
}

fn changes(changes: &mut Vec<Change>, place: &Place, stands: &Leaves, shall: &Leaves) {
    let all: std::collections::BTreeSet<&String> = stands.keys().chain(shall.keys()).collect();
    for leaf in all {
        let text = |leaves: &Leaves| leaves.get(leaf).cloned().unwrap_or_default();
        let (old, new) = (text(stands), text(shall));
        if old != new {
            changes.push(Change { path: Path::leaf(place, leaf).to_string(), old, new });
        }
    }
}
