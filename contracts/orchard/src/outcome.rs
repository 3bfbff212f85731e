//! The table at the end: every expected number beside ours.

use std::fmt;
use stint_sdk::Decimal;

/// One number, or one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub what: String,
    /// What the scenario says.
    pub expected: String,
    /// What the ledger says.
    pub ours: String,
    /// They are the same; numbers by value, not by how they are written.
    pub equal: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In the order of the steps.
    pub rows: Vec<Row>,
}

impl Outcome {
    pub(crate) fn compare(&mut self, what: String, expected: String, ours: String) {
        let number = |text: &str| Decimal::parse(text, 18).ok();
        let same_number = number(&expected).is_some() && number(&expected) == number(&ours);
        let equal = expected == ours || same_number;
        self.rows.push(Row { what, expected, ours, equal });
    }

    /// Every row is equal, and there are rows.
    pub fn all_equal(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.equal)
    }

    /// The rows that differ.
    pub fn differences(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| !row.equal).collect()
    }
}

/// A table in columns, with a sum at its end.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> &String, least: usize| {
            self.rows.iter().map(|row| of(row).chars().count()).max().unwrap_or_default().max(least)
        };
        let (a, b, c) = (width(|r| &r.what, 4), width(|r| &r.expected, 8), width(|r| &r.ours, 4));
        writeln!(f, "{:a$}  {:>b$}  {:>c$}  equal", "what", "expected", "ours")?;
        for row in &self.rows {
            let equal = if row.equal { "yes" } else { "NO" };
            writeln!(f, "{:a$}  {:>b$}  {:>c$}  {equal}", row.what, row.expected, row.ours)?;
        }
        write!(f, "{} of {} equal", self.rows.len() - self.differences().len(), self.rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value_and_words_by_letter() {
        let mut outcome = Outcome::default();
        assert!(!outcome.all_equal());
        outcome.compare("a".into(), "120".into(), "120.0".into());
        outcome.compare("b".into(), "4/5".into(), "4/5".into());
        assert!(outcome.all_equal());
        outcome.compare("c".into(), "EXECUTED".into(), "REJECTED".into());
        outcome.compare("d".into(), "1".into(), "2".into());
        assert_eq!(outcome.differences().len(), 2);
        assert!(outcome.to_string().ends_with("2 of 4 equal"));
    }
}
