//! Stand-ins for the contracts that a charter asks and calls.

use super::*;
use crate::{
    ending::{ClaimAccount, ClaimsRequest, ClaimsResponse, StockOfRequest, StockOfResponse},
    parts,
    path::{Kind, Place},
    whatif::{Progress, WhatIfRequest, WhatIfResponse},
};
use prost::Message;
use stint_sdk::{Bytes, Service, act, by_the_commons, context, has_role, raw, sha256};

pub const CARE: &str = "/rules/valuation/params/buckets.4.care_weight";

/// Knows what a change would have done, by a hash of what it is asked, in as many parts as it is told; takes payments
/// of the commons.
pub struct Value;

impl Service for Value {
    const NAME: &'static str = "stint.value.v1.Value";
    const DESCRIPTOR: &'static [u8] = &[];
    const METHODS: &'static [(&'static str, bool)] =
        &[("WhatIf", true), ("Claims", true), ("Pay", false), ("Owe", false), ("Steal", false), ("Long", false)];
    const STATE: &'static str = "";

    fn dispatch(method: u32, request: &[u8]) -> Result<Bytes, Refusal> {
        match method {
            0 => part(WhatIfRequest::decode(request).unwrap()),
            1 => {
                let agent = ClaimsRequest::decode(request).unwrap().agent;
                let open =
                    raw::get(agent.as_bytes()).map(|open| String::from_utf8(open).unwrap()).unwrap_or("0".into());
                let claim = ClaimAccount { id: format!("work/{agent}"), open };
                Ok(ClaimsResponse { claims: vec![claim] }.encode_to_vec())
            }
            2 => pay(request),
            3 => {
                raw::put(request, b"7/2");
                Ok(Vec::new())
            }
            4 => act("", "/stint.value.v1.Value/Pay", request),
            _ => {
                raw::put(b"parts", request);
                Ok(Vec::new())
            }
        }
    }
}

/// The hash is of what is asked, and not of how.
fn part(request: WhatIfRequest) -> Result<Bytes, Refusal> {
    assert_eq!(request.at_most, 400);
    let asked = WhatIfRequest { at_most: 0, carry: Vec::new(), ..request.clone() };
    let (hash, parts) = (sha256(&asked.encode_to_vec()), raw::get(b"parts").map_or(1, |parts| parts[0]));
    // Larger than a value.
    let place = |n: u8| [vec![n; 70_000], hash.to_vec()].concat();
    let n = request.carry.first().map_or(0, |n| *n);
    assert!(n == 0 || request.carry == place(n), "the carry is another than it was");
    let progress = Some(Progress { done: (n + 1).into(), distributions: parts.into() });
    let answer = match n + 1 < parts {
        true => WhatIfResponse { carry: place(n + 1), progress, ..WhatIfResponse::default() },
        false => WhatIfResponse { report_hash: hash.to_vec(), done: true, progress, ..WhatIfResponse::default() },
    };
    Ok(answer.encode_to_vec())
}

/// From now on reports have so many parts.
pub fn long(world: &mut World, parts: u8) {
    world.call_bytes("forge", "anybody", "/stint.value.v1.Value/Long", &[parts]).unwrap();
}

fn pay(request: &[u8]) -> Result<Bytes, Refusal> {
    if !by_the_commons() || !has_role("steward") {
        return Err(Refusal::new(Code::PermissionDenied, "role", "only the commons pays"));
    }
    if request == b"too much" {
        return Err(Refusal::new(Code::FailedPrecondition, "V9", "there is not so much").with("left", 5));
    }
    raw::put(b"paid", request);
    Ok(format!("{} for {}", context().caller, context().signer).into_bytes())
}

/// A book with one resource, until it is moved.
pub struct Book;

impl Service for Book {
    const NAME: &'static str = "stint.book.v1.Book";
    const DESCRIPTOR: &'static [u8] = &[];
    const METHODS: &'static [(&'static str, bool)] = &[("StockOf", true), ("Move", false)];
    const STATE: &'static str = "";

    fn dispatch(method: u32, request: &[u8]) -> Result<Bytes, Refusal> {
        if method == 1 {
            raw::put(b"moved", b"");
            return Ok(Vec::new());
        }
        let asked = StockOfRequest::decode(request).unwrap();
        let has = asked.agent == context().commons && raw::get(b"moved").is_none();
        let resources = if has { vec![b"steel".to_vec()] } else { Vec::new() };
        Ok(StockOfResponse { resources }.encode_to_vec())
    }
}

/// What the stand-in answers for patches of a slot: what a member would have asked for.
pub fn what_if(world: &mut World, slot: &str, patches: &[Patch], from: &str, to: &str) -> WhatIf {
    over(world, slot, patches, WhatIf { from: from.into(), to: to.into(), ..WhatIf::default() })
}

/// The same over a range.
pub fn over(world: &mut World, slot: &str, patches: &[Patch], range: WhatIf) -> WhatIf {
    let rules =
        world.query("forge", &methods::LIST_RULES, &ListRulesRequest { slot: slot.into(), ..Default::default() });
    let newest = rules.unwrap().rules.pop().unwrap();
    let mut leaves = parts::rule_leaves(&newest);
    for patch in patches {
        let leaf = patch.path.strip_prefix(&format!("/rules/{slot}/")).unwrap();
        leaves.insert(leaf.into(), patch.new.clone());
    }
    let rule = parts::read_rule(&Place::new(Kind::Rule, slot), &leaves).unwrap();
    let WhatIf { from, to, from_height, to_height, .. } = range.clone();
    let (module, params) = (rule.module, rule.params);
    let (slot, at_most, carry) = (slot.to_string(), 0, Vec::new());
    let request =
        WhatIfRequest { slot: slot.clone(), module, params, from, to, from_height, to_height, at_most, carry };
    WhatIf { slot, report_hash: sha256(&request.encode_to_vec()).to_vec(), ..range }
}
