//! A commons' charter: what the commons is, who decides in it and how, and how all of that changes.
//!
//! Rules, by the names under which they refuse:
//!
//! - `G1`: a patch is applied only to the value that its author saw; parallel proposals never overwrite each other.
//! - `G2`: what passes has the quorum of the seats and the threshold of yes / (yes + no).
//! - `G3`: a ballot may be changed until the vote closes, and not after.
//! - `G4`: who changes the rules of valuation, contribution or ecology cites what that would have done, and the
//!   charter has it recomputed.
//! - `G5`: no rule is retroactive.
//! - `G6`: only named classes object, with a reason, and nothing is executed while an objection stands.
//! - `G7`: how is decided is changed under the strictest decision only.
//! - `G8`: sanctions go one step at a time, and are open to appeal.
//! - `G9`: a fork has two members and a height that there is.
//!
//! | file | idea |
//! |---|---|
//! | `limits.rs`, `words.rs`, `path.rs` | how large, how named, how addressed |
//! | `parts/` | what a seat, a rule, a decision, a step is: as messages and as texts |
//! | `state.rs`, `history.rs`, `commit.rs` | what is kept, read at any time, written in one place |
//! | `draft.rs`, `whole.rs` | patches, and what must hold of what they come to |
//! | `found.rs`, `seats.rs`, `fork.rs`, `ending.rs` | how a charter begins, is filled, branches and ends |
//! | `propose.rs`, `subjects.rs`, `whatif.rs` | what is put to the vote, under what, with which consequences |
//! | `ballots.rs`, `decide.rs`, `objections.rs` | votes, what they come to, and what stands against it |
//! | `settle.rs`, `execute.rs` | where a proposal stands, and carrying it out |
//! | `sanctions.rs`, `standing.rs` | what follows when rules are broken |
//! | `view.rs`, `queries.rs`, `ostrom.rs`, `who.rs` | looking at it, and who looks |
#![deny(unsafe_code)]

mod ballots;
mod commit;
mod decide;
mod draft;
mod ending;
mod execute;
mod fork;
mod found;
mod history;
mod limits;
mod objections;
mod ostrom;
mod parts;
mod path;
mod propose;
mod queries;
mod sanctions;
mod seats;
mod settle;
mod standing;
mod state;
mod subjects;
#[cfg(test)]
mod tests;
mod view;
mod whatif;
mod who;
mod whole;
mod words;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.charter.v1");
}

/// How a pure module is asked to decide.
#[allow(missing_docs, dead_code, clippy::doc_markdown)]
mod rule_proto {
    stint_sdk::proto!("stint.rule.v1");
}

use proto::*;
use stint_sdk::Refusal;
use who::Actor;

/// The contract.
pub struct Contract;

impl Charter for Contract {
    fn found(request: FoundRequest) -> Result<FoundResponse, Refusal> {
        found::found(request)
    }
    fn invite(request: InviteRequest) -> Result<InviteResponse, Refusal> {
        seats::invite(&Actor::caller(), request)
    }
    fn accept_seat(request: AcceptSeatRequest) -> Result<AcceptSeatResponse, Refusal> {
        seats::accept(request)
    }
    fn leave(request: LeaveRequest) -> Result<LeaveResponse, Refusal> {
        seats::leave(request)
    }
    fn propose(request: ProposeRequest) -> Result<ProposeResponse, Refusal> {
        propose::propose(request)
    }
    fn check_report(request: CheckReportRequest) -> Result<CheckReportResponse, Refusal> {
        propose::check_report(request)
    }
    fn vote(request: VoteRequest) -> Result<VoteResponse, Refusal> {
        ballots::vote(request)
    }
    fn object(request: ObjectRequest) -> Result<ObjectResponse, Refusal> {
        objections::object(request)
    }
    fn resolve(request: ResolveRequest) -> Result<ResolveResponse, Refusal> {
        objections::resolve(request)
    }
    fn withdraw(request: WithdrawRequest) -> Result<WithdrawResponse, Refusal> {
        propose::withdraw(request)
    }
    fn close(request: CloseRequest) -> Result<CloseResponse, Refusal> {
        settle::close(request)
    }
    fn execute(request: ExecuteRequest) -> Result<ExecuteResponse, Refusal> {
        execute::execute(request)
    }
    fn sanction(request: SanctionRequest) -> Result<SanctionResponse, Refusal> {
        sanctions::sanction(&Actor::caller(), request)
    }
    fn appeal(request: AppealRequest) -> Result<AppealResponse, Refusal> {
        sanctions::appeal(request)
    }
    fn resolve_appeal(request: ResolveAppealRequest) -> Result<ResolveAppealResponse, Refusal> {
        sanctions::resolve_appeal(&Actor::caller(), request)
    }
    fn lift(request: LiftRequest) -> Result<LiftResponse, Refusal> {
        sanctions::lift(&Actor::caller(), request)
    }
    fn fork(request: ForkRequest) -> Result<ForkResponse, Refusal> {
        fork::fork(request)
    }
    fn sunset(request: SunsetRequest) -> Result<SunsetResponse, Refusal> {
        ending::sunset(&Actor::caller(), request)
    }
    fn dissolve(request: DissolveRequest) -> Result<DissolveResponse, Refusal> {
        ending::dissolve(request)
    }
    fn get_charter(request: GetCharterRequest) -> Result<GetCharterResponse, Refusal> {
        view::get(request)
    }
    fn get_field(request: GetFieldRequest) -> Result<GetFieldResponse, Refusal> {
        view::field(request)
    }
    fn diff(request: DiffRequest) -> Result<DiffResponse, Refusal> {
        view::diff(request)
    }
    fn list_proposals(request: ListProposalsRequest) -> Result<ListProposalsResponse, Refusal> {
        queries::list_proposals(request)
    }
    fn get_proposal(request: GetProposalRequest) -> Result<GetProposalResponse, Refusal> {
        queries::get_proposal(request)
    }
    fn tally(request: TallyRequest) -> Result<TallyResponse, Refusal> {
        queries::tally(request)
    }
    fn ostrom(_: OstromRequest) -> Result<OstromResponse, Refusal> {
        ostrom::ostrom()
    }
    fn get_rule(request: GetRuleRequest) -> Result<GetRuleResponse, Refusal> {
        queries::get_rule(request)
    }
    fn list_rules(request: ListRulesRequest) -> Result<ListRulesResponse, Refusal> {
        queries::list_rules(request)
    }
    fn get_standing(request: GetStandingRequest) -> Result<GetStandingResponse, Refusal> {
        standing::get(request)
    }
    fn get_case(request: GetCaseRequest) -> Result<GetCaseResponse, Refusal> {
        Ok(GetCaseResponse { case: Some(sanctions::load(&request.case)?) })
    }
    fn get_fork(request: GetForkRequest) -> Result<GetForkResponse, Refusal> {
        fork::get(request)
    }
}

stint_sdk::contract!(proto, Contract, state = crate::state::STATE);
