//! The host functions of [`crate::abi`].

use crate::{
    Overlay, RuntimeError, StateError,
    abi::{CallContext, IMPORT_MODULE, price},
    keys,
};
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    Refusal,
    limits::{EVENT_BYTES, EVENTS, KEY_BYTES, METHOD_BYTES, PAGE_ROWS, RESPONSE_BYTES, VALUE_BYTES},
    v1,
};
use wasmtime::{AsContextMut, Caller, Engine, Global, Linker, Memory, StoreLimits, TypedFunc, Val};

/// What belongs to one call while it runs.
pub(crate) struct Host {
    /// State with the writes so far. Moved in and out, because a store owns what it holds.
    pub overlay: Overlay,
    pub context: CallContext,
    /// Roles of the caller in this commons.
    pub roles: Arc<[String]>,
    /// What every key of the contract begins with.
    pub prefix: Vec<u8>,
    pub service: String,
    pub read_only: bool,
    pub events: Vec<v1::Event>,
    pub refusal: Option<Refusal>,
    pub limits: StoreLimits,
    /// Set after instantiation.
    pub exports: Option<Exports>,
}

#[derive(Clone)]
pub(crate) struct Exports {
    pub memory: Memory,
    pub alloc: TypedFunc<u32, u32>,
    pub fuel: Global,
}

/// Why a host function ended the call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// The contract broke a rule of the interface: the call is refused.
    #[error("{0}")]
    Rule(String),
    /// The fuel is used up.
    #[error("out of fuel")]
    Fuel,
    /// The node itself failed.
    #[error(transparent)]
    Node(#[from] RuntimeError),
}

impl From<StateError> for HostError {
    fn from(e: StateError) -> Self {
        HostError::Node(e.into())
    }
}

fn rule(message: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(HostError::Rule(message.into()))
}

type Result<T> = wasmtime::Result<T>;

pub(crate) fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut l = Linker::new(engine);
    let m = IMPORT_MODULE;
    l.func_wrap(m, "get", |mut c: Caller<'_, Host>, key: u32, size: u32| -> Result<i64> {
        let key = state_key(&mut c, key, size, price::CALL)?;
        match c.data().overlay.get(&key).map_err(node)? {
            Some(value) => answer(&mut c, &value),
            None => Ok(-1),
        }
    })?;
    l.func_wrap(m, "put", |mut c: Caller<'_, Host>, key: u32, ks: u32, value: u32, vs: u32| -> Result<()> {
        writable(&c, "put")?;
        charge(&mut c, price::WRITE + price::KEPT_BYTE * (u64::from(ks) + u64::from(vs)))?;
        let key = state_key(&mut c, key, ks, 0)?;
        let value = bytes(&c, "a value", value, vs, VALUE_BYTES)?;
        c.data_mut().overlay.put(key, value);
        Ok(())
    })?;
    l.func_wrap(m, "delete", |mut c: Caller<'_, Host>, key: u32, size: u32| -> Result<()> {
        writable(&c, "delete")?;
        charge(&mut c, price::WRITE + price::KEPT_BYTE * u64::from(size))?;
        let key = state_key(&mut c, key, size, 0)?;
        c.data_mut().overlay.delete(key);
        Ok(())
    })?;
    l.func_wrap(m, "scan", scan)?;
    l.func_wrap(m, "emit", |mut c: Caller<'_, Host>, ty: u32, ts: u32, body: u32, bs: u32| -> Result<()> {
        writable(&c, "emit")?;
        charge(&mut c, price::CALL + price::KEPT_BYTE * (u64::from(ts) + u64::from(bs)))?;
        let ty = text(&c, "an event's type", ty, ts, METHOD_BYTES)?;
        let body = bytes(&c, "an event", body, bs, EVENT_BYTES)?;
        let host = c.data_mut();
        if host.events.len() >= EVENTS {
            return Err(rule(format!("a call may announce {EVENTS} events, and this is one more")));
        }
        let (commons, service) = (host.context.commons.clone(), host.service.clone());
        host.events.push(v1::Event { commons, service, r#type: ty, body: body.into() });
        Ok(())
    })?;
    l.func_wrap(m, "refuse", |mut c: Caller<'_, Host>, refusal: u32, size: u32| -> Result<()> {
        charge(&mut c, price::CALL + price::BYTE * u64::from(size))?;
        let refusal = bytes(&c, "a refusal", refusal, size, VALUE_BYTES)?;
        let refusal = v1::Refusal::decode(refusal.as_slice()).map_err(|_| rule("a refusal cannot be decoded"))?;
        c.data_mut().refusal = Some(Refusal::new(
            stint_proto::Code::from_number(refusal.code),
            &refusal.rule.chars().take(64).collect::<String>(),
            refusal.message,
        ));
        Ok(())
    })?;
    l.func_wrap(m, "context", |mut c: Caller<'_, Host>| -> Result<i64> {
        charge(&mut c, price::CALL)?;
        let context = c.data().context.encode_to_vec();
        answer(&mut c, &context)
    })?;
    l.func_wrap(m, "has_role", |mut c: Caller<'_, Host>, role: u32, size: u32| -> Result<i32> {
        charge(&mut c, price::CALL + price::BYTE * u64::from(size))?;
        let role = text(&c, "a role", role, size, KEY_BYTES)?;
        Ok(c.data().roles.contains(&role).into())
    })?;
    Ok(l)
}

