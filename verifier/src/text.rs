//! What a proof proves as JSON, for programs in other languages. Bytes are hexadecimal.

use crate::{Fact, Proven, Receipt, Whole, tree::Value};
use alloc::{format, string::String, vec::Vec};
use core::fmt::Write;

/// An object with `height`, `time_ms` and `hash` of the header, the `fact`, and what belongs to it:
///
/// | fact | members |
/// |---|---|
/// | `block` | `transactions` |
/// | `state` | `after`, the block; `keys`: each with its `value`, or with `hidden` where only its hash is shown; `hidden`: the parts of which nothing is shown, each `from` a key on and before `to`, without which it reaches to the end |
/// | `receipt` | `of`, the block, `index`, `events`, their number, and `receipt` without them |
/// | `event` | those of `receipt`, `event_index` and `event` |
/// | `receipts` | `of`, and `receipts`: each a `receipt` and its `events` |
///
/// A key of a state is absent when it is neither among the `keys` nor in a `hidden` part. A range is
/// complete when no `hidden` part has keys of it.
pub fn json(proven: &Proven) -> String {
    let header = &proven.header;
    let head = format!(r#""height":{},"time_ms":{},"hash":"{}""#, header.height, header.time_ms, header.hash());
    let body = match &proven.fact {
        Fact::Block(transactions) => format!(r#""fact":"block","transactions":{}"#, list(transactions, |t| quoted(t))),
        Fact::State(shown, led) => {
            let leaves: Vec<_> = shown.leaves().collect();
            let leaf = |(key, value): &(&[u8], &Value)| match value {
                Value::Shown(value) => format!(r#"{{"key":{},"value":{}}}"#, quoted(key), quoted(value)),
                Value::Hashed(_) => format!(r#"{{"key":{},"hidden":true}}"#, quoted(key)),
            };
            let parts: Vec<_> = shown.hidden_parts().collect();
            let part = |(from, to): &(Vec<u8>, Option<Vec<u8>>)| match to {
                Some(to) => format!(r#"{{"from":{},"to":{}}}"#, quoted(from), quoted(to)),
                None => format!(r#"{{"from":{}}}"#, quoted(from)),
            };
            let (keys, hidden) = (list(&leaves, leaf), list(&parts, part));
            format!(r#""fact":"state","after":{},"keys":{keys},"hidden":{hidden}"#, led.height)
        }
        Fact::Receipt(r) => format!(r#""fact":"receipt",{}"#, receipt(r)),
        Fact::Event(r, event) => {
            let event = format!(r#""event_index":{},"event":{}"#, event.index, quoted(&event.event));
            format!(r#""fact":"event",{},{event}"#, receipt(r))
        }
        Fact::Receipts(led, receipts) => {
            let whole = |r: &Whole| {
                format!(r#"{{"receipt":{},"events":{}}}"#, quoted(&r.receipt), list(&r.events, |e| quoted(e)))
            };
            format!(r#""fact":"receipts","of":{},"receipts":{}"#, led.height, list(receipts, whole))
        }
    };
    format!("{{{head},{body}}}")
}

fn receipt(r: &Receipt) -> String {
    let (of, receipt) = (r.led.height, quoted(&r.receipt));
    format!(r#""of":{of},"index":{},"events":{},"receipt":{receipt}"#, r.index, r.events)
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(","))
}

fn quoted(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len() + 2);
    out.push('"');
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push('"');
    out
}
