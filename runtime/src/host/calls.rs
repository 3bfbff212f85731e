//! Contracts that call contracts and pure rules.
//!
//! 1. A call runs to its end before the caller goes on, on the caller's fuel.
//! 2. Nothing of a refused call remains but the fuel it burnt.
//! 3. At most [`stint_proto::limits::CALL_DEPTH`] are in the middle of a call, and none of them twice.
//!    But a charter that acts answers queries.
//! 4. Contracts of one commons speak for whoever called them. To another commons a contract is a
//!    caller of its own, by the name `commons/service`, with the roles that this commons gave it.

use super::{
    Exports, HOST_SLOTS, Host, HostError, Result, Slice, answer, bytes, charge, exports, fuel_left, node, text,
};
use crate::{
    RuntimeError,
    abi::{CallAnswer, CallContext, IMPORT_MODULE, price},
    invoke::{Entry, Invocation, Invoked, Keyspace, invoke},
    kernel::{self, Directory},
    session::{Running, Session},
};
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    Code, Hash, Refusal,
    limits::{COMMONS_BYTES, METHOD_BYTES, REQUEST_BYTES},
    v1::call_answer::Outcome,
};
use wasmtime::{Caller, Linker};

pub fn define(l: &mut Linker<Host>) -> Result<()> {
    l.func_wrap(
        IMPORT_MODULE,
        "call",
        |mut c: Caller<'_, Host>, commons: u32, cs: u32, method: u32, ms: u32, at: u32, size: u32, fuel: i64| {
            charge(&mut c, price::FIND + price::BYTE * u64::from(size))?;
            let commons = text(&c, "a commons' name", Slice { at: commons, size: cs }, COMMONS_BYTES)?;
            let method = text(&c, "a method's name", Slice { at: method, size: ms }, METHOD_BYTES)?;
            let request = bytes(&c, "a request", Slice { at, size }, REQUEST_BYTES)?;
            let target = Target { commons: &commons, method: &method, request: &request };
            nested(&mut c, fuel, |host, session, grant| contract(host, session, &target, host.roles.clone(), grant))
        },
    )?;
    l.func_wrap(
        IMPORT_MODULE,
        "rule",
        |mut c: Caller<'_, Host>, code: u32, method: u32, ms: u32, at: u32, size: u32, fuel: i64| {
            charge(&mut c, price::FIND + price::BYTE * u64::from(size))?;
            let code = bytes(&c, "a code hash", Slice { at: code, size: 32 }, 32)?;
            let method = text(&c, "a method's name", Slice { at: method, size: ms }, METHOD_BYTES)?;
            let request = bytes(&c, "a request", Slice { at, size }, REQUEST_BYTES)?;
            nested(&mut c, fuel, |_, session, grant| pure(session, &code, &method, &request, grant))
        },
    )?;
    Ok(())
}

/// What a nested call may use.
pub(super) struct Grant {
    pub fuel: u64,
    pub depth: i32,
}

/// What is called.
pub(super) struct Target<'a> {
    pub commons: &'a str,
    pub method: &'a str,
    pub request: &'a [u8],
}

/// Lends the session to a nested call, pays for it, and answers with what came of it.
pub(super) fn nested(
    c: &mut Caller<'_, Host>,
    fuel: i64,
    run: impl FnOnce(&Host, Session, Grant) -> std::result::Result<Invoked, RuntimeError>,
) -> Result<i64> {
    let left = fuel_left(c)?.max(0);
    let fuel = if fuel <= 0 { left } else { fuel.min(left) } as u64;
    let Exports { depth, .. } = exports(c)?;
    let depth = depth.get(&mut *c).i32().unwrap_or(0).saturating_add(HOST_SLOTS);
    let host = c.data_mut();
    let stand_in = host.session.stand_in();
    let mut session = std::mem::replace(&mut host.session, stand_in);
    let opened = session.open();
    let done = run(host, session, Grant { fuel, depth }).map_err(|e| node(HostError::Node(e)))?;
    let Invoked { mut session, result, fuel_used } = done;
    session.close(opened, result.is_ok());
    c.data_mut().session = session;
    charge(c, fuel_used)?;
    let outcome = match result {
        Ok(response) => Outcome::Response(response.into()),
        Err(refusal) => Outcome::Refusal(refusal.into()),
    };
    answer(c, &CallAnswer { outcome: Some(outcome) }.encode_to_vec())
}

