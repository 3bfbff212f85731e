//! Spans of time, as parts of keys: seconds since 1970.

use stint_sdk::{Refusal, Time, context};

/// From a first second up to but without a last.
pub type Span = (u64, u64);

/// All time.
pub const ALWAYS: Span = (0, u64::MAX);

/// The block's time.
pub fn now() -> Time {
    Time::of_time_ms(context().time_ms)
}

/// A time that may be left out.
pub fn optional(text: &str) -> Result<Option<Time>, Refusal> {
    if text.is_empty() { Ok(None) } else { Time::parse(text).map(Some) }
}

/// A span asked for; empty texts mean without bound.
pub fn span(from: &str, to: &str) -> Result<Span, Refusal> {
    let first = optional(from)?.map_or(ALWAYS.0, Time::to_key);
    let last = optional(to)?.map_or(ALWAYS.1, Time::to_key);
    if first > last {
        return Err(Refusal::invalid("time", format!("the span ends at {to}, before it begins at {from}")));
    }
    Ok((first, last))
}

/// R12, by itself: a span that was or will be does not run backwards.
pub fn forwards(begin: &str, end: &str) -> Result<(Option<Time>, Option<Time>), Refusal> {
    let (begin, end) = (optional(begin)?, optional(end)?);
    match begin.zip(end) {
        Some((b, e)) if b > e => {
            Err(Refusal::invalid("R12", format!("has_beginning {b} is behind has_end {e}; it must not be")))
        }
        _ => Ok((begin, end)),
    }
}
