//! What a case expects, as looks at the book.

use crate::{
    case::Case,
    json::Json,
    names::{id, quantity},
    plan::{Look, Step},
};
use book::proto::{EffortRequest, NodeKind, TraceRequest};
use std::collections::BTreeSet;

/// Fields of a resource: as cases name them, and as Valueflows does.
const RESOURCE_FIELDS: &[(&str, &str)] = &[
    ("accounting", "accountingQuantity"),
    ("accountingQuantity", "accountingQuantity"),
    ("onhand", "onhandQuantity"),
    ("onhandQuantity", "onhandQuantity"),
    ("primaryAccountable", "primaryAccountable"),
    ("accountable", "primaryAccountable"),
    ("custodian", "custodian"),
    ("currentLocation", "currentLocation"),
    ("location", "currentLocation"),
    ("containedIn", "containedIn"),
    ("contained_in", "containedIn"),
    ("stage", "stage"),
    ("state", "state"),
    ("trackingIdentifier", "trackingIdentifier"),
    ("conformsTo", "conformsTo"),
];

const PROMISE_FIELDS: &[(&str, &str)] = &[
    ("settled", "done"),
    ("fulfilled", "done"),
    ("satisfied", "done"),
    ("done", "done"),
    ("open", "open"),
    ("finished", "finished"),
    ("over", "over"),
];

/// What explains an expectation and expects nothing.
const REMARKS: &[&str] = &["note", "why", "comment", "given_fixup", "classifiedAs", "unit"];
/// Fields that name something of the book.
const NAMES: &[&str] = &["primaryAccountable", "custodian", "containedIn", "stage", "conformsTo"];

/// Looks at what `expect` says of resources and promises, and at the sums among it. `only` are the fields to compare; none means
/// all.
pub fn expected(case: &Case, expect: &Json, only: &[&str], promises: &BTreeSet<String>) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for (name, value) in expect.fields() {
        let look = match value {
            _ if name.contains('(') => query(case, name, value)?,
            Json::Null => Look::NoResource { id: id(name) },
            value if promises.contains(&id(name)) => {
                Look::Promise { id: id(name), fields: fields(name, value, PROMISE_FIELDS, &[])? }
            }
            value => Look::Resource { id: id(name), fields: fields(name, value, RESOURCE_FIELDS, only)? },
        };
        steps.push(Step::See(look));
    }
    Ok(steps)
}

fn fields(
    of: &str,
    expect: &Json,
    known: &[(&str, &'static str)],
    only: &[&str],
) -> Result<Vec<(&'static str, String)>, String> {
    let mut fields = Vec::new();
    for (name, value) in expect.fields() {
        let Some((_, field)) = known.iter().find(|(n, _)| n == name) else {
            if REMARKS.contains(&name.as_str()) {
                continue;
            }
            return Err(format!("it is not understood what {name} of {of} should be"));
        };
        if only.is_empty() || only.contains(&name.as_str()) || only.contains(field) {
            fields.push((*field, shown(field, value)));
        }
    }
    Ok(fields)
}

/// A value as the book shows it.
fn shown(field: &str, value: &Json) -> String {
    match value {
        Json::Bool(is) => is.to_string(),
        Json::Map(_) if field.ends_with("Quantity") || ["done", "open"].contains(&field) => quantity(value).value,
        value if NAMES.contains(&field) && !value.text().is_empty() => id(value.text()),
        value => value.text().into(),
    }
}

/// A question written as a call: `workHours(alice)`, `trace(resource desk)`.
pub fn query(case: &Case, call: &str, answer: &Json) -> Result<Look, String> {
    let unknown = || format!("the question {call} is not understood");
    let (name, rest) = call.split_once('(').ok_or_else(unknown)?;
    let arguments: Vec<&str> = rest.trim_end_matches(')').split(',').map(str::trim).filter(|a| !a.is_empty()).collect();
    let texts = || answer.items().iter().map(|a| a.text().to_string()).collect::<Vec<_>>();
    let argument = |n: usize| arguments.get(n).map(|a| id(a)).ok_or_else(unknown);
    let effort = |agent: String, resource: String, action: &str| -> Result<Look, String> {
        let process = argument(1).unwrap_or_default();
        let request = EffortRequest { agent, resource, process, action: action.into(), ..EffortRequest::default() };
        Ok(Look::Effort { words: call.into(), request, value: quantity(answer).value })
    };
    match name.trim() {
        "processInputs" | "inputs" | "previous" => {
            Ok(Look::Flows { process: argument(0)?, inputs: true, events: texts() })
        }
        "processOutputs" | "outputs" | "next" => {
            Ok(Look::Flows { process: argument(0)?, inputs: false, events: texts() })
        }
        "workHours" | "netWorkHours" => effort(argument(0)?, String::new(), "work"),
        "useHours" | "netUseHours" => effort(String::new(), argument(0)?, "use"),
        "trace" => trail(case, "Trace", &arguments, texts()).ok_or_else(unknown),
        "track" => trail(case, "Track", &arguments, texts()).ok_or_else(unknown),
        "netQuantity" => Ok(Look::Net { event: argument(0)?, effort: false, value: quantity(answer).value }),
        "netEffort" => Ok(Look::Net { event: argument(0)?, effort: true, value: quantity(answer).value }),
        of if PROMISE_FIELDS.iter().any(|(name, _)| *name == of) => {
            let asked = Json::Map(vec![(of.into(), answer.clone())]);
            Ok(Look::Promise { id: argument(0)?, fields: fields(call, &asked, PROMISE_FIELDS, &[])? })
        }
        "stockOf" | "stock" => {
            Ok(Look::Stock { agent: argument(0)?, resources: texts().iter().map(|r| id(r)).collect() })
        }
        _ => Err(unknown()),
    }
}

/// `resource desk`, `process P`, `event e1`, or a bare name.
fn trail(case: &Case, method: &'static str, arguments: &[&str], nodes: Vec<String>) -> Option<Look> {
    let argument = arguments.first()?;
    let (kind, name) = argument.split_once(' ').unwrap_or(("", argument));
    let kind = match kind {
        "resource" => NodeKind::Resource,
        "process" => NodeKind::Process,
        "event" => NodeKind::Event,
        _ if case.processes().contains(&id(name)) => NodeKind::Process,
        _ if case.resources().contains(&id(name)) => NodeKind::Resource,
        _ => NodeKind::Event,
    };
    let request = TraceRequest { id: id(name), kind: kind.into(), limit: 1000, depth: 0 };
    Some(Look::Trail { method, request, nodes })
}
