//! What the contract keeps. Days in keys count from the first day of year 1.

use crate::proto::{AuthorNumbers, ConfigureRequest, Contribution, Counters, DaySum, LogEntry, Rule};

/// An author's number: authors are named by long texts, keys are short.
pub type AuthorNumber = u32;

stint_sdk::state! {
    /// Everything, by day and id.
    pub BY_DAY: Map<(u32, String), Contribution> = "day";
    /// The day of each id.
    pub DAY_OF: Map<String, u32> = "id";
    /// Ids by author and day.
    pub BY_AUTHOR: Map<(u32, u32, String), ()> = "by-author";
    /// Sums by day, author and kind: shares are computed from these.
    pub SUMS: Map<(u32, u32, String), DaySum> = "sum";
    /// An author's name.
    pub AUTHOR: Map<u32, String> = "author";
    /// Numbers of authors, under the beginning of their names: a key has at most 256 bytes.
    pub NUMBER: Map<String, AuthorNumbers> = "number";
    /// How many authors there are.
    pub AUTHORS: Item<u32> = "authors";
    /// Rules by the first day on which they hold.
    pub RULES: Map<u32, Rule> = "rule";

    /// Logs.
    pub LOGS: Map<String, LogEntry> = "log";
    /// Ids of logs in the order of logging, under `all`, `author/NAME`, `status/NUMBER` and `stream/NAME`.
    pub LISTED: Map<String, String> = "listed";
    /// The log of each event of the book.
    pub LOG_OF: Map<String, String> = "log-of";
    /// What is accepted, by day and id; with its number in the order of validation.
    pub VALIDATED: Map<(u32, String), u64> = "validated";
    /// The same in the order of validation.
    pub AS_VALIDATED: Map<u64, String> = "as-validated";
    /// Milliseconds of work by author and day.
    pub HOURS: Map<(u32, u32), u64> = "hours";
    /// Who validated whom, by day: `validator/author/log`.
    pub VOICES: Map<(u32, String), ()> = "voice";
    /// How many logs there are.
    pub COUNTERS: Item<Counters> = "counters";
    /// How logs are validated, in a commons without a charter.
    pub CONFIGURED: Item<ConfigureRequest> = "configured";
}

/// Bytes of an author's name that stand in a key.
const NAME_IN_KEY: usize = 120;

fn name_key(author: &str) -> String {
    let end = (0..=NAME_IN_KEY.min(author.len())).rev().find(|i| author.is_char_boundary(*i));
    author[..end.unwrap_or(0)].to_string()
}

/// The number of an author that has contributed before.
pub fn number_of(author: &str) -> Option<AuthorNumber> {
    NUMBER.get(&name_key(author))?.numbers.into_iter().find(|n| AUTHOR.get(n).as_deref() == Some(author))
}

/// The number of an author, a new one when it is new.
pub fn number(author: &str) -> AuthorNumber {
    if let Some(number) = number_of(author) {
        return number;
    }
    let number = AUTHORS.get().unwrap_or(0);
    AUTHORS.put(&(number + 1));
    AUTHOR.put(&number, &author.to_string());
    let key = name_key(author);
    let mut same_start = NUMBER.get(&key).unwrap_or_default();
    same_start.numbers.push(number);
    NUMBER.put(&key, &same_start);
    number
}
