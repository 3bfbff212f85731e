//! Published code and the contracts that serve commons.

use super::{
    Answer, Caller, STEWARD, grant, parameters, read,
    records::{Compiling, Instance, Origin},
    refuse, steward, write,
};
use crate::{BlockContext, Contract, Contracts, Overlay, RuntimeError, State, Writes, keys, session::Session};
use bytes::Bytes;
use prost::Message;
use std::sync::Arc;
use stint_proto::{Code, Hash, Refusal, hash_parts, limits::COMPILE_BACKLOG_MS, v1};

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
    let (begins, bytes) = grant!(queue(session, request.module.len() as u64)?);
    let checked = match session.contracts.check(&request.module) {
        Ok(checked) => checked,
        Err(unfit) => {
            session.contracts.log(unfit.to_string());
            return Ok(Err(Refusal::new(Code::InvalidArgument, "code", unfit.words)));
        }
    };
    let origin = Origin {
        height: session.block.height,
        ready_ms: begins + checked.ready_ms,
        service: checked.descriptor.service,
        meta: checked.meta,
        pure: checked.pure,
        migrates: checked.migrates,
        size: request.module.len() as u64,
    };
    grant!(parameters::may_publish(&mut session.overlay, by, origin.size)?);
    session.overlay.put(keys::code(&hash.0), request.module.to_vec());
    write(&mut session.overlay, keys::origin(&hash.0), &origin);
    write(&mut session.overlay, keys::COMPILING.to_vec(), &Compiling { until_ms: origin.ready_ms, bytes });
    Ok(Ok(answer(origin)))
}

/// Publishes a development build for its author: by the debug information in it, it may be larger than a
/// call. Answers with the writes as the block's; no ledger has such code.
pub fn publish_for_author(
    contracts: &Contracts,
    state: Arc<dyn State>,
    block: BlockContext,
    module: &[u8],
) -> Answer<(v1::PublishResponse, Writes)> {
    if !contracts.explains() {
        refuse!(FailedPrecondition, "code", "this runtime takes no development builds");
    }
    let mut session = Session::new(contracts, Overlay::new(state), block);
    let by = Caller { commons: "", name: "author", roles: &[STEWARD.into()] };
    let request = v1::PublishRequest { module: Bytes::copy_from_slice(module) };
    let published = grant!(publish(&mut session, &by, request)?);
    Ok(Ok((published, session.overlay.into_writes())))
}

/// The ledger's time at which validators begin to compile what is published now, for they compile one module after the
/// other; and the bytes of all code with it.
fn queue(session: &Session, size: u64) -> Answer<(u64, u64)> {
    let now = session.block.time_ms;
    // There is none before the first module.
    let Compiling { until_ms, bytes } = read(&session.overlay, keys::COMPILING)?.unwrap_or_default();
    let all = bytes.saturating_add(size);
    let most = parameters::parameters(&session.overlay)?.code_bytes;
    if all > most {
        refuse!(
            ResourceExhausted,
            "code-bytes",
            "the code of this ledger has {bytes} bytes and would have {all}; the limit is {most}"
        );
    }
    let wait = until_ms.saturating_sub(now).saturating_sub(COMPILE_BACKLOG_MS);
    if wait == 0 {
        return Ok(Ok((until_ms.max(now), all)));
    }
    let message = format!("validators compile what others have published; publish in {wait} ms of the ledger's time");
    let mut refusal = Refusal::new(Code::Unavailable, "compiling", message);
    refusal.details.insert("wait_ms".into(), wait.to_string());
    Ok(Err(refusal))
}

/// Begins to compile what a call has published, when its receipt is kept. Never for a simulation:
/// whoever asks shall not choose what this node compiles and forgets.
pub fn prepare(contracts: &Contracts, writes: &Writes) {
    for (key, value) in writes {
        if let (Some(code), Some(module)) = (keys::code_of(key), value)
            && let Ok(hash) = Hash::try_from(code)
        {
            contracts.prepare(hash, module);
        }
    }
}

/// Loads all published code when a node starts, what serves already before what is still waited for.
pub fn prepare_published(contracts: &Contracts, state: Arc<dyn State>) -> Result<(), RuntimeError> {
    let overlay = Overlay::new(state);
    let prefix = keys::origin(&[]);
    let mut published = Vec::new();
    for (key, value) in overlay.scan(&prefix, &keys::end_of(&prefix), usize::MAX, false)? {
        if let Ok(hash) = Hash::try_from(&key[prefix.len()..]) {
            published.push((Origin::decode(&value[..]).unwrap_or_default().ready_ms, hash));
        }
    }
    published.sort();
    let damaged = |hash: &Hash| RuntimeError::Damaged { key: keys::show(&hash.0), reason: "no such code".into() };
    let read = move |hash: &Hash| overlay.get(&keys::code(&hash.0))?.ok_or_else(|| damaged(hash));
    contracts.warm_up(published.into_iter().map(|(_, hash)| hash).collect(), read)
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
    super::Directory::new(&session.contracts, &session.overlay).load(&hash.0).map(Ok)
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
