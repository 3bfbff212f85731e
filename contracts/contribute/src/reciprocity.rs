//! C-6: who validates whom. Two who mostly validate each other are shown, and nobody is refused by it.

use crate::{
    fields::period,
    proto::{Pair, ReciprocityRequest, ReciprocityResponse},
    state::VOICES,
};
use std::collections::BTreeMap;
use stint_sdk::Refusal;

/// 100 %.
const WHOLE: u64 = 10_000;

pub fn report(request: ReciprocityRequest) -> Result<ReciprocityResponse, Refusal> {
    let (from, until) = period(request.period)?;
    let above = if request.above_basis_points == 0 { WHOLE / 2 } else { request.above_basis_points.into() };
    let mut of: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    let mut validations = 0;
    for ((_, names), ()) in VOICES.range(&from.to_be_bytes(), &until.to_be_bytes()) {
        let mut names = names.split('/').map(str::to_string);
        let (Some(validator), Some(author)) = (names.next(), names.next()) else { continue };
        *all.entry(validator.clone()).or_default() += 1;
        *of.entry((validator, author)).or_default() += 1;
        validations += 1;
    }
    let mutual = of.iter().filter(|((a, b), _)| a < b).filter_map(|((a, b), a_for_b)| {
        let b_for_a = *of.get(&(b.clone(), a.clone()))?;
        let (a_all, b_all) = (all[a], all[b]);
        let basis_points = (a_for_b * WHOLE / a_all).min(b_for_a * WHOLE / b_all);
        let (a, b) = (a.clone(), b.clone());
        Some(Pair { a, b, a_for_b: *a_for_b, a_all, b_for_a, b_all, basis_points: basis_points as u32 })
    });
    let mut pairs: Vec<Pair> = mutual.filter(|p| u64::from(p.basis_points) > above).collect();
    pairs.sort_by_key(|p| std::cmp::Reverse(p.basis_points));
    Ok(ReciprocityResponse { pairs, validations })
}
