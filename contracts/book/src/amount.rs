//! Exact amounts: how they are read, kept as text, and converted between units (R6).

use crate::{fields, proto::Quantity, state::CONVERSIONS};
use stint_sdk::{Code, Conversion, Decimal, Refusal};

const SCALE: u8 = 18;
const ONE_LESS: i128 = -1;

/// Reads an amount that somebody sent.
pub fn read(text: &str) -> Result<Decimal, Refusal> {
    Decimal::parse(text, SCALE)
}

/// An amount that the book wrote; nothing is 0.
pub fn kept(text: &str) -> Decimal {
    read(text).unwrap_or_default()
}

/// The amount of a quantity that the book checked before; 0 when there is none.
pub fn of(quantity: &Option<Quantity>) -> Decimal {
    quantity.as_ref().map_or(Decimal::ZERO, |q| kept(&q.value))
}

/// The unit of a quantity; empty when there is none.
pub fn unit(quantity: &Option<Quantity>) -> &str {
    quantity.as_ref().map_or("", |q| q.unit.as_str())
}

pub fn quantity(value: Decimal, unit: &str) -> Quantity {
    Quantity { value: value.to_string(), unit: unit.into() }
}

/// A quantity that somebody sent: its amount, with the unit checked.
pub fn checked(quantity: &Quantity) -> Result<Decimal, Refusal> {
    fields::unit(&quantity.unit)?;
    read(&quantity.value)
}

pub fn negated(amount: Decimal) -> Result<Decimal, Refusal> {
    amount.times(Decimal::new(ONE_LESS, 0).unwrap_or_default())
}

pub fn minus(a: Decimal, b: Decimal) -> Result<Decimal, Refusal> {
    a.plus(negated(b)?)
}

/// `sign` times an amount, for a sign of -1, 0 or 1.
pub fn signed(sign: i8, amount: Decimal) -> Result<Decimal, Refusal> {
    amount.times(Decimal::new(sign.into(), 0).unwrap_or_default())
}

/// Adds to an amount that is kept as text.
pub fn add(sum: &mut String, amount: Decimal) -> Result<(), Refusal> {
    *sum = kept(sum).plus(amount)?.to_string();
    Ok(())
}

/// R6: an amount in another unit, exactly, by a declared conversion; `None` when there is none.
pub fn converted(amount: Decimal, from: &str, to: &str) -> Result<Option<Decimal>, Refusal> {
    if from == to {
        return Ok(Some(amount));
    }
    let Some(c) = CONVERSIONS.get(&conversion_key(from, to)) else { return Ok(None) };
    let exact = Conversion::new(c.from, c.to, c.num, c.den)?.apply(&stint_sdk::Quantity::new(amount, from))?;
    Ok(Some(exact.value))
}

/// R6: the same, refused without a conversion.
pub fn in_unit(amount: Decimal, from: &str, to: &str, of: &str) -> Result<Decimal, Refusal> {
    converted(amount, from, to)?.ok_or_else(|| {
        let why = format!("{of} is counted in {to}, not in {from}, and no conversion between them is declared");
        Refusal::new(Code::FailedPrecondition, "R6", why)
    })
}

/// Units have no blanks.
pub fn conversion_key(from: &str, to: &str) -> String {
    format!("{from} {to}")
}
