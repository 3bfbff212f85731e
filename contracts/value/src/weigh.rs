//! Weighing: the rule is asked about every open contribution of the income's time, page by page, in the order that
//! it wants.

use crate::{
    count::{self, Asking, PAGE, PAGE_BYTES, Weighed, mark},
    distribute::machine,
    fields,
    finish::few,
    proto::{Claim, Income, Leaf, OpenEntry, Phase, Work},
    state::{MARKS, OPEN, ROWS, SUMS, TAKEN},
    walk::{self, Place},
};
use prost::Message;
use std::collections::BTreeMap;
use stint_rule::{
    Published, Totals,
    proto::{self as rule, Contribution, Weight},
};
use stint_sdk::{Ratio, Refusal};

/// Weighs one page. Gives how many contributions it looked at.
pub fn page(work: &mut Work, income: &Income, most: u64) -> Result<u64, Refusal> {
    let entries = next(work, income, most.min(PAGE as u64) as usize)?;
    let looked_at = entries.page.len() as u64;
    let left_out = |place: &Place| work.left_out.contains(&place.1);
    let mut open: BTreeMap<String, (Place, OpenEntry)> = BTreeMap::new();
    let mut contributions = Vec::with_capacity(entries.page.len());
    for (place, mut entry, contribution) in entries.page {
        if !left_out(&place) {
            (entry.asked_in, entry.weights) = (work.number, Vec::new());
            work.root = count::next_root(&work.root, &contribution).into();
            contributions.push(contribution);
            open.insert(place.1.clone(), (place, entry));
        }
    }
    work.weighed += contributions.len() as u64;
    work.walked += looked_at;
    ask(work, contributions, entries.last, &mut open)?;
    if let Some(cursor) = entries.cursor {
        work.cursor = cursor;
    }
    if entries.last {
        work.cursor.clear();
        work.set_phase(Phase::Sharing);
    }
    Ok(looked_at)
}

/// True when the rule was asked about a contribution in this distribution.
pub fn weighed(number: u32, id: &str) -> Result<bool, Refusal> {
    let Some(contribution) = TAKEN.get(&id.to_string()) else { return Ok(false) };
    let entry = OPEN.get(&(fields::day_of(&contribution)?, id.to_string()));
    Ok(entry.is_some_and(|entry| entry.asked_in == number))
}

/// Asks the rule, and writes down what everything weighed.
#[inline(never)]
fn ask(
    work: &mut Work,
    contributions: Vec<Contribution>,
    last: bool,
    open: &mut BTreeMap<String, (Place, OpenEntry)>,
) -> Result<(), Refusal> {
    let version = work.rule.clone().unwrap_or_default();
    let (machine, params): (Published, _) = (machine(&version)?, fields::for_rule(&version.params));
    let mut asking = Asking { rule: &machine, params: &params, carry: std::mem::take(&mut work.carry) };
    // Only the few with a mark cost another look.
    let had = |w: &Weight| {
        let marked = open.get(&w.contribution).is_none_or(|(_, entry)| entry.marked);
        marked && MARKS.has(&mark(&w.contribution, &w.stream, &w.agent))
    };
    let weighed = asking.page(contributions, last, had)?;
    work.carry = asking.carry;
    let mut sums = Totals::default();
    for (id, of) in weighed {
        count::fits(&of.counts)?;
        sums.add(&of.counts)?;
        of.counts.iter().for_each(|w| row(work.number, w));
        note(work.number, &id, of, open)?;
    }
    for (place, entry) in open.values() {
        OPEN.put(place, entry);
    }
    add(work, &sums)
}

