//! What a contract may know, prove and say.

use super::{Host, Result, Slice, answer, bytes, charge, exports, fuel_left, rule, text, writable};
use crate::abi::{IMPORT_MODULE, price};
use prost::Message;
use stint_proto::{
    hash_parts,
    limits::{EVENT_BYTES, EVENTS, KEY_BYTES, MEMORY_BYTES, METHOD_BYTES, VALUE_BYTES},
    signature, v1,
};
use wasmtime::{Caller, Linker};

pub fn define(l: &mut Linker<Host>, development: bool) -> Result<()> {
    let m = IMPORT_MODULE;
    l.func_wrap(m, "emit", emit)?;
    l.func_wrap(m, "context", |mut c: Caller<'_, Host>| -> Result<i64> {
        charge(&mut c, price::CALL)?;
        let context = c.data().context.encode_to_vec();
        answer(&mut c, &context)
    })?;
    l.func_wrap(m, "has_role", |mut c: Caller<'_, Host>, at: u32, size: u32| -> Result<i32> {
        charge(&mut c, price::CALL + price::BYTE * u64::from(size))?;
        let role = text(&c, "a role", Slice { at, size }, KEY_BYTES)?;
        Ok(c.data().roles.contains(&role).into())
    })?;
    l.func_wrap(m, "sha256", |mut c: Caller<'_, Host>, at: u32, size: u32, to: u32| -> Result<()> {
        charge(&mut c, price::CALL + price::HASHED_BYTE * u64::from(size))?;
        let hash = hash_parts(&[&bytes(&c, "what is hashed", Slice { at, size }, MEMORY_BYTES)?]);
        let outside = |_| rule(format!("a hash for {to} lies outside the memory"));
        exports(&c)?.memory.write(&mut c, to as usize, &hash.0).map_err(outside)
    })?;
    l.func_wrap(
        m,
        "ed25519_verify",
        |mut c: Caller<'_, Host>, key: u32, signature: u32, message: u32, size: u32| -> Result<i32> {
            charge(&mut c, price::SIGNATURE + price::HASHED_BYTE * u64::from(size))?;
            let key = bytes(&c, "a key", Slice { at: key, size: 32 }, 32)?;
            let signature = bytes(&c, "a signature", Slice { at: signature, size: 64 }, 64)?;
            let message = bytes(&c, "a message", Slice { at: message, size }, MEMORY_BYTES)?;
            Ok(signature::signed(&key, &signature, &message).into())
        },
    )?;
    l.func_wrap(m, "fuel", |mut c: Caller<'_, Host>| -> Result<i64> {
        charge(&mut c, price::CALL)?;
        fuel_left(&mut c)
    })?;
    if development {
        l.func_wrap(m, "log", |mut c: Caller<'_, Host>, at: u32, size: u32| -> Result<()> {
            charge(&mut c, price::CALL + price::BYTE * u64::from(size))?;
            let line = text(&c, "a log line", Slice { at, size }, VALUE_BYTES)?;
            c.data().session.contracts.log(line);
            Ok(())
        })?;
    }
    Ok(())
}

fn emit(mut c: Caller<'_, Host>, ty: u32, ts: u32, body: u32, bs: u32) -> Result<()> {
    writable(&c, "emit")?;
    charge(&mut c, price::CALL + price::KEPT_BYTE * (u64::from(ts) + u64::from(bs)))?;
    let ty = text(&c, "an event's type", Slice { at: ty, size: ts }, METHOD_BYTES)?;
    let body = bytes(&c, "an event", Slice { at: body, size: bs }, EVENT_BYTES)?;
    let host = c.data_mut();
    if host.session.events.len() >= EVENTS {
        return Err(rule(format!("a call may announce {EVENTS} events, and this is one more")));
    }
    let commons = host.context.commons.clone();
    let service = host.service.clone();
    host.session.events.push(v1::Event { commons, service, r#type: ty, body: body.into() });
    Ok(())
}
