//! What this contract asks of the charter, the book and the contributions of its commons. It knows only the few
//! fields that it needs of their messages.

use crate::{proto::RuleRef, rules::VALUATION};
use stint_rule::proto::Contribution;
use stint_sdk::{Code, Method, Refusal, context};

const GET_RULE: Method<GetRule, RuleRef> = Method::new("stint.charter.v1.Charter", "GetRule");
const GET_STANDING: Method<Named, Standing> = Method::new("stint.charter.v1.Charter", "GetStanding");
const GET_EVENT: Method<Named, Recorded> = Method::new("stint.book.v1.Book", "GetEvent");
const LIST_VALIDATED: Method<ListValidated, Validated> = Method::new("stint.contribute.v1.Contribute", "ListValidated");

#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GetRule {
    #[prost(string, tag = "1")]
    slot: String,
    #[prost(string, tag = "2")]
    at: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Standing {
    #[prost(message, repeated, tag = "1")]
    seats: Vec<Named>,
    #[prost(int32, repeated, tag = "2")]
    suspended: Vec<i32>,
}

/// The charter's number of the effect that suspends claims.
const SUSPEND_CLAIMS: i32 = 2;

/// An event of the book.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Recorded {
    #[prost(message, optional, tag = "1")]
    pub event: Option<Event>,
    /// After all corrections so far.
    #[prost(message, optional, tag = "2")]
    pub net_quantity: Option<Quantity>,
    /// It waits for a second signature.
    #[prost(bool, tag = "8")]
    pub pending: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    #[prost(string, tag = "4")]
    pub receiver: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Quantity {
    #[prost(string, tag = "1")]
    pub value: String,
    #[prost(string, tag = "2")]
    pub unit: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ListValidated {
    #[prost(int32, tag = "2")]
    order: i32,
    #[prost(uint32, tag = "3")]
    page_size: u32,
    #[prost(uint64, tag = "5")]
    after: u64,
}

/// `Order.AS_VALIDATED`.
const AS_VALIDATED: i32 = 2;

/// What was validated behind a number.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Validated {
    #[prost(message, repeated, tag = "1")]
    pub contributions: Vec<Contribution>,
    #[prost(uint64, tag = "3")]
    pub last: u64,
    #[prost(uint64, tag = "4")]
    pub newest: u64,
}

/// What the charter says of a slot. Its answer has the fields of a [`RuleRef`], under the same numbers.
pub enum Charter {
    /// There is none.
    None,
    /// It has no rule for that.
    Silent,
    /// The rule that held.
    Says(RuleRef),
}

/// The rule of a slot that holds at a time; now for an empty one.
pub fn rule(slot: &str, at: &str) -> Result<Charter, Refusal> {
    match served(GET_RULE.call(&context().commons, &GetRule { slot: slot.into(), at: at.into() })) {
        Ok(Some(rule)) => Ok(Charter::Says(rule)),
        Ok(None) => Ok(Charter::None),
        Err(refusal) if refusal.code == Code::NotFound => Ok(Charter::Silent),
        Err(refusal) => Err(refusal),
    }
}

/// True when the commons has a charter.
pub fn has_charter() -> Result<bool, Refusal> {
    Ok(!matches!(rule(VALUATION, "")?, Charter::None))
}

/// True when an agent holds a seat of the charter.
pub fn holds_seat(agent: &str) -> Result<bool, Refusal> {
    let standing = served(GET_STANDING.call(&context().commons, &Named { name: agent.into() }))?;
    Ok(standing.is_some_and(|s| !s.seats.is_empty()))
}

/// True when a sanction suspends what is owed to an agent.
pub fn suspended(agent: &str) -> Result<bool, Refusal> {
    let standing = served(GET_STANDING.call(&context().commons, &Named { name: agent.into() }))?;
    Ok(standing.is_some_and(|s| s.suspended.contains(&SUSPEND_CLAIMS)))
}

/// An event of the book; nothing in a commons without a book.
pub fn event(id: &str) -> Result<Option<Recorded>, Refusal> {
    served(GET_EVENT.call(&context().commons, &Named { name: id.into() }))
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

/// Up to so many contributions that peers validated behind a number (V7).
pub fn validated(after: u64, page_size: u32) -> Result<Validated, Refusal> {
    let request = ListValidated { order: AS_VALIDATED, page_size, after };
    let missing = || {
        let message =
            "no contract of this commons has its contributions validated: stint.contribute.v1.Contribute does";
        Refusal::new(Code::FailedPrecondition, "V7", message)
    };
    served(LIST_VALIDATED.call(&context().commons, &request))?.ok_or_else(missing)
}

/// Nothing when no contract of this commons serves that.
fn served<R>(answer: Result<R, Refusal>) -> Result<Option<R>, Refusal> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.code == Code::Unimplemented && refusal.rule == "service" => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
