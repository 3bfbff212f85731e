//! The native services that contracts cannot be: commons, agents and members, code, instances, validators, parameters.
//!
//! Rules, by the names under which they refuse:
//!
//! - `steward`: only a steward of the called commons may found (on the consortium), admit, deploy.
//!   Any agent that is steward of some commons may publish code, on that commons.
//! - `last-steward`: a commons never loses its last steward.
//! - `key`: a key belongs to one agent, and its order is not small.
//! - `charter`: a commons that acts through a contract takes commands from it alone; its stewards
//!   still publish code and go on with upgrades.
//! - `ready`: a validator says itself that it is ready; `few-validators`: too few would be left; `validator`,
//!   `validators`, `address`: see `validators.rs`.
//! - `evidence`, `member`: see `evidence.rs`.
//! - `parameters`, `quota`, `code-policy`: see `parameters.rs`.
//! - `commons`, `agent`, `role`, `code`, `service`: what is named exists, or is new, as asked.
//! - `not-ready`: code serves when validators have had the time to compile it, one module after the
//!   other; `compiling`: with too many of them before it, code is not even published.
//! - `upgrading`, `unfinished`, `no-migration`, `cleaning`: one upgrade at a time, see `upgrade.rs`.

mod code;
mod committees;
mod commons;
mod directory;
mod evidence;
pub(crate) mod lists;
mod parameters;
pub(crate) mod records;
mod upgrade;
mod validators;

use crate::{Overlay, RuntimeError, Writes, abi::price, invoke::Invoked, keys, session::Session};
use prost::Message;
use records::Commons;
use std::sync::Arc;
use stint_proto::{Code, Genesis, Refusal};

pub(crate) use code::{prepare, usable as usable_code};
pub use code::{prepare_published, publish_for_author};
pub(crate) use committees::elect;
pub use committees::{Peer, changes_validators, committee_of_epoch, peers};
pub(crate) use commons::{agent_of_key, charter, is_constituting, roles};
pub use directory::{Directory, InstanceRef, Serving};
pub use evidence::{count as double_signs, settled as evidence_settled};
pub use parameters::block_fuel;
pub(crate) use parameters::quota;

/// The agent of this ledger that holds a key.
pub fn agent_behind(state: Arc<dyn crate::State>, key: &[u8; 32]) -> Result<Option<String>, RuntimeError> {
    agent_of_key(&Overlay::new(state), key)
}

const PREFIX: &str = "/stint.v1.Kernel/";
const QUERIES: [&str; 7] =
    ["GetCommons", "ListCommons", "GetCode", "ListValidators", "ListEvidence", "GetParameters", "GetQuota"];
const COMMANDS: [&str; 16] = [
    "Found",
    "Admit",
    "Constitute",
    "Publish",
    "Deploy",
    "Upgrade",
    "Migrate",
    "AbortUpgrade",
    "AddValidator",
    "RemoveValidator",
    "RotateValidator",
    "MoveValidator",
    "Ready",
    "SetParameters",
    "SetQuota",
    "ReportEvidence",
];
/// The role that runs a commons.
pub(crate) const STEWARD: &str = "steward";

/// Who gives a command, and to which commons.
pub(crate) struct Caller<'a> {
    pub commons: &'a str,
    pub name: &'a str,
    pub roles: &'a [String],
}

/// An answer, or a refusal, or a failure of the node.
type Answer<T> = Result<Result<T, Refusal>, RuntimeError>;