/// Writes down in a contribution's entry what it weighed. A rule that carries may speak of contributions of earlier
/// pages.
fn note(
    number: u32,
    id: &str,
    weighed: Weighed,
    open: &mut BTreeMap<String, (Place, OpenEntry)>,
) -> Result<(), Refusal> {
    if !open.contains_key(id) {
        let contribution = TAKEN.get(&id.to_string()).ok_or_else(|| count::not_asked(id))?;
        let place = (fields::day_of(&contribution)?, id.to_string());
        let entry = OPEN.get(&place).filter(|entry| entry.asked_in == number).ok_or_else(|| count::not_asked(id))?;
        open.insert(id.into(), (place, entry));
    }
    if let Some((_, entry)) = open.get_mut(id) {
        entry.weights.extend(weighed.standings);
    }
    Ok(())
}

/// Keeps what one contribution weighed, for the explanation.
fn row(number: u32, w: &Weight) {
    let debt = w.claim() == rule::Claim::Debt;
    let leaf = Leaf {
        contribution: w.contribution.clone(),
        stream: w.stream.clone(),
        agent: w.agent.clone(),
        weight: w.weight.clone(),
        claim: if debt { Claim::Debt.into() } else { w.claim },
        formula: w.formula.clone(),
        opened: if debt { number } else { 0 },
    };
    let under = if debt { 0 } else { number };
    ROWS.put(&(under, format!("{}/{}/{}", w.agent, w.stream, w.contribution)), &leaf);
}

/// Adds a page's sums to those that are kept.
fn add(work: &mut Work, sums: &Totals) -> Result<(), Refusal> {
    for total in sums.write() {
        let key = (work.number, format!("{}/{}/{}", total.stream, total.agent, total.claim));
        let before = SUMS.get(&key);
        work.sums += u64::from(before.is_none());
        let before = before.map_or(Ok(Ratio::ZERO), |text| Ratio::parse(&text))?;
        SUMS.put(&key, &before.plus(&Ratio::parse(&total.weight)?)?.to_string());
    }
    few(work.sums)
}

/// A page of open contributions.
struct Entries {
    page: Vec<(Place, OpenEntry, Contribution)>,
    /// Behind the page.
    cursor: Option<Vec<u8>>,
    last: bool,
}

/// The days whose contributions count for an income, as bounds of keys.
pub fn bounds(income: &Income) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
    let since = if income.since.is_empty() { 0 } else { fields::day(&income.since)? };
    Ok((since.to_be_bytes().into(), (fields::day(&income.date)? + 1).to_be_bytes().into()))
}

#[inline(never)]
fn next(work: &Work, income: &Income, rows: usize) -> Result<Entries, Refusal> {
    let (from, until) = bounds(income)?;
    // One more than asked: it says whether this page is the last.
    let mut found = match (work.newest_first, work.cursor.as_slice()) {
        (false, []) => forwards(&from, &until, rows + 1),
        (false, behind) => forwards(&[behind, &[0]].concat(), &until, rows + 1),
        (true, []) => backwards(&until, &from, rows + 1),
        (true, before) => backwards(before, &from, rows + 1),
    };
    let mut bytes = 0;
    let mut page = Vec::new();
    let mut last = found.len() <= rows;
    found.truncate(rows);
    for (place, entry) in found {
        let Some(contribution) = TAKEN.get(&place.1) else { continue };
        bytes += contribution.encoded_len();
        if bytes > PAGE_BYTES && !page.is_empty() {
            last = false;
            break;
        }
        page.push((place, entry, contribution));
    }
    let cursor = page.last().map(|(place, ..)| walk::key(place));
    Ok(Entries { page, cursor, last })
}

/// Up to so many open contributions with `from <= key < until`.
pub fn forwards(from: &[u8], until: &[u8], rows: usize) -> Vec<(Place, OpenEntry)> {
    let mut found = OPEN.page(&[], from, rows);
    found.retain(|((day, _), _)| day.to_be_bytes().as_slice() < until);
    found
}

fn backwards(until: &[u8], from: &[u8], rows: usize) -> Vec<(Place, OpenEntry)> {
    let mut bound = until.to_vec();
    let back = std::iter::from_fn(|| {
        let (place, entry) = OPEN.last_before(&bound)?;
        bound = walk::key(&place);
        (bound.as_slice() >= from).then_some((place, entry))
    });
    back.take(rows).collect()
}
