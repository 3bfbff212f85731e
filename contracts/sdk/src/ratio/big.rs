//! Steps of a big ratio with a small one, which most long calculations consist of.
//!
//! To bring a result to lowest terms takes a greatest common divisor, by far the dearest part of a step. The
//! factors that can be common are few when one side is small (Knuth, volume 2, section 4.5.1): one remainder of the
//! big number, and the rest is machine words.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;

/// `big × num / den`, for `num` other than 0 and both in lowest terms, `den > 0`.
pub fn times(big: &BigRational, num: i128, den: i128) -> BigRational {
    let above = common(big.numer(), den);
    let below = common(big.denom(), num);
    let numer = (big.numer() / above) * (num / below);
    let denom = (big.denom() / below) * (den / above);
    BigRational::new_raw(numer, denom)
}

/// `big + num / den`, both in lowest terms, `den > 0`.
pub fn plus(big: &BigRational, num: i128, den: i128) -> BigRational {
    let shared = common(big.denom(), den);
    let rest = big.denom() / shared;
    let numer = big.numer() * (den / shared) + &rest * num;
    let again = common(&numer, shared);
    BigRational::new_raw(numer / again, rest * (den / again))
}

/// The greatest common divisor with a number other than 0 of at most 64 bits.
fn common(big: &BigInt, small: i128) -> i128 {
    let small = small.unsigned_abs();
    let rest = (big % BigInt::from(small)).to_i128().map_or(0, i128::unsigned_abs);
    super::gcd(rest, small) as i128
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_integer::Integer;
    use proptest::prelude::*;

    fn is_lowest(ratio: &BigRational) -> bool {
        ratio.numer().gcd(ratio.denom()) == BigInt::from(1) && ratio.denom() > &BigInt::ZERO
    }

    proptest! {
        /// Against the library's own way, over numbers with many common factors.
        #[test]
        fn short_ways_give_what_the_long_way_gives(a in 1u64.., twos in 0u32..90, b in 1u64.., sixes in 0u32..40, num: i64, den in 1i64.., few in 1i64..60) {
            let numer = BigInt::from(a) * BigInt::from(2).pow(twos);
            let big = BigRational::new(numer, BigInt::from(b) * BigInt::from(6).pow(sixes));
            for small in [BigRational::new(num.into(), den.into()), BigRational::new((num % 50).into(), few.into())] {
                let (n, d) = (small.numer().to_i128().unwrap(), small.denom().to_i128().unwrap());
                let sum = plus(&big, n, d);
                prop_assert!(is_lowest(&sum));
                prop_assert_eq!(sum, &big + &small);
                if n != 0 {
                    let product = times(&big, n, d);
                    prop_assert!(is_lowest(&product));
                    prop_assert_eq!(product, &big * &small);
                }
            }
        }
    }
}
