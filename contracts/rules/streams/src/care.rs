//! Who gives to whom for hours of care.
//!
//! ```text
//! target     = hours of all members / members
//! gives(i)   = floor(gross(i) × (1 − hours(i) / target) × strength)     where hours(i) < target
//! receives(i)= what all give, by hours(i) − target                      where hours(i) > target
//! ```

use crate::{CARE, settings::Settings};
use std::collections::{BTreeMap, BTreeSet};
use stint_rule::{
    proto::{Adjustment, SettleRequest, SettleResponse},
    short,
};
use stint_sdk::{Ratio, Refusal, Rounding, split_ratios};

/// A member's gross share in minor units, and hours of care.
type Standing = (i64, Ratio);

pub fn settle(request: SettleRequest) -> Result<SettleResponse, Refusal> {
    let settings = Settings::read(&request.params)?;
    let members = standings(&request, &settings.members)?;
    let hours = members.values().try_fold(Ratio::ZERO, |sum, (_, hours)| sum.plus(hours))?;
    if hours.is_zero() {
        return Ok(SettleResponse::default());
    }
    let target = hours.over(&Ratio::from(members.len() as u64))?;
    let mut adjustments = given(&members, &target, &settings.strength)?;
    let pot: i64 = adjustments.iter().map(|a| -a.amount).sum();
    if pot > 0 {
        adjustments.extend(received(&members, &target, pot)?);
    }
    // This period's care has had its part.
    Ok(SettleResponse { adjustments, closes: vec![CARE.into()] })
}

fn standings(request: &SettleRequest, committed: &BTreeSet<String>) -> Result<BTreeMap<String, Standing>, Refusal> {
    let mut members: BTreeMap<String, Standing> = committed.iter().map(|m| (m.clone(), Standing::default())).collect();
    let counts = |agent: &str| committed.is_empty() || committed.contains(agent);
    for share in request.shares.iter().filter(|s| counts(&s.agent)) {
        members.entry(share.agent.clone()).or_default().0 += share.amount;
    }
    for total in request.totals.iter().filter(|t| t.stream == CARE && counts(&t.agent)) {
        let hours = &mut members.entry(total.agent.clone()).or_default().1;
        *hours = hours.plus(&Ratio::parse(&total.weight)?)?;
    }
    Ok(members)
}

fn given(members: &BTreeMap<String, Standing>, target: &Ratio, strength: &Ratio) -> Result<Vec<Adjustment>, Refusal> {
    let mut gifts = Vec::new();
    for (agent, (gross, hours)) in members.iter().filter(|(_, (_, hours))| hours < target) {
        let missing = Ratio::ONE.minus(&hours.over(target)?)?;
        let exact = Ratio::from(*gross).times(&missing)?.times(strength)?;
        // A part of an `i64` fits one.
        let amount = i64::try_from(exact.round(Rounding::Down)?).unwrap_or(*gross);
        if amount > 0 {
            let formula =
                format!("{gross} × (1 − {} / {}) × {} → {amount}", short(hours), short(target), short(strength));
            gifts.push(Adjustment { agent: agent.clone(), amount: -amount, formula });
        }
    }
    Ok(gifts)
}

/// When somebody is below the mean, somebody is above it.
fn received(members: &BTreeMap<String, Standing>, target: &Ratio, pot: i64) -> Result<Vec<Adjustment>, Refusal> {
    let mut surplus = Vec::new();
    for (agent, (_, hours)) in members.iter().filter(|(_, (_, hours))| hours > target) {
        surplus.push((agent, hours.minus(target)?));
    }
    let all = surplus.iter().try_fold(Ratio::ZERO, |sum, (_, hours)| sum.plus(hours))?;
    let parts = split_ratios(u128::from(pot.unsigned_abs()), &surplus)?;
    let adjustment = |((agent, hours), part): (&(&String, Ratio), u128)| {
        let amount = i64::try_from(part).unwrap_or(pot);
        let formula = format!("{pot} × {} / {} hours above {} → {amount}", short(hours), short(&all), short(target));
        Adjustment { agent: (*agent).clone(), amount, formula }
    };
    Ok(surplus.iter().zip(parts).map(adjustment).filter(|a| a.amount > 0).collect())
}
