//! Who validates, and who is to: what the consortium decides. It holds from the beginning of an epoch, see `committees.rs`.
//!
//! 1. A key that is new counts only after its holder has said to be ready, with that key.
//! 2. Four validators or more never become fewer than four by a decision, and the last one stays.
//!
//! Votes of validators count alike: the engine knows no weights.

use super::{
    Answer, Caller, STEWARD, agent_of_key, committees, commons, grant, read,
    records::{Agent, KeyHolder, Validator},
    refuse, steward, write,
};
use crate::{Overlay, RuntimeError, keys, session::Session};
use prost::Message;
use stint_proto::{
    Code, Genesis, Refusal, agent_name,
    limits::{ADDRESS_BYTES, VALIDATORS},
    quoted,
    signature::acceptable_key,
    v1,
};

/// The role of a validator in the consortium.
const VALIDATOR: &str = "validator";
/// With fewer validators none may fail.
const FEW: usize = 4;

/// What the genesis file says of validators. One that holds the key of a steward acts as that one.
pub fn at_genesis(overlay: &mut Overlay, genesis: &Genesis) {
    for v in &genesis.validators {
        let record = Validator { key: v.key.to_vec(), counts: true, ..Default::default() };
        write(overlay, keys::validator(&v.name), &record);
        if genesis.stewards.iter().all(|s| s.key != v.key) {
            commons::enrol(overlay, &v.name, &v.key);
            commons::set_roles(overlay, &genesis.consortium, &v.name, vec![VALIDATOR.into()]);
        }
    }
    let seats = genesis.validators.iter().map(|v| (v.name.clone(), v.key.to_vec())).collect();
    write(overlay, keys::committee(0), &committees::committee_of(seats));
}

pub fn add(
    session: &mut Session,
    by: &Caller<'_>,
    request: v1::AddValidatorRequest,
) -> Answer<v1::AddValidatorResponse> {
    let v1::AddValidatorRequest { name, key, p2p, grpc } = request;
    let overlay = &mut session.overlay;
    grant!(commons::governs(overlay, by, "add validators")?);
    grant!(agent_name(&name).map_err(|m| Refusal::new(Code::InvalidArgument, "validator", m)));
    grant!(address(&p2p).and_then(|()| address(&grpc)));
    let known = overlay.get(&keys::validator(&name))?.is_some() || overlay.get(&keys::agent(&name))?.is_some();
    if known {
        refuse!(AlreadyExists, "validator", "there is a validator or an agent {name} already; choose another name");
    }
    let key = grant!(new_key(overlay, &key)?);
    let count = all(overlay)?.len();
    if count >= VALIDATORS {
        refuse!(ResourceExhausted, "validators", "there are {count} validators; the limit is {VALIDATORS}");
    }
    commons::enrol(overlay, &name, &key);
    commons::set_roles(overlay, by.commons, &name, vec![VALIDATOR.into()]);
    let record = Validator { key: key.to_vec(), p2p, grpc, added: session.block.height, ..Default::default() };
    write(overlay, keys::validator(&name), &record);
    Ok(Ok(v1::AddValidatorResponse {}))
}

pub fn remove(
    overlay: &mut Overlay,
    by: &Caller<'_>,
    request: v1::RemoveValidatorRequest,
) -> Answer<v1::RemoveValidatorResponse> {
    grant!(commons::governs(overlay, by, "remove validators")?);
    let record = grant!(known(overlay, &request.name)?);
    if record.left {
        return Ok(Ok(v1::RemoveValidatorResponse {}));
    }
    if !record.counts {
        forget(overlay, by.commons, &request.name, &record)?;
        return Ok(Ok(v1::RemoveValidatorResponse {}));
    }
    let others = all(overlay)?.iter().filter(|(name, v)| **name != request.name && v.counts && !v.leaves).count();
    if others == 0 || (others + 1 >= FEW && others < FEW) {
        refuse!(
            FailedPrecondition,
            "few-validators",
            "without {} {others} validators would be left, and none of them may fail; add one first, and remove this one when that validates",
            request.name
        );
    }
    write(overlay, keys::validator(&request.name), &Validator { leaves: true, ..record });
    Ok(Ok(v1::RemoveValidatorResponse {}))
}

pub fn rotate(
    overlay: &mut Overlay,
    by: &Caller<'_>,
    request: v1::RotateValidatorRequest,
) -> Answer<v1::RotateValidatorResponse> {
    grant!(commons::governs(overlay, by, "rotate the keys of validators")?);
    let record = grant!(known(overlay, &request.name)?);
    let key = grant!(new_key(overlay, &request.key)?);
    if !record.counts || record.leaves {
        refuse!(
            FailedPrecondition,
            "validator",
            "{} does not validate; remove it and add it with the new key",
            request.name
        );
    }
    disown(overlay, &record.next_key)?;
    own(overlay, &record.key, &request.name, &key)?;
    let record = Validator { next_key: key.to_vec(), ready: None, ..record };
    write(overlay, keys::validator(&request.name), &record);
    Ok(Ok(v1::RotateValidatorResponse {}))
}

pub fn relocate(
    session: &mut Session,
    by: &Caller<'_>,
    request: v1::MoveValidatorRequest,
) -> Answer<v1::MoveValidatorResponse> {
    let v1::MoveValidatorRequest { name, p2p, grpc } = request;
    grant!(commons::of_consortium(&session.overlay, by)?);
    let record = grant!(known(&session.overlay, &name)?);
    if !signed_with(session, by, &record.key) && !signed_with(session, by, &record.next_key) {
        grant!(commons::decides(&session.overlay, by, "MoveValidator")?);
        grant!(steward(by, "move other validators"));
    }
    grant!(address(&p2p).and_then(|()| address(&grpc)));
    write(&mut session.overlay, keys::validator(&name), &Validator { p2p, grpc, ..record });
    Ok(Ok(v1::MoveValidatorResponse {}))
}

