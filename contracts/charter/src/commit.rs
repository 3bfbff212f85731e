//! Writing changes of the charter, and the running totals beside it. Nothing else writes them.
//!
//! Invariant: the totals in the head and the seats by holder are those of the seats that stand.

use crate::{
    draft::Amendment,
    history,
    path::{Kind, Name, Place},
    proto::{About, Head, Part, Seat, Status, part::Part as Is},
    state::{HEAD, PLACES, RULES, SEATS_OF},
};
use stint_sdk::context;

/// Writes an amendment under a new version, if it changes anything, and says which version stands then.
pub fn amend(amendment: Amendment, proposal: &str) -> u32 {
    if amendment.changes.is_empty() {
        return history::head().version;
    }
    let mut head = history::head();
    head.version += 1;
    HEAD.put(&head);
    write(amendment, proposal);
    head.version
}

/// Writes an amendment under the version that stands.
pub fn write(amendment: Amendment, proposal: &str) {
    let mut head = history::revise();
    for (place, part) in &amendment.parts {
        put(&mut head, place, part.clone());
    }
    for mut rule in amendment.rules {
        let from = crate::parts::rule_from(&rule);
        rule.adopted_height = context().height;
        rule.proposal = proposal.into();
        rule.revision = head.revision;
        PLACES.put(&Place::new(Kind::Rule, &rule.slot), &());
        RULES.put(&(Name(rule.slot.clone()), from, rule.version), &rule);
    }
    HEAD.put(&head);
}

/// Writes seats: who holds them, and to whom they are offered.
pub fn seats(seats: Vec<Seat>) {
    let part = |seat: Seat| (Place::new(Kind::Seat, &seat.id), Part { part: Some(Is::Seat(seat)) });
    write(Amendment { parts: seats.into_iter().map(part).collect(), ..Amendment::default() }, "");
}

/// Writes the status, which is part of the charter's history too.
pub fn status(status: Status) {
    let mut head = history::head();
    head.status = status.into();
    HEAD.put(&head);
    let about = Part { part: Some(Is::About(history::about(history::NOW))) };
    write(Amendment { parts: vec![(Place::about(), about)], ..Amendment::default() }, "");
}

fn put(head: &mut Head, place: &Place, mut part: Part) {
    let old = match history::part(place, history::NOW) {
        Some(Is::Seat(seat)) => Some(seat),
        _ => None,
    };
    if let Some(Is::About(About { status, .. })) = &mut part.part {
        *status = head.status;
    }
    let new = match &part.part {
        Some(Is::Seat(seat)) => Some(seat),
        _ => None,
    };
    count(head, old.as_ref(), new);
    history::write(place, &part, head.revision);
}

fn count(head: &mut Head, old: Option<&Seat>, new: Option<&Seat>) {
    for (seat, sign) in [(old, -1i64), (new, 1)] {
        let Some(seat) = seat else { continue };
        let add = |total: u32| total.saturating_add_signed(sign as i32);
        head.seats = add(head.seats);
        if seat.holder.is_empty() {
            continue;
        }
        head.held = add(head.held);
        head.held_weight = head.held_weight.saturating_add_signed(sign * i64::from(seat.weight()));
        let holder = Name(seat.holder.clone());
        let holds_other = |id: &String| SEATS_OF.of(&holder, None, 2).iter().any(|other| other != id);
        if !holds_other(&seat.id) {
            head.members = add(head.members);
        }
        match sign {
            1 => SEATS_OF.add(&holder, &seat.id),
            _ => SEATS_OF.remove(&holder, &seat.id),
        }
    }
}
