//! Stand-ins for the contracts that a charter asks and calls.

use super::*;
use crate::{
    ending::{ClaimAccount, ClaimsRequest, ClaimsResponse, StockOfRequest, StockOfResponse},
    parts,
    path::{Kind, Place},
    whatif::{WhatIfRequest, WhatIfResponse},
};
use prost::Message;
use stint_sdk::{Bytes, Service, act, by_the_commons, context, has_role, raw, sha256};

pub const CARE: &str = "/rules/valuation/params/buckets.4.care_weight";

/// Knows what a change would have done, by a hash of what it is asked; takes payments of the commons.
pub struct Value;

impl Service for Value {
    const NAME: &'static str = "stint.value.v1.Value";
    const DESCRIPTOR: &'static [u8] = &[];
    const METHODS: &'static [(&'static str, bool)] =
        &[("WhatIf", true), ("Claims", true), ("Pay", false), ("Owe", false), ("Steal", false)];
    const STATE: &'static str = "";

    fn dispatch(method: u32, request: &[u8]) -> Result<Bytes, Refusal> {
        match method {
            0 => Ok(WhatIfResponse { report_hash: sha256(request).to_vec() }.encode_to_vec()),
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
            _ => act("", "/stint.value.v1.Value/Pay", request),
        }
    }
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
    let rules =
        world.query("forge", &methods::LIST_RULES, &ListRulesRequest { slot: slot.into(), ..Default::default() });
    let newest = rules.unwrap().rules.pop().unwrap();
    let mut leaves = parts::rule_leaves(&newest);
    for patch in patches {
        let leaf = patch.path.strip_prefix(&format!("/rules/{slot}/")).unwrap();
        leaves.insert(leaf.into(), patch.new.clone());
    }
    let rule = parts::read_rule(&Place::new(Kind::Rule, slot), &leaves).unwrap();
    let request =
        WhatIfRequest { slot: slot.into(), module: rule.module, params: rule.params, from: from.into(), to: to.into() };
    let report_hash = sha256(&request.encode_to_vec()).to_vec();
    WhatIf { slot: slot.into(), from: from.into(), to: to.into(), report_hash, base_version: 0 }
}
