//! Calls in a test's ledger, in the order in which the real one looks: from outside, of one contract by another, of
//! rules, and by a charter in the name of its commons.

use super::{
    Host, host,
    ledger::{At, Event, KernelCall, Ledger, Program, State, ledger},
    limits::{CALL_DEPTH, RESPONSE_BYTES, at_most},
    refuse, writable,
};
use crate::{CHARTER, CallContext, Code, Refusal};
use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What the ledger itself offers, to agents.
const KERNEL: &str = "/stint.v1.Kernel/";

thread_local! {
    /// What was commanded of the kernel since that was last asked, though it may have been undone since.
    static COMMANDED: RefCell<Option<String>> = RefCell::default();
}

/// The command to the kernel that made this run another than the ledger's own, if the last call gave one. That a
/// contract becomes the charter is the same in both.
pub(super) fn commanded_the_kernel() -> Option<String> {
    COMMANDED.take()
}

/// A call from outside: a block of its own for a command, undone when it is refused.
pub(super) fn outermost(
    commons: &str,
    agent: Option<&str>,
    service: &str,
    method: &str,
    request: &[u8],
) -> Result<Vec<u8>, Refusal> {
    ledger(|l| {
        if agent.is_some() {
            l.height += 1;
            l.calls += 1;
        }
        l.events.clear();
    });
    let before = ledger(|l| l.clone());
    let result =
        serve(&before, commons, service, method, request, agent.unwrap_or_default(), String::new(), agent.is_none());
    if result.is_err() {
        ledger(|l| *l = before);
    }
    result
}

/// A call by the running contract.
pub(super) fn nested(commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let own = host(|h| (h.context.commons == commons).then(|| h.context.caller.clone()));
    under(|before, frame| {
        let (service, name, query) = permitted(before, frame, commons, method)?;
        let via = via(before, frame);
        let caller = own.unwrap_or_else(|| via.clone());
        serve(before, commons, service, name, request, &caller, via, query || frame.read_only)
    })
}

/// A call by the running charter in the name of its commons.
pub(super) fn act(commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let own = host(|h| h.context.commons.clone());
    let commons = if commons.is_empty() { &own } else { commons };
    ledger(|l| l.acting.push(own.clone()));
    let result = under(|before, frame| {
        let via = via(before, frame);
        if via != format!("{own}/{CHARTER}") {
            let why = format!("{via} may not act for {own}: only its charter may, as {CHARTER}");
            return refuse(Code::PermissionDenied, "act", why);
        }
        if let Some(name) = method.strip_prefix(KERNEL) {
            writable("act");
            let call = KernelCall { commons: commons.into(), method: name.into(), request: request.into() };
            if name != "Constitute" {
                COMMANDED.replace(Some(name.into()));
            }
            ledger(|l| l.kernel_calls.push(call));
            return Ok(Vec::new());
        }
        let (service, name, query) = permitted(before, frame, commons, method)?;
        serve(before, commons, service, name, request, &via.clone(), via, query || frame.read_only)
    });
    ledger(|l| l.acting.pop());
    result
}

/// Runs something called by the running contract, and goes back to it.
fn under(run: impl FnOnce(&Ledger, &Host) -> Result<Vec<u8>, Refusal>) -> Result<Vec<u8>, Refusal> {
    // What the caller wrote so far is seen by whom it calls.
    store();
    let before = ledger(|l| l.clone());
    let frame = host(|h| h.clone());
    let result = run(&before, &frame);
    if result.is_err() {
        ledger(|l| *l = before.clone());
    }
    // What it wrote itself stands, and what it called may not have written to it.
    load(Host { events: Vec::new(), ..frame });
    result
}

/// The calling contract's name to others.
fn via(before: &Ledger, frame: &Host) -> String {
    format!("{}/{}", frame.context.commons, before.running.last().map_or("", |r| r.1.as_str()))
}

