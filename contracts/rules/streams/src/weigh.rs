//! Credits and hours to weights: each contribution by itself, in the stream that it was logged for.

use crate::{CARE, LIVELIHOOD, LOVE, settings::Settings};
use stint_rule::{
    Facts,
    proto::{Claim, Contribution, WeighRequest, WeighResponse, Weight},
};
use stint_sdk::{Ratio, Refusal};

pub fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
    let settings = Settings::read(&request.params)?;
    let mut weights = Vec::new();
    for c in &request.contributions {
        weights.extend(weight(c, &settings)?);
    }
    Ok(WeighResponse { weights, carry: Vec::new() })
}

fn weight(c: &Contribution, settings: &Settings) -> Result<Option<Weight>, Refusal> {
    let (factor, claim) = match c.stream.as_str() {
        LIVELIHOOD => (Ratio::ONE, Claim::Once),
        // A debt weighs what is owed.
        LOVE => (settings.credit.clone(), Claim::Debt),
        CARE if c.unit != "h" => {
            let message = format!("the contribution {} is {} of care; care is counted in h", c.id, c.shown());
            return Err(Refusal::invalid("R6", message));
        }
        CARE => (Ratio::ONE, Claim::Once),
        _ => return Ok(None),
    };
    let formula = if claim == Claim::Debt { format!("{} × {factor}", c.shown()) } else { c.shown() };
    Ok(Some(Weight {
        contribution: c.id.clone(),
        stream: c.stream.clone(),
        agent: c.agent.clone(),
        weight: c.amount()?.times(&factor)?.to_string(),
        claim: claim.into(),
        formula,
    }))
}
