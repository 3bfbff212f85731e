//! A signed call: whose is it, which contract is meant, and what came of it.

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

/// Runs a command of the session's signer. Its writes are in the overlay's newest layer and its
/// events in the session, for the caller to keep or drop.
pub(crate) fn run(session: Session, command: &Command<'_>) -> Result<Invoked, RuntimeError> {
    let refused = |session, refusal| Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    let limit = if command.fuel_limit == 0 { CALL_FUEL } else { command.fuel_limit.min(CALL_FUEL) };
    let fuel = limit.min(command.fuel_left);
    let (commons, method) = (command.commons, command.method);
    let roles: Arc<[String]> = kernel::roles(&session.overlay, commons, &session.signer)?.into();

    let kernel_method = kernel::method_of(method);
    let bytes = if kernel_method.is_some() { KERNEL_REQUEST_BYTES } else { REQUEST_BYTES };
    if command.request.len() > bytes {
        let message = format!("the request has {} bytes; the limit is {bytes}", command.request.len());
        return refused(session, Refusal::new(Code::InvalidArgument, "request-size", message));
    }
    if let Some(method) = kernel_method {
        let name = session.signer.clone();
        let by = kernel::Caller { commons, name: &name, roles: &roles };
        return kernel::execute(session, &by, method, command.request, (fuel, 0));
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
    let context = session.context(commons, &session.signer, String::new());
    let invocation = Invocation {
        contract: &found.contract,
        entry: Entry::Method(found.method),
        request: command.request,
        context,
        roles,
        keys: found.keys(commons),
        fuel,
        depth: 0,
        read_only: false,
    };
    invoke(session, invocation)
}