/// What may be called by a contract, in the order in which the ledger looks.
fn permitted<'a>(
    before: &Ledger,
    frame: &Host,
    commons: &str,
    method: &'a str,
) -> Result<(&'a str, &'a str, bool), Refusal> {
    if method.starts_with(KERNEL) {
        let why = format!("{method} is called by agents, not by contracts");
        return refuse(Code::PermissionDenied, "kernel", why);
    }
    let Some((service, name)) = method.strip_prefix('/').and_then(|m| m.rsplit_once('/')) else {
        let why = format!("{method:?} is no method; a method is written /package.Service/Method");
        return refuse(Code::Unimplemented, "method", why);
    };
    let (program, _) = find(before, commons, service)?;
    let Some((_, query)) = program.method(name) else {
        return refuse(Code::Unimplemented, "method", format!("{service} has no method {name}"));
    };
    may_go_deeper(before, method)?;
    let asked = query && service == CHARTER && before.acting.iter().any(|c| c == commons);
    if before.running.contains(&(commons.into(), service.into())) && !asked {
        let why = format!("{commons}/{service} is in the middle of a call; it cannot be called before that ends");
        return refuse(Code::FailedPrecondition, "re-entrancy", why);
    }
    if !query && frame.read_only {
        let why = format!("{method} is a command, and a query calls only queries");
        return refuse(Code::FailedPrecondition, "query", why);
    }
    let via = via(before, frame);
    let admitted = before.members.get(&(commons.to_string(), via.clone())).is_some_and(|r| !r.is_empty());
    if !query && frame.context.commons != commons && !admitted {
        let why = format!("{via} may not call {method}: {commons} has not admitted it as a member");
        return refuse(Code::PermissionDenied, "foreign-contract", why);
    }
    Ok((service, name, query))
}

fn may_go_deeper(before: &Ledger, method: &str) -> Result<(), Refusal> {
    if before.running.len() < CALL_DEPTH {
        return Ok(());
    }
    let why = format!("{method}: {CALL_DEPTH} calls are under way already");
    refuse(Code::ResourceExhausted, "call-depth", why)
}

fn find<'a>(before: &'a Ledger, commons: &str, service: &str) -> Result<&'a (Program, State), Refusal> {
    if !before.commons.contains(commons) {
        let hint = "name the commons in the metadata stint-commons";
        return refuse(Code::NotFound, "commons", format!("there is no commons {commons:?} on this ledger; {hint}"));
    }
    let found = before.contracts.get(&(commons.to_string(), service.to_string()));
    let missing = || {
        let why = format!("no contract serves the commons {commons} as {service}");
        Refusal::new(Code::Unimplemented, "service", why)
    };
    found.ok_or_else(missing)
}

#[allow(clippy::too_many_arguments)]
fn serve(
    before: &Ledger,
    commons: &str,
    service: &str,
    method: &str,
    request: &[u8],
    caller: &str,
    via: String,
    read_only: bool,
) -> Result<Vec<u8>, Refusal> {
    let at = (commons.to_string(), service.to_string());
    let (code, kept) = find(before, commons, service)?;
    let Some((number, query)) = code.method(method) else {
        return refuse(Code::Unimplemented, "method", format!("{service} has no method {method}"));
    };
    if query && via.is_empty() && !caller.is_empty() {
        let why = format!("/{service}/{method} only reads: ask it as a query, unsigned");
        return refuse(Code::InvalidArgument, "query", why);
    }
    if !query && via.is_empty() && caller.is_empty() {
        let why = format!("/{service}/{method} is a command: it must be signed and ordered, not asked");
        return refuse(Code::Unauthenticated, "command", why);
    }
    let dispatch = code.dispatch;
    ledger(|l| l.running.push(at.clone()));
    let signer = if before.running.is_empty() { caller.to_string() } else { host(|h| h.context.signer.clone()) };
    // Nobody but a charter's `act` gives a contract this caller.
    let acting = caller == format!("{commons}/{CHARTER}");
    let roles = before.members.get(&(at.0.clone(), caller.to_string())).cloned().unwrap_or_default();
    let roles = if acting { vec!["steward".into()] } else { roles };
    let asked = before.running.is_empty() && caller.is_empty();
    load(Host {
        state: kept.clone(),
        events: Vec::new(),
        context: CallContext {
            height: before.height,
            time_ms: before.time_ms,
            commons: commons.into(),
            caller: caller.into(),
            call_id: if asked || signer.is_empty() { Vec::new() } else { call_id(&signer, before.calls) },
            signer,
            via,
        },
        roles,
        read_only,
        next: None,
    });
    let result = stopping(&format!("{service}/{method}"), || dispatch(number, request));
    store();
    ledger(|l| l.running.pop());
    result
}

