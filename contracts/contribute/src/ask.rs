//! What this contract asks of the charter and of the book of its commons. It knows only the few fields that it
//! needs of their messages.

use crate::proto::Quantity;
use stint_sdk::{Code, Method, Refusal, context};

const GET_RULE: Method<GetRule, RuleFound> = Method::new("stint.charter.v1.Charter", "GetRule");
const GET_STANDING: Method<GetStanding, Standing> = Method::new("stint.charter.v1.Charter", "GetStanding");
const GET_EVENT: Method<GetEvent, Recorded> = Method::new("stint.book.v1.Book", "GetEvent");

#[derive(Clone, PartialEq, prost::Message)]
struct GetRule {
    #[prost(string, tag = "1")]
    slot: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RuleFound {
    #[prost(message, repeated, tag = "2")]
    params: Vec<RuleParam>,
}

/// A parameter of a rule in the charter.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct RuleParam {
    #[prost(string, tag = "1")]
    pub path: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GetStanding {
    #[prost(string, tag = "1")]
    agent: String,
}

/// An agent's seats and the sanctions against it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Standing {
    #[prost(message, repeated, tag = "1")]
    seats: Vec<Seat>,
    #[prost(int32, repeated, tag = "2")]
    suspended: Vec<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Seat {
    #[prost(int32, tag = "2")]
    class: i32,
}

/// Classes of seats, as the charter numbers them from 1 on.
const CLASSES: [&str; 5] = ["worker", "user", "supplier", "steward", "affected"];
/// Effects of sanctions, as the charter numbers them.
const SUSPEND_CLAIMS: i32 = 2;
const SUSPEND_VOTE: i32 = 3;
const EXCLUDE: i32 = 4;

impl Standing {
    /// It holds a seat of a class; of any for an empty one.
    pub fn has_seat(&self, class: &str) -> bool {
        let wanted = CLASSES.iter().position(|c| *c == class).map(|n| n as i32 + 1);
        self.seats.iter().any(|seat| class.is_empty() || Some(seat.class) == wanted)
    }

    /// A sanction takes its right to claim.
    pub fn may_not_claim(&self) -> bool {
        self.suspended.iter().any(|effect| [SUSPEND_CLAIMS, EXCLUDE].contains(effect))
    }

    /// A sanction takes its voice.
    pub fn may_not_speak(&self) -> bool {
        self.suspended.iter().any(|effect| [SUSPEND_VOTE, EXCLUDE].contains(effect))
    }
}

/// What the charter says of contributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charter {
    /// There is none.
    None,
    /// It has no rule for them.
    Silent,
    /// The parameters of its rule.
    Says(Vec<RuleParam>),
}

/// The rule of contributions that holds now.
pub fn rule() -> Result<Charter, Refusal> {
    let found = GET_RULE.call(&context().commons, &GetRule { slot: "contribution".into() });
    match served(found) {
        Ok(Some(rule)) => Ok(Charter::Says(rule.params)),
        Ok(None) => Ok(Charter::None),
        Err(refusal) if refusal.code == Code::NotFound => Ok(Charter::Silent),
        Err(refusal) => Err(refusal),
    }
}

/// How an agent stands in the charter; nothing without a charter.
pub fn standing(agent: &str) -> Result<Option<Standing>, Refusal> {
    served(GET_STANDING.call(&context().commons, &GetStanding { agent: agent.into() }))
}

#[derive(Clone, PartialEq, prost::Message)]
struct GetEvent {
    #[prost(string, tag = "1")]
    id: String,
}

/// An event as it stands in the book.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Recorded {
    #[prost(message, optional, tag = "1")]
    pub event: Option<Event>,
    /// After all corrections so far.
    #[prost(message, optional, tag = "2")]
    net_quantity: Option<Quantity>,
    #[prost(message, optional, tag = "3")]
    net_effort: Option<Quantity>,
    /// It waits for a second signature.
    #[prost(bool, tag = "8")]
    pub pending: bool,
    #[prost(string, tag = "11")]
    time: String,
}

/// What was recorded.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    #[prost(string, tag = "2")]
    pub action: String,
    #[prost(string, tag = "3")]
    pub provider: String,
    #[prost(string, tag = "13")]
    has_beginning: String,
    #[prost(string, tag = "14")]
    has_end: String,
    #[prost(string, tag = "15")]
    has_point_in_time: String,
    #[prost(string, tag = "23")]
    pub corrects: String,
}

impl Recorded {
    /// What was contributed by it: the effort where there is one, else the quantity.
    pub fn net(&self) -> Option<&Quantity> {
        self.net_effort.as_ref().or(self.net_quantity.as_ref())
    }

    /// When it began and when it ended.
    pub fn span(&self) -> (String, String) {
        let event = self.event.clone().unwrap_or_default();
        let first = |texts: [&String; 4]| texts.into_iter().find(|t| !t.is_empty()).cloned().unwrap_or_default();
        (
            first([&event.has_beginning, &event.has_point_in_time, &event.has_end, &self.time]),
            first([&event.has_end, &event.has_point_in_time, &event.has_beginning, &self.time]),
        )
    }
}

/// An event of the book; nothing in a commons without a book.
pub fn event(id: &str) -> Result<Option<Recorded>, Refusal> {
    served(GET_EVENT.call(&context().commons, &GetEvent { id: id.into() }))
}

/// True when the commons keeps a book.
pub fn has_book() -> Result<bool, Refusal> {
    match event("") {
        Ok(found) => Ok(found.is_some()),
        // It answers, so it is there.
        Err(refusal) if [Code::NotFound, Code::InvalidArgument].contains(&refusal.code) => Ok(true),
        Err(refusal) => Err(refusal),
    }
}

/// Nothing when no contract of this commons serves that.
fn served<R>(answer: Result<R, Refusal>) -> Result<Option<R>, Refusal> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.code == Code::Unimplemented && refusal.rule == "service" => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
