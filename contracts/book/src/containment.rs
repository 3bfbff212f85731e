//! R11: a contained resource moves only with its container, and nothing contains itself.
//!
//! The container of a combine is `to_resource_inventoried_as`; without it, what the process has accepted, when that is one
//! thing. With neither, the resource is off hand and in no container that the book knows. Where a contained resource is, its
//! container says: only that one's place is kept.

use crate::{
    actions::{Action, Change},
    pairs,
    proto::{Event, Resource},
    record::Part,
    state::RESOURCES,
};
use stint_sdk::{Code, Refusal};

/// Containers in one another at most: a ship with containers with pallets with boxes with bags has five.
const DEPTH: usize = 16;

/// Where the event puts its resource; empty for nowhere.
pub fn container(event: &Event, action: &Action, parts: &[Part]) -> Result<String, Refusal> {
    let Some(resource) = parts.first().filter(|_| action.contained == Change::Update) else { return Ok(String::new()) };
    let resource = &resource.resource;
    let container = match event.to_resource_inventoried_as.as_str() {
        "" => pairs::only_accepted(&event.input_of),
        named => named.into(),
    };
    if container.is_empty() || !event.corrects.is_empty() {
        return Ok(container);
    }
    if !resource.contained_in.is_empty() && resource.contained_in != container {
        let why = format!("{} is contained in {} already; separate it first", resource.id, resource.contained_in);
        return Err(refused(why));
    }
    let mut outer = container.clone();
    for _ in 0..DEPTH {
        if outer == resource.id {
            let why = format!("{container} would contain itself: it lies in {}, or is it", resource.id);
            return Err(refused(why));
        }
        match RESOURCES.get(&outer).map(|r| r.contained_in).filter(|c| !c.is_empty()) {
            Some(next) => outer = next,
            None => return Ok(container),
        }
    }
    Err(refused(format!("{container} lies in {DEPTH} containers already; so many in one another suffice")))
}

/// A resource with the place of its outermost container.
pub fn located(mut resource: Resource) -> Resource {
    let mut outer = resource.contained_in.clone();
    for _ in 0..DEPTH {
        let Some(container) = RESOURCES.get(&outer).filter(|_| !outer.is_empty()) else { break };
        resource.current_location = container.current_location;
        resource.custodian = container.custodian;
        outer = container.contained_in;
    }
    resource
}

fn refused(why: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, "R11", why)
}
