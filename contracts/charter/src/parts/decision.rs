//! Decisions: how a subject is decided.

use super::{Fields, add, rule};
use crate::{
    decide,
    limits::YEAR_S,
    path::Leaves,
    proto::{Decision, decision::Kind, seat::Class},
    words::{Named, hex},
};
use stint_sdk::Refusal;

const TERMS: u64 = 1_000_000;

pub fn leaves(decision: &Decision) -> Leaves {
    let mut leaves = Leaves::new();
    add(&mut leaves, "kind", Kind::show(decision.kind));
    add(&mut leaves, "quorum", decision.quorum);
    if decision.threshold_den > 0 {
        add(&mut leaves, "threshold_num", decision.threshold_num);
        add(&mut leaves, "threshold_den", decision.threshold_den);
    }
    add(&mut leaves, "open_for_s", decision.open_for_s);
    add(&mut leaves, "delay_s", decision.delay_s);
    let objectors: Vec<String> = decision.objectors.iter().map(|class| Class::show(*class)).collect();
    add(&mut leaves, "objectors", objectors.join(","));
    add(&mut leaves, "module", hex(&decision.module));
    rule::params_leaves(&mut leaves, &decision.params);
    leaves
}

pub fn read(fields: &mut Fields) -> Result<Decision, Refusal> {
    let kind = Kind::read(&fields.take("kind"))?;
    let mut decision = Decision {
        subject: fields.place.id.clone(),
        kind: kind.into(),
        quorum: fields.number("quorum", 0, 10_000)? as u32,
        open_for_s: fields.number("open_for_s", 1, YEAR_S)?,
        delay_s: fields.number("delay_s", 0, YEAR_S)?,
        objectors: objectors(fields)?,
        ..Decision::default()
    };
    match kind {
        Kind::Majority | Kind::Consent => threshold(fields, kind, &mut decision)?,
        _ => {
            decision.module = rule::module(fields)?;
            if decision.module.is_empty() {
                return Err(fields.refuse("module", "", "the hash of a published rule that decides"));
            }
            (decision.params, _) = rule::params(fields)?;
        }
    }
    Ok(decision)
}

fn threshold(fields: &mut Fields, kind: Kind, decision: &mut Decision) -> Result<(), Refusal> {
    let den = fields.number("threshold_den", 1, TERMS)?;
    let num = fields.number("threshold_num", 1, den)?;
    if kind == Kind::Consent && num != den {
        let text = format!("{num}/{den}");
        return Err(fields.refuse("threshold_num", &text, "1/1 for consent: nobody says no"));
    }
    (decision.threshold_num, decision.threshold_den) = (num as u32, den as u32);
    Ok(())
}

/// Classes by their words, in one order.
fn objectors(fields: &mut Fields) -> Result<Vec<i32>, Refusal> {
    let text = fields.take("objectors");
    let words = text.split(',').map(str::trim).filter(|w| !w.is_empty());
    let mut classes = words.map(|word| Class::read(word).map(i32::from)).collect::<Result<Vec<i32>, Refusal>>()?;
    classes.sort_unstable();
    classes.dedup();
    Ok(classes)
}

/// Refuses a decision whose module is not there or does not know its parameters.
pub fn describe(decision: &Decision) -> Result<(), Refusal> {
    match Kind::try_from(decision.kind) {
        Ok(Kind::Majority | Kind::Consent) => Ok(()),
        _ => decide::check_module(decision),
    }
}
