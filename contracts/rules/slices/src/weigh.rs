//! Contributions to slices: each by itself.
//!
//! A contribution of kind `cash` is cash, one in hours is time, and every other one is a thing or an idea whose
//! `value` the commons agreed on.

use crate::{SLICES, settings::Settings};
use stint_rule::{
    Facts,
    proto::{Claim, Contribution, WeighRequest, WeighResponse, Weight},
    short,
};
use stint_sdk::{Ratio, Refusal};

pub fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
    let settings = Settings::read(&request.params)?;
    let weights = request.contributions.iter().map(|c| weight(c, &settings)).collect::<Result<_, _>>()?;
    Ok(WeighResponse { weights, carry: Vec::new() })
}

fn weight(c: &Contribution, settings: &Settings) -> Result<Weight, Refusal> {
    let cash = c.kind == "cash";
    let (at_risk, text) = match (cash, c.unit.as_str()) {
        (true, _) => (c.amount()?, c.shown()),
        (false, "h") => hours(c, settings)?,
        (false, _) => (c.needed("value")?, format!("value {}", c.attributes["value"])),
    };
    let left = settings.left_without_reason(&c.agent);
    let multiplier = match (cash, left) {
        (true, false) => settings.cash.clone(),
        (true, true) => Ratio::ONE,
        (false, false) => settings.noncash.clone(),
        (false, true) => Ratio::ZERO,
    };
    let reason = if left { ", for who left without a good reason" } else { "" };
    let slices = at_risk.times(&multiplier)?;
    Ok(Weight {
        contribution: c.id.clone(),
        stream: SLICES.into(),
        agent: c.agent.clone(),
        weight: slices.to_string(),
        claim: Claim::Equity.into(),
        formula: format!("{text} × {} = {}{reason}", short(&multiplier), short(&slices)),
    })
}

/// Hours for less than fair pay. The commons' rate goes before the one that a contribution states.
fn hours(c: &Contribution, settings: &Settings) -> Result<(Ratio, String), Refusal> {
    let rate = match settings.rate(&c.agent) {
        Some(rate) => rate.clone(),
        None => c.needed("rate")?,
    };
    let paid = c.fact("paid")?.unwrap_or_default();
    // Who is paid in full, or more, puts nothing at risk.
    let missing = rate.minus(&paid)?.max(Ratio::ZERO);
    Ok((c.amount()?.times(&missing)?, format!("{} × ({} − {})", c.shown(), short(&rate), short(&paid))))
}
