//! Sharing out whole units by weight.

use crate::{Code, Ratio, Refusal, ratio::share};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{ToPrimitive, Zero};

/// Splits `total` units by weight so that the parts sum to exactly `total`.
///
/// Largest remainder (Hamilton's method): every part is floored, and the units left over go one
/// each to the largest fractions; among equal fractions to the larger weight, then to the smaller
/// id. A weight of zero receives nothing. `parties` are (id, weight) with unique ids; the answer
/// keeps their order.
///
/// Refused when no weight is above zero, or the weights' sum exceeds 2^127 - 1.
pub fn split<I: Ord>(total: u128, parties: &[(I, u128)]) -> Result<Vec<u128>, Refusal> {
    let mut sum = 0u128;
    for (_, weight) in parties {
        match sum.checked_add(*weight).filter(|s| *s <= i128::MAX as u128) {
            Some(s) => sum = s,
            None => return refuse("the weights' sum does not fit; use smaller weights of the same proportion"),
        }
    }
    if sum == 0 {
        return refuse(NO_WEIGHT);
    }
    let exact: Vec<(u128, u128)> = parties.iter().map(|(_, w)| mul_div_rem(total, *w, sum)).collect();
    Ok(largest_remainder(total, parties, exact))
}

/// The same for weights that are exact ratios. A weight below 0 is refused.
///
/// ```
/// # use stint_sdk::{Ratio, split_ratios};
/// let (third, half) = (Ratio::new(1, 3)?, Ratio::new(1, 2)?);
/// assert_eq!(split_ratios(100, &[("ana", third), ("bo", half)])?, [40, 60]);
/// # Ok::<(), stint_sdk::Refusal>(())
/// ```
pub fn split_ratios<I: Ord>(total: u128, parties: &[(I, Ratio)]) -> Result<Vec<u128>, Refusal> {
    if parties.iter().any(|(_, weight)| weight.is_negative()) {
        return refuse("a weight is below 0; weights are 0 or more");
    }
    if let Some(whole) = whole_weights(parties) {
        return split(total, &whole);
    }
    let weights: Vec<BigRational> = parties.iter().map(|(_, weight)| weight.wide()).collect();
    let sum: BigRational = weights.iter().sum();
    let exact = weights.iter().map(|weight| {
        let (whole, fraction) = share(&total.into(), weight, &sum);
        (whole.to_u128().unwrap_or(total), fraction)
    });
    Ok(largest_remainder(total, parties, exact.collect()))
}

const NO_WEIGHT: &str = "nothing to split by: no weight is above zero";

fn refuse<T>(message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(Code::FailedPrecondition, "split", message))
}

/// The same proportions in whole numbers, when they and their sum fit.
fn whole_weights<I: Ord>(parties: &[(I, Ratio)]) -> Option<Vec<(&I, u128)>> {
    let mut common = 1i128;
    for (_, weight) in parties {
        let den = i128::from(weight.small()?.1);
        common = (common / common.gcd(&den)).checked_mul(den)?;
    }
    let mut sum = 0i128;
    let mut whole = Vec::with_capacity(parties.len());
    for (id, weight) in parties {
        let (num, den) = weight.small()?;
        let weight = i128::from(num).checked_mul(common / i128::from(den))?;
        sum = sum.checked_add(weight)?;
        whole.push((id, weight as u128));
    }
    Some(whole)
}

/// `exact` has each party's whole units and the fraction of one that is left. The units that are left over go to
/// the largest fractions, then to the larger weight, then to the smaller id.
fn largest_remainder<I: Ord, W: Ord, F: Ord + Zero>(
    total: u128,
    parties: &[(I, W)],
    exact: Vec<(u128, F)>,
) -> Vec<u128> {
    let mut parts: Vec<u128> = exact.iter().map(|(whole, _)| *whole).collect();
    let left = total - parts.iter().sum::<u128>();
    let mut order: Vec<usize> = (0..parties.len()).filter(|i| !exact[*i].1.is_zero()).collect();
    order.sort_by(|&a, &b| {
        let by_fraction = exact[b].1.cmp(&exact[a].1);
        let by_weight = parties[b].1.cmp(&parties[a].1);
        by_fraction.then(by_weight).then_with(|| parties[a].0.cmp(&parties[b].0))
    });
    // Fewer units are left than fractions are above zero.
    for &i in order.iter().take(left as usize) {
        parts[i] += 1;
    }
    parts
}

