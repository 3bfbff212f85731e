/// Minor units as an amount with two digits: `-103.83`.
pub fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let units = minor.unsigned_abs();
    format!("{sign}{}.{:02}", units / 100, units % 100)
}

/// The same with a sign for what is more.
pub fn difference(minor: i64) -> String {
    format!("{}{}", if minor > 0 { "+" } else { "" }, amount(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_are_shown_with_two_digits() {
        let shown: Vec<_> = [0, 5, 100, -5, -10383, i64::MIN].into_iter().map(amount).collect();
        assert_eq!(shown, ["0.00", "0.05", "1.00", "-0.05", "-103.83", "-92233720368547758.08"]);
        assert_eq!([difference(0), difference(7), difference(-7)], ["0.00", "+0.07", "-0.07"]);
    }
}
