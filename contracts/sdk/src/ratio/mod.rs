//! Exact ratios: what decimals cannot hold, such as a third.

mod big;
mod rounding;
#[cfg(test)]
mod tests;
mod text;

pub use rounding::Rounding;

use crate::{Code, Decimal, Refusal};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// Bits of a numerator or denominator at most: about 1,233 digits. A chain of exact steps can double its
/// digits at every step, and fuel and memory are finite.
pub const MAX_BITS: u64 = 4096;

/// An exact ratio of whole numbers, in lowest terms. Sums, products and quotients are exact or refused by the
/// rule `overflow`; nothing is rounded before somebody asks for it by name, see [`Rounding`].
///
/// ```
/// # use stint_sdk::Ratio;
/// let third = Ratio::new(1, 3)?;
/// assert_eq!(third.plus(&Ratio::parse("0.5")?)?.to_string(), "5/6");
/// assert_eq!(third.times(&Ratio::from(3u64))?.to_string(), "1");
/// # Ok::<(), stint_sdk::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratio(Form);

/// Nearly every ratio is small, and an instance never gets memory back: so the small ones need none. Sums and
/// products of two small ones fit an `i128`. There is one form for each number, so equal means equal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// In lowest terms, with a denominator above zero.
    Small { num: i64, den: i64 },
    /// The others.
    Big(Box<BigRational>),
}

use Form::{Big, Small};

impl Ratio {
    /// 0.
    pub const ZERO: Ratio = Ratio(Small { num: 0, den: 1 });
    /// 1.
    pub const ONE: Ratio = Ratio(Small { num: 1, den: 1 });

    /// `num / den`; a denominator of 0 is refused.
    pub fn new(num: i64, den: i64) -> Result<Ratio, Refusal> {
        Ratio::from(num).over(&Ratio::from(den))
    }

    /// Exact sum.
    pub fn plus(&self, other: &Ratio) -> Result<Ratio, Refusal> {
        match (&self.0, &other.0) {
            (Small { num: a, den: b }, Small { num: c, den: d }) => {
                let [a, b, c, d] = [*a, *b, *c, *d].map(i128::from);
                Ok(Ratio::reduced(a * d + c * b, b * d))
            }
            (Big(big), Small { num, den }) | (Small { num, den }, Big(big)) => {
                Ratio::bounded(big::plus(big, (*num).into(), (*den).into()), "sum")
            }
            (Big(a), Big(b)) => Ratio::bounded(a.as_ref() + b.as_ref(), "sum"),
        }
    }

    /// Exact difference.
    pub fn minus(&self, other: &Ratio) -> Result<Ratio, Refusal> {
        self.plus(&other.negated())
    }

    /// Exact product.
    pub fn times(&self, other: &Ratio) -> Result<Ratio, Refusal> {
        match (&self.0, &other.0) {
            (Small { num: a, den: b }, Small { num: c, den: d }) => {
                let [a, b, c, d] = [*a, *b, *c, *d].map(i128::from);
                Ok(Ratio::reduced(a * c, b * d))
            }
            (Big(_), Small { num: 0, .. }) | (Small { num: 0, .. }, Big(_)) => Ok(Ratio::ZERO),
            (Big(big), Small { num, den }) | (Small { num, den }, Big(big)) => {
                Ratio::bounded(big::times(big, (*num).into(), (*den).into()), "product")
            }
            (Big(a), Big(b)) => Ratio::bounded(a.as_ref() * b.as_ref(), "product"),
        }
    }

    /// Exact quotient; a division by 0 is refused.
    pub fn over(&self, other: &Ratio) -> Result<Ratio, Refusal> {
        if other.is_zero() {
            return Err(Refusal::invalid("ratio", format!("{self} cannot be divided by 0; divide by another number")));
        }
        self.times(&other.inverted())
    }

    /// The same number on the other side of 0.
    pub fn negated(&self) -> Ratio {
        match &self.0 {
            Small { num, den } => Ratio::reduced(-i128::from(*num), i128::from(*den)),
            Big(ratio) => Ratio::canonical(-ratio.as_ref()),
        }
    }

    /// 1 over a number other than 0.
    fn inverted(&self) -> Ratio {
        match &self.0 {
            Small { num, den } => Ratio::reduced(i128::from(*den * num.signum()), i128::from(*num).abs()),
            Big(ratio) => Ratio::canonical(ratio.recip()),
        }
    }

    /// True for 0.
    pub fn is_zero(&self) -> bool {
        *self == Ratio::ZERO
    }

