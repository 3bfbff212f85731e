//! One call of one contract, in a fresh instance.

use crate::{
    Contract, RuntimeError,
    abi::{CallContext, REFUSAL_BIT, price},
    command,
    host::{Exports, Host, HostError, unpack},
    kernel,
    session::{Act, Running, Session},
};
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    Code, Hash, Refusal,
    limits::{MEMORY_BYTES, RESPONSE_BYTES},
    v1,
};
use wasmtime::{Store, Trap, Val};

/// What a call of a contract needs beside its session.
pub(crate) struct Invocation<'a> {
    pub contract: &'a Contract,
    pub entry: Entry,
    pub request: &'a [u8],
    pub context: CallContext,
    /// Roles of the caller in this commons.
    pub roles: Arc<[String]>,
    /// What every key begins with that is read, and that is written.
    pub keys: Keyspace,
    pub fuel: u64,
    /// Stack slots that the callers have in use.
    pub depth: i32,
    pub read_only: bool,
}

/// What runs.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    /// A method, by its number.
    Method(u32),
    /// A method of a pure rule.
    Rule(Hash, u32),
    /// `stint_migrate`.
    Migrate,
}

/// Where in the state a contract reads and writes. The two differ only in a step of a migration.
#[derive(Clone, Default)]
pub(crate) struct Keyspace {
    pub read: Vec<u8>,
    pub write: Vec<u8>,
}

impl Keyspace {
    pub fn one(prefix: Vec<u8>) -> Keyspace {
        Keyspace { read: prefix.clone(), write: prefix }
    }
}

/// What came of it. The overlay's newest layer and the newest events are the call's own, for the
/// caller to keep or drop.
pub(crate) struct Invoked {
    pub session: Session,
    pub result: Result<Vec<u8>, Refusal>,
    pub fuel_used: u64,
}

/// Runs one method in a fresh instance.
pub(crate) fn invoke(mut session: Session, call: Invocation<'_>) -> Result<Invoked, RuntimeError> {
    let contract = call.contract;
    let name = match call.entry {
        Entry::Method(n) | Entry::Rule(_, n) => {
            let method = contract.descriptor.methods.get(n as usize).map_or("?", |m| m.name.as_str());
            format!("{}/{method}", contract.descriptor.service)
        }
        Entry::Migrate => format!("{} stint_migrate", contract.descriptor.service),
    };
    let depth = session.running.len() as u32;
    // Those of the contracts that wait.
    let others = std::mem::take(&mut session.acts);
    let actor = Actor { commons: call.context.commons.clone(), service: contract.descriptor.service.clone() };
    let (granted, below) = (call.fuel, call.depth);
    session.running.push(match call.entry {
        Entry::Rule(hash, _) => Running::Rule(hash),
        _ => Running::Contract { commons: call.context.commons.clone(), service: contract.descriptor.service.clone() },
    });
    let traced = session.trace.as_mut().and_then(|t| {
        let (commons, caller) = (call.context.commons.clone(), call.context.caller.clone());
        t.begin(v1::TracedCall { depth, commons, method: name.clone(), caller, ..Default::default() })
    });

    let (mut session, result, fuel_used) = match call.fuel.checked_sub(contract.entry_fuel) {
        None => (session, Err(out_of_fuel(&name, call.fuel)), call.fuel),
        Some(_) if contract.memory_bytes > session.memory_left => {
            let refusal = out_of_memory(&name, contract.memory_bytes, session.memory_left);
            (session, Err(refusal), contract.entry_fuel)
        }
        Some(fuel) => {
            let (session, outcome) = run(session, call, fuel.min(i64::MAX as u64) as i64)?;
            match outcome {
                Ok((result, left)) => (session, result, contract.entry_fuel + fuel - left),
                Err(stop) => {
                    let granted = contract.entry_fuel + fuel;
                    let refusal = refusal_of(stop, &name, granted, contract)?;
                    (session, Err(refusal), granted)
                }
            }
        }
    };

    session.running.pop();
    let acts = std::mem::replace(&mut session.acts, others);
    let (mut session, result, fuel_used) = match result {
        Ok(response) if !acts.is_empty() => act(session, acts, &actor, (granted, below), response, fuel_used)?,
        result => (session, result, fuel_used),
    };
    if let Some(entry) = traced.and_then(|i| session.trace.as_mut()?.calls.get_mut(i)) {
        entry.fuel_used = fuel_used;
        entry.refusal = result.as_ref().err().map(|r| r.clone().into());
    }
    Ok(Invoked { session, result, fuel_used })
}

