//! The host functions of [`crate::abi`].
//!
//! | file | functions |
//! |---|---|
//! | `keep.rs` | state: get, put, delete, scan |
//! | `facts.rs` | context, has_role, emit, sha256, ed25519_verify, fuel, log |
//! | `calls.rs` | call, rule |
//! | `act.rs` | act |

mod act;
mod calls;
mod facts;
mod keep;

use crate::{
    RuntimeError, StateError,
    abi::{CallContext, price},
    check::TABLE_ELEMENTS,
    invoke::Keyspace,
    session::Session,
};
use std::sync::Arc;
use wasmtime::{AsContextMut, Caller, Engine, Global, Linker, Memory, ResourceLimiter, TypedFunc, Val};

/// Stack slots that the host itself takes between a contract and what it calls there, generously.
const HOST_SLOTS: i32 = 512;

/// What belongs to one call while it runs.
pub(crate) struct Host {
    pub session: Session,
    /// The contract that runs.
    pub service: String,
    pub context: CallContext,
    /// Roles of the caller in this commons.
    pub roles: Arc<[String]>,
    pub keys: Keyspace,
    pub read_only: bool,
    /// Bytes of its memory.
    pub memory_used: usize,
    /// Set after instantiation.
    pub exports: Option<Exports>,
}

/// Memory and tables grow by what the ledger allows, never by what the machine happens to have.
impl ResourceLimiter for Host {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let more = desired.saturating_sub(current);
        if desired > self.session.memory || more > self.session.memory_left || maximum.is_some_and(|m| desired > m) {
            return Ok(false);
        }
        self.session.memory_left -= more;
        self.memory_used += more;
        Ok(true)
    }

    /// What was allowed and failed is this machine's failure, which no contract may see.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        Err(node(RuntimeError::Engine(format!("a memory cannot grow: {error:#}"))))
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

#[derive(Clone)]
pub(crate) struct Exports {
    pub memory: Memory,
    pub alloc: TypedFunc<u32, u32>,
    pub fuel: Global,
    pub depth: Global,
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

fn node(e: impl Into<HostError>) -> wasmtime::Error {
    wasmtime::Error::new(e.into())
}

type Result<T> = wasmtime::Result<T>;

/// Every function of the interface; `log` only where contracts are developed.
pub(crate) fn linker(engine: &Engine, development: bool) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    keep::define(&mut linker)?;
    facts::define(&mut linker, development)?;
    calls::define(&mut linker)?;
    act::define(&mut linker)?;
    Ok(linker)
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

fn fuel_left(c: &mut Caller<'_, Host>) -> Result<i64> {
    let fuel = exports(c)?.fuel;
    Ok(fuel.get(c).i64().unwrap_or(0))
}

/// Lowers the fuel, or ends the call.
fn charge(c: &mut Caller<'_, Host>, price: u64) -> Result<()> {
    let fuel = exports(c)?.fuel;
    let left = fuel.get(&mut *c).i64().unwrap_or(0).saturating_sub(price.min(i64::MAX as u64) as i64);
    fuel.set(&mut *c, Val::I64(left))?;
    if left < 0 { Err(wasmtime::Error::new(HostError::Fuel)) } else { Ok(()) }
}

/// A place in the module's memory.
#[derive(Clone, Copy)]
struct Slice {
    at: u32,
    size: u32,
}

/// Copies bytes out of the module's memory.
fn bytes(c: &Caller<'_, Host>, what: &str, slice: Slice, limit: usize) -> Result<Vec<u8>> {
    let Slice { at, size } = slice;
    if size as usize > limit {
        return Err(rule(format!("{what} of {size} bytes; the limit is {limit}")));
    }
    let memory = exports(c)?.memory;
    let found = memory.data(c).get(at as usize..).and_then(|m| m.get(..size as usize));
    Ok(found.ok_or_else(|| rule(format!("{what} at {at} with {size} bytes lies outside the memory")))?.to_vec())
}

fn text(c: &Caller<'_, Host>, what: &str, slice: Slice, limit: usize) -> Result<String> {
    String::from_utf8(bytes(c, what, slice, limit)?).map_err(|_| rule(format!("{what} is not UTF-8")))
}

/// Writes an answer into memory that the module hands out, and packs its place.
fn answer(c: &mut Caller<'_, Host>, data: &[u8]) -> Result<i64> {
    charge(c, price::BYTE * data.len() as u64)?;
    let Exports { memory, alloc, depth, .. } = exports(c)?;
    let size = u32::try_from(data.len()).map_err(|_| rule("an answer over 4 GB"))?;
    // `stint_alloc` may call the host again: the counter of the stack sees that, too.
    let slots = depth.get(&mut *c).i32().unwrap_or(0);
    depth.set(&mut *c, Val::I32(slots.saturating_add(HOST_SLOTS)))?;
    let at = alloc.call(c.as_context_mut(), size)?;
    depth.set(&mut *c, Val::I32(slots))?;
    memory.write(&mut *c, at as usize, data).map_err(|_| rule("stint_alloc gave a place outside the memory"))?;
    Ok(pack(at, size))
}

fn pack(at: u32, size: u32) -> i64 {
    (i64::from(at) << 32) | i64::from(size)
}

pub(crate) fn unpack(packed: i64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}
