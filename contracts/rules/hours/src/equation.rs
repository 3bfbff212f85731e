//! Products, their value and their text.
//!
//! ```text
//! product = factor { ("*" | "/") factor }
//! factor  = number | name | "min" "(" product "," product ")"
//! name    = "quantity" | a constant of the parameters | a fact of the contribution
//! ```
//!
//! A constant wins over a fact of the same name: who contributes writes the facts, and the commons writes the
//! constants.

use std::collections::BTreeMap;
use stint_rule::{Facts, proto::Contribution};
use stint_sdk::{Ratio, Refusal};

/// `min` inside `min` at most.
const DEPTH: usize = 4;

/// What a contribution weighs, as a formula.
pub struct Equation(Product);

/// The first factor, and the others with their operator.
struct Product(Factor, Vec<(Operator, Factor)>);

#[derive(Clone, Copy)]
enum Operator {
    Times,
    Over,
}

enum Factor {
    Number(Ratio, String),
    Name(String),
    Min(Box<(Product, Product)>),
}

/// A value and how it came about: `120 h × 20.00`.
pub type Worked = (Ratio, String);

impl Equation {
    pub fn parse(text: &str) -> Result<Equation, Refusal> {
        let mut parser = Parser { rest: text, whole: text };
        let product = parser.product(0)?;
        match parser.rest.is_empty() {
            true => Ok(Equation(product)),
            false => Err(parser.unexpected("* or /, or the end")),
        }
    }

    /// True when it names a constant or fact.
    pub fn names(&self, name: &str) -> bool {
        self.0.names(name)
    }

    /// Its value for a contribution, and how it came about.
    pub fn work_out(&self, c: &Contribution, constants: &BTreeMap<String, Worked>) -> Result<Worked, Refusal> {
        self.0.work_out(c, constants)
    }
}

impl Product {
    fn names(&self, name: &str) -> bool {
        let mut factors = std::iter::once(&self.0).chain(self.1.iter().map(|(_, factor)| factor));
        factors.any(|factor| match factor {
            Factor::Number(..) => false,
            Factor::Name(own) => own == name,
            Factor::Min(pair) => pair.0.names(name) || pair.1.names(name),
        })
    }

    fn work_out(&self, c: &Contribution, constants: &BTreeMap<String, Worked>) -> Result<Worked, Refusal> {
        let (mut value, mut text) = self.0.work_out(c, constants)?;
        for (operator, factor) in &self.1 {
            let (by, shown) = factor.work_out(c, constants)?;
            (value, text) = match operator {
                Operator::Times => (value.times(&by)?, format!("{text} × {shown}")),
                Operator::Over => (value.over(&by)?, format!("{text} / {shown}")),
            };
        }
        Ok((value, text))
    }
}

