//! "Dehydrators for the orchard": three commons and one year, played on any ledger, with every number compared.
//!
//! ```text
//! 1  material loop   104 events in the books of three commons; six processes close
//! 3  contribution    130 hours logged, 120 validated by peers
//! 4  distribution    two incomes to the cent
//! 5  what-if, vote   care × 1.5: a near miss, a second vote, and incomes of before keep their rule
//! 8  fork            whoever disagrees goes on with the charter as it was
//! ```
//!
//! [`play`] does what members would do, and what they must not: refused calls are shown with their rule. It knows nothing of
//! how a ledger is reached ([`Ledger`]). It tells each step ([`Told`]) and ends with a table of every expected number beside
//! the one that the ledger gives ([`Outcome`]). A failure is a call that ends otherwise than it must; a number that differs is
//! none, and shows in the table.
#![forbid(unsafe_code)]

mod books;
mod contributions;
mod extras;
mod fork;
mod founding;
mod incomes;
mod ledger;
mod outcome;
mod player;
mod posting;
mod scenario;
mod told;
mod trials;
mod valuation;
mod vote;

pub use ledger::{Ledger, Module, Rule};
pub use outcome::{Outcome, Row};
pub use scenario::{Scenario, ScenarioError};
pub use told::{Failure, How, Told};

use player::Player;

/// Plays the scenario: on a ledger where none of its commons is founded yet.
pub fn play(on: &mut impl Ledger, scenario: &Scenario, told: &mut dyn FnMut(Told)) -> Result<Outcome, Failure> {
    let year = scenario.in_year_before(&on.now()).map_err(|e| Failure::new(0, "reading the scenario", e.0))?;
    let mut player = Player::new(on, &year, told);
    let rule = founding::found(&mut player)?;
    books::keep(&mut player)?;
    contributions::validate(&mut player)?;
    incomes::distribute(&mut player)?;
    let before = vote::amend(&mut player, rule)?;
    fork::branch(&mut player, before)?;
    // At the very end: what was forked and amended since moved nothing.
    books::compare(&mut player)?;
    Ok(player.outcome())
}
