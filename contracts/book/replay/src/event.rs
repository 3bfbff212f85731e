//! Events and promises of a case as the book's messages.

use crate::{
    json::Json,
    names::{id, id_of, quantity_of, time},
};
use book::{
    actions::{Creates, action},
    proto::{Agreement, Balancing, Boundary, Claim, Commitment, Direction, Event, Intent, NewResource},
};
use std::collections::BTreeSet;

/// An event; `known` are the resources that there are, to which it adds what it creates.
pub fn event(json: &Json, number: usize, known: &mut BTreeSet<String>) -> Event {
    let text = |names: &[&str]| json.any(names).map_or("", Json::text).to_string();
    let when = |names: &[&str]| time(&text(names));
    let mut event = Event {
        id: id_of(json, &["id"]),
        action: text(&["action"]),
        provider: id_of(json, &["provider"]),
        receiver: id_of(json, &["receiver"]),
        input_of: id_of(json, &["inputOf"]),
        output_of: id_of(json, &["outputOf"]),
        resource_inventoried_as: id_of(json, &["resourceInventoriedAs", "newResource"]),
        to_resource_inventoried_as: id_of(json, &["toResourceInventoriedAs", "newToResource"]),
        resource_conforms_to: id_of(json, &["resourceConformsTo"]),
        resource_quantity: quantity_of(json, &["resourceQuantity"]),
        effort_quantity: quantity_of(json, &["effortQuantity"]),
        has_beginning: when(&["hasBeginning"]),
        has_end: when(&["hasEnd"]),
        has_point_in_time: when(&["hasPointInTime", "date"]),
        to_location: text(&["toLocation", "atLocation"]),
        state: text(&["state"]),
        fulfills: id_of(json, &["fulfills"]),
        satisfies: id_of(json, &["satisfies"]),
        settles: id_of(json, &["settles"]),
        realization_of: id_of(json, &["realizationOf"]),
        reciprocal_realization_of: id_of(json, &["reciprocalRealizationOf"]),
        corrects: id_of(json, &["corrects"]),
        note: text(&["note"]),
        boundary: boundary(&text(&["boundary"])).into(),
        ..Event::default()
    };
    let classified = json.get("resourceClassifiedAs").map(Json::items).unwrap_or_default();
    event.resource_classified_as = classified.into_iter().map(|c| c.text().to_string()).collect();
    if event.id.is_empty() {
        event.id = format!("event-{number}");
    }
    if creates(&event, known) {
        event.new_resource =
            Some(NewResource { tracking_identifier: text(&["trackingIdentifier"]), ..NewResource::default() });
    }
    event
}

/// Whether the event names a resource that is not there, and its action may create it.
fn creates(event: &Event, known: &mut BTreeSet<String>) -> bool {
    let Ok(action) = action(&event.action) else { return false };
    let (from, to) = (&event.resource_inventoried_as, &event.to_resource_inventoried_as);
    let makes = |id: &String, may: bool| may && !id.is_empty() && !known.contains(id) && event.corrects.is_empty();
    let new_from = makes(from, action.creates == Creates::Optional);
    let new_to = makes(to, action.creates == Creates::OptionalTo || action.implied().is_some());
    for (id, new) in [(from, new_from), (to, new_to)] {
        if new {
            known.insert(id.clone());
        }
    }
    new_from || new_to
}

fn boundary(name: &str) -> Boundary {
    Boundary::from_str_name(&name.to_uppercase().replace('-', "_")).unwrap_or(Boundary::None)
}

/// What crosses a process unseen: `balancing-in` and `balancing-out` are items of its closing, and no actions.
pub fn balancing(json: &Json) -> Option<(String, Balancing)> {
    let (direction, process) = match json.text_of("action") {
        "balancing-in" => (Direction::In, "inputOf"),
        "balancing-out" => (Direction::Out, "outputOf"),
        _ => return None,
    };
    let item = Balancing {
        spec: id_of(json, &["resourceConformsTo"]),
        quantity: quantity_of(json, &["resourceQuantity"]),
        direction: direction.into(),
    };
    Some((id_of(json, &[process, "inputOf", "outputOf", "process"]), item))
}

/// What a case says without its being an event.
pub enum Promise {
    Commitment(Commitment),
    Intent(Intent),
    Claim(Claim),
    Agreement(Agreement),
}

/// A commitment, intent, claim or agreement among the events; by its type.
pub fn promise(json: &Json) -> Option<Promise> {
    let kind = json.any(&["type", "@type"])?.text().trim_start_matches("vf:").to_string();
    let text = |name: &str| json.text_of(name).to_string();
    let link = |name: &str| id_of(json, &[name]);
    Some(match kind.as_str() {
        "Commitment" => Promise::Commitment(Commitment {
            id: link("id"),
            action: text("action"),
            provider: link("provider"),
            receiver: link("receiver"),
            input_of: link("inputOf"),
            output_of: link("outputOf"),
            resource_inventoried_as: link("resourceInventoriedAs"),
            resource_conforms_to: link("resourceConformsTo"),
            resource_quantity: quantity_of(json, &["resourceQuantity"]),
            effort_quantity: quantity_of(json, &["effortQuantity"]),
            due: time(&text("due")),
            clause_of: link("clauseOf"),
            reciprocal_clause_of: link("reciprocalClauseOf"),
            satisfies: link("satisfies"),
            ..Commitment::default()
        }),
        "Intent" => Promise::Intent(Intent {
            id: link("id"),
            action: text("action"),
            provider: link("provider"),
            receiver: link("receiver"),
            resource_conforms_to: link("resourceConformsTo"),
            resource_quantity: quantity_of(json, &["resourceQuantity"]),
            effort_quantity: quantity_of(json, &["effortQuantity"]),
            due: time(&text("due")),
            ..Intent::default()
        }),
        "Claim" => Promise::Claim(Claim {
            id: link("id"),
            action: text("action"),
            provider: link("provider"),
            receiver: link("receiver"),
            triggered_by: link("triggeredBy"),
            resource_quantity: quantity_of(json, &["resourceQuantity"]),
            effort_quantity: quantity_of(json, &["effortQuantity"]),
            resource_conforms_to: link("resourceConformsTo"),
            due: time(&text("due")),
            ..Claim::default()
        }),
        "Agreement" => Promise::Agreement(Agreement { id: link("id"), name: text("name"), ..Agreement::default() }),
        _ => return None,
    })
}

/// A promise that an event names and the case does not describe: just what the event does.
pub fn implied(event: &Event, name: &str, kind: &str) -> Promise {
    match kind {
        "fulfills" => Promise::Commitment(Commitment {
            id: id(name),
            action: event.action.clone(),
            provider: event.provider.clone(),
            receiver: event.receiver.clone(),
            resource_quantity: event.resource_quantity.clone(),
            effort_quantity: event.effort_quantity.clone(),
            ..Commitment::default()
        }),
        "satisfies" => Promise::Intent(Intent {
            id: id(name),
            action: event.action.clone(),
            provider: event.provider.clone(),
            resource_quantity: event.resource_quantity.clone(),
            effort_quantity: event.effort_quantity.clone(),
            ..Intent::default()
        }),
        "settles" => Promise::Claim(Claim {
            id: id(name),
            provider: event.provider.clone(),
            receiver: event.receiver.clone(),
            resource_quantity: event.resource_quantity.clone(),
            effort_quantity: event.effort_quantity.clone(),
            ..Claim::default()
        }),
        _ => Promise::Agreement(Agreement { id: id(name), ..Agreement::default() }),
    }
}
