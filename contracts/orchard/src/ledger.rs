//! What a ledger must be able to do for the scenario to be played on it.

use stint_sdk::Refusal;

/// A ledger somewhere, reached as its members reach it.
pub trait Ledger {
    /// Founds a commons with its members: agent and roles. An agent whom the ledger does not know is made known.
    fn found(&mut self, commons: &str, purpose: &str, members: &[(&str, &[&str])]) -> Result<(), Refusal>;
    /// Lets a contract serve a commons.
    fn deploy(&mut self, commons: &str, module: Module) -> Result<(), Refusal>;
    /// Publishes a pure rule and gives its code hash.
    fn publish_rule(&mut self, rule: Rule) -> Result<[u8; 32], Refusal>;
    /// Calls a command, `/package.Service/Method`, as an agent, and waits for its answer.
    fn call(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal>;
    /// Asks a query.
    fn query(&mut self, commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal>;
    /// The newest block.
    fn height(&mut self) -> u64;
    /// The ledger's time, in seconds of UTC: `2026-12-01T00:00:00Z`; or a day, for its first second.
    fn now(&mut self) -> String;
    /// Comes back when the ledger's time is this or later.
    fn wait_until(&mut self, time: &str);
}

/// A contract that the scenario needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// `stint.book.v1.Book`
    Book,
    /// `stint.charter.v1.Charter`
    Charter,
    /// `stint.contribute.v1.Contribute`
    Contribute,
    /// `stint.value.v1.Value`
    Value,
}

/// A pure rule that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Hours at a rate and other equations, shared in buckets.
    Hours,
}