pub fn ready(session: &mut Session, by: &Caller<'_>, _: v1::ReadyRequest) -> Answer<v1::ReadyResponse> {
    grant!(commons::of_consortium(&session.overlay, by)?);
    let waits = |v: &Validator| if v.counts { v.next_key.clone() } else { v.key.clone() };
    let of_signer = |(_, v): &(String, Validator)| !v.leaves && signed_with(session, by, &waits(v));
    let Some((name, record)) = all(&session.overlay)?.into_iter().find(of_signer) else {
        refuse!(
            PermissionDenied,
            "ready",
            "{} holds no key that is to validate; the consortium adds it first, by AddValidator or RotateValidator",
            by.name
        );
    };
    if record.ready.is_none() {
        let record = Validator { ready: Some(session.block.height), ..record };
        write(&mut session.overlay, keys::validator(&name), &record);
    }
    Ok(Ok(v1::ReadyResponse {}))
}

/// All of them, by their names.
pub fn all(overlay: &Overlay) -> Result<Vec<(String, Validator)>, RuntimeError> {
    let prefix = keys::validator("");
    let entry = |(key, value): (Vec<u8>, Vec<u8>)| {
        let damaged = |reason: String| RuntimeError::Damaged { key: keys::show(&key), reason };
        let record = Validator::decode(&value[..]).map_err(|e| damaged(e.to_string()))?;
        Ok((String::from_utf8_lossy(&key[prefix.len()..]).into_owned(), record))
    };
    overlay.scan(&prefix, &keys::end_of(&prefix), usize::MAX, false)?.into_iter().map(entry).collect()
}

fn known(overlay: &Overlay, name: &str) -> Answer<Validator> {
    match read(overlay, &keys::validator(name))? {
        Some(record) => Ok(Ok(record)),
        None => refuse!(NotFound, "validator", "there is no validator {}", quoted(name)),
    }
}

/// True for a call that its signer made itself, with this key.
fn signed_with(session: &Session, by: &Caller<'_>, key: &[u8]) -> bool {
    !key.is_empty() && by.name == session.signer && session.call_id.get(..key.len()) == Some(key)
}

/// A key that nobody holds.
fn new_key(overlay: &Overlay, key: &[u8]) -> Answer<[u8; 32]> {
    let key = grant!(acceptable_key(key));
    match agent_of_key(overlay, &key)? {
        Some(holder) => {
            refuse!(AlreadyExists, "key", "the key belongs to the agent {holder}; a validator has keys of its own")
        }
        None => Ok(Ok(key)),
    }
}

/// Gives a second key to whoever holds the first one; to the validator's own agent, if nobody does.
fn own(overlay: &mut Overlay, first: &[u8], name: &str, key: &[u8; 32]) -> Result<(), RuntimeError> {
    let holder = match first.try_into() {
        Ok(first) => agent_of_key(overlay, first)?,
        Err(_) => None,
    };
    let holder = holder.unwrap_or_else(|| name.into());
    let mut agent = read::<Agent>(overlay, &keys::agent(&holder))?.unwrap_or_default();
    agent.keys.push(key.to_vec());
    write(overlay, keys::agent(&holder), &agent);
    write(overlay, keys::agent_of_key(key), &KeyHolder { agent: holder });
    Ok(())
}

/// Nobody acts with this key any more.
pub fn disown(overlay: &mut Overlay, key: &[u8]) -> Result<(), RuntimeError> {
    let Ok(key) = <&[u8; 32]>::try_from(key) else { return Ok(()) };
    let Some(holder) = agent_of_key(overlay, key)? else { return Ok(()) };
    let mut agent = read::<Agent>(overlay, &keys::agent(&holder))?.unwrap_or_default();
    agent.keys.retain(|k| k[..] != key[..]);
    write(overlay, keys::agent(&holder), &agent);
    overlay.delete(keys::agent_of_key(key));
    Ok(())
}

/// Ends what a validator was. The agent stays, as the author of what it did; one that is no steward loses its keys.
pub fn forget(overlay: &mut Overlay, consortium: &str, name: &str, record: &Validator) -> Result<(), RuntimeError> {
    overlay.delete(keys::validator(name));
    let roles = commons::roles(overlay, consortium, name)?;
    if roles.iter().any(|r| r == STEWARD) {
        return Ok(());
    }
    commons::set_roles(overlay, consortium, name, roles.into_iter().filter(|r| r != VALIDATOR).collect());
    for key in [&record.key, &record.next_key] {
        let own = match key[..].try_into() {
            Ok(key) => agent_of_key(overlay, key)?.is_some_and(|holder| holder == name),
            Err(_) => false,
        };
        if own {
            disown(overlay, key)?;
        }
    }
    Ok(())
}

fn address(text: &str) -> Result<(), Refusal> {
    let message = match text.parse::<std::net::SocketAddr>() {
        Ok(address) if address.port() != 0 && text.len() <= ADDRESS_BYTES => return Ok(()),
        _ => format!("{} is no address and port, for example 203.0.113.7:7001", quoted(text)),
    };
    Err(Refusal::new(Code::InvalidArgument, "address", message))
}
