//! One call of one contract, and queries.

use crate::{
    Contract, Contracts, Overlay, RuntimeError, State,
    abi::CallContext,
    host::{Exports, Host, HostError, unpack},
    kernel::{self, Directory},
    keys,
};
use std::sync::Arc;
use stint_proto::{
    Code, Refusal,
    limits::{MEMORY_BYTES, QUERY_FUEL, REQUEST_BYTES, RESPONSE_BYTES},
    v1,
};
use wasmtime::{Store, StoreLimitsBuilder, Trap, Val};

/// What a call of a contract needs beside its overlay.
pub(crate) struct Invocation<'a> {
    pub contract: &'a Contract,
    pub method: u32,
    pub request: &'a [u8],
    pub context: CallContext,
    pub roles: Arc<[String]>,
    pub fuel: u64,
    pub read_only: bool,
}

/// What came of it. The overlay's newest layer holds the writes, kept or to be dropped by the
/// caller.
pub(crate) struct Invoked {
    pub overlay: Overlay,
    pub result: Result<Vec<u8>, Refusal>,
    pub events: Vec<v1::Event>,
    pub fuel_used: u64,
}

/// Runs one method in a fresh instance.
pub(crate) fn invoke(contracts: &Contracts, overlay: Overlay, call: Invocation<'_>) -> Result<Invoked, RuntimeError> {
    let descriptor = &call.contract.descriptor;
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).instances(1).memories(1).tables(1).build();
    let host = Host {
        prefix: keys::contract(&call.context.commons, &descriptor.service),
        service: descriptor.service.clone(),
        overlay,
        context: call.context,
        roles: call.roles,
        read_only: call.read_only,
        events: Vec::new(),
        refusal: None,
        limits,
        exports: None,
    };
    let mut store = Store::new(contracts.engine(), host);
    store.limiter(|h| &mut h.limits);
    let fuel = call.fuel.min(i64::MAX as u64);
    let outcome = run(&mut store, call.contract, call.method, call.request, fuel as i64);
    let left = match store.data().exports.as_ref().map(|e| e.fuel) {
        Some(global) => global.get(&mut store).i64().unwrap_or(0),
        None => 0,
    };
    let host = store.into_data();
    let method = descriptor.methods.get(call.method as usize).map_or("?", |m| m.name.as_str());
    let name = format!("{}/{method}", descriptor.service);
    let (result, fuel_used) = match (outcome, host.refusal) {
        (Err(trap), _) => (Err(refusal_of_trap(&name, trap, left, fuel)?), fuel),
        (Ok(_), Some(refusal)) => (Err(refusal), fuel - left.max(0) as u64),
        (Ok(response), None) => (Ok(response), fuel - left.max(0) as u64),
    };
    Ok(Invoked { overlay: host.overlay, result, events: host.events, fuel_used })
}

fn run(
    store: &mut Store<Host>,
    contract: &Contract,
    method: u32,
    request: &[u8],
    fuel: i64,
) -> wasmtime::Result<Vec<u8>> {
    let missing = |what: &str| wasmtime::Error::new(HostError::Rule(format!("the module has no {what}")));
    let instance = contract.pre.instantiate(&mut *store)?;
    let mut export = |e| instance.get_module_export(&mut *store, e);
    let memory = export(&contract.memory).and_then(|e| e.into_memory()).ok_or_else(|| missing("memory"))?;
    let alloc = export(&contract.alloc).and_then(|e| e.into_func()).ok_or_else(|| missing("stint_alloc"))?;
    let entry = export(&contract.call).and_then(|e| e.into_func()).ok_or_else(|| missing("stint_call"))?;
    let fuel_global = export(&contract.fuel).and_then(|e| e.into_global()).ok_or_else(|| missing("fuel"))?;
    let alloc = alloc.typed::<u32, u32>(&*store)?;
    let entry = entry.typed::<(u32, u32, u32), i64>(&*store)?;
    fuel_global.set(&mut *store, Val::I64(fuel))?;
    store.data_mut().exports = Some(Exports { memory, alloc: alloc.clone(), fuel: fuel_global });

    let size = request.len() as u32;
    let at = alloc.call(&mut *store, size)?;
    let outside = || wasmtime::Error::new(HostError::Rule("stint_alloc gave a place outside the memory".into()));
    memory.write(&mut *store, at as usize, request).map_err(|_| outside())?;
    let (at, size) = unpack(entry.call(&mut *store, (method, at, size))?);
    if store.data().refusal.is_some() {
        return Ok(Vec::new());
    }
    if size as usize > RESPONSE_BYTES {
        let limit = format!("a response of {size} bytes; the limit is {RESPONSE_BYTES}");
        return Err(wasmtime::Error::new(HostError::Rule(limit)));
    }
    let found = memory.data(&*store).get(at as usize..).and_then(|m| m.get(..size as usize));
    let outside = || wasmtime::Error::new(HostError::Rule("the response lies outside the memory".into()));
    Ok(found.ok_or_else(outside)?.to_vec())
}

