use crate::{
    limits::{DETAIL_BYTES, DETAILS, MESSAGE_BYTES, NAME_BYTES},
    v1,
};
use std::{collections::BTreeMap, fmt};

/// gRPC status codes, by their standard numbers.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl Code {
    const ALL: [Code; 15] = [
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
    ];

    /// The code with this number; anything that is not an error code reads as `Unknown`.
    pub fn from_number(number: u32) -> Code {
        Code::ALL.into_iter().find(|c| *c as u32 == number).unwrap_or(Code::Unknown)
    }
}

/// Why something was refused: a gRPC code, a stable rule name for programs, a sentence for people
/// that says what was refused, why, and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What a gRPC client sees as its status.
    pub code: Code,
    /// Short, stable, in lower case with dashes, or a rule's number such as `R7`.
    pub rule: String,
    /// For people.
    pub message: String,
    /// The same facts for programs.
    pub details: BTreeMap<String, String>,
}

impl Refusal {
    /// A refusal by `rule`. A message over the limit is cut at a character.
    pub fn new(code: Code, rule: &str, message: impl Into<String>) -> Refusal {
        Refusal { code, rule: rule.into(), message: cut(message.into(), MESSAGE_BYTES), details: BTreeMap::new() }
    }

    /// A refusal as a contract gives it, cut to the limits.
    pub fn bounded(given: v1::Refusal) -> Refusal {
        let details = given.details.into_iter().take(DETAILS);
        Refusal {
            details: details.map(|(k, v)| (cut(k, NAME_BYTES), cut(v, DETAIL_BYTES))).collect(),
            ..Refusal::new(Code::from_number(given.code), &cut(given.rule, NAME_BYTES), given.message)
        }
    }
}

fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

impl From<Refusal> for v1::Refusal {
    fn from(r: Refusal) -> Self {
        v1::Refusal { code: r.code as u32, rule: r.rule, message: r.message, details: r.details }
    }
}

impl From<v1::Refusal> for Refusal {
    fn from(r: v1::Refusal) -> Self {
        Refusal { code: Code::from_number(r.code), rule: r.rule, message: r.message, details: r.details }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let r = Refusal::new(Code::Internal, "x", "ä".repeat(MESSAGE_BYTES));
        assert_eq!(r.message.len(), MESSAGE_BYTES);
        let r = Refusal::new(Code::Internal, "x", format!("x{}", "ä".repeat(MESSAGE_BYTES)));
        assert_eq!(r.message.len(), MESSAGE_BYTES - 1);
    }

    #[test]
    fn codes_keep_their_numbers() {
        for code in Code::ALL {
            assert_eq!(Code::from_number(code as u32), code);
        }
        assert_eq!(Code::from_number(0), Code::Unknown);
        assert_eq!(Code::from_number(99), Code::Unknown);
    }
}
