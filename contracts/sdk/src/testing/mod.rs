//! A ledger in memory, for `cargo test`.
//!
//! [`World`] is where a test lives: several agents, several contracts, blocks and time that the
//! test moves. Contracts run natively, so a debugger stops in them, under the ledger's own
//! [`limits`]. Under `stint contract test` every step also runs in the ledger's own runtime on the
//! module as built, and both must answer alike.
//!
//! [`host`] is the contract's host itself, for tests of single functions.

mod calls;
mod ledger;
pub mod limits;
mod mirror;
mod upgrade;
mod world;

pub use ledger::{Event, KernelCall};
pub use mirror::cases;
pub use world::World;

use crate::{
    CallContext, Code, Refusal,
    service::{CallAnswer, Outcome},
};
use limits::{
    COMMONS_BYTES, EVENT_BYTES, EVENTS, KEY_BYTES, METHOD_BYTES, PAGE_ROWS, REQUEST_BYTES, RESPONSE_BYTES, VALUE_BYTES,
    at_most,
};
use prost::Message;
use std::{cell::RefCell, collections::BTreeMap, ops::Bound};

/// What the running contract sees and what it did.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// What the contract keeps.
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Events so far: type and body.
    pub events: Vec<(String, Vec<u8>)>,
    /// Who calls, where and when.
    pub context: CallContext,
    /// Roles of the caller.
    pub roles: Vec<String>,
    /// A query runs: writing ends it.
    pub read_only: bool,
    /// In a step of a migration, the new state: writes go there, and reads see the old one.
    pub next: Option<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Host {
    /// Where writes go.
    fn written(&mut self) -> &mut BTreeMap<Vec<u8>, Vec<u8>> {
        self.next.as_mut().unwrap_or(&mut self.state)
    }
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Looks at this thread's host or changes it.
pub fn host<R>(f: impl FnOnce(&mut Host) -> R) -> R {
    HOST.with_borrow_mut(f)
}

/// Makes a refused call undone, as the ledger does.
pub fn call<R, E>(f: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    let before = host(|h| h.clone());
    let result = f();
    if result.is_err() {
        host(|h| *h = before);
    }
    result
}

fn writable(what: &str) {
    let read_only = host(|h| h.read_only);
    assert!(!read_only, "{what} in a query: a method marked NO_SIDE_EFFECTS only reads");
}

pub(crate) fn host_get(key: &[u8]) -> Option<Vec<u8>> {
    at_most("a key", key.len(), KEY_BYTES);
    host(|h| h.state.get(key).cloned())
}

pub(crate) fn host_put(key: &[u8], value: &[u8]) {
    writable("put");
    at_most("a key", key.len(), KEY_BYTES);
    at_most("a value", value.len(), VALUE_BYTES);
    host(|h| h.written().insert(key.into(), value.into()));
}

pub(crate) fn host_delete(key: &[u8]) {
    writable("delete");
    at_most("a key", key.len(), KEY_BYTES);
    host(|h| h.written().remove(key));
}

pub(crate) fn host_scan(from: &[u8], to: &[u8], limit: u32, reverse: bool) -> Vec<u8> {
    assert!(limit as usize <= PAGE_ROWS, "a scan of {limit} entries; the limit is {PAGE_ROWS}");
    at_most("a key", from.len().max(to.len()), KEY_BYTES);
    let upper = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
    host(|h| {
        let mut page = Vec::new();
        if !to.is_empty() && from >= to {
            return page;
        }
        let range = h.state.range::<[u8], _>((Bound::Included(from), upper));
        // False when the page is full.
        let mut add = |(k, v): (&Vec<u8>, &Vec<u8>)| {
            let fits = page.is_empty() || page.len() + k.len() + v.len() + 8 <= RESPONSE_BYTES;
            for piece in [k, v].into_iter().filter(|_| fits) {
                page.extend_from_slice(&(piece.len() as u32).to_le_bytes());
                page.extend_from_slice(piece);
            }
            fits
        };
        match reverse {
            false => range.take(limit as usize).all(&mut add),
            true => range.rev().take(limit as usize).all(&mut add),
        };
        page
    })
}

pub(crate) fn host_emit(ty: &str, body: &[u8]) {
    writable("emit");
    at_most("an event's type", ty.len(), METHOD_BYTES);
    at_most("an event", body.len(), EVENT_BYTES);
    let before = ledger::announced();
    host(|h| {
        assert!(before + h.events.len() < EVENTS, "a call may announce {EVENTS} events, and this is one more");
        h.events.push((ty.into(), body.into()));
    });
}

pub(crate) fn host_context() -> Vec<u8> {
    host(|h| h.context.encode_to_vec())
}

pub(crate) fn host_has_role(role: &str) -> bool {
    at_most("a role", role.len(), KEY_BYTES);
    host(|h| h.roles.iter().any(|r| r == role))
}

pub(crate) fn host_call(commons: &str, method: &str, request: &[u8], fuel: i64) -> Vec<u8> {
    at_most("a commons' name", commons.len(), COMMONS_BYTES);
    at_most("a method's name", method.len(), METHOD_BYTES);
    at_most("a request", request.len(), REQUEST_BYTES);
    let result = calls::nested(commons, method, request);
    calls::burn(&result, fuel);
    answer(result)
}

pub(crate) fn host_act(commons: &str, method: &str, request: &[u8], fuel: i64) -> Vec<u8> {
    let result = calls::act(commons, method, request);
    calls::burn(&result, fuel);
    answer(result)
}

pub(crate) fn host_rule(code: &[u8; 32], method: &str, request: &[u8], fuel: i64) -> Vec<u8> {
    at_most("a method's name", method.len(), METHOD_BYTES);
    at_most("a request", request.len(), REQUEST_BYTES);
    let result = calls::rule(code, method, request);
    calls::burn(&result, fuel);
    answer(result)
}

fn answer(result: Result<Vec<u8>, Refusal>) -> Vec<u8> {
    let outcome = match result {
        Ok(response) => Outcome::Response(response),
        Err(refusal) => Outcome::Refusal(refusal.into()),
    };
    CallAnswer { outcome: Some(outcome) }.encode_to_vec()
}

pub(crate) fn host_sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

pub(crate) fn host_ed25519_verify(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    let signature = ed25519_zebra::Signature::from_bytes(signature);
    ed25519_zebra::VerificationKey::try_from(*key).is_ok_and(|k| k.verify(&signature, message).is_ok())
}

pub(crate) fn host_fuel() -> i64 {
    100_000_000
}

pub(crate) fn host_log(text: &str) {
    eprintln!("{text}");
}

fn refuse<T>(code: Code, rule: &str, message: String) -> Result<T, Refusal> {
    Err(Refusal::new(code, rule, message))
}
