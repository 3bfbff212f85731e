//! The end of a commons: first it decides to end, then it winds up, and when nothing is left it is dissolved.

use crate::{
    commit, history,
    history::NOW,
    proto::{DissolveRequest, DissolveResponse, Dissolved, Head, Status, Sunset, SunsetRequest, SunsetResponse},
    state::HEAD,
    who::{self, Actor, only_by_decision},
    words::{self, forbidden},
};
use std::collections::BTreeSet;
use stint_sdk::{Method, Refusal, announce, context};

pub fn sunset(actor: &Actor, request: SunsetRequest) -> Result<SunsetResponse, Refusal> {
    words::text("reason", &request.reason)?;
    let head = history::head();
    let drafts = head.status() == Status::Draft && matches!(actor, Actor::Agent(agent) if *agent == head.founder);
    if !drafts {
        only_by_decision(actor, "end the commons")?;
        who::require_in_force("be ended")?;
    }
    if drafts {
        // Nobody was bound by a draft: a steward may found another one.
        HEAD.put(&Head { founding: Vec::new(), ..head });
    }
    commit::status(if drafts { Status::None } else { Status::Sunset });
    announce(&Sunset { reason: request.reason });
    Ok(SunsetResponse {})
}

pub fn dissolve(_: DissolveRequest) -> Result<DissolveResponse, Refusal> {
    if who::status() != Status::Sunset {
        let message =
            format!("{} is not being wound up; that is decided by a proposal that calls Sunset", context().commons);
        return Err(forbidden("status", message));
    }
    who::require_seat(&context().caller, "dissolve the commons")?;
    no_resources()?;
    no_claims()?;
    commit::status(Status::Dissolved);
    announce(&Dissolved {});
    Ok(DissolveResponse {})
}

// What is read of other contracts, by their numbers in `book.proto` and `value.proto`.

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StockOfRequest {
    #[prost(string, tag = "1")]
    pub agent: String,
    #[prost(uint32, tag = "2")]
    pub page_size: u32,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StockOfResponse {
    /// `stint.book.v1.Resource`: that there is one says it all.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub resources: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ClaimsRequest {
    #[prost(string, tag = "1")]
    pub agent: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ClaimsResponse {
    #[prost(message, repeated, tag = "1")]
    pub claims: Vec<ClaimAccount>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ClaimAccount {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "5")]
    pub open: String,
}

const STOCK_OF: Method<StockOfRequest, StockOfResponse> = Method::new("stint.book.v1.Book", "StockOf");
const CLAIMS: Method<ClaimsRequest, ClaimsResponse> = Method::new("stint.value.v1.Value", "Claims");

/// The answer of a contract; of one that does not serve this commons, nothing.
fn ask<Q: prost::Message, R: prost::Message + Default>(method: &Method<Q, R>, request: &Q) -> Result<R, Refusal> {
    match method.call(&context().commons, request) {
        Err(refusal) if refusal.rule == "service" => Ok(R::default()),
        answer => answer,
    }
}

/// The commons itself, as an agent of its book, answers for nothing any more.
fn no_resources() -> Result<(), Refusal> {
    let commons = context().commons;
    let stock = ask(&STOCK_OF, &StockOfRequest { agent: commons.clone(), page_size: 1 })?;
    if stock.resources.is_empty() {
        return Ok(());
    }
    Err(forbidden("resources", format!("the book of {commons} still has resources of {commons}; transfer them first")))
}

/// Nothing is owed to whoever holds a seat.
fn no_claims() -> Result<(), Refusal> {
    let holders: BTreeSet<String> = history::seats(NOW).into_iter().map(|seat| seat.holder).collect();
    for agent in holders.into_iter().filter(|holder| !holder.is_empty()) {
        let claims = ask(&CLAIMS, &ClaimsRequest { agent: agent.clone() })?.claims;
        if let Some(open) = claims.iter().find(|claim| !claim.open.is_empty() && claim.open != "0") {
            let message = format!(
                "{agent} has an open claim, {} over {}; settle it or have it written off first",
                open.id, open.open
            );
            return Err(forbidden("claims", message).with("claim", &open.id));
        }
    }
    Ok(())
}
