//! Credit that flows to what a contribution builds on.
//!
//! Every contribution is a node and mints credit. It keeps the part alpha of what it has, and passes the rest to
//! what it cites, in proportion to the weights of the citations. Citations go to earlier contributions only, so the
//! graph has no cycles, the flow ends, and it is exact (F-1).
//!
//! Contributions come newest first. Then everything that cites a contribution was seen before it, and one pass is
//! enough: the carry holds what flows to contributions that are still to come.
//!
//! | file | idea |
//! |---|---|
//! | `settings.rs` | the parameters: alpha, and what mints how much |
//! | `flow.rs` | one pass over the graph |
#![deny(unsafe_code)]

mod flow;
mod settings;

use settings::Settings;
use stint_rule::{REMAINING, part_of, proto, proto::*, schema};
use stint_sdk::Refusal;

/// The one stream of this rule.
pub const CREDIT: &str = "credit";

/// The rule.
pub struct CreditFlow;

impl Rule for CreditFlow {
    fn manifest(_: ManifestRequest) -> Result<ManifestResponse, Refusal> {
        Ok(ManifestResponse {
            kind: Kind::Valuation.into(),
            name: "creditflow".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "credit(n) = minted(n) + Σ over c citing n of (1 − α) × credit(c) × weight(c→n) / weights of c; \
                      n keeps α × credit(n), or all of it when it cites nothing"
                .into(),
            parameters: schema(settings::SCHEMA),
            rounding: "shares by largest remainder".into(),
            streams: vec![CREDIT.into()],
            order: Order::NewestFirst.into(),
            settles: false,
        })
    }

    fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
        flow::weigh(request)
    }

    fn pools(request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        Settings::read(&request.params)?;
        let pool = Pool {
            name: CREDIT.into(),
            stream: CREDIT.into(),
            agent: String::new(),
            basis_points: 10_000,
            of: REMAINING.into(),
            formula: part_of(10_000, REMAINING),
        };
        Ok(PoolsResponse { pools: vec![pool] })
    }

    fn settle(_: SettleRequest) -> Result<SettleResponse, Refusal> {
        Ok(SettleResponse::default())
    }
}

stint_sdk::rule!(proto, CreditFlow);
