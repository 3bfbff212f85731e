//! The fields of a message as flags: `--contribution.id`, and `--id` where that means one field alone.

use super::value;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// How deep messages in messages are shown as flags; what lies deeper is given as JSON.
const DEEP: usize = 4;

/// A field that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// From the outermost field on.
    pub path: Vec<FieldDescriptor>,
}

impl Flag {
    /// Its full name: names of the fields joined by dots.
    pub fn name(&self) -> String {
        let names: Vec<String> = self.path.iter().map(|f| f.name().replace('_', "-")).collect();
        names.join(".")
    }

    /// The field itself.
    pub fn field(&self) -> Option<&FieldDescriptor> {
        self.path.last()
    }
}

/// All fields of a message as flags, in the order of the `.proto`.
pub fn flags(of: &MessageDescriptor) -> Vec<Flag> {
    let mut found = Vec::new();
    walk(of, &mut Vec::new(), &mut found);
    found
}

fn walk(of: &MessageDescriptor, path: &mut Vec<FieldDescriptor>, found: &mut Vec<Flag>) {
    for field in of.fields() {
        path.push(field.clone());
        found.push(Flag { path: path.clone() });
        if let Kind::Message(inner) = field.kind()
            && !field.is_list()
            && !field.is_map()
            && !inner.full_name().starts_with("google.protobuf.")
            && path.len() < DEEP
        {
            walk(&inner, path, found);
        }
        path.pop();
    }
}

/// The flag that a word means, if it means one: a full name, or the end of one behind a dot.
pub fn find<'a>(all: &'a [Flag], word: &str) -> Result<Option<&'a Flag>, String> {
    let word = word.replace('_', "-").to_lowercase();
    if let Some(exact) = all.iter().find(|f| f.name().to_lowercase() == word) {
        return Ok(Some(exact));
    }
    let ends = |f: &&Flag| f.name().to_lowercase().strip_suffix(&word).is_some_and(|before| before.ends_with('.'));
    let found: Vec<&Flag> = all.iter().filter(ends).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let names: Vec<String> = several.iter().map(|f| format!("--{}", f.name())).collect();
            Err(format!("--{word} may mean {}; write it out", names.join(" or ")))
        }
    }
}

/// The shortest word that means a flag.
pub fn shortest(all: &[Flag], flag: &Flag) -> String {
    let name = flag.name();
    let ends = name.char_indices().filter(|(_, c)| *c == '.').map(|(i, _)| &name[i + 1..]);
    let is_it = |word: &&str| find(all, word).is_ok_and(|found| found == Some(flag));
    ends.rev().find(is_it).unwrap_or(&name).to_string()
}

/// Whether a flag may stand without a value.
pub fn is_switch(flag: &Flag) -> bool {
    flag.field().is_some_and(|f| f.kind() == Kind::Bool && !f.is_list() && !f.is_map())
}

/// Sets a field of a message; what may come often is added.
pub fn set(message: &mut DynamicMessage, flag: &Flag, word: &str) -> Result<(), String> {
    let Some((field, outer)) = flag.path.split_last() else { return Ok(()) };
    let mut at = message;
    for field in outer {
        at = at.get_field_mut(field).as_message_mut().ok_or("a part of its name is no message")?;
    }
    if let Some(of) = field.containing_oneof()
        && let Some(other) = of.fields().find(|f| f != field && at.has_field(f))
    {
        return Err(format!(
            "--{} cannot stand beside --{}: it is one of them",
            flag.name(),
            other.name().replace('_', "-")
        ));
    }
    let named = |what: String| format!("--{}: {what}", flag.name());
    match (field.kind(), field.is_map()) {
        (Kind::Message(entry), true) => {
            let (key, word) = word.split_once('=').ok_or_else(|| named(format!("{word:?} is no KEY=VALUE")))?;
            let key = value::read(&entry.map_entry_key_field().kind(), key).map_err(named)?;
            let value = value::read(&entry.map_entry_value_field().kind(), word).map_err(named)?;
            let map = at.get_field_mut(field).as_map_mut().ok_or("it is no map")?;
            map.insert(map_key(key).ok_or_else(|| named("its key cannot be a key".into()))?, value);
        }
        (kind, _) if field.is_list() => {
            let value = value::read(&kind, word).map_err(named)?;
            at.get_field_mut(field).as_list_mut().ok_or("it is no list")?.push(value);
        }
        (kind, _) => at.set_field(field, value::read(&kind, word).map_err(named)?),
    }
    Ok(())
}

