//! What distributions would have been by another rule: the question, and the report.
//!
//! Every node finds the same, however the way is cut into parts, so the hash of the report can be named in a
//! proposal.

use crate::{
    fields,
    proto::{Difference, Distribution, Param, RuleRef, WhatIfRequest, WhatIfResponse},
    recompute::payouts,
    rehearse::{Budget, Rehearsal},
    rules,
};
use prost::Message;
use std::collections::BTreeMap;
use stint_rule::proto::Payout;
use stint_sdk::{Code, Refusal, Time, context, sha256};

/// What is asked: the report's head, by which its hash begins.
#[derive(Clone, PartialEq, prost::Message)]
struct Head {
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
    #[prost(uint64, tag = "7")]
    from_height: u64,
    #[prost(uint64, tag = "8")]
    to_height: u64,
}

/// One distribution of the report.
#[derive(Clone, PartialEq, prost::Message)]
struct Line {
    /// Its shares as they are: the report is about these and no others.
    #[prost(bytes = "vec", tag = "1")]
    shares_root: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Difference>,
}

/// By which the hash ends.
#[derive(Clone, PartialEq, prost::Message)]
struct Foot {
    #[prost(int64, tag = "1")]
    sum: i64,
    #[prost(uint64, tag = "2")]
    read: u64,
}

/// A rule and a range.
pub struct Question {
    head: Head,
    params: Vec<Param>,
    /// Of a patch: the version that it changes.
    version: u32,
}

pub fn what_if(request: WhatIfRequest) -> Result<WhatIfResponse, Refusal> {
    let question = Question::of(&request)?;
    let mut rehearsal = Rehearsal::read(&question, &request.carry)?;
    // No distribution depends on any other slot: there the report is empty.
    let done = question.head.slot != rules::VALUATION || rehearsal.go_on(Budget::new(request.at_most))?;
    let at = &rehearsal.at;
    let (sum_diff, rows_read, progress) = (at.sum, at.read, at.progress);
    let report_hash = next(&at.chain, &Foot { sum: sum_diff, read: rows_read });
    let distributions = std::mem::take(&mut rehearsal.rows);
    let carry = if done { Vec::new() } else { rehearsal.write()? };
    Ok(WhatIfResponse {
        report_hash: if done { report_hash.into() } else { Vec::new() },
        distributions,
        sum_diff,
        rows_read,
        done,
        carry,
        progress,
        module: question.head.module,
        params_hash: question.head.params_hash,
        version: question.version,
    })
}

impl Question {
    #[inline(never)]
    fn of(request: &WhatIfRequest) -> Result<Question, Refusal> {
        fields::word("slot", &request.slot)?;
        if !request.module.is_empty() {
            fields::module(&request.module)?;
        }
        let (module, params, version) = match request.patch {
            true => patched(request)?,
            false if request.unset.is_empty() => (request.module.clone(), request.params.clone(), 0),
            false => return Err(Refusal::invalid("unset", "parameters are left out of a patch; set patch")),
        };
        let (params, hash) = fields::params(&params)?;
        rules::small(&RuleRef { module: module.clone(), params: params.clone(), ..RuleRef::default() })?;
        let head = Head {
            commons: context().commons,
            slot: request.slot.clone(),
            module,
            params_hash: hash.into(),
            from: bound(&request.from)?,
            to: bound(&request.to)?,
            from_height: request.from_height,
            to_height: request.to_height,
        };
        Ok(Question { head, params, version })
    }

    /// By which a carry is known to be of this question, and the report's hash begins.
    pub fn digest(&self) -> [u8; 32] {
        next(b"stint.value.v1 what-if", &self.head)
    }

    /// True when a distribution was done in the blocks, and its income is dated in the time, that were asked for.
    pub fn holds(&self, d: &Distribution) -> bool {
        let Head { from, to, from_height, to_height, .. } = &self.head;
        let date = d.income.as_ref().and_then(|i| Time::parse(&i.date).ok()).unwrap_or_default();
        let before = |bound: &str| !bound.is_empty() && Time::parse(bound).is_ok_and(|bound| date < bound);
        !before(from)
            && (to.is_empty() || before(to))
            && d.height >= *from_height
            && (*to_height == 0 || d.height <= *to_height)
    }

    /// The rule by which a distribution is gone through: one that lies between and is not of the range keeps its own,
    /// and what it shares may differ all the same.
    pub fn rule(&self, kept: &Distribution) -> RuleRef {
        let rule = kept.rule.clone().unwrap_or_default();
        if !self.holds(kept) {
            return rule;
        }
        let module = if self.head.module.is_empty() { rule.module } else { self.head.module.clone() };
        RuleRef { module, params: self.params.clone(), ..RuleRef::default() }
    }
}

/// Module and parameters of the newest version, with the changes; and that version.
#[inline(never)]
fn patched(request: &WhatIfRequest) -> Result<(Vec<u8>, Vec<Param>, u32), Refusal> {
    let newest = rules::newest(&request.slot)?;
    let mut params = newest.params;
    if let Some(path) = request.unset.iter().find(|path| !params.iter().any(|p| p.path == **path)) {
        let shown: String = path.chars().take(80).collect();
        let message = format!("version {} has no parameter {shown:?} to leave out", newest.version);
        return Err(Refusal::invalid("unset", message));
    }
    params.retain(|p| !request.unset.contains(&p.path) && !request.params.iter().any(|set| set.path == p.path));
    params.extend(request.params.iter().cloned());
    let module = if request.module.is_empty() { newest.module } else { request.module.clone() };
    Ok((module, params, newest.version))
}

/// One moment has one text, however it was written.
fn bound(time: &str) -> Result<String, Refusal> {
    if time.is_empty() { Ok(String::new()) } else { Ok(Time::parse(time)?.to_string()) }
}

/// The chain with one more message.
fn next(chain: &[u8], message: &impl Message) -> [u8; 32] {
    sha256(&[chain, &message.encode_to_vec()].concat())
}

/// A distribution beside what it would have been.
pub struct Compared {
    /// With this distribution.
    pub chain: [u8; 32],
    pub rows: Vec<Difference>,
    pub sum: i64,
}

/// Compares what each agent got with what it would have got.
pub fn compare(chain: &[u8], kept: &Distribution, new: Vec<Payout>) -> Result<Compared, Refusal> {
    let mut agents: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    payouts(kept.number).for_each(|(agent, old)| agents.entry(agent).or_default().0 = old);
    new.into_iter().for_each(|p| agents.entry(p.agent).or_default().1 = p.amount);
    let row = |(agent, (old, new)): (String, (i64, i64))| {
        let diff = new.checked_sub(old).ok_or_else(too_much)?;
        Ok(Difference { id: kept.id.clone(), agent, old, new, diff })
    };
    let rows = agents.into_iter().map(row).collect::<Result<Vec<_>, Refusal>>()?;
    let sum = rows.iter().try_fold(0i64, |sum, row| sum.checked_add(row.diff)).ok_or_else(too_much)?;
    let line = Line { shares_root: kept.shares_root.clone(), rows };
    Ok(Compared { chain: next(chain, &line), rows: line.rows, sum })
}

/// What is refused that no sum holds.
pub fn too_much() -> Refusal {
    Refusal::new(Code::OutOfRange, "overflow", "the sum of the differences does not fit")
}
