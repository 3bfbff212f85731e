//! What the consortium sets for the whole ledger, and what a commons may use of it.
//!
//! 1. Nothing that is set exceeds a bound of the protocol: a validator's machine is sized by those.
//! 2. A quota of one commons stands above the parameters, and below the protocol.
//! 3. Where nothing was set, the protocol's own bounds hold.

use super::{
    Answer, Caller, commons, grant, read,
    records::{Published, Quota},
    refuse, write,
};
use crate::{Overlay, RuntimeError, State, keys, session::Session};
use std::{ops::RangeInclusive, sync::Arc};
use stint_proto::{
    Code, Refusal,
    limits::{BLOCK_FUEL, CODE_BYTES, COMMONS_FUEL},
    quoted,
    v1::{self, Parameters, parameters::CodePolicy},
};

/// What holds now.
pub fn parameters(overlay: &Overlay) -> Result<Parameters, RuntimeError> {
    Ok(read(overlay, keys::PARAMETERS)?.unwrap_or(Parameters {
        code_bytes: CODE_BYTES,
        code_policy: CodePolicy::Stewards.into(),
        commons_block_fuel: BLOCK_FUEL,
        commons_code_bytes: CODE_BYTES,
    }))
}

pub fn set(
    session: &mut Session,
    by: &Caller<'_>,
    request: v1::SetParametersRequest,
) -> Answer<v1::SetParametersResponse> {
    grant!(commons::governs(&session.overlay, by, "set parameters")?);
    let Some(new) = request.parameters else {
        refuse!(InvalidArgument, "parameters", "no parameters are given");
    };
    if CodePolicy::try_from(new.code_policy).is_err() {
        refuse!(InvalidArgument, "parameters", "{} is no code policy", new.code_policy);
    }
    grant!(within("code_bytes", new.code_bytes, 0..=CODE_BYTES));
    grant!(within("commons_block_fuel", new.commons_block_fuel, COMMONS_FUEL..=BLOCK_FUEL));
    grant!(within("commons_code_bytes", new.commons_code_bytes, 0..=CODE_BYTES));
    write(&mut session.overlay, keys::PARAMETERS.to_vec(), &new);
    Ok(Ok(v1::SetParametersResponse {}))
}

pub fn set_quota(session: &mut Session, by: &Caller<'_>, request: v1::SetQuotaRequest) -> Answer<v1::SetQuotaResponse> {
    let v1::SetQuotaRequest { commons, block_fuel, code_bytes } = request;
    grant!(commons::governs(&session.overlay, by, "set quotas")?);
    if session.overlay.get(&keys::commons(&commons))?.is_none() {
        refuse!(NotFound, "commons", "there is no commons {} on this ledger", quoted(&commons));
    }
    if block_fuel != 0 {
        grant!(within("block_fuel", block_fuel, COMMONS_FUEL..=BLOCK_FUEL));
    }
    grant!(within("code_bytes", code_bytes, 0..=CODE_BYTES));
    match (block_fuel, code_bytes) {
        (0, 0) => session.overlay.delete(keys::quota(&commons)),
        _ => write(&mut session.overlay, keys::quota(&commons), &Quota { block_fuel, code_bytes }),
    }
    Ok(Ok(v1::SetQuotaResponse {}))
}

fn within(what: &str, given: u64, bounds: RangeInclusive<u64>) -> Result<(), Refusal> {
    if bounds.contains(&given) {
        return Ok(());
    }
    let message = format!("{what} of {given}; {} to {} are accepted", bounds.start(), bounds.end());
    Err(Refusal::new(Code::InvalidArgument, "parameters", message))
}

/// What a commons may use: fuel in a block, and bytes of code.
pub fn quota(overlay: &Overlay, commons: &str) -> Result<Quota, RuntimeError> {
    let all = parameters(overlay)?;
    let own = read::<Quota>(overlay, &keys::quota(commons))?.unwrap_or_default();
    let or = |own: u64, else_: u64| if own == 0 { else_ } else { own };
    Ok(Quota {
        block_fuel: or(own.block_fuel, all.commons_block_fuel),
        code_bytes: or(own.code_bytes, all.commons_code_bytes),
    })
}

/// Fuel that calls to a commons may burn in a block.
pub fn block_fuel(state: Arc<dyn State>, commons: &str) -> Result<u64, RuntimeError> {
    Ok(quota(&Overlay::new(state), commons)?.block_fuel)
}

/// Bytes of code that a commons has published.
pub fn published(overlay: &Overlay, commons: &str) -> Result<u64, RuntimeError> {
    Ok(read::<Published>(overlay, &keys::published(commons))?.unwrap_or_default().bytes)
}

/// Counts code of so many bytes to the commons that publishes it, if it may.
pub fn may_publish(overlay: &mut Overlay, by: &Caller<'_>, size: u64) -> Answer<()> {
    if parameters(overlay)?.code_policy() == CodePolicy::Consortium && commons::of_consortium(overlay, by)?.is_err() {
        refuse!(
            PermissionDenied,
            "code-policy",
            "on this ledger only the consortium publishes code; propose yours to it"
        );
    }
    let used = published(overlay, by.commons)?;
    let (bytes, most) = (used.saturating_add(size), quota(overlay, by.commons)?.code_bytes);
    if bytes > most {
        refuse!(
            ResourceExhausted,
            "quota",
            "{} has published {used} bytes of code and would have {bytes}; its quota is {most}, which the consortium may raise",
            by.commons
        );
    }
    write(overlay, keys::published(by.commons), &Published { bytes });
    Ok(Ok(()))
}

pub fn get(overlay: &Overlay, _: v1::GetParametersRequest) -> Answer<v1::GetParametersResponse> {
    Ok(Ok(v1::GetParametersResponse { parameters: Some(parameters(overlay)?) }))
}

pub fn get_quota(overlay: &Overlay, commons: &str, _: v1::GetQuotaRequest) -> Answer<v1::GetQuotaResponse> {
    if overlay.get(&keys::commons(commons))?.is_none() {
        refuse!(NotFound, "commons", "there is no commons {} on this ledger", quoted(commons));
    }
    let Quota { block_fuel, code_bytes } = quota(overlay, commons)?;
    let code_bytes_used = published(overlay, commons)?;
    Ok(Ok(v1::GetQuotaResponse { block_fuel, code_bytes, code_bytes_used }))
}
