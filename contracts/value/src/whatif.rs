//! What the distributions of a time would have been by another rule.
//!
//! From the first of them on each is gone through again, with all that follows for the next: which contributions
//! had their share, and what is owed. Every node finds the same, so the hash of the report can be named in a
//! proposal.

use crate::{
    distribute::machine,
    fields,
    proto::{Difference, Distribution, Param, RuleRef, WhatIfRequest, WhatIfResponse},
    recompute::payouts,
    replay::Replay,
    state::DISTRIBUTIONS,
};
use prost::Message;
use std::collections::BTreeMap;
use stint_sdk::{Code, Refusal, Time, context, sha256};

/// Rows of a report: an answer has at most 1 MB.
const MOST_ROWS: usize = 8_000;
/// The slot on which distributions depend.
const VALUATION: &str = "valuation";

/// What the report's hash is over.
#[derive(Clone, PartialEq, prost::Message)]
struct Report {
    #[prost(string, tag = "1")]
    commons: String,
    #[prost(string, tag = "2")]
    slot: String,
    #[prost(bytes = "vec", tag = "3")]
    module: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    params_hash: Vec<u8>,
    #[prost(string, tag = "5")]
    from: String,
    #[prost(string, tag = "6")]
    to: String,
    /// Each distribution's shares as they are: the report is about these and no others.
    #[prost(bytes = "vec", repeated, tag = "7")]
    roots: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "8")]
    rows: Vec<Difference>,
    #[prost(int64, tag = "9")]
    sum: i64,
    #[prost(uint64, tag = "10")]
    read: u64,
}

pub fn what_if(request: WhatIfRequest) -> Result<WhatIfResponse, Refusal> {
    fields::word("slot", &request.slot)?;
    let (params, hash) = fields::params(&request.params)?;
    if !request.module.is_empty() {
        fields::module(&request.module)?;
    }
    let mut report = Report {
        commons: context().commons,
        slot: request.slot.clone(),
        module: request.module.clone(),
        params_hash: hash.into(),
        from: bound(&request.from)?,
        to: bound(&request.to)?,
        ..Report::default()
    };
    // No distribution depends on any other slot: there the report is empty.
    if request.slot == VALUATION {
        go_through(&mut report, &params)?;
    }
    let report_hash = sha256(&report.encode_to_vec()).into();
    Ok(WhatIfResponse { report_hash, distributions: report.rows, sum_diff: report.sum, rows_read: report.read })
}

/// One moment has one text, however it was written.
fn bound(time: &str) -> Result<String, Refusal> {
    if time.is_empty() { Ok(String::new()) } else { Ok(Time::parse(time)?.to_string()) }
}

fn go_through(report: &mut Report, params: &[Param]) -> Result<(), Refusal> {
    let (from, to) = (report.from.clone(), report.to.clone());
    let inside = |d: &Distribution| within(d, &from, &to);
    let all: Vec<Distribution> = DISTRIBUTIONS.range(&[], &[]).map(|(_, d)| d).collect();
    let Some(first) = all.iter().position(inside) else { return Ok(()) };
    let last = all.iter().rposition(inside).unwrap_or(first);
    let mut replay = Replay::before(all[first].number)?;
    for kept in &all[first..=last] {
        let rule = kept.rule.clone().unwrap_or_default();
        // One between them whose income is outside of the time keeps its rule; what it shares may differ all the same.
        let rule = if inside(kept) { patched(&rule, &report.module, params) } else { rule };
        let (again, weighed) = replay.again(kept, &machine(&rule)?, &fields::for_rule(&rule.params))?;
        compare(report, kept, again.payouts.into_iter().map(|p| (p.agent, p.amount)))?;
        report.read += weighed;
    }
    Ok(())
}

fn patched(rule: &RuleRef, module: &[u8], params: &[Param]) -> RuleRef {
    let module = if module.is_empty() { rule.module.clone() } else { module.to_vec() };
    RuleRef { module, params: params.to_vec(), ..RuleRef::default() }
}

/// True when the income's date is in the time.
fn within(d: &Distribution, from: &str, to: &str) -> bool {
    let date = d.income.as_ref().and_then(|i| Time::parse(&i.date).ok()).unwrap_or_default();
    let before = |bound: &str| !bound.is_empty() && Time::parse(bound).is_ok_and(|bound| date < bound);
    !before(from) && (to.is_empty() || before(to))
}

/// Adds a row for each agent.
fn compare(report: &mut Report, kept: &Distribution, new: impl Iterator<Item = (String, i64)>) -> Result<(), Refusal> {
    let mut rows: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    payouts(kept.number).for_each(|(agent, old)| rows.entry(agent).or_default().0 = old);
    new.for_each(|(agent, new)| rows.entry(agent).or_default().1 = new);
    for (agent, (old, new)) in rows {
        let too_much = || Refusal::new(Code::OutOfRange, "overflow", "the sum of the differences does not fit");
        let diff = new - old;
        report.sum = report.sum.checked_add(diff).ok_or_else(too_much)?;
        report.rows.push(Difference { id: kept.id.clone(), agent, old, new, diff });
    }
    report.roots.push(kept.shares_root.clone());
    if report.rows.len() > MOST_ROWS {
        let message = format!("the report has more than {MOST_ROWS} rows; ask for a shorter time");
        return Err(Refusal::new(Code::ResourceExhausted, "size", message));
    }
    Ok(())
}
