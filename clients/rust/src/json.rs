//! Messages of contracts as JSON, by their descriptors.

use crate::ClientError;
use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;

/// Reads a message.
pub fn read(of: &MessageDescriptor, json: &str) -> Result<DynamicMessage, ClientError> {
    let mut input = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(of.clone(), &mut input);
    let message = message.and_then(|m| input.end().map(|()| m));
    message.map_err(|e| ClientError::Meaningless(format!("this is no {} as JSON: {e}", of.full_name())))
}

/// What an encoded message says.
pub fn value(of: &MessageDescriptor, message: Bytes) -> Result<Value, ClientError> {
    told(&decode(of, message)?, serde_json::value::Serializer)
}

/// The same on many lines, for people.
pub fn pretty(of: &MessageDescriptor, message: Bytes) -> Result<String, ClientError> {
    let message = decode(of, message)?;
    let mut out = serde_json::Serializer::pretty(Vec::new());
    told(&message, &mut out)?;
    text(out.into_inner())
}

/// The same on one line.
pub fn line(of: &MessageDescriptor, message: Bytes) -> Result<String, ClientError> {
    let message = decode(of, message)?;
    let mut out = serde_json::Serializer::new(Vec::new());
    told(&message, &mut out)?;
    text(out.into_inner())
}

fn decode(of: &MessageDescriptor, message: Bytes) -> Result<DynamicMessage, ClientError> {
    let strange = |e| ClientError::Protocol(format!("its message is no {}: {e}", of.full_name()));
    DynamicMessage::decode(of.clone(), message).map_err(strange)
}

fn told<S: serde::Serializer>(message: &DynamicMessage, into: S) -> Result<S::Ok, ClientError> {
    let options = SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(false);
    let strange = |e: S::Error| ClientError::Protocol(format!("its message cannot be told as JSON: {e}"));
    message.serialize_with_options(into, &options).map_err(strange)
}

fn text(bytes: Vec<u8>) -> Result<String, ClientError> {
    String::from_utf8(bytes).map_err(|e| ClientError::Protocol(format!("its message is no text: {e}")))
}