/// A call's session, its result, and the fuel it burnt.
type Ended = (Session, Result<Vec<u8>, Refusal>, u64);

/// The contract through which a commons acts.
struct Actor {
    commons: String,
    service: String,
}

/// Calls what a contract asked to be called in its commons' name, on what is left of its fuel.
fn act(
    mut session: Session,
    acts: Vec<Act>,
    actor: &Actor,
    (granted, depth): (u64, i32),
    response: Vec<u8>,
    mut used: u64,
) -> Result<Ended, RuntimeError> {
    let name = format!("{}/{}", actor.commons, actor.service);
    // Also where the kernel is called, which may run the contract again.
    if let Err(refusal) = session.may_go_deeper(&name) {
        return Ok((session, Err(refusal), used));
    }
    session.running.push(Running::Commons(actor.commons.clone()));
    for Act { commons, method, request } in acts {
        let roles: Arc<[String]> = match commons == actor.commons {
            true => [kernel::STEWARD.to_string()].into(),
            false => kernel::roles(&session.overlay, &commons, &name)?.into(),
        };
        let caller = command::Caller { name: &name, via: name.clone(), roles };
        let order = command::Order {
            commons: &commons,
            method: &method,
            request: &request,
            fuel: granted.saturating_sub(used),
            depth,
        };
        let done = command::give(session, &caller, &order)?;
        session = done.session;
        used += done.fuel_used;
        if let Err(refusal) = done.result {
            session.running.pop();
            return Ok((session, Err(refusal), used));
        }
    }
    session.running.pop();
    Ok((session, Ok(response), used))
}

/// A call that did not come to its end: the engine's error, and the fuel that was left.
struct Stop {
    error: wasmtime::Error,
    fuel_left: i64,
}

type Answer = (Result<Vec<u8>, Refusal>, u64);

fn run(session: Session, call: Invocation<'_>, fuel: i64) -> Result<(Session, Result<Answer, Stop>), RuntimeError> {
    let engine = session.contracts.engine().clone();
    let host = Host {
        session,
        service: call.contract.descriptor.service.clone(),
        context: call.context,
        roles: call.roles,
        keys: call.keys,
        read_only: call.read_only,
        memory_used: 0,
        exports: None,
    };
    let mut store = Store::new(&engine, host);
    store.limiter(|h| h);
    let result = enter(&mut store, call.contract, call.entry, call.request, fuel, call.depth);
    let fuel_left = match store.data().exports.as_ref().map(|e| e.fuel) {
        Some(global) => global.get(&mut store).i64().unwrap_or(0),
        None => 0,
    };
    let outcome = match result {
        Ok(answer) => Ok((answer, fuel_left.max(0) as u64)),
        Err(error) => Err(Stop { error, fuel_left }),
    };
    let Host { mut session, memory_used, .. } = store.into_data();
    session.memory_left += memory_used;
    Ok((session, outcome))
}

