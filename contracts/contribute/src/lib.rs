//! Contributions to a commons: who did what, how much it weighs, and what share follows.
//!
//! Rules, by the names under which they refuse:
//!
//! - `role`: only stewards record and set rules.
//! - `id`: an id stands for one contribution for ever.
//! - `future`: nothing is dated more than a day ahead of the ledger.
//! - `retroactive`: a rule never changes the weight of what was done before it was set, but the
//!   first one, before which every kind weighs 1.
//!
//! | file | idea |
//! |---|---|
//! | `fields.rs` | what a well-formed contribution is |
//! | `record.rs` | recording, and the daily sums kept beside the records |
//! | `rules.rs` | weights and the dates from which they hold |
//! | `shares.rs` | points, shares, and why |
//! | `list.rs` | pages of contributions |
#![deny(unsafe_code)]

mod fields;
mod list;
mod record;
mod rules;
mod shares;
mod state;
#[cfg(test)]
mod tests;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.contribute.v1");
}

use proto::*;
use stint_sdk::Refusal;

/// The contract.
pub struct Contract;

impl Contribute for Contract {
    fn record(request: RecordRequest) -> Result<RecordResponse, Refusal> {
        record::record(request)
    }
    fn set_rule(request: SetRuleRequest) -> Result<SetRuleResponse, Refusal> {
        rules::set(request)
    }
    fn get_shares(request: GetSharesRequest) -> Result<GetSharesResponse, Refusal> {
        shares::get(request)
    }
    fn explain_share(request: ExplainShareRequest) -> Result<ExplainShareResponse, Refusal> {
        shares::explain(request)
    }
    fn list_contributions(request: ListContributionsRequest) -> Result<ListContributionsResponse, Refusal> {
        list::list(request)
    }
    fn list_rules(_: ListRulesRequest) -> Result<ListRulesResponse, Refusal> {
        Ok(ListRulesResponse { rules: rules::all() })
    }
}

stint_sdk::contract!(proto, Contract, state = crate::state::STATE);
