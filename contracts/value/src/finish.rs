//! When everything is weighed: pools, the split, and what follows from it.

use crate::{
    accounts::{self, Accounts},
    count::{self, Debt},
    distribute::machine,
    fields,
    proto::{
        Adjustment, ClaimChange, ClaimOpened, ClaimSettled, Distributed, Distribution, Filled, Income, IncomeEntry,
        IncomeStatus, Move, Phase, Share, Totals, Work,
    },
    state::{ADJUSTMENTS, DISTRIBUTIONS, INCOMES, NUMBER_OF, PAYOUTS, SHARES, SUMS},
};
use prost::Message;
use stint_rule::{
    Machine,
    proto::{self as rule, Total},
};
use stint_sdk::{Code, Refusal, announce, context};

/// Sums by stream, agent and claim that one distribution shares at most. They are shared in one call, whose
/// memory they fill: about 2 kB each.
const MOST_SUMS: usize = 1_000;
/// Bytes of a distribution, without its shares, at most: a value in the state has 64 kB.
const MOST_BYTES: usize = 60_000;
/// Claims that one event names: an event has at most 16 kB, and a call 64 events.
const CLAIMS_IN_EVENT: usize = 60;

/// An income as rules see it.
pub fn for_rule(income: &Income) -> rule::Income {
    let Income { id, amount, purchases, date, .. } = income.clone();
    rule::Income { id, amount, purchases, date }
}

/// Pools and shares of an income, from the sums and what was owed before. The sums gain the debts owed before.
pub fn pay(
    machine: &impl Machine,
    params: &[rule::Param],
    income: &Income,
    sums: stint_rule::Totals,
    owed: &Accounts,
) -> Result<rule::Distribution, Refusal> {
    let mut totals = sums;
    let (debts, settled) = owed.totals()?;
    totals.add(&debts)?;
    few(totals.iter().count() as u64)?;
    let distribution = stint_rule::finish(machine, params, &for_rule(income), &totals, settled)?;
    balanced(income, &distribution)?;
    Ok(distribution)
}

/// Refuses more sums than one call can share.
pub fn few(sums: u64) -> Result<(), Refusal> {
    if sums <= MOST_SUMS as u64 {
        return Ok(());
    }
    let message = format!("{sums} sums by stream, agent and claim are to be shared; the limit is {MOST_SUMS}");
    Err(Refusal::new(Code::ResourceExhausted, "size", message))
}

/// V2: nothing is lost and nothing is made.
fn balanced(income: &Income, distribution: &rule::Distribution) -> Result<(), Refusal> {
    let paid: i128 = distribution.payouts.iter().map(|p| i128::from(p.amount)).sum();
    let given = paid + i128::from(distribution.undistributed);
    let there = i128::from(income.amount) - i128::from(income.purchases);
    if given == there && distribution.undistributed >= 0 {
        return Ok(());
    }
    let message = format!("shares, fund and what is undistributed sum to {given}, and {there} is to be distributed");
    Err(Refusal::new(Code::FailedPrecondition, "V2", message))
}

/// The sums that were weighed in this distribution.
fn sums(work: &Work) -> Result<stint_rule::Totals, Refusal> {
    let number = work.number.to_be_bytes();
    let mut kept = Vec::new();
    for ((_, key), weight) in SUMS.page(&number, &number, MOST_SUMS) {
        let mut parts = key.split('/').map(str::to_string);
        let mut part = || parts.next().unwrap_or_default();
        let (stream, agent) = (part(), part());
        let claim = part().parse().unwrap_or_default();
        kept.push(Total { stream, agent, claim, weight });
    }
    stint_rule::Totals::read(&kept)
}

/// What comes out of the sums, beside what was owed before.
struct Shared {
    done: rule::Distribution,
    opened: Vec<Debt>,
    owed: Accounts,
}

fn shared(work: &Work, income: &Income) -> Result<Shared, Refusal> {
    let version = work.rule.clone().unwrap_or_default();
    let (sums, owed) = (sums(work)?, Accounts::now());
    let opened = count::debts(&sums);
    let done = pay(&machine(&version)?, &fields::for_rule(&version.params), income, sums, &owed)?;
    Ok(Shared { done, opened, owed })
}

/// Shares once, to know which streams are paid: by them contributions are closed. Gives the steps that it took.
#[inline(never)]
pub fn share(work: &mut Work, income: &Income) -> Result<u64, Refusal> {
    work.paid = count::paid(&shared(work, income)?.done).into_iter().collect();
    work.set_phase(Phase::Closing);
    Ok(work.sums)
}

