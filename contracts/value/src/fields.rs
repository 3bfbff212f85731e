//! What requests must look like.

use crate::proto::Param;
use stint_rule::proto as rule;
use stint_sdk::{Day, Params, Refusal, Time};

const WORD_BYTES: usize = 64;

/// An id or a name: 1 to 64 of letters, digits and `. _ : @ + -`.
pub fn word(what: &str, word: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
    if !word.is_empty() && word.len() <= WORD_BYTES && word.chars().all(fits) {
        return Ok(());
    }
    let shown: String = word.chars().take(80).collect();
    Err(Refusal::invalid(what, format!("{shown:?} is no {what}: 1 to {WORD_BYTES} letters, digits and . _ : @ + -")))
}

/// The hash of a module.
pub fn module(bytes: &[u8]) -> Result<[u8; 32], Refusal> {
    let size = bytes.len();
    bytes.try_into().map_err(|_| Refusal::invalid("module", format!("a module's hash has 32 bytes, and not {size}")))
}

/// Parameters, checked and in the order of their paths; and their hash.
pub fn params(params: &[Param]) -> Result<(Vec<Param>, [u8; 32]), Refusal> {
    let all = Params::new(params.iter().map(|p| (p.path.as_str(), p.value.as_str())))?;
    let param = |(path, value): (&str, &str)| Param { path: path.into(), value: value.into() };
    Ok((all.iter().map(param).collect(), all.hash()))
}

/// The same for a rule.
pub fn for_rule(params: &[Param]) -> Vec<rule::Param> {
    params.iter().map(|p| rule::Param { path: p.path.clone(), value: p.value.clone() }).collect()
}

/// The day of a time, as a part of a key.
pub fn day(time: &str) -> Result<u32, Refusal> {
    Ok(Time::parse(time)?.day().to_key())
}

/// The day of a contribution, as a part of a key.
pub fn day_of(contribution: &rule::Contribution) -> Result<u32, Refusal> {
    Ok(Day::parse(contribution.date.get(..10).unwrap_or_default())?.to_key())
}

/// How many rows a page has.
pub fn rows(page_size: u32, usual: usize, most: usize) -> usize {
    if page_size == 0 { usual } else { most.min(page_size as usize) }
}

/// What a page token is refused with.
pub fn no_token() -> Refusal {
    Refusal::invalid("page-token", "this is no page token; take it from next_page_token of the page before")
}

/// The number in a page token; 0 for none.
pub fn number<T: std::str::FromStr + Default>(token: &str) -> Result<T, Refusal> {
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    if token.is_empty() { Ok(T::default()) } else { token.parse().ok().filter(|_| digits).ok_or_else(no_token) }
}
