//! The charter as a whole, at any time: as one message, and as fields with their paths.

use crate::{
    draft::{self, value_hash},
    history::{self, NOW},
    parts,
    path::{Kind, Path, Place},
    proto::{
        About, Change, Constitution, DiffRequest, DiffResponse, Field, GetCharterRequest, GetCharterResponse,
        GetFieldRequest, GetFieldResponse, Part, Rule, methods, part::Part as Is,
    },
    subjects, words,
};
use std::collections::BTreeMap;
use stint_sdk::{Refusal, Time, context, sha256};

/// The charter as of a revision. Of each slot's rule it shows the version that holds, and those that will.
pub fn constitution(revision: u64) -> Constitution {
    let About { purpose, review_by, .. } = history::about(revision);
    let time = if revision == NOW { history::now() } else { Time::from_key(history::moment(revision).time_s) };
    let rules = history::ids(Kind::Rule).iter().flat_map(|slot| in_force(slot, revision, time)).collect();
    Constitution {
        purpose,
        review_by,
        rules,
        seats: history::seats(revision),
        decisions: history::decisions(revision),
        sanctions: history::steps(revision),
    }
}

fn in_force(slot: &str, revision: u64, time: Time) -> Vec<Rule> {
    let versions = history::versions(slot, revision);
    let holds = versions.iter().rposition(|rule| parts::rule_from(rule) <= time.to_key()).unwrap_or(0);
    versions.into_iter().skip(holds).collect()
}

/// Every field, in the order of the paths; of each rule, those of its newest version.
pub fn fields(charter: &Constitution) -> Vec<Field> {
    let mut all = BTreeMap::new();
    let mut add = |place: Place, leaves: crate::path::Leaves| {
        for (leaf, text) in leaves {
            all.insert(Path::leaf(&place, &leaf).to_string(), text);
        }
    };
    let about = About { purpose: charter.purpose.clone(), review_by: charter.review_by.clone(), status: 0 };
    let mut parts = vec![(Place::about(), Is::About(about))];
    parts.extend(charter.seats.iter().map(|s| (Place::new(Kind::Seat, &s.id), Is::Seat(s.clone()))));
    parts.extend(charter.decisions.iter().map(|d| (Place::new(Kind::Decision, &d.subject), Is::Decision(d.clone()))));
    parts.extend(charter.sanctions.iter().map(|s| (Place::new(Kind::Step, s.n.to_string()), Is::Step(s.clone()))));
    for (place, part) in parts {
        add(place, parts::leaves(&Part { part: Some(part) }));
    }
    let newest: BTreeMap<&String, &Rule> = charter.rules.iter().map(|rule| (&rule.slot, rule)).collect();
    for (slot, rule) in newest {
        add(Place::new(Kind::Rule, slot), parts::rule_leaves(rule));
    }
    all.into_iter().map(|(path, value)| Field { path, value }).collect()
}

/// SHA-256 over all fields in the order of their paths: length of the path (u16, big endian), path, length of the
/// value (u32, big endian), value.
pub fn hash(fields: &[Field]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for Field { path, value } in fields {
        bytes.extend_from_slice(&(path.len() as u16).to_be_bytes());
        bytes.extend_from_slice(path.as_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    sha256(&bytes)
}

pub fn get(request: GetCharterRequest) -> Result<GetCharterResponse, Refusal> {
    let head = history::head();
    if head.revision == 0 {
        return Err(words::missing("charter", &context().commons));
    }
    // The history of a fork before it branched off is that of the commons it comes from, and is read there.
    if let Some(parent) =
        head.parent.as_ref().filter(|p| request.version == 0 && (1..=p.height).contains(&request.height))
    {
        return methods::GET_CHARTER.call(&parent.commons, &request);
    }
    let revision = history::revision(request.version, request.height)?;
    let charter = constitution(revision);
    Ok(GetCharterResponse {
        commons: context().commons,
        status: history::about(revision).status,
        version: history::moment(revision).version,
        parent: head.parent,
        hash: hash(&fields(&charter)).to_vec(),
        charter: Some(charter),
        min_members: head.min_members,
        founder: head.founder,
    })
}

pub fn field(request: GetFieldRequest) -> Result<GetFieldResponse, Refusal> {
    let path = Path::parse(&request.path)?;
    let value = draft::value(&path);
    Ok(GetFieldResponse { hash: value_hash(&value), value, subject: subjects::of_field(&path) })
}

pub fn diff(request: DiffRequest) -> Result<DiffResponse, Refusal> {
    let of = |version: u32| -> Result<BTreeMap<String, String>, Refusal> {
        // 0 would be now, which has a number like every other.
        let revision = if version == 0 { Err(words::missing("version", "0")) } else { history::revision(version, 0) }?;
        Ok(fields(&constitution(revision)).into_iter().map(|f| (f.path, f.value)).collect())
    };
    let (old, new) = (of(request.from_version)?, of(request.to_version)?);
    let paths: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |path: &&String| {
        let text = |all: &BTreeMap<String, String>| all.get(*path).cloned().unwrap_or_default();
        Change { path: (*path).clone(), old: text(&old), new: text(&new) }
    };
    Ok(DiffResponse { changes: paths.iter().map(change).filter(|c| c.old != c.new).collect() })
}
