//! What peers do not settle: disputes and their resolution, and logs that nobody validated.

use crate::{
    ask,
    fields::text,
    logs::{self, decide, today},
    params,
    proto::{
        Decided, DisputeNote, DisputeRequest, DisputeResponse, Disputed, ExpireRequest, ExpireResponse, Expired,
        LogEntry, ResolveRequest, ResolveResponse, Resolved, Status,
    },
    validate::{may_judge, role, shown, window, within},
};
use stint_sdk::{Code, Day, Refusal, announce, by_the_commons, context, has_role};

pub fn dispute(request: DisputeRequest) -> Result<DisputeResponse, Refusal> {
    let before = logs::find(&request.log)?;
    let caller = context().caller;
    text("reason", &request.reason)?;
    if request.reason.trim().is_empty() {
        return Err(Refusal::invalid("reason", "a dispute needs a reason: say what is wrong"));
    }
    let disputable = [Status::Claimed, Status::Validated, Status::Rejected].contains(&before.status());
    if !disputable || before.decided.is_some() {
        return status(&before, "what peers are deciding or have decided can be disputed");
    }
    window(&before)?;
    if caller != before.author {
        may_judge(&caller, &before, &params::now()?)?;
    }
    let note = DisputeNote { by: caller, reason: request.reason, date: today().to_string() };
    let mut log = LogEntry { dispute: Some(note.clone()), ..before.clone() };
    log.set_status(Status::Disputed);
    logs::update(&before, &log)?;
    announce(&Disputed { log: log.id, dispute: Some(note) });
    Ok(DisputeResponse {})
}

pub fn resolve(request: ResolveRequest) -> Result<ResolveResponse, Refusal> {
    let before = logs::find(&request.log)?;
    text("note", &request.note)?;
    if before.status() != Status::Disputed {
        return status(&before, "only what is disputed is resolved");
    }
    may_resolve(&before)?;
    let accepted = within(&before, &request.accepted)?;
    let decided = Decided { by: context().caller, note: request.note, date: today().to_string() };
    let mut log = LogEntry { decided: Some(decided.clone()), ..before.clone() };
    decide(&mut log, accepted);
    logs::update(&before, &log)?;
    announce(&Resolved { log: log.id, accepted: log.accepted, status: log.status, decided: Some(decided) });
    Ok(ResolveResponse { status: log.status })
}

/// The commons itself, or the body that the contribution rule names; nobody in their own case.
fn may_resolve(log: &LogEntry) -> Result<(), Refusal> {
    if by_the_commons() {
        return Ok(());
    }
    let caller = context().caller;
    let refuse = |why: String| Err(Refusal::new(Code::PermissionDenied, "resolver", why));
    let party = log.dispute.as_ref().is_some_and(|d| d.by == caller);
    if caller == log.author || party {
        return refuse(format!("{caller} is a party to the dispute about {}; another one resolves it", log.id));
    }
    let resolver = params::now()?.resolver;
    match ask::standing(&caller)? {
        Some(_) if resolver.is_empty() => refuse("a decision of the commons resolves disputes, by its charter".into()),
        Some(standing) if standing.has_seat(&resolver) && !standing.may_not_speak() => Ok(()),
        Some(_) => refuse(format!("{caller} may not resolve disputes: holders of {resolver} seats do")),
        None if has_role(role(&resolver)) => Ok(()),
        None => refuse(format!("{caller} may not resolve disputes: members with the role {} do", role(&resolver))),
    }
}

pub fn expire(request: ExpireRequest) -> Result<ExpireResponse, Refusal> {
    let before = logs::find(&request.log)?;
    if before.status() != Status::Claimed {
        return status(&before, "only what is still claimed expires");
    }
    if today() <= Day::parse(&before.closes)? {
        let message = format!("{} can be validated until {}; it expires after that", before.id, before.closes);
        return Err(Refusal::new(Code::FailedPrecondition, "C-5", message));
    }
    let mut log = before.clone();
    log.set_status(Status::Expired);
    logs::update(&before, &log)?;
    announce(&Expired { log: log.id });
    Ok(ExpireResponse {})
}

fn status<T>(log: &LogEntry, accepted: &str) -> Result<T, Refusal> {
    let by = if log.decided.is_some() { " by a resolution" } else { "" };
    Err(Refusal::new(Code::FailedPrecondition, "status", format!("{} is {}{by}; {accepted}", log.id, shown(log))))
}