/// `(a * b / d, a * b % d)` for `b <= d < 2^127`, exactly, by doubling.
fn mul_div_rem(a: u128, b: u128, d: u128) -> (u128, u128) {
    if let Some(product) = a.checked_mul(b) {
        return (product / d, product % d);
    }
    let (step, rest) = (b / d, b % d);
    let (mut q, mut r) = (0u128, 0u128);
    for bit in (0..128 - a.leading_zeros()).rev() {
        (q, r) = (q * 2, r * 2);
        if r >= d {
            (q, r) = (q + 1, r - d);
        }
        if a >> bit & 1 == 1 {
            (q, r) = (q + step, r + rest);
            if r >= d {
                (q, r) = (q + 1, r - d);
            }
        }
    }
    (q, r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_splits() {
        // Sensorica's published value equation and our variant of it, in cents.
        let weights = [("worker", 75u128), ("contributor", 70), ("va1", 30), ("va2", 20)];
        assert_eq!(split(19_500, &weights).unwrap(), [7500, 7000, 3000, 2000]);
        assert_eq!(split(10_000, &weights).unwrap(), [3846, 3590, 1538, 1026]);
        // Hours 120:80:40 at equal rate: the left-over cent goes to the larger fraction.
        assert_eq!(split(269_960, &[("ana", 2400u128), ("bo", 1600), ("cy", 800)]).unwrap(), [134_980, 89_987, 44_993]);
    }

    #[test]
    fn ties_go_to_the_larger_weight_then_to_the_smaller_id() {
        assert_eq!(split(1, &[("b", 1u128), ("a", 1)]).unwrap(), [0, 1]);
        assert_eq!(split(2, &[("c", 1u128), ("b", 1), ("a", 1)]).unwrap(), [0, 1, 1]);
        assert_eq!(split(2, &[("a", 1u128), ("b", 3)]).unwrap(), [0, 2]);
    }

    #[test]
    fn nothing_to_split_by_is_refused() {
        assert!(split::<u8>(10, &[]).is_err());
        assert!(split(10, &[(1, 0u128), (2, 0)]).is_err());
        assert!(split(10, &[(1, u128::MAX), (2, 1)]).is_err());
        assert_eq!(split(0, &[(1, 5u128)]).unwrap(), [0]);
    }

    fn ratio() -> impl Strategy<Value = Ratio> {
        let small = (0i64..50, 1i64..50).prop_map(|(n, d)| Ratio::new(n, d).unwrap());
        let large = (1i64.., 1i64..).prop_map(|(n, d)| Ratio::new(n, d).unwrap());
        prop_oneof![small, large.clone(), (large.clone(), large).prop_map(|(a, b)| a.times(&b).unwrap())]
    }

    #[test]
    fn ratios_split_like_whole_numbers_of_their_proportion() {
        let ratio = |text| Ratio::parse(text).unwrap();
        assert_eq!(split_ratios(1, &[("b", ratio("1/3")), ("a", ratio("1/3"))]).unwrap(), [0, 1]);
        assert_eq!(split_ratios(7, &[("a", ratio("2.5")), ("b", ratio("2.5")), ("c", ratio("2"))]).unwrap(), [3, 2, 2]);
        assert_eq!(split_ratios(10, &[("a", ratio("-1")), ("b", ratio("2"))]).unwrap_err().rule, "split");
        assert_eq!(split_ratios(10, &[("a", Ratio::ZERO)]).unwrap_err().rule, "split");
        assert_eq!(split_ratios::<u8>(10, &[]).unwrap_err().rule, "split");
    }

    proptest! {
        #[test]
        fn ratios_split_to_the_total_within_one_unit(total: u64, weights in prop::collection::vec(ratio(), 1..12)) {
            prop_assume!(weights.iter().any(|w| !w.is_zero()));
            let parties: Vec<(usize, Ratio)> = weights.iter().cloned().enumerate().collect();
            let parts = split_ratios(total.into(), &parties)?;
            prop_assert_eq!(parts.iter().sum::<u128>(), u128::from(total));
            let sum: BigRational = weights.iter().map(Ratio::wide).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let (whole, _) = share(&total.into(), &weight.wide(), &sum);
                let more = *part - whole.to_u128().unwrap();
                prop_assert!(more <= 1 && (!weight.is_zero() || *part == 0));
            }
            let mut reversed = parties.clone();
            reversed.reverse();
            let mut back = split_ratios(total.into(), &reversed)?;
            back.reverse();
            prop_assert_eq!(back, parts);
        }

        #[test]
        fn a_common_factor_does_not_matter(total in 0u64..10_000, weights in prop::collection::vec(0u64..200, 1..10), factor in ratio()) {
            prop_assume!(weights.iter().any(|w| *w > 0) && !factor.is_zero());
            let whole: Vec<(usize, u128)> = weights.iter().map(|w| u128::from(*w)).enumerate().collect();
            let scaled = weights.iter().map(|w| Ratio::from(*w).times(&factor).unwrap()).enumerate();
            let scaled: Vec<(usize, Ratio)> = scaled.collect();
            prop_assert_eq!(split_ratios(total.into(), &scaled)?, split(total.into(), &whole)?);
        }

        #[test]
        fn parts_sum_to_the_total_and_stay_within_one_unit(total: u128, weights in prop::collection::vec(0u128..1 << 100, 1..40)) {
            let parties: Vec<(usize, u128)> = weights.iter().copied().enumerate().collect();
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parts = split(total, &parties).unwrap();
            prop_assert_eq!(parts.iter().sum::<u128>(), total);
            let sum: u128 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let (floor, rest) = mul_div_rem(total, *weight, sum);
                prop_assert!(*part == floor || (*part == floor + 1 && rest > 0));
                prop_assert!(*weight > 0 || *part == 0);
            }
        }

        #[test]
        fn the_order_of_parties_does_not_matter(total in 0u128..1000, weights in prop::collection::vec(0u128..20, 1..10)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parties: Vec<(usize, u128)> = weights.iter().copied().enumerate().collect();
            let mut reversed = parties.clone();
            reversed.reverse();
            let mut parts = split(total, &reversed).unwrap();
            parts.reverse();
            prop_assert_eq!(parts, split(total, &parties).unwrap());
        }

        #[test]
        fn long_products_are_exact(a in 0u128..1 << 60, b in 0u128..1 << 60, shift in 0u32..60) {
            let d = (1u128 << 61) - 1;
            let slow = mul_div_rem(a << shift, b, d);
            // The same through 192-bit long division in two limbs.
            let low = a * b;
            let (mut q, mut r) = (low / d, low % d);
            for _ in 0..shift {
                q *= 2;
                r *= 2;
                if r >= d { r -= d; q += 1; }
            }
            prop_assert_eq!(slow, (q, r));
        }
    }
}
