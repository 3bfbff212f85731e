//! Points, shares, and why.
//!
//! points(author) = sum over its contributions of quantity x weight(kind, date);
//! share = points / all points, split by largest remainder (the SDK's `split`).

use crate::{
    fields::{SCALE, period},
    proto::{DaySum, ExplainShareRequest, ExplainShareResponse, GetSharesRequest, GetSharesResponse, Share, Term},
    rules::Valuation,
    state::{AUTHOR, AuthorNumber, SUMS, number_of},
};
use std::collections::BTreeMap;
use stint_sdk::{Code, Decimal, Refusal, split};

/// 100 %.
const WHOLE: u128 = 10_000;
/// Points have the digits of a quantity times a weight.
const POINT_SCALE: u8 = 2 * SCALE;

/// Walks the sums of a period with the rule's version and weight for each.
fn weighed(
    (from, until): (u32, u32),
    mut each: impl FnMut(AuthorNumber, &str, u32, Decimal, &DaySum) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let valuation = Valuation::load();
    // Most neighbours share day and kind.
    let mut last: Option<(u32, String, u32, Decimal)> = None;
    for ((day, author, kind), sum) in SUMS.range(&from.to_be_bytes(), &until.to_be_bytes()) {
        let known = last.as_ref().filter(|l| l.0 == day && l.1 == kind).map(|l| (l.2, l.3));
        let (version, weight) = match known {
            Some(found) => found,
            None => valuation.weight(day, &kind)?,
        };
        each(author, &kind, version, weight, &sum)?;
        last = Some((day, kind, version, weight));
    }
    Ok(())
}

fn quantity(sum: &DaySum) -> Decimal {
    Decimal::new(sum.micros.into(), SCALE).unwrap_or_default()
}

struct Standing {
    author: String,
    contributions: u64,
    points: Decimal,
    weight: u128,
}

/// Everybody's points in a period, the most first, then by name.
fn standings(period: (u32, u32)) -> Result<(Vec<Standing>, Decimal), Refusal> {
    let mut by_author: BTreeMap<AuthorNumber, (u64, Decimal)> = BTreeMap::new();
    weighed(period, |author, _, _, weight, sum| {
        let entry = by_author.entry(author).or_default();
        entry.0 += sum.count;
        entry.1 = entry.1.plus(quantity(sum).times(weight)?)?;
        Ok(())
    })?;
    let mut total = Decimal::ZERO;
    let mut all = Vec::with_capacity(by_author.len());
    for (number, (contributions, points)) in by_author {
        total = total.plus(points)?;
        let weight = points.at(POINT_SCALE).and_then(|p| u128::try_from(p).ok());
        let weight =
            weight.ok_or_else(|| Refusal::new(Code::OutOfRange, "overflow", "an author's points do not fit"))?;
        all.push(Standing { author: AUTHOR.get(&number).unwrap_or_default(), contributions, points, weight });
    }
    all.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| a.author.cmp(&b.author)));
    Ok((all, total))
}

/// Parts of `amount` by points; nothing for anybody while nobody has points.
fn parts(amount: u128, standings: &[Standing], total: Decimal) -> Result<Vec<u128>, Refusal> {
    if total.is_zero() {
        return Ok(vec![0; standings.len()]);
    }
    let parties: Vec<(&str, u128)> = standings.iter().map(|s| (s.author.as_str(), s.weight)).collect();
    split(amount, &parties)
}

pub fn get(request: GetSharesRequest) -> Result<GetSharesResponse, Refusal> {
    let (all, total) = standings(period(request.period)?)?;
    let basis_points = parts(WHOLE, &all, total)?;
    let amounts = parts(request.amount.into(), &all, total)?;
    let rows = if request.page_size == 0 { 100 } else { request.page_size.min(1000) };
    let share = |((s, basis_points), amount): ((&Standing, &u128), &u128)| Share {
        author: s.author.clone(),
        contributions: s.contributions,
        points: s.points.to_string(),
        basis_points: *basis_points as u32,
        amount: *amount as u64,
    };
    let page = all.iter().zip(&basis_points).zip(&amounts).skip(request.skip as usize).take(rows as usize);
    Ok(GetSharesResponse {
        shares: page.map(share).collect(),
        contributors: all.len() as u32,
        contributions: all.iter().map(|s| s.contributions).sum(),
        points: total.to_string(),
    })
}

pub fn explain(request: ExplainShareRequest) -> Result<ExplainShareResponse, Refusal> {
    let period = period(request.period)?;
    let nobody = || {
        let shown: String = request.author.chars().take(80).collect();
        Refusal::new(Code::NotFound, "author", format!("{shown:?} has no contribution in this period"))
    };
    let number = number_of(&request.author).ok_or_else(nobody)?;
    let mut terms: BTreeMap<(u32, String), (Decimal, u64, Decimal)> = BTreeMap::new();
    weighed(period, |author, kind, version, weight, sum| {
        if author == number {
            let term = terms.entry((version, kind.to_string())).or_insert((weight, 0, Decimal::ZERO));
            term.1 += sum.count;
            term.2 = term.2.plus(quantity(sum))?;
        }
        Ok(())
    })?;
    let (all, total) = standings(period)?;
    let place = all.iter().position(|s| s.author == request.author).ok_or_else(nobody)?;
    let basis_points = parts(WHOLE, &all, total)?[place] as u32;
    let amount = parts(request.amount.into(), &all, total)?[place] as u64;

    let mut shown = Vec::new();
    let mut sum = Vec::new();
    for ((rule_version, kind), (weight, contributions, quantity)) in terms {
        let points = quantity.times(weight)?;
        sum.push(format!("{quantity} {kind} x {weight}"));
        let (weight, quantity, points) = (weight.to_string(), quantity.to_string(), points.to_string());
        shown.push(Term { kind, rule_version, weight, contributions, quantity, points });
    }
    let points = all[place].points;
    let percent = format!("{}.{:02} %", basis_points / 100, basis_points % 100);
    let formula =
        format!("({}) / {total} points of all = {points} / {total} = {percent}, by largest remainder", sum.join(" + "));
    Ok(ExplainShareResponse {
        formula,
        terms: shown,
        points: points.to_string(),
        total_points: total.to_string(),
        basis_points,
        amount,
    })
}
