//! Three streams: livelihood and love are paid, care is redistributed (DisCO, Guerrilla Translation).
//!
//! Formula, source, parameters and worked numbers are in the README.
//!
//! | file | idea |
//! |---|---|
//! | `settings.rs` | the parameters |
//! | `weigh.rs` | credits and hours to weights |
//! | `care.rs` | who gives to whom for hours of care |
#![deny(unsafe_code)]

mod care;
mod settings;
mod weigh;

use settings::Settings;
use stint_rule::{ALL, REMAINING, part_of, proto, proto::*, schema};
use stint_sdk::Refusal;

/// Work that was paid for; its credits count in one distribution.
pub const LIVELIHOOD: &str = "livelihood";
/// Work for the commons' own sake; its credits are owed until they are paid.
pub const LOVE: &str = "love";
/// Hours of care, which are no credits.
pub const CARE: &str = "care";

/// 100 %.
const WHOLE: u32 = 10_000;

/// The rule.
pub struct Streams;

impl Rule for Streams {
    fn manifest(_: ManifestRequest) -> Result<ManifestResponse, Refusal> {
        Ok(ManifestResponse {
            kind: Kind::Valuation.into(),
            name: "streams".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "livelihood by credits of the period, love by credits outstanding; who cared for less than the \
                      mean gives gross × (1 − hours / mean) × strength to those who cared for more"
                .into(),
            parameters: schema(settings::SCHEMA),
            rounding: "pools and gifts down to a minor unit, shares by largest remainder".into(),
            streams: [LIVELIHOOD, LOVE, CARE].map(String::from).to_vec(),
            order: Order::OldestFirst.into(),
            settles: true,
        })
    }

    fn weigh(request: WeighRequest) -> Result<WeighResponse, Refusal> {
        weigh::weigh(request)
    }

    fn pools(request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
        let livelihood = Settings::read(&request.params)?.livelihood;
        let worked = request.streams.iter().any(|s| s.name == LIVELIHOOD && s.agents > 0);
        let pool = |stream: &str, basis_points, of: &str, formula| Pool {
            name: stream.into(),
            stream: stream.into(),
            agent: String::new(),
            basis_points,
            of: of.into(),
            formula,
        };
        let rest = WHOLE - livelihood;
        // Love gets what livelihood leaves, so that no cent falls between them; but not livelihood's own part when
        // there was none to pay.
        let love = match worked {
            true => pool(LOVE, WHOLE, REMAINING, format!("{}, which livelihood leaves", part_of(rest, ALL))),
            false => pool(LOVE, rest, ALL, part_of(rest, ALL)),
        };
        Ok(PoolsResponse { pools: vec![pool(LIVELIHOOD, livelihood, ALL, part_of(livelihood, ALL)), love] })
    }

    fn settle(request: SettleRequest) -> Result<SettleResponse, Refusal> {
        care::settle(request)
    }
}

stint_sdk::rule!(proto, Streams);
