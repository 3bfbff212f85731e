//! Gifts to weights. What each member has given so far is carried from page to page.

use crate::{PEER, settings::Settings};
use prost::Message;
use std::collections::BTreeMap;
use stint_rule::{
    Facts,
    proto::{Claim, Contribution, WeighRequest, WeighResponse, Weight},
};
use stint_sdk::{Code, Refusal, Rounding};

/// Units given so far, by round and giver. A round is what the fact `round` names; without one there is one round.
#[derive(Clone, PartialEq, Eq, Message)]
struct Given {
    #[prost(btree_map = "string, uint64", tag = "1")]
    units: BTreeMap<String, u64>,
}

pub fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
    let settings = Settings::read(&request.params)?;
    let unreadable = |_| Refusal::invalid("carry", "the carry is not what this rule answered for the page before");
    let mut given = Given::decode(request.carry.as_slice()).map_err(unreadable)?;
    let weights = request.contributions.iter().map(|gift| weight(gift, &settings, &mut given));
    let weights = weights.collect::<Result<_, _>>()?;
    Ok(WeighResponse { weights, carry: given.encode_to_vec() })
}

fn weight(gift: &Contribution, settings: &Settings, given: &mut Given) -> Result<Weight, Refusal> {
    let (id, from, to) = (&gift.id, &gift.agent, &gift.to);
    if from == to {
        return refuse("P-self", format!("{id}: {from} gives to themselves; give to others"));
    }
    if let Some(stranger) = [from, to].into_iter().find(|a| a.is_empty() || !settings.is_member(a)) {
        return refuse("P-member", format!("{id}: {stranger:?} is no member of this round"));
    }
    if !settings.receives(to) {
        return refuse("P-opt-out", format!("{id}: {to} opted out of receiving; give to another member"));
    }
    let units = units(gift)?;
    let round = gift.attributes.get("round").map_or("", String::as_str);
    let before = given.units.entry(format!("{round}/{from}")).or_default();
    let after = before.checked_add(units).filter(|sum| *sum <= settings.give);
    let Some(after) = after else {
        let left = settings.give - *before;
        return refuse("P-limit", format!("{id}: {from} gives {units}, and has {left} of {} left", settings.give));
    };
    *before = after;
    Ok(Weight {
        contribution: id.clone(),
        stream: PEER.into(),
        agent: to.clone(),
        weight: units.to_string(),
        claim: Claim::Once.into(),
        formula: format!("{units} from {from}"),
    })
}

fn units(gift: &Contribution) -> Result<u64, Refusal> {
    let amount = gift.amount()?;
    let whole = amount.round(Rounding::Down)?;
    match u64::try_from(whole) {
        Ok(units) if stint_sdk::Ratio::from(units) == amount => Ok(units),
        _ => refuse("P-whole", format!("{}: {amount} is no whole number of units", gift.id)),
    }
}

fn refuse<T>(rule: &str, message: String) -> Result<T, Refusal> {
    Err(Refusal::new(Code::FailedPrecondition, rule, message))
}
