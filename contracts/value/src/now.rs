//! By which weights a stream would be shared if an income came now.

use crate::{
    accounts::Accounts,
    ask,
    count::{self, PAGE, PAGE_BYTES, mark},
    distribute::machine,
    fields,
    proto::{ShareNow, SharesNowRequest, SharesNowResponse},
    rules,
    state::{MARKS, OPEN, TAKEN, head},
};
use prost::Message;
use stint_rule::{
    Machine, Open, Totals,
    proto::{Contribution, Order},
};
use stint_sdk::{Day, Ratio, Refusal, Time, context, split_ratios};

/// 100 %.
const WHOLE: u128 = 10_000;
/// Contributions that are asked for at once.
const ROWS: u32 = 1000;

pub fn shares(request: SharesNowRequest) -> Result<SharesNowResponse, Refusal> {
    fields::word("bucket", &request.bucket)?;
    let now = Time::of_time_ms(context().time_ms);
    let rule = rules::at(&now.to_string())?;
    let (machine, params) = (machine(&rule)?, fields::for_rule(&rule.params));
    let mut contributions = open(now.day())?;
    if machine.manifest()?.order() == Order::NewestFirst {
        contributions.reverse();
    }
    let mut sums = weigh(&machine, &params, contributions)?;
    let (debts, settled) = Accounts::now().totals()?;
    sums.add(&debts)?;
    shown(Open::new(&sums, settled)?.of(&request.bucket))
}

/// What a distribution would weigh today, the oldest first: what is open, and what it would take.
#[inline(never)]
fn open(today: Day) -> Result<Vec<Contribution>, Refusal> {
    let until = (today.to_key() + 1).to_be_bytes();
    let mut all: Vec<Contribution> = OPEN.range(&[], &until).filter_map(|((_, id), _)| TAKEN.get(&id)).collect();
    let mut after = head().taken;
    loop {
        let found = ask::validated(after, ROWS)?;
        if found.contributions.is_empty() {
            break;
        }
        after = found.last;
        for c in found.contributions {
            if fields::day_of(&c)? <= today.to_key() && !TAKEN.has(&c.id) {
                all.push(c);
            }
        }
    }
    all.sort_by(|a, b| (&a.date, &a.id).cmp(&(&b.date, &b.id)));
    Ok(all)
}

#[inline(never)]
fn weigh(
    machine: &impl Machine,
    params: &[stint_rule::proto::Param],
    all: Vec<Contribution>,
) -> Result<Totals, Refusal> {
    let mut asking = count::Asking { rule: machine, params, carry: Vec::new() };
    let mut sums = Totals::default();
    for (page, last) in pages(all) {
        let had = |w: &stint_rule::proto::Weight| MARKS.has(&mark(&w.contribution, &w.stream, &w.agent));
        for of in asking.page(page, last, had)?.into_values() {
            sums.add(&of.counts)?;
        }
    }
    Ok(sums)
}

/// Contributions in the pages in which a rule is asked about them, and whether a page is the last. There is always
/// one.
fn pages(contributions: Vec<Contribution>) -> impl Iterator<Item = (Vec<Contribution>, bool)> {
    let mut rest = contributions.into_iter().peekable();
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let (mut page, mut bytes) = (Vec::new(), 0);
        while let Some(c) =
            rest.next_if(|c| page.is_empty() || (page.len() < PAGE && bytes + c.encoded_len() <= PAGE_BYTES))
        {
            bytes += c.encoded_len();
            page.push(c);
        }
        done = rest.peek().is_none();
        Some((page, done))
    })
}

fn shown(rows: Vec<(stint_rule::Key, Ratio)>) -> Result<SharesNowResponse, Refusal> {
    let sum = rows.iter().try_fold(Ratio::ZERO, |sum, (_, weight)| sum.plus(weight))?;
    let parties: Vec<((&str, i32), Ratio)> =
        rows.iter().map(|(key, weight)| ((key.agent.as_str(), key.claim as i32), weight.clone())).collect();
    let parts = if sum.is_zero() { Vec::new() } else { split_ratios(WHOLE, &parties)? };
    let mut shown: Vec<(Ratio, ShareNow)> = Vec::with_capacity(rows.len());
    for ((key, weight), part) in rows.iter().zip(parts) {
        let (agent, claim) = (key.agent.clone(), key.claim.into());
        let share = ShareNow { agent, claim, weight: weight.to_string(), basis_points: part as u32 };
        shown.push((weight.clone(), share));
    }
    shown.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.agent.cmp(&b.1.agent)));
    Ok(SharesNowResponse { shares: shown.into_iter().map(|(_, share)| share).collect(), weight: sum.to_string() })
}
