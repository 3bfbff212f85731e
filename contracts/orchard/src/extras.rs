//! Events that the scenario's numbers rest on, and that are not in its file: the player records them.

use book::proto::{Event, Quantity};

/// An event of forge's book that is a contribution, and how it is logged.
pub struct Extra {
    pub event: Event,
    pub kind: &'static str,
    pub stream: &'static str,
    /// Facts that the valuation asks for.
    pub facts: &'static [(&'static str, &'static str)],
}

fn event(id: &str, action: &str, (provider, receiver): (&str, &str), about: &str) -> Event {
    Event {
        id: id.into(),
        action: action.into(),
        provider: provider.into(),
        receiver: receiver.into(),
        resource_conforms_to: about.into(),
        ..Event::default()
    }
}

fn quantity(value: &str, unit: &str) -> Option<Quantity> {
    Some(Quantity { value: value.into(), unit: unit.into() })
}

/// Forge's own money that a member paid to a shop: a debt of forge.
fn purchase(id: &str, who: &str, value: &str, day: String) -> Event {
    let note = "bearings, fans and wire for the dehydrators, paid for forge".into();
    let event = event(id, "transfer", (who, "toolshop"), "EUR");
    Event { resource_quantity: quantity(value, "EUR"), has_point_in_time: day, note, ..event }
}

/// A part of DESIGN-1, in hundredths, as its authors agreed.
fn design(id: &str, who: &str, parts: &str, day: String) -> Event {
    let event = event(id, "cite", (who, "forge"), "design-part");
    Event {
        resource_quantity: quantity(parts, "one"),
        has_point_in_time: day,
        note: "part of DESIGN-1".into(),
        ..event
    }
}

fn workshop(id: &str, who: &str, day: impl Fn(&str) -> String) -> Event {
    let event = event(id, "work", (who, "forge"), "");
    Event { effort_quantity: quantity("10", "h"), has_beginning: day("05-19"), has_end: day("05-20"), ..event }
}

/// Contributions that earned the first income, and those that earned the second.
pub fn contributions(day: impl Fn(&str) -> String + Copy) -> Vec<Extra> {
    let extra = |event, kind, stream, facts| Extra { event, kind, stream, facts };
    vec![
        extra(purchase("p1", "ana", "180.00", day("01-25")), "purchase", "reimbursement", &[("value", "180.00")]),
        extra(purchase("p2", "cy", "100.00", day("01-26")), "purchase", "reimbursement", &[("value", "100.00")]),
        extra(design("d1", "bo", "70", day("02-02")), "cite", "design", &[]),
        extra(design("d2", "dee", "30", day("02-02")), "cite", "design", &[]),
        extra(workshop("w1", "bo", day), "work", "work", &[]),
        extra(workshop("w2", "cy", day), "care", "work", &[]),
    ]
}

/// What forge was paid the second income for.
pub fn taught(day: String) -> Event {
    let event = event("w3", "deliverService", ("forge", "table"), "workshop");
    Event { resource_quantity: quantity("1", "one"), has_point_in_time: day, ..event }
}

/// Thirty hours written on one day, by a slip.
pub fn slip(day: String) -> Event {
    let event = event("slip", "work", ("ana", "forge"), "");
    Event { effort_quantity: quantity("30", "h"), has_point_in_time: day, ..event }
}

/// What these events are about, in the book of a commons.
pub fn specs(commons: &str) -> &'static [&'static str] {
    match commons {
        "forge" => &["EUR", "design-part", "workshop"],
        "table" => &["workshop"],
        _ => &[],
    }
}
