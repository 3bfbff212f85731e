//! How two receipts of one call differ, in the words of its contract.

use super::{
    different::{Different, ROWS},
    standing::Standing,
};
use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use stint_proto::{
    Refusal, Transaction,
    v1::{self, Receipt},
};
use stint_verifier::Whole;

/// The difference of one call: what the export says of it, and what comes out.
pub fn receipt(at: &Standing, index: usize, tx: &Transaction, (said, ours): (&Whole, &Receipt)) -> Different {
    let call = tx.call();
    let known = stint_runtime::agent_behind(at.state.clone(), &call.call_id.key).ok().flatten();
    let agent = known.unwrap_or_else(|| format!("the unknown key {}", hex::encode(call.call_id.key)));
    let method = call.method.trim_start_matches('/');
    let place = format!("block {}, call {index}, {method} on {} by {agent}", ours.height, call.commons);
    let why = "another receipt comes out";
    let Some(theirs) = whole(said) else {
        let bytes = format!("{} bytes that are no receipt", said.receipt.len());
        let rows = vec![["receipt".into(), bytes, format!("{} bytes", ours.encoded_len())]];
        return Different::with(place, why, rows);
    };
    let mut rows = Rows::default();
    rows.end(&theirs, ours);
    rows.events(at, &theirs.events, &ours.events);
    let service = method.rsplit_once('/').map_or("", |(service, _)| service);
    let ty = at.words(&call.commons, service).and_then(|kept| kept.answer(&call.method));
    rows.messages("response", ty, (&theirs.response, &ours.response));
    rows.row("fuel", theirs.fuel_used, ours.fuel_used);
    rows.row("hash of its writes", hex::encode(&theirs.writes_hash), hex::encode(&ours.writes_hash));
    rows.row("height", theirs.height, ours.height);
    rows.row("index", theirs.index, ours.index);
    rows.row("key", hex::encode(&theirs.key), hex::encode(&ours.key));
    rows.row("id", hex::encode(&theirs.id), hex::encode(&ours.id));
    rows.row("hash of the call", hex::encode(&theirs.transaction_hash), hex::encode(&ours.transaction_hash));
    if rows.0.is_empty() {
        rows.row("bytes", "a receipt that says the same in other bytes", "");
    }
    Different::with(place, why, rows.0)
}

/// A receipt with its events, if it is one.
fn whole(said: &Whole) -> Option<Receipt> {
    let events = said.events.iter().map(|e| v1::Event::decode(&e[..])).collect::<Result<_, _>>().ok()?;
    Some(Receipt { events, ..Receipt::decode(&said.receipt[..]).ok()? })
}

/// What differs: its name, as the export has it, as it comes out.
#[derive(Default)]
pub struct Rows(pub Vec<[String; 3]>);

impl Rows {
    fn row<T: PartialEq + ToString>(&mut self, what: &str, said: T, ours: T) {
        if said != ours {
            self.push(what.into(), said.to_string(), ours.to_string());
        }
    }

    /// One more than are shown tells that there are more.
    fn push(&mut self, what: String, said: String, ours: String) {
        if self.0.len() <= ROWS {
            self.0.push([what, said, ours]);
        }
    }

    /// Done or refused, and by what.
    fn end(&mut self, said: &Receipt, ours: &Receipt) {
        let end = |r: &Receipt| match r.refusal.clone() {
            None => "done".into(),
            Some(refusal) => format!("refused by {}", Refusal::bounded(refusal)),
        };
        self.row("it was", end(said), end(ours));
        if said.refusal != ours.refusal && end(said) == end(ours) {
            self.row("refusal", format!("{:?}", said.refusal), format!("{:?}", ours.refusal));
        }
    }

    fn events(&mut self, at: &Standing, said: &[v1::Event], ours: &[v1::Event]) {
        self.row("events", said.len(), ours.len());
        for (n, (said, ours)) in said.iter().zip(ours).enumerate() {
            if said == ours {
                continue;
            }
            let from = |e: &v1::Event| format!("{} of {} on {}", e.r#type, e.service, e.commons);
            self.row(&format!("event {n}"), from(said), from(ours));
            if said.r#type == ours.r#type {
                let name = ours.r#type.rsplit('.').next().unwrap_or_default();
                let ty = at.words(&ours.commons, &ours.service).and_then(|kept| kept.message(&ours.r#type));
                self.messages(&format!("event {n} {name}"), ty, (&said.body, &ours.body));
            }
        }
    }

    /// Two messages of a type, field by field; by their bytes when the type is not known or does not show it.
    pub fn messages(&mut self, what: &str, ty: Option<MessageDescriptor>, (said, ours): (&Bytes, &Bytes)) {
        if said == ours {
            return;
        }
        let before = self.0.len();
        let decode = |bytes: &Bytes| ty.clone().and_then(|ty| DynamicMessage::decode(ty, bytes.clone()).ok());
        if let (Some(said), Some(ours)) = (decode(said), decode(ours)) {
            self.values(what.into(), &Value::Message(said), &Value::Message(ours));
        }
        if self.0.len() == before {
            self.push(format!("{what}, bytes"), hex::encode(said), hex::encode(ours));
        }
    }

    fn values(&mut self, path: String, said: &Value, ours: &Value) {
        if said == ours || self.0.len() > ROWS {
            return;
        }
        match (said, ours) {
            (Value::Message(said), Value::Message(ours)) => {
                for field in ours.descriptor().fields() {
                    let path = format!("{path}.{}", field.name());
                    self.values(path, &said.get_field(&field), &ours.get_field(&field));
                }
            }
            (Value::List(said), Value::List(ours)) => {
                for n in 0..said.len().max(ours.len()) {
                    let path = format!("{path}[{n}]");
                    match (said.get(n), ours.get(n)) {
                        (Some(said), Some(ours)) => self.values(path, said, ours),
                        (said, ours) => self.push(path, shown(said), shown(ours)),
                    }
                }
            }
            (said, ours) => self.push(path, shown(Some(said)), shown(Some(ours))),
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bytes(bytes)) => hex::encode(bytes),
        Some(other) => other.to_string(),
    }
}
