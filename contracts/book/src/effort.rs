//! Sums of effort, kept as events come: of an agent's work or with a resource by day, and in a process.

use crate::{
    amount, fields,
    keys::{Id, Tag},
    moment,
    proto::{EffortRequest, EffortResponse, Event, Quantity},
    state::{EFFORT, EFFORT_IN},
};
use std::collections::BTreeMap;
use stint_sdk::{Day, Decimal, Key, Refusal, Time};

/// Agents and units of one process that are summed.
const IN_PROCESS: usize = 1000;

/// Adds an event's effort to the sums of who gave it and what it was given with.
pub fn follow(event: &Event, time: Time) -> Result<(), Refusal> {
    let Some(effort) = &event.effort_quantity else { return Ok(()) };
    let amount = amount::kept(&effort.value);
    let what = format!("{} {}", event.action, effort.unit);
    let resource = &event.resource_inventoried_as;
    for subject in [Tag::Agent(&event.provider), Tag::Resource(resource)] {
        if matches!(subject, Tag::Agent("") | Tag::Resource("")) {
            continue;
        }
        let day = (subject.key(), time.day().to_key(), what.clone());
        let mut sum = EFFORT.get(&day).unwrap_or_default();
        amount::add(&mut sum, amount)?;
        EFFORT.put(&day, &sum);
        for process in [&event.input_of, &event.output_of].into_iter().filter(|p| !p.is_empty()) {
            let place = (Id::new(process), subject.key(), what.clone());
            let mut sum = EFFORT_IN.get(&place).unwrap_or_default();
            amount::add(&mut sum, amount)?;
            EFFORT_IN.put(&place, &sum);
        }
    }
    Ok(())
}

/// Effort asked for: one sum a unit.
pub fn sums(request: EffortRequest) -> Result<EffortResponse, Refusal> {
    fields::optional_ids(&[("agent", &request.agent), ("resource", &request.resource), ("process", &request.process)])?;
    let subject = match (request.agent.as_str(), request.resource.as_str()) {
        ("", "") if request.process.is_empty() => {
            return Err(Refusal::invalid("subject", "name an agent, a resource or a process"));
        }
        ("", "") => None,
        (agent, "") => Some(Tag::Agent(agent).key()),
        ("", resource) => Some(Tag::Resource(resource).key()),
        _ => return Err(Refusal::invalid("subject", "name an agent or a resource, not both")),
    };
    let rows = match subject {
        Some(subject) if request.process.is_empty() => of_days(&subject, &request)?,
        subject => in_process(&request.process, subject),
    };
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for (what, sum) in rows {
        let (action, unit) = what.split_once(' ').unwrap_or_default();
        if request.action.is_empty() || request.action == action {
            let total = sums.entry(unit.into()).or_default();
            *total = total.plus(amount::kept(&sum))?;
        }
    }
    let sums: Vec<Quantity> = sums.into_iter().map(|(unit, sum)| amount::quantity(sum, &unit)).collect();
    Ok(EffortResponse { sums })
}

fn of_days(subject: &Id, request: &EffortRequest) -> Result<Vec<(String, String)>, Refusal> {
    moment::span(&request.from, &request.to)?;
    let (mut first, mut last) = (subject.prefix(), subject.prefix());
    moment::optional(&request.from)?.map_or(Day::MIN, Time::day).to_key().write(&mut first);
    moment::optional(&request.to)?.map_or(Day::MAX, Time::day).to_key().write(&mut last);
    Ok(EFFORT.range(&first, &last).map(|((_, _, what), sum)| (what, sum)).collect())
}

fn in_process(process: &str, subject: Option<Id>) -> Vec<(String, String)> {
    let mut prefix = Id::new(process).prefix();
    // Agents' effort, each once: the resource's is the same effort.
    let of_agents = |id: &Id| subject.is_some() || id.0.starts_with("a:");
    if let Some(subject) = &subject {
        subject.write(&mut prefix);
    }
    let rows = EFFORT_IN.page(&prefix, &prefix, IN_PROCESS).into_iter();
    rows.filter(|((_, id, _), _)| of_agents(id)).map(|((_, _, what), sum)| (what, sum)).collect()
}
