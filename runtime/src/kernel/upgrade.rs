//! New code for a contract that serves already.
//!
//! ```text
//!              Upgrade ─────── stint_migrate(WHOLE), one transaction ──────────► serves
//!  serves ──┤
//!              Upgrade in steps ─► Migrate: STEP … STEP ─► CHECK ─► switch ─► cleaning ─► serves
//!                                     └──────────────┴─ AbortUpgrade ─► cleaning ─┘ (old code)
//! ```
//!
//! 1. Code serves, or does not; nobody ever sees half a migration. In steps, the new state is made
//!    beside the old one, in the next generation of keys, and the switch is one write.
//! 2. While steps are left, the old code answers queries, and commands are refused: a command could
//!    write what a step has already passed.
//! 3. A refused migration, step or check changes nothing.

use super::{
    Answer, Caller, code, grant, read,
    records::{Instance, Upgrade},
    refuse, steward, write,
};
use crate::{
    RuntimeError,
    abi::{MigrationRequest, MigrationResponse, price},
    invoke::{Entry, Invocation, Invoked, Keyspace, invoke},
    keys,
    overlay::Bounds,
    session::Session,
};
use bytes::Bytes;
use prost::Message;
use stint_proto::{
    Code, Hash, Refusal,
    limits::{CLEANED_KEYS, RESPONSE_BYTES, VALUE_BYTES},
    quoted,
    v1::{self, migrate_response::Stage, migration_request::Mode},
};

// `means` is fuel, and stack slots that callers have in use.

/// An answer with the session it had, and the fuel it took beside the kernel's own price.
type Done<T> = Result<(Session, Result<T, Refusal>, u64), RuntimeError>;

/// Like `grant!`, for functions that own a session.
macro_rules! grant_with {
    ($session:ident, $result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(($session, Err(refusal), 0)),
        }
    };
}

pub fn upgrade(
    mut session: Session,
    by: &Caller<'_>,
    request: v1::UpgradeRequest,
    means: (u64, i32),
) -> Done<v1::UpgradeResponse> {
    let (hash, key, mut instance, service) = grant_with!(session, allowed(&session, by, &request)?);
    let migrates = grant_with!(session, code::ready(&session, &hash.0)?).1.migrates;
    if request.in_steps {
        let code = hash.0.to_vec();
        instance.upgrade = Some(Upgrade { code, ..Default::default() });
        write(&mut session.overlay, key, &instance);
        return Ok((session, Ok(v1::UpgradeResponse { service, done: false }), 0));
    }
    let mut fuel_used = 0;
    if migrates {
        let keyspace = Keyspace::one(keys::contract(by.commons, &service, instance.generation));
        let asked = MigrationRequest {
            from_code_hash: instance.code.clone().into(),
            cursor: Bytes::new(),
            mode: Mode::Whole as i32,
        };
        let (after, result, used) = migrate(session, by, hash, keyspace, &asked, means)?;
        (session, fuel_used) = (after, used);
        let unfinished = |r: MigrationResponse| {
            let message = format!("{service} says that there is more to bring over; upgrade it in steps");
            r.done.then_some(()).ok_or_else(|| Refusal::new(Code::FailedPrecondition, "unfinished", message))
        };
        if let Err(refusal) = result.and_then(unfinished) {
            return Ok((session, Err(refusal), fuel_used));
        }
    }
    instance.code = hash.0.to_vec();
    instance.upgrades += 1;
    write(&mut session.overlay, key, &instance);
    Ok((session, Ok(v1::UpgradeResponse { service, done: true }), fuel_used))
}

type Upgradable = (Hash, Vec<u8>, Instance, String);

/// Everything that can be said against an upgrade before it begins.
fn allowed(session: &Session, by: &Caller<'_>, request: &v1::UpgradeRequest) -> Answer<Upgradable> {
    grant!(steward(by, "upgrade contracts"));
    let (hash, origin) = grant!(code::ready(session, &request.code_hash)?);
    let service = origin.service;
    let key = keys::instance(by.commons, &service);
    let Some(instance) = read::<Instance>(&session.overlay, &key)? else {
        refuse!(NotFound, "service", "nothing serves {} as {service} yet; deploy the code instead", by.commons);
    };
    if instance.code == hash.0 {
        refuse!(AlreadyExists, "code", "the code {hash} serves {} already", by.commons);
    }
    if instance.upgrade.is_some() {
        refuse!(FailedPrecondition, "upgrading", "{service} is being upgraded in steps; finish or abort that first");
    }
    if request.in_steps && !origin.migrates {
        refuse!(
            FailedPrecondition,
            "no-migration",
            "the code {hash} brings nothing over (it exports no stint_migrate); upgrade without steps"
        );
    }
    if request.in_steps && instance.leftover.is_some() {
        refuse!(FailedPrecondition, "cleaning", "{service} still cleans up after its last upgrade; call Migrate first");
    }
    Ok(Ok((hash, key, instance, service)))
}

