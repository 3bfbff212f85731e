//! Published code and the contracts that serve commons.

use super::{Answer, Command, Directory, grant, records::Instance, refuse, steward, write};
use crate::{Contracts, Overlay, check, keys};
use stint_proto::{Code, Hash, Refusal, hash_parts, v1};

pub fn publish(
    contracts: &Contracts,
    overlay: &mut Overlay,
    command: &Command<'_>,
    request: v1::PublishRequest,
) -> Answer<v1::PublishResponse> {
    grant!(steward(command, "publish code"));
    let hash = hash_parts(&[&request.module]);
    let answer = |service: String| v1::PublishResponse { code_hash: bytes::Bytes::copy_from_slice(&hash.0), service };
    if overlay.get(&keys::code(&hash.0))?.is_some() {
        let known = Directory::new(contracts, overlay).load(&hash.0)?;
        return Ok(Ok(answer(known.descriptor.service.clone())));
    }
    let checked = grant!(check(&request.module).map_err(|m| Refusal::new(Code::InvalidArgument, "code", m)));
    overlay.put(keys::code(&hash.0), request.module.to_vec());
    Ok(Ok(answer(checked.descriptor.service)))
}

pub fn deploy(
    contracts: &Contracts,
    overlay: &mut Overlay,
    command: &Command<'_>,
    request: v1::DeployRequest,
) -> Answer<v1::DeployResponse> {
    grant!(steward(command, "deploy contracts"));
    let Ok(hash) = Hash::try_from(&request.code_hash[..]) else {
        refuse!(InvalidArgument, "code", "a code hash has 32 bytes; this one has {}", request.code_hash.len());
    };
    if overlay.get(&keys::code(&hash.0))?.is_none() {
        refuse!(NotFound, "code", "no code {hash} is published on this ledger");
    }
    let service = Directory::new(contracts, overlay).load(&hash.0)?.descriptor.service.clone();
    let key = keys::instance(command.commons, &service);
    if let Some(serving) = super::read::<Instance>(overlay, &key)? {
        match serving.code == hash.0 {
            true => return Ok(Ok(v1::DeployResponse { service })),
            false => refuse!(AlreadyExists, "service", "other code serves {} as {service} already", command.commons),
        }
    }
    write(overlay, key, &Instance { code: hash.0.to_vec() });
    Ok(Ok(v1::DeployResponse { service }))
}

pub fn get(overlay: &Overlay, request: v1::GetCodeRequest) -> Answer<v1::GetCodeResponse> {
    match overlay.get(&keys::code(&request.code_hash))? {
        Some(module) => Ok(Ok(v1::GetCodeResponse { module: module.into() })),
        None => refuse!(NotFound, "code", "no such code is published on this ledger"),
    }
}
