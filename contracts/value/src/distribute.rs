//! Distributing an income, in as many calls as it takes.
//!
//! ```text
//! TAKING      what was validated since the last time is taken over, as it stands (V7)
//! WEIGHING    the rule that held at the income's date (V1) weighs every open contribution, page by page
//! SHARING     the sums are shared, to know who had a share
//! CLOSING     contributions that had their share are closed
//! PUBLISHING  shares are written, claims change, and the distribution is seen
//! ```
//!
//! A call goes on until it has handled [`STEPS`] contributions or its fuel is low, keeps where it stands in
//! [`WORK`], and says how much is left. What it wrote so far bears the distribution's number, and no query looks
//! at a number before it is published.

use crate::{
    ask, close, fields, finish,
    income::find,
    proto::{DistributeRequest, DistributeResponse, Income, IncomeEntry, IncomeStatus, Phase, RuleRef, Work},
    rules,
    state::{HEAD, INCOMES, WORK, head},
    take, weigh,
};
use stint_rule::{
    Machine, Published,
    proto::{Kind, ManifestResponse, Order},
};
use stint_sdk::{Code, Refusal, context, fuel_left, require_role};

/// Contributions that one call handles at most. Memory is what bounds it: a call has 4 MB, and a contribution takes
/// about 6 kB on its way if nothing of it is used again.
const STEPS: u64 = 400;
/// Fuel that must be left to begin another page: what a page of the heaviest contributions may burn, and the end
/// of the call.
pub const RESERVE: u64 = 30_000_000;
/// Up to so many sums are shared beside other work of a call; more fill a call by themselves.
const FEW_SUMS: u64 = 100;
/// Contributions that one distribution leaves out at most.
const MOST_LEFT_OUT: usize = 100;

pub fn distribute(request: DistributeRequest) -> Result<DistributeResponse, Refusal> {
    let entry = find(&request.income)?;
    let income = entry.income.clone().unwrap_or_default();
    match entry.status() {
        IncomeStatus::Distributed => {
            return Ok(DistributeResponse { done: true, known: true, phase: Phase::Done.into(), left: 0 });
        }
        IncomeStatus::Withdrawn => return v3(format!("the income {} was withdrawn", income.id)),
        _ => {}
    }
    let mut work = match WORK.get() {
        Some(work) if work.income == income.id => work,
        Some(other) => return v3(format!("{} is being distributed; finish that first", other.income)),
        None => begin(&income, entry)?,
    };
    leave_out(&mut work, request.leave_out)?;
    go_on(&mut work, &income, request.at_most.into())
}

fn v3<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal::new(Code::FailedPrecondition, "V3", message))
}

#[inline(never)]
fn begin(income: &Income, entry: IncomeEntry) -> Result<Work, Refusal> {
    if !ask::holds_seat(&context().caller)? {
        require_role("steward", "begin a distribution")?;
    }
    let rule = rules::at(&income.date)?;
    let (_, manifest) = valuation(&rule)?;
    let mut head = head();
    head.begun += 1;
    HEAD.put(&head);
    INCOMES.put(&income.id, &IncomeEntry { status: IncomeStatus::Distributing.into(), ..entry });
    Ok(Work {
        income: income.id.clone(),
        number: head.begun,
        rule: Some(rule),
        phase: Phase::Taking.into(),
        newest_first: manifest.order() == Order::NewestFirst,
        root: crate::count::first_root().into(),
        ..Work::default()
    })
}

/// A rule that values contributions, and what it says of itself.
pub fn valuation(rule: &RuleRef) -> Result<(Published, ManifestResponse), Refusal> {
    let machine = machine(rule)?;
    let manifest = machine.manifest()?;
    if manifest.kind() == Kind::Valuation {
        return Ok((machine, manifest));
    }
    let message = format!("the module {:?} is named as a valuation rule, and is none", manifest.name);
    Err(Refusal::new(Code::FailedPrecondition, "V1", message))
}

/// The rule as it can be asked.
pub fn machine(rule: &RuleRef) -> Result<Published, Refusal> {
    Ok(Published(fields::module(&rule.module)?))
}

fn leave_out(work: &mut Work, ids: Vec<String>) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Ok(());
    }
    require_role("steward", "leave contributions out")?;
    if ![Phase::Taking, Phase::Weighing].contains(&work.phase()) {
        return v3(format!("{} is weighed already; nothing can be left out of it any more", work.income));
    }
    for id in ids {
        fields::word("leave-out", &id)?;
        if weigh::weighed(work.number, &id)? {
            return v3(format!("{id} is weighed already; withdraw {} to begin anew without it", work.income));
        }
        if !work.left_out.contains(&id) {
            work.left_out.push(id);
        }
    }
    if work.left_out.len() > MOST_LEFT_OUT {
        let message = format!("{} contributions would be left out; the limit is {MOST_LEFT_OUT}", work.left_out.len());
        return Err(Refusal::new(Code::ResourceExhausted, "leave-out", message));
    }
    Ok(())
}

/// Page after page, while the call can; at least one.
fn go_on(work: &mut Work, income: &Income, at_most: u64) -> Result<DistributeResponse, Refusal> {
    let steps = if at_most == 0 { STEPS } else { at_most.min(STEPS) };
    let mut left = steps;
    while left > 0 && (left == steps || fits(work)) {
        // A page that finds nothing ends its phase; it counts as a step, too.
        let done = match work.phase() {
            Phase::Taking => take::page(work, left)?,
            Phase::Weighing => weigh::page(work, income, left)?,
            Phase::Sharing => finish::share(work, income)?,
            Phase::Closing => close::page(work, income, left)?,
            _ => {
                finish::publish(work, income)?;
                WORK.delete();
                return Ok(DistributeResponse { done: true, known: false, phase: Phase::Done.into(), left: 0 });
            }
        };
        left = left.saturating_sub(done.max(1));
    }
    WORK.put(work);
    Ok(DistributeResponse { done: false, known: false, phase: work.phase, left: remaining(work) })
}

/// True when another page fits into this call.
fn fits(work: &Work) -> bool {
    let by_itself = [Phase::Sharing, Phase::Publishing].contains(&work.phase()) && work.sums > FEW_SUMS;
    fuel_left() > RESERVE && !by_itself
}

/// Steps that are left, at most: contributions outside of the income's time are counted, though nothing is done
/// with them.
fn remaining(work: &Work) -> u64 {
    let head = head();
    let to_take = work.take_until.saturating_sub(head.taken);
    match work.phase() {
        Phase::Taking => to_take + 2 * (head.open + to_take),
        Phase::Weighing => head.open.saturating_sub(work.walked) + head.open,
        Phase::Sharing => work.walked,
        Phase::Closing => work.walked.saturating_sub(work.closed),
        _ => 0,
    }
    .saturating_add(1)
}
