//! Carrying out what passed: patches first, then the calls in their order. All of it, or nothing: when a call is
//! refused, so is the execution, and the proposal may be executed again until it expires.

use crate::{
    commit, ending, history, propose,
    proto::{Call, ExecuteRequest, ExecuteResponse, Executed, Proposal, proposal::Status as At},
    sanctions, seats, settle, subjects, whatif,
    who::Actor,
    words::forbidden,
};
use prost::Message;
use stint_sdk::{Code, Refusal, act, announce};

pub fn execute(request: ExecuteRequest) -> Result<ExecuteResponse, Refusal> {
    let mut proposal = settle::load(&request.proposal)?;
    if proposal.status() != At::Passed {
        return Err(not_passed(&proposal));
    }
    whatif::still_true(&proposal.whatif)?;
    let amendment = propose::amendment(&proposal.patches, history::now())?;
    let paths = amendment.changes.iter().map(|change| change.path.clone()).collect();
    let version = commit::amend(amendment, &proposal.id);
    proposal.executed_version = version;
    proposal.set_status(At::Executed);
    propose::save(&proposal, At::Passed);
    let methods = propose::methods(&proposal);
    announce(&Executed { proposal: proposal.id.clone(), version, paths, methods });
    let mut responses = Vec::new();
    for (n, call) in proposal.calls.iter().enumerate() {
        let made = make(call, &proposal.id);
        responses.push(made.map_err(|refusal| refused(n, call, refusal))?);
    }
    Ok(ExecuteResponse { version, responses })
}

fn not_passed(proposal: &Proposal) -> Refusal {
    let id = &proposal.id;
    match proposal.status() {
        At::Open => forbidden("open", format!("the vote on {id} is open until {}", proposal.closes)),
        At::Queued => {
            let message =
                format!("{id} has passed and waits for its delay: it may be executed from {} on", proposal.executable);
            forbidden("delay", message).with("executable", &proposal.executable)
        }
        At::Blocked => forbidden("G6", format!("an objection to {id} stands; it is executed when that is resolved")),
        At::Rejected => forbidden("G2", format!("{id} was rejected; propose something else")),
        At::Expired => forbidden("expired", format!("{id} has expired at {}; propose it again", proposal.expires)),
        At::Checking => forbidden("status", format!("{id} is {}", settle::shown(At::Checking))),
        status => forbidden("status", format!("{id} is {}; a proposal is executed once", settle::shown(status))),
    }
}

/// One call in the commons' name. The charter cannot call itself, so what it is asked of itself it does at once.
fn make(call: &Call, proposal: &str) -> Result<Vec<u8>, Refusal> {
    let Some(method) = subjects::own_method(call) else {
        return act(&call.commons, &call.method, &call.request);
    };
    let actor = Actor::Commons { proposal: proposal.into() };
    let request = call.request.as_slice();
    match method {
        "Sanction" => done(sanctions::sanction(&actor, read(request)?)),
        "ResolveAppeal" => done(sanctions::resolve_appeal(&actor, read(request)?)),
        "Lift" => done(sanctions::lift(&actor, read(request)?)),
        "Invite" => done(seats::invite(&actor, read(request)?)),
        "Sunset" => done(ending::sunset(&actor, read(request)?)),
        // Proposing refuses all others.
        _ => Err(Refusal::new(
            Code::Unimplemented,
            "method",
            format!("a decision does not call {method} of this charter"),
        )),
    }
}

fn read<M: Message + Default>(request: &[u8]) -> Result<M, Refusal> {
    M::decode(request).map_err(|e| Refusal::invalid("request", format!("the request cannot be decoded: {e}")))
}

fn done(response: Result<impl Message, Refusal>) -> Result<Vec<u8>, Refusal> {
    response.map(|message| message.encode_to_vec())
}

/// The call's own refusal, with where it stands.
fn refused(n: usize, call: &Call, refusal: Refusal) -> Refusal {
    let message = format!("call {} ({}) was refused, so nothing was executed: {}", n + 1, call.method, refusal.message);
    Refusal { message, ..refusal }.with("call", n + 1)
}
