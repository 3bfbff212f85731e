//! The book on the SDK's host in memory, which undoes what is refused, as the ledger does.

mod bad_input;
mod cost;
mod effects;
mod ledger;
mod processes;
mod promises;
mod queries;
mod random;
mod rulings;
mod support;
mod table;
