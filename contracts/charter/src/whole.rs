//! What must hold of a charter as a whole, whatever its parts.

use crate::{
    draft::Amendment,
    history::{self, NOW},
    limits::{SEATS, SLOTS, STEPS, SUBJECTS},
    parts,
    path::Kind,
    proto::{Decision, Part, Step, part::Part as Is},
    standing,
    words::{forbidden, too_many},
};
use std::collections::BTreeMap;
use stint_sdk::Refusal;

/// Looks at what stands with the amendment on top.
pub fn check(amendment: &Amendment) -> Result<(), Refusal> {
    let touches = |kind: Kind| amendment.parts.iter().any(|(place, _)| place.kind == kind);
    if touches(Kind::About) {
        let gone = amendment.parts.iter().any(|(place, part)| place.kind == Kind::About && *part == Part::default());
        if gone {
            return Err(Refusal::invalid("purpose", "the purpose is missing: a commons says what it is for"));
        }
    }
    if touches(Kind::Decision) || touches(Kind::Step) {
        let decisions = after(amendment, Kind::Decision, history::decisions(NOW), |d: &Decision| d.subject.clone());
        let steps = after(amendment, Kind::Step, history::steps(NOW), |s: &Step| s.n.to_string());
        subjects(&decisions)?;
        sanctions(&steps, &decisions)?;
    }
    for (_, part) in &amendment.parts {
        match &part.part {
            Some(Is::Decision(decision)) => parts::describe(decision)?,
            Some(Is::Seat(seat)) if !seat.invited.is_empty() => standing::may_be_invited(&seat.invited)?,
            _ => {}
        }
    }
    counts(amendment)
}

/// What will stand of a kind, by id.
fn after<T: Take>(amendment: &Amendment, kind: Kind, stands: Vec<T>, id: impl Fn(&T) -> String) -> BTreeMap<String, T> {
    let mut all: BTreeMap<String, T> = stands.into_iter().map(|t| (id(&t), t)).collect();
    for (place, part) in amendment.parts.iter().filter(|(place, _)| place.kind == kind) {
        match T::take(part) {
            Some(new) => _ = all.insert(place.id.clone(), new),
            None => _ = all.remove(&place.id),
        }
    }
    all
}

trait Take: Sized {
    fn take(part: &Part) -> Option<Self>;
}

impl Take for Decision {
    fn take(part: &Part) -> Option<Decision> {
        if let Some(Is::Decision(decision)) = &part.part { Some(decision.clone()) } else { None }
    }
}

impl Take for Step {
    fn take(part: &Part) -> Option<Step> {
        if let Some(Is::Step(step)) = &part.part { Some(step.clone()) } else { None }
    }
}

fn subjects(decisions: &BTreeMap<String, Decision>) -> Result<(), Refusal> {
    if decisions.is_empty() {
        return Err(forbidden("decisions", "no subject would be left to decide under; a charter has at least one"));
    }
    if decisions.len() > SUBJECTS {
        let message = format!("{} subjects are more than the {SUBJECTS} that a charter may have", decisions.len());
        return Err(too_many("decisions", message));
    }
    Ok(())
}

fn sanctions(steps: &BTreeMap<String, Step>, decisions: &BTreeMap<String, Decision>) -> Result<(), Refusal> {
    if steps.len() > STEPS {
        return Err(too_many(
            "sanctions",
            format!("{} steps are more than the {STEPS} that a charter may have", steps.len()),
        ));
    }
    for n in 1..=steps.len() {
        if !steps.contains_key(&n.to_string()) {
            let message = format!("step {n} is missing: sanctions are numbered 1, 2, … without a gap");
            return Err(forbidden("sanctions", message));
        }
    }
    let lost = steps.values().find(|step| !step.needs.is_empty() && !decisions.contains_key(&step.needs));
    lost.map_or(Ok(()), |step| {
        let message =
            format!("step {} needs a decision under {}, and the charter has no such subject", step.n, step.needs);
        Err(forbidden("sanctions", message))
    })
}

fn counts(amendment: &Amendment) -> Result<(), Refusal> {
    let stands = |part: &Part| part.part.is_some();
    let of_seats = amendment.parts.iter().filter(|(place, _)| place.kind == Kind::Seat);
    let (mut more, mut fewer) = (0, 0);
    for (place, part) in of_seats {
        match (history::seat(&place.id, NOW).is_some(), stands(part)) {
            (false, true) => more += 1,
            (true, false) => fewer += 1,
            _ => {}
        }
    }
    let seats = history::head().seats + more - fewer;
    if seats > SEATS {
        return Err(too_many("seats", format!("{seats} seats are more than the {SEATS} that a charter may have")));
    }
    if !amendment.rules.is_empty() {
        let known = history::ids(Kind::Rule);
        let slots = known.len() + amendment.rules.iter().filter(|rule| !known.contains(&rule.slot)).count();
        if slots > SLOTS {
            return Err(too_many("rules", format!("{slots} slots are more than the {SLOTS} that a charter may have")));
        }
    }
    Ok(())
}
