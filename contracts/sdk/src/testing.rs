//! A host in memory, for `cargo test`: one for each thread, empty at first.

use crate::CallContext;
use prost::Message;
use std::{cell::RefCell, collections::BTreeMap, ops::Bound};

/// What the next calls see and what the calls so far did.
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

pub(crate) fn host_get(key: &[u8]) -> Option<Vec<u8>> {
    host(|h| h.state.get(key).cloned())
}

pub(crate) fn host_put(key: &[u8], value: &[u8]) {
    host(|h| h.state.insert(key.into(), value.into()));
}

pub(crate) fn host_delete(key: &[u8]) {
    host(|h| h.state.remove(key));
}

pub(crate) fn host_scan(from: &[u8], to: &[u8], limit: u32, reverse: bool) -> Vec<u8> {
    let upper = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
    host(|h| {
        let mut page = Vec::new();
        if !to.is_empty() && from >= to {
            return page;
        }
        let range = h.state.range::<[u8], _>((Bound::Included(from), upper));
        let mut add = |(k, v): (&Vec<u8>, &Vec<u8>)| {
            for piece in [k, v] {
                page.extend_from_slice(&(piece.len() as u32).to_le_bytes());
                page.extend_from_slice(piece);
            }
        };
        match reverse {
            false => range.take(limit as usize).for_each(&mut add),
            true => range.rev().take(limit as usize).for_each(&mut add),
        }
        page
    })
}

pub(crate) fn host_emit(ty: &str, body: &[u8]) {
    host(|h| h.events.push((ty.into(), body.into())));
}

pub(crate) fn host_context() -> Vec<u8> {
    host(|h| h.context.encode_to_vec())
}

pub(crate) fn host_has_role(role: &str) -> bool {
    host(|h| h.roles.iter().any(|r| r == role))
}
