//! What the change of a rule would have done (G4): a proposal cites a report, and the charter has it recomputed.
//!
//! A change of the slots valuation, contribution and eco decides who gets what, so nobody votes on it blindly. The
//! report is made by `stint.value.v1.Value/WhatIf` of the same commons: a query, alike on every validator. The
//! charter asks it itself and compares the hash: in one call when the report is short, else in as many as it takes,
//! before the vote opens. A slot's first version replaces nothing, so there is nothing to recompute, and no report is
//! needed.

use crate::{
    history,
    path::Name,
    proto::{Check, Param, Proposal, Rule, WhatIf},
    state::CHECKS,
    words::{self, forbidden},
};
use stint_sdk::{Key, Method, Refusal, Time, context};

/// Slots whose changes are voted on with their consequences in sight.
pub const SLOTS: [&str; 3] = ["valuation", "contribution", "eco"];

/// Steps of a report that one call checks, with a contribution each: a call has 4 MB of memory.
const STEPS: u32 = 400;
/// Bytes of a piece of what stands between two calls: a value has at most 64 kB.
const PIECE: usize = 60_000;
/// Pieces that there are at most.
const PIECES: usize = 8;

/// `stint.value.v1.WhatIfRequest`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WhatIfRequest {
    #[prost(string, tag = "1")]
    pub slot: String,
    #[prost(bytes = "vec", tag = "2")]
    pub module: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    pub params: Vec<Param>,
    #[prost(string, tag = "4")]
    pub from: String,
    #[prost(string, tag = "5")]
    pub to: String,
    #[prost(uint64, tag = "6")]
    pub from_height: u64,
    #[prost(uint64, tag = "7")]
    pub to_height: u64,
    #[prost(uint32, tag = "10")]
    pub at_most: u32,
    #[prost(bytes = "vec", tag = "11")]
    pub carry: Vec<u8>,
}

/// `stint.value.v1.WhatIfResponse`, as far as the charter reads it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WhatIfResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub report_hash: Vec<u8>,
    #[prost(bool, tag = "5")]
    pub done: bool,
    #[prost(bytes = "vec", tag = "6")]
    pub carry: Vec<u8>,
    #[prost(message, optional, tag = "7")]
    pub progress: Option<Progress>,
}

/// `stint.value.v1.WhatIfProgress`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Progress {
    #[prost(uint32, tag = "1")]
    pub done: u32,
    #[prost(uint32, tag = "2")]
    pub distributions: u32,
}

const WHAT_IF: Method<WhatIfRequest, WhatIfResponse> = Method::new("stint.value.v1.Value", "WhatIf");

/// The detail of a refusal that names another hash.
const REPORT_HASH: &str = "report_hash";

/// Reports as they come: what was checked of them is not for who proposes to say.
pub fn unchecked(whatif: Vec<WhatIf>) -> Vec<WhatIf> {
    whatif.into_iter().map(|report| WhatIf { base_version: 0, ..report }).collect()
}

/// Refuses new versions of rules whose consequences nobody could have seen, and notes with each report which version
/// it was compared with. Says how far it is while one is not checked to its end.
pub fn check(proposal: &mut Proposal, rules: &[Rule]) -> Result<Option<String>, Refusal> {
    let needing: Vec<&Rule> = rules.iter().filter(|r| SLOTS.contains(&r.slot.as_str()) && r.version > 1).collect();
    for rule in &needing {
        let base = rule.version - 1;
        let cited = proposal.whatif.iter_mut().find(|report| report.slot == rule.slot);
        let report = cited.ok_or_else(|| missing(&rule.slot))?;
        if report.base_version == base {
            continue;
        }
        if let Some(how_far) = verify(&proposal.id, report, rule)? {
            return Ok(Some(how_far));
        }
        report.base_version = base;
    }
    let cites = &proposal.whatif;
    match cites.iter().find(|report| !needing.iter().any(|rule| rule.slot == report.slot)) {
        None if needing.len() == cites.len() => Ok(None),
        None => Err(Refusal::invalid("G4", "a slot has two reports; give one")),
        Some(odd) => {
            let message = format!("a report on {} is cited, and nothing that needs one is changed there", odd.slot);
            Err(Refusal::invalid("G4", message))
        }
    }
}

/// Compares a report with what it comes to; or says how far it is.
fn verify(proposal: &str, report: &WhatIf, rule: &Rule) -> Result<Option<String>, Refusal> {
    words::hash32(REPORT_HASH, &report.report_hash)?;
    let range = range(report)?;
    let answer = recompute(report, rule, resume(proposal, rule))?;
    forget(proposal);
    if !answer.done {
        keep(proposal, rule, &answer.carry);
        let Progress { done, distributions } = answer.progress.unwrap_or_default();
        return Ok(Some(format!("{done} of {distributions} distributions are checked")));
    }
    if answer.report_hash == report.report_hash {
        return Ok(None);
    }
    let (cites, is) = (words::hex(&report.report_hash), words::hex(&answer.report_hash));
    let message = format!(
        "the proposal cites {cites} for {}, {range}, and it comes to {is}: ask WhatIf again and cite that",
        rule.slot
    );
    Err(forbidden("G4", message).with(REPORT_HASH, is))
}

