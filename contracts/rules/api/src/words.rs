//! Numbers and bases in words, for formulas.

use crate::distribute::{ALL, REMAINING};
use stint_sdk::{Decimal, Ratio, Rounding};

/// Longer numbers are not shown digit by digit: at most 20 digits above and below the line are.
const SHOWN_BITS: u64 = 64;

/// A ratio for a formula: exact when it is short, else to six digits with `≈`. What is computed with stays exact.
pub fn short(ratio: &Ratio) -> String {
    if ratio.bits() <= SHOWN_BITS {
        return ratio.to_string();
    }
    Decimal::from_ratio(ratio, 6, Rounding::HalfEven)
        .map_or_else(|_| "a very large number".into(), |near| format!("≈ {near}"))
}

/// Hundredths of a percent as `12.5 %`.
pub fn percent(basis_points: u32) -> String {
    format!("{} %", Decimal::new(basis_points.into(), 2).unwrap_or_default())
}

/// A part of a pool's base: `10 % of what is left after reimbursement`.
pub fn part_of(basis_points: u32, of: &str) -> String {
    let base = match of {
        ALL => "the income".into(),
        REMAINING => "what remains".into(),
        earlier => format!("what is left after {earlier}"),
    };
    format!("{} of {base}", percent(basis_points))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_shortened_and_say_so() {
        let shown = |text: &str| short(&Ratio::parse(text).unwrap());
        assert_eq!(shown("7/3"), "7/3");
        assert_eq!(shown(&format!("{}1/1{}", "3".repeat(30), "0".repeat(30))), "≈ 3.333333");
        assert_eq!(shown(&format!("{}1/7", "3".repeat(60))), "a very large number");
    }

    #[test]
    fn parts_in_words() {
        assert_eq!(part_of(1250, "reimbursement"), "12.5 % of what is left after reimbursement");
        assert_eq!(part_of(10_000, ALL), "100 % of the income");
        assert_eq!(part_of(1, REMAINING), "0.01 % of what remains");
    }
}
