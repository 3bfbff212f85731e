//! Validating: peers say how much of a log they accept.
//!
//! - C-1: none validates their own; whoever does holds a seat of the circle.
//! - C-2: from k peers on the lower median of all is accepted.
//! - C-3: nobody accepts more than was logged, nor more than the book holds of the event by now.
//! - C-5: within the window.

use crate::{
    ask,
    fields::{SCALE, amount, at_most},
    logs::{self, MOST_ANSWERED, behind, decide, number_in, rows, today},
    params::{self, MOST_VALIDATORS, Params},
    proto::{
        LogEntry, PendingRequest, PendingResponse, Status, ValidateRequest, ValidateResponse, Validated, Validation,
        ValidationGiven,
    },
    state::VOICES,
};
use prost::Message;
use stint_sdk::{Code, Day, Decimal, Refusal, announce, context, has_role};

/// Logs that one page of [`pending`] looks at.
const LOOKED_AT: usize = 1000;
/// Bytes of a validator's note: 64 of them stand in one value, which has at most 64 kB.
const NOTE_BYTES: usize = 500;

pub fn validate(request: ValidateRequest) -> Result<ValidateResponse, Refusal> {
    let before = logs::find(&request.log)?;
    at_most("note", &request.note, NOTE_BYTES)?;
    open(&before)?;
    may_judge(&context().caller, &before, &params::now()?)?;
    let accepted = within(&before, &request.accepted)?;
    let voice = Validation {
        validator: context().caller,
        accepted: accepted.to_string(),
        note: request.note,
        date: today().to_string(),
    };
    let said = before.validations.iter().find(|v| v.validator == voice.validator);
    if said.is_some_and(|v| v.accepted == voice.accepted && v.note == voice.note) {
        return Ok(answer(&before, true));
    }
    let mut log = before.clone();
    speak(&mut log, voice.clone())?;
    announce(&ValidationGiven { log: log.id.clone(), validation: Some(voice) });
    if log.validations.len() >= log.k as usize {
        let accepted = lower_median(&values(&log)?);
        decide(&mut log, accepted);
    }
    logs::update(&before, &log)?;
    if log.status != before.status || log.accepted != before.accepted {
        announce_decision(&log);
    }
    Ok(answer(&log, false))
}

fn announce_decision(log: &LogEntry) {
    let logged = log.logged.clone().unwrap_or_default();
    announce(&Validated {
        log: log.id.clone(),
        logged: logged.value,
        accepted: log.accepted.clone(),
        unit: logged.unit,
        status: log.status,
    });
}

fn answer(log: &LogEntry, known: bool) -> ValidateResponse {
    let missing = log.k.saturating_sub(log.validations.len() as u32);
    ValidateResponse { known, status: log.status, accepted: log.accepted.clone(), missing }
}

/// The middle one of an odd number; of an even number the lower of the two in the middle.
pub fn lower_median(values: &[Decimal]) -> Decimal {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

fn values(log: &LogEntry) -> Result<Vec<Decimal>, Refusal> {
    log.validations.iter().map(|v| Decimal::parse(&v.accepted, SCALE)).collect()
}

/// Puts a voice in the place of an earlier one of the same peer, or behind all.
fn speak(log: &mut LogEntry, voice: Validation) -> Result<(), Refusal> {
    let spoken = |v: &Validation| format!("{}/{}/{}", v.validator, log.author, log.id);
    let said = log.validations.iter().position(|v| v.validator == voice.validator);
    if said.is_none() && log.validations.len() >= MOST_VALIDATORS as usize {
        let message = format!("{MOST_VALIDATORS} peers have validated {}; that is the limit", log.id);
        return Err(Refusal::new(Code::ResourceExhausted, "C-2", message));
    }
    if let Some(earlier) = said.map(|place| &log.validations[place]) {
        VOICES.delete(&(Day::parse(&earlier.date)?.to_key(), spoken(earlier)));
    }
    VOICES.put(&(Day::parse(&voice.date)?.to_key(), spoken(&voice)), &());
    match said {
        Some(place) => log.validations[place] = voice,
        None => log.validations.push(voice),
    }
    Ok(())
}

/// A log that can still be validated: it waits or was decided by peers, and its window is open.
fn open(log: &LogEntry) -> Result<(), Refusal> {
    let by_peers = [Status::Claimed, Status::Validated].contains(&log.status()) && log.decided.is_none();
    if !by_peers {
        let message =
            format!("{} is {}; only what is claimed or accepted by peers can be validated", log.id, shown(log));
        return Err(Refusal::new(Code::FailedPrecondition, "status", message));
    }
    window(log)
}

/// C-5
pub fn window(log: &LogEntry) -> Result<(), Refusal> {
    let today = today();
    if today <= Day::parse(&log.closes)? {
        return Ok(());
    }
    let message = format!("the window of {} closed on {}, and today is {today}", log.id, log.closes);
    Err(Refusal::new(Code::FailedPrecondition, "C-5", message))
}

/// A log's status in a word.
pub fn shown(log: &LogEntry) -> &'static str {
    match log.status() {
        Status::Unspecified => "unknown",
        Status::Claimed => "claimed",
        Status::Validated => "validated",
        Status::Disputed => "disputed",
        Status::Rejected => "rejected",
        Status::Expired => "expired",
    }
}

