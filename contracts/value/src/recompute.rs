//! Running the rule again over what a distribution took: the same must come out.
//!
//! A query has 16 MB of memory, and one fuel, so a long distribution is run again in parts: each answer carries where
//! it stands, and the next question hands that in. Whoever changes it on the way fools nobody else.

use crate::{
    count, finish,
    proto::{Distribution, RecomputeCarry, RecomputeRequest, RecomputeResponse, Sum},
    replay::{Progress, Replay, Rule},
    show,
    state::PAYOUTS,
};
use prost::Message;
use stint_rule::{
    Totals,
    proto::{self as rule, Total},
};
use stint_sdk::Refusal;

/// Contributions that one query weighs: about 4 kB each.
pub const MOST: u64 = 2_000;

pub fn recompute(request: RecomputeRequest) -> Result<RecomputeResponse, Refusal> {
    let kept = show::find(&request.distribution)?;
    let rule = Rule::of(&kept.rule.clone().unwrap_or_default())?;
    let mut replay = Replay::before(kept.number);
    let (mut at, mut steps) = (read(&request.carry)?, 0);
    let mut done = false;
    while !done && steps < MOST {
        let page = replay.page(&kept, &rule, &mut at)?;
        page.weighed.values().try_for_each(|of| at.sums.add(&of.counts))?;
        (done, steps) = (page.last, steps + page.steps.max(1));
    }
    let (contributions, root) = (at.contributions, at.root.clone());
    if !done {
        return Ok(RecomputeResponse { contributions, carry: write(at), ..RecomputeResponse::default() });
    }
    while replay.owe(kept.number)?.is_some() {}
    let again = replay.pay(&kept, &rule, at.sums)?;
    let payouts = again.payouts.iter().map(|p| (p.agent.as_str(), p.amount));
    let shares_root = count::shares_root(payouts);
    let difference = difference(&kept, &again, contributions, (&root, &shares_root)).unwrap_or_default();
    Ok(RecomputeResponse {
        done,
        equal: difference.is_empty(),
        difference,
        contributions,
        contributions_root: root,
        shares_root: shares_root.into(),
        carry: Vec::new(),
    })
}

fn read(carry: &[u8]) -> Result<Progress, Refusal> {
    let kept = RecomputeCarry::decode(carry).map_err(|_| no_place())?;
    Ok(Progress {
        cursor: kept.cursor,
        carry: kept.rule,
        sums: read_sums(kept.sums)?,
        contributions: kept.contributions,
        root: if kept.root.is_empty() { count::first_root().into() } else { kept.root },
    })
}

fn write(at: Progress) -> Vec<u8> {
    let (cursor, rule, sums) = (at.cursor, at.carry, write_sums(&at.sums));
    RecomputeCarry { cursor, rule, sums, contributions: at.contributions, root: at.root }.encode_to_vec()
}

/// What a carry is refused with that is none.
pub fn no_place() -> Refusal {
    Refusal::invalid("carry", "this is no place to go on from; take it from the answer before, and ask the same")
}

/// Takes over sums that were carried.
#[inline(never)]
pub fn read_sums(carried: Vec<Sum>) -> Result<Totals, Refusal> {
    let total = |s: Sum| Total { stream: s.stream, agent: s.agent, claim: s.claim, weight: s.weight };
    Totals::read(&carried.into_iter().map(total).collect::<Vec<_>>())
}

/// Sums, to be carried.
#[inline(never)]
pub fn write_sums(sums: &Totals) -> Vec<Sum> {
    let sum = |t: Total| Sum { stream: t.stream, agent: t.agent, claim: t.claim, weight: t.weight };
    sums.write().into_iter().map(sum).collect()
}

/// The first difference, in words. The roots are those of contributions and shares.
fn difference(
    kept: &Distribution,
    again: &rule::Distribution,
    contributions: u64,
    (root, shares_root): (&[u8], &[u8]),
) -> Option<String> {
    if kept.contributions_root != root {
        let weighed = kept.contributions;
        return Some(format!("the contributions differ: {weighed} were weighed, and {contributions} count now"));
    }
    let differs = |agent: &str, was: i64, is: i64| Some(format!("{agent} got {was}, and {is} comes out"));
    let got: Vec<(String, i64)> = payouts(kept.number).collect();
    for payout in &again.payouts {
        let was = got.iter().find(|(agent, _)| *agent == payout.agent).map_or(0, |(_, amount)| *amount);
        if was != payout.amount {
            return differs(&payout.agent, was, payout.amount);
        }
    }
    let paid = |agent: &String| again.payouts.iter().any(|p| p.agent == *agent);
    if let Some((agent, was)) = got.iter().find(|(agent, _)| !paid(agent)) {
        return differs(agent, *was, 0);
    }
    let totals = finish::totals(&kept.income.clone().unwrap_or_default(), again);
    if kept.totals != Some(totals) {
        return Some(format!("the totals were {:?}, and {totals:?} come out", kept.totals.unwrap_or_default()));
    }
    (kept.shares_root != shares_root).then(|| "the root of the shares differs".into())
}

/// What each agent got, in the order of agents.
pub fn payouts(number: u32) -> impl Iterator<Item = (String, i64)> {
    let (from, until) = (number.to_be_bytes(), (number + 1).to_be_bytes());
    PAYOUTS.range(&from, &until).map(|((_, agent), amount)| (agent, amount)).collect::<Vec<_>>().into_iter()
}
