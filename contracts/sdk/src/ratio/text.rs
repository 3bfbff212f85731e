//! Ratios as text: `12.5`, and `3/7` for what is no decimal.

use super::{Form, MAX_BITS, Ratio};
use crate::{Decimal, Refusal, decimal::MAX_SCALE};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::fmt;

/// Digits that the largest numerator or denominator has.
const MAX_DIGITS: usize = MAX_BITS as usize * 302 / 1000 + 1;

impl Ratio {
    /// Reads a decimal such as `12.5`, with at most 18 digits behind the point, or a ratio of whole numbers such
    /// as `-3/7`.
    pub fn parse(text: &str) -> Result<Ratio, Refusal> {
        match text.split_once('/') {
            None => Decimal::parse(text, MAX_SCALE).map(Ratio::from).map_err(|_| unreadable(text)),
            Some((num, den)) => Ratio::parse_pair(num, den).unwrap_or_else(|| Err(unreadable(text))),
        }
    }

    fn parse_pair(num: &str, den: &str) -> Option<Result<Ratio, Refusal>> {
        let digits = |s: &str| !s.is_empty() && s.len() <= MAX_DIGITS && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(num.strip_prefix('-').unwrap_or(num)) || !digits(den) {
            return None;
        }
        if let (Ok(num), Ok(den)) = (num.parse(), den.parse()) {
            return (den != 0).then(|| Ratio::new(num, den));
        }
        let (num, den) = (num.parse::<BigInt>().ok()?, den.parse::<BigInt>().ok()?);
        (den != BigInt::ZERO).then(|| Ratio::bounded(BigRational::new(num, den), "ratio"))
    }
}

fn unreadable(text: &str) -> Refusal {
    let shown: String = text.chars().take(40).collect();
    Refusal::invalid(
        "ratio",
        format!("{shown:?} is no exact number; write a decimal such as 12.5 or a ratio such as 3/7"),
    )
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.to_decimal(), &self.0) {
            (Some(decimal), _) => decimal.fmt(f),
            (None, Form::Small { num, den }) => write!(f, "{num}/{den}"),
            (None, Form::Big(ratio)) => write!(f, "{}/{}", ratio.numer(), ratio.denom()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_shows() {
        for (text, shown) in [
            ("12.50", "12.5"),
            ("-0", "0"),
            ("6/4", "1.5"),
            ("-3/7", "-3/7"),
            ("0/9", "0"),
            ("170141183460469231731687303715884105727/2", "170141183460469231731687303715884105727/2"),
            ("99999999999999999999/3", "33333333333333333333"),
        ] {
            assert_eq!(Ratio::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            "/",
            "1/",
            "/2",
            "1/0",
            "00000000000000000000000/0",
            "1/-2",
            "1.5/2",
            "+1/2",
            "1/2/3",
            "1 /2",
            "a/b",
            "1e3",
        ] {
            assert_eq!(Ratio::parse(text).unwrap_err().rule, "ratio", "{text}");
        }
        let long = |digits: usize| Ratio::parse(&format!("1/1{}", "7".repeat(digits)));
        assert!(long(1200).is_ok());
        assert_eq!(long(1234).unwrap_err().rule, "overflow");
        assert_eq!(long(100_000).unwrap_err().rule, "ratio");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(num: i64, den in 1i64.., factor: i64) {
            let small = Ratio::new(num, den).unwrap();
            let large = small.times(&Ratio::from(factor)).unwrap().times(&small).unwrap();
            prop_assert_eq!(Ratio::parse(&small.to_string())?, small);
            prop_assert_eq!(Ratio::parse(&large.to_string())?, large);
        }
    }
}
