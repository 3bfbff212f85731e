//! The shapes of names. Each function answers with the rule in words when a name breaks it.

use crate::limits::{COMMONS_BYTES, NAME_BYTES};

/// Any text within a refusal, in quotes. All but plain ASCII is escaped: which other characters Rust
/// would print changes with its release, and a refusal stands in a receipt.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

/// A commons' name: a lower-case letter, then lower-case letters, digits and dashes, at most 63.
pub fn commons_name(name: &str) -> Result<(), String> {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= COMMONS_BYTES && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(rest) {
        return Ok(());
    }
    Err(format!(
        "{} cannot name a commons: a lower-case letter, then lower-case letters, digits and dashes, at most {COMMONS_BYTES}",
        quoted(name)
    ))
}

/// An agent's name: letters, digits and `. _ @ + -`, at most 64 bytes, not empty.
pub fn agent_name(name: &str) -> Result<(), String> {
    word("an agent", name)
}

/// A role's name: shaped like an agent's.
pub fn role_name(name: &str) -> Result<(), String> {
    word("a role", name)
}

fn word(what: &str, name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._@+-".contains(c);
    if !name.is_empty() && name.len() <= NAME_BYTES && name.chars().all(fits) {
        return Ok(());
    }
    let name = quoted(name);
    Err(format!("{name} cannot name {what}: letters, digits and . _ @ + -, at least one, at most {NAME_BYTES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_shapes() {
        for good in ["a", "forge", "forge-b2", &"a".repeat(63)] {
            assert_eq!(commons_name(good), Ok(()));
        }
        for bad in ["", "Forge", "1forge", "-a", "for ge", "for/ge", "förge", &"a".repeat(64)] {
            assert!(commons_name(bad).is_err(), "{bad}");
        }
        assert_eq!(quoted("a\"ö\u{1c89}"), "\"a\\\"\\u{f6}\\u{1c89}\"");
        assert_eq!(agent_name("Ana.b@forge+1"), Ok(()));
        for bad in ["", "a b", "a/b", "\u{430}na", &"a".repeat(65)] {
            assert!(agent_name(bad).is_err(), "{bad}");
        }
    }
}