    /// True below 0.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Small { num, .. } => *num < 0,
            Big(ratio) => ratio.is_negative(),
        }
    }

    /// Bits of the numerator or denominator, whichever has more.
    pub fn bits(&self) -> u64 {
        match &self.0 {
            Small { num, den } => (64 - num.unsigned_abs().leading_zeros().min(den.leading_zeros())).into(),
            Big(ratio) => ratio.numer().bits().max(ratio.denom().bits()),
        }
    }

    /// The same number as a decimal, when 18 digits behind the point show it exactly.
    pub fn to_decimal(&self) -> Option<Decimal> {
        let (num, den) = match &self.0 {
            Small { num, den } => (i128::from(*num), i128::from(*den)),
            Big(ratio) => (ratio.numer().to_i128()?, ratio.denom().to_i128()?),
        };
        let scale = (0..=crate::decimal::MAX_SCALE).find(|s| 10i128.pow((*s).into()) % den == 0)?;
        Decimal::new(num.checked_mul(10i128.pow(scale.into()) / den)?, scale)
    }

    /// Lowest terms of `num / den` with `den > 0`, both of at most 127 bits.
    fn reduced(num: i128, den: i128) -> Ratio {
        // Machine words divide much faster than pairs of them, and nearly all fit.
        if let (Ok(num), Ok(den)) = (i64::try_from(num), i64::try_from(den)) {
            let common = if den == 1 { 1 } else { num.unsigned_abs().gcd(&den.unsigned_abs()) as i64 };
            return Ratio(Small { num: num / common, den: den / common });
        }
        let common = gcd(num.unsigned_abs(), den.unsigned_abs()) as i128;
        let (num, den) = (num / common, den / common);
        match (i64::try_from(num), i64::try_from(den)) {
            (Ok(num), Ok(den)) => Ratio(Small { num, den }),
            _ => Ratio(Big(Box::new(BigRational::new_raw(num.into(), den.into())))),
        }
    }

    /// The one form of a number in lowest terms.
    fn canonical(ratio: BigRational) -> Ratio {
        match (ratio.numer().to_i64(), ratio.denom().to_i64()) {
            (Some(num), Some(den)) => Ratio(Small { num, den }),
            _ => Ratio(Big(Box::new(ratio))),
        }
    }

    fn bounded(ratio: BigRational, what: &str) -> Result<Ratio, Refusal> {
        let bits = ratio.numer().bits().max(ratio.denom().bits());
        if bits > MAX_BITS {
            let message = format!("the {what} needs {bits} bits, and exact ratios have at most {MAX_BITS}");
            return Err(Refusal::new(Code::OutOfRange, "overflow", message));
        }
        Ok(Ratio::canonical(ratio))
    }

    /// Without a bound, for steps whose result is bounded.
    pub(crate) fn wide(&self) -> BigRational {
        match &self.0 {
            Small { num, den } => BigRational::new_raw((*num).into(), (*den).into()),
            Big(ratio) => ratio.as_ref().clone(),
        }
    }

    /// Numerator and denominator, when they are small.
    pub(crate) fn small(&self) -> Option<(i64, i64)> {
        match &self.0 {
            Small { num, den } => Some((*num, *den)),
            Big(_) => None,
        }
    }
}

/// In machine words when they fit.
fn gcd(a: u128, b: u128) -> u128 {
    match (u64::try_from(a), u64::try_from(b)) {
        (Ok(a), Ok(b)) => a.gcd(&b).into(),
        _ => a.gcd(&b),
    }
}

impl From<i64> for Ratio {
    fn from(whole: i64) -> Ratio {
        Ratio(Small { num: whole, den: 1 })
    }
}

impl From<u64> for Ratio {
    fn from(whole: u64) -> Ratio {
        Ratio::reduced(whole.into(), 1)
    }
}

impl From<Decimal> for Ratio {
    fn from(decimal: Decimal) -> Ratio {
        let (num, den) = decimal.parts();
        Ratio::reduced(num, den)
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        match (&self.0, &other.0) {
            (Small { num: a, den: b }, Small { num: c, den: d }) => {
                (i128::from(*a) * i128::from(*d)).cmp(&(i128::from(*c) * i128::from(*b)))
            }
            _ => {
                let (a, b) = (self.wide(), other.wide());
                (a.numer() * b.denom()).cmp(&(b.numer() * a.denom()))
            }
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Default for Ratio {
    fn default() -> Ratio {
        Ratio::ZERO
    }
}

/// The parts of a split: the whole units in `total * weight / sum`, and the fraction that is left.
pub(crate) fn share(total: &BigInt, weight: &BigRational, sum: &BigRational) -> (BigInt, BigRational) {
    if weight.is_zero() {
        return (BigInt::zero(), BigRational::zero());
    }
    let exact = weight * total / sum;
    (exact.to_integer(), exact.fract())
}
