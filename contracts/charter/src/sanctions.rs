//! Graduated sanctions (G8): one step at a time, each open to appeal.
//!
//! 1. The next step against an agent is the one behind the highest that is not lifted; none is skipped.
//! 2. While an appeal is open its case has no effect, and no further step is taken.
//! 3. A step that needs a decision is taken by a decision, and appeals are resolved by one: under the subject that
//!    the step names.

use crate::{
    commit,
    history::{self, NOW},
    limits,
    proto::{
        AppealRequest, AppealResolved, AppealResponse, Appealed, Case, Cases, LiftRequest, LiftResponse, Lifted,
        ResolveAppealRequest, ResolveAppealResponse, SanctionRequest, SanctionResponse, Sanctioned, Seat, Step,
        case::Status as At, step::Effect,
    },
    standing,
    state::{CASES, CASES_OF},
    who::{self, Actor, only_by_decision},
    words::{self, Named, denied, forbidden, too_many},
};
use stint_sdk::{Refusal, announce, context};

pub fn sanction(actor: &Actor, request: SanctionRequest) -> Result<SanctionResponse, Refusal> {
    if let Some(known) = CASES.get(&request.id) {
        let same = known.agent == request.agent
            && known.step.as_ref().is_some_and(|step| step.n == request.step)
            && known.evidence == request.evidence
            && known.reason == request.reason
            && known.by == actor.name();
        return if same {
            Ok(SanctionResponse { known: true })
        } else {
            Err(words::other_content("case", &request.id))
        };
    }
    who::require_in_force("sanction")?;
    words::word("id", &request.id)?;
    words::word("agent", &request.agent)?;
    words::said("reason", &request.reason, "say what was done, so that it can be appealed")?;
    evidence(&request.evidence)?;
    let step = next_step(&request)?;
    may_take(actor, &step, &request.agent)?;
    let mut case = Case {
        id: request.id,
        agent: request.agent,
        step: Some(step),
        evidence: request.evidence,
        reason: request.reason,
        by: actor.name().into(),
        at: history::now().to_string(),
        status: At::InForce.into(),
        ..Case::default()
    };
    enforce(&mut case);
    CASES.put(&case.id, &case);
    let mut open = CASES_OF.get(&case.agent).unwrap_or_default();
    open.ids.push(case.id.clone());
    CASES_OF.put(&case.agent, &open);
    announce(&Sanctioned { case: Some(case) });
    Ok(SanctionResponse { known: false })
}

fn evidence(ids: &[String]) -> Result<(), Refusal> {
    if ids.len() > limits::EVIDENCE {
        let message = format!("{} pieces of evidence were given; the limit is {}", ids.len(), limits::EVIDENCE);
        return Err(too_many("evidence", message));
    }
    ids.iter().try_for_each(|id| words::word("evidence", id))
}

/// The step, if it is the next one.
fn next_step(request: &SanctionRequest) -> Result<Step, Refusal> {
    let open = standing::cases(&request.agent);
    if let Some(appealed) = open.iter().find(|case| case.status() == At::Appealed) {
        let message = format!(
            "{} has appealed against {}; a further step waits until that is resolved",
            request.agent, appealed.id
        );
        return Err(forbidden("G8", message));
    }
    let reached = open.iter().filter_map(|case| case.step.as_ref()).map(|step| step.n).max().unwrap_or(0);
    let next = reached + 1;
    let Some(step) = history::step(next, NOW) else {
        let message = format!("{} stands at step {reached}, and the charter has no step {next}", request.agent);
        return Err(forbidden("G8", message));
    };
    if request.step != next {
        let message = format!(
            "{} stands at step {reached}: sanctions go one step at a time, and the next is {next} ({})",
            request.agent,
            Effect::show(step.effect)
        );
        return Err(forbidden("G8", message).with("step", next));
    }
    Ok(step)
}

fn may_take(actor: &Actor, step: &Step, against: &str) -> Result<(), Refusal> {
    let Actor::Agent(agent) = actor else { return Ok(()) };
    if !step.needs.is_empty() {
        let message = format!(
            "step {} ({}) needs a decision under {}: propose a call of Sanction there",
            step.n,
            Effect::show(step.effect),
            step.needs
        );
        return Err(denied("G8", message).with("subject", &step.needs));
    }
    if agent == against {
        return Err(denied("G8", format!("{agent} cannot sanction itself")));
    }
    who::require_seat(agent, "sanction")
}

