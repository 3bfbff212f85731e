//! How conviction grows: each seat's by the steps since it cast its ballot.

use crate::{
    Settings,
    proto::{DecideRequest, decide_request::Choice},
};
use std::collections::BTreeMap;
use stint_sdk::{Ratio, Refusal};

/// Bits that a power of the decay may have, so that a ratio's 4,096 hold every sum.
const BITS: u32 = 3600;

/// Steps that count at most.
pub fn steps(settings: &Settings) -> u64 {
    let (_, den) = settings.decay;
    u64::from(BITS / (u32::BITS - den.leading_zeros()))
}

/// 1 − a.
pub fn lost(settings: &Settings) -> Result<Ratio, Refusal> {
    Ratio::ONE.minus(&decay(settings)?)
}

fn decay(settings: &Settings) -> Result<Ratio, Refusal> {
    let (num, den) = settings.decay;
    Ratio::new(num.into(), den.into())
}

/// Σ x · (1 − a^t) / (1 − a) = (Σ x − Σ x · a^t) / (1 − a) over all who said yes.
pub fn conviction(settings: &Settings, request: &DecideRequest) -> Result<Ratio, Refusal> {
    let decay = decay(settings)?;
    let most = steps(settings);
    // Stakes by their steps: ballots of one age share a power.
    let mut by_age: BTreeMap<u64, Ratio> = BTreeMap::new();
    for ballot in request.ballots.iter().filter(|ballot| ballot.choice() == Choice::Yes) {
        let budget = u64::from(settings.credits) * u64::from(ballot.weight);
        let age = request.now_s.saturating_sub(ballot.cast_s) / settings.step_s;
        let stakes = by_age.entry(age.min(most)).or_default();
        *stakes = stakes.plus(&Ratio::from(ballot.stake.min(budget)))?;
    }
    let all = by_age.values().try_fold(Ratio::ZERO, |all, stake| all.plus(stake))?;
    // From the oldest to the youngest: what is gathered ages by the steps between two of them.
    let (mut gathered, mut at) = (Ratio::ZERO, 0);
    for (age, stake) in by_age.into_iter().rev() {
        gathered = gathered.times(&power(&decay, at.max(age) - age)?)?.plus(&stake)?;
        at = age;
    }
    let remaining = gathered.times(&power(&decay, at)?)?;
    all.minus(&remaining)?.over(&lost(settings)?)
}

/// By squaring.
fn power(base: &Ratio, exponent: u64) -> Result<Ratio, Refusal> {
    let mut result = Ratio::ONE;
    for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
        result = result.times(&result)?;
        if exponent >> bit & 1 == 1 {
            result = result.times(base)?;
        }
    }
    Ok(result)
}