fn enter(
    store: &mut Store<Host>,
    contract: &Contract,
    entry: Entry,
    request: &[u8],
    fuel: i64,
    depth: i32,
) -> wasmtime::Result<Result<Vec<u8>, Refusal>> {
    let missing = |what: &str| wasmtime::Error::new(HostError::Rule(format!("the module has no {what}")));
    let instance = contract.pre.instantiate(&mut *store)?;
    let mut export = |e| instance.get_module_export(&mut *store, e);
    let exports = &contract.exports;
    let memory = export(&exports.memory).and_then(|e| e.into_memory()).ok_or_else(|| missing("memory"))?;
    let alloc = export(&exports.alloc).and_then(|e| e.into_func()).ok_or_else(|| missing("stint_alloc"))?;
    let fuel_left = export(&exports.fuel).and_then(|e| e.into_global()).ok_or_else(|| missing("fuel"))?;
    let in_use = export(&exports.depth).and_then(|e| e.into_global()).ok_or_else(|| missing("depth"))?;
    let code = match entry {
        Entry::Migrate => exports.migrate.as_ref().and_then(&mut export),
        _ => export(&exports.call),
    };
    let code = code.and_then(|e| e.into_func()).ok_or_else(|| missing("such entry"))?;
    let alloc = alloc.typed::<u32, u32>(&*store)?;
    fuel_left.set(&mut *store, Val::I64(fuel))?;
    in_use.set(&mut *store, Val::I32(depth))?;
    store.data_mut().exports = Some(Exports { memory, alloc: alloc.clone(), fuel: fuel_left, depth: in_use });

    let size = request.len() as u32;
    let at = alloc.call(&mut *store, size)?;
    let outside = || wasmtime::Error::new(HostError::Rule("stint_alloc gave a place outside the memory".into()));
    memory.write(&mut *store, at as usize, request).map_err(|_| outside())?;
    let packed = match entry {
        Entry::Method(n) | Entry::Rule(_, n) => {
            code.typed::<(u32, u32, u32), i64>(&*store)?.call(&mut *store, (n, at, size))?
        }
        Entry::Migrate => code.typed::<(u32, u32), i64>(&*store)?.call(&mut *store, (at, size))?,
    };
    let (at, size) = unpack(packed & !REFUSAL_BIT);
    if size as usize > RESPONSE_BYTES {
        let limit = format!("a response of {size} bytes; the limit is {RESPONSE_BYTES}");
        return Err(wasmtime::Error::new(HostError::Rule(limit)));
    }
    // What a command answers stands in its receipt.
    let a_byte = if store.data().read_only { price::BYTE } else { price::KEPT_BYTE };
    let left = fuel_left.get(&mut *store).i64().unwrap_or(0).saturating_sub_unsigned(a_byte * u64::from(size));
    fuel_left.set(&mut *store, Val::I64(left))?;
    if left < 0 {
        return Err(wasmtime::Error::new(HostError::Fuel));
    }
    let outside = || wasmtime::Error::new(HostError::Rule("the response lies outside the memory".into()));
    let bytes = memory.data(&*store).get(at as usize..).and_then(|m| m.get(..size as usize)).ok_or_else(outside)?;
    if packed & REFUSAL_BIT == 0 {
        return Ok(Ok(bytes.to_vec()));
    }
    let unreadable = |_| wasmtime::Error::new(HostError::Rule("the refusal cannot be decoded".into()));
    Ok(Err(Refusal::bounded(v1::Refusal::decode(bytes).map_err(unreadable)?)))
}

fn out_of_memory(name: &str, needed: usize, left: usize) -> Refusal {
    let message = format!(
        "{name} begins with {needed} bytes of memory, and the contracts that wait for it leave {left} of {MEMORY_BYTES}"
    );
    Refusal::new(Code::ResourceExhausted, "memory", message)
}

fn out_of_fuel(name: &str, fuel: u64) -> Refusal {
    let message =
        format!("{name} used up its {fuel} units of fuel; raise the call's fuel limit, or do less in one call");
    Refusal::new(Code::ResourceExhausted, "fuel", message)
}

/// Any trap costs the whole limit. Its kind is for the author; all but the lack of fuel have one
/// code, because engines may tell kinds apart differently.
fn refusal_of(stop: Stop, name: &str, fuel: u64, contract: &Contract) -> Result<Refusal, RuntimeError> {
    let stopped = |why: String| Refusal::new(Code::Aborted, "contract-stopped", format!("{name} stopped: {why}"));
    if stop.fuel_left < 0 {
        return Ok(out_of_fuel(name, fuel));
    }
    match stop.error.downcast_ref::<HostError>() {
        Some(HostError::Fuel) => return Ok(out_of_fuel(name, fuel)),
        Some(HostError::Rule(message)) => return Ok(stopped(message.clone())),
        Some(HostError::Node(_)) => {}
        None => {
            return match stop.error.downcast_ref::<Trap>() {
                Some(trap) => Ok(match contract.lines.as_ref() {
                    Some(lines) => stopped(lines.explain(*trap, &stop.error)),
                    None => stopped("its code gave up, ran out of stack, or reached outside its memory".into()),
                }),
                None => Err(RuntimeError::Engine(format!("{name}: {:#}", stop.error))),
            };
        }
    }
    match stop.error.downcast::<HostError>() {
        Ok(HostError::Node(e)) => Err(e),
        Ok(other) => Err(RuntimeError::Engine(format!("{name}: {other}"))),
        Err(other) => Err(RuntimeError::Engine(format!("{name}: {other:#}"))),
    }
}
