//! What a case begins with. Nothing but events changes a resource, so it begins with events: an inventory is raised, what lies
//! elsewhere is handed over, what is in something is put there.

use crate::{
    case::Case,
    json::Json,
    names::{id_of, quantity_of},
};
use book::proto::{Event, Identification, NewResource, Quantity};
use stint_sdk::Decimal;

/// Ids of events that only set the scene begin so.
pub const GIVEN: &str = "given:";
/// Holds what lies with somebody whom the case does not name.
const ELSEWHERE: &str = "elsewhere";

/// The events that make a resource what the case says it was.
pub fn events(case: &Case, resource: &str, given: &Json) -> Vec<Event> {
    let opening = Opening::read(case, resource, given);
    let mut events = opening.raised();
    events.extend(opening.handed_over());
    events.extend(opening.on_hand());
    for (n, event) in events.iter_mut().enumerate() {
        event.id = format!("{GIVEN}{n}:{}", tail(resource));
    }
    events
}

/// The events that put a resource into its container; after all resources are there.
pub fn contained(case: &Case, resource: &str, given: &Json) -> Option<Event> {
    let container = id_of(given, &["containedIn", "contained_in"]);
    if container.is_empty() {
        return None;
    }
    let opening = Opening::read(case, resource, given);
    let mut event = opening.event("combine", opening.accounting);
    event.to_resource_inventoried_as = container;
    event.id = format!("{GIVEN}in:{}", tail(resource));
    Some(event)
}

/// Enough of a name for an id with something before it.
fn tail(name: &str) -> &str {
    name.get(name.len().saturating_sub(48)..).unwrap_or(name)
}

struct Opening<'a> {
    case: &'a Case,
    given: &'a Json,
    resource: String,
    unit: String,
    accounting: Decimal,
    onhand: Decimal,
    owner: String,
    custodian: String,
}

impl Opening<'_> {
    fn read<'a>(case: &'a Case, resource: &str, given: &'a Json) -> Opening<'a> {
        let accounting = quantity_of(given, &["accounting", "accountingQuantity"]);
        let onhand = quantity_of(given, &["onhand", "onhandQuantity"]);
        // One that is not said is as the other.
        let either = |a: &Option<Quantity>, b: &Option<Quantity>| amount(a.as_ref().or(b.as_ref()));
        Opening {
            case,
            given,
            resource: resource.into(),
            unit: case.unit_of(resource),
            accounting: either(&accounting, &onhand),
            onhand: either(&onhand, &accounting),
            owner: id_of(given, &["primaryAccountable", "accountable"]),
            custodian: id_of(given, &["custodian"]),
        }
    }

    fn event(&self, action: &str, amount: Decimal) -> Event {
        Event {
            action: action.into(),
            provider: self.owner.clone(),
            receiver: self.owner.clone(),
            resource_inventoried_as: self.resource.clone(),
            resource_quantity: Some(Quantity { value: amount.to_string(), unit: self.unit.clone() }),
            ..Event::default()
        }
    }

    /// Raised to its accounting quantity; to zero, by raising and lowering one.
    fn raised(&self) -> Vec<Event> {
        let first = if self.accounting.is_zero() { Decimal::ONE } else { self.accounting };
        let stage = self.given.text_of("stage");
        let mut raise = self.event(if stage.is_empty() { "raise" } else { "produce" }, first);
        if !stage.is_empty() {
            raise.output_of = Case::process_of_stage(stage);
        }
        raise.resource_conforms_to = self.case.spec_of(&self.resource);
        raise.state = self.given.text_of("state").into();
        let classified = self.given.get("classifiedAs").map(Json::items).unwrap_or_default();
        raise.resource_classified_as = classified.into_iter().map(|c| c.text().to_string()).collect();
        raise.new_resource = Some(NewResource {
            name: self.given.text_of("name").into(),
            tracking_identifier: self.given.text_of("trackingIdentifier").into(),
            of_batch_lot: self.given.text_of("ofBatchLot").into(),
            current_location: self.given.any(&["currentLocation", "location"]).map_or("", Json::text).into(),
            current_virtual_location: self.given.text_of("currentVirtualLocation").into(),
            ..NewResource::default()
        });
        let mut events = vec![raise];
        if self.accounting.is_zero() {
            events.push(self.event("lower", Decimal::ONE));
        }
        events
    }

    /// Into the hands of its custodian, or of somebody who is not named.
    fn handed_over(&self) -> Option<Event> {
        let kind = self.case.kind_of(&self.resource);
        if self.given.any(&["containedIn", "contained_in"]).is_some() {
            return None;
        }
        let holder = match self.custodian.as_str() {
            "" if self.onhand.is_zero() && !self.comes_out_of_a_process() => ELSEWHERE,
            named => named,
        };
        let away = !holder.is_empty() && holder != self.owner && !self.owner.is_empty() && !self.accounting.is_zero();
        if !away || kind == Identification::Stock {
            return None;
        }
        Some(Event { receiver: holder.into(), ..self.event("transferCustody", self.accounting) })
    }

    /// Whether the case's first event on it is the second half of a pair, or takes it out of a container: then it is in one.
    fn comes_out_of_a_process(&self) -> bool {
        let mut own = self.case.events.iter().filter(|e| id_of(e, &["resourceInventoriedAs"]) == self.resource);
        let first = own.next().map_or("", |e| e.text_of("action"));
        ["dropoff", "modify", "separate"].contains(&first)
    }

    /// As much on hand as the case says.
    fn on_hand(&self) -> Option<Event> {
        if self.given.any(&["containedIn", "contained_in"]).is_some() {
            return None;
        }
        let is = if self.handed_over().is_some() { Decimal::ZERO } else { self.accounting };
        let less = |a: Decimal, b: Decimal| a.plus(b.times(Decimal::new(-1, 0)?).ok()?).ok();
        match self.onhand.cmp(&is) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Less => less(is, self.onhand).map(|off| self.event("pickup", off)),
            std::cmp::Ordering::Greater => less(self.onhand, is).map(|more| self.event("dropoff", more)),
        }
    }
}

/// An amount as written; what is no number is 0, and shows as a difference.
fn amount(quantity: Option<&Quantity>) -> Decimal {
    quantity.and_then(|q| Decimal::parse(&q.value, 18).ok()).unwrap_or_default()
}
