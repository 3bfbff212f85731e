//! Where resources lie: as they stand, as they were born, day by day, by who answers for them, by what they lie in.

use crate::{
    amount,
    apply::merge,
    keys::Id,
    proto::{Birth, Resource},
    record::Changed,
    state::{BIRTHS, CONTENTS, DAYS, LOG, RESOURCES, STOCK},
};
use std::collections::BTreeSet;
use stint_sdk::{Refusal, Time};

/// Keeps a changed resource. The cost does not depend on how much there is.
pub fn put(changed: &Changed, event: &str, number: u64, time: Time) -> Result<(), Refusal> {
    let id = &changed.after.id;
    if changed.created {
        BIRTHS.put(id, &Birth { resource: Some(changed.before.clone()) });
    }
    RESOURCES.put(id, &changed.after);
    LOG.put(&(Id::new(id), number), &event.to_string());
    let day = (Id::new(id), time.day().to_key());
    let mut sum = DAYS.get(&day).unwrap_or_default();
    let change = sum.change.get_or_insert_default();
    merge(change, &changed.effect)?;
    change.created |= changed.created;
    DAYS.put(&day, &sum);
    by_agent(&changed.before, &changed.after);
    by_container(&changed.before, &changed.after);
    Ok(())
}

/// Agents with whom the resource is found: who answers for it and who holds it, while there is something of it.
fn keepers(resource: &Resource) -> BTreeSet<String> {
    let nothing = |q| amount::of(q).is_zero();
    if nothing(&resource.accounting_quantity) && nothing(&resource.onhand_quantity) {
        return BTreeSet::new();
    }
    [&resource.primary_accountable, &resource.custodian].into_iter().filter(|a| !a.is_empty()).cloned().collect()
}

fn by_agent(before: &Resource, after: &Resource) {
    let (old, new) = (keepers(before), keepers(after));
    for agent in old.difference(&new) {
        STOCK.delete(&(Id::new(agent), after.id.clone()));
    }
    for agent in new.difference(&old) {
        STOCK.put(&(Id::new(agent), after.id.clone()), &());
    }
}

fn by_container(before: &Resource, after: &Resource) {
    if before.contained_in == after.contained_in {
        return;
    }
    if !before.contained_in.is_empty() {
        CONTENTS.delete(&(Id::new(&before.contained_in), after.id.clone()));
    }
    if !after.contained_in.is_empty() {
        CONTENTS.put(&(Id::new(&after.contained_in), after.id.clone()), &());
    }
}
