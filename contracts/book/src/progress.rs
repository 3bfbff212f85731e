//! How far promises have come: R13 for commitments and intents, R14 for claims, and what connects an event with them.

use crate::{
    amount,
    fields::either,
    promises::{agreement_exists, promise},
    proto::{Claim, Commitment, Event, Intent, Progress, PromiseResponse, Quantity, Sums},
    record::{self, Changed},
    state::{PROMISES, SUMS},
};
use std::collections::BTreeSet;
use stint_sdk::{Code, Decimal, Refusal};

/// What an event is connected with, directly or through another.
#[derive(Debug, Default)]
pub struct Links {
    /// Commitments, intents, claims and agreements.
    pub promises: BTreeSet<String>,
    /// The agreements among them.
    pub agreements: BTreeSet<String>,
    /// Processes for which it was planned.
    pub processes: BTreeSet<String>,
}

/// Follows `fulfills`, `satisfies`, `settles` and both realizations.
pub fn links(event: &Event) -> Links {
    let mut links = Links::default();
    link(event, &mut links);
    if let Some(claim) = claim_of(event).filter(|c| !c.triggered_by.is_empty()) {
        // A settlement belongs to the agreement of the event for which it is owed.
        let mut of = Links::default();
        if let Ok(cause) = record::event(&claim.triggered_by) {
            link(&cause.event.unwrap_or_default(), &mut of);
        }
        links.promises.extend(of.agreements.iter().cloned());
        links.agreements.append(&mut of.agreements);
    }
    links
}

fn link(event: &Event, links: &mut Links) {
    let mut agreements = vec![event.realization_of.clone(), event.reciprocal_realization_of.clone()];
    let mut promises = vec![event.fulfills.clone(), event.satisfies.clone(), event.settles.clone()];
    if let Some(c) = commitment_of(event) {
        agreements.extend([c.clause_of, c.reciprocal_clause_of]);
        promises.push(c.satisfies);
        links.processes.extend([c.input_of, c.output_of]);
    }
    if let Some(i) = intent(&event.satisfies) {
        links.processes.extend([i.input_of, i.output_of]);
    }
    links.agreements.extend(agreements.clone());
    links.promises.extend(promises.into_iter().chain(agreements));
    for set in [&mut links.promises, &mut links.agreements, &mut links.processes] {
        set.remove("");
    }
}

fn found(id: &str) -> Option<PromiseResponse> {
    if id.is_empty() { None } else { PROMISES.get(&id.to_string()) }
}

fn commitment_of(event: &Event) -> Option<Commitment> {
    found(&event.fulfills)?.commitment?.commitment
}

fn claim_of(event: &Event) -> Option<Claim> {
    found(&event.settles)?.claim?.claim
}

fn intent(id: &str) -> Option<Intent> {
    found(id)?.intent?.intent
}

/// Adds what the event does for what it fulfils, satisfies and settles. Gives the commitment of which more is done now than
/// was promised.
pub fn follow(event: &Event, changed: &[Changed]) -> Result<String, Refusal> {
    for agreement in [&event.realization_of, &event.reciprocal_realization_of].into_iter().filter(|a| !a.is_empty()) {
        agreement_exists(agreement)?;
    }
    let mut over = String::new();
    let mut satisfied = event.satisfies.clone();
    if !event.fulfills.is_empty() {
        let Some(c) = promise(&event.fulfills)?.commitment.and_then(|c| c.commitment) else {
            return Err(of_no_kind(&event.fulfills, "commitment"));
        };
        matches(event, changed, &c.id, (&c.action, &c.resource_conforms_to), "R13")?;
        let sums = add(event, &c.id, (&c.resource_quantity, &c.effort_quantity), "R13")?;
        if progress(&sums, (&c.resource_quantity, &c.effort_quantity)).over {
            over.clone_from(&c.id);
        }
        satisfied = either(&satisfied, &c.satisfies).into();
    }
    if !satisfied.is_empty() {
        let Some(i) = promise(&satisfied)?.intent.and_then(|i| i.intent) else {
            return Err(of_no_kind(&satisfied, "intent"));
        };
        matches(event, changed, &i.id, (&i.action, &i.resource_conforms_to), "R13")?;
        add(event, &i.id, (&i.resource_quantity, &i.effort_quantity), "R13")?;
    }
    if !event.settles.is_empty() {
        settle(event, changed)?;
    }
    Ok(over)
}

/// R14.
fn settle(event: &Event, changed: &[Changed]) -> Result<(), Refusal> {
    let Some(c) = promise(&event.settles)?.claim.and_then(|c| c.claim) else {
        return Err(of_no_kind(&event.settles, "claim"));
    };
    if (&c.provider, &c.receiver) != (&event.provider, &event.receiver) {
        let why = format!(
            "{} is owed by {} to {}, not by {:?} to {:?}",
            c.id, c.provider, c.receiver, event.provider, event.receiver
        );
        return Err(refused("R14", why));
    }
    matches(event, changed, &c.id, (&c.action, &c.resource_conforms_to), "R14")?;
    for (claimed, given) in
        [(&c.resource_quantity, &event.resource_quantity), (&c.effort_quantity, &event.effort_quantity)]
    {
        if let Some((claimed, given)) = claimed.as_ref().zip(given.as_ref()).filter(|(c, g)| c.unit != g.unit) {
            let why =
                format!("{} is owed in {}, and settled in nothing else, not in {}", c.id, claimed.unit, given.unit);
            return Err(refused("R14", why));
        }
    }
    let promised = (&c.resource_quantity, &c.effort_quantity);
    let sums = add(event, &c.id, promised, "R14")?;
    if progress(&sums, promised).over {
        let open = |q: &Option<Quantity>| q.as_ref().map(|q| format!("{} {}", q.value, q.unit));
        let owed = open(&c.resource_quantity).or_else(|| open(&c.effort_quantity)).unwrap_or_default();
        return Err(refused("R14", format!("{} would be settled by more than the {owed} that are owed", c.id)));
    }
    Ok(())
}

