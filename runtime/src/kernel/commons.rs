//! Commons, their members, and the agents behind keys.

use super::{
    Answer, Caller, STEWARD, grant, read,
    records::{Agent, Commons, Instance, KeyHolder, Ledger, Membership},
    refuse, steward, write,
};
use crate::{Overlay, RuntimeError, keys, session::Session};
use prost::Message;
use std::collections::BTreeSet;
use stint_proto::{
    Code, Refusal, agent_name, commons_name,
    limits::{FOUNDING_MEMBERS, PAGE_ROWS, ROLES, TEXT_BYTES},
    quoted, role_name,
    signature::acceptable_key,
    v1,
};

/// The agent that holds a key.
pub fn agent_of_key(overlay: &Overlay, key: &[u8; 32]) -> Result<Option<String>, RuntimeError> {
    Ok(read::<KeyHolder>(overlay, &keys::agent_of_key(key))?.map(|k| k.agent))
}

/// The roles of an agent in a commons; none when it is no member.
pub fn roles(overlay: &Overlay, commons: &str, agent: &str) -> Result<Vec<String>, RuntimeError> {
    Ok(read::<Membership>(overlay, &keys::member(commons, agent))?.unwrap_or_default().roles)
}

/// Registers an agent with its first key.
pub fn enrol(overlay: &mut Overlay, agent: &str, key: &[u8; 32]) {
    write(overlay, keys::agent(agent), &Agent { keys: vec![key.to_vec()] });
    write(overlay, keys::agent_of_key(key), &KeyHolder { agent: agent.into() });
}

/// Writes a membership, or ends it when there are no roles.
pub fn set_roles(overlay: &mut Overlay, commons: &str, agent: &str, roles: Vec<String>) {
    let key = keys::member(commons, agent);
    match roles.is_empty() {
        true => overlay.delete(key),
        false => write(overlay, key, &Membership { roles }),
    }
}

/// Refuses what is for the whole ledger on any other commons than the consortium's.
pub fn of_consortium(overlay: &Overlay, by: &Caller<'_>) -> Answer<()> {
    if read::<Commons>(overlay, &keys::commons(by.commons))?.is_some_and(|c| c.root) {
        return Ok(Ok(()));
    }
    let consortium = read::<Ledger>(overlay, keys::LEDGER)?.unwrap_or_default().consortium;
    refuse!(
        FailedPrecondition,
        "commons",
        "this is for the whole ledger: call it on the consortium's commons, {consortium}, not on {}",
        quoted(by.commons)
    )
}

/// Refuses whoever does not speak for the consortium, on its commons.
pub fn governs(overlay: &Overlay, by: &Caller<'_>, to: &str) -> Answer<()> {
    grant!(of_consortium(overlay, by)?);
    Ok(steward(by, to))
}

pub fn found(session: &mut Session, by: &Caller<'_>, request: v1::FoundRequest) -> Answer<v1::FoundResponse> {
    let founded = session.block.height;
    let overlay = &mut session.overlay;
    grant!(governs(overlay, by, "found a commons")?);
    grant!(commons_name(&request.commons).map_err(|m| Refusal::new(Code::InvalidArgument, "commons", m)));
    if overlay.get(&keys::commons(&request.commons))?.is_some() {
        refuse!(AlreadyExists, "commons", "there is a commons {} already; choose another name", request.commons);
    }
    if request.purpose.len() > TEXT_BYTES {
        refuse!(
            InvalidArgument,
            "purpose",
            "the purpose has {} bytes; the limit is {TEXT_BYTES}",
            request.purpose.len()
        );
    }
    if request.members.len() > FOUNDING_MEMBERS {
        refuse!(InvalidArgument, "members", "{} members; the limit is {FOUNDING_MEMBERS}", request.members.len());
    }
    let mut stewards = 0;
    for member in request.members {
        stewards = grant!(seat(overlay, &request.commons, stewards, member)?);
    }
    if stewards == 0 {
        refuse!(InvalidArgument, "last-steward", "a commons needs at least one member with the role {STEWARD}");
    }
    let record = Commons { purpose: request.purpose, founded, stewards, ..Default::default() };
    write(overlay, keys::commons(&request.commons), &record);
    Ok(Ok(v1::FoundResponse {}))
}

