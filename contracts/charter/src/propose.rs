//! Proposing: what is put to the vote, and that it could be carried out as things stand.
//!
//! 1. Everything that executing checks is checked here too, as of the earliest time at which it may be executed.
//! 2. How a proposal is decided is fixed when its vote opens; later changes of the subject concern later ones.
//! 3. Its vote opens when all of the report that it cites is checked: at once, or by further calls.

use crate::{
    draft::{Amendment, Draft},
    history::{self, NOW},
    limits,
    proto::{
        About, Call, CheckReportRequest, CheckReportResponse, Decision, Patch, Proposal, ProposeRequest,
        ProposeResponse, Proposed, Rejected, Status, Sums, WithdrawRequest, WithdrawResponse, Withdrawn,
        proposal::Status as At,
    },
    settle,
    state::{BY_STATUS, HEAD, PROPOSALS},
    subjects, whatif, who,
    words::{self, forbidden, too_many},
};
use prost::Message;
use stint_sdk::{Refusal, Time, announce, context, sha256};

pub fn propose(request: ProposeRequest) -> Result<ProposeResponse, Refusal> {
    let author = context().caller;
    let content = sha256(&request.encode_to_vec()).to_vec();
    if let Some(known) = PROPOSALS.get(&request.id) {
        return match known.author == author && known.content == content {
            true => Ok(answer(known, true)),
            false => Err(words::other_content("proposal", &request.id)),
        };
    }
    who::require_seat(&author, "propose")?;
    words::word("id", &request.id)?;
    words::said("text", &request.text, "say why; it is what others read first")?;
    let number = history::head().proposals + 1;
    let mut proposal = Proposal {
        id: request.id,
        author,
        subject: request.subject,
        text: request.text,
        patches: request.patches,
        calls: request.calls,
        whatif: whatif::unchecked(request.whatif),
        requested: request.requested,
        height: context().height,
        number,
        content,
        ..Proposal::default()
    };
    open(&mut proposal)?;
    begin(number);
    save(&proposal, At::Unspecified);
    tell(&proposal);
    Ok(answer(proposal, false))
}

fn answer(proposal: Proposal, known: bool) -> ProposeResponse {
    let Proposal { closes, executable, status, .. } = proposal;
    ProposeResponse { known, closes, executable, status }
}

/// Says that a vote is open.
fn tell(proposal: &Proposal) {
    if proposal.status() == At::Open {
        announce(&Proposed {
            proposal: proposal.id.clone(),
            author: proposal.author.clone(),
            subject: proposal.subject.clone(),
            paths: paths(proposal),
            methods: methods(proposal),
            closes: proposal.closes.clone(),
        });
    }
}

pub fn check_report(request: CheckReportRequest) -> Result<CheckReportResponse, Refusal> {
    let mut proposal = settle::load(&request.proposal)?;
    if proposal.status() != At::Checking {
        let message = format!("{} is {}; its report is checked", proposal.id, settle::shown(proposal.status()));
        return Err(forbidden("status", message));
    }
    let reason = match open(&mut proposal) {
        Ok(how_far) => how_far.unwrap_or_default(),
        Err(refusal) if whatif::differs(&refusal) => {
            proposal.set_status(At::Rejected);
            whatif::forget(&proposal.id);
            announce(&Rejected { proposal: proposal.id.clone(), reason: refusal.message.clone() });
            refusal.message
        }
        Err(refusal) => return Err(refusal),
    };
    save(&proposal, At::Checking);
    tell(&proposal);
    let Proposal { status, closes, executable, .. } = proposal;
    Ok(CheckReportResponse { status, reason, closes, executable })
}

/// The first proposal makes a founded charter an active one.
fn begin(number: u64) {
    let mut head = history::head();
    head.proposals = number;
    HEAD.put(&head);
    if head.status() == Status::Founded {
        crate::commit::status(Status::Active);
    }
}

/// Opens the vote, or opens it anew: what is proposed is checked, and who votes is fixed. Says how far it is while a
/// report is not checked to its end.
pub fn open(proposal: &mut Proposal) -> Result<Option<String>, Refusal> {
    content(proposal)?;
    let decision =
        history::decision(&proposal.subject, NOW).ok_or_else(|| words::missing("subject", &proposal.subject))?;
    subjects::check(&decision, &proposal.patches, &proposal.calls)?;
    let now = history::now();
    let closes = now.plus(decision.open_for_s)?;
    let executable = closes.plus(decision.delay_s)?;
    let amendment = amendment(&proposal.patches, executable)?;
    reviewed(&proposal.patches, &proposal.calls, now)?;
    if let Some(how_far) = whatif::check(proposal, &amendment.rules)? {
        proposal.set_status(At::Checking);
        return Ok(Some(how_far));
    }
    let head = history::head();
    proposal.round += 1;
    proposal.opened = now.to_string();
    proposal.closes = closes.to_string();
    proposal.executable = executable.to_string();
    proposal.expires.clear();
    proposal.decision = Some(decision);
    proposal.sums = Some(Sums::default());
    (proposal.electorate_weight, proposal.electorate_seats) = (head.held_weight, head.held);
    (proposal.version, proposal.revision) = (head.version, head.revision);
    proposal.set_status(At::Open);
    Ok(None)
}

