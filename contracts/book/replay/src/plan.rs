//! What is to be done and what must be seen: a case as plain steps, which anybody can execute.

use book::proto::{EffortRequest, TraceRequest};

/// A case, ready to be played.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub case: String,
    /// What to do and to look at, in order.
    pub steps: Vec<Step>,
    /// Why it cannot be played as it is written, if so.
    pub not_understood: Option<String>,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// A command to the book.
    Do(Call),
    /// A look at it.
    See(Look),
    /// Of the events so far one was refused: by this rule, when one is named.
    WasRefused(Option<String>),
}

/// A command.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is, for people.
    pub words: String,
    /// Of `stint.book.v1.Book`.
    pub method: &'static str,
    /// Encoded.
    pub request: Vec<u8>,
    /// What must come of it.
    pub verdict: Verdict,
}

/// What must come of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The book takes it.
    Accepted,
    /// It refuses it: by this rule, when one is named.
    Refused(Option<String>),
    /// Either; a later step says whether one of several was refused.
    Open,
}

/// What must be seen.
#[derive(Clone, Debug)]
pub enum Look {
    /// Fields of a resource, by their names in Valueflows.
    Resource { id: String, fields: Vec<(&'static str, String)> },
    /// There is no such resource.
    NoResource { id: String },
    /// A resource equals what its events make of it.
    Rebuilt { id: String },
    /// How far a commitment, intent or claim has come.
    Promise { id: String, fields: Vec<(&'static str, String)> },
    /// A sum of effort.
    Effort { words: String, request: EffortRequest, value: String },
    /// What corrections left of an event's quantity, or of its effort.
    Net { event: String, effort: bool, value: String },
    /// The events on one side of a process, described.
    Flows { process: String, inputs: bool, events: Vec<String> },
    /// Kilograms in and out of a process, and whether it closed.
    Mass { process: String, into: String, out: String, closes: bool },
    /// Where something came from, or what became of it, described; what the case began with is left out.
    Trail { method: &'static str, request: TraceRequest, nodes: Vec<String> },
    /// What an agent answers for or holds.
    Stock { agent: String, resources: Vec<String> },
}