fn map_key(value: Value) -> Option<MapKey> {
    Some(match value {
        Value::String(s) => MapKey::String(s),
        Value::Bool(b) => MapKey::Bool(b),
        Value::I32(n) => MapKey::I32(n),
        Value::I64(n) => MapKey::I64(n),
        Value::U32(n) => MapKey::U32(n),
        Value::U64(n) => MapKey::U64(n),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ask::sample as message;

    fn set_all(name: &str, words: &[(&str, &str)]) -> Result<DynamicMessage, String> {
        let ty = message(name);
        let all = flags(&ty);
        let mut message = DynamicMessage::new(ty);
        for (word, value) in words {
            let flag = find(&all, word)?.ok_or_else(|| format!("no {word}"))?;
            set(&mut message, flag, value)?;
        }
        Ok(message)
    }

    #[test]
    fn flags_set_fields_by_their_full_and_their_short_names() {
        let short = set_all("RecordRequest", &[("id", "talk-1"), ("quantity", "1.5")]).unwrap();
        let full =
            set_all("RecordRequest", &[("contribution.id", "talk-1"), ("contribution.quantity", "1.5")]).unwrap();
        let whole = set_all("RecordRequest", &[("contribution", r#"{"id": "talk-1", "quantity": "1.5"}"#)]).unwrap();
        let bytes = |m: &DynamicMessage| prost::Message::encode_to_vec(m);
        assert_eq!(bytes(&short), bytes(&full));
        assert_eq!(bytes(&short), bytes(&whole));
        let log = set_all(
            "LogRequest",
            &[
                ("claim-type", "equity"),
                ("quantity.value", "2"),
                ("unit", "h"),
                ("cites", r#"{"id": "a"}"#),
                ("cites", r#"{"id": "b", "weight": "2"}"#),
                ("attributes", "rate=20"),
                ("attributes", "paid=1=2"),
            ],
        );
        let json = serde_json::to_value(log.unwrap()).unwrap();
        let expected = serde_json::json!({
            "claimType": "EQUITY", "quantity": {"value": "2", "unit": "h"}, "cites": [{"id": "a"}, {"id": "b", "weight": "2"}],
            "attributes": {"rate": "20", "paid": "1=2"}
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn what_is_not_meant_is_said() {
        let all = flags(&message("LogEntry"));
        let said = find(&all, "note").map(|f| f.map(Flag::name));
        assert_eq!(said, Ok(Some("note".into())), "a full name goes before the end of another");
        let said = find(&all, "by").unwrap_err();
        assert_eq!(said, "--by may mean --decided.by or --dispute.by; write it out");
        assert_eq!(find(&all, "nothing"), Ok(None));
        let by = all.iter().find(|f| f.name() == "dispute.by").unwrap();
        assert_eq!(shortest(&all, by), "dispute.by");
        let unit = all.iter().find(|f| f.name() == "logged.unit").unwrap();
        assert_eq!(shortest(&all, unit), "unit");
        let said = set_all("LogRequest", &[("claim-type", "much")]).unwrap_err();
        assert!(said.contains("--claim-type: \"much\" is none of NONE, DEBT, EQUITY, ONCE"), "{said}");
        let said = set_all("LogRequest", &[("attributes", "rate")]).unwrap_err();
        assert!(said.contains("\"rate\" is no KEY=VALUE"), "{said}");
    }
}
