//! Going through distributions again: what they took is kept, so the same rule gives the same shares, and another
//! rule gives what would have been. Nothing is written.

use crate::{
    accounts::{self, Accounts},
    count::{self, Asking, PAGE, PAGE_BYTES, mark},
    finish,
    proto::{Distribution, Income, Span, Standing},
    state::{MARKS, MOVES, SPANS, TAKEN},
    weigh::bounds,
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use stint_rule::{
    Machine, Totals,
    proto::{self as rule, Contribution, Order},
};
use stint_sdk::Refusal;

type Place = (u32, String);

/// What is different, on the way, from what was kept.
pub struct Replay {
    /// The first distribution that is gone through again. Before it everything was as it was.
    first: u32,
    /// Up to which distribution, without it, claims that changed between distributions are brought up to date.
    until: u32,
    owed: Accounts,
    closed: BTreeSet<String>,
    had: BTreeSet<String>,
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
    /// Over the contributions; empty at the beginning.
    pub root: Vec<u8>,
}

impl Replay {
    /// Begins with the state before a distribution.
    pub fn before(number: u32) -> Result<Replay, Refusal> {
        Ok(Replay {
            first: number,
            until: number,
            owed: Accounts::before(number)?,
            closed: BTreeSet::new(),
            had: BTreeSet::new(),
        })
    }

    /// Weighs on, through so many contributions at least if there are as many. True when everything is weighed.
    /// `each` is told what every contribution weighs.
    pub fn weigh(
        &self,
        kept: &Distribution,
        machine: &impl Machine,
        params: &[rule::Param],
        at: &mut Progress,
        most: u64,
        mut each: impl FnMut(String, Vec<Standing>),
    ) -> Result<bool, Refusal> {
        let newest_first = machine.manifest()?.order() == Order::NewestFirst;
        if at.root.is_empty() {
            at.root = count::first_root().into();
        }
        let mut asking = Asking { rule: machine, params, carry: std::mem::take(&mut at.carry) };
        let mut rest = self.counted(kept, newest_first, &at.cursor)?.peekable();
        let had = |w: &rule::Weight| {
            let mark = mark(&w.contribution, &w.stream, &w.agent);
            self.had.contains(&mark) || MARKS.get(&mark).is_some_and(|number| number < self.first)
        };
        let enough = at.contributions.saturating_add(most);
        loop {
            let page = page(&mut rest, at);
            let last = rest.peek().is_none();
            for (id, of) in asking.page(page, last, had)? {
                count::fits(&of.counts)?;
                at.sums.add(&of.counts)?;
                each(id, of.standings);
            }
            if last || at.contributions >= enough {
                at.carry = asking.carry;
                return Ok(last);
            }
        }
    }

    /// Shares what was weighed.
    pub fn pay(
        &mut self,
        kept: &Distribution,
        machine: &impl Machine,
        params: &[rule::Param],
        sums: Totals,
    ) -> Result<rule::Distribution, Refusal> {
        self.owe(kept.number)?;
        finish::pay(machine, params, &income(kept), sums, &self.owed)
    }

    /// Goes through a whole distribution, and on to the state behind it. Gives how many contributions were weighed.
    pub fn again(
        &mut self,
        kept: &Distribution,
        machine: &impl Machine,
        params: &[rule::Param],
    ) -> Result<(rule::Distribution, u64), Refusal> {
        let mut at = Progress::default();
        let mut weighed: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
        self.weigh(kept, machine, params, &mut at, u64::MAX, |id, standings| {
            weighed.entry(id).or_default().extend(standings);
        })?;
        let opened = count::debts(&at.sums);
        let distribution = self.pay(kept, machine, params, at.sums)?;
        self.close(&weighed, &count::paid(&distribution));
        for change in accounts::changes(&kept.id, &opened, &distribution) {
            self.owed.apply(&change)?;
        }
        Ok((distribution, at.contributions))
    }

    /// The contributions that count in a distribution, behind a cursor.
    fn counted<'a>(
        &'a self,
        kept: &'a Distribution,
        newest_first: bool,
        cursor: &[u8],
    ) -> Result<impl Iterator<Item = (Place, Contribution)> + 'a, Refusal> {
        let (from, until) = bounds(&income(kept))?;
        let counts = move |(place, span): &(Place, Span)| {
            let done = span.closed != 0 && span.closed < self.first;
            span.since <= kept.number && !done && !self.closed.contains(&place.1) && !kept.left_out.contains(&place.1)
        };
        let walk = Walk::new(newest_first, from, until, cursor);
        Ok(walk.filter(counts).filter_map(|(place, _)| Some((place.clone(), TAKEN.get(&place.1)?))))
    }

    fn close(&mut self, weighed: &BTreeMap<String, Vec<Standing>>, paid: &BTreeSet<String>) {
        for (id, weights) in weighed {
            let settled = weights.iter().filter(|w| count::settled(w, paid)).count();
            if settled == weights.len() {
                self.closed.insert(id.clone());
            } else {
                let now = weights.iter().filter(|w| count::settled(w, paid));
                self.had.extend(now.map(|w| mark(id, &w.stream, &w.agent)));
            }
        }
    }

    /// What was paid outside of distributions, or written off, before this one. A claim that another rule makes
    /// smaller may then be overpaid; nothing is open of it.
    fn owe(&mut self, number: u32) -> Result<(), Refusal> {
        let (from, until) = (self.until.to_be_bytes(), number.to_be_bytes());
        for (_, change) in MOVES.range(&from, &until).filter(|(_, change)| !change.by_distribution) {
            self.owed.apply(&change)?;
        }
        self.until = number;
        Ok(())
    }
}

