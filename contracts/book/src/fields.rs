//! What a well-formed field is.

use stint_sdk::Refusal;

const ID_BYTES: usize = 64;
const UNIT_BYTES: usize = 32;
/// Names, places, identifiers of others: a line of a table.
pub const LINE: usize = 256;
/// Notes and lists of addresses: a page of text.
pub const TEXT: usize = 4096;
/// Entries of a list in one message.
const LIST: usize = 100;

/// An id: 1 to 64 letters, digits and `. _ : @ + -`. `what` names the field.
pub fn id(what: &str, id: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
    if !id.is_empty() && id.len() <= ID_BYTES && id.chars().all(fits) {
        return Ok(());
    }
    let what =
        if id.is_empty() { format!("{what} is missing") } else { format!("{:?} is no id for {what}", shown(id)) };
    Err(Refusal::invalid("id", format!("{what}: an id has 1 to {ID_BYTES} letters, digits and . _ : @ + -")))
}

/// An id that may be left out.
pub fn optional_id(what: &str, text: &str) -> Result<(), Refusal> {
    if text.is_empty() { Ok(()) } else { id(what, text) }
}

/// Several optional ids, each with its field's name.
pub fn optional_ids(fields: &[(&str, &str)]) -> Result<(), Refusal> {
    fields.iter().try_for_each(|(what, text)| optional_id(what, text))
}

/// A unit: 1 to 32 bytes without blanks.
pub fn unit(unit: &str) -> Result<(), Refusal> {
    if unit.is_empty() {
        return Err(Refusal::invalid("unit", "the unit is missing; say one, for example kg, h or one"));
    }
    if unit.len() > UNIT_BYTES || unit.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let why = format!("{:?} is no unit: 1 to {UNIT_BYTES} bytes without blanks", shown(unit));
        return Err(Refusal::invalid("unit", why));
    }
    Ok(())
}

/// Free text of at most `limit` bytes.
pub fn text(what: &str, text: &str, limit: usize) -> Result<(), Refusal> {
    if text.len() <= limit {
        return Ok(());
    }
    Err(Refusal::invalid("text", format!("{what} has {} bytes; the limit is {limit}", text.len())))
}

/// Several lines of text, each with its field's name.
pub fn lines(fields: &[(&str, &str)]) -> Result<(), Refusal> {
    fields.iter().try_for_each(|(what, line)| text(what, line, LINE))
}

/// A list of short texts.
pub fn list(what: &str, entries: &[String]) -> Result<(), Refusal> {
    if entries.len() > LIST {
        return Err(Refusal::invalid("text", format!("{what} has {} entries; the limit is {LIST}", entries.len())));
    }
    entries.iter().try_for_each(|e| text(what, e, LINE))
}

/// The beginning of what somebody sent, for a message.
pub fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The first of two texts that is not empty.
pub fn either<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}