/// Exclusion frees the agent's seats; all other effects are looked up when they matter.
fn enforce(case: &mut Case) {
    if case.step.as_ref().is_none_or(|step| step.effect() != Effect::Exclude) {
        return;
    }
    let seats = who::seats_of(&case.agent);
    case.freed = seats.iter().map(|seat| seat.id.clone()).collect();
    commit::seats(seats.into_iter().map(|seat| Seat { holder: String::new(), ..seat }).collect());
}

/// Gives back the seats that an exclusion freed, as far as they are vacant still.
fn restore(case: &Case) -> Vec<String> {
    let vacant = |seat: &Seat| seat.holder.is_empty() && seat.invited.is_empty();
    let seats: Vec<Seat> = case.freed.iter().filter_map(|id| history::seat(id, NOW)).filter(vacant).collect();
    let ids = seats.iter().map(|seat| seat.id.clone()).collect();
    if !seats.is_empty() {
        commit::seats(seats.into_iter().map(|seat| Seat { holder: case.agent.clone(), ..seat }).collect());
    }
    ids
}

pub fn appeal(request: AppealRequest) -> Result<AppealResponse, Refusal> {
    let mut case = load(&request.case)?;
    if case.agent != context().caller {
        return Err(denied("appeal", format!("{} is a case of {}: only {} appeals", case.id, case.agent, case.agent)));
    }
    if case.status() != At::InForce {
        let message = format!("{} is {}; a sanction is appealed once, while it is in force", case.id, shown(&case));
        return Err(forbidden("appeal", message));
    }
    words::said("text", &request.text, "an appeal says what is wrong with the sanction")?;
    case.appeal = request.text.clone();
    case.set_status(At::Appealed);
    let seats = restore(&case);
    CASES.put(&case.id, &case);
    announce(&Appealed { case: case.id, text: request.text });
    Ok(AppealResponse { seats })
}

pub fn resolve_appeal(actor: &Actor, request: ResolveAppealRequest) -> Result<ResolveAppealResponse, Refusal> {
    let mut case = load(&request.case)?;
    only_by_decision(actor, "resolve an appeal")?;
    if case.status() != At::Appealed {
        return Err(forbidden("appeal", format!("{} is {}; no appeal is open", case.id, shown(&case))));
    }
    words::said("note", &request.note, "say why")?;
    case.note = request.note.clone();
    match request.upheld {
        true => {
            case.set_status(At::Upheld);
            enforce(&mut case);
        }
        false => end(&mut case),
    }
    CASES.put(&case.id, &case);
    announce(&AppealResolved { case: case.id, upheld: request.upheld, note: request.note });
    Ok(ResolveAppealResponse {})
}

pub fn lift(actor: &Actor, request: LiftRequest) -> Result<LiftResponse, Refusal> {
    let mut case = load(&request.case)?;
    if case.status() == At::Lifted {
        return Err(forbidden("status", format!("{} is lifted already", case.id)));
    }
    let imposed = matches!(actor, Actor::Agent(agent) if *agent == case.by) && case.status() == At::InForce;
    if !imposed {
        only_by_decision(actor, &format!("lift {}, which {} imposed", case.id, case.by))?;
    }
    words::said("note", &request.note, "say why")?;
    if case.status() != At::Appealed {
        restore(&case);
    }
    case.note = request.note.clone();
    end(&mut case);
    CASES.put(&case.id, &case);
    announce(&Lifted { case: case.id, note: request.note });
    Ok(LiftResponse {})
}

fn end(case: &mut Case) {
    case.set_status(At::Lifted);
    let mut open: Cases = CASES_OF.get(&case.agent).unwrap_or_default();
    open.ids.retain(|id| *id != case.id);
    match open.ids.is_empty() {
        true => CASES_OF.delete(&case.agent),
        false => CASES_OF.put(&case.agent, &open),
    }
}

pub fn load(id: &str) -> Result<Case, Refusal> {
    CASES.get(&id.to_string()).ok_or_else(|| words::missing("case", id))
}

fn shown(case: &Case) -> &'static str {
    match case.status() {
        At::Unspecified => "unknown",
        At::InForce => "in force",
        At::Appealed => "under appeal",
        At::Upheld => "upheld",
        At::Lifted => "lifted",
    }
}
