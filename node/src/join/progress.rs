//! Shows how far fetching has come: a bar at a terminal, a line now and then in a log.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    cell::Cell,
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Time between two lines in a log.
const EVERY: Duration = Duration::from_secs(5);

/// One piece of work.
pub struct Progress {
    bar: ProgressBar,
    what: &'static str,
    told: Cell<Instant>,
}

impl Progress {
    /// Begins one of `total` steps.
    pub fn new(what: &'static str, total: u64) -> Progress {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(total) } else { ProgressBar::hidden() };
        bar.set_length(total);
        let style = ProgressStyle::with_template("{prefix} {bar:30.green} {human_pos}/{human_len}  {eta}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("█▉▊▋▌▍▎▏ ");
        Progress { bar: bar.with_style(style).with_prefix(what), what, told: Cell::new(Instant::now()) }
    }

    /// Some more steps are done.
    pub fn add(&self, steps: u64) {
        self.bar.inc(steps);
        if self.bar.is_hidden() && self.told.get().elapsed() >= EVERY {
            self.told.set(Instant::now());
            tracing::info!("{}: {} of about {}", self.what, self.bar.position(), self.bar.length().unwrap_or_default());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
