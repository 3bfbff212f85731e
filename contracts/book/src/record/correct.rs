//! R5 of corrections: events never change; another event with the same links adds to one, or takes back.

use super::{event, record};
use crate::{
    amount, fields,
    proto::{CorrectRequest, Event, Quantity, RecordRequest, RecordResponse, RecordedEvent},
};
use stint_sdk::{Code, Decimal, Refusal};

/// Records the correction of an event, with all its links.
pub fn correct(request: CorrectRequest) -> Result<RecordResponse, Refusal> {
    let of = original_event(&request.event)?;
    fields::text("reason", &request.reason, fields::TEXT)?;
    let correction = Event {
        id: request.id,
        corrects: request.event,
        resource_quantity: request.quantity,
        effort_quantity: request.effort,
        note: request.reason,
        has_beginning: String::new(),
        has_end: String::new(),
        has_point_in_time: String::new(),
        new_resource: None,
        ..of
    };
    record(RecordRequest { events: vec![correction] })
}

fn original_event(id: &str) -> Result<Event, Refusal> {
    Ok(event(id)?.event.unwrap_or_default())
}

/// What a correction corrects, if it is one and may.
pub fn corrected(correction: &Event) -> Result<Option<RecordedEvent>, Refusal> {
    if correction.corrects.is_empty() {
        return Ok(None);
    }
    let of = event(&correction.corrects)?;
    let original = of.event.clone().unwrap_or_default();
    if of.pending || !original.corrects.is_empty() {
        let what =
            if of.pending { "has had no effect yet" } else { "is a correction itself: correct what it corrects" };
        return Err(refused(format!("{} {what}", original.id)));
    }
    same_links(correction, &original)?;
    Ok(Some(of))
}

/// What a correction corrects, with its sums after it, and whether nothing of it is left.
pub fn original(correction: &Event) -> Result<Option<(RecordedEvent, bool)>, Refusal> {
    let Some(mut of) = corrected(correction)? else { return Ok(None) };
    let original = of.event.clone().unwrap_or_default();
    net(&mut of.net_quantity, &correction.resource_quantity, &original.id)?;
    net(&mut of.net_effort, &correction.effort_quantity, &original.id)?;
    let undoes = correction.resource_quantity.is_some() && amount::of(&of.net_quantity).is_zero();
    Ok(Some((of, undoes)))
}

/// R5: the same action, resource, process, agents and promises.
fn same_links(correction: &Event, original: &Event) -> Result<(), Refusal> {
    let links = |e: &Event| {
        [
            ("action", e.action.clone()),
            ("provider", e.provider.clone()),
            ("receiver", e.receiver.clone()),
            ("input_of", e.input_of.clone()),
            ("output_of", e.output_of.clone()),
            ("resource_inventoried_as", e.resource_inventoried_as.clone()),
            ("to_resource_inventoried_as", e.to_resource_inventoried_as.clone()),
            ("resource_conforms_to", e.resource_conforms_to.clone()),
            ("fulfills", e.fulfills.clone()),
            ("satisfies", e.satisfies.clone()),
            ("settles", e.settles.clone()),
            ("realization_of", e.realization_of.clone()),
            ("reciprocal_realization_of", e.reciprocal_realization_of.clone()),
        ]
    };
    for ((field, new), (_, old)) in links(correction).into_iter().zip(links(original)) {
        if new != old {
            let why = format!(
                "{field} is {old:?} in {} and {new:?} in its correction; a correction has the same links",
                original.id
            );
            return Err(refused(why));
        }
    }
    Ok(())
}

/// R5: what is left of a quantity; not below 0.
fn net(sum: &mut Option<Quantity>, change: &Option<Quantity>, id: &str) -> Result<(), Refusal> {
    let Some(change) = change else { return Ok(()) };
    let Some(sum) = sum else {
        return Err(refused(format!("{id} has no such quantity that could be corrected")));
    };
    if sum.unit != change.unit {
        let why = format!("{id} is in {}; correct it in {}, not in {}", sum.unit, sum.unit, change.unit);
        return Err(Refusal::new(Code::FailedPrecondition, "R6", why));
    }
    let (was, by) = (amount::kept(&sum.value), amount::kept(&change.value));
    let left: Decimal = was.plus(by)?;
    if left.is_negative() {
        let why = format!("{id} would be {left} {}; {was} {} of it are left to take back", sum.unit, sum.unit);
        return Err(refused(why));
    }
    sum.value = left.to_string();
    Ok(())
}

fn refused(why: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, "R5", why)
}
