//! Who validates: the consortium decides it, and it holds from the beginning of an epoch.
//!
//! ```text
//!  blocks of epoch e:   first ……………………… D ……… last │ first of e + 1
//!                                         │          │
//!       the committee of e + 1 is what stands after D, K blocks before the last one; the last
//!       one's header names it, and whoever signs that block has executed D
//! ```
//!
//! 1. A key that is new counts only after its holder has said to be ready, with that key.
//! 2. Of a committee of n at most max(1, ⌊(n - 1) / 3⌋) keys are new, in the order in which they were ready: the
//!    ledger goes on if all of them fail at once. Others wait for the next epoch.
//! 3. Four validators or more never become fewer than four by a decision, and the last one stays.
//!
//! Votes of validators count alike: the engine knows no weights.

use super::{
    Answer, Caller, STEWARD, agent_of_key, commons, grant, read,
    records::{Agent, Committee, KeyHolder, Ledger, Seat, Validator},
    refuse, steward, write,
};
use crate::{Overlay, RuntimeError, State, Writes, keys, session::Session};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{
    Code, Epochs, Genesis, Refusal, agent_name,
    limits::{ADDRESS_BYTES, VALIDATORS},
    quoted,
    signature::acceptable_key,
    v1::{self, validator_record::Standing},
};

/// The role of a validator in the consortium.
const VALIDATOR: &str = "validator";
/// With fewer validators none may fail.
const FEW: usize = 4;
/// Committees of one answer.
const COMMITTEES: usize = 100;

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
    write(overlay, keys::committee(0), &committee_of(seats));
}

pub fn add(
    session: &mut Session,
    by: &Caller<'_>,
    request: v1::AddValidatorRequest,
) -> Answer<v1::AddValidatorResponse> {
    let v1::AddValidatorRequest { name, key, p2p, grpc } = request;
    let overlay = &mut session.overlay;
    grant!(commons::of_consortium(overlay, by)?);
    grant!(steward(by, "add validators"));
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
    grant!(commons::of_consortium(overlay, by)?);
    grant!(steward(by, "remove validators"));
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
    grant!(commons::of_consortium(overlay, by)?);
    grant!(steward(by, "rotate the keys of validators"));
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

/// Makes what the consortium has decided the committee of the epoch that is decided at a height, if one is.
pub fn elect(overlay: &mut Overlay, height: u64) -> Result<(), RuntimeError> {
    let Some(Ledger { epoch_blocks, consortium }) = read(overlay, keys::LEDGER)? else { return Ok(()) };
    let Some(epoch) = Epochs::new(epoch_blocks).decided_at(height) else { return Ok(()) };
    let mut validators = Vec::new();
    for (name, v) in all(overlay)? {
        match v.left {
            true => forget(overlay, &consortium, &name, &v)?,
            false => validators.push((name, v)),
        }
    }
    let mut seats: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, v) in &mut validators {
        if v.counts && !v.leaves {
            seats.insert(name.clone(), v.key.clone());
        }
        if v.counts && v.leaves || !v.old_key.is_empty() {
            (v.left, v.counts, v.old_key) = (v.leaves, !v.leaves, Vec::new());
            write(overlay, keys::validator(name), v);
        }
    }
    let ready = |(name, v): &(String, Validator)| Some((v.ready.filter(|_| !v.leaves)?, name.clone(), v.clone()));
    let mut new: Vec<(u64, String, Validator)> = validators.iter().filter_map(ready).collect();
    new.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    for (entered, (_, name, v)) in new.into_iter().enumerate() {
        let count = seats.len() + usize::from(!v.counts);
        if entered == 1.max((count - 1) / 3) {
            break;
        }
        let record = match v.counts {
            true => {
                disown(overlay, &v.key)?;
                let (key, old_key) = (v.next_key.clone(), v.key.clone());
                Validator { key, old_key, next_key: Vec::new(), ready: None, ..v }
            }
            false => Validator { counts: true, ready: None, ..v },
        };
        write(overlay, keys::validator(&name), &record);
        seats.insert(name, record.key);
    }
    let elected = committee_of(seats);
    if committee(overlay, epoch)?.is_some_and(|(_, before)| before == elected) {
        return Ok(());
    }
    write(overlay, keys::committee(epoch), &elected);
    Ok(())
}

fn committee_of(seats: BTreeMap<String, Vec<u8>>) -> Committee {
    Committee { seats: seats.into_iter().map(|(name, key)| Seat { name, key }).collect() }
}

/// A validator as other nodes know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// For people, unique.
    pub name: String,
    /// The key that counts, or that is to count first.
    pub key: [u8; 32],
    /// The key that is to count instead.
    pub next_key: Option<[u8; 32]>,
    /// The key that counted in the committee before.
    pub old_key: Option<[u8; 32]>,
    /// Where it listens for validators and for clients; empty where the operators' own files say it.
    pub p2p: String,
    /// The same for clients.
    pub grpc: String,
    /// True when it is of the newest committee that is decided.
    pub counts: bool,
    /// True when it was of the one before, and is no more.
    pub left: bool,
    /// True once the key that does not count yet has said to be ready.
    pub ready: bool,
}

