//! Where a proposal stands once time has passed. Whoever touches a proposal settles it first, so no moment needs
//! anybody to be there.
//!
//! ```text
//! Checking ── its report is another ──> Rejected
//!   │
//!   └─ all of its report is checked ──> Open
//!
//! Open ── closes ──> Rejected
//!   │
//!   └─ closes, passed ──> Queued ── delay over ──> Passed ── executed ──> Executed
//!                            │  ^                    │  ^
//!                            v  │                    v  │
//!                           Blocked, while an objection stands
//!
//! Queued, Passed, Blocked ── nobody executed it in 30 days ──> Expired
//! ```

use crate::{
    decide::{self, Outcome},
    history, limits, objections,
    propose::save,
    proto::{CloseRequest, CloseResponse, Expired, Passed, Proposal, Rejected, proposal::Status as At},
    state::PROPOSALS,
    words,
};
use stint_sdk::{Refusal, Time, announce};

pub fn close(request: CloseRequest) -> Result<CloseResponse, Refusal> {
    let before = PROPOSALS.get(&request.proposal).unwrap_or_default().status();
    let proposal = load(&request.proposal)?;
    if before == At::Open && proposal.status() == At::Open {
        let message = format!("the vote on {} is open until {}; it is settled then", proposal.id, proposal.closes);
        return Err(words::forbidden("open", message).with("closes", &proposal.closes));
    }
    opened(&proposal)?;
    let reason = decide::outcome(&proposal, time(&proposal.closes))?.reason;
    Ok(CloseResponse { status: proposal.status, reason })
}

/// Refuses a proposal on which nobody votes yet.
pub fn opened(proposal: &Proposal) -> Result<(), Refusal> {
    if proposal.status() != At::Checking {
        return Ok(());
    }
    let message = format!("the vote on {} is not open yet: CheckReport goes on checking its report", proposal.id);
    Err(words::forbidden("status", message))
}

/// A proposal, settled as of now.
pub fn load(id: &str) -> Result<Proposal, Refusal> {
    let mut proposal = PROPOSALS.get(&id.to_string()).ok_or_else(|| words::missing("proposal", id))?;
    let was = proposal.status();
    let outcome = settle(&mut proposal)?;
    if proposal.status() == was {
        return Ok(proposal);
    }
    save(&proposal, was);
    tell(&proposal, was, outcome);
    Ok(proposal)
}

/// Moves a proposal to where it stands now; says how the vote ended when it just did.
pub fn settle(proposal: &mut Proposal) -> Result<Option<Outcome>, Refusal> {
    let now = history::now();
    let mut ended = None;
    if proposal.status() == At::Open && now >= time(&proposal.closes) {
        let outcome = decide::outcome(proposal, time(&proposal.closes))?;
        if outcome.passed {
            proposal.set_status(At::Queued);
            proposal.expires = time(&proposal.executable).plus(limits::EXECUTE_WITHIN_S)?.to_string();
        } else {
            proposal.set_status(At::Rejected);
        }
        ended = Some(outcome);
    }
    if !matches!(proposal.status(), At::Queued | At::Passed | At::Blocked) {
        return Ok(ended);
    }
    let executable = time(&proposal.executable);
    if proposal.status() == At::Blocked && !objections::stand(proposal) {
        // What was lost to the objection is given back.
        proposal.expires = executable.max(now).plus(limits::EXECUTE_WITHIN_S)?.to_string();
    }
    let status = if now >= time(&proposal.expires) {
        At::Expired
    } else if objections::stand(proposal) {
        At::Blocked
    } else if now < executable {
        At::Queued
    } else {
        At::Passed
    };
    proposal.set_status(status);
    Ok(ended)
}

fn tell(proposal: &Proposal, was: At, outcome: Option<Outcome>) {
    let id = proposal.id.clone();
    match (outcome, proposal.status()) {
        (Some(outcome), At::Rejected) => announce(&Rejected { proposal: id, reason: outcome.reason }),
        (Some(outcome), status) => {
            let executable = proposal.executable.clone();
            announce(&Passed { proposal: id, status: status.into(), reason: outcome.reason, executable });
            if status == At::Expired {
                announce(&Expired { proposal: proposal.id.clone() });
            }
        }
        (None, At::Expired) if was != At::Expired => announce(&Expired { proposal: id }),
        _ => {}
    }
}

/// A time that this contract wrote.
pub fn time(text: &str) -> Time {
    Time::parse(text).unwrap_or_default()
}

/// A status in a sentence.
pub fn shown(status: At) -> &'static str {
    match status {
        At::Unspecified => "unknown",
        At::Open => "open",
        At::Passed => "passed",
        At::Queued => "passed and queued",
        At::Executed => "executed",
        At::Rejected => "rejected",
        At::Expired => "expired",
        At::Blocked => "blocked by an objection",
        At::Withdrawn => "withdrawn",
        At::Checking => "not open yet, for its report is being checked",
    }
}
