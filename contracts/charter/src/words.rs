//! Ids, texts, and the words that stand for enumerations.

use crate::{
    limits,
    proto::{Parent, decision::Kind, seat::Class, step::Effect},
};
use stint_sdk::{Code, Refusal};

const WORD_BYTES: usize = 64;

/// An id: 1 to 64 letters, digits and `. _ : @ + -`.
pub fn word(what: &str, word: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
    if !word.is_empty() && word.len() <= WORD_BYTES && word.chars().all(fits) {
        return Ok(());
    }
    let shown: String = word.chars().take(80).collect();
    Err(Refusal::invalid(what, format!("{shown:?} is no {what}: 1 to {WORD_BYTES} letters, digits and . _ : @ + -")))
}

/// A text that people write: at most 4 kB.
pub fn text(what: &str, text: &str) -> Result<(), Refusal> {
    if text.len() <= limits::TEXT {
        return Ok(());
    }
    Err(Refusal::invalid(what, format!("the {what} has {} bytes; the limit is {}", text.len(), limits::TEXT)))
}

/// The same, and it says something.
pub fn said(what: &str, words: &str, why: &str) -> Result<(), Refusal> {
    text(what, words)?;
    match words.trim().is_empty() {
        true => Err(Refusal::invalid(what, format!("the {what} is missing: {why}"))),
        false => Ok(()),
    }
}

/// A name of a commons: lower-case letters, digits and dashes, from a letter on.
pub fn commons(name: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    let shape = "lower-case letters, digits and dashes, from a letter on, at most 63";
    Err(Refusal::invalid("commons", format!("{shown:?} is no name of a commons: {shape}")))
}

/// An enumeration whose values have names in texts.
pub trait Named: Copy + Sized + TryFrom<i32> + 'static {
    /// Every value with its word, the unspecified one left out.
    const WORDS: &'static [(&'static str, Self)];
    /// What it is called in refusals.
    const WHAT: &'static str;

    /// The word of a value on the wire; of one that has none, its number, which is read as no word.
    fn show(value: i32) -> String
    where
        Self: PartialEq,
    {
        let known = Self::try_from(value).ok();
        let word = Self::WORDS.iter().find(|(_, v)| Some(*v) == known);
        word.map_or_else(|| value.to_string(), |(word, _)| word.to_string())
    }

    /// The value of a word.
    fn read(text: &str) -> Result<Self, Refusal> {
        let found = Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
            let shown: String = text.chars().take(40).collect();
            Refusal::invalid(Self::WHAT, format!("{shown:?} is no {}; it is one of {}", Self::WHAT, words.join(", ")))
        })
    }
}

impl Named for Class {
    const WHAT: &'static str = "class";
    const WORDS: &'static [(&'static str, Class)] = &[
        ("worker", Class::Worker),
        ("user", Class::User),
        ("supplier", Class::Supplier),
        ("steward", Class::Steward),
        ("affected", Class::Affected),
    ];
}

impl Named for Kind {
    const WHAT: &'static str = "kind";
    const WORDS: &'static [(&'static str, Kind)] = &[
        ("majority", Kind::Majority),
        ("consent", Kind::Consent),
        ("quadratic", Kind::Quadratic),
        ("conviction", Kind::Conviction),
        ("rule", Kind::Rule),
    ];
}

impl Named for Effect {
    const WHAT: &'static str = "effect";
    const WORDS: &'static [(&'static str, Effect)] = &[
        ("notice", Effect::Notice),
        ("suspend_claims", Effect::SuspendClaims),
        ("suspend_vote", Effect::SuspendVote),
        ("exclude", Effect::Exclude),
    ];
}

/// 32 bytes as 64 digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A module's hash from its 64 digits.
pub fn module(text: &str) -> Result<Vec<u8>, Refusal> {
    let digits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let bytes = (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect();
    let bytes: Option<Vec<u8>> = if digits { bytes } else { None };
    bytes.ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        Refusal::invalid("module", format!("{shown:?} is no code hash: 64 digits, 0 to 9 and a to f"))
    })
}

/// A hash of 32 bytes in a request.
pub fn hash32(what: &str, bytes: &[u8]) -> Result<[u8; 32], Refusal> {
    bytes.try_into().map_err(|_| Refusal::invalid(what, format!("the {what} has {} bytes; it has 32", bytes.len())))
}

/// Something asked for is not there.
pub fn missing(what: &str, id: &str) -> Refusal {
    let shown: String = id.chars().take(80).collect();
    Refusal::new(Code::NotFound, what, format!("there is no {what} {shown:?} in this charter"))
}

/// A state of things that forbids it.
pub fn forbidden(rule: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(Code::FailedPrecondition, rule, message)
}

/// Somebody who may not.
pub fn denied(rule: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(Code::PermissionDenied, rule, message)
}

/// More than there may be.
pub fn too_many(rule: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(Code::ResourceExhausted, rule, message)
}

/// The same id with other content.
pub fn other_content(what: &str, id: &str) -> Refusal {
    let message = format!("the {what} {id} stands there with other content; an id stands for one {what} for ever");
    Refusal::new(Code::AlreadyExists, "id", message)
}

impl Parent {
    /// As a field: `forge at 120`.
    pub fn show(&self) -> String {
        format!("{} at {}", self.commons, self.height)
    }
}
