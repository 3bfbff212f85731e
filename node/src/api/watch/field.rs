//! `path=value`: whether a field of a message holds a value.
//!
//! A path is names of fields joined by dots, as the `.proto` or as JSON writes them; behind a map stands a key, which
//! ends at the next dot unless the values are no messages. Something repeated holds when one of it does. Of a message
//! that is not set nothing holds; a field that is not set has its type's default.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use stint_proto::limits::WATCH_FIELD_BYTES;

/// A field and the value it must have.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    path: Vec<String>,
    value: String,
}

/// The fields of a message, for whoever named one that it has not.
fn say(of: &MessageDescriptor) -> String {
    of.fields().map(|f| f.name().to_string()).collect::<Vec<_>>().join(", ")
}

fn named(of: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    of.get_field_by_name(name).or_else(|| of.get_field_by_json_name(name))
}

impl Wanted {
    /// Reads `path=value`.
    pub fn read(text: &str) -> Result<Wanted, String> {
        if text.len() > WATCH_FIELD_BYTES {
            return Err(format!("a field and its value have {} bytes; the limit is {WATCH_FIELD_BYTES}", text.len()));
        }
        let shape = || format!("{text:?} is no field; write path=value, for example contribution.author=ana");
        let (path, value) = text.split_once('=').ok_or_else(shape)?;
        let path: Vec<String> = path.trim().split('.').map(Into::into).collect();
        if path.iter().any(String::is_empty) {
            return Err(shape());
        }
        Ok(Wanted { path, value: value.into() })
    }

    /// Whether messages of this type can hold it, or why not.
    pub fn fits(&self, of: &MessageDescriptor) -> Result<(), String> {
        let mut at = of.clone();
        let mut path = &self.path[..];
        while let Some((name, rest)) = path.split_first() {
            let Some(field) = named(&at, name) else {
                return Err(format!("{} has no field {name}; it has: {}", at.full_name(), say(&at)));
            };
            let (kind, rest) = match field.kind() {
                Kind::Message(entry) if field.is_map() => {
                    let value = entry.map_entry_value_field().kind();
                    match (&value, rest) {
                        (_, []) => {
                            return Err(format!("{name} is a map: name a key behind it, as in {name}.KEY=VALUE"));
                        }
                        (Kind::Message(_), [_, rest @ ..]) => (value, rest),
                        // The rest of the path is a key.
                        _ => (value, &[][..]),
                    }
                }
                kind => (kind, rest),
            };
            match (kind, rest) {
                (Kind::Message(inner), []) => {
                    return Err(format!("{name} is a message; name one of its fields: {}", say(&inner)));
                }
                (Kind::Message(inner), rest) => (at, path) = (inner, rest),
                (kind, []) => return readable(&kind, &self.value).map_err(|what| format!("{name}: {what}")),
                (_, _) => return Err(format!("{name} has no fields of its own")),
            }
        }
        Ok(())
    }

    /// Whether a message holds it.
    pub fn holds(&self, message: &DynamicMessage) -> bool {
        self.within(message, &self.path)
    }

    fn within(&self, message: &DynamicMessage, path: &[String]) -> bool {
        let Some((name, rest)) = path.split_first() else { return false };
        let Some(field) = named(&message.descriptor(), name) else { return false };
        if matches!(field.kind(), Kind::Message(_)) && !field.is_list() && !field.is_map() && !message.has_field(&field)
        {
            return false;
        }
        match &*message.get_field(&field) {
            Value::List(all) => all.iter().any(|value| self.is(value, &field.kind(), rest)),
            Value::Map(entries) => {
                let Kind::Message(entry) = field.kind() else { return false };
                let kind = entry.map_entry_value_field().kind();
                let (key, rest) = match &kind {
                    Kind::Message(_) => (rest.first().cloned().unwrap_or_default(), rest.get(1..).unwrap_or_default()),
                    _ => (rest.join("."), &[][..]),
                };
                entries.iter().any(|(k, value)| key_is(k, &key) && self.is(value, &kind, rest))
            }
            value => self.is(value, &field.kind(), rest),
        }
    }

    fn is(&self, value: &Value, kind: &Kind, rest: &[String]) -> bool {
        match value {
            Value::Message(inner) => self.within(inner, rest),
            _ if !rest.is_empty() => false,
            Value::String(text) => *text == self.value,
            Value::Bool(b) => self.value.parse() == Ok(*b),
            Value::I32(n) => self.value.parse() == Ok(*n),
            Value::I64(n) => self.value.parse() == Ok(*n),
            Value::U32(n) => self.value.parse() == Ok(*n),
            Value::U64(n) => self.value.parse() == Ok(*n),
            Value::F32(x) => self.value.parse() == Ok(*x),
            Value::F64(x) => self.value.parse() == Ok(*x),
            Value::Bytes(b) => hex::decode(&self.value).is_ok_and(|wanted| wanted == b[..]),
            Value::EnumNumber(n) => match kind {
                Kind::Enum(of) => {
                    self.value.parse() == Ok(*n) || of.get_value_by_name(&self.value).is_some_and(|v| v.number() == *n)
                }
                _ => false,
            },
            Value::List(_) | Value::Map(_) => false,
        }
    }
}

