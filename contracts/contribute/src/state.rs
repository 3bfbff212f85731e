//! What the contract keeps. Days in keys count from the first day of year 1.

use crate::proto::{Contribution, Rule};
use stint_sdk::Map;

/// An author's number: authors are named by long texts, keys are short.
pub type AuthorNumber = u32;

/// Everything, by day and id.
pub const BY_DAY: Map<(u32, String), Contribution> = Map::new("day");
/// The day of each id.
pub const DAY_OF: Map<String, u32> = Map::new("id");
/// Ids by author and day.
pub const BY_AUTHOR: Map<(AuthorNumber, u32, String), ()> = Map::new("by-author");
/// Sums by day, author and kind: shares are computed from these.
pub const SUMS: Map<(u32, AuthorNumber, String), Sum> = Map::new("sum");
/// An author's name.
pub const AUTHOR: Map<AuthorNumber, String> = Map::new("author");
/// Numbers of authors, under the beginning of their names: a key has at most 256 bytes.
pub const NUMBER: Map<String, Numbers> = Map::new("number");
/// How many authors there are, under 0.
pub const AUTHORS: Map<u8, u32> = Map::new("authors");
/// Rules by the first day on which they hold.
pub const RULES: Map<u32, Rule> = Map::new("rule");

/// Contributions of one author and kind on one day.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Sum {
    #[prost(uint64, tag = "1")]
    pub count: u64,
    /// In millionths.
    #[prost(uint64, tag = "2")]
    pub micros: u64,
}

/// Authors whose names begin alike.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Numbers {
    #[prost(uint32, repeated, tag = "1")]
    pub numbers: Vec<u32>,
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
    let number = AUTHORS.get(&0).unwrap_or(0);
    AUTHORS.put(&0, &(number + 1));
    AUTHOR.put(&number, &author.to_string());
    let key = name_key(author);
    let mut same_start = NUMBER.get(&key).unwrap_or_default();
    same_start.numbers.push(number);
    NUMBER.put(&key, &same_start);
    number
}
