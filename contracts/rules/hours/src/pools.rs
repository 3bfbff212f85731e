//! Buckets to pools.

use crate::settings::Settings;
use stint_rule::{
    part_of,
    proto::{Pool, PoolsRequest, PoolsResponse},
};
use stint_sdk::Refusal;

pub fn pools(request: PoolsRequest) -> Result<PoolsResponse, Refusal> {
    let pool = |b: crate::settings::Bucket| Pool {
        formula: part_of(b.basis_points, &b.of),
        name: b.name,
        stream: b.stream,
        agent: b.agent,
        basis_points: b.basis_points,
        of: b.of,
    };
    Ok(PoolsResponse { pools: Settings::read(&request.params)?.buckets.into_iter().map(pool).collect() })
}