/// Any trap costs the whole limit. Its kind is for the author; all but the lack of fuel have one
/// code, because engines may tell kinds apart differently.
fn refusal_of_trap(name: &str, error: wasmtime::Error, fuel_left: i64, fuel: u64) -> Result<Refusal, RuntimeError> {
    let stopped = |why: String| Refusal::new(Code::Aborted, "contract-stopped", format!("{name} stopped: {why}"));
    let out_of_fuel = || {
        let message =
            format!("{name} used up its {fuel} units of fuel; raise the call's fuel limit, or do less in one call");
        Refusal::new(Code::ResourceExhausted, "fuel", message)
    };
    if fuel_left < 0 {
        return Ok(out_of_fuel());
    }
    match error.downcast::<HostError>() {
        Ok(HostError::Fuel) => Ok(out_of_fuel()),
        Ok(HostError::Rule(message)) => Ok(stopped(message)),
        Ok(HostError::Node(e)) => Err(e),
        Err(other) => match other.downcast_ref::<Trap>() {
            Some(_) => Ok(stopped("its code gave up, ran out of stack, or reached outside its memory".into())),
            None => Err(RuntimeError::Engine(format!("{name}: {other:#}"))),
        },
    }
}

/// A question to the state after `height`.
pub struct Query<'a> {
    /// Height of the state that is read.
    pub height: u64,
    /// The time of that block.
    pub time_ms: u64,
    /// The commons that is asked.
    pub commons: &'a str,
    /// `/package.Service/Method`.
    pub method: &'a str,
    /// The request message, encoded.
    pub request: &'a [u8],
}

/// The answer to a query.
pub struct QueryAnswer {
    /// The response message, encoded, or why there is none.
    pub result: Result<Vec<u8>, Refusal>,
    /// Fuel that the answer took.
    pub fuel_used: u64,
}

/// Runs a method marked `NO_SIDE_EFFECTS`.
pub fn query(contracts: &Contracts, state: Arc<dyn State>, q: &Query<'_>) -> Result<QueryAnswer, RuntimeError> {
    let refused = |r| Ok(QueryAnswer { result: Err(r), fuel_used: 0 });
    if q.request.len() > REQUEST_BYTES {
        let message = format!("the request has {} bytes; the limit is {REQUEST_BYTES}", q.request.len());
        return refused(Refusal::new(Code::InvalidArgument, "request-size", message));
    }
    let overlay = Overlay::new(state);
    if let Some(method) = kernel::method_of(q.method) {
        return Ok(QueryAnswer { result: kernel::query(&overlay, q.commons, method, q.request)?, fuel_used: 0 });
    }
    let directory = Directory::new(contracts, &overlay);
    let (contract, number) = match directory.resolve(q.commons, q.method)? {
        Ok(found) => found,
        Err(r) => return refused(r),
    };
    if !contract.descriptor.methods[number as usize].query {
        let message = format!("{} is a command: it must be signed and ordered, not asked", q.method);
        return refused(Refusal::new(Code::Unauthenticated, "command", message));
    }
    let context =
        CallContext { height: q.height, time_ms: q.time_ms, commons: q.commons.into(), ..CallContext::default() };
    let invocation = Invocation {
        contract: &contract,
        method: number,
        request: q.request,
        context,
        roles: Arc::new([]),
        fuel: QUERY_FUEL,
        read_only: true,
    };
    let done = invoke(contracts, overlay, invocation)?;
    Ok(QueryAnswer { result: done.result, fuel_used: done.fuel_used })
}