pub fn step(
    session: Session,
    by: &Caller<'_>,
    request: v1::MigrateRequest,
    means: (u64, i32),
) -> Done<v1::MigrateResponse> {
    let service = request.service;
    let key = keys::instance(by.commons, &service);
    grant_with!(session, steward(by, "upgrade contracts"));
    let Some(mut instance) = read::<Instance>(&session.overlay, &key)? else {
        return Ok((session, Err(unknown(by, &service)), 0));
    };
    let Some(mut upgrade) = instance.upgrade.take() else { return clean(session, by, &service, instance, means.0) };

    let hash = Hash::try_from(upgrade.code.as_slice()).unwrap_or(Hash::ZERO);
    let old = keys::contract(by.commons, &service, instance.generation);
    let new = keys::contract(by.commons, &service, instance.generation + 1);
    let (mode, keyspace) = match upgrade.moved {
        false => (Mode::Step, Keyspace { read: old, write: new }),
        true => (Mode::Check, Keyspace::one(new)),
    };
    let asked = MigrationRequest {
        from_code_hash: instance.code.clone().into(),
        cursor: upgrade.cursor.clone().into(),
        mode: mode as i32,
    };
    let (mut session, result, fuel_used) = migrate(session, by, hash, keyspace, &asked, means)?;
    let answer = match result {
        Ok(answer) => answer,
        Err(refusal) => return Ok((session, Err(refusal), fuel_used)),
    };
    upgrade.steps += 1;
    let steps = upgrade.steps;
    let stage = if upgrade.moved {
        instance.code = upgrade.code;
        instance.leftover = Some(instance.generation);
        instance.generation += 1;
        instance.upgrades += 1;
        Stage::Cleaning
    } else {
        upgrade.moved = answer.done;
        upgrade.cursor = answer.cursor.to_vec();
        instance.upgrade = Some(upgrade);
        if answer.done { Stage::Checking } else { Stage::Migrating }
    };
    write(&mut session.overlay, key, &instance);
    Ok((session, Ok(v1::MigrateResponse { stage: stage as i32, steps }), fuel_used))
}

/// Deletes some of a generation that nobody reads any more.
fn clean(
    mut session: Session,
    by: &Caller<'_>,
    service: &str,
    mut instance: Instance,
    fuel: u64,
) -> Done<v1::MigrateResponse> {
    let mut fuel_used = 0;
    if let Some(generation) = instance.leftover {
        let prefix = keys::contract(by.commons, service, generation);
        let affordable = (fuel / (price::WRITE + price::ENTRY)) as usize;
        let bounds = Bounds { entries: CLEANED_KEYS.min(affordable), bytes: RESPONSE_BYTES, fuel };
        let found = session.overlay.page(&prefix, &keys::end_of(&prefix), false, &bounds)?;
        fuel_used = fuel.min(price::WRITE * found.entries.len() as u64 + found.fuel);
        if found.whole {
            instance.leftover = None;
        }
        for (key, _) in found.entries {
            session.overlay.delete(key);
        }
        write(&mut session.overlay, keys::instance(by.commons, service), &instance);
    }
    let stage = if instance.leftover.is_some() { Stage::Cleaning } else { Stage::Done };
    Ok((session, Ok(v1::MigrateResponse { stage: stage as i32, steps: 0 }), fuel_used))
}

pub fn abort(
    session: &mut Session,
    by: &Caller<'_>,
    request: v1::AbortUpgradeRequest,
) -> Answer<v1::AbortUpgradeResponse> {
    grant!(steward(by, "abort an upgrade"));
    let service = request.service;
    let key = keys::instance(by.commons, &service);
    let Some(mut instance) = read::<Instance>(&session.overlay, &key)? else {
        return Ok(Err(unknown(by, &service)));
    };
    if instance.upgrade.take().is_none() {
        refuse!(FailedPrecondition, "upgrading", "{service} is not being upgraded");
    }
    instance.leftover = Some(instance.generation + 1);
    write(&mut session.overlay, key, &instance);
    Ok(Ok(v1::AbortUpgradeResponse {}))
}

fn unknown(by: &Caller<'_>, service: &str) -> Refusal {
    Refusal::new(Code::NotFound, "service", format!("nothing serves {} as {}", by.commons, quoted(service)))
}

/// Runs `stint_migrate` of the new code.
fn migrate(
    session: Session,
    by: &Caller<'_>,
    code: Hash,
    keys: Keyspace,
    asked: &MigrationRequest,
    (fuel, depth): (u64, i32),
) -> Done<MigrationResponse> {
    let contract = grant_with!(session, code::usable(&session, &code)?);
    let context = session.context(by.commons, &session.signer, String::new());
    let invocation = Invocation {
        contract: &contract,
        entry: Entry::Migrate,
        request: &asked.encode_to_vec(),
        context,
        roles: by.roles.into(),
        keys,
        fuel,
        depth,
        read_only: asked.mode() == Mode::Check,
    };
    let Invoked { session, result, fuel_used } = invoke(session, invocation)?;
    let unreadable =
        |why: &str| Refusal::new(Code::Aborted, "contract-stopped", format!("the answer of stint_migrate: {why}"));
    let result = result.and_then(|bytes| {
        let answer = MigrationResponse::decode(bytes.as_slice()).map_err(|_| unreadable("it cannot be decoded"))?;
        match answer.cursor.len() <= VALUE_BYTES {
            true => Ok(answer),
            false => Err(unreadable(&format!("a cursor of {} bytes; the limit is {VALUE_BYTES}", answer.cursor.len()))),
        }
    });
    Ok((session, result, fuel_used))
}
