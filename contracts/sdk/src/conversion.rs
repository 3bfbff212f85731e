use crate::{Quantity, Ratio, Refusal};

/// What a commons declared about two units: one `from` is `num / den` of `to`. Nothing is converted without such
/// a declaration, and what would not be exact is refused (ruling R6).
///
/// ```
/// # use stint_sdk::{Conversion, Quantity};
/// let declared = [Conversion::new("min", "h", 1, 60)?];
/// let worked = Quantity::parse("90 min", 0)?;
/// assert_eq!(worked.convert("h", &declared)?.to_string(), "1.5 h");
/// # Ok::<(), stint_sdk::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    from: String,
    to: String,
    factor: Ratio,
}

impl Conversion {
    /// One `from` is `num / den` of `to`; both are above 0.
    pub fn new(from: impl Into<String>, to: impl Into<String>, num: u64, den: u64) -> Result<Conversion, Refusal> {
        let (from, to) = (from.into(), to.into());
        if num == 0 || den == 0 {
            let message = format!("1 {from} cannot be {num}/{den} {to}; both numbers of a conversion are above 0");
            return Err(Refusal::invalid("R6", message));
        }
        if from == to {
            return Err(Refusal::invalid("R6", format!("{from} is converted to itself; name two units")));
        }
        Ok(Conversion { from, to, factor: Ratio::from(num).over(&Ratio::from(den))? })
    }

    /// The same the other way round.
    pub fn reversed(&self) -> Result<Conversion, Refusal> {
        let factor = Ratio::ONE.over(&self.factor)?;
        Ok(Conversion { from: self.to.clone(), to: self.from.clone(), factor })
    }

    /// The quantity in the other unit.
    pub fn apply(&self, quantity: &Quantity) -> Result<Quantity, Refusal> {
        if quantity.unit != self.from {
            let message = format!("{quantity} is not in {}, which this conversion takes", self.from);
            return Err(Refusal::invalid("R6", message));
        }
        let exact = Ratio::from(quantity.value).times(&self.factor)?;
        let inexact = || {
            let message =
                format!("{quantity} is {exact} {}, which no decimal shows exactly; declare another unit", self.to);
            Refusal::invalid("R6", message)
        };
        Ok(Quantity::new(exact.to_decimal().ok_or_else(inexact)?, self.to.clone()))
    }
}

impl Quantity {
    /// The same in another unit, by one declared conversion in either direction.
    pub fn convert(&self, unit: &str, declared: &[Conversion]) -> Result<Quantity, Refusal> {
        if self.unit == unit {
            return Ok(self.clone());
        }
        for c in declared {
            match (c.from.as_str(), c.to.as_str()) {
                (from, to) if from == self.unit && to == unit => return c.apply(self),
                (from, to) if from == unit && to == self.unit => return c.reversed()?.apply(self),
                _ => {}
            }
        }
        let message = format!("{self} is asked in {unit}, and no conversion from {} to {unit} is declared", self.unit);
        Err(Refusal::invalid("R6", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use proptest::prelude::*;

    fn refused(result: Result<impl std::fmt::Debug, Refusal>) -> String {
        let refusal = result.unwrap_err();
        assert_eq!(refusal.rule, "R6");
        refusal.message
    }

    #[test]
    fn exact_or_refused() {
        let declared = [Conversion::new("min", "h", 1, 60).unwrap(), Conversion::new("t", "kg", 1000, 1).unwrap()];
        let converted = |text, unit| Quantity::parse(text, 6)?.convert(unit, &declared).map(|q| q.to_string());
        assert_eq!(converted("1.5 h", "min").unwrap(), "90 min");
        assert_eq!(converted("45 min", "h").unwrap(), "0.75 h");
        assert_eq!(converted("0.000001 kg", "t").unwrap(), "0.000000001 t");
        assert_eq!(converted("2 lb", "lb").unwrap(), "2 lb");
        assert!(refused(converted("7 min", "h")).contains("7/60 h"));
        assert!(refused(converted("2 lb", "kg")).contains("no conversion from lb to kg"));
        // One step only: what was not declared is not inferred.
        assert!(refused(converted("1 t", "h")).contains("declared"));
        refused(Conversion::new("a", "b", 0, 1));
        refused(Conversion::new("a", "b", 1, 0));
        refused(Conversion::new("a", "a", 1, 1));
        refused(declared[0].apply(&Quantity::new(Decimal::ONE, "kg")));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(mantissa in 1i128..1_000_000_000, num in 1u64..1000, twos in 0u32..5, fives in 0u32..5) {
            let conversion = Conversion::new("a", "b", num, 2u64.pow(twos) * 5u64.pow(fives))?;
            let quantity = Quantity::new(Decimal::new(mantissa, 6).unwrap(), "a");
            let there = conversion.apply(&quantity)?;
            prop_assert_eq!(there.convert("a", &[conversion])?, quantity);
        }
    }
}
