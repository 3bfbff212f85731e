//! Going through a range of distributions by another rule, part by part.
//!
//! ```text
//! (looking)   which distributions are of the range
//! then for each of them:
//! TAKING      what was paid outside of distributions, or written off, before it
//! WEIGHING    the rule weighs what counts, page by page
//! SHARING     the sums are shared; that is what is reported
//! CLOSING     who had a share is read no more: the rule is asked once more, page by page
//! ```
//!
//! A distribution that is weighed within one part has no CLOSING: what everything weighed is still at hand. A part
//! ends where its budget does, and what stands then is carried. It is as large as the sums and accounts that are
//! shared, of which there are 1,000, what the rule hands to itself, and contributions that stand otherwise than they
//! do; together at most [`MOST_CARRIED`].

use crate::{
    accounts::{self, Accounts},
    apart::Apart,
    count, finish,
    proto::{Difference, Distribution, Late, Phase, Span, Standing, WhatIfCarry, WhatIfProgress},
    recompute::{MOST, no_place, read_sums, write_sums},
    replay::{Progress, Replay, Rule},
    state::DISTRIBUTIONS,
    walk,
    whatif::{Question, compare, too_much},
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use stint_sdk::{Code, Refusal, fuel_left};

/// Bytes that stand between two parts at most: with a rule's parameters they make up a request, which has 128 kB.
const MOST_CARRIED: usize = 90_000;
/// A part with so many rows ends: an answer has at most 1 MB, and the last distribution may add 2,000.
const ENOUGH_ROWS: usize = 1_000;
/// Distributions that are looked at at once: one has at most 60 kB.
const LOOKED_AT: usize = 10;

/// What one part may do.
pub struct Budget {
    whole: u64,
    spent: u64,
}

impl Budget {
    /// Of so many steps; 0 for as many as a query can.
    pub fn new(steps: u32) -> Budget {
        let whole = if steps == 0 { MOST } else { MOST.min(steps.into()) };
        Budget { whole, spent: 0 }
    }

    /// True when so many steps fit. Something is always done, and what is long is begun in the first half.
    fn fits(&self, steps: u64) -> bool {
        let left = self.whole.saturating_sub(self.spent);
        self.spent == 0 || (left > 0 && left >= steps.min(self.whole / 2) && fuel_left() > crate::distribute::RESERVE)
    }

    fn spend(&mut self, steps: u64) {
        self.spent = self.spent.saturating_add(steps);
    }
}

/// What contributions weigh, by their ids.
type Weights = BTreeMap<String, (Span, Vec<Standing>)>;

/// The distribution that is gone through.
struct Current {
    kept: Distribution,
    rule: Rule,
    /// What everything weighed, if it was weighed within this part.
    weighed: Option<Weights>,
}

/// Where it stands.
pub struct Rehearsal<'a> {
    question: &'a Question,
    /// What of it is plain; all else is below.
    pub at: WhatIfCarry,
    /// What this part has to report.
    pub rows: Vec<Difference>,
    replay: Replay,
    progress: Progress,
    paid: BTreeSet<String>,
    /// Contributions of which the rule speaks on other pages than their own, and, while it is asked once more, what
    /// they weigh.
    late: Weights,
    current: Option<Current>,
}

#[inline(never)]
fn decode(carry: &[u8]) -> Result<WhatIfCarry, Refusal> {
    WhatIfCarry::decode(carry).map_err(|_| no_place())
}

#[inline(never)]
fn encode(carry: &WhatIfCarry) -> Vec<u8> {
    carry.encode_to_vec()
}