fn scan(mut c: Caller<'_, Host>, from: u32, fs: u32, to: u32, ts: u32, limit: u32, reverse: u32) -> Result<i64> {
    charge(&mut c, price::WRITE)?;
    if limit as usize > PAGE_ROWS {
        return Err(rule(format!("a scan of {limit} entries; the limit is {PAGE_ROWS}")));
    }
    let from = state_key(&mut c, from, fs, 0)?;
    // An empty upper bound means: to the end of what the contract keeps.
    let to = match ts {
        0 => keys::end_of(&c.data().prefix),
        _ => state_key(&mut c, to, ts, 0)?,
    };
    let (entries, looked_at) = c.data().overlay.scan(&from, &to, limit as usize, reverse != 0).map_err(node)?;
    // Paid for what was looked at, which a page and the call's own deletions bound before it is paid.
    charge(&mut c, price::ENTRY * looked_at as u64)?;
    let skip = c.data().prefix.len();
    let mut page = Vec::new();
    for (key, value) in entries {
        let key = &key[skip..];
        if page.len() + key.len() + value.len() + 8 > RESPONSE_BYTES && !page.is_empty() {
            break;
        }
        page.extend_from_slice(&(key.len() as u32).to_le_bytes());
        page.extend_from_slice(key);
        page.extend_from_slice(&(value.len() as u32).to_le_bytes());
        page.extend_from_slice(&value);
    }
    answer(&mut c, &page)
}

fn node(e: StateError) -> wasmtime::Error {
    wasmtime::Error::new(HostError::from(e))
}

fn writable(c: &Caller<'_, Host>, what: &str) -> Result<()> {
    match c.data().read_only {
        false => Ok(()),
        true => Err(rule(format!("{what} in a query: a method marked NO_SIDE_EFFECTS only reads"))),
    }
}

fn exports(c: &Caller<'_, Host>) -> Result<Exports> {
    c.data().exports.clone().ok_or_else(|| rule("a host function before the instance stands"))
}

/// Lowers the fuel, or ends the call.
fn charge(c: &mut Caller<'_, Host>, price: u64) -> Result<()> {
    let fuel = exports(c)?.fuel;
    let left = fuel.get(&mut *c).i64().unwrap_or(0).saturating_sub(price.min(i64::MAX as u64) as i64);
    fuel.set(&mut *c, Val::I64(left))?;
    if left < 0 { Err(wasmtime::Error::new(HostError::Fuel)) } else { Ok(()) }
}

/// Copies bytes out of the module's memory.
fn bytes(c: &Caller<'_, Host>, what: &str, at: u32, size: u32, limit: usize) -> Result<Vec<u8>> {
    if size as usize > limit {
        return Err(rule(format!("{what} of {size} bytes; the limit is {limit}")));
    }
    let memory = exports(c)?.memory;
    let found = memory.data(c).get(at as usize..).and_then(|m| m.get(..size as usize));
    Ok(found.ok_or_else(|| rule(format!("{what} at {at} with {size} bytes lies outside the memory")))?.to_vec())
}

fn text(c: &Caller<'_, Host>, what: &str, at: u32, size: u32, limit: usize) -> Result<String> {
    String::from_utf8(bytes(c, what, at, size, limit)?).map_err(|_| rule(format!("{what} is not UTF-8")))
}

/// The full state key for a key of the contract.
fn state_key(c: &mut Caller<'_, Host>, at: u32, size: u32, base: u64) -> Result<Vec<u8>> {
    if base > 0 {
        charge(c, base + price::BYTE * u64::from(size))?;
    }
    let key = bytes(c, "a key", at, size, KEY_BYTES)?;
    Ok([c.data().prefix.as_slice(), &key].concat())
}

/// Writes an answer into memory that the module hands out, and packs its place.
fn answer(c: &mut Caller<'_, Host>, data: &[u8]) -> Result<i64> {
    charge(c, price::BYTE * data.len() as u64)?;
    let Exports { memory, alloc, .. } = exports(c)?;
    let size = u32::try_from(data.len()).map_err(|_| rule("an answer over 4 GB"))?;
    let at = alloc.call(c.as_context_mut(), size)?;
    memory.write(&mut *c, at as usize, data).map_err(|_| rule("stint_alloc gave a place outside the memory"))?;
    Ok(pack(at, size))
}

pub(crate) fn pack(at: u32, size: u32) -> i64 {
    (i64::from(at) << 32) | i64::from(size)
}

pub(crate) fn unpack(packed: i64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}
