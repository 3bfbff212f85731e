//! Putting effects on: to a resource, or two of them together.

use crate::{
    amount,
    proto::{Effect, Resource},
};
use stint_sdk::Refusal;

/// The resource after an effect.
pub fn apply(resource: &mut Resource, effect: &Effect) -> Result<(), Refusal> {
    for (quantity, change) in
        [(&mut resource.accounting_quantity, &effect.accounting), (&mut resource.onhand_quantity, &effect.onhand)]
    {
        if let Some(quantity) = quantity {
            amount::add(&mut quantity.value, amount::kept(change))?;
        }
    }
    let set = |field: &mut String, change: &Option<String>| {
        if let Some(text) = change {
            field.clone_from(text);
        }
    };
    set(&mut resource.primary_accountable, &effect.primary_accountable);
    set(&mut resource.custodian, &effect.custodian);
    set(&mut resource.current_location, &effect.current_location);
    set(&mut resource.contained_in, &effect.contained_in);
    set(&mut resource.stage, &effect.stage);
    set(&mut resource.state, &effect.state);
    resource.away = effect.away.unwrap_or(resource.away);
    resource.events += 1;
    Ok(())
}

/// Two effects on one resource, one after the other, as one.
pub fn merge(sum: &mut Effect, next: &Effect) -> Result<(), Refusal> {
    amount::add(&mut sum.accounting, amount::kept(&next.accounting))?;
    amount::add(&mut sum.onhand, amount::kept(&next.onhand))?;
    let set = |field: &mut Option<String>, change: &Option<String>| {
        if change.is_some() {
            field.clone_from(change);
        }
    };
    set(&mut sum.primary_accountable, &next.primary_accountable);
    set(&mut sum.custodian, &next.custodian);
    set(&mut sum.current_location, &next.current_location);
    set(&mut sum.contained_in, &next.contained_in);
    set(&mut sum.stage, &next.stage);
    set(&mut sum.state, &next.state);
    sum.away = next.away.or(sum.away);
    Ok(())
}
