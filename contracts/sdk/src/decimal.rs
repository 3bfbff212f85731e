use crate::{Code, Refusal};
use std::{cmp::Ordering, fmt};

/// An exact decimal number: `mantissa / 10^scale`, scale 0 to 18. Sums and products are exact or
/// refused; nothing is ever rounded here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Digits behind the point at most.
pub const MAX_SCALE: u8 = 18;

impl Decimal {
    /// 0.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };
    /// 1.
    pub const ONE: Decimal = Decimal { mantissa: 1, scale: 0 };

    /// `mantissa / 10^scale`; `None` when the scale is over 18.
    pub fn new(mantissa: i128, scale: u8) -> Option<Decimal> {
        (scale <= MAX_SCALE).then_some(Decimal { mantissa, scale })
    }

    /// Reads `12`, `-0.5`, `12.50`: at most `scale` digits behind the point, no sign `+`, no
    /// exponent, no blanks.
    pub fn parse(text: &str, scale: u8) -> Result<Decimal, Refusal> {
        let scale = scale.min(MAX_SCALE);
        let refuse = || {
            let shown: String = text.chars().take(40).collect();
            Refusal::invalid(
                "decimal",
                format!("{shown:?} is no decimal with at most {scale} digits behind the point, such as 12.5"),
            )
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(digits) || !all_digits(fraction) || fraction.len() > scale.max(1).into() || text.len() > 60 {
            return Err(refuse());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > scale.into() {
            return Err(refuse());
        }
        let mantissa: i128 = format!("{whole}{fraction}").parse().map_err(|_| refuse())?;
        Ok(Decimal { mantissa, scale: fraction.len() as u8 })
    }

    /// Exact sum.
    pub fn plus(self, other: Decimal) -> Result<Decimal, Refusal> {
        let scale = self.scale.max(other.scale);
        let sum = self.at(scale).zip(other.at(scale)).and_then(|(a, b)| a.checked_add(b));
        sum.map(|mantissa| Decimal { mantissa, scale }.shorten()).ok_or_else(|| overflow("sum"))
    }

    /// Exact product; refused when it has more than 18 digits behind the point.
    pub fn times(self, other: Decimal) -> Result<Decimal, Refusal> {
        let (a, b) = (self.shorten(), other.shorten());
        let mantissa = a.mantissa.checked_mul(b.mantissa).ok_or_else(|| overflow("product"))?;
        let product = Decimal { mantissa, scale: a.scale + b.scale }.shorten();
        if product.scale > MAX_SCALE { Err(overflow("product")) } else { Ok(product) }
    }

    /// The mantissa at a scale; `None` when digits or the range do not suffice.
    pub fn at(self, scale: u8) -> Option<i128> {
        let short = self.shorten();
        let missing = scale.checked_sub(short.scale)?;
        short.mantissa.checked_mul(10i128.checked_pow(missing.into())?)
    }

    /// Numerator and denominator.
    pub(crate) fn parts(self) -> (i128, i128) {
        let short = self.shorten();
        (short.mantissa, 10i128.pow(short.scale.into()))
    }

    /// True for numbers below 0.
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// True for 0.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    fn shorten(mut self) -> Decimal {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }
}

fn overflow(what: &str) -> Refusal {
    Refusal::new(
        Code::OutOfRange,
        "overflow",
        format!("the {what} does not fit 38 digits with {MAX_SCALE} behind the point"),
    )
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let power = |s: u8| 10i128.pow(s.into());
        let parts = |d: &Decimal| {
            (d.mantissa.div_euclid(power(d.scale)), d.mantissa.rem_euclid(power(d.scale)) * power(MAX_SCALE - d.scale))
        };
        parts(self).cmp(&parts(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

/// Without zeros at the end: `12.5`, `3`, `-0.25`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = self.shorten();
        let sign = if d.mantissa < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", d.mantissa.unsigned_abs(), width = usize::from(d.scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(d.scale));
        match fraction {
            "" => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_shows() {
        let show = |t: &str| Decimal::parse(t, 18).unwrap().to_string();
        for (text, shown) in [
            ("0", "0"),
            ("12.50", "12.5"),
            ("-0.5", "-0.5"),
            ("-0", "0"),
            ("007", "7"),
            ("0.000000000000000001", "0.000000000000000001"),
        ] {
            assert_eq!(show(text), shown);
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "+1",
            "1e3",
            " 1",
            "1,5",
            "--1",
            "1.2.3",
            "0.0000000000000000001",
            "1.5x",
            "99999999999999999999999999999999999999999",
        ] {
            assert!(Decimal::parse(text, 18).is_err(), "{text}");
        }
        assert!(Decimal::parse("0.123", 2).is_err());
        assert!(Decimal::parse("1.5", 0).is_err());
        assert_eq!(Decimal::parse("1.0", 0).unwrap(), Decimal::ONE);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let big = Decimal::new(i128::MAX, 0).unwrap();
        assert_eq!(big.plus(Decimal::ONE).unwrap_err().rule, "overflow");
        assert_eq!(big.times(big).unwrap_err().rule, "overflow");
        let small = Decimal::new(1, 18).unwrap();
        assert_eq!(small.times(Decimal::new(1, 1).unwrap()).unwrap_err().rule, "overflow");
        assert_eq!(small.times(Decimal::new(10, 0).unwrap()).unwrap().to_string(), "0.00000000000000001");
    }

    proptest! {
        #[test]
        fn behaves_like_a_number(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000, s in 0u8..9, t in 0u8..9) {
            let (x, y) = (Decimal::new(a.into(), s).unwrap(), Decimal::new(b.into(), t).unwrap());
            let scaled = |m: i64, s: u8| i128::from(m) * 10i128.pow((9 - s).into());
            prop_assert_eq!(x.plus(y).unwrap().at(9), Some(scaled(a, s) + scaled(b, t)));
            prop_assert_eq!(x.times(y).unwrap().at(18), Some(scaled(a, s) * scaled(b, t)));
            prop_assert_eq!(x.cmp(&y), scaled(a, s).cmp(&scaled(b, t)));
            prop_assert_eq!(Decimal::parse(&x.to_string(), 18).unwrap(), x);
        }
    }
}