pub fn admit(overlay: &mut Overlay, by: &Caller<'_>, request: v1::AdmitRequest) -> Answer<v1::AdmitResponse> {
    let Some(record) = read::<Commons>(overlay, &keys::commons(by.commons))? else {
        refuse!(NotFound, "commons", "there is no commons {} on this ledger", quoted(by.commons));
    };
    grant!(steward(by, "admit members"));
    let stewards = grant!(seat(overlay, by.commons, record.stewards, request)?);
    if stewards == 0 {
        refuse!(FailedPrecondition, "last-steward", "{} would lose its last {STEWARD}", by.commons);
    }
    if stewards != record.stewards {
        write(overlay, keys::commons(by.commons), &Commons { stewards, ..record });
    }
    Ok(Ok(v1::AdmitResponse {}))
}

/// Methods for which no charter is asked: code alone does nothing, an upgrade was decided when it began, a validator
/// speaks for itself, and evidence decides nothing.
const OPEN: [&str; 5] = ["Publish", "Migrate", "Ready", "MoveValidator", "ReportEvidence"];

/// The service through which a commons acts; empty while its stewards do.
pub fn charter(overlay: &Overlay, commons: &str) -> Result<String, RuntimeError> {
    Ok(read::<Commons>(overlay, &keys::commons(commons))?.unwrap_or_default().charter)
}

/// Refuses whoever is not the charter of a commons that has one, where it decides.
pub fn may_decide(overlay: &Overlay, by: &Caller<'_>, method: &str) -> Answer<()> {
    if OPEN.contains(&method) { Ok(Ok(())) } else { decides(overlay, by, method) }
}

/// Refuses whoever is not the charter of a commons that has one.
pub fn decides(overlay: &Overlay, by: &Caller<'_>, method: &str) -> Answer<()> {
    let charter = charter(overlay, by.commons)?;
    if charter.is_empty() || by.name == format!("{}/{charter}", by.commons) {
        return Ok(Ok(()));
    }
    refuse!(
        PermissionDenied,
        "charter",
        "{} may not call {method}: {} acts through its charter; propose it to {charter}",
        by.name,
        by.commons
    )
}

/// Whether a contract asks to become the charter of its own commons.
pub fn is_constituting(method: &str, request: &[u8]) -> bool {
    let service = v1::ConstituteRequest::decode(request).map(|r| r.service);
    super::method_of(method) == Some("Constitute") && service.is_ok_and(|s| s.is_empty())
}

/// Lets a commons act through a contract.
pub fn constitute(
    overlay: &mut Overlay,
    by: &Caller<'_>,
    request: v1::ConstituteRequest,
) -> Answer<v1::ConstituteResponse> {
    grant!(steward(by, "constitute the commons"));
    let Some(mut record) = read::<Commons>(overlay, &keys::commons(by.commons))? else {
        refuse!(NotFound, "commons", "there is no commons {} on this ledger", quoted(by.commons));
    };
    let own = by.name.split_once('/').map_or("", |(_, service)| service);
    let service = if request.service.is_empty() { own } else { &request.service };
    if overlay.get(&keys::instance(by.commons, service))?.is_none() {
        refuse!(
            NotFound,
            "service",
            "no contract serves the commons {} as {}; deploy it first",
            by.commons,
            quoted(service)
        );
    }
    record.charter = service.into();
    write(overlay, keys::commons(by.commons), &record);
    Ok(Ok(v1::ConstituteResponse {}))
}

/// Makes an agent a member; registers it when the ledger does not know it yet. Gives the number of
/// stewards after that.
fn seat(overlay: &mut Overlay, commons: &str, stewards: u64, request: v1::AdmitRequest) -> Answer<u64> {
    let invalid = |rule: &'static str| move |m: String| Refusal::new(Code::InvalidArgument, rule, m);
    let roles: BTreeSet<String> = request.roles.into_iter().collect();
    if roles.len() > ROLES {
        refuse!(InvalidArgument, "role", "{} roles for one member; the limit is {ROLES}", roles.len());
    }
    for role in &roles {
        grant!(role_name(role).map_err(invalid("role")));
    }
    if let Some((home, service)) = request.agent.split_once('/') {
        grant!(foreign_contract(overlay, commons, home, service, &request.key)?);
        return Ok(Ok(change_roles(overlay, commons, stewards, &request.agent, roles)?));
    }
    grant!(agent_name(&request.agent).map_err(invalid("agent")));
    let known = read::<Agent>(overlay, &keys::agent(&request.agent))?;
    match known {
        None if request.key.is_empty() => {
            refuse!(
                NotFound,
                "agent",
                "the ledger knows no agent {}; give its public key to register it",
                request.agent
            )
        }
        None => {
            let key = grant!(acceptable_key(&request.key));
            if let Some(holder) = agent_of_key(overlay, &key)? {
                refuse!(AlreadyExists, "key", "the key belongs to the agent {holder}; every agent has keys of its own");
            }
            enrol(overlay, &request.agent, &key);
        }
        Some(agent) if !request.key.is_empty() && !agent.keys.iter().any(|k| k[..] == request.key[..]) => {
            refuse!(
                AlreadyExists,
                "key",
                "there is an agent {} with another key; leave the key out, or choose another name",
                request.agent
            )
        }
        Some(_) => {}
    }
    Ok(Ok(change_roles(overlay, commons, stewards, &request.agent, roles)?))
}

