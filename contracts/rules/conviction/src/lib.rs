//! Conviction voting: support that stays grows, and what asks for more of the commons' means needs more of it.
//!
//! Source: Emmett, *Conviction Voting* (2019), and its form in 1Hive's Gardens.
//!
//! ```text
//! a = decay_num / decay_den           0 ≤ a < 1: what is left of conviction after a step
//! y_t = a · y_(t−1) + x               y_0 = 0; x: what a seat stakes, at most credits × weight
//!     = x · (1 − a^t) / (1 − a)
//! r = requested / funds               S = credits × weight of the electorate: all that could be staked
//! passed = r < β and Σ y ≥ ρ · S / ((1 − a) · (β − r)²)
//! ```
//!
//! Only a yes stakes. Whoever changes a ballot begins anew. All numbers are exact ratios. So that they stay short,
//! only a bounded number of steps counts (`growth.rs`): by then nearly all of the conviction is there.
#![deny(unsafe_code)]

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.rule.v1");
}

mod growth;

use proto::{
    Decide, DecideRequest, DecideResponse, DescribeRequest, DescribeResponse, decide_response::Figure,
    describe_response::Parameter,
};
use stint_sdk::{Decimal, Params, Ratio, Refusal, Rounding};

/// The rule.
pub struct Conviction;

const PARAMETERS: [(&str, &str, &str); 7] = [
    ("decay_num", "a = decay_num / decay_den: what is left of conviction after a step", ""),
    ("decay_den", "the same: 1 to 1000", ""),
    ("beta", "the largest part of the funds that one proposal may ask for, for example 1/5", ""),
    ("rho", "scales how much conviction is needed, for example 1/400", ""),
    ("funds", "what the proposals of this subject ask for, in minor units", ""),
    ("credits", "what a seat may stake for each unit of its weight", "100"),
    ("step_s", "length of a step in seconds", "86400"),
];

/// The parameters, read.
pub struct Settings {
    /// The largest denominator has few bits, and so has each power of it.
    decay: (u32, u32),
    beta: Ratio,
    rho: Ratio,
    funds: u64,
    credits: u32,
    step_s: u64,
}

impl Settings {
    fn read(request: &DecideRequest) -> Result<Settings, Refusal> {
        let params = Params::new(request.params.iter().map(|p| (p.path.as_str(), p.value.as_str())))?;
        params.only(&PARAMETERS.map(|(path, ..)| path))?;
        let settings = Settings {
            decay: (params.whole("decay_num")?, params.whole("decay_den")?),
            beta: params.ratio("beta")?,
            rho: params.ratio("rho")?,
            funds: params.whole("funds")?,
            credits: params.or("credits", 100, |p, path| p.whole(path))?,
            step_s: params.or("step_s", 86_400, |p, path| p.whole(path))?,
        };
        let (num, den) = settings.decay;
        let bounds = [
            (num < den && den <= 1000, "decay_num / decay_den is 0 to 999/1000"),
            (settings.beta > Ratio::ZERO && settings.beta <= Ratio::ONE, "beta is above 0 and at most 1"),
            (settings.rho > Ratio::ZERO, "rho is above 0"),
            (settings.funds > 0 && settings.step_s > 0, "funds and step_s are 1 or more"),
        ];
        match bounds.iter().find(|(holds, _)| !holds) {
            Some((_, bound)) => Err(Refusal::invalid("params", *bound)),
            None => Ok(settings),
        }
    }
}

impl Decide for Conviction {
    fn describe(_: DescribeRequest) -> Result<DescribeResponse, Refusal> {
        let parameter = |(path, meaning, default): (&str, &str, &str)| Parameter {
            path: path.into(),
            meaning: meaning.into(),
            default: default.into(),
        };
        Ok(DescribeResponse {
            name: "conviction".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "y = a · y + x a step; passed when r < β and Σ y ≥ ρ · S / ((1 − a) · (β − r)²)".into(),
            parameters: PARAMETERS.map(parameter).into(),
        })
    }

    fn decide(request: DecideRequest) -> Result<DecideResponse, Refusal> {
        let settings = Settings::read(&request)?;
        let conviction = growth::conviction(&settings, &request)?;
        let requested = Ratio::from(request.requested).over(&Ratio::from(settings.funds))?;
        let Some(needed) = needed(&settings, &requested, request.electorate)? else {
            let reason = format!("{requested} of the funds is asked for, and less than {} may be", settings.beta);
            return Ok(DecideResponse { passed: false, reason, figures: vec![figure("conviction", &conviction)?] });
        };
        let passed = conviction > Ratio::ZERO && conviction >= needed;
        let (has, needs) = (figure("conviction", &conviction)?, figure("needed", &needed)?);
        let verb = if passed { "reaches" } else { "does not reach" };
        let reason = format!("conviction {} {verb} {}", has.value, needs.value);
        Ok(DecideResponse { passed, reason, figures: vec![has, needs] })
    }
}

/// `ρ · S / ((1 − a) · (β − r)²)`; none when r reaches β.
fn needed(settings: &Settings, requested: &Ratio, electorate: u64) -> Result<Option<Ratio>, Refusal> {
    let room = settings.beta.minus(requested)?;
    if room <= Ratio::ZERO {
        return Ok(None);
    }
    let supply = Ratio::from(electorate).times(&Ratio::from(u64::from(settings.credits)))?;
    let lost = growth::lost(settings)?;
    settings.rho.times(&supply)?.over(&lost.times(&room)?.times(&room)?).map(Some)
}

/// Shown with six digits, rounded down; compared exactly.
fn figure(name: &str, value: &Ratio) -> Result<Figure, Refusal> {
    Ok(Figure { name: name.into(), value: Decimal::from_ratio(value, 6, Rounding::Down)?.to_string() })
}

stint_sdk::rule!(proto, Conviction);

#[cfg(test)]
mod tests;
