//! What a well-formed contribution is.

use crate::proto::{Contribution, Period};
use stint_sdk::{Code, Day, Decimal, Refusal, context};

const WORD_BYTES: usize = 64;
const TEXT_BYTES: usize = 1000;
/// Digits behind the point of quantities and weights: their product has twelve.
pub const SCALE: u8 = 6;
/// Quantities and weights stay below this.
const LARGEST: i128 = 1_000_000_000_000;

/// A contribution whose fields keep their rules.
pub struct Fields {
    pub day: Day,
    /// In millionths.
    pub micros: u64,
}

pub fn check(c: &Contribution) -> Result<Fields, Refusal> {
    word("id", &c.id)?;
    word("kind", &c.kind)?;
    text("author", &c.author)?;
    if c.author.trim().is_empty() {
        return Err(Refusal::invalid("author", "a contribution needs an author: an external id such as an e-mail"));
    }
    text("reference", &c.reference)?;
    let micros = amount("quantity", &c.quantity)?.at(SCALE).and_then(|m| u64::try_from(m).ok()).unwrap_or(0);
    if micros == 0 {
        return Err(Refusal::invalid("quantity", "the quantity must be above zero"));
    }
    let day = Day::parse(&c.date)?;
    let last = Day::of_time_ms(context().time_ms).plus(1);
    if day > last {
        return Err(Refusal::new(
            Code::FailedPrecondition,
            "future",
            format!("{day} is in the future; the last day accepted now is {last}"),
        ));
    }
    Ok(Fields { day, micros })
}

/// An id or a kind: 1 to 64 of letters, digits and `. _ : @ + -`.
pub fn word(what: &str, word: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
    if !word.is_empty() && word.len() <= WORD_BYTES && word.chars().all(fits) {
        return Ok(());
    }
    let shown: String = word.chars().take(80).collect();
    Err(Refusal::invalid(what, format!("{shown:?} is no {what}: 1 to {WORD_BYTES} letters, digits and . _ : @ + -")))
}

/// A text for people.
pub fn text(what: &str, text: &str) -> Result<(), Refusal> {
    at_most(what, text, TEXT_BYTES)
}

/// A text of at most so many bytes.
pub fn at_most(what: &str, text: &str, bytes: usize) -> Result<(), Refusal> {
    match text.len() <= bytes {
        true => Ok(()),
        false => Err(Refusal::invalid(what, format!("the {what} has {} bytes; the limit is {bytes}", text.len()))),
    }
}

/// A quantity or weight: 0 or more, below a million million, six digits behind the point.
pub fn amount(what: &str, text: &str) -> Result<Decimal, Refusal> {
    let d = Decimal::parse(text, SCALE)?;
    if d.is_negative() || d.at(SCALE).is_none_or(|m| m >= LARGEST * 1_000_000) {
        return Err(Refusal::invalid(what, format!("the {what} {d} is outside 0 to {LARGEST}")));
    }
    Ok(d)
}

/// A period as days in keys: from the first, up to but without the last.
pub fn period(p: Option<Period>) -> Result<(u32, u32), Refusal> {
    let p = p.unwrap_or_default();
    let bound = |text: &str, open: u32| match text {
        "" => Ok(open),
        text => Day::parse(text).map(Day::to_key),
    };
    let (from, until) = (bound(&p.from, 0)?, bound(&p.until, Day::MAX.to_key() + 1)?);
    match from <= until {
        true => Ok((from, until)),
        false => {
            Err(Refusal::invalid("period", format!("the period ends on {} before it begins on {}", p.until, p.from)))
        }
    }
}
