//! The bar of long work that goes from one thing to the next.

use super::{Failure, at_terminal};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// A bar over so many things of a kind, drawn a few times a second.
pub struct Bar {
    bar: ProgressBar,
    drawn: Cell<Option<Instant>>,
}

impl Bar {
    const PAUSE: Duration = Duration::from_millis(100);

    pub fn new(what: &str, things: &str, of: u64) -> Result<Bar, Failure> {
        let bar = if at_terminal() { ProgressBar::new(of) } else { ProgressBar::hidden() };
        let style = format!("{what} {{bar:30.green}} {{pos}}/{{len}} {things}  {{msg}}");
        bar.set_style(ProgressStyle::with_template(&style)?.progress_chars("█▉▊▋▌▍▎▏ "));
        Ok(Bar { bar, drawn: Cell::new(None) })
    }

    pub fn show(&self, done: u64, message: impl FnOnce() -> String) {
        if self.drawn.get().is_none_or(|drawn| drawn.elapsed() > Bar::PAUSE) {
            self.drawn.set(Some(Instant::now()));
            self.bar.set_position(done);
            self.bar.set_message(message());
        }
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
