//! An answer: tables for people, JSON for programs.

use crate::cli::{Failure, show};
use bytes::Bytes;
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use std::io::IsTerminal;

/// Cells of a value in a table.
const CELLS: usize = 60;

/// How answers are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Table,
    Json,
}

impl Form {
    /// As asked, else tables on a terminal and JSON elsewhere.
    pub fn of(json: bool, table: bool) -> Form {
        match (json, table) {
            (true, _) => Form::Json,
            (_, true) => Form::Table,
            _ if std::io::stdout().is_terminal() => Form::Table,
            _ => Form::Json,
        }
    }
}

/// A message in the asked form.
pub fn message(ty: &MessageDescriptor, bytes: Bytes, form: Form) -> Result<String, Failure> {
    match form {
        Form::Json => Ok(stint_client::json::pretty(ty, bytes)?),
        Form::Table => Ok(tables(&DynamicMessage::decode(ty.clone(), bytes)?)),
    }
}

/// Single fields as lines, and each repeated message as a table of its own.
fn tables(message: &DynamicMessage) -> String {
    let (mut lines, mut below) = (Vec::new(), Vec::new());
    gather(message, "", &mut lines, &mut below);
    // A line behind whose name nothing stands says nothing, as the token of a page behind the last one.
    lines.retain(|(_, value)| !value.is_empty());
    let wide = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name:wide$}  {value}")).collect();
    let mut parts: Vec<String> = below.iter().map(|(name, rows)| format!("{name}\n{}", rows_table(rows))).collect();
    if !lines.is_empty() {
        parts.insert(0, lines.join("\n"));
    }
    match parts.is_empty() {
        true => "done".into(),
        false => parts.join("\n\n"),
    }
}

type Rows = Vec<DynamicMessage>;

fn gather(message: &DynamicMessage, before: &str, lines: &mut Vec<(String, String)>, below: &mut Vec<(String, Rows)>) {
    for field in message.descriptor().fields() {
        let name = format!("{before}{}", field.name());
        let value = message.get_field(&field);
        match (&*value, field.kind()) {
            (Value::Message(_), _) if !message.has_field(&field) => {}
            (Value::Message(inner), _) => gather(inner, &format!("{name}."), lines, below),
            (Value::List(all), Kind::Message(_)) => {
                let rows: Rows = all.iter().filter_map(|v| v.as_message().cloned()).collect();
                if !rows.is_empty() {
                    below.push((name, rows));
                }
            }
            // One of several that is not set is not there.
            _ if field.supports_presence() && !message.has_field(&field) => {}
            (value, kind) => lines.push((name, cell(value, &kind))),
        }
    }
}

fn rows_table(rows: &[DynamicMessage]) -> String {
    let mut head: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for row in rows {
        let (mut lines, mut below) = (Vec::new(), Vec::new());
        gather(row, "", &mut lines, &mut below);
        lines.extend(below.into_iter().map(|(name, rows)| (name, format!("{} of them", rows.len()))));
        for (name, _) in &lines {
            if !head.contains(name) {
                head.push(name.clone());
            }
        }
        all.push(lines);
    }
    let cells = |lines: Vec<(String, String)>| {
        let of = |name: &String| lines.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
        head.iter().map(of).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = all.into_iter().map(cells).collect();
    // A column in which nothing stands says nothing.
    let told: Vec<usize> = (0..head.len()).filter(|i| rows.iter().any(|r| !r[*i].is_empty())).collect();
    let pick = |row: &[String]| told.iter().map(|i| row[*i].clone()).collect::<Vec<_>>();
    show::columns(&pick(&head), &rows.iter().map(|r| pick(r)).collect::<Vec<_>>())
}

fn cell(value: &Value, kind: &Kind) -> String {
    let of = |value: &Value| cell(value, kind);
    let text = match value {
        Value::Bool(b) => if *b { "yes" } else { "no" }.into(),
        Value::I32(n) => n.to_string(),
        Value::I64(n) => n.to_string(),
        Value::U32(n) => n.to_string(),
        Value::U64(n) => n.to_string(),
        Value::F32(x) => x.to_string(),
        Value::F64(x) => x.to_string(),
        Value::String(text) => text.clone(),
        Value::Bytes(bytes) => hex::encode(bytes),
        Value::EnumNumber(n) => match kind {
            Kind::Enum(of) => of.get_value(*n).map_or_else(|| n.to_string(), |v| v.name().to_lowercase()),
            _ => n.to_string(),
        },
        Value::Message(_) => "…".into(),
        Value::List(all) => all.iter().map(of).collect::<Vec<_>>().join(", "),
        Value::Map(all) => {
            let kind = match kind {
                Kind::Message(entry) => entry.map_entry_value_field().kind(),
                kind => kind.clone(),
            };
            let mut all: Vec<String> = all.iter().map(|(k, v)| format!("{}={}", key(k), cell(v, &kind))).collect();
            all.sort();
            all.join(", ")
        }
    };
    show::fit(&text, CELLS)
}

fn key(key: &MapKey) -> String {
    match key {
        MapKey::Bool(b) => b.to_string(),
        MapKey::I32(n) => n.to_string(),
        MapKey::I64(n) => n.to_string(),
        MapKey::U32(n) => n.to_string(),
        MapKey::U64(n) => n.to_string(),
        MapKey::String(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ask::sample as named;

    fn shown(name: &str, json: &str) -> String {
        tables(&DynamicMessage::deserialize(named(name), &mut serde_json::Deserializer::from_str(json)).unwrap())
    }

    #[test]
    fn answers_are_lines_and_tables() {
        let shares = r#"{"shares": [{"author": "ana", "contributions": 2, "points": "3", "basisPoints": 7500},
            {"author": "bo", "contributions": 1, "points": "1", "basisPoints": 2500}], "contributors": 2, "points": "4"}"#;
        let expected = "contributors   2\ncontributions  0\npoints         4\n\nshares\n\
            author  contributions  points  basis_points  amount\n\
            ──────  ─────────────  ──────  ────────────  ──────\n\
            ana                 2       3          7500       0\n\
            bo                  1       1          2500       0";
        assert_eq!(shown("GetSharesResponse", shares), expected);
        let log =
            r#"{"log": {"id": "l1", "status": "VALIDATED", "attributes": {"b": "2", "a": "1"}, "flags": ["x", "y"]}}"#;
        let log = shown("GetLogResponse", log);
        for line in [
            "log.id             l1",
            "log.status         validated",
            "log.attributes     a=1, b=2",
            "log.flags          x, y",
        ] {
            assert!(log.contains(line), "{line}:\n{log}");
        }
        assert!(!log.contains("log.decided"), "what is not there is not told:\n{log}");
        assert_eq!(shown("DisputeResponse", "{}"), "done");
    }
}