/// R13 and R14: the event is of the promised kind.
fn matches(
    event: &Event,
    changed: &[Changed],
    id: &str,
    (action, spec): (&str, &str),
    rule: &str,
) -> Result<(), Refusal> {
    if !action.is_empty() && action != event.action {
        return Err(refused(rule, format!("{id} is for {action}, not for {}", event.action)));
    }
    let of = either(&event.resource_conforms_to, changed.first().map_or("", Changed::spec));
    if !spec.is_empty() && !of.is_empty() && spec != of {
        return Err(refused(rule, format!("{id} is for {spec}, not for {of}")));
    }
    Ok(())
}

/// Adds the event's quantities in the units of the promise, and keeps the sums.
fn add(event: &Event, id: &str, promised: (&Option<Quantity>, &Option<Quantity>), rule: &str) -> Result<Sums, Refusal> {
    let mut sums = SUMS.get(&id.to_string()).unwrap_or_default();
    let mut counted = promised.0.is_none() && promised.1.is_none();
    let rows = [
        (&mut sums.quantity, promised.0, &event.resource_quantity),
        (&mut sums.effort, promised.1, &event.effort_quantity),
    ];
    for (sum, promised, given) in rows {
        let Some((promised, given)) = promised.as_ref().zip(given.as_ref()) else { continue };
        let given = amount::in_unit(amount::kept(&given.value), &given.unit, &promised.unit, id)?;
        amount::add(sum, given)?;
        counted = true;
    }
    if !counted {
        return Err(refused(rule, format!("nothing of {} counts for {id}: they are measured differently", event.id)));
    }
    SUMS.put(&id.to_string(), &sums);
    Ok(sums)
}

/// Adds a commitment to the intent that it satisfies.
pub fn committed(c: &Commitment) -> Result<(), Refusal> {
    let Some(intent) = promise(&c.satisfies)?.intent.and_then(|i| i.intent) else {
        return Err(of_no_kind(&c.satisfies, "intent"));
    };
    let mut sums = SUMS.get(&intent.id).unwrap_or_default();
    let rows = [
        (&mut sums.committed_quantity, &intent.resource_quantity, &c.resource_quantity),
        (&mut sums.committed_effort, &intent.effort_quantity, &c.effort_quantity),
    ];
    for (sum, intended, given) in rows {
        if let Some((intended, given)) = intended.as_ref().zip(given.as_ref()) {
            amount::add(sum, amount::in_unit(amount::kept(&given.value), &given.unit, &intended.unit, &intent.id)?)?;
        }
    }
    SUMS.put(&intent.id, &sums);
    Ok(())
}

/// How far a promise has come.
fn progress(sums: &Sums, (quantity, effort): (&Option<Quantity>, &Option<Quantity>)) -> Progress {
    let mut progress = Progress { finished_by_hand: sums.finished_by_hand, ..Progress::default() };
    let mut enough = quantity.is_some() || effort.is_some();
    for (promised, done, is_effort) in [(quantity, &sums.quantity, false), (effort, &sums.effort, true)] {
        let Some(promised) = promised else { continue };
        let (all, done) = (amount::kept(&promised.value), amount::kept(done));
        let open = amount::minus(all, done).unwrap_or_default().max(Decimal::ZERO);
        enough &= done >= all;
        progress.over |= done > all;
        let (done, open) = (amount::quantity(done, &promised.unit), amount::quantity(open, &promised.unit));
        match is_effort {
            true => (progress.done_effort, progress.open_effort) = (Some(done), Some(open)),
            false => (progress.done_quantity, progress.open_quantity) = (Some(done), Some(open)),
        }
    }
    progress.finished = enough || progress.finished_by_hand;
    progress
}

/// A promise as it is shown, with how far it has come.
pub fn shown(id: &str, mut promise: PromiseResponse) -> PromiseResponse {
    let sums = SUMS.get(&id.to_string()).unwrap_or_default();
    if let Some(recorded) = &mut promise.commitment {
        let c = recorded.commitment.clone().unwrap_or_default();
        recorded.progress = Some(progress(&sums, (&c.resource_quantity, &c.effort_quantity)));
    }
    if let Some(recorded) = &mut promise.claim {
        let c = recorded.claim.clone().unwrap_or_default();
        recorded.progress = Some(progress(&sums, (&c.resource_quantity, &c.effort_quantity)));
    }
    if let Some(recorded) = &mut promise.intent {
        let i = recorded.intent.clone().unwrap_or_default();
        recorded.progress = Some(progress(&sums, (&i.resource_quantity, &i.effort_quantity)));
        let of = |sum: &String, q: &Option<Quantity>| q.as_ref().map(|q| amount::quantity(amount::kept(sum), &q.unit));
        recorded.committed_quantity = of(&sums.committed_quantity, &i.resource_quantity);
        recorded.committed_effort = of(&sums.committed_effort, &i.effort_quantity);
    }
    promise
}

fn of_no_kind(id: &str, kind: &str) -> Refusal {
    Refusal::new(Code::NotFound, "promise", format!("{id} is no {kind}"))
}

fn refused(rule: &str, why: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, rule, why)
}
