use crate::{Code, Refusal};

/// Splits `total` units by weight so that the parts sum to exactly `total`.
///
/// Largest remainder (Hamilton's method): every part is floored, and the units left over go one
/// each to the largest fractions; among equal fractions to the larger weight, then to the smaller
/// id. A weight of zero receives nothing. `parties` are (id, weight) with unique ids; the answer
/// keeps their order.
///
/// Refused when no weight is above zero, or the weights' sum exceeds 2^127 - 1.
pub fn split<I: Ord>(total: u128, parties: &[(I, u128)]) -> Result<Vec<u128>, Refusal> {
    let refuse = |m: &str| Err(Refusal::new(Code::FailedPrecondition, "split", m));
    let mut sum = 0u128;
    for (_, weight) in parties {
        match sum.checked_add(*weight).filter(|s| *s <= i128::MAX as u128) {
            Some(s) => sum = s,
            None => return refuse("the weights' sum does not fit; use smaller weights of the same proportion"),
        }
    }
    if sum == 0 {
        return refuse("nothing to split by: no weight is above zero");
    }
    let exact: Vec<(u128, u128)> = parties.iter().map(|(_, w)| mul_div_rem(total, *w, sum)).collect();
    let mut parts: Vec<u128> = exact.iter().map(|(floor, _)| *floor).collect();
    let left = total - parts.iter().sum::<u128>();
    let mut order: Vec<usize> = (0..parties.len()).filter(|i| exact[*i].1 > 0).collect();
    order.sort_by(|&a, &b| {
        let by_fraction = exact[b].1.cmp(&exact[a].1);
        let by_weight = parties[b].1.cmp(&parties[a].1);
        by_fraction.then(by_weight).then_with(|| parties[a].0.cmp(&parties[b].0))
    });
    // Fewer units are left than fractions are above zero.
    for &i in order.iter().take(left as usize) {
        parts[i] += 1;
    }
    Ok(parts)
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

    proptest! {
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
