//! Under which subject something is decided.
//!
//! Every field and every call has a subject that governs it: the first in its row that the charter has.
//!
//! | what | subjects |
//! |---|---|
//! | `/rules/SLOT/…` | SLOT, `ecological` for the slot eco, `rules` |
//! | `/seats/…`, `/sanctions/…`, `/purpose`, `/review_by` | `seats`, `sanctions`, `purpose`, `review_by` |
//! | `/decisions/…` | none (G7) |
//! | a step of the sanctions, its appeal, its end | what the step needs, `sanctions` |
//! | an invitation; the sunset | `seats`; `sunset` |
//! | a call of the kernel | `kernel` |
//! | a call of another contract, for example `stint.value.v1.Value` | `value`, `spending` |
//!
//! Where the charter has none of the row, the strictest decision governs. A proposal stands under the subject
//! that governs all it holds, or under one that is as strict in everything.

use crate::{
    history::{self, NOW},
    path::{Kind, Path},
    proto::{Call, Decision, LiftRequest, Patch, ResolveAppealRequest, SanctionRequest, decision::Kind as By},
    state::CASES,
    words::forbidden,
};
use prost::Message;
use std::cmp::Reverse;
use stint_sdk::{CHARTER, Refusal, context};

/// A method of this charter that a proposal may call.
pub fn own_method(call: &Call) -> Option<&str> {
    let here = call.commons.is_empty() || call.commons == context().commons;
    call.method.strip_prefix('/')?.strip_prefix(CHARTER)?.strip_prefix('/').filter(|_| here)
}

/// Refuses a subject that does not govern what is proposed.
pub fn check(subject: &Decision, patches: &[Patch], calls: &[Call]) -> Result<(), Refusal> {
    let all = history::decisions(NOW);
    for patch in patches {
        let path = Path::parse(&patch.path)?;
        let rule = if path.place.kind == Kind::Decision { "G7" } else { "subject" };
        governed(subject, governing(&all, &of_path(&path)), rule, &patch.path)?;
    }
    for call in calls {
        governed(subject, governing(&all, &of_call(call)), "subject", &call.method)?;
    }
    Ok(())
}

/// The subject under which a field is changed.
pub fn of_field(path: &Path) -> String {
    let all = history::decisions(NOW);
    governing(&all, &of_path(path)).map(|decision| decision.subject.clone()).unwrap_or_default()
}

fn governed(subject: &Decision, needed: Option<&Decision>, rule: &str, what: &str) -> Result<(), Refusal> {
    let Some(needed) = needed else { return Ok(()) };
    if covers(subject, needed) {
        return Ok(());
    }
    let strictest = if rule == "G7" { ", the strictest that the charter has" } else { "" };
    let message = format!("{what} is decided under {}{strictest}; {} is less strict", needed.subject, subject.subject);
    Err(forbidden(rule, message).with("subject", &needed.subject))
}

/// True when a decision is as strict as another one in everything.
fn covers(a: &Decision, b: &Decision) -> bool {
    let objects = b.objectors.iter().all(|class| a.objectors.contains(class));
    a.subject == b.subject
        || (strictness(a) >= strictness(b)
            && a.quorum >= b.quorum
            && a.open_for_s >= b.open_for_s
            && a.delay_s >= b.delay_s
            && objects)
}

/// The order of kinds: consent, then a majority by its threshold, then modules, whose thresholds are their own.
fn strictness(decision: &Decision) -> (u8, u64) {
    let kind = match By::try_from(decision.kind) {
        Ok(By::Consent) => 2,
        Ok(By::Majority) => 1,
        _ => 0,
    };
    let threshold = u64::from(decision.threshold_num) * 1_000_000_000 / u64::from(decision.threshold_den.max(1));
    (kind, threshold)
}

fn governing<'a>(all: &'a [Decision], subjects: &[String]) -> Option<&'a Decision> {
    let named = subjects.iter().find_map(|subject| all.iter().find(|d| d.subject == *subject));
    named.or_else(|| {
        let order = |d: &&Decision| {
            (strictness(d), d.quorum, d.delay_s, d.open_for_s, d.objectors.len(), Reverse(d.subject.clone()))
        };
        all.iter().max_by_key(order)
    })
}

fn of_path(path: &Path) -> Vec<String> {
    let words: &[&str] = match path.place.kind {
        Kind::About => &[path.leaf.as_deref().unwrap_or_default()],
        Kind::Seat => &["seats"],
        Kind::Step => &["sanctions"],
        Kind::Rule if path.place.id == "eco" => &["eco", "ecological", "rules"],
        Kind::Rule => &[&path.place.id, "rules"],
        Kind::Decision => &[],
    };
    words.iter().map(|word| word.to_string()).collect()
}

fn of_call(call: &Call) -> Vec<String> {
    if let Some(method) = own_method(call) {
        return of_own(method, &call.request);
    }
    let service = call.method.trim_start_matches('/').split('/').next().unwrap_or_default();
    let name = service.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match service {
        "stint.v1.Kernel" => vec![name],
        _ => vec![name, "spending".into()],
    }
}

fn of_own(method: &str, request: &[u8]) -> Vec<String> {
    let step_of = |case: &str| CASES.get(&case.to_string()).and_then(|case| case.step).unwrap_or_default().needs;
    let needs = match method {
        "Sanction" => {
            let n = SanctionRequest::decode(request).unwrap_or_default().step;
            history::step(n, NOW).unwrap_or_default().needs
        }
        "ResolveAppeal" => step_of(&ResolveAppealRequest::decode(request).unwrap_or_default().case),
        "Lift" => step_of(&LiftRequest::decode(request).unwrap_or_default().case),
        "Invite" => return vec!["seats".into()],
        _ => return vec!["sunset".into()],
    };
    vec![needs, "sanctions".into()]
}
