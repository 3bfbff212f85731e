//! What the change of a rule would have done (G4): a proposal cites a report, and the charter has it recomputed.
//!
//! A change of the slots valuation, contribution and eco decides who gets what, so nobody votes on it blindly. The
//! report is made by `stint.value.v1.Value/WhatIf` of the same commons: a query, alike on every validator. The
//! charter asks it itself and compares the hash. A slot's first version replaces nothing, so there is nothing to
//! recompute, and no report is needed.

use crate::{
    history,
    propose::cited,
    proto::{Param, Rule, WhatIf},
    words::{self, forbidden},
};
use stint_sdk::{Method, Refusal, Time, context};

/// Slots whose changes are voted on with their consequences in sight.
pub const SLOTS: [&str; 3] = ["valuation", "contribution", "eco"];

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
}

/// `stint.value.v1.WhatIfResponse`, as far as the charter reads it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WhatIfResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub report_hash: Vec<u8>,
}

const WHAT_IF: Method<WhatIfRequest, WhatIfResponse> = Method::new("stint.value.v1.Value", "WhatIf");

/// Refuses new versions of rules whose consequences nobody could have seen. Gives the reports with the versions
/// that they were compared with.
pub fn check(whatif: &[WhatIf], rules: &[Rule]) -> Result<Vec<WhatIf>, Refusal> {
    let mut checked = Vec::new();
    for rule in rules.iter().filter(|rule| SLOTS.contains(&rule.slot.as_str()) && rule.version > 1) {
        let report = cited(whatif, &rule.slot).ok_or_else(|| missing(&rule.slot))?;
        verify(report, rule)?;
        checked.push(WhatIf { base_version: rule.version - 1, ..report.clone() });
    }
    match whatif.iter().find(|report| cited(&checked, &report.slot).is_none()) {
        None if checked.len() == whatif.len() => Ok(checked),
        None => Err(Refusal::invalid("G4", "a slot has two reports; give one")),
        Some(odd) => {
            let message = format!("a report on {} is cited, and nothing that needs one is changed there", odd.slot);
            Err(Refusal::invalid("G4", message))
        }
    }
}

/// Compares a report with what it comes to.
fn verify(report: &WhatIf, rule: &Rule) -> Result<(), Refusal> {
    words::hash32("report_hash", &report.report_hash)?;
    let (from, to) = (report.from.as_str(), report.to.as_str());
    if Time::parse(from)? >= Time::parse(to)? {
        return Err(Refusal::invalid("G4", format!("the report covers {from} to {to}; it begins before it ends")));
    }
    let hash = recompute(rule, from, to)?;
    if hash == report.report_hash {
        return Ok(());
    }
    let (cites, is) = (words::hex(&report.report_hash), words::hex(&hash));
    let message = format!(
        "the proposal cites {cites} for {}, {from} to {to}, and it comes to {is}: ask WhatIf again and cite that",
        rule.slot
    );
    Err(forbidden("G4", message).with("report_hash", is))
}

/// The one place where the charter trusts a computation of another contract.
fn recompute(rule: &Rule, from: &str, to: &str) -> Result<Vec<u8>, Refusal> {
    let request = WhatIfRequest {
        slot: rule.slot.clone(),
        module: rule.module.clone(),
        params: rule.params.clone(),
        from: from.into(),
        to: to.into(),
    };
    let answer = WHAT_IF.call(&context().commons, &request).map_err(|refusal| match refusal.rule.as_str() {
        "service" => nobody(&rule.slot),
        _ => refusal,
    })?;
    Ok(answer.report_hash)
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
        "a change of {slot} cites what it would have done: ask {}/WhatIf for the new rule over a range of dates, and \
         give slot, from, to and its report_hash",
        WHAT_IF.service
    );
    forbidden("G4", message).with("slot", slot)
}
