//! Forge, a commons on a ledger in memory, and how its members speak to it.
#![allow(dead_code)]

#[path = "../mocks/mod.rs"]
pub mod mocks;

use contribute::{Contract, proto::*};
use stint_sdk::{Code, Refusal, testing::World};

pub fn params(pairs: &[(&str, &str)]) -> Vec<Param> {
    pairs.iter().map(|(path, value)| Param { path: (*path).into(), value: (*value).into() }).collect()
}

pub fn configured(commons: &str, world: &mut World, pairs: &[(&str, &str)]) {
    let request = ConfigureRequest { params: params(pairs) };
    world.call(commons, "steward", &methods::CONFIGURE, &request).unwrap();
}

/// Forge, without a charter and a book: workers ana, bo, cy and eve, and a steward. Today is 2026-03-02.
pub fn forge() -> World {
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.member("forge", "steward", &["steward"]);
    for worker in ["ana", "bo", "cy", "eve"] {
        world.member("forge", worker, &["worker"]);
    }
    world.days(60);
    configured("forge", &mut world, &[("k", "2"), ("window_days", "30"), ("circle", "worker"), ("day_limit_h", "12")]);
    world
}

pub fn hours(id: &str, hours: &str, from: &str, date: &str) -> LogRequest {
    LogRequest {
        id: id.into(),
        stream: "work".into(),
        claim_type: ClaimType::Once.into(),
        quantity: Some(Quantity { value: hours.into(), unit: "h".into() }),
        from: from.into(),
        date: date.into(),
        ..LogRequest::default()
    }
}

pub fn log(world: &mut World, agent: &str, request: &LogRequest) -> Result<LogResponse, Refusal> {
    world.call("forge", agent, &methods::LOG, request)
}

pub fn say(world: &mut World, peer: &str, log: &str, accepted: &str) -> Result<ValidateResponse, Refusal> {
    let request = ValidateRequest { log: log.into(), accepted: accepted.into(), note: String::new() };
    world.call("forge", peer, &methods::VALIDATE, &request)
}

pub fn dispute(world: &mut World, agent: &str, log: &str) -> Result<DisputeResponse, Refusal> {
    let request = DisputeRequest { log: log.into(), reason: "it was less".into() };
    world.call("forge", agent, &methods::DISPUTE, &request)
}

pub fn resolve(world: &mut World, agent: &str, log: &str, accepted: &str) -> Result<ResolveResponse, Refusal> {
    let request = ResolveRequest { log: log.into(), accepted: accepted.into(), note: String::new() };
    world.call("forge", agent, &methods::RESOLVE, &request)
}

pub fn expire(world: &mut World, log: &str) -> Result<ExpireResponse, Refusal> {
    world.call("forge", "eve", &methods::EXPIRE, &ExpireRequest { log: log.into() })
}

pub fn get(world: &mut World, log: &str) -> LogEntry {
    world.query("forge", &methods::GET_LOG, &GetLogRequest { log: log.into() }).unwrap().log.unwrap()
}

/// Hours of a day, in milliseconds.
pub fn day(world: &mut World, commons: &str, agent: &str, date: &str) -> u64 {
    let request = GetHoursRequest { agent: agent.into(), from: date.into(), to: String::new() };
    let days = world.query(commons, &methods::GET_HOURS, &request).unwrap().days;
    days.first().map_or(0, |d| d.milliseconds)
}

pub fn validated(world: &mut World, order: Order) -> Vec<(String, String)> {
    let request = ListValidatedRequest { order: order.into(), ..Default::default() };
    let page = world.query("forge", &methods::LIST_VALIDATED, &request).unwrap();
    page.contributions.into_iter().map(|c| (c.id, c.quantity)).collect()
}

pub fn rule<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (Code, String) {
    let refusal = result.unwrap_err();
    (refusal.code, refusal.rule)
}

pub fn refused(code: Code, rule: &str) -> (Code, String) {
    (code, rule.into())
}

pub const HOUR: u64 = 3_600_000;
