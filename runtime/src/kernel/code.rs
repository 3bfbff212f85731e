//! Published code and the contracts that serve commons.

use super::{
    Answer, Caller, grant, read,
    records::{Instance, Origin},
    refuse, steward, write,
};
use crate::{Contract, Overlay, RuntimeError, keys, session::Session};
use bytes::Bytes;
use std::sync::Arc;
use stint_proto::{Code, Hash, Refusal, hash_parts, limits::READY_MS_PER_KB, v1};

pub fn publish(session: &mut Session, by: &Caller<'_>, request: v1::PublishRequest) -> Answer<v1::PublishResponse> {
    grant!(steward(by, "publish code"));
    let hash = hash_parts(&[&request.module]);
    let answer = |origin: Origin| v1::PublishResponse {
        code_hash: Bytes::copy_from_slice(&hash.0),
        service: origin.service,
        ready_ms: origin.ready_ms,
    };
    if let Some(known) = read::<Origin>(&session.overlay, &keys::origin(&hash.0))? {
        return Ok(Ok(answer(known)));
    }
    let checked =
        grant!(session.contracts.check(&request.module).map_err(|m| Refusal::new(Code::InvalidArgument, "code", m)));
    let size = request.module.len() as u64;
    let origin = Origin {
        height: session.block.height,
        ready_ms: session.block.time_ms + READY_MS_PER_KB * size.div_ceil(1000),
        service: checked.descriptor.service,
        meta: checked.meta,
        pure: checked.pure,
        migrates: checked.migrates,
        size,
    };
    session.overlay.put(keys::code(&hash.0), request.module.to_vec());
    write(&mut session.overlay, keys::origin(&hash.0), &origin);
    session.contracts.prepare(hash, &request.module);
    Ok(Ok(answer(origin)))
}

/// Code that is published and has had the time to be compiled.
pub fn ready(session: &Session, hash: &[u8]) -> Answer<(Hash, Origin)> {
    let Ok(hash) = Hash::try_from(hash) else {
        refuse!(InvalidArgument, "code", "a code hash has 32 bytes; this one has {}", hash.len());
    };
    let Some(origin) = read::<Origin>(&session.overlay, &keys::origin(&hash.0))? else {
        refuse!(NotFound, "code", "no code {hash} is published on this ledger");
    };
    let wait = origin.ready_ms.saturating_sub(session.block.time_ms);
    if wait > 0 {
        let message =
            format!("the code {hash} is still being compiled; it may serve in {wait} ms of the ledger's time");
        let mut refusal = Refusal::new(Code::FailedPrecondition, "not-ready", message);
        refusal.details.insert("wait_ms".into(), wait.to_string());
        return Ok(Err(refusal));
    }
    Ok(Ok((hash, origin)))
}

/// Ready code, compiled.
pub fn usable(session: &Session, hash: &Hash) -> Answer<Arc<Contract>> {
    grant!(ready(session, &hash.0)?);
    super::Directory::new(&session.contracts, &session.overlay).load(&hash.0)
}

pub fn deploy(session: &mut Session, by: &Caller<'_>, request: v1::DeployRequest) -> Answer<v1::DeployResponse> {
    grant!(steward(by, "deploy contracts"));
    let (hash, origin) = grant!(ready(session, &request.code_hash)?);
    let key = keys::instance(by.commons, &origin.service);
    if let Some(serving) = read::<Instance>(&session.overlay, &key)? {
        if serving.code != hash.0 {
            refuse!(
                AlreadyExists,
                "service",
                "other code serves {} as {} already; change it with stint.v1.Kernel/Upgrade",
                by.commons,
                origin.service
            );
        }
        return Ok(Ok(v1::DeployResponse { service: origin.service }));
    }
    write(&mut session.overlay, key, &Instance { code: hash.0.to_vec(), ..Default::default() });
    Ok(Ok(v1::DeployResponse { service: origin.service }))
}

pub fn get(overlay: &Overlay, request: v1::GetCodeRequest) -> Answer<v1::GetCodeResponse> {
    let Some(origin) = read::<Origin>(overlay, &keys::origin(&request.code_hash))? else {
        refuse!(NotFound, "code", "no such code is published on this ledger");
    };
    let module = match request.facts_only {
        true => Vec::new(),
        false => overlay.get(&keys::code(&request.code_hash))?.ok_or_else(|| RuntimeError::Damaged {
            key: keys::show(&request.code_hash),
            reason: "its module is missing".into(),
        })?,
    };
    Ok(Ok(v1::GetCodeResponse {
        module: module.into(),
        service: origin.service,
        published_height: origin.height,
        ready_ms: origin.ready_ms,
        sdk: origin.meta.sdk,
        compiler: origin.meta.compiler,
        source_hash: origin.meta.source_hash,
        pure: origin.pure,
        size: origin.size,
    }))
}