/// Shares again, by the same sums, and makes it known.
#[inline(never)]
pub fn publish(work: &Work, income: &Income) -> Result<(), Refusal> {
    let Shared { mut done, opened, mut owed } = shared(work, income)?;
    let changes = accounts::changes(&income.id, &opened, &done);
    let distribution = shown(work, income, &done);
    let size = distribution.encoded_len();
    if size > MOST_BYTES {
        let message = format!("the distribution takes {size} bytes; the limit is {MOST_BYTES}; use fewer pools");
        return Err(Refusal::new(Code::ResourceExhausted, "size", message));
    }
    DISTRIBUTIONS.put(&work.number, &distribution);
    NUMBER_OF.put(&income.id, &work.number);
    let entry = INCOMES.get(&income.id).unwrap_or_default();
    INCOMES.put(&income.id, &IncomeEntry { status: IncomeStatus::Distributed.into(), ..entry });
    announce(&announced(&distribution));
    for payout in std::mem::take(&mut done.payouts) {
        PAYOUTS.put(&(work.number, payout.agent), &payout.amount);
    }
    for a in std::mem::take(&mut done.adjustments) {
        let adjustment = Adjustment { agent: a.agent.clone(), amount: a.amount, formula: a.formula };
        ADJUSTMENTS.put(&(work.number, a.agent), &adjustment);
    }
    for share in std::mem::take(&mut done.shares) {
        let place = distribution.pools.iter().position(|pool| pool.name == share.pool).unwrap_or_default();
        let key = format!("{}/{place:03}/{}", share.agent, share.claim);
        SHARES.put(&(work.number, key), &shown_share(share));
    }
    announce_claims(&income.id, accounts::write(work.number, changes, &mut owed)?);
    Ok(())
}

/// Says how what is owed changed, in as few events as can be.
#[inline(never)]
fn announce_claims(by: &str, changes: Vec<(Move, String, i64)>) {
    let (mut opened, mut settled) = (Vec::new(), Vec::new());
    for (change, id, open) in changes {
        if change.paid > 0 {
            settled.push(ClaimChange { id: id.clone(), amount: change.paid.to_string(), open });
        }
        if !change.opened.is_empty() {
            opened.push(ClaimChange { id, amount: change.opened, open: open + change.paid });
        }
    }
    while !opened.is_empty() {
        let rest = opened.split_off(CLAIMS_IN_EVENT.min(opened.len()));
        announce(&ClaimOpened { claims: std::mem::replace(&mut opened, rest) });
    }
    while !settled.is_empty() {
        let rest = settled.split_off(CLAIMS_IN_EVENT.min(settled.len()));
        announce(&ClaimSettled { claims: std::mem::replace(&mut settled, rest), by: by.into() });
    }
}

fn announced(d: &Distribution) -> Distributed {
    let rule = d.rule.clone().unwrap_or_default();
    Distributed {
        id: d.id.clone(),
        totals: d.totals,
        agents: d.agents,
        rule_hash: rule.module,
        params_hash: rule.params_hash,
        contributions_root: d.contributions_root.clone(),
        shares_root: d.shares_root.clone(),
    }
}

#[inline(never)]
fn shown(work: &Work, income: &Income, done: &rule::Distribution) -> Distribution {
    let payouts = done.payouts.iter().map(|p| (p.agent.as_str(), p.amount));
    Distribution {
        id: income.id.clone(),
        number: work.number,
        income: Some(income.clone()),
        rule: work.rule.clone(),
        totals: Some(totals(income, done)),
        pools: done.pools.iter().map(shown_pool).collect(),
        contributions: work.weighed,
        agents: done.payouts.len() as u32,
        height: context().height,
        contributions_root: work.root.clone(),
        shares_root: count::shares_root(payouts).into(),
        left_out: work.left_out.clone(),
    }
}

/// What went where, in five numbers.
pub fn totals(income: &Income, done: &rule::Distribution) -> Totals {
    let to_one = |p: &&rule::Filled| p.pool.as_ref().is_some_and(|p| !p.agent.is_empty());
    let fund: i64 = done.pools.iter().filter(to_one).map(|p| p.paid).sum();
    let paid: i64 = done.payouts.iter().map(|p| p.amount).sum();
    Totals {
        amount: income.amount,
        purchases: income.purchases,
        shares: paid - fund,
        fund,
        undistributed: done.undistributed,
    }
}

fn shown_pool(filled: &rule::Filled) -> Filled {
    let pool = filled.pool.clone().unwrap_or_default();
    Filled {
        name: pool.name,
        stream: pool.stream,
        agent: pool.agent,
        basis_points: pool.basis_points,
        of: pool.of,
        base: filled.base,
        amount: filled.amount,
        paid: filled.paid,
        weight: filled.weight.clone(),
        formula: pool.formula,
    }
}

fn shown_share(share: rule::Share) -> Share {
    let rule::Share { pool, stream, agent, claim, weight, amount, formula } = share;
    Share { pool, stream, agent, claim, weight, amount, formula }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rule::Payout;

    #[test]
    fn v2_what_is_lost_or_made_on_the_way_is_refused() {
        let income = Income { amount: 100, purchases: 10, ..Income::default() };
        let paid = |amount, undistributed| {
            let payouts = vec![Payout { agent: "ana".into(), amount }];
            balanced(&income, &rule::Distribution { payouts, undistributed, ..Default::default() })
        };
        assert!(paid(80, 10).is_ok());
        for (amount, undistributed) in [(80, 9), (80, 11), (100, -10), (i64::MAX, i64::MAX)] {
            assert_eq!(paid(amount, undistributed).unwrap_err().rule, "V2");
        }
    }
}
