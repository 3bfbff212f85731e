//! Hours at a rate, and other equations, shared in buckets: Sensorica's value equation.
//!
//! What a contribution weighs is a product that the commons wrote, such as `quantity * rate * care_weight`; where
//! an income goes is a list of buckets. Formula, source, parameters and worked numbers are in the README.
//!
//! | file | idea |
//! |---|---|
//! | `settings.rs` | the parameters |
//! | `equation.rs` | products, their value and their text |
//! | `weigh.rs` | contributions to weights |
//! | `pools.rs` | buckets to pools |
#![deny(unsafe_code)]

mod equation;
mod pools;
mod settings;
mod weigh;

use stint_rule::{proto, proto::*, schema};
use stint_sdk::Refusal;

/// The rule.
pub struct Hours;

impl Rule for Hours {
    fn manifest(_: ManifestRequest) -> Result<ManifestResponse, Refusal> {
        Ok(ManifestResponse {
            kind: Kind::Valuation.into(),
            name: "hours".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "weight = equation(quantity, facts, constants); share = bucket × weight / sum of weights".into(),
            parameters: schema(settings::SCHEMA),
            rounding: "buckets down to a minor unit, shares by largest remainder".into(),
            streams: Vec::new(),
            order: Order::OldestFirst.into(),
            settles: false,
        })
    }

    fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
        weigh::weigh(request)
    }

    fn pools(request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        pools::pools(request)
    }

    fn settle(_: SettleRequest) -> Result<SettleResponse, Refusal> {
        Ok(SettleResponse::default())
    }
}

stint_sdk::rule!(proto, Hours);
