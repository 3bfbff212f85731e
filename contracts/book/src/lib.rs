//! The book of a commons: economic events by Valueflows 1.0, validated, and what follows from them.
//!
//! An event is a row of the action table (`actions.rs`) read with the rulings R1 to R14. Everything a resource is follows from
//! its events, by a pure function (`effect.rs`) that recording and rebuilding share.
//!
//! Invariants, each with a test of its number in `tests/`:
//!
//! 1. A resource's quantities equal the sums of its events' effects.
//! 2. No stock is below zero, unless its specification lets it (R7).
//! 3. A refused call changes nothing; a batch is all or nothing.
//! 4. The cost of recording does not grow with the book.
//! 5. Events never change; corrections are events (R5).
//!
//! | rule | file |
//! |---|---|
//! | R1 whole or part | `identity.rs` |
//! | R2, R3, R7 effects on a resource | `effect.rs` |
//! | R4, R6 resources of an event, units | `record/parts.rs`, `amount.rs` |
//! | R5 quantities and corrections | `record/shape.rs`, `record/correct.rs` |
//! | R8 sides of a process | `record/shape.rs`, `processes.rs` |
//! | R9 pairs | `pairs.rs` |
//! | R10 authority | `authority.rs` |
//! | R11 containment | `containment.rs`, `effect.rs` |
//! | R12 time | `record/shape.rs`, `periods.rs` |
//! | R13, R14 promises and claims | `progress.rs` |
//! | R-mass | `mass.rs`, `processes.rs` |
//!
//! `README.md` tells what was decided where the text leaves a choice.
#![deny(unsafe_code)]

pub mod actions;
mod amount;
mod apply;
mod ask;
mod authority;
mod containment;
mod declare;
mod effect;
mod effort;
mod export;
mod facts;
mod fields;
mod identity;
mod index;
mod keys;
mod mass;
mod moment;
mod pairs;
mod periods;
mod processes;
mod progress;
mod promises;
mod record;
mod shelf;
mod state;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.book.v1");
}

use proto::*;
use stint_sdk::Refusal;

/// The contract.
pub struct Contract;

impl Book for Contract {
    fn configure(request: ConfigureRequest) -> Result<ConfigureResponse, Refusal> {
        declare::configure(request)
    }
    fn declare_spec(request: DeclareSpecRequest) -> Result<Known, Refusal> {
        declare::spec(request)
    }
    fn declare_process_spec(request: DeclareProcessSpecRequest) -> Result<Known, Refusal> {
        declare::process_spec(request)
    }
    fn declare_conversion(request: DeclareConversionRequest) -> Result<Known, Refusal> {
        declare::conversion(request)
    }
    fn open_process(request: OpenProcessRequest) -> Result<Known, Refusal> {
        processes::open(request)
    }
    fn record(request: RecordRequest) -> Result<RecordResponse, Refusal> {
        record::record(request)
    }
    fn correct(request: CorrectRequest) -> Result<RecordResponse, Refusal> {
        record::correct(request)
    }
    fn cosign(request: CosignRequest) -> Result<Known, Refusal> {
        record::cosign(request)
    }
    fn commit(request: CommitRequest) -> Result<Known, Refusal> {
        promises::commit(request)
    }
    fn intend(request: IntendRequest) -> Result<Known, Refusal> {
        promises::intend(request)
    }
    fn agree(request: AgreeRequest) -> Result<Known, Refusal> {
        promises::agree(request)
    }
    fn claim(request: ClaimRequest) -> Result<Known, Refusal> {
        promises::claim(request)
    }
    fn finish(request: FinishRequest) -> Result<Known, Refusal> {
        promises::finish(request)
    }
    fn close_process(request: CloseProcessRequest) -> Result<CloseProcessResponse, Refusal> {
        processes::close(request)
    }
    fn close_period(request: ClosePeriodRequest) -> Result<Known, Refusal> {
        periods::close(request)
    }
    fn resource(request: ResourceRequest) -> Result<ResourceResponse, Refusal> {
        ask::resource(request)
    }
    fn get_event(request: GetEventRequest) -> Result<RecordedEvent, Refusal> {
        ask::get_event(request)
    }
    fn events(request: EventsRequest) -> Result<EventsResponse, Refusal> {
        ask::events(request)
    }
    fn process(request: ProcessRequest) -> Result<ProcessResponse, Refusal> {
        ask::process(request)
    }
    fn agreement(request: AgreementRequest) -> Result<AgreementResponse, Refusal> {
        ask::agreement(request)
    }
    fn promise(request: PromiseRequest) -> Result<PromiseResponse, Refusal> {
        ask::promise(request)
    }
    fn stock_of(request: StockOfRequest) -> Result<StockOfResponse, Refusal> {
        ask::stock_of(request)
    }
    fn journal(request: JournalRequest) -> Result<JournalResponse, Refusal> {
        ask::journal(request)
    }
    fn export(request: ExportRequest) -> Result<ExportResponse, Refusal> {
        export::export(request)
    }
    fn rebuild(request: RebuildRequest) -> Result<RebuildResponse, Refusal> {
        ask::rebuild(request)
    }
    fn trace(request: TraceRequest) -> Result<TraceResponse, Refusal> {
        ask::trace(request)
    }
    fn track(request: TraceRequest) -> Result<TraceResponse, Refusal> {
        ask::track(request)
    }
    fn effort(request: EffortRequest) -> Result<EffortResponse, Refusal> {
        effort::sums(request)
    }
    fn declarations(request: DeclarationsRequest) -> Result<DeclarationsResponse, Refusal> {
        ask::declarations(request)
    }
    fn get_settings(_: GetSettingsRequest) -> Result<Settings, Refusal> {
        Ok(authority::settings())
    }
}

stint_sdk::contract!(proto, Contract, state = crate::state::STATE);
