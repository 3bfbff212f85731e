//! A table: one row an event.

use crate::proto::{Quantity, RecordedEvent};

const HEADER: &str = "id,time,action,provider,receiver,input_of,output_of,resource,to_resource,conforms_to,quantity,unit,effort,effort_unit,corrects,fulfills,settles,boundary,note,created,height,signer,cosigner\n";

pub fn document(events: &[RecordedEvent], with_header: bool) -> String {
    let header = if with_header { HEADER } else { "" };
    let rows: String = events.iter().map(row).collect();
    format!("{header}{rows}")
}

fn row(record: &RecordedEvent) -> String {
    let e = record.event.clone().unwrap_or_default();
    let measure = |q: &Option<Quantity>| q.clone().map_or_else(Default::default, |q| (q.value, q.unit));
    let ((quantity, unit), (effort, effort_unit)) = (measure(&e.resource_quantity), measure(&e.effort_quantity));
    let boundary = e.boundary().as_str_name().to_lowercase().replace('_', "-");
    let height = record.recorded_height.to_string();
    let cells = [
        &e.id,
        &record.time,
        &e.action,
        &e.provider,
        &e.receiver,
        &e.input_of,
        &e.output_of,
        &e.resource_inventoried_as,
        &e.to_resource_inventoried_as,
        &e.resource_conforms_to,
        &quantity,
        &unit,
        &effort,
        &effort_unit,
        &e.corrects,
        &e.fulfills,
        &e.settles,
        &boundary,
        &e.note,
        &record.created,
        &height,
        &record.signer,
        &record.cosigner,
    ];
    let cells: Vec<String> = cells.into_iter().map(|c| cell(c)).collect();
    format!("{}\n", cells.join(","))
}

/// Quoted when it must be.
fn cell(text: &str) -> String {
    // A programme that calculates must not take a note for a formula.
    let formula = text.starts_with(['=', '@', '+'])
        || text.starts_with('-')
            && text.parse::<i64>().is_err()
            && !text[1..].starts_with(|c: char| c.is_ascii_digit());
    let text = if formula { format!("'{text}") } else { text.to_string() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}
