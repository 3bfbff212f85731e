//! Paths: how a field of the charter is named.
//!
//! ```text
//! /purpose                                  /review_by
//! /seats/ID            …/class …/weight …/holder …/invited
//! /rules/SLOT          …/module …/from …/params/PARAMETER
//! /decisions/SUBJECT   …/kind …/quorum …/threshold_num …/threshold_den …/open_for_s …/delay_s
//!                      …/objectors …/module …/params/PARAMETER
//! /sanctions/N         …/name …/effect …/needs
//! ```
//!
//! A path with a leaf names one text. A path without one names the branch: all of its leaves as lines
//! `leaf: text` in the order of their names.

use std::{collections::BTreeMap, fmt};
use stint_sdk::{Key, Refusal};

/// What a part of the charter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    About,
    Seat,
    Rule,
    Decision,
    Step,
}

const KINDS: [(Kind, &str); 4] =
    [(Kind::Seat, "seats"), (Kind::Rule, "rules"), (Kind::Decision, "decisions"), (Kind::Step, "sanctions")];

/// Where a part stands. Part of a key: the kind, the id's length, the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub kind: Kind,
    pub id: String,
}

impl Place {
    pub fn new(kind: Kind, id: impl Into<String>) -> Place {
        Place { kind, id: id.into() }
    }

    /// Of purpose and review date.
    pub fn about() -> Place {
        Place::new(Kind::About, "")
    }
}

impl Key for Place {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        Name(self.id.clone()).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Place> {
        let all = [Kind::About, Kind::Seat, Kind::Rule, Kind::Decision, Kind::Step];
        let kind = all.into_iter().nth(u8::read(bytes)?.into())?;
        Some(Place { kind, id: Name::read(bytes)?.0 })
    }
}

/// A short text anywhere in a key: its length stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name(text.into())
    }
}

impl Key for Name {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.0.len() as u8);
        out.extend_from_slice(self.0.as_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<Name> {
        let size = u8::read(bytes)?;
        let (text, rest) = bytes.split_at_checked(size.into())?;
        *bytes = rest;
        Some(Name(String::from_utf8(text.to_vec()).ok()?))
    }
}

/// A part, or one leaf of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub place: Place,
    pub leaf: Option<String>,
}

impl Path {
    /// Reads a path. Which leaves a part has is the part's own affair.
    pub fn parse(text: &str) -> Result<Path, Refusal> {
        let refuse = || {
            let shown: String = text.chars().take(120).collect();
            let roots = "/purpose, /review_by, /seats/ID, /rules/SLOT, /decisions/SUBJECT or /sanctions/N";
            Refusal::invalid("path", format!("{shown:?} is no path of the charter; one begins with {roots}"))
        };
        let words: Vec<&str> = text.strip_prefix('/').ok_or_else(refuse)?.split('/').collect();
        if text.len() > 256 || words.iter().any(|w| w.is_empty()) {
            return Err(refuse());
        }
        if let ["purpose" | "review_by"] = words[..] {
            return Ok(Path { place: Place::about(), leaf: Some(words[0].into()) });
        }
        let kind = KINDS.iter().find(|(_, root)| *root == words[0]).map(|(kind, _)| *kind).ok_or_else(refuse)?;
        let id = *words.get(1).ok_or_else(refuse)?;
        match kind {
            // One step has one path.
            Kind::Step if !id.parse::<u32>().is_ok_and(|n| n > 0 && n.to_string() == id) => return Err(refuse()),
            _ => crate::words::word("path", id).map_err(|_| refuse())?,
        }
        let leaf = (words.len() > 2).then(|| words[2..].join("/"));
        Ok(Path { place: Place::new(kind, id), leaf })
    }

    pub fn leaf(place: &Place, leaf: &str) -> Path {
        Path { place: place.clone(), leaf: Some(leaf.into()) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, root)) = KINDS.iter().find(|(kind, _)| *kind == self.place.kind) {
            write!(f, "/{root}/{}", self.place.id)?;
        }
        match &self.leaf {
            Some(leaf) => write!(f, "/{leaf}"),
            None => Ok(()),
        }
    }
}

/// The texts of a part by the names of its leaves. None of them is empty.
pub type Leaves = BTreeMap<String, String>;

/// A branch as one text; empty when there is nothing.
pub fn branch(leaves: &Leaves) -> String {
    let lines: Vec<String> = leaves.iter().map(|(leaf, text)| format!("{leaf}: {text}")).collect();
    lines.join("\n")
}

/// The leaves of a branch's text.
pub fn leaves(branch: &str) -> Result<Leaves, Refusal> {
    let mut leaves = Leaves::new();
    for line in branch.lines() {
        let shape = || {
            let shown: String = line.chars().take(80).collect();
            Refusal::invalid("path", format!("{shown:?} is no line of a branch; write each leaf once, as leaf: text"))
        };
        let (leaf, text) =
            line.split_once(": ").filter(|(leaf, text)| !leaf.is_empty() && !text.is_empty()).ok_or_else(shape)?;
        if leaves.insert(leaf.into(), text.into()).is_some() {
            return Err(shape());
        }
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_it_is_written() {
        for text in [
            "/purpose",
            "/review_by",
            "/seats/w1",
            "/seats/w1/weight",
            "/rules/valuation/params/buckets.4.care_weight",
            "/decisions/rules/threshold_num",
            "/sanctions/12/effect",
        ] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "purpose",
            "/",
            "/seats",
            "/seats/",
            "/seats//weight",
            "/purpose/x",
            "/sanctions/x",
            "/sanctions/01",
            "/sanctions/0",
            "/seats/a b",
            "/x/y",
        ] {
            assert_eq!(Path::parse(text).unwrap_err().rule, "path", "{text}");
        }
    }

    #[test]
    fn a_branch_is_its_leaves() {
        let text = "class: worker\nweight: 1";
        assert_eq!(branch(&leaves(text).unwrap()), text);
        assert!(leaves("").unwrap().is_empty());
        for wrong in ["x", "x:", ": y", "x: ", "x: 1\nx: 2", "x: 1\n\ny: 2"] {
            assert!(leaves(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn steps_are_ordered_by_their_number() {
        let key = |place: Place| {
            let mut out = Vec::new();
            place.write(&mut out);
            out
        };
        assert!(key(Place::new(Kind::Step, "9")) < key(Place::new(Kind::Step, "10")));
        let place = Place::new(Kind::Seat, "w1");
        assert_eq!(Place::read(&mut key(place.clone()).as_slice()), Some(place));
    }
}
