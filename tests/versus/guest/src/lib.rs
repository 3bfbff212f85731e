//! What `contracts/contribute` does for a contribution, as a CosmWasm contract: four reads, four
//! writes, the same checks of the fields, one event with all of them. And a call that does nothing.

use cosmwasm_std::{
    entry_point, from_json, to_json_vec, Deps, DepsMut, Empty, Env, Event, MessageInfo, Response, StdError, StdResult,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone)]
pub struct Contribution {
    id: String,
    author: String,
    kind: String,
    quantity: String,
    reference: String,
    date: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecuteMsg {
    Noop {},
    Record { contribution: Contribution },
}

#[derive(Serialize, Deserialize, Default)]
struct Sum {
    count: u64,
    micros: u64,
}

#[entry_point]
pub fn instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

#[entry_point]
pub fn execute(deps: DepsMut, _: Env, _: MessageInfo, message: ExecuteMsg) -> StdResult<Response> {
    match message {
        ExecuteMsg::Noop {} => Ok(Response::new()),
        ExecuteMsg::Record { contribution } => record(deps, contribution),
    }
}

fn record(deps: DepsMut, c: Contribution) -> StdResult<Response> {
    let refuse = |what: &str| Err(StdError::msg(what));
    if deps.storage.get(&key("id", &c.id)).is_some() {
        return refuse("the id is known");
    }
    let plain = |s: &str| !s.is_empty() && s.len() <= 64 && s.chars().all(|c| c.is_ascii_alphanumeric() || "._:@+-".contains(c));
    if !plain(&c.id) || !plain(&c.kind) || c.author.is_empty() || c.author.len() > 1000 || c.author.chars().any(char::is_control) {
        return refuse("a field is malformed");
    }
    let parts: Vec<u32> = c.date.split('-').filter_map(|p| p.parse().ok()).collect();
    let [year, month, day] = parts[..] else { return refuse("the date is malformed") };
    let day = year * 372 + month * 31 + day;
    let (whole, fraction) = c.quantity.split_once('.').unwrap_or((&c.quantity, ""));
    let whole: u64 = whole.parse().map_err(|_| StdError::msg("the quantity is malformed"))?;
    let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| StdError::msg("quantity"))? };
    let number = match deps.storage.get(&key("number", &c.author)) {
        Some(bytes) => from_json::<u32>(bytes)?,
        None => {
            let next = deps.storage.get(b"authors").map(from_json::<u32>).transpose()?.unwrap_or(0);
            deps.storage.set(b"authors", &to_json_vec(&(next + 1))?);
            deps.storage.set(&key("number", &c.author), &to_json_vec(&next)?);
            deps.storage.set(&[b"author/", &next.to_be_bytes()[..]].concat(), c.author.as_bytes());
            next
        }
    };
    let _known = deps.storage.get(&[b"author/", &number.to_be_bytes()[..]].concat());
    let sum_key = [b"sum/", &day.to_be_bytes()[..], &number.to_be_bytes(), c.kind.as_bytes()].concat();
    let mut sum: Sum = deps.storage.get(&sum_key).map(from_json).transpose()?.unwrap_or_default();
    sum.count += 1;
    sum.micros += whole * 1_000_000 + fraction;
    deps.storage.set(&sum_key, &to_json_vec(&sum)?);
    deps.storage.set(&key("id", &c.id), &to_json_vec(&day)?);
    deps.storage.set(&[b"by-author/", &number.to_be_bytes()[..], &day.to_be_bytes(), c.id.as_bytes()].concat(), b"1");
    deps.storage.set(&[b"day/", &day.to_be_bytes()[..], c.id.as_bytes()].concat(), &to_json_vec(&c)?);
    let event = Event::new("recorded")
        .add_attribute("id", c.id)
        .add_attribute("author", c.author)
        .add_attribute("kind", c.kind)
        .add_attribute("quantity", c.quantity)
        .add_attribute("reference", c.reference)
        .add_attribute("date", c.date);
    Ok(Response::new().add_event(event))
}

fn key(name: &str, of: &str) -> Vec<u8> {
    [name.as_bytes(), b"/", of.as_bytes()].concat()
}

#[entry_point]
pub fn query(_: Deps, _: Env, _: Empty) -> StdResult<cosmwasm_std::Binary> {
    Err(StdError::msg("nothing is asked"))
}