/// Refuses before anything ran.
macro_rules! refuse {
    ($session:ident, $code:ident, $rule:literal, $($message:tt)*) => {{
        let refusal = Refusal::new(Code::$code, $rule, format!($($message)*));
        return Ok(Invoked { session: $session, result: Err(refusal), fuel_used: 0 });
    }};
}

/// Calls a contract. In the own commons for the running contract's caller, who has `roles` there, or
/// for the commons itself when it acts; in another one for the running contract.
pub(super) fn contract(
    host: &Host,
    session: Session,
    target: &Target<'_>,
    roles: Arc<[String]>,
    grant: Grant,
) -> std::result::Result<Invoked, RuntimeError> {
    let Target { commons, method, request } = *target;
    if kernel::method_of(method).is_some() {
        refuse!(session, PermissionDenied, "kernel", "{method} is called by agents, not by contracts");
    }
    let found = match Directory::new(&session.contracts, &session.overlay).resolve(commons, method)? {
        Ok(found) => found,
        Err(refusal) => return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 }),
    };
    let service = &found.contract.descriptor.service;
    let read_only = found.is_query();
    if let Err(refusal) = session.may_enter(commons, service, method, read_only) {
        return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    }
    if !read_only && host.read_only {
        refuse!(session, FailedPrecondition, "query", "{method} is a command, and a query calls only queries");
    }
    if !read_only && let Err(refusal) = found.takes_commands() {
        return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    }
    let via = format!("{}/{}", host.context.commons, host.service);
    let (caller, roles) = if commons == host.context.commons {
        let acting = matches!(session.running.last(), Some(Running::Act { .. }));
        (if acting { via.clone() } else { host.context.caller.clone() }, roles)
    } else {
        let roles: Arc<[String]> = kernel::roles(&session.overlay, commons, &via)?.into();
        if !read_only && roles.is_empty() {
            refuse!(
                session,
                PermissionDenied,
                "foreign-contract",
                "{via} may not call {method}: {commons} has not admitted it as a member"
            );
        }
        (via.clone(), roles)
    };
    let context = session.context(commons, &caller, via);
    let invocation = Invocation {
        contract: &found.contract,
        entry: Entry::Method(found.method),
        request,
        context,
        roles,
        keys: found.keys(commons),
        fuel: grant.fuel,
        depth: grant.depth,
        read_only: read_only || host.read_only,
    };
    invoke(session, invocation)
}

fn pure(
    session: Session,
    code: &[u8],
    method: &str,
    request: &[u8],
    grant: Grant,
) -> std::result::Result<Invoked, RuntimeError> {
    if let Err(refusal) = session.may_go_deeper(method) {
        return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    }
    let code = Hash::try_from(code).unwrap_or(Hash::ZERO);
    let contract = match kernel::usable_code(&session, &code)? {
        Ok(contract) => contract,
        Err(refusal) => return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 }),
    };
    if !contract.pure {
        refuse!(session, FailedPrecondition, "pure", "the code {code} is no pure rule: it imports from the host");
    }
    let Some((number, _)) = contract.descriptor.method(method.rsplit('/').next().unwrap_or(method)) else {
        let service = &contract.descriptor.service;
        refuse!(session, Unimplemented, "method", "the rule {service} has no method {method}");
    };
    let invocation = Invocation {
        contract: &contract,
        entry: Entry::Rule(code, number),
        request,
        context: CallContext::default(),
        roles: Arc::new([]),
        keys: Keyspace::default(),
        fuel: grant.fuel,
        depth: grant.depth,
        read_only: true,
    };
    invoke(session, invocation)
}
