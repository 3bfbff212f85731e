//! A commons that acts: what its charter calls in its name.
//!
//! 1. Only the contract through which a commons acts may; while there is none, a contract called
//!    [`CHARTER`], or one that a steward calls, may ask the kernel to become it.
//! 2. Whoever is called sees the caller `commons/service` of the charter: in its own commons with the
//!    role of a steward, in another one with the roles that it was given there.

use super::{
    Host, Result, Slice, bytes,
    calls::{Grant, Target, contract, nested},
    charge, text, writable,
};
use crate::{
    RuntimeError,
    abi::{IMPORT_MODULE, price},
    invoke::Invoked,
    kernel::{self, STEWARD},
    session::{Running, Session},
};
use std::sync::Arc;
use stint_proto::{
    Code, Refusal,
    limits::{COMMONS_BYTES, METHOD_BYTES, REQUEST_BYTES},
};
use wasmtime::{Caller, Linker};

/// The service that a commons deploys to be its charter.
const CHARTER: &str = "stint.charter.v1.Charter";

pub fn define(l: &mut Linker<Host>) -> Result<()> {
    l.func_wrap(
        IMPORT_MODULE,
        "act",
        |mut c: Caller<'_, Host>, commons: u32, cs: u32, method: u32, ms: u32, at: u32, size: u32, fuel: i64| {
            charge(&mut c, price::FIND + price::BYTE * u64::from(size))?;
            writable(&c, "act")?;
            let commons = text(&c, "a commons' name", Slice { at: commons, size: cs }, COMMONS_BYTES)?;
            let method = text(&c, "a method's name", Slice { at: method, size: ms }, METHOD_BYTES)?;
            let request = bytes(&c, "a request", Slice { at, size }, REQUEST_BYTES)?;
            nested(&mut c, fuel, |host, session, grant| {
                let commons = if commons.is_empty() { &host.context.commons } else { &commons };
                act(host, session, &Target { commons, method: &method, request: &request }, grant)
            })
        },
    )?;
    Ok(())
}

fn act(
    host: &Host,
    mut session: Session,
    target: &Target<'_>,
    grant: Grant,
) -> std::result::Result<Invoked, RuntimeError> {
    let (home, service) = (&host.context.commons, &host.service);
    if let Err(refusal) = may_act(host, &session, target)? {
        return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    }
    // Also where the kernel is called: it may run this contract's migration.
    if let Err(refusal) = session.may_go_deeper(target.method) {
        return Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    }
    let roles: Arc<[String]> = Arc::new([STEWARD.to_string()]);
    session.running.push(Running::Act { commons: home.clone(), charter: service.clone() });
    let mut done = match kernel::method_of(target.method) {
        None => contract(host, session, target, roles, grant)?,
        Some(method) => {
            let by = kernel::Caller { commons: home, name: &format!("{home}/{service}"), roles: &roles };
            kernel::execute(session, &by, method, target.request, (grant.fuel, grant.depth))?
        }
    };
    done.session.running.pop();
    Ok(done)
}

fn may_act(
    host: &Host,
    session: &Session,
    target: &Target<'_>,
) -> std::result::Result<std::result::Result<(), Refusal>, RuntimeError> {
    let (home, service) = (&host.context.commons, &host.service);
    let refused = |message| Ok(Err(Refusal::new(Code::PermissionDenied, "act", message)));
    if kernel::method_of(target.method).is_some() && target.commons != home {
        return refused(format!("{home} commands the kernel for itself alone, not for {}", target.commons));
    }
    let charter = kernel::charter(&session.overlay, home)?;
    let may = match charter.as_str() {
        "" => kernel::is_constituting(target.method, target.request) && (service == CHARTER || is_steward(host)),
        charter => charter == service,
    };
    match may {
        true => Ok(Ok(())),
        false if charter.is_empty() => refused(format!("{home} has no charter yet; {service} cannot act for it")),
        false => refused(format!("{home} acts through {charter}, not through {service}")),
    }
}

fn is_steward(host: &Host) -> bool {
    host.roles.iter().any(|r| r == STEWARD)
}
