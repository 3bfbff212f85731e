//! The resources of an event: found, or created, and what the event is about for each (R4, R6).

use crate::{
    actions::{Action, Change, Creates},
    amount,
    facts::Facts,
    fields::either,
    proto::{Event, Identification, Resource, Side, Spec},
    state::{PROCESSES, RESOURCES, SPECS},
};
use stint_sdk::{Code, Decimal, Refusal};

/// One of the two resources that an event may name.
pub struct Part {
    pub side: Side,
    pub resource: Resource,
    /// The event creates it.
    pub created: bool,
}

/// R4: the resources that the event names, one, both or none.
pub fn find(event: &Event, action: &Action) -> Result<Vec<Part>, Refusal> {
    let mut parts = Vec::new();
    for (side, id) in [(Side::From, &event.resource_inventoried_as), (Side::To, &event.to_resource_inventoried_as)] {
        if !id.is_empty() {
            parts.push(part(event, action, side, id, parts.first())?);
        }
    }
    if parts.is_empty() && !event.resource_conforms_to.is_empty() {
        counted_in(event, &spec(&event.resource_conforms_to)?)?;
    }
    if event.new_resource.is_some() && !parts.iter().any(|p| p.created) {
        let why = format!(
            "{} creates nothing: its resources are there already; leave new_resource out, or choose another id",
            event.id
        );
        return Err(Refusal::new(Code::AlreadyExists, "resource", why));
    }
    Ok(parts)
}

fn part(event: &Event, action: &Action, side: Side, id: &String, from: Option<&Part>) -> Result<Part, Refusal> {
    let from = from.map(|p| &p.resource);
    let Some(resource) = RESOURCES.get(id) else {
        return Ok(Part { side, resource: born(event, action, side, id, from)?, created: true });
    };
    let container = side == Side::To && action.contained == Change::Update;
    let must = either(&event.resource_conforms_to, from.map_or("", |f| &f.conforms_to));
    if !container && !must.is_empty() && must != resource.conforms_to {
        let why = format!("{id} conforms to {}, not to {must}", resource.conforms_to);
        return Err(Refusal::new(Code::FailedPrecondition, "spec", why));
    }
    Ok(Part { side, resource, created: false })
}

/// The table's column, and that an implied transfer may create as an explicit one.
fn may_create(action: &Action, side: Side) -> bool {
    match side {
        Side::From => action.creates == Creates::Optional,
        Side::To => action.creates == Creates::OptionalTo || action.implied().is_some(),
    }
}

/// A resource as the event creates it, with nothing of it yet.
fn born(event: &Event, action: &Action, side: Side, id: &String, from: Option<&Resource>) -> Result<Resource, Refusal> {
    let Some(new) = event.new_resource.clone().filter(|_| may_create(action, side) && event.corrects.is_empty()) else {
        let hint = if may_create(action, side) { "; with new_resource the event creates it" } else { "" };
        return Err(Refusal::new(Code::NotFound, "resource", format!("there is no resource {id} on this book{hint}")));
    };
    let conforms_to = either(&event.resource_conforms_to, from.map_or("", |f| &f.conforms_to));
    if conforms_to.is_empty() {
        return Err(Refusal::invalid("spec", format!("a new resource needs resource_conforms_to: what {id} is")));
    }
    let spec = spec(conforms_to)?;
    let unit = either(&spec.unit, from.map_or("", |f| amount::unit(&f.accounting_quantity)));
    let unit = either(unit, amount::unit(&event.resource_quantity));
    let classified = if event.resource_classified_as.is_empty() { from.map(|f| f.classified_as.clone()) } else { None };
    let (owner, holder) = agents(event, action, side, from);
    Ok(Resource {
        id: id.clone(),
        identification: kind(&spec).into(),
        conforms_to: spec.id,
        classified_as: classified.unwrap_or_else(|| event.resource_classified_as.clone()),
        accounting_quantity: Some(amount::quantity(Decimal::ZERO, unit)),
        onhand_quantity: Some(amount::quantity(Decimal::ZERO, unit)),
        primary_accountable: owner,
        custodian: holder,
        tracking_identifier: new.tracking_identifier,
        of_batch_lot: new.of_batch_lot,
        current_location: either(&event.to_location, &new.current_location).into(),
        current_virtual_location: new.current_virtual_location,
        current_currency_location: new.current_currency_location,
        stage: from.map(|f| f.stage.clone()).unwrap_or_default(),
        state: either(&event.state, from.map_or("", |f| &f.state)).into(),
        unit_of_effort: either(&new.unit_of_effort, &spec.effort_unit).into(),
        name: new.name,
        note: new.note,
        image: new.image,
        image_list: new.image_list,
        created_by: event.id.clone(),
        ..Resource::default()
    })
}

