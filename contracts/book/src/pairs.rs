//! R9: what a process picked up or accepted must come out of it again, as much and as itself.
//!
//! An event without a process has no partner to wait for.

use crate::{
    actions::Action,
    amount,
    fields::either,
    keys::Id,
    proto::{Event, OpenPair, Pair},
    record::Changed,
    state::{PAIRS, PROCESSES},
};
use stint_sdk::{Code, Decimal, Refusal};

/// Pairs that a query shows.
const SHOWN: usize = 100;

/// R9: opens or closes the pair that the event is half of.
pub fn follow(event: &Event, action: &Action, acting: Option<&Changed>, correction: bool) -> Result<(), Refusal> {
    let process = either(&event.input_of, &event.output_of);
    let Some(changed) = acting.filter(|_| !process.is_empty()) else { return Ok(()) };
    let (opener, change) = match action.pairs {
        Some(opener) => (opener, amount::negated(changed.quantity)?),
        None if action.opens_pair() => (action.name, changed.quantity),
        None => return Ok(()),
    };
    let resource = &changed.after.id;
    let at = (Id::new(process), format!("{opener} {resource}"));
    let mut pair = PAIRS.get(&at).unwrap_or_else(|| OpenPair { event: event.id.clone(), ..OpenPair::default() });
    let open = amount::kept(&pair.quantity);
    let left = open.plus(change)?;
    if left.is_negative() {
        let unit = changed.unit();
        let why = match correction {
            true => format!("{process} would have given back more of {resource} than it took; {open} {unit} are in it"),
            false => {
                format!("{} of {resource} needs a {opener} of it in {process}; {open} {unit} are in it", action.name)
            }
        };
        return Err(refused(why));
    }
    if left != Decimal::ZERO && correction && PROCESSES.get(&process.to_string()).is_some_and(|p| p.finished) {
        let why = format!(
            "{process} is finished, and {resource} would be in it still; correct the other event of the pair first"
        );
        return Err(refused(why));
    }
    match left == Decimal::ZERO {
        true => PAIRS.delete(&at),
        false => {
            pair.quantity = left.to_string();
            PAIRS.put(&at, &pair);
        }
    }
    Ok(())
}

/// What is in a process and must come out.
pub fn open(process: &str) -> Vec<Pair> {
    let prefix = Id::new(process).prefix();
    let pair = |((_, what), pair): ((Id, String), OpenPair)| {
        let (action, resource) = what.split_once(' ').unwrap_or_default();
        Pair { resource: resource.into(), action: action.into(), quantity: pair.quantity, event: pair.event }
    };
    PAIRS.page(&prefix, &prefix, SHOWN).into_iter().map(pair).collect()
}

/// R9: a process with something in it cannot finish.
pub fn must_be_closed(process: &str) -> Result<(), Refusal> {
    match open(process).first() {
        None => Ok(()),
        Some(pair) => Err(refused(format!(
            "{} of {} ({} of {}) is in {process} still; it must come out before {process} closes",
            pair.quantity, pair.resource, pair.action, pair.event
        ))),
    }
}

/// The one thing that a process has accepted, picked up or not; empty when there is none or several.
pub fn only_accepted(process: &str) -> String {
    match open(process).as_slice() {
        [only] if !process.is_empty() => only.resource.clone(),
        _ => String::new(),
    }
}

fn refused(why: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, "R9", why)
}
