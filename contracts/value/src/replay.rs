//! Going through distributions again: what they took is kept, so the same rule gives the same shares, and another
//! rule gives what would have been. Nothing is written.
//!
//! A rule is asked page by page, and where a page ends depends on the distribution alone. So it does not matter into
//! which parts somebody cuts a long way.

use crate::{
    accounts::Accounts,
    apart::Apart,
    count::{self, Asking, PAGE, PAGE_BYTES, Weighed},
    distribute::valuation,
    fields, finish,
    proto::{Distribution, Income, RuleRef, Span},
    state::{MOVES, TAKEN},
    walk::{self, Place, Walk},
    weigh::bounds,
};
use prost::Message;
use std::collections::BTreeMap;
use stint_rule::{
    Published, Totals,
    proto::{self as rule, Contribution, Order},
};
use stint_sdk::Refusal;

/// Contributions that a page looks at, whether they count or not.
const LOOKED_AT: u64 = 1_000;
/// How many of them that do not count, or changes of claims, are a step's work.
const A_STEP: u64 = 20;

/// A rule that is asked.
pub struct Rule {
    machine: Published,
    params: Vec<rule::Param>,
    newest_first: bool,
}

impl Rule {
    /// A rule with its parameters; refuses a module that values nothing.
    pub fn of(rule: &RuleRef) -> Result<Rule, Refusal> {
        let (machine, manifest) = valuation(rule)?;
        let newest_first = manifest.order() == Order::NewestFirst;
        Ok(Rule { machine, params: fields::for_rule(&rule.params), newest_first })
    }
}

/// What is different, on the way, from what was kept.
pub struct Replay {
    /// The first distribution that is gone through again. Before it everything was as it was.
    pub first: u32,
    /// What is owed.
    pub owed: Accounts,
    /// Behind which change.
    pub moves: Vec<u8>,
    pub apart: Apart,
}

/// How far a distribution is weighed.
#[derive(Default)]
pub struct Progress {
    /// Behind which contribution it goes on.
    pub cursor: Vec<u8>,
    /// What the rule hands to itself.
    pub carry: Vec<u8>,
    pub sums: Totals,
    pub contributions: u64,
    /// Over the contributions, when somebody wants it and has begun it.
    pub root: Vec<u8>,
}

/// A page that the rule was asked about.
pub struct Page {
    pub asked: Vec<(String, Span)>,
    pub weighed: BTreeMap<String, Weighed>,
    pub last: bool,
    /// What it was to go through, in contributions that are weighed.
    pub steps: u64,
}

/// Contributions that count, in their order.
#[derive(Default)]
struct Picked {
    contributions: Vec<Contribution>,
    asked: Vec<(String, Span)>,
    looked_at: u64,
    last: bool,
}

impl Replay {
    /// Begins with the state before a distribution.
    pub fn before(number: u32) -> Replay {
        Replay { first: number, owed: Accounts::default(), moves: Vec::new(), apart: Apart::default() }
    }

    /// Asks the rule about the next page.
    pub fn page(&mut self, kept: &Distribution, rule: &Rule, at: &mut Progress) -> Result<Page, Refusal> {
        let Picked { contributions, asked, looked_at, last } = self.pick(kept, rule, at)?;
        let steps = asked.len() as u64 + looked_at.saturating_sub(asked.len() as u64) / A_STEP;
        if contributions.is_empty() && !last {
            return Ok(Page { asked, weighed: BTreeMap::new(), last, steps });
        }
        let carry = std::mem::take(&mut at.carry);
        let mut asking = Asking { rule: &rule.machine, params: &rule.params, carry };
        let had = |w: &rule::Weight| self.apart.had(&w.contribution, &w.stream, &w.agent, kept.number);
        let weighed = asking.page(contributions, last, had)?;
        at.carry = asking.carry;
        weighed.values().try_for_each(|of| count::fits(&of.counts))?;
        Ok(Page { asked, weighed, last, steps })
    }

    fn pick(&mut self, kept: &Distribution, rule: &Rule, at: &mut Progress) -> Result<Picked, Refusal> {
        let (from, until) = bounds(&income(kept))?;
        let (mut picked, mut bytes) = (Picked::default(), 0);
        for (place, span) in Walk::new(rule.newest_first, from, until, &at.cursor) {
            self.apart.forget_closed(&place.1, &span, kept.number);
            let counted = self.counts(kept, &place, &span).then(|| TAKEN.get(&place.1)).flatten();
            if let Some(contribution) = counted {
                bytes += contribution.encoded_len();
                let full = picked.contributions.len() == PAGE || bytes > PAGE_BYTES;
                if full && !picked.contributions.is_empty() {
                    return Ok(picked);
                }
                if !at.root.is_empty() {
                    at.root = count::next_root(&at.root, &contribution).into();
                }
                at.contributions += 1;
                picked.contributions.push(contribution);
                picked.asked.push((place.1.clone(), span));
            }
            at.cursor = walk::key(&place);
            picked.looked_at += 1;
            if picked.looked_at == LOOKED_AT {
                return Ok(picked);
            }
        }
        picked.last = true;
        Ok(picked)
    }

    fn counts(&self, kept: &Distribution, place: &Place, span: &Span) -> bool {
        let closed = self.apart.closed(&place.1, span, kept.number);
        span.since <= kept.number && !closed && !kept.left_out.contains(&place.1)
    }

    /// Refuses a rule that weighs what it was not asked about on a page up to this one.
    pub fn was_asked(&self, kept: &Distribution, rule: &Rule, id: &str, at: &Progress) -> Result<(), Refusal> {
        let (from, until) = bounds(&income(kept))?;
        let asked = walk::find(id)?.is_some_and(|(place, span)| {
            let key = walk::key(&place);
            let passed = if rule.newest_first { key >= at.cursor } else { key <= at.cursor };
            passed && key >= from && key < until && self.counts(kept, &place, &span)
        });
        match asked {
            true => Ok(()),
            false => Err(count::not_asked(id)),
        }
    }

    /// Shares what was weighed.
    pub fn pay(&self, kept: &Distribution, rule: &Rule, sums: Totals) -> Result<rule::Distribution, Refusal> {
        finish::pay(&rule.machine, &rule.params, &income(kept), sums, &self.owed)
    }

    /// Takes over a page of what changed claims before a distribution; of those that are gone through again, only
    /// what was paid outside of them or written off. A claim that another rule makes smaller may then be overpaid;
    /// nothing is open of it. Gives the steps that it took; nothing when all is taken over.
    pub fn owe(&mut self, number: u32) -> Result<Option<u64>, Refusal> {
        let from = if self.moves.is_empty() { Vec::new() } else { [self.moves.as_slice(), &[0]].concat() };
        let mut found = MOVES.page(&[], &from, PAGE);
        found.retain(|((of, _), _)| *of < number);
        let Some(((of, place), _)) = found.last() else { return Ok(None) };
        self.moves = [&of.to_be_bytes()[..], &place.to_be_bytes()].concat();
        let steps = 1 + found.len() as u64 / A_STEP;
        for ((of, _), change) in found {
            if of < self.first || !change.by_distribution {
                self.owed.apply(&change)?;
            }
        }
        Ok(Some(steps))
    }
}

fn income(kept: &Distribution) -> Income {
    kept.income.clone().unwrap_or_default()
}
