//! A round in which peers give one another units: Coordinape. What was received is the weight.
//!
//! A contribution is a gift: `agent` gives `quantity` units to the agent `to`. Formula, source, parameters and
//! worked numbers are in the README.
//!
//! Refusals: `P-self` for a gift to oneself, `P-whole` for a part of a unit, `P-limit` for more than one has to
//! give, `P-member` for a stranger, and `P-opt-out` for a gift to who wants none. A refused gift stands in the way
//! of the round until the commons rejects it; nothing is left out silently.
#![deny(unsafe_code)]

mod settings;
mod weigh;

use settings::Settings;
use stint_rule::{REMAINING, part_of, proto, proto::*, schema};
use stint_sdk::Refusal;

/// The one stream of this rule.
pub const PEER: &str = "peer";

/// The rule.
pub struct Peer;

impl Rule for Peer {
    fn manifest(_: ManifestRequest) -> Result<ManifestResponse, Refusal> {
        Ok(ManifestResponse {
            kind: Kind::Valuation.into(),
            name: "peer".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "share = budget × units received / units given; units not given are burnt".into(),
            parameters: schema(settings::SCHEMA),
            rounding: "the budget down to a minor unit, shares by largest remainder".into(),
            streams: vec![PEER.into()],
            order: Order::OldestFirst.into(),
            settles: false,
        })
    }

    fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
        weigh::weigh(request)
    }

    fn pools(request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        let basis_points = Settings::read(&request.params)?.basis_points;
        let pool = Pool {
            name: PEER.into(),
            stream: PEER.into(),
            agent: String::new(),
            basis_points,
            of: REMAINING.into(),
            formula: part_of(basis_points, REMAINING),
        };
        Ok(PoolsResponse { pools: vec![pool] })
    }

    fn settle(_: SettleRequest) -> Result<SettleResponse, Refusal> {
        Ok(SettleResponse::default())
    }
}

stint_sdk::rule!(proto, Peer);