/// Leaves a function that answers `Answer` with a refusal.
macro_rules! refuse {
    ($code:ident, $rule:literal, $($message:tt)*) => {
        return Ok(Err(Refusal::new(Code::$code, $rule, format!($($message)*))))
    };
}
/// The value of an inner result, or its refusal for the caller.
macro_rules! grant {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
use {grant, refuse};

/// The kernel's method in a full method name.
pub(crate) fn method_of(full: &str) -> Option<&str> {
    full.strip_prefix(PREFIX)
}

/// Executes a command. Its writes are in the overlay's newest layer. `depth` is the stack in use.
pub(crate) fn execute(
    mut session: Session,
    by: &Caller<'_>,
    method: &str,
    request: &[u8],
    (fuel, depth): (u64, i32),
) -> Result<Invoked, RuntimeError> {
    let checked = if method == "ReportEvidence" { 2 * price::SIGNATURE } else { 0 };
    let price = price::KERNEL + checked + byte_price(method) * request.len() as u64;
    let Some(left) = fuel.checked_sub(price) else {
        let message = format!("the call costs {price} units of fuel and has {fuel}");
        let result = Err(Refusal::new(Code::ResourceExhausted, "fuel", message));
        return Ok(Invoked { session, result, fuel_used: fuel });
    };
    if let Err(refusal) = commons::may_decide(&session.overlay, by, method)? {
        return Ok(Invoked { session, result: Err(refusal), fuel_used: price });
    }
    let result = match method {
        "Found" => answer(request, |r| commons::found(&mut session, by, r))?,
        "Admit" => answer(request, |r| commons::admit(&mut session.overlay, by, r))?,
        "Constitute" => answer(request, |r| commons::constitute(&mut session.overlay, by, r))?,
        "Publish" => answer(request, |r| code::publish(&mut session, by, r))?,
        "Deploy" => answer(request, |r| code::deploy(&mut session, by, r))?,
        "AbortUpgrade" => answer(request, |r| upgrade::abort(&mut session, by, r))?,
        "AddValidator" => answer(request, |r| validators::add(&mut session, by, r))?,
        "RemoveValidator" => answer(request, |r| validators::remove(&mut session.overlay, by, r))?,
        "RotateValidator" => answer(request, |r| validators::rotate(&mut session.overlay, by, r))?,
        "MoveValidator" => answer(request, |r| validators::relocate(&mut session, by, r))?,
        "Ready" => answer(request, |r| validators::ready(&mut session, by, r))?,
        "SetParameters" => answer(request, |r| parameters::set(&mut session, by, r))?,
        "SetQuota" => answer(request, |r| parameters::set_quota(&mut session, by, r))?,
        "ReportEvidence" => answer(request, |r| evidence::report(&mut session, by, r))?,
        "Upgrade" => return running(session, request, price, |s, r| upgrade::upgrade(s, by, r, (left, depth))),
        "Migrate" => return running(session, request, price, |s, r| upgrade::step(s, by, r, (left, depth))),
        method if QUERIES.contains(&method) => Err(Refusal::new(
            Code::InvalidArgument,
            "query",
            format!("{PREFIX}{method} only reads: ask it as a query, unsigned"),
        )),
        _ => Err(no_method(method)),
    };
    Ok(Invoked { session, result, fuel_used: price })
}

/// Fuel for a byte of a request: some methods do much with few.
fn byte_price(method: &str) -> u64 {
    match method {
        "Publish" => price::PUBLISHED_BYTE,
        "Found" | "Admit" => price::SEATED_BYTE,
        _ => price::KEPT_BYTE,
    }
}

/// A command that runs a contract, which takes the session and gives it back.
fn running<Q: Message + Default, R: Message>(
    session: Session,
    request: &[u8],
    price: u64,
    run: impl FnOnce(Session, Q) -> Result<(Session, Result<R, Refusal>, u64), RuntimeError>,
) -> Result<Invoked, RuntimeError> {
    match Q::decode(request) {
        Ok(q) => {
            let (session, result, used) = run(session, q)?;
            Ok(Invoked { session, result: result.map(|r| r.encode_to_vec()), fuel_used: price + used })
        }
        Err(_) => Ok(Invoked { session, result: Err(unreadable()), fuel_used: price }),
    }
}

/// Answers a query.
pub(crate) fn query(overlay: &Overlay, commons: &str, method: &str, request: &[u8]) -> Answer<Vec<u8>> {
    match method {
        "GetCommons" => answer(request, |r| commons::get(overlay, commons, r)),
        "ListCommons" => answer(request, |r| commons::list(overlay, r)),
        "GetCode" => answer(request, |r| code::get(overlay, r)),
        "ListValidators" => answer(request, |r| committees::list(overlay, r)),
        "ListEvidence" => answer(request, |r| evidence::list(overlay, r)),
        "GetParameters" => answer(request, |r| parameters::get(overlay, r)),
        "GetQuota" => answer(request, |r| parameters::get_quota(overlay, commons, r)),
        method if COMMANDS.contains(&method) => {
            let message = format!("{PREFIX}{method} is a command: it must be signed and ordered, not asked");
            Ok(Err(Refusal::new(Code::Unauthenticated, "command", message)))
        }
        _ => Ok(Err(no_method(method))),
    }
}

fn no_method(method: &str) -> Refusal {
    Refusal::new(Code::Unimplemented, "method", format!("the kernel has no method {method}"))
}

/// Decodes a request, runs, and encodes the response.
fn answer<Q: Message + Default, R: Message>(request: &[u8], run: impl FnOnce(Q) -> Answer<R>) -> Answer<Vec<u8>> {
    match Q::decode(request) {
        Ok(q) => Ok(run(q)?.map(|r| r.encode_to_vec())),
        Err(_) => Ok(Err(unreadable())),
    }
}

/// In words of our own: it stands in a receipt, and a library's words change with the library.
fn unreadable() -> Refusal {
    let message = "the request cannot be decoded: it is not the method's request message in protobuf";
    Refusal::new(Code::InvalidArgument, "request", message)
}

fn steward(by: &Caller<'_>, to: &str) -> Result<(), Refusal> {
    if by.roles.iter().any(|r| r == STEWARD) {
        return Ok(());
    }
    let message = format!("{} may not {to}: only a {STEWARD} of the commons {} may", by.name, by.commons);
    Err(Refusal::new(Code::PermissionDenied, "steward", message))
}

fn read<T: Message + Default>(overlay: &Overlay, key: &[u8]) -> Result<Option<T>, RuntimeError> {
    let Some(bytes) = overlay.get(key)? else { return Ok(None) };
    let damaged = |e: prost::DecodeError| RuntimeError::Damaged { key: keys::show(key), reason: e.to_string() };
    T::decode(bytes.as_slice()).map(Some).map_err(damaged)
}

fn write(overlay: &mut Overlay, key: Vec<u8>, record: &impl Message) {
    overlay.put(key, record.encode_to_vec());
}

/// The state that a genesis file describes.
pub fn genesis_writes(genesis: &Genesis) -> Writes {
    let mut overlay = Overlay::new(Arc::new(crate::MemoryState::default()));
    let purpose = format!("The organisations that run {}.", genesis.name);
    // Genesis names each of them once.
    let stewards = genesis.stewards.len() as u64;
    let record = Commons { purpose, root: true, stewards, ..Default::default() };
    write(&mut overlay, keys::commons(&genesis.consortium), &record);
    for s in &genesis.stewards {
        commons::enrol(&mut overlay, &s.agent, &s.key);
        commons::set_roles(&mut overlay, &genesis.consortium, &s.agent, vec![STEWARD.into()]);
    }
    let ledger = records::Ledger { epoch_blocks: genesis.epoch_blocks, consortium: genesis.consortium.clone() };
    write(&mut overlay, keys::LEDGER.to_vec(), &ledger);
    validators::at_genesis(&mut overlay, genesis);
    overlay.into_writes()
}
