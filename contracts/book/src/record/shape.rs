//! What an event must be by itself, before the book is looked at: fields, R5, R8, R12.

use crate::{
    actions::{Action, Change, Flow, Measure},
    amount, fields, moment,
    proto::{Boundary, Event, Quantity},
};
use stint_sdk::{Decimal, Refusal, Time};

pub fn check(event: &Event, action: &'static Action) -> Result<(), Refusal> {
    texts(event)?;
    quantities(event, action)?;
    sides(event, action)?;
    resources(event, action)
}

fn texts(event: &Event) -> Result<(), Refusal> {
    fields::optional_ids(&[
        ("provider", &event.provider),
        ("receiver", &event.receiver),
        ("input_of", &event.input_of),
        ("output_of", &event.output_of),
        ("resource_inventoried_as", &event.resource_inventoried_as),
        ("to_resource_inventoried_as", &event.to_resource_inventoried_as),
        ("resource_conforms_to", &event.resource_conforms_to),
        ("fulfills", &event.fulfills),
        ("satisfies", &event.satisfies),
        ("settles", &event.settles),
        ("realization_of", &event.realization_of),
        ("reciprocal_realization_of", &event.reciprocal_realization_of),
        ("corrects", &event.corrects),
    ])?;
    fields::lines(&[("to_location", &event.to_location), ("state", &event.state), ("image", &event.image)])?;
    fields::text("note", &event.note, fields::TEXT)?;
    fields::list("resource_classified_as", &event.resource_classified_as)?;
    if let Some(new) = &event.new_resource {
        fields::lines(&[
            ("name", &new.name),
            ("image", &new.image),
            ("tracking_identifier", &new.tracking_identifier),
            ("of_batch_lot", &new.of_batch_lot),
            ("current_location", &new.current_location),
            ("current_virtual_location", &new.current_virtual_location),
            ("current_currency_location", &new.current_currency_location),
            ("unit_of_effort", &new.unit_of_effort),
        ])?;
        fields::text("note", &new.note, fields::TEXT)?;
        fields::text("image_list", &new.image_list, fields::TEXT)?;
    }
    if Boundary::try_from(event.boundary).is_err() {
        return Err(Refusal::invalid("boundary", format!("{} is no boundary; 0 to 7 are", event.boundary)));
    }
    Ok(())
}

/// R5, and that the quantity which the action is about is there.
fn quantities(event: &Event, action: &Action) -> Result<(), Refusal> {
    let corrects = !event.corrects.is_empty();
    for quantity in [&event.resource_quantity, &event.effort_quantity].into_iter().flatten() {
        above_zero(quantity, action, corrects)?;
    }
    let (resource, effort) = (event.resource_quantity.is_some(), event.effort_quantity.is_some());
    let (there, needs) = match action.measure {
        _ if corrects => (resource || effort, "a quantity to add to the corrected event's"),
        Measure::Resource => (resource, "a resource quantity"),
        // The ontology says effort, and texts of it allow a resource quantity: either will do.
        Measure::Effort => (resource || effort, "an effort quantity"),
        Measure::Both => (resource || effort, "a resource quantity, an effort quantity, or both"),
    };
    if there { Ok(()) } else { Err(Refusal::invalid("quantity", format!("{} needs {needs}", action.name))) }
}

/// R5.
fn above_zero(quantity: &Quantity, action: &Action, corrects: bool) -> Result<(), Refusal> {
    let amount = amount::checked(quantity)?;
    if amount > Decimal::ZERO || corrects && amount.is_negative() {
        return Ok(());
    }
    let only =
        if corrects { "a correction adds or takes back" } else { "quantities are above 0, except in corrections" };
    let why = format!("{} of {amount} {} has no meaning: {only}", action.name, quantity.unit);
    Err(Refusal::invalid("R5", why))
}

/// R8, the part that needs no process.
fn sides(event: &Event, action: &Action) -> Result<(), Refusal> {
    let (input, output) = (!event.input_of.is_empty(), !event.output_of.is_empty());
    let (allowed, side) = match action.flow {
        Flow::Input => (!output, "an input: name the process in input_of"),
        Flow::Output => (!input, "an output: name the process in output_of"),
        Flow::OutputInput => (true, ""),
        Flow::Outside => (!input && !output, "outside of processes: leave input_of and output_of empty"),
    };
    if allowed { Ok(()) } else { Err(Refusal::invalid("R8", format!("{} is {side}", action.name))) }
}

/// Which resources the action can be about.
fn resources(event: &Event, action: &Action) -> Result<(), Refusal> {
    let (from, to) = (&event.resource_inventoried_as, &event.to_resource_inventoried_as);
    let refuse = |why: String| Err(Refusal::invalid("resource", why));
    if from.is_empty() && to.is_empty() && event.resource_conforms_to.is_empty() && action.measure != Measure::Effort {
        return refuse(format!("{} needs a resource, or a specification in resource_conforms_to", action.name));
    }
    if !to.is_empty() && from == to {
        return refuse(format!("{from} cannot be on both sides of one event"));
    }
    let container = action.contained == Change::Update;
    let same_agent = !event.provider.is_empty() && event.provider == event.receiver;
    let goes =
        action.is_transfer() || container || action.implied().is_some() && !action.only_mentions() && !same_agent;
    if !to.is_empty() && !goes {
        return refuse(format!(
            "{} has no other resource to go to: leave to_resource_inventoried_as empty",
            action.name
        ));
    }
    if from.is_empty() && !to.is_empty() && !action.is_transfer() {
        return refuse(format!("{} is about resource_inventoried_as; name it beside {to}", action.name));
    }
    if action.keeps_agents() && (from.is_empty() || to.is_empty() && event.to_location.is_empty()) {
        return refuse(format!("a {} needs a resource, and another one or a location to go to", action.name));
    }
    if action.is_transfer() && !action.takes() && to.is_empty() {
        return refuse(format!("a {} needs to_resource_inventoried_as: what it makes", action.name));
    }
    Ok(())
}

/// R12: when the event happened, by itself: a point in time, or a span that does not run backwards. Without any, now.
pub fn time(event: &Event) -> Result<Time, Refusal> {
    let point = moment::optional(&event.has_point_in_time)?;
    let (begin, end) = moment::forwards(&event.has_beginning, &event.has_end)?;
    if point.is_some() && (begin.is_some() || end.is_some()) {
        return Err(Refusal::invalid("R12", "say has_point_in_time, or has_beginning and has_end, not both"));
    }
    Ok(point.or(end).or(begin).unwrap_or_else(moment::now))
}
