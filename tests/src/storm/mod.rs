//! Storms: a whole ledger under faults that a seed draws, and the checks that must hold whatever happens.
//!
//! ```text
//!   found ── storm: calls, faults, liars, changes of validators ── calm: all must recover ── checks
//! ```

mod calls;
mod check;
mod faults;
mod many;
mod members;
mod odds;
mod plan;
mod run;

pub use check::{evidence, forks};
pub use many::{Tally, seeds, shortest};
pub use odds::Odds;
pub use plan::Forecast;
pub use run::{Report, storm, storm_of};
