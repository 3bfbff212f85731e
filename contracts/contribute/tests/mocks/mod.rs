//! A charter and a book that answer what a test tells them to, in the messages of the real ones.
#![allow(dead_code)]

use prost::Message;
use stint_sdk::{Bytes, Code, Method, Refusal, Service, act, raw};

/// Tells a mock what to answer to one request.
#[derive(Clone, PartialEq, Message)]
pub struct Tell {
    /// The method, and what its request asks for.
    #[prost(string, tag = "1")]
    pub what: String,
    #[prost(bytes = "vec", tag = "2")]
    pub answer: Vec<u8>,
}

/// A call in the name of the commons.
#[derive(Clone, PartialEq, Message)]
pub struct Do {
    #[prost(string, tag = "1")]
    pub method: String,
    #[prost(bytes = "vec", tag = "2")]
    pub request: Vec<u8>,
}

/// The first field of a request: what it asks for.
#[derive(Clone, PartialEq, Message)]
pub struct Asked {
    #[prost(string, tag = "1")]
    pub what: String,
    /// Of GetRule: the time.
    #[prost(string, tag = "2")]
    pub at: String,
}

fn tell(request: &[u8]) -> Result<Bytes, Refusal> {
    let Tell { what, answer } = Tell::decode(request).map_err(|e| Refusal::invalid("request", e.to_string()))?;
    raw::put(what.as_bytes(), &answer);
    Ok(Vec::new())
}

fn answer(method: &str, request: &[u8]) -> Result<Bytes, Refusal> {
    let asked = Asked::decode(request).map_err(|e| Refusal::invalid("request", e.to_string()))?;
    let what = format!("{method}/{}", asked.what);
    raw::get(what.as_bytes()).ok_or_else(|| Refusal::new(Code::NotFound, "id", format!("nothing is told of {what}")))
}

pub struct Charter;

impl Service for Charter {
    const NAME: &'static str = "stint.charter.v1.Charter";
    const DESCRIPTOR: &'static [u8] = &[];
    const METHODS: &'static [(&'static str, bool)] =
        &[("GetRule", true), ("GetStanding", true), ("Tell", false), ("Act", false)];
    const STATE: &'static str = "";

    fn dispatch(method: u32, request: &[u8]) -> Result<Bytes, Refusal> {
        match method {
            // Versions of one slot by the day from which they hold.
            0 => {
                let asked = Asked::decode(request).expect("a request");
                let at = if asked.at.is_empty() { "9999".to_string() } else { asked.at };
                let from = format!("GetRule/{}/", asked.what);
                let found = raw::scan(from.as_bytes(), format!("{from}{at}~").as_bytes(), 1, true);
                let missing = || Refusal::new(Code::NotFound, "rule", "no rule holds then");
                found.into_iter().next().map(|(_, answer)| answer).ok_or_else(missing)
            }
            // An agent of whom nothing is told holds no seat.
            1 => Ok(answer("GetStanding", request).unwrap_or_default()),
            2 => tell(request),
            _ => {
                let call = Do::decode(request).expect("a call");
                act("", &call.method, &call.request)
            }
        }
    }
}

pub struct Book;

impl Service for Book {
    const NAME: &'static str = "stint.book.v1.Book";
    const DESCRIPTOR: &'static [u8] = &[];
    const METHODS: &'static [(&'static str, bool)] = &[("GetEvent", true), ("Tell", false)];
    const STATE: &'static str = "";

    fn dispatch(method: u32, request: &[u8]) -> Result<Bytes, Refusal> {
        if method == 0 { answer("GetEvent", request) } else { tell(request) }
    }
}

pub const TELL_CHARTER: Method<Tell, ()> = Method::new(Charter::NAME, "Tell");
pub const ACT: Method<Do, ()> = Method::new(Charter::NAME, "Act");
pub const TELL_BOOK: Method<Tell, ()> = Method::new(Book::NAME, "Tell");

/// What the charter says of an agent.
#[derive(Clone, PartialEq, Message)]
pub struct Standing {
    #[prost(message, repeated, tag = "1")]
    pub seats: Vec<Seat>,
    #[prost(int32, repeated, tag = "2")]
    pub suspended: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Seat {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(int32, tag = "2")]
    pub class: i32,
}

/// The rule of a slot.
#[derive(Clone, PartialEq, Message)]
pub struct Rule {
    #[prost(bytes = "vec", tag = "1")]
    pub module: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    pub params: Vec<Param>,
    #[prost(bytes = "vec", tag = "3")]
    pub params_hash: Vec<u8>,
    #[prost(string, tag = "4")]
    pub from: String,
    #[prost(uint32, tag = "5")]
    pub version: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Param {
    #[prost(string, tag = "1")]
    pub path: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// An event of the book.
#[derive(Clone, PartialEq, Message)]
pub struct Recorded {
    #[prost(message, optional, tag = "1")]
    pub event: Option<Event>,
    #[prost(message, optional, tag = "2")]
    pub net_quantity: Option<Quantity>,
    #[prost(message, optional, tag = "3")]
    pub net_effort: Option<Quantity>,
    #[prost(bool, tag = "8")]
    pub pending: bool,
    #[prost(string, tag = "11")]
    pub time: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Event {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub action: String,
    #[prost(string, tag = "3")]
    pub provider: String,
    #[prost(string, tag = "4")]
    pub receiver: String,
    #[prost(string, tag = "13")]
    pub has_beginning: String,
    #[prost(string, tag = "14")]
    pub has_end: String,
    #[prost(string, tag = "15")]
    pub has_point_in_time: String,
    #[prost(string, tag = "23")]
    pub corrects: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Quantity {
    #[prost(string, tag = "1")]
    pub value: String,
    #[prost(string, tag = "2")]
    pub unit: String,
}

/// Work of somebody from one day to another.
pub fn work(id: &str, provider: &str, hours: &str, from: &str, to: &str) -> Recorded {
    Recorded {
        event: Some(Event {
            id: id.into(),
            action: "work".into(),
            provider: provider.into(),
            has_beginning: from.into(),
            has_end: to.into(),
            ..Event::default()
        }),
        net_effort: Some(Quantity { value: hours.into(), unit: "h".into() }),
        time: to.into(),
        ..Recorded::default()
    }
}
