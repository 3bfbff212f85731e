//! Dynamic equity: Slicing Pie. What was put at risk weighs, cash more than time, and shares for ever.
//!
//! Formula, source, parameters and worked numbers are in the README.
//!
//! | file | idea |
//! |---|---|
//! | `settings.rs` | the parameters: multipliers, rates, and who left how |
//! | `weigh.rs` | contributions to slices |
#![deny(unsafe_code)]

mod settings;
mod weigh;

use stint_rule::{REMAINING, part_of, proto, proto::*, schema};
use stint_sdk::Refusal;

/// The one stream of this rule.
pub const SLICES: &str = "slices";

/// The rule.
pub struct Slices;

impl Rule for Slices {
    fn manifest(_: ManifestRequest) -> Result<ManifestResponse, Refusal> {
        Ok(ManifestResponse {
            kind: Kind::Valuation.into(),
            name: "slices".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "slices = hours × (rate − paid) × 2 + value of non-cash × 2 + cash × 4; share = slices / all"
                .into(),
            parameters: schema(settings::SCHEMA),
            rounding: "shares by largest remainder".into(),
            streams: vec![SLICES.into()],
            order: Order::OldestFirst.into(),
            settles: false,
        })
    }

    fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
        weigh::weigh(request)
    }

    fn pools(request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        settings::Settings::read(&request.params)?;
        let pool = Pool {
            name: SLICES.into(),
            stream: SLICES.into(),
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

stint_sdk::rule!(proto, Slices);
