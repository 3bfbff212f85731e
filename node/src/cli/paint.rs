//! Colours, on a terminal alone and never where NO_COLOR is set.

use std::{env, io::IsTerminal};

/// Whether what is printed may have colours.
fn is_on() -> bool {
    allowed(std::io::stdout().is_terminal(), env::var("NO_COLOR").ok().as_deref(), env::var("TERM").ok().as_deref())
}

/// The same for what is said beside: bars and waiting.
pub fn is_on_beside() -> bool {
    allowed(std::io::stderr().is_terminal(), env::var("NO_COLOR").ok().as_deref(), env::var("TERM").ok().as_deref())
}

/// As <https://no-color.org> has it: set and not empty means none.
fn allowed(terminal: bool, no_color: Option<&str>, term: Option<&str>) -> bool {
    terminal && no_color.is_none_or(str::is_empty) && term != Some("dumb")
}

fn with(on: bool, code: &str, text: &str) -> String {
    if on && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
}

pub fn bold(text: &str) -> String {
    with(is_on(), "1", text)
}

pub fn dim(text: &str) -> String {
    with(is_on(), "2", text)
}

pub fn red(text: &str) -> String {
    with(is_on(), "31", text)
}

/// Beside what is printed.
pub fn green(text: &str) -> String {
    with(is_on_beside(), "32", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_of_those_who_want_them() {
        assert!(allowed(true, None, Some("xterm")));
        assert!(allowed(true, Some(""), None));
        assert!(!allowed(true, Some("1"), Some("xterm")));
        assert!(!allowed(false, None, Some("xterm")));
        assert!(!allowed(true, None, Some("dumb")));
    }
}
