//! Income of a commons, shared by its own rule: incomes, distributions, claims, and why.
//!
//! A rule is a pure module: it says what each contribution weighs and into which pools an income goes. The sums and
//! the split are those of the crate `stint-rule`, the same for every rule, for a payout, a what-if and an audit.
//! This contract says which contributions count, goes through them in bounded calls, and keeps what is needed to
//! show and repeat every cent.
//!
//! What holds, by the names under which it refuses:
//!
//! - `V1`: an income is shared by the version of the rule that held at its date, and no version is retroactive.
//! - `V2`: shares, fund and what is undistributed sum to the amount less the purchases.
//! - `V3`: an income is distributed once, and one after the other.
//! - `V4`: a debt is never paid beyond what is open.
//! - `V5`, `V6`: pools are filled in their order and split by largest remainder; `stint-rule` sees to both.
//! - `V7`: only what peers validated is weighed, as it stood when it was taken.
//! - `R14`: an event of the book settles a claim once, with its agent, its unit and its amount.
//!
//! Functions are marked `inline(never)` where the compiler would make one of many: a ledger bounds what compiling a
//! module takes, and that grows with the square of a function.
//!
//! | file | idea |
//! |---|---|
//! | `rules.rs` | which rule holds at a time (V1) |
//! | `income.rs` | money that came in |
//! | `distribute.rs` | a distribution's phases, call by call (V3) |
//! | `take.rs` | what was validated is taken over (V7) |
//! | `weigh.rs` | the rule is asked about it |
//! | `count.rs` | which weights count, and which contributions are done |
//! | `finish.rs` | pools, the split, and what is published (V2) |
//! | `close.rs` | who had their share is read no more |
//! | `accounts.rs` | what is owed |
//! | `claims.rs` | what is owed, paid and written off outside of distributions (V4, R14) |
//! | `replay.rs`, `walk.rs` | going through distributions again |
//! | `recompute.rs` | with the same rule |
//! | `whatif.rs`, `rehearse.rs` | with another rule: the question and the report; the way, part by part |
//! | `apart.rs` | what another rule leaves otherwise than it is |
//! | `explain.rs` | from an amount down to contributions |
//! | `show.rs`, `now.rs` | distributions as they are, and shares if an income came now |
//! | `ask.rs` | what charter, book and contributions are asked |
//! | `fields.rs`, `state.rs` | what requests look like, and what is kept |
#![deny(unsafe_code)]

mod accounts;
mod apart;
mod ask;
mod claims;
mod close;
mod count;
mod distribute;
mod explain;
mod fields;
mod finish;
mod income;
mod now;
mod recompute;
mod rehearse;
mod replay;
mod rules;
mod show;
mod state;
mod take;
mod walk;
mod weigh;
mod whatif;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.value.v1");
}

use proto::*;
use stint_sdk::Refusal;

/// The contract.
pub struct Contract;

impl Value for Contract {
    fn set_rule(request: SetRuleRequest) -> Result<SetRuleResponse, Refusal> {
        rules::set(request)
    }
    fn register_income(request: RegisterIncomeRequest) -> Result<RegisterIncomeResponse, Refusal> {
        income::register(request)
    }
    fn withdraw(request: WithdrawRequest) -> Result<WithdrawResponse, Refusal> {
        income::withdraw(request)
    }
    fn distribute(request: DistributeRequest) -> Result<DistributeResponse, Refusal> {
        distribute::distribute(request)
    }
    fn settle(request: SettleRequest) -> Result<SettleResponse, Refusal> {
        claims::settle(request)
    }
    fn write_off(request: WriteOffRequest) -> Result<WriteOffResponse, Refusal> {
        claims::write_off(request)
    }
    fn explain(request: ExplainRequest) -> Result<ExplainResponse, Refusal> {
        explain::explain(request)
    }
    fn recompute(request: RecomputeRequest) -> Result<RecomputeResponse, Refusal> {
        recompute::recompute(request)
    }
    fn what_if(request: WhatIfRequest) -> Result<WhatIfResponse, Refusal> {
        whatif::what_if(request)
    }
    fn claims(request: ClaimsRequest) -> Result<ClaimsResponse, Refusal> {
        claims::list(request)
    }
    fn shares_now(request: SharesNowRequest) -> Result<SharesNowResponse, Refusal> {
        now::shares(request)
    }
    fn get_distribution(request: GetDistributionRequest) -> Result<GetDistributionResponse, Refusal> {
        show::get(request)
    }
    fn list_distributions(request: ListDistributionsRequest) -> Result<ListDistributionsResponse, Refusal> {
        show::list(request)
    }
    fn receipt(request: ReceiptRequest) -> Result<ReceiptResponse, Refusal> {
        show::receipt(&request.distribution)
    }
    fn list_incomes(request: ListIncomesRequest) -> Result<ListIncomesResponse, Refusal> {
        income::list(request)
    }
}

stint_sdk::contract!(proto, Contract, state = crate::state::STATE);