fn key_is(key: &MapKey, wanted: &str) -> bool {
    match key {
        MapKey::String(text) => text == wanted,
        MapKey::Bool(b) => wanted.parse() == Ok(*b),
        MapKey::I32(n) => wanted.parse() == Ok(*n),
        MapKey::I64(n) => wanted.parse() == Ok(*n),
        MapKey::U32(n) => wanted.parse() == Ok(*n),
        MapKey::U64(n) => wanted.parse() == Ok(*n),
    }
}

/// Whether a value can be one of a kind.
fn readable(kind: &Kind, value: &str) -> Result<(), String> {
    let (fits, what) = match kind {
        Kind::Bool => (value.parse::<bool>().is_ok(), "true or false".into()),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (value.parse::<i32>().is_ok(), "a number of 32 bits".into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (value.parse::<i64>().is_ok(), "a number of 64 bits".into()),
        Kind::Uint32 | Kind::Fixed32 => (value.parse::<u32>().is_ok(), "a number from 0 on, of 32 bits".into()),
        Kind::Uint64 | Kind::Fixed64 => (value.parse::<u64>().is_ok(), "a number from 0 on, of 64 bits".into()),
        Kind::Float | Kind::Double => (value.parse::<f64>().is_ok(), "a number".into()),
        Kind::Bytes => (hex::decode(value).is_ok(), "hexadecimal digits, two a byte".into()),
        Kind::Enum(of) => {
            let names: Vec<_> = of.values().map(|v| v.name().to_string()).collect();
            let known = of.get_value_by_name(value).is_some() || value.parse::<i32>().is_ok();
            (known, format!("one of {}", names.join(", ")))
        }
        Kind::String | Kind::Message(_) => (true, String::new()),
    };
    if fits { Ok(()) } else { Err(format!("{value:?} cannot be its value, which is {what}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, json: &str) -> DynamicMessage {
        let module = include_bytes!("../../../../contracts/dist/contribute.wasm");
        let set = stint_runtime::check(module).unwrap().descriptor.file_set;
        let pool = prost_reflect::DescriptorPool::decode(&set[..]).unwrap();
        let ty = pool.get_message_by_name(&format!("stint.contribute.v1.{name}")).unwrap();
        DynamicMessage::deserialize(ty, &mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn a_field_holds_a_value_as_its_type_says() {
        let log = r#"{"log": {"id": "l1", "claimType": "EQUITY", "k": 3, "loggedHeight": "7", "flags": ["a", "day-limit"],
            "logged": {"value": "1.5", "unit": "h"}, "attributes": {"rate": "20", "a.b": "c"},
            "cites": [{"id": "x"}, {"id": "y", "weight": "2"}]}}"#;
        let log = message("Logged", log);
        let holds = |field: &str| {
            let wanted = Wanted::read(field).unwrap();
            assert_eq!(wanted.fits(&log.descriptor()), Ok(()), "{field}");
            wanted.holds(&log)
        };
        for yes in [
            "log.id=l1",
            "log.claim_type=EQUITY",
            "log.claimType=2",
            "log.k=3",
            "log.k=003",
            "log.logged_height=7",
            "log.flags=day-limit",
            "log.logged.unit=h",
            "log.attributes.rate=20",
            "log.attributes.a.b=c",
            "log.cites.weight=2",
            "log.note=",
            "log.status=UNSPECIFIED",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in
            ["log.id=l", "log.claim_type=DEBT", "log.k=4", "log.flags=b", "log.attributes.none=20", "log.dispute.by="]
        {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn what_no_message_can_hold_is_refused_with_what_it_has() {
        let log = message("Logged", "{}").descriptor();
        for (field, says) in [
            ("log.idd=l1", "has no field idd; it has: id, author, event"),
            ("log=1", "log is a message; name one of its fields: id"),
            ("log.id.x=1", "id has no fields of its own"),
            ("log.k=three", "k: \"three\" cannot be its value, which is a number from 0 on, of 32 bits"),
            ("log.status=CLAIM", "one of UNSPECIFIED, CLAIMED"),
            ("log.attributes=1", "attributes is a map: name a key behind it"),
        ] {
            let said = Wanted::read(field).unwrap().fits(&log).unwrap_err();
            assert!(said.contains(says), "{field}: {said}");
        }
        for bad in ["log", "=x", "a..b=1", ".=", &format!("a={}", "x".repeat(WATCH_FIELD_BYTES))] {
            assert!(Wanted::read(bad).is_err(), "{bad}");
        }
    }
}