/// Runs something as a contract, outside any method: on its state, with the rest as `frame` has it.
pub(super) fn enter(
    at: &At,
    before: &Ledger,
    frame: Host,
    name: &str,
    run: impl FnOnce() -> Result<Vec<u8>, Refusal>,
) -> Result<Vec<u8>, Refusal> {
    ledger(|l| l.running.push(at.clone()));
    load(Host {
        state: before.contracts.get(at).map(|c| c.1.clone()).unwrap_or_default(),
        context: CallContext { height: before.height, time_ms: before.time_ms, commons: at.0.clone(), ..frame.context },
        ..frame
    });
    let result = stopping(name, run);
    store();
    ledger(|l| l.running.pop());
    result
}

/// A rule runs on a host of nothing.
pub(super) fn rule(code: &[u8; 32], method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let before = ledger(|l| l.clone());
    may_go_deeper(&before, method)?;
    let Some(rule) = ledger(|l| l.rules.get(code).cloned()) else {
        let hex: String = code.iter().map(|b| format!("{b:02x}")).collect();
        return refuse(Code::NotFound, "code", format!("no code {hex} is published on this ledger"));
    };
    let Some((number, _)) = rule.method(method.rsplit('/').next().unwrap_or(method)) else {
        return refuse(Code::Unimplemented, "method", format!("the rule {} has no method {method}", rule.service));
    };
    let frame = host(std::mem::take);
    host(|h| h.read_only = true);
    // It counts among those who run, and calls nobody.
    ledger(|l| l.running.push((String::new(), rule.service.into())));
    let result = stopping(method, || (rule.dispatch)(number, request));
    ledger(|l| l.running.pop());
    load(frame);
    result
}

/// A call that stopped has burnt all that it was given: when that was all there was, its caller
/// stops, too.
pub(super) fn burn(result: &Result<Vec<u8>, Refusal>, fuel: i64) {
    let burnt = result.as_ref().is_err_and(|r| ["contract-stopped", "fuel"].contains(&r.rule.as_str()));
    if burnt && fuel <= 0 {
        std::panic::panic_any(OutOfFuel);
    }
}

struct OutOfFuel;

/// A panic is a refusal, as on the ledger; the panic's own words are on standard error. So is an
/// answer over its bound.
fn stopping(name: &str, run: impl FnOnce() -> Result<Vec<u8>, Refusal>) -> Result<Vec<u8>, Refusal> {
    let bounded = || {
        let result = run();
        at_most("a response", result.as_ref().map_or_else(|r| r.encode().len(), Vec::len), RESPONSE_BYTES);
        result.map_err(Refusal::bounded)
    };
    match catch_unwind(AssertUnwindSafe(bounded)) {
        Ok(result) => result,
        Err(panic) if panic.is::<OutOfFuel>() => {
            refuse(Code::ResourceExhausted, "fuel", format!("{name} used up its fuel"))
        }
        Err(_) => refuse(
            Code::Aborted,
            "contract-stopped",
            format!("{name} stopped: its code gave up, ran out of stack, or reached outside its memory"),
        ),
    }
}

/// Key and id as the test runtime makes them: a key from the agent's name, and the number of the
/// call.
fn call_id(agent: &str, call: u64) -> Vec<u8> {
    let secret = ed25519_zebra::SigningKey::from(super::host_sha256(agent.as_bytes()));
    let key: [u8; 32] = ed25519_zebra::VerificationKey::from(&secret).into();
    [&key[..], &u128::from(call).to_be_bytes()].concat()
}

fn load(frame: Host) {
    host(|h| *h = frame);
}

/// Takes what the running contract wrote and announced over into the ledger.
fn store() {
    let (state, events, commons) =
        host(|h| (h.state.clone(), std::mem::take(&mut h.events), h.context.commons.clone()));
    ledger(|l| {
        let Some(at) = l.running.last().cloned() else { return };
        if let Some(kept) = l.contracts.get_mut(&at) {
            kept.1 = state;
        }
        let event = |(ty, body)| Event { commons: commons.clone(), service: at.1.clone(), ty, body };
        l.events.extend(events.into_iter().map(event));
    });
}
