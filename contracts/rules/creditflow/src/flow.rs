//! One pass over the graph, newest first.
//!
//! What was minted is what is kept, summed over all contributions: nothing is lost on the way.

use crate::{CREDIT, settings::Settings};
use prost::Message;
use std::collections::BTreeMap;
use stint_rule::{
    Facts,
    proto::{Claim, Contribution, WeighRequest, WeighResponse, Weight},
    short,
};
use stint_sdk::{Code, Ratio, Refusal};

/// What flows to contributions that are still to come: a ratio by id.
#[derive(Clone, PartialEq, Eq, Message)]
struct Carry {
    #[prost(btree_map = "string, message", tag = "1")]
    inflow: BTreeMap<String, Inflow>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct Inflow {
    #[prost(string, tag = "1")]
    credit: String,
    /// One of those that cite it, for the refusal.
    #[prost(string, tag = "2")]
    from: String,
}

/// The same while a page is worked on.
type Pending = BTreeMap<String, (Ratio, String)>;

pub fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
    let settings = Settings::read(&request.params)?;
    let mut pending = read(&request.carry)?;
    let mut weights = Vec::with_capacity(request.contributions.len());
    for contribution in &request.contributions {
        weights.push(visit(contribution, &settings, &mut pending)?);
    }
    if let Some((cited, (_, from))) = pending.first_key_value().filter(|_| request.last) {
        let message =
            format!("{from} cites {cited}, which is none of the contributions before it; cite earlier ones only");
        return Err(Refusal::new(Code::FailedPrecondition, "F-1", message));
    }
    Ok(WeighResponse { weights, carry: write(pending) })
}

/// Everything that cites this contribution was visited before.
fn visit(c: &Contribution, settings: &Settings, pending: &mut Pending) -> Result<Weight, Refusal> {
    let minted = c.amount()?.times(settings.mint(&c.kind))?;
    let inflow = pending.remove(&c.id).map_or(Ratio::ZERO, |(credit, _)| credit);
    let credit = minted.plus(&inflow)?;
    let out = citations(c)?;
    let sources = format!("{} minted + {} from what cites it", short(&minted), short(&inflow));
    let alpha = if out.is_empty() { &Ratio::ONE } else { &settings.alpha };
    let (kept, passed) = (credit.times(alpha)?, credit.times(&Ratio::ONE.minus(alpha)?)?);
    let formula = if out.is_empty() { sources } else { format!("({sources}) × {}", short(alpha)) };
    let sum = out.values().try_fold(Ratio::ZERO, |sum, weight| sum.plus(weight))?;
    for (cited, weight) in out {
        let part = passed.times(&weight.over(&sum)?)?;
        let entry = pending.entry(cited.into()).or_insert_with(|| (Ratio::ZERO, c.id.clone()));
        entry.0 = entry.0.plus(&part)?;
    }
    Ok(Weight {
        contribution: c.id.clone(),
        stream: CREDIT.into(),
        agent: c.agent.clone(),
        weight: kept.to_string(),
        claim: Claim::None.into(),
        formula,
    })
}

/// What it cites, each with the sum of its weights.
fn citations(c: &Contribution) -> Result<BTreeMap<&str, Ratio>, Refusal> {
    let mut out: BTreeMap<&str, Ratio> = BTreeMap::new();
    for citation in &c.cites {
        let refuse =
            |why: &str| Refusal::new(Code::FailedPrecondition, "F-1", format!("{} cites {}, {why}", c.id, citation.id));
        if citation.id == c.id {
            return Err(refuse("which is itself; cite earlier contributions only"));
        }
        let weight = Ratio::parse(&citation.weight).ok().filter(|w| !w.is_negative() && !w.is_zero());
        let weight = weight.ok_or_else(|| refuse("and not with a weight above 0"))?;
        let sum = out.entry(&citation.id).or_default();
        *sum = sum.plus(&weight)?;
    }
    Ok(out)
}

fn read(carry: &[u8]) -> Result<Pending, Refusal> {
    let unreadable = || Refusal::invalid("carry", "the carry is not what this rule answered for the page before");
    let carry = Carry::decode(carry).map_err(|_| unreadable())?;
    let pending = carry.inflow.into_iter().map(|(id, i)| Ok((id, (Ratio::parse(&i.credit)?, i.from))));
    pending.collect::<Result<_, Refusal>>().map_err(|_| unreadable())
}

fn write(pending: Pending) -> Vec<u8> {
    let inflow = |(id, (credit, from)): (String, (Ratio, String))| (id, Inflow { credit: credit.to_string(), from });
    Carry { inflow: pending.into_iter().map(inflow).collect() }.encode_to_vec()
}