/// C-1: a peer who may say what somebody else's log is worth.
pub fn may_judge(agent: &str, log: &LogEntry, params: &Params) -> Result<(), Refusal> {
    let refuse = |why: String| Err(Refusal::new(Code::PermissionDenied, "C-1", why));
    if agent == log.author {
        return refuse(format!("{agent} may not validate {}: nobody validates their own", log.id));
    }
    let circle = &params.circle;
    match ask::standing(agent)? {
        Some(standing) if standing.may_not_speak() => {
            Err(Refusal::new(Code::PermissionDenied, "standing", format!("the voice of {agent} is suspended")))
        }
        Some(standing) if standing.has_seat(circle) => Ok(()),
        None if has_role(role(circle)) => Ok(()),
        Some(_) if circle.is_empty() => refuse(format!("{agent} may not validate: holders of seats do")),
        Some(_) => refuse(format!("{agent} may not validate: holders of {circle} seats do")),
        None => refuse(format!("{agent} may not validate: members with the role {} do", role(circle))),
    }
}

/// The role that stands for a class of seats in a commons without a charter.
pub fn role(class: &str) -> &str {
    if class.is_empty() { "steward" } else { class }
}

/// C-3
pub fn within(log: &LogEntry, accepted: &str) -> Result<Decimal, Refusal> {
    let accepted = amount("accepted", accepted)?;
    let logged = log.logged.clone().unwrap_or_default();
    let refuse = |what: &str, most: &str| {
        let unit = &logged.unit;
        let message = format!("{accepted} {unit} of {} is more than {what}: {most} {unit}", log.id);
        Err(Refusal::new(Code::FailedPrecondition, "C-3", message))
    };
    if accepted > Decimal::parse(&logged.value, SCALE)? {
        return refuse("was logged", &logged.value);
    }
    if log.event.is_empty() {
        return Ok(accepted);
    }
    let net = ask::event(&log.event)?.and_then(|found| found.net().cloned()).unwrap_or_default();
    let now = if net.value.is_empty() { Decimal::ZERO } else { Decimal::parse(&net.value, 18)? };
    match accepted <= now {
        true => Ok(accepted),
        false => refuse("the book holds of its event by now", &now.to_string()),
    }
}

/// Logs that wait for a validator's word. Without a charter nobody but the caller of a command shows a role, so
/// then every agent is told.
pub fn pending(request: PendingRequest) -> Result<PendingResponse, Refusal> {
    let validator = &request.validator;
    let params = params::now()?;
    let standing = ask::standing(validator)?;
    if standing.is_some_and(|s| s.may_not_speak() || !s.has_seat(&params.circle)) {
        return Ok(PendingResponse::default());
    }
    let rows = rows(request.page_size);
    let (found, full) = behind(&logs::by_status(Status::Claimed), number_in(&request.page_token)?, LOOKED_AT);
    let mut last = found.last().filter(|_| full).map(|log| log.number);
    let (mut logs, mut size) = (Vec::new(), 0);
    for log in found {
        let spoke = log.validations.iter().any(|v| v.validator == *validator);
        if log.author != *validator && !spoke && window(&log).is_ok() {
            size += log.encoded_len();
            if logs.len() == rows || (size > MOST_ANSWERED && !logs.is_empty()) {
                last = logs.last().map(|log: &LogEntry| log.number);
                break;
            }
            logs.push(log);
        }
    }
    Ok(PendingResponse { logs, next_page_token: last.map(|n| n.to_string()).unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_lower_median_has_half_of_all_on_either_side_whatever_their_order(values in prop::collection::vec(0i128..1000, 1..65), turn: usize) {
            let decimals = |values: &[i128]| values.iter().map(|v| Decimal::new(*v, 2).unwrap()).collect::<Vec<_>>();
            let median = lower_median(&decimals(&values));
            let below = values.iter().filter(|v| Decimal::new(**v, 2).unwrap() < median).count();
            let above = values.iter().filter(|v| Decimal::new(**v, 2).unwrap() > median).count();
            prop_assert!(2 * below < values.len() && 2 * above <= values.len());
            let mut turned = values.clone();
            turned.rotate_left(turn % values.len());
            prop_assert_eq!(lower_median(&decimals(&turned)), median);
        }
    }
}
