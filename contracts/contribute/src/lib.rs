//! Contributions to a commons: who did what, who agrees, how much it weighs, and what share follows.
//!
//! Two ways lead here. Where stewards record for others, `Record` puts a contribution on the ledger and `GetShares`
//! shares by weights. Where peers validate, a log is only a claim: its way is
//!
//! ```text
//!            Validate (k peers)            Dispute              Resolve
//!   Log ──> CLAIMED ────────────> VALIDATED ──────> DISPUTED ────────────> VALIDATED or REJECTED, for good
//!              │    └─ median 0 ─> REJECTED ──────────┘
//!              └─ window over, Expire ─> EXPIRED
//! ```
//!
//! Rules, by the names under which they refuse:
//!
//! - `role`: only stewards record, set rules and configure.
//! - `id`: an id stands for one contribution for ever.
//! - `future`: nothing is dated more than a day ahead of the ledger.
//! - `retroactive`: a rule never changes the weight of what was done before it was set, but the
//!   first one, before which every kind weighs 1.
//! - `C-1` to `C-5`: who validates, how many, how much, how long a day is, and how long the window; `C-6`, who
//!   validates whom, is a report.
//!
//! | file | idea |
//! |---|---|
//! | `fields.rs` | what a well-formed contribution is |
//! | `record.rs` | recording, and the daily sums kept beside the records |
//! | `rules.rs` | weights and the dates from which they hold |
//! | `shares.rs` | points, shares, and why |
//! | `list.rs` | pages of contributions |
//! | `params.rs` | how logs are validated, by the charter or by a steward |
//! | `ask.rs` | what the charter and the book are asked |
//! | `log.rs` | a claim to have contributed |
//! | `effort.rs` | hours of a day, over all commons (C-4) |
//! | `validate.rs` | what peers accept (C-1, C-2, C-3, C-5) |
//! | `dispute.rs` | disputes, resolutions, and what expires |
//! | `logs.rs` | logs as they are kept, and their lists |
//! | `accepted.rs` | what was accepted, for valuation rules |
//! | `reciprocity.rs` | who validates whom (C-6) |
#![deny(unsafe_code)]

mod accepted;
mod ask;
mod dispute;
mod effort;
mod fields;
mod list;
mod log;
mod logs;
mod params;
mod reciprocity;
mod record;
mod rules;
mod shares;
mod state;
#[cfg(test)]
mod tests;
mod validate;

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
    fn configure(request: ConfigureRequest) -> Result<ConfigureResponse, Refusal> {
        params::configure(request)
    }
    fn log(request: LogRequest) -> Result<LogResponse, Refusal> {
        log::log(request)
    }
    fn validate(request: ValidateRequest) -> Result<ValidateResponse, Refusal> {
        validate::validate(request)
    }
    fn dispute(request: DisputeRequest) -> Result<DisputeResponse, Refusal> {
        dispute::dispute(request)
    }
    fn resolve(request: ResolveRequest) -> Result<ResolveResponse, Refusal> {
        dispute::resolve(request)
    }
    fn expire(request: ExpireRequest) -> Result<ExpireResponse, Refusal> {
        dispute::expire(request)
    }
    fn get_params(_: GetParamsRequest) -> Result<GetParamsResponse, Refusal> {
        params::show()
    }
    fn get_log(request: GetLogRequest) -> Result<GetLogResponse, Refusal> {
        logs::get(&request.log)
    }
    fn list_logs(request: ListLogsRequest) -> Result<ListLogsResponse, Refusal> {
        logs::list(request)
    }
    fn list_validated(request: ListValidatedRequest) -> Result<ListValidatedResponse, Refusal> {
        accepted::list(request)
    }
    fn pending(request: PendingRequest) -> Result<PendingResponse, Refusal> {
        validate::pending(request)
    }
    fn reciprocity(request: ReciprocityRequest) -> Result<ReciprocityResponse, Refusal> {
        reciprocity::report(request)
    }
    fn get_hours(request: GetHoursRequest) -> Result<GetHoursResponse, Refusal> {
        effort::list(request)
    }
}

stint_sdk::contract!(proto, Contract, state = crate::state::STATE);