impl<'a> Rehearsal<'a> {
    /// Goes on from a place, or begins.
    #[inline(never)]
    pub fn read(question: &'a Question, carry: &[u8]) -> Result<Rehearsal<'a>, Refusal> {
        let digest = question.digest();
        let mut at = decode(carry)?;
        if carry.is_empty() {
            (at.asked, at.chain) = (digest.into(), digest.into());
            at.progress = Some(WhatIfProgress::default());
        }
        let is_place = at.chain.len() == 32 && at.progress.is_some() && at.phase != i32::from(Phase::Done);
        if at.asked != digest || !is_place {
            return Err(no_place());
        }
        let take = std::mem::take::<Vec<u8>>;
        let replay = Replay {
            first: at.first,
            owed: Accounts::read(&std::mem::take(&mut at.owed))?,
            moves: take(&mut at.moves),
            apart: Apart::read(std::mem::take(&mut at.apart)),
        };
        let (cursor, carry) = (take(&mut at.cursor), take(&mut at.rule));
        let progress =
            Progress { cursor, carry, sums: read_sums(std::mem::take(&mut at.sums))?, ..Progress::default() };
        let paid = std::mem::take(&mut at.paid).into_iter().collect();
        let late = |l: Late| (l.contribution, (Span::default(), l.weights));
        let late = std::mem::take(&mut at.late).into_iter().map(late).collect();
        Ok(Rehearsal { question, at, rows: Vec::new(), replay, progress, paid, late, current: None })
    }

    /// To be carried.
    #[inline(never)]
    pub fn write(self) -> Result<Vec<u8>, Refusal> {
        let late = |(contribution, (_, weights))| Late { contribution, weights };
        let apart = self.replay.apart.write();
        let otherwise = apart.len();
        let carry = WhatIfCarry {
            owed: self.replay.owed.write(),
            moves: self.replay.moves,
            apart,
            cursor: self.progress.cursor,
            rule: self.progress.carry,
            sums: write_sums(&self.progress.sums),
            paid: self.paid.into_iter().collect(),
            late: self.late.into_iter().map(late).collect(),
            ..self.at
        };
        let bytes = encode(&carry);
        if bytes.len() <= MOST_CARRIED {
            return Ok(bytes);
        }
        let message = format!(
            "{} bytes stand between two parts, and the limit is {MOST_CARRIED}: {} sums, {} accounts, and {otherwise} \
             contributions that this rule leaves otherwise than they are; ask about fewer distributions",
            bytes.len(),
            carry.sums.len(),
            carry.owed.len()
        );
        Err(Refusal::new(Code::ResourceExhausted, "carry", message))
    }

    /// Goes on while the budget lasts. True at the end of the range.
    pub fn go_on(&mut self, mut budget: Budget) -> Result<bool, Refusal> {
        while self.at.phase() != Phase::Done {
            self.open()?;
            if !budget.fits(self.wanted()) || self.rows.len() >= ENOUGH_ROWS {
                return Ok(false);
            }
            budget.spend(match self.at.phase() {
                Phase::Taking => self.take()?,
                Phase::Weighing => self.weigh()?,
                Phase::Sharing => self.share()?,
                Phase::Closing => self.close()?,
                _ => self.look(),
            });
        }
        Ok(true)
    }

    /// Steps that should fit before the next thing is begun.
    fn wanted(&self) -> u64 {
        match (self.at.phase(), &self.current) {
            (Phase::Weighing, Some(Current { kept, .. })) if self.progress.cursor.is_empty() => {
                kept.contributions + u64::from(kept.agents)
            }
            (Phase::Sharing, _) => self.to_share(),
            _ => 1,
        }
    }

    fn to_share(&self) -> u64 {
        self.progress.sums.iter().count() as u64 + self.replay.owed.count()
    }

    fn progress(&mut self) -> &mut WhatIfProgress {
        self.at.progress.get_or_insert_default()
    }

    /// Looks for the distributions of the range.
    #[inline(never)]
    fn look(&mut self) -> u64 {
        let found = DISTRIBUTIONS.page(&[], &self.at.next.to_be_bytes(), LOOKED_AT);
        let looked_at = found.len() as u64;
        for (number, kept) in found {
            self.at.next = number.saturating_add(1);
            if self.question.holds(&kept) {
                self.at.first = if self.at.first == 0 { number } else { self.at.first };
                self.at.last = number;
                self.progress().distributions += 1;
                self.progress().contributions += kept.contributions;
            }
        }
        if looked_at == 0 {
            self.at.next = self.at.first;
            self.replay = Replay::before(self.at.first);
            self.at.set_phase(if self.at.first == 0 { Phase::Done } else { Phase::Taking });
        }
        looked_at
    }

    /// Reads the distribution that is next, if it is not at hand.
    #[inline(never)]
    fn open(&mut self) -> Result<(), Refusal> {
        if self.current.is_some() || self.at.phase() == Phase::Unspecified {
            return Ok(());
        }
        let found = DISTRIBUTIONS.page(&[], &self.at.next.to_be_bytes(), 1).pop();
        let (_, kept) = found.filter(|(number, _)| *number <= self.at.last).ok_or_else(no_place)?;
        let begins = match self.at.phase() {
            Phase::Taking => true,
            phase => phase == Phase::Weighing && self.progress.cursor.is_empty(),
        };
        let weighed = begins.then(BTreeMap::new);
        self.current = Some(Current { rule: Rule::of(&self.question.rule(&kept))?, kept, weighed });
        Ok(())
    }

    fn take(&mut self) -> Result<u64, Refusal> {
        let Some(Current { kept, .. }) = &self.current else { return Ok(0) };
        let taken = self.replay.owe(kept.number)?;
        if taken.is_none() {
            self.at.set_phase(Phase::Weighing);
        }
        Ok(taken.unwrap_or(0))
    }

    #[inline(never)]
    fn weigh(&mut self) -> Result<u64, Refusal> {
        let Some(Current { kept, rule, weighed }) = &mut self.current else { return Ok(0) };
        let page = self.replay.page(kept, rule, &mut self.progress)?;
        self.at.read += page.asked.len() as u64;
        for (id, of) in &page.weighed {
            self.progress.sums.add(&of.counts)?;
            if !page.asked.iter().any(|(asked, _)| asked == id) {
                self.replay.was_asked(kept, rule, id, &self.progress)?;
                self.late.entry(id.clone()).or_default();
            }
        }
        finish::few(self.progress.sums.iter().count() as u64)?;
        if let Some(all) = weighed {
            page.asked.into_iter().for_each(|(id, span)| _ = all.insert(id, (span, Vec::new())));
            for (id, of) in page.weighed {
                all.entry(id).or_default().1.extend(of.standings);
            }
        }
        if page.last {
            self.at.set_phase(Phase::Sharing);
        }
        Ok(page.steps)
    }

    /// Shares, and reports.
    #[inline(never)]
    fn share(&mut self) -> Result<u64, Refusal> {
        let steps = self.to_share();
        let Some(Current { kept, rule, weighed }) = &mut self.current else { return Ok(0) };
        let sums = std::mem::take(&mut self.progress).sums;
        let opened = count::debts(&sums);
        let done = self.replay.pay(kept, rule, sums)?;
        for change in accounts::changes(&kept.id, &opened, &done) {
            self.replay.owed.apply(&change)?;
        }
        self.paid = count::paid(&done);
        let compared = compare(&self.at.chain, kept, done.payouts)?;
        self.at.chain = compared.chain.into();
        self.at.sum = self.at.sum.checked_add(compared.sum).ok_or_else(too_much)?;
        self.rows.extend(compared.rows);
        let is_last = kept.number >= self.at.last;
        match weighed.take() {
            _ if is_last => self.end(),
            None => self.at.set_phase(Phase::Closing),
            Some(all) => {
                for (id, (span, weights)) in all {
                    self.replay.apart.settle(kept.number, &id, &span, &weights, &self.paid);
                }
                self.end();
            }
        }
        Ok(steps)
    }

    /// Asks once more what everything weighed, to know who had a share.
    #[inline(never)]
    fn close(&mut self) -> Result<u64, Refusal> {
        let Some(Current { kept, rule, .. }) = &mut self.current else { return Ok(0) };
        let page = self.replay.page(kept, rule, &mut self.progress)?;
        for (id, of) in &page.weighed {
            if let Some((_, weights)) = self.late.get_mut(id) {
                weights.extend(of.standings.iter().cloned());
            }
        }
        for (id, span) in page.asked.iter().filter(|(id, _)| !self.late.contains_key(id)) {
            let weights = page.weighed.get(id).map_or(&[][..], |of| &of.standings);
            self.replay.apart.settle(kept.number, id, span, weights, &self.paid);
        }
        if page.last {
            for (id, (_, weights)) in std::mem::take(&mut self.late) {
                if let Some((_, span)) = walk::find(&id)? {
                    self.replay.apart.settle(kept.number, &id, &span, &weights, &self.paid);
                }
            }
            self.end();
        }
        Ok(page.steps)
    }

    /// Goes on with the next distribution.
    fn end(&mut self) {
        if let Some(Current { kept, .. }) = self.current.take() {
            self.at.next = kept.number.saturating_add(1);
            self.progress().done += u32::from(self.question.holds(&kept));
        }
        let is_last = self.at.next > self.at.last;
        self.at.set_phase(if is_last { Phase::Done } else { Phase::Taking });
        (self.progress, self.paid, self.late) = Default::default();
    }
}
