//! Names of a case as ids of the book, times as it reads them, and words that describe an event.

use book::proto::{Event, Quantity};

use crate::json::Json;

const ID_BYTES: usize = 64;

/// A name as an id: itself when it fits, else with `_` for what does not.
pub fn id(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
    let mut id: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if id.len() > ID_BYTES {
        // The end of a long name, a URI for example, is what tells it from others.
        id = id.split_off(id.len() - ID_BYTES);
    }
    id
}

/// The id in a field; empty when it is not there. Of several the first.
pub fn id_of(value: &Json, names: &[&str]) -> String {
    let Some(found) = value.any(names) else { return String::new() };
    let first = found.items().first().map_or("", |v| v.text());
    id(if first.is_empty() { found.text_of("id") } else { first })
}

/// A quantity in a field.
pub fn quantity_of(value: &Json, names: &[&str]) -> Option<Quantity> {
    value.any(names).map(quantity)
}

/// `{value, unit}`, the names of the ontology, or a bare number, which counts pieces.
pub fn quantity(value: &Json) -> Quantity {
    let amount = value.any(&["value", "hasNumericalValue", "om2:hasNumericalValue"]);
    let unit = value.any(&["unit", "hasUnit", "om2:hasUnit"]).map_or("", Json::text);
    match amount {
        Some(amount) => Quantity { value: plain(amount.text()), unit: unit.into() },
        None => Quantity { value: plain(value.text()), unit: "one".into() },
    }
}

/// A number without a sign or exponent that the book does not read: `+5` is 5, and `1e3` stays what it is, to be refused.
fn plain(number: &str) -> String {
    number.strip_prefix('+').unwrap_or(number).into()
}

/// A time as the book reads it: seconds of UTC. An offset of zero is UTC; fractions of a second are cut off.
pub fn time(text: &str) -> String {
    let Some((day, clock)) = text.split_once('T') else { return text.into() };
    let utc = ["Z", "+00:00", "-00:00", "+0:00", "-0:00", "+0000"];
    let clock = utc.iter().find_map(|zone| clock.strip_suffix(zone)).unwrap_or(clock);
    let clock = clock.split('.').next().unwrap_or(clock);
    let mut parts: Vec<String> = clock.split(':').map(|p| format!("{p:0>2}")).collect();
    parts.resize(3.max(parts.len()), "00".into());
    format!("{day}T{}Z", parts.join(":"))
}

/// Words by which an event is known: `consume plywood`, `work alice`, `e08 produce`.
pub fn words(event: &Event) -> Vec<String> {
    [
        &event.id,
        &event.action,
        &event.resource_inventoried_as,
        &event.to_resource_inventoried_as,
        &event.resource_conforms_to,
        &event.provider,
        &event.receiver,
    ]
    .into_iter()
    .filter(|w| !w.is_empty())
    .cloned()
    .collect()
}

/// Whether every word of a description is one of these.
pub fn describes(description: &str, words: &[String]) -> bool {
    let mut asked = description.split([' ', '(', ')', ',']).filter(|w| !w.is_empty()).peekable();
    asked.peek().is_some() && asked.all(|w| words.contains(&id(w)))
}