/// Who answers for a new resource and who holds it: the receiver, but for what the event does not pass on.
fn agents(event: &Event, action: &Action, side: Side, from: Option<&Resource>) -> (String, String) {
    let receiver = either(&event.receiver, &event.provider).to_string();
    let transfer = if action.is_transfer() { Some(action) } else { action.implied() };
    let Some((transfer, from)) = transfer.filter(|t| side == Side::To && t.takes()).zip(from) else {
        return (receiver.clone(), receiver);
    };
    let keeps = transfer.keeps_agents();
    let owner = if transfer.passes_rights() { receiver.clone() } else { from.primary_accountable.clone() };
    let holder = if transfer.passes_custody() && !keeps { receiver } else { from.custodian.clone() };
    (owner, holder)
}

/// A specification that must be there.
pub fn spec(id: &str) -> Result<Spec, Refusal> {
    SPECS.get(&id.to_string()).ok_or_else(|| {
        Refusal::new(Code::NotFound, "spec", format!("{id} is not declared; a steward declares it with DeclareSpec"))
    })
}

/// R6, where only a specification is named.
fn counted_in(event: &Event, spec: &Spec) -> Result<(), Refusal> {
    for (quantity, unit) in [(&event.resource_quantity, &spec.unit), (&event.effort_quantity, &spec.effort_unit)] {
        if let Some(quantity) = quantity.as_ref().filter(|_| !unit.is_empty()) {
            amount::in_unit(amount::kept(&quantity.value), &quantity.unit, unit, &spec.id)?;
        }
    }
    Ok(())
}

/// What the event is about for one of its resources. The same when it is recorded and whenever it is rebuilt.
pub fn facts<'a>(
    event: &'a Event,
    action: &'static Action,
    side: Side,
    resource: &Resource,
    corrects_whole: bool,
    undoes: bool,
) -> Result<Facts<'a>, Refusal> {
    let unit = amount::unit(&resource.accounting_quantity);
    let amount = match &event.resource_quantity {
        Some(q) if side == Side::From || action.contained != Change::Update => {
            amount::in_unit(amount::kept(&q.value), &q.unit, unit, &resource.id)?
        }
        _ => Decimal::ZERO,
    };
    if let Some(effort) = event.effort_quantity.as_ref().filter(|_| !resource.unit_of_effort.is_empty()) {
        amount::in_unit(amount::kept(&effort.value), &effort.unit, &resource.unit_of_effort, &resource.id)?;
    }
    let process = PROCESSES.get(&event.output_of).filter(|_| !event.output_of.is_empty());
    Ok(Facts {
        action,
        event,
        side,
        quantity: amount,
        corrects_whole,
        undoes,
        overdraft: overdraft(&resource.conforms_to),
        stage: process.map(|p| p.based_on).unwrap_or_default(),
        container: String::new(),
        created: resource.created_by == event.id,
    })
}

/// R7: the specification lets its resources fall below zero.
fn overdraft(spec: &str) -> bool {
    SPECS.get(&spec.to_string()).is_some_and(|s| s.overdraft)
}

/// R1: the identification of a specification; one that says nothing is of a stock.
fn kind(spec: &Spec) -> Identification {
    match spec.identification() {
        Identification::Unspecified => Identification::Stock,
        kind => kind,
    }
}
