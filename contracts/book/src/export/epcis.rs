//! EPCIS 2.0 as JSON-LD, for traceability systems: what can be said there of an event.
//!
//! Outputs and adjustments up add an object, what is used up deletes it, transfers and the rest observe it with its source and
//! destination; combine and separate are aggregations. Serialized things stand in `epcList`, others in `quantityList`. Work and
//! other effort have no place in EPCIS and are left out.

use super::json::{Object, array, lines, quoted};
use crate::{
    actions::{Action, Change, Count, action},
    fields::either,
    proto::{Event, Identification, RecordedEvent},
    state::RESOURCES,
};

const CONTEXT: &str = r#"["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]"#;

pub fn document(events: &[RecordedEvent]) -> String {
    let list = lines(events.iter().filter_map(event));
    let created = events.last().map(|e| e.created.clone()).unwrap_or_default();
    let head = Object::default().raw("@context", CONTEXT).text("type", "EPCISDocument").text("schemaVersion", "2.0");
    let body = Object::default().raw("eventList", &list).done();
    format!("{}\n", head.text("creationDate", &created).raw("epcisBody", &body).done())
}

fn event(record: &RecordedEvent) -> Option<String> {
    let e = record.event.clone()?;
    let action = action(&e.action).ok()?;
    e.resource_quantity.as_ref()?;
    let aggregation = action.contained != Change::Keep;
    let start = Object::default()
        .text("type", if aggregation { "AggregationEvent" } else { "ObjectEvent" })
        .id("eventID", "urn:stint:event:", &e.id)
        .text("eventTime", &record.time)
        .text("eventTimeZoneOffset", "+00:00")
        .text("recordTime", &record.created)
        .text("action", verb(action, record.undoes))
        .id("bizStep", "urn:stint:action:", &e.action);
    let things =
        things(&e, if aggregation { ("childEPCs", "childQuantityList") } else { ("epcList", "quantityList") }, start);
    let container = record.effects.first().and_then(|f| f.contained_in.clone()).unwrap_or_default();
    Some(
        things
            .id("parentID", "urn:stint:resource:", if aggregation { &container } else { "" })
            .raw("sourceList", &party("source", &e.provider))
            .raw("destinationList", &party("destination", &e.receiver))
            .id("bizLocation", "urn:stint:location:", &e.to_location)
            .done(),
    )
}

fn verb(action: &Action, undoes: bool) -> &'static str {
    match (action.accounting, action.contained) {
        (Count::Increment | Count::IncrementTo, _) | (_, Change::Update) => {
            if undoes {
                "DELETE"
            } else {
                "ADD"
            }
        }
        (Count::Decrement, _) | (_, Change::Remove) => {
            if undoes {
                "ADD"
            } else {
                "DELETE"
            }
        }
        _ => "OBSERVE",
    }
}

fn things(e: &Event, (single, many): (&str, &str), start: Object) -> Object {
    let id = either(&e.resource_inventoried_as, &e.to_resource_inventoried_as);
    let resource = RESOURCES.get(&id.to_string()).unwrap_or_default();
    if resource.identification() == Identification::Serialized {
        return start.raw(single, &array([quoted(&format!("urn:stint:resource:{id}"))].into_iter()));
    }
    let class = either(&e.resource_conforms_to, &resource.conforms_to);
    let class = if id.is_empty() { format!("urn:stint:spec:{class}") } else { format!("urn:stint:lot:{class}:{id}") };
    let quantity = e.resource_quantity.clone().unwrap_or_default();
    let entry = Object::default().text("epcClass", &class).raw("quantity", &quantity.value).text("uom", &quantity.unit);
    start.raw(many, &array([entry.done()].into_iter()))
}

fn party(name: &str, agent: &str) -> String {
    let entry = Object::default().text("type", "possessing_party").id(name, "urn:stint:agent:", agent);
    array((!agent.is_empty()).then(|| entry.done()).into_iter())
}
