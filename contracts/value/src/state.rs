//! What the contract keeps. Distributions have numbers, in the order in which they were begun; days in keys count
//! from the first day of year 1.

use crate::proto::{
    Adjustment, ClaimAccount, Distribution, Head, IncomeEntry, Leaf, Move, OpenEntry, RuleRef, Share, Span, Work,
};
use stint_rule::proto::Contribution;

stint_sdk::state! {
    /// Counters.
    pub HEAD: Item<Head> = "head";
    /// Valuation rules by the second from which they hold, in a commons without a charter.
    pub RULES: Map<u64, RuleRef> = "rule";
    /// Incomes.
    pub INCOMES: Map<String, IncomeEntry> = "income";
    /// Their ids in the order in which they were registered.
    pub INCOME_AT: Map<u64, String> = "income-at";

    /// Contributions as they stood when they were taken; they never change.
    pub TAKEN: Map<String, Contribution> = "taken";
    /// When each counted, by day and id.
    pub SPANS: Map<(u32, String), Span> = "span";
    /// Those that still count, by day and id.
    pub OPEN: Map<(u32, String), OpenEntry> = "open";
    /// Weights that had their share while others of their contribution had not: `contribution/stream/agent`, with
    /// the number of the distribution.
    pub MARKS: Map<String, u32> = "mark";

    /// The distribution under way.
    pub WORK: Item<Work> = "work";
    /// Its sums: `stream/agent/claim`.
    pub SUMS: Map<(u32, String), String> = "sum";

    /// Distributions that are done.
    pub DISTRIBUTIONS: Map<u32, Distribution> = "distribution";
    /// Their numbers.
    pub NUMBER_OF: Map<String, u32> = "number-of";
    /// What each agent got.
    pub PAYOUTS: Map<(u32, String), i64> = "payout";
    /// What others gave it, or it to others.
    pub ADJUSTMENTS: Map<(u32, String), Adjustment> = "adjustment";
    /// Out of which pools: `agent/pool's place/claim`.
    pub SHARES: Map<(u32, String), Share> = "share";
    /// For which contributions: `agent/stream/contribution`. Debts stand under the number 0, for they are paid by
    /// several distributions.
    pub ROWS: Map<(u32, String), Leaf> = "row";

    /// What is owed: `agent/stream`.
    pub CLAIMS: Map<String, ClaimAccount> = "claim";
    /// Every change of it, by the distribution in or after which it was made.
    pub MOVES: Map<(u32, u64), Move> = "move";
    /// Events and ids of payments, with the claim and amount that they settled.
    pub PAYMENTS: Map<String, Move> = "payment";
}

/// The counters.
pub fn head() -> Head {
    HEAD.get().unwrap_or_default()
}