/// Writes a membership; gives the number of stewards after that.
fn change_roles(
    overlay: &mut Overlay,
    commons: &str,
    stewards: u64,
    agent: &str,
    new: BTreeSet<String>,
) -> Result<u64, RuntimeError> {
    let was = u64::from(roles(overlay, commons, agent)?.iter().any(|r| r == STEWARD));
    let is = u64::from(new.contains(STEWARD));
    set_roles(overlay, commons, agent, new.into_iter().collect());
    Ok((stewards + is).saturating_sub(was))
}

/// A contract of another commons may be a member: it calls commands by its name, without a key.
fn foreign_contract(overlay: &Overlay, commons: &str, home: &str, service: &str, key: &[u8]) -> Answer<()> {
    if home == commons {
        refuse!(InvalidArgument, "agent", "contracts of {commons} itself speak for whoever calls them");
    }
    if !key.is_empty() {
        refuse!(InvalidArgument, "key", "a contract has no key; leave it out");
    }
    match overlay.get(&keys::instance(home, service))? {
        Some(_) => Ok(Ok(())),
        None => refuse!(NotFound, "service", "nothing serves {} as {}", quoted(home), quoted(service)),
    }
}

/// A name and the record under it.
type Named = (String, Vec<u8>);

/// A page of what has a name below a prefix; and its last name when there is more.
fn page(overlay: &Overlay, prefix: &[u8], after: &str, size: u32) -> Result<(Vec<Named>, String), RuntimeError> {
    let rows = if size == 0 { 100 } else { (size as usize).min(PAGE_ROWS) };
    // A zero byte behind a name makes the first key after it.
    let from = match after {
        "" => prefix.to_vec(),
        after => [prefix, after.as_bytes(), &[0]].concat(),
    };
    let entries = overlay.scan(&from, &keys::end_of(prefix), rows + 1, false)?;
    let more = entries.len() > rows;
    let named = |(k, v): (Vec<u8>, Vec<u8>)| -> Named { (String::from_utf8_lossy(&k[prefix.len()..]).into_owned(), v) };
    let found: Vec<_> = entries.into_iter().take(rows).map(named).collect();
    let next = found.last().filter(|_| more).map(|(name, _)| name.clone()).unwrap_or_default();
    Ok((found, next))
}

pub fn get(overlay: &Overlay, commons: &str, request: v1::GetCommonsRequest) -> Answer<v1::GetCommonsResponse> {
    let Some(record) = read::<Commons>(overlay, &keys::commons(commons))? else {
        refuse!(NotFound, "commons", "there is no commons {} on this ledger", quoted(commons));
    };
    let contract = |(service, value): Named| {
        let instance = Instance::decode(value.as_slice()).unwrap_or_default();
        let next_code_hash = instance.upgrade.unwrap_or_default().code.into();
        v1::Instance { service, code_hash: instance.code.into(), upgrades: instance.upgrades, next_code_hash }
    };
    let member = |(agent, value): Named| v1::Member {
        agent,
        roles: Membership::decode(value.as_slice()).unwrap_or_default().roles,
    };
    let (contracts, _) = page(overlay, &keys::instance(commons, ""), "", PAGE_ROWS as u32)?;
    let (members, next) = page(overlay, &keys::member(commons, ""), &request.after, request.page_size)?;
    Ok(Ok(v1::GetCommonsResponse {
        commons: commons.into(),
        purpose: record.purpose,
        founded_height: record.founded,
        members: members.into_iter().map(member).collect(),
        contracts: contracts.into_iter().map(contract).collect(),
        charter: record.charter,
        next,
    }))
}

pub fn list(overlay: &Overlay, request: v1::ListCommonsRequest) -> Answer<v1::ListCommonsResponse> {
    let (commons, next) = page(overlay, &keys::commons(""), &request.after, request.page_size)?;
    Ok(Ok(v1::ListCommonsResponse { commons: commons.into_iter().map(|(name, _)| name).collect(), next }))
}
