//! Waiting, shown to whoever sits at a terminal.

use super::{at_terminal, paint};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Turns while something is waited for; gone when it is there.
pub async fn shown<T>(what: &str, work: impl Future<Output = T>) -> T {
    if !at_terminal() {
        return work.await;
    }
    let style = if paint::is_on_beside() { "{spinner:.green} {msg} {elapsed}" } else { "{spinner} {msg} {elapsed}" };
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style).with_message(what.to_string());
    bar.enable_steady_tick(Duration::from_millis(100));
    let done = work.await;
    bar.finish_and_clear();
    done
}