/// Who validates, or is to, by their names.
pub fn peers(state: Arc<dyn State>) -> Result<Vec<Peer>, RuntimeError> {
    let peer = |(name, v): (String, Validator)| {
        let damaged = || RuntimeError::Damaged { key: keys::show(&keys::validator(&name)), reason: "no key".into() };
        let key = v.key[..].try_into().map_err(|_| damaged())?;
        let (next_key, old_key) = (v.next_key[..].try_into().ok(), v.old_key[..].try_into().ok());
        let (counts, left, ready) = (v.counts, v.left, v.ready.is_some());
        Ok(Peer { key, next_key, old_key, p2p: v.p2p, grpc: v.grpc, counts, left, ready, name })
    };
    all(&Overlay::new(state))?.into_iter().map(peer).collect()
}

/// The committee of an epoch, with the first epoch that was its; it must be decided.
pub fn committee_of_epoch(state: Arc<dyn State>, epoch: u64) -> Result<(u64, stint_proto::Committee), RuntimeError> {
    let damaged =
        |reason: &str| RuntimeError::Damaged { key: keys::show(&keys::committee(epoch)), reason: reason.into() };
    let (first, record) = committee(&Overlay::new(state), epoch)?.ok_or_else(|| damaged("no committee"))?;
    let keys = record.seats.iter().filter_map(|s| s.key[..].try_into().ok()).collect();
    Ok((first, stint_proto::Committee::new(keys).ok_or_else(|| damaged("no keys"))?))
}

/// Whether writes change who validates or is to.
pub fn changes_validators(writes: &Writes) -> bool {
    let prefix = keys::validator("");
    writes.range(prefix.clone()..).next().is_some_and(|(key, _)| key.starts_with(&prefix))
}

/// The newest committee up to an epoch, with the first epoch that is its.
pub fn committee(overlay: &Overlay, epoch: u64) -> Result<Option<(u64, Committee)>, RuntimeError> {
    let end = [&keys::committee(epoch)[..], &[0]].concat();
    let found = overlay.scan(&keys::committee(0), &end, 1, true)?;
    found.into_iter().next().map(|(key, value)| parse(&key, &value)).transpose()
}

fn parse(key: &[u8], value: &[u8]) -> Result<(u64, Committee), RuntimeError> {
    let damaged = |reason: String| RuntimeError::Damaged { key: keys::show(key), reason };
    let epoch = key.last_chunk().ok_or_else(|| damaged("no epoch".into()))?;
    Ok((u64::from_be_bytes(*epoch), Committee::decode(value).map_err(|e| damaged(e.to_string()))?))
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

pub fn list(overlay: &Overlay, request: v1::ListValidatorsRequest) -> Answer<v1::ListValidatorsResponse> {
    let record = |(name, v): (String, Validator)| v1::ValidatorRecord {
        name,
        standing: match (v.counts, v.leaves, v.ready) {
            _ if v.left => Standing::Left,
            (true, true, _) => Standing::Leaving,
            (true, false, _) => Standing::Validating,
            (false, _, Some(_)) => Standing::Ready,
            (false, _, None) => Standing::Joining,
        }
        .into(),
        key: v.key.into(),
        p2p: v.p2p,
        grpc: v.grpc,
        added_height: v.added,
        next_key: v.next_key.into(),
    };
    let seat = |s: Seat| v1::Seat { name: s.name, key: s.key.into() };
    let end = match request.before_epoch {
        0 => keys::end_of(&keys::committee(0)[..keys::committee(0).len() - 8]),
        epoch => keys::committee(epoch),
    };
    let mut committees = Vec::new();
    for (key, value) in overlay.scan(&keys::committee(0), &end, COMMITTEES, true)? {
        let (epoch, committee) = parse(&key, &value)?;
        committees.push(v1::CommitteeRecord { epoch, seats: committee.seats.into_iter().map(seat).collect() });
    }
    let epoch_blocks = read::<Ledger>(overlay, keys::LEDGER)?.unwrap_or_default().epoch_blocks;
    let validators = all(overlay)?.into_iter().map(record).collect();
    Ok(Ok(v1::ListValidatorsResponse { validators, committees, epoch_blocks }))
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
fn disown(overlay: &mut Overlay, key: &[u8]) -> Result<(), RuntimeError> {
    let Ok(key) = <&[u8; 32]>::try_from(key) else { return Ok(()) };
    let Some(holder) = agent_of_key(overlay, key)? else { return Ok(()) };
    let mut agent = read::<Agent>(overlay, &keys::agent(&holder))?.unwrap_or_default();
    agent.keys.retain(|k| k[..] != key[..]);
    write(overlay, keys::agent(&holder), &agent);
    overlay.delete(keys::agent_of_key(key));
    Ok(())
}

/// Ends what a validator was. The agent stays, as the author of what it did; one that is no steward loses its keys.
fn forget(overlay: &mut Overlay, consortium: &str, name: &str, record: &Validator) -> Result<(), RuntimeError> {
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