fn income(kept: &Distribution) -> Income {
    kept.income.clone().unwrap_or_default()
}

/// Takes the next page that a rule is asked about, and notes it.
fn page(
    rest: &mut std::iter::Peekable<impl Iterator<Item = (Place, Contribution)>>,
    at: &mut Progress,
) -> Vec<Contribution> {
    let (mut page, mut bytes): (Vec<Contribution>, usize) = (Vec::new(), 0);
    let fits = |page: &[Contribution], bytes: usize, c: &Contribution| {
        page.is_empty() || (page.len() < PAGE && bytes + c.encoded_len() <= PAGE_BYTES)
    };
    while let Some(((day, id), c)) = rest.next_if(|(_, c)| fits(&page, bytes, c)) {
        bytes += c.encoded_len();
        at.root = count::next_root(&at.root, &c).into();
        at.cursor = [&day.to_be_bytes(), id.as_bytes()].concat();
        at.contributions += 1;
        page.push(c);
    }
    page
}

/// Spans by day and id, from either end.
struct Walk {
    newest_first: bool,
    /// The next key forwards, and the bound backwards.
    from: Vec<u8>,
    until: Vec<u8>,
    page: std::vec::IntoIter<(Place, Span)>,
}

impl Walk {
    fn new(newest_first: bool, from: Vec<u8>, until: Vec<u8>, cursor: &[u8]) -> Walk {
        let (from, until) = match (newest_first, cursor) {
            (_, []) => (from, until),
            (false, behind) => ([behind, &[0]].concat(), until),
            (true, before) => (from, before.to_vec()),
        };
        Walk { newest_first, from, until, page: Vec::new().into_iter() }
    }

    fn forwards(&mut self) -> Option<(Place, Span)> {
        if self.page.len() == 0 {
            let mut page = SPANS.page(&[], &self.from, PAGE);
            page.retain(|((day, _), _)| day.to_be_bytes().as_slice() < self.until.as_slice());
            let (day, id) = page.last().map(|(place, _)| place)?;
            self.from = [&day.to_be_bytes(), id.as_bytes(), &[0]].concat();
            self.page = page.into_iter();
        }
        self.page.next()
    }

    fn backwards(&mut self) -> Option<(Place, Span)> {
        let ((day, id), span) = SPANS.last_before(&self.until)?;
        self.until = [&day.to_be_bytes(), id.as_bytes()].concat();
        (self.until >= self.from).then_some(((day, id), span))
    }
}

impl Iterator for Walk {
    type Item = (Place, Span);

    fn next(&mut self) -> Option<(Place, Span)> {
        if self.newest_first { self.backwards() } else { self.forwards() }
    }
}
