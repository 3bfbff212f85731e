use crate::{Decimal, Refusal};
use std::fmt;

/// An amount of something in a unit, for example 12.5 kg. Quantities of different units never mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// How much.
    pub value: Decimal,
    /// Of what, for example `kg`, `h`, `EUR`.
    pub unit: String,
}

impl Quantity {
    /// `value` of `unit`.
    pub fn new(value: Decimal, unit: impl Into<String>) -> Quantity {
        Quantity { value, unit: unit.into() }
    }

    /// Reads `12.5 kg`, with at most `scale` digits behind the point.
    pub fn parse(text: &str, scale: u8) -> Result<Quantity, Refusal> {
        let shape = || Refusal::invalid("quantity", format!("{text:?} is no quantity; write it as 12.5 kg"));
        let (value, unit) = text.split_once(' ').ok_or_else(shape)?;
        if unit.is_empty() || unit.len() > 32 || unit.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(shape());
        }
        Ok(Quantity::new(Decimal::parse(value, scale)?, unit))
    }

    /// Exact sum; refused for another unit.
    pub fn plus(&self, other: &Quantity) -> Result<Quantity, Refusal> {
        self.same_unit(other)?;
        Ok(Quantity::new(self.value.plus(other.value)?, self.unit.clone()))
    }

    /// Exact product with a number without a unit.
    pub fn times(&self, factor: Decimal) -> Result<Quantity, Refusal> {
        Ok(Quantity::new(self.value.times(factor)?, self.unit.clone()))
    }

    fn same_unit(&self, other: &Quantity) -> Result<(), Refusal> {
        if self.unit == other.unit {
            return Ok(());
        }
        Err(Refusal::invalid("unit", format!("{self} and {other} have different units; convert one of them first")))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_never_mix() {
        let q = |t| Quantity::parse(t, 6).unwrap();
        assert_eq!(q("1.5 kg").plus(&q("0.25 kg")).unwrap().to_string(), "1.75 kg");
        assert_eq!(q("1.5 kg").plus(&q("1 h")).unwrap_err().rule, "unit");
        assert_eq!(q("1.5 h").times(Decimal::parse("20", 0).unwrap()).unwrap().to_string(), "30 h");
        for wrong in ["", "1", "1 ", "kg", "1  kg", "1e3 kg", "1 k g", "1 \u{0}"] {
            assert!(Quantity::parse(wrong, 6).is_err(), "{wrong:?}");
        }
    }
}
