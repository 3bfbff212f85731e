//! Plays published cases of Valueflows against a book, on any executor, and says where it differs.
//!
//! ```
//! let text = r#"{"cases": [{"id": "lower", "given": {"apples": {"accounting": {"value": 100, "unit": "kg"}}},
//!     "events": [{"action": "lower", "resourceInventoriedAs": "apples", "resourceQuantity": {"value": 50, "unit": "kg"}}],
//!     "expect": {"apples": {"accounting": "50", "onhand": "50"}}}]}"#;
//! for report in book_replay::replay(text, &[], &mut book_replay::Native).unwrap() {
//!     assert!(report.passed(), "{report}");
//! }
//! ```
//!
//! A text is read ([`plans`]) into plain steps, commands and looks, which know nothing of how they are executed ([`Plan`]); an
//! [`Executor`] is a book somewhere; [`run`] plays the one on the other and gives a [`Report`].
#![forbid(unsafe_code)]

mod case;
mod event;
mod given;
mod json;
mod looks;
mod names;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod plan;
mod planner;
mod read;
mod run;

pub use event::{balancing, event};
pub use json::{Json, NoJson};
#[cfg(not(target_arch = "wasm32"))]
pub use native::Native;
pub use plan::{Call, Look, Plan, Step, Verdict};
pub use read::plans;
pub use run::{Executor, Outcome, Report, run};

/// Plays every case of a text on a book. `library` are texts in which cases may be found that these build on.
pub fn replay(text: &str, library: &[String], on: &mut impl Executor) -> Result<Vec<Report>, String> {
    Ok(plans(text, library)?.iter().map(|plan| run(plan, on)).collect())
}
