//! The one rounding at the end, by name.

use super::{Form, Ratio};
use crate::{Code, Decimal, Refusal};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};
use std::fmt;

/// How a ratio becomes a whole number of units. A calculation is exact up to its end and rounds there, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards 0: what is not whole falls away.
    Down,
    /// Away from 0.
    Up,
    /// To the nearest; from the middle away from 0.
    HalfUp,
    /// To the nearest; from the middle to the even one, so that many roundings do not add up.
    HalfEven,
}

impl Rounding {
    const ALL: [(Rounding, &str); 4] = [
        (Rounding::Down, "down"),
        (Rounding::Up, "up"),
        (Rounding::HalfUp, "half up"),
        (Rounding::HalfEven, "half even"),
    ];

    /// Reads a name: `down`, `up`, `half up` or `half even`.
    pub fn parse(name: &str) -> Result<Rounding, Refusal> {
        let found = Rounding::ALL.into_iter().find(|(_, n)| *n == name);
        let refuse = || {
            let shown: String = name.chars().take(40).collect();
            Refusal::invalid("rounding", format!("{shown:?} is no rounding; name down, up, half up or half even"))
        };
        found.map(|(rounding, _)| rounding).ok_or_else(refuse)
    }

    /// The whole number for `num / den`, `den > 0`.
    fn whole<T: Integer + Signed>(self, num: &T, den: &T) -> T {
        let (towards_zero, rest) = num.div_rem(den);
        let twice = rest.abs() + rest.abs();
        let away = match self {
            Rounding::Down => false,
            Rounding::Up => !rest.is_zero(),
            Rounding::HalfUp => twice >= *den,
            Rounding::HalfEven => twice > *den || twice == *den && towards_zero.is_odd(),
        };
        if away { towards_zero + num.signum() } else { towards_zero }
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Rounding::ALL.iter().find(|(r, _)| r == self).map_or("", |(_, name)| name))
    }
}

impl Ratio {
    /// The whole number that this rounds to; refused outside 127 bits.
    pub fn round(&self, rounding: Rounding) -> Result<i128, Refusal> {
        let whole = match &self.0 {
            Form::Small { num, den } => Some(rounding.whole(&i128::from(*num), &i128::from(*den))),
            Form::Big(ratio) => rounding.whole(ratio.numer(), ratio.denom()).to_i128(),
        };
        whole.ok_or_else(|| Refusal::new(Code::OutOfRange, "overflow", "the rounded number does not fit 38 digits"))
    }
}

impl Decimal {
    /// A ratio with `scale` digits behind the point, at most 18, rounded once.
    ///
    /// ```
    /// # use stint_sdk::{Decimal, Ratio, Rounding};
    /// let third = Ratio::new(1, 3)?;
    /// assert_eq!(Decimal::from_ratio(&third, 6, Rounding::HalfEven)?.to_string(), "0.333333");
    /// # Ok::<(), stint_sdk::Refusal>(())
    /// ```
    pub fn from_ratio(ratio: &Ratio, scale: u8, rounding: Rounding) -> Result<Decimal, Refusal> {
        let unit = Decimal::new(1, scale).ok_or_else(|| {
            Refusal::invalid(
                "rounding",
                format!("{scale} digits behind the point were asked, and decimals have up to 18"),
            )
        })?;
        let mantissa = ratio.over(&Ratio::from(unit))?.round(rounding)?;
        Ok(Decimal::new(mantissa, scale).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_rounding_does_what_its_name_says() {
        use Rounding::{Down, HalfEven, HalfUp, Up};
        for (text, down, up, half_up, half_even) in [
            ("2", 2, 2, 2, 2),
            ("2.4", 2, 3, 2, 2),
            ("2.5", 2, 3, 3, 2),
            ("3.5", 3, 4, 4, 4),
            ("7/3", 2, 3, 2, 2),
            ("-2.5", -2, -3, -3, -2),
            ("-2.6", -2, -3, -3, -3),
            ("-1/3", 0, -1, 0, 0),
        ] {
            let ratio = Ratio::parse(text).unwrap();
            let rounded = [Down, Up, HalfUp, HalfEven].map(|r| ratio.round(r).unwrap());
            assert_eq!(rounded, [down, up, half_up, half_even], "{text}");
        }
        for (rounding, name) in Rounding::ALL {
            assert_eq!(Rounding::parse(name).unwrap(), rounding);
            assert_eq!(rounding.to_string(), name);
        }
        assert_eq!(Rounding::parse("bankers").unwrap_err().rule, "rounding");
    }

    #[test]
    fn decimals_from_ratios() {
        let decimal = |text, scale| Decimal::from_ratio(&Ratio::parse(text)?, scale, Rounding::HalfEven);
        // The network's budget of the sample scenario.
        assert_eq!(decimal("6940/7125", 6).unwrap().to_string(), "0.974035");
        assert_eq!(decimal("2/3", 0).unwrap().to_string(), "1");
        assert_eq!(decimal("1/3", 19).unwrap_err().rule, "rounding");
        assert_eq!(decimal("99999999999999999999999999999999999999", 18).unwrap_err().rule, "overflow");
    }

    proptest! {
        #[test]
        fn a_rounded_number_is_near_and_keeps_its_side(num: i64, den in 1i64.., scale in 0u8..=18) {
            let exact = Ratio::new(num, den).unwrap();
            let unit = Ratio::from(Decimal::new(1, scale).unwrap());
            let at = |r| Decimal::from_ratio(&exact, scale, r).map(Ratio::from);
            let (Ok(down), Ok(up)) = (at(Rounding::Down), at(Rounding::Up)) else { return Ok(()) };
            let size = |r: &Ratio| if r.is_negative() { r.negated() } else { r.clone() };
            prop_assert!(size(&down) <= size(&exact) && size(&exact) <= size(&up));
            prop_assert!(size(&up.minus(&down)?) <= unit);
            prop_assert_eq!(up == down, down == exact);
            for nearest in [at(Rounding::HalfUp)?, at(Rounding::HalfEven)?] {
                prop_assert!(nearest == up || nearest == down);
                let distance = size(&nearest.minus(&exact)?);
                prop_assert!(distance.plus(&distance)? <= unit);
            }
        }
    }
}
