//! What a contract keeps.

use super::{Host, Result, Slice, answer, bytes, charge, fuel_left, node, rule, writable};
use crate::{
    abi::{IMPORT_MODULE, price},
    keys,
    overlay::Bounds,
};
use stint_proto::limits::{KEY_BYTES, PAGE_ROWS, RESPONSE_BYTES, VALUE_BYTES};
use wasmtime::{Caller, Linker};

pub fn define(l: &mut Linker<Host>) -> Result<()> {
    let m = IMPORT_MODULE;
    l.func_wrap(m, "get", |mut c: Caller<'_, Host>, at: u32, size: u32| -> Result<i64> {
        charge(&mut c, price::READ + price::BYTE * u64::from(size))?;
        let key = read_key(&c, Slice { at, size })?;
        match c.data().session.overlay.get(&key).map_err(node)? {
            Some(value) => answer(&mut c, &value),
            None => Ok(-1),
        }
    })?;
    l.func_wrap(m, "put", |mut c: Caller<'_, Host>, key: u32, ks: u32, value: u32, vs: u32| -> Result<()> {
        writable(&c, "put")?;
        charge(&mut c, price::WRITE + price::KEPT_BYTE * (u64::from(ks) + u64::from(vs)))?;
        let key = written_key(&c, Slice { at: key, size: ks })?;
        let value = bytes(&c, "a value", Slice { at: value, size: vs }, VALUE_BYTES)?;
        c.data_mut().session.overlay.put(key, value);
        Ok(())
    })?;
    l.func_wrap(m, "delete", |mut c: Caller<'_, Host>, at: u32, size: u32| -> Result<()> {
        writable(&c, "delete")?;
        charge(&mut c, price::WRITE + price::KEPT_BYTE * u64::from(size))?;
        let key = written_key(&c, Slice { at, size })?;
        c.data_mut().session.overlay.delete(key);
        Ok(())
    })?;
    l.func_wrap(m, "scan", scan)?;
    Ok(())
}

fn scan(mut c: Caller<'_, Host>, from: u32, fs: u32, to: u32, ts: u32, limit: u32, reverse: u32) -> Result<i64> {
    charge(&mut c, price::SCAN)?;
    if limit as usize > PAGE_ROWS {
        return Err(rule(format!("a scan of {limit} entries; the limit is {PAGE_ROWS}")));
    }
    let from = read_key(&c, Slice { at: from, size: fs })?;
    // An empty upper bound means: to the end of what the contract keeps.
    let to = match ts {
        0 => keys::end_of(&c.data().keys.read),
        _ => read_key(&c, Slice { at: to, size: ts })?,
    };
    // Nothing is looked at that could not be paid. A key's own beginning is longer than two sizes.
    let fuel = fuel_left(&mut c)?.max(0) as u64;
    let bounds = Bounds { entries: limit as usize, bytes: RESPONSE_BYTES, fuel };
    let found = c.data().session.overlay.page(&from, &to, reverse != 0, &bounds).map_err(node)?;
    charge(&mut c, found.fuel)?;
    let skip = c.data().keys.read.len();
    let mut page = Vec::new();
    for (key, value) in found.entries {
        let key = &key[skip..];
        page.extend_from_slice(&(key.len() as u32).to_le_bytes());
        page.extend_from_slice(key);
        page.extend_from_slice(&(value.len() as u32).to_le_bytes());
        page.extend_from_slice(&value);
    }
    answer(&mut c, &page)
}

fn read_key(c: &Caller<'_, Host>, slice: Slice) -> Result<Vec<u8>> {
    let key = bytes(c, "a key", slice, KEY_BYTES)?;
    Ok([c.data().keys.read.as_slice(), &key].concat())
}

fn written_key(c: &Caller<'_, Host>, slice: Slice) -> Result<Vec<u8>> {
    let key = bytes(c, "a key", slice, KEY_BYTES)?;
    Ok([c.data().keys.write.as_slice(), &key].concat())
}
