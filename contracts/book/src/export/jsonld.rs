//! Valueflows 1.0 as JSON-LD: events with the names of the ontology.

use super::json::{Object, lines};
use crate::proto::RecordedEvent;

const CONTEXT: &str = r#"{"vf":"https://w3id.org/valueflows/ont/vf#","om2":"http://www.ontology-of-units-of-measure.org/resource/om-2/","b":"urn:stint:book:"}"#;

pub fn document(events: &[RecordedEvent]) -> String {
    format!("{{\"@context\":{CONTEXT},\"@graph\":{}}}\n", lines(events.iter().map(event)))
}

fn event(record: &RecordedEvent) -> String {
    let e = record.event.clone().unwrap_or_default();
    let point = if e.has_beginning.is_empty() && e.has_end.is_empty() { record.time.clone() } else { String::new() };
    Object::default()
        .id("@id", "b:event/", &e.id)
        .text("@type", "vf:EconomicEvent")
        .id("vf:action", "vf:", &e.action)
        .id("vf:provider", "b:agent/", &e.provider)
        .id("vf:receiver", "b:agent/", &e.receiver)
        .id("vf:inputOf", "b:process/", &e.input_of)
        .id("vf:outputOf", "b:process/", &e.output_of)
        .id("vf:resourceInventoriedAs", "b:resource/", &e.resource_inventoried_as)
        .id("vf:toResourceInventoriedAs", "b:resource/", &e.to_resource_inventoried_as)
        .id("vf:resourceConformsTo", "b:spec/", &e.resource_conforms_to)
        .list("vf:resourceClassifiedAs", &e.resource_classified_as)
        .measure("vf:resourceQuantity", &e.resource_quantity)
        .measure("vf:effortQuantity", &e.effort_quantity)
        .text("vf:hasBeginning", &e.has_beginning)
        .text("vf:hasEnd", &e.has_end)
        .text("vf:hasPointInTime", &point)
        .text("vf:toLocation", &e.to_location)
        .text("vf:state", &e.state)
        .id("vf:fulfills", "b:promise/", &e.fulfills)
        .id("vf:satisfies", "b:promise/", &e.satisfies)
        .id("vf:settles", "b:promise/", &e.settles)
        .id("vf:realizationOf", "b:promise/", &e.realization_of)
        .id("vf:reciprocalRealizationOf", "b:promise/", &e.reciprocal_realization_of)
        .id("vf:corrects", "b:event/", &e.corrects)
        .text("vf:note", &e.note)
        .text("vf:image", &e.image)
        .text("vf:created", &record.created)
        .done()
}