impl Factor {
    fn work_out(&self, c: &Contribution, constants: &BTreeMap<String, Worked>) -> Result<Worked, Refusal> {
        match self {
            Factor::Number(value, text) => Ok((value.clone(), text.clone())),
            Factor::Name(name) if name == "quantity" => Ok((c.amount()?, c.shown())),
            Factor::Name(name) => match constants.get(name) {
                Some(constant) => Ok(constant.clone()),
                None => c.needed(name).map(|value| (value, c.attributes[name].clone())),
            },
            Factor::Min(pair) => {
                let (a, b) = (pair.0.work_out(c, constants)?, pair.1.work_out(c, constants)?);
                let text = format!("min({}, {})", a.1, b.1);
                Ok((a.0.min(b.0), text))
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl Parser<'_> {
    fn product(&mut self, depth: usize) -> Result<Product, Refusal> {
        let first = self.factor(depth)?;
        let mut others = Vec::new();
        loop {
            let operator = match () {
                () if self.take("*") => Operator::Times,
                () if self.take("/") => Operator::Over,
                () => return Ok(Product(first, others)),
            };
            others.push((operator, self.factor(depth)?));
        }
    }

    fn factor(&mut self, depth: usize) -> Result<Factor, Refusal> {
        self.rest = self.rest.trim_start();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = self.rest.find(|c| !word(c)).unwrap_or(self.rest.len());
        let (found, rest) = self.rest.split_at(end);
        match found.chars().next() {
            Some(c) if c.is_ascii_digit() => {
                let number = Ratio::parse(found).map_err(|_| self.unexpected("a number or a name"))?;
                self.rest = rest.trim_start();
                Ok(Factor::Number(number, found.into()))
            }
            Some(c) if c.is_ascii_alphabetic() && !found.contains('.') => {
                let name = found.to_string();
                self.rest = rest.trim_start();
                if name == "min" && self.take("(") { self.min(depth) } else { Ok(Factor::Name(name)) }
            }
            _ => Err(self.unexpected("a number or a name")),
        }
    }

    fn min(&mut self, depth: usize) -> Result<Factor, Refusal> {
        if depth == DEPTH {
            return Err(self.unexpected(&format!("at most {DEPTH} times min within min")));
        }
        let first = self.product(depth + 1)?;
        if !self.take(",") {
            return Err(self.unexpected("a comma"));
        }
        let second = self.product(depth + 1)?;
        if !self.take(")") {
            return Err(self.unexpected("a closing bracket"));
        }
        Ok(Factor::Min(Box::new((first, second))))
    }

    fn take(&mut self, sign: &str) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn unexpected(&self, expected: &str) -> Refusal {
        let (whole, at) = (self.whole, self.whole.len() - self.rest.len());
        Refusal::invalid(
            "equation",
            format!("{whole:?} at byte {at}: expected {expected}, as in quantity * rate * 1.5"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work_out(equation: &str) -> Result<(String, String), Refusal> {
        let facts = [("value", "7.50"), ("value_per_unit", "10"), ("paid", "100"), ("rate", "999"), ("none", "0")];
        let c = Contribution {
            id: "c1".into(),
            quantity: "120".into(),
            unit: "h".into(),
            attributes: facts.map(|(name, value)| (name.to_string(), value.to_string())).into(),
            ..Contribution::default()
        };
        let constants = [("rate".to_string(), (Ratio::from(20u64), "20.00".to_string()))].into();
        Equation::parse(equation)?.work_out(&c, &constants).map(|(value, text)| (value.to_string(), text))
    }

    #[test]
    fn products_are_worked_out_with_their_numbers() {
        for (equation, value, text) in [
            ("quantity", "120", "120 h"),
            ("quantity * rate", "2400", "120 h × 20.00"),
            ("quantity*rate*1.5", "3600", "120 h × 20.00 × 1.5"),
            ("paid / 7 * 2", "200/7", "100 / 7 × 2"),
            ("min(value_per_unit, value)", "7.5", "min(10, 7.50)"),
            (" min( min(1,2) * 3 , quantity ) / 2 ", "1.5", "min(min(1, 2) × 3, 120 h) / 2"),
        ] {
            assert_eq!(work_out(equation).unwrap(), (value.into(), text.into()), "{equation}");
        }
    }

    /// The facts say that the rate is 999.
    #[test]
    fn who_contributes_cannot_set_a_constant_of_the_commons() {
        assert_eq!(work_out("rate").unwrap().0, "20");
    }

    #[test]
    fn what_cannot_be_read_or_worked_out_is_refused() {
        for equation in [
            "",
            " ",
            "*",
            "quantity *",
            "quantity + 1",
            "(quantity)",
            "quantity quantity",
            "1.2.3",
            "1e3",
            "-1",
            ".5",
            "min(1)",
            "min(1,2",
            "min(1;2)",
            "quantity.value",
            "ä",
            "2x",
            "_a",
            "min(min(min(min(min(1,1),1),1),1),1)",
        ] {
            assert_eq!(work_out(equation).unwrap_err().rule, "equation", "{equation:?}");
        }
        assert!(work_out("price_per_unit").unwrap_err().message.contains("c1 has no price_per_unit"));
        assert_eq!(work_out("1 / none").unwrap_err().rule, "ratio");
    }
}
