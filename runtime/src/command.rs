//! A command: whose is it, which contract is meant, and what came of it.

use crate::{
    RuntimeError,
    invoke::{Entry, Invocation, Invoked, invoke},
    kernel::{self, Directory},
    session::Session,
};
use std::sync::Arc;
use stint_proto::{
    Code, Refusal,
    limits::{CALL_FUEL, KERNEL_REQUEST_BYTES, REQUEST_BYTES},
};

/// A command as its signer gave it.
pub(crate) struct Command<'a> {
    pub commons: &'a str,
    pub method: &'a str,
    pub request: &'a [u8],
    /// As in a transaction: 0 asks for the limit.
    pub fuel_limit: u64,
    /// Fuel that the block has left.
    pub fuel_left: u64,
}

/// What is to be done, with how much fuel at most.
pub(crate) struct Order<'a> {
    pub commons: &'a str,
    pub method: &'a str,
    pub request: &'a [u8],
    pub fuel: u64,
    /// Stack slots that those have in use who wait for it.
    pub depth: i32,
}

/// Who gives a command: an agent, or a commons through its charter.
pub(crate) struct Caller<'a> {
    pub name: &'a str,
    /// The contract that calls, as `commons/service`; empty for an agent.
    pub via: String,
    /// In the commons that is called.
    pub roles: Arc<[String]>,
}

/// Runs a command of the session's signer. Its writes are in the overlay's newest layer and its
/// events in the session, for the caller to keep or drop.
pub(crate) fn run(session: Session, command: &Command<'_>) -> Result<Invoked, RuntimeError> {
    let Command { commons, method, request, fuel_limit, fuel_left } = *command;
    let limit = if fuel_limit == 0 { CALL_FUEL } else { fuel_limit.min(CALL_FUEL) };
    let signer = session.signer.clone();
    let roles = kernel::roles(&session.overlay, commons, &signer)?.into();
    let caller = Caller { name: &signer, via: String::new(), roles };
    give(session, &caller, &Order { commons, method, request, fuel: limit.min(fuel_left), depth: 0 })
}

/// Runs a command of a caller.
pub(crate) fn give(session: Session, caller: &Caller<'_>, order: &Order<'_>) -> Result<Invoked, RuntimeError> {
    let refused = |session, refusal| Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    let Order { commons, method, request, fuel, depth } = *order;
    let kernel_method = kernel::method_of(method);
    let bytes = if kernel_method.is_some() { KERNEL_REQUEST_BYTES } else { REQUEST_BYTES };
    if request.len() > bytes {
        let message = format!("the request has {} bytes; the limit is {bytes}", request.len());
        return refused(session, Refusal::new(Code::InvalidArgument, "request-size", message));
    }
    if let Some(method) = kernel_method {
        let by = kernel::Caller { commons, name: caller.name, roles: &caller.roles };
        return kernel::execute(session, &by, method, request, (fuel, depth));
    }
    let found = match Directory::new(&session.contracts, &session.overlay).resolve(commons, method)? {
        Ok(found) => found,
        Err(refusal) => return refused(session, refusal),
    };
    if found.is_query() {
        let message = format!("{method} only reads: ask it as a query, unsigned");
        return refused(session, Refusal::new(Code::InvalidArgument, "query", message));
    }
    if let Err(refusal) = found.takes_commands() {
        return refused(session, refusal);
    }
    if let Err(refusal) = session.may_enter(commons, &found.contract.descriptor.service, method) {
        return refused(session, refusal);
    }
    let context = session.context(commons, caller.name, caller.via.clone());
    let invocation = Invocation {
        contract: &found.contract,
        entry: Entry::Method(found.method),
        request,
        context,
        roles: caller.roles.clone(),
        keys: found.keys(commons),
        fuel,
        depth,
        read_only: false,
    };
    invoke(session, invocation)
}
