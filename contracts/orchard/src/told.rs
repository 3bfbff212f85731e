//! What a player tells while it plays.

use std::fmt;

/// One line of progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Of the scenario: 0 for what comes before it, then 1, 3, 4, 5, 8.
    pub step: u8,
    /// What is done, in plain words.
    pub what: String,
    /// How it ended: as it must, else there is a [`Failure`].
    pub how: How,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The ledger took it.
    Accepted,
    /// The ledger refused it, as it must.
    Refused {
        /// By which rule.
        rule: String,
        /// Why, and what would be accepted.
        sentence: String,
    },
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.step, self.what)?;
        match &self.how {
            How::Accepted => write!(f, ": accepted"),
            How::Refused { rule, sentence } => write!(f, ": refused, {rule}: {sentence}"),
        }
    }
}

/// Something ended otherwise than it must, and the rest cannot be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In which step.
    pub step: u8,
    /// What was done.
    pub what: String,
    /// What came of it, and what must.
    pub why: String,
}

impl Failure {
    pub(crate) fn new(step: u8, what: impl Into<String>, why: impl Into<String>) -> Failure {
        Failure { step, what: what.into(), why: why.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}, {}: {}", self.step, self.what, self.why)
    }
}

impl std::error::Error for Failure {}