/// True for the refusal of a report that comes to another hash.
pub fn differs(refusal: &Refusal) -> bool {
    refusal.rule == "G4" && refusal.details.contains_key(REPORT_HASH)
}

/// Of what a report is, in words. What was distributed up to a block never changes; of a time it may.
fn range(report: &WhatIf) -> Result<String, Refusal> {
    let WhatIf { from, to, from_height, to_height, .. } = report;
    if (*from_height, *to_height) == (0, 0) {
        return match Time::parse(from)? < Time::parse(to)? {
            true => Ok(format!("{from} to {to}")),
            false => Err(Refusal::invalid("G4", format!("the report covers {from} to {to}; it begins before it ends"))),
        };
    }
    let newest = context().height.saturating_sub(1);
    if !from.is_empty() || !to.is_empty() {
        return Err(Refusal::invalid("G4", "the report covers blocks and a time; give one of the two"));
    }
    if *from_height == 0 || from_height > to_height || *to_height > newest {
        let message = format!(
            "the report covers the blocks {from_height} to {to_height}; it begins with block 1 or later, does not end \
             before, and ends with {newest}, the newest, or earlier"
        );
        return Err(Refusal::invalid("G4", message));
    }
    Ok(format!("blocks {from_height} to {to_height}"))
}

/// The one place where the charter trusts a computation of another contract: one part of it.
fn recompute(report: &WhatIf, rule: &Rule, carry: Vec<u8>) -> Result<WhatIfResponse, Refusal> {
    let request = WhatIfRequest {
        slot: rule.slot.clone(),
        module: rule.module.clone(),
        params: rule.params.clone(),
        from: report.from.clone(),
        to: report.to.clone(),
        from_height: report.from_height,
        to_height: report.to_height,
        at_most: STEPS,
        carry,
    };
    WHAT_IF.call(&context().commons, &request).map_err(|refusal| match refusal.rule.as_str() {
        "service" => nobody(&rule.slot),
        _ => refusal,
    })
}

/// Where the check of a report stands; nothing at its beginning, or when it was of another version.
fn resume(proposal: &str, rule: &Rule) -> Vec<u8> {
    let same = |c: &Check| c.slot == rule.slot && c.base_version == rule.version - 1;
    pieces(proposal).into_iter().filter(|(_, check)| same(check)).flat_map(|(_, check)| check.carry).collect()
}

fn keep(proposal: &str, rule: &Rule, carry: &[u8]) {
    for (n, piece) in carry.chunks(PIECE).enumerate() {
        let (slot, base_version) = (rule.slot.clone(), rule.version - 1);
        CHECKS.put(&(Name::from(proposal), n as u32), &Check { slot, base_version, carry: piece.into() });
    }
}

/// Forgets where the check of a report stands.
pub fn forget(proposal: &str) {
    pieces(proposal).iter().for_each(|(key, _)| CHECKS.delete(key));
}

fn pieces(proposal: &str) -> Vec<((Name, u32), Check)> {
    let mut prefix = Vec::new();
    Name::from(proposal).write(&mut prefix);
    CHECKS.page(&prefix, &[], PIECES)
}

fn nobody(slot: &str) -> Refusal {
    let message = format!(
        "nobody can recompute what the change of {slot} would have done: {} has no contract {}; deploy one that answers \
         WhatIf, and propose again",
        context().commons,
        WHAT_IF.service
    );
    forbidden("G4", message).with("slot", slot)
}

/// Refuses to carry out a change of a rule that has become another since its report was made.
pub fn still_true(whatif: &[WhatIf]) -> Result<(), Refusal> {
    for report in whatif {
        let version = history::newest_rule(&report.slot).unwrap_or_default().version;
        if version != report.base_version {
            let message = format!(
                "the report on {} compares with version {}, and {version} stands now: the vote was on numbers that hold \
                 no longer; propose it again",
                report.slot, report.base_version
            );
            return Err(forbidden("G4", message));
        }
    }
    Ok(())
}

fn missing(slot: &str) -> Refusal {
    let message = format!(
        "a change of {slot} cites what it would have done: ask {}/WhatIf for the new rule over a range of blocks or \
         dates, and give slot, range and its report_hash",
        WHAT_IF.service
    );
    forbidden("G4", message).with("slot", slot)
}
