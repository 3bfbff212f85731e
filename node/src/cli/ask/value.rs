//! A word as the value of a field.

use crate::cli::Failure;
use base64::{Engine, prelude::BASE64_STANDARD};
use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};
use std::io::Read;

/// Reads a word as a value of a kind.
pub fn read(kind: &Kind, word: &str) -> Result<Value, String> {
    let number = |what: &str| format!("{word:?} is no {what}");
    Ok(match kind {
        Kind::String => Value::String(word.into()),
        Kind::Bool => Value::Bool(word.parse().map_err(|_| number("true or false"))?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(word.parse().map_err(|_| number("number of 32 bits"))?)
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(word.parse().map_err(|_| number("number of 64 bits"))?)
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(word.parse().map_err(|_| number("number from 0 on, of 32 bits"))?),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(word.parse().map_err(|_| number("number from 0 on, of 64 bits"))?),
        Kind::Float => Value::F32(word.parse().map_err(|_| number("number"))?),
        Kind::Double => Value::F64(word.parse().map_err(|_| number("number"))?),
        Kind::Bytes => Value::Bytes(bytes(word)?.into()),
        Kind::Enum(of) => Value::EnumNumber(one_of(of, word)?),
        Kind::Message(of) => Value::Message(message(of, word)?),
    })
}

/// Hexadecimal digits, or base64; `hex:` or `base64:` in front says which.
fn bytes(word: &str) -> Result<Vec<u8>, String> {
    let no = || {
        format!("{word:?} is neither hexadecimal digits, two a byte, nor base64; hex: or base64: in front says which")
    };
    let base64 = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| no());
    match word.split_once(':') {
        Some(("hex", digits)) => hex::decode(digits).map_err(|_| no()),
        Some(("base64", text)) => base64(text),
        Some(_) => Err(no()),
        None => hex::decode(word.strip_prefix("0x").unwrap_or(word)).or_else(|_| base64(word)),
    }
}

fn one_of(of: &EnumDescriptor, word: &str) -> Result<i32, String> {
    let plain = |s: &str| s.replace('-', "_").to_uppercase();
    let named = of.values().find(|v| plain(v.name()) == plain(word)).map(|v| v.number());
    named.or_else(|| word.parse().ok()).ok_or_else(|| {
        let names: Vec<String> = of.values().map(|v| v.name().into()).collect();
        format!("{word:?} is none of {}", names.join(", "))
    })
}

/// As JSON; what protobuf writes as a text in JSON, such as a time, needs no quotes. A quantity is written as people do:
/// `3h`, `1.5 km`.
fn message(of: &MessageDescriptor, word: &str) -> Result<DynamicMessage, String> {
    if let Some(quantity) = quantity(of, word) {
        return Ok(quantity);
    }
    let quoted = || from_json(of, &serde_json::Value::String(word.into()).to_string());
    from_json(of, word).or_else(|e| quoted().map_err(|_| e))
}

/// The two fields of a message of a value and a unit, both text.
fn of_quantity(of: &MessageDescriptor) -> Option<(FieldDescriptor, FieldDescriptor)> {
    let text = |name: &str| of.get_field_by_name(name).filter(|f| f.kind() == Kind::String && !f.is_list());
    Some((text("value")?, text("unit")?)).filter(|_| of.fields().len() == 2)
}

/// Whether a message is a quantity, which may be written as people do.
pub fn is_quantity(of: &MessageDescriptor) -> bool {
    of_quantity(of).is_some()
}

/// A quantity, when the word is a number and a unit.
fn quantity(of: &MessageDescriptor, word: &str) -> Option<DynamicMessage> {
    let (value, unit) = of_quantity(of)?;
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = (word[..end].to_string(), word[end..].trim().to_string());
    let is_one = !number.is_empty() && rest.starts_with(char::is_alphabetic);
    is_one.then(|| {
        let mut quantity = DynamicMessage::new(of.clone());
        quantity.set_field(&value, Value::String(number));
        quantity.set_field(&unit, Value::String(rest));
        quantity
    })
}

fn from_json(of: &MessageDescriptor, json: &str) -> Result<DynamicMessage, String> {
    stint_client::json::read(of, json).map_err(|e| e.to_string())
}

/// A request as JSON; `-` reads it from standard input.
pub fn request(of: &MessageDescriptor, json: &str) -> Result<DynamicMessage, Failure> {
    let mut text = String::new();
    let json = match json {
        "-" => {
            std::io::stdin().read_to_string(&mut text)?;
            text.as_str()
        }
        given => given,
    };
    Ok(from_json(of, json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_people_do() {
        let of = crate::cli::ask::sample("Quantity");
        for word in ["3h", "3 h", r#"{"value": "3", "unit": "h"}"#] {
            let read = message(&of, word).unwrap();
            let expected = serde_json::json!({"value": "3", "unit": "h"});
            assert_eq!(serde_json::to_value(&read).unwrap(), expected, "{word}");
        }
        for bad in ["3", "h", "3-h", ""] {
            assert!(message(&of, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_are_written_in_two_ways() {
        assert_eq!(bytes("00ff"), Ok(vec![0, 255]));
        assert_eq!(bytes("0x00ff"), Ok(vec![0, 255]));
        assert_eq!(bytes("hex:00ff"), Ok(vec![0, 255]));
        assert_eq!(bytes("AP8="), Ok(vec![0, 255]));
        assert_eq!(bytes("base64:00ff"), Ok(vec![211, 71, 223]));
        assert!(bytes("0x0").is_err() && bytes("file:x").is_err());
    }
}