/// What the patches would come to.
pub fn amendment(patches: &[Patch], at: Time) -> Result<Amendment, Refusal> {
    let mut draft = Draft::default();
    draft.apply(patches)?;
    draft.finish(at)
}

fn content(proposal: &Proposal) -> Result<(), Refusal> {
    let (patches, calls) = (proposal.patches.len(), proposal.calls.len());
    if patches == 0 && calls == 0 {
        return Err(Refusal::invalid("content", "nothing is proposed; propose patches, calls, or both"));
    }
    // What winds a commons up is calls.
    let winds_up = who::status() == Status::Sunset && patches == 0;
    if !winds_up {
        who::require_in_force("change")?;
    }
    if patches > limits::PATCHES || calls > limits::CALLS {
        let message = format!(
            "{patches} patches and {calls} calls were proposed; a proposal holds at most {} and {}",
            limits::PATCHES,
            limits::CALLS
        );
        return Err(too_many("content", message));
    }
    let bytes = proposal.encoded_len();
    if bytes > limits::PROPOSAL {
        return Err(too_many("content", format!("the proposal has {bytes} bytes; the limit is {}", limits::PROPOSAL)));
    }
    for call in &proposal.calls {
        callable(call)?;
    }
    Ok(())
}

fn callable(call: &Call) -> Result<(), Refusal> {
    if !call.commons.is_empty() {
        words::commons(&call.commons)?;
    }
    let parts: Vec<&str> = call.method.strip_prefix('/').unwrap_or_default().split('/').collect();
    if !matches!(parts[..], [service, method] if !service.is_empty() && !method.is_empty()) || call.method.len() > 200 {
        let shown: String = call.method.chars().take(80).collect();
        return Err(Refusal::invalid(
            "method",
            format!("{shown:?} is no method; it is written /package.Service/Method"),
        ));
    }
    match subjects::own_method(call) {
        None | Some("Sanction" | "ResolveAppeal" | "Lift" | "Invite" | "Sunset") => Ok(()),
        Some(other) => {
            let accepted = "Sanction, ResolveAppeal, Lift, Invite and Sunset; everything else is changed by patches";
            Err(Refusal::invalid(
                "method",
                format!("a decision does not call {other} of this charter; it calls {accepted}"),
            ))
        }
    }
}

/// Behind its review date a charter decides on nothing but its future.
fn reviewed(patches: &[Patch], calls: &[Call], now: Time) -> Result<(), Refusal> {
    let About { review_by, .. } = history::about(NOW);
    if review_by.is_empty() || Time::parse(&review_by)? > now {
        return Ok(());
    }
    let renews = |patch: &Patch| patch.path == "/review_by" && Time::parse(&patch.new).is_ok_and(|date| date > now);
    if patches.iter().any(renews) || calls.iter().any(|call| subjects::own_method(call) == Some("Sunset")) {
        return Ok(());
    }
    let message = format!(
        "the charter was to be reviewed by {review_by}: until then has been decided on, only a proposal is accepted that \
         sets /review_by to a date in the future or calls Sunset"
    );
    Err(forbidden("review", message).with("review_by", review_by))
}

pub fn withdraw(request: WithdrawRequest) -> Result<WithdrawResponse, Refusal> {
    let mut proposal = settle::load(&request.proposal)?;
    let was = proposal.status();
    if proposal.author != context().caller {
        let message = format!("only its author, {}, takes {} back", proposal.author, proposal.id);
        return Err(words::denied("author", message));
    }
    let undecided = matches!(was, At::Open | At::Blocked | At::Checking);
    if !undecided {
        let message =
            format!("{} is {}; a proposal is taken back before it has passed", proposal.id, settle::shown(was));
        return Err(forbidden("status", message));
    }
    whatif::forget(&proposal.id);
    proposal.set_status(At::Withdrawn);
    save(&proposal, was);
    announce(&Withdrawn { proposal: proposal.id });
    Ok(WithdrawResponse {})
}

/// Writes a proposal and where it is found.
pub fn save(proposal: &Proposal, was: At) {
    let age = u64::MAX - proposal.number;
    let status = |status: At| status as u8;
    if was != proposal.status() {
        BY_STATUS.delete(&(status(was), age));
        BY_STATUS.put(&(status(proposal.status()), age), &proposal.id);
        // Under 0 stand all.
        BY_STATUS.put(&(0, age), &proposal.id);
    }
    PROPOSALS.put(&proposal.id, proposal);
}

pub fn paths(proposal: &Proposal) -> Vec<String> {
    proposal.patches.iter().map(|patch| patch.path.clone()).collect()
}

pub fn methods(proposal: &Proposal) -> Vec<String> {
    proposal.calls.iter().map(|call| format!("{}{}", call.commons, call.method)).collect()
}

/// The decision that was fixed when the vote opened.
pub fn decision(proposal: &Proposal) -> Decision {
    proposal.decision.clone().unwrap_or_default()
}
