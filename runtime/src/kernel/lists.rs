//! What the kernel keeps, listed for readers outside the ledger: nothing here is reached by a call.

use super::records::{Agent, Origin};
use crate::{Overlay, RuntimeError, State, keys};
use prost::Message;
use std::sync::Arc;
use stint_proto::v1;

/// Entries of a list behind a name, at most so many; and whether there are more.
pub type Listed<T> = Result<(Vec<T>, bool), RuntimeError>;

/// Agents and their keys, in the order of their names.
pub fn agents(state: Arc<dyn State>, after: &[u8], rows: usize) -> Listed<v1::Agent> {
    list(state, &keys::agent(""), after, rows, |name, value| {
        let keys = Agent::decode(value).map_err(|e| e.to_string())?.keys;
        let name = String::from_utf8(name.to_vec()).map_err(|e| e.to_string())?;
        Ok(v1::Agent { name, keys: keys.into_iter().map(Into::into).collect() })
    })
}

/// Published code, in the order of its hashes.
pub fn code(state: Arc<dyn State>, after: &[u8], rows: usize) -> Listed<v1::CodeFacts> {
    list(state, &keys::origin(&[]), after, rows, |hash, value| {
        let Origin { height, ready_ms, service, pure, size, .. } = Origin::decode(value).map_err(|e| e.to_string())?;
        let code_hash = hash.to_vec().into();
        Ok(v1::CodeFacts { code_hash, service, published_height: height, ready_ms, pure, size })
    })
}

fn list<T>(
    state: Arc<dyn State>,
    prefix: &[u8],
    after: &[u8],
    rows: usize,
    read: impl Fn(&[u8], &[u8]) -> Result<T, String>,
) -> Listed<T> {
    // A zero byte behind a name makes the first key after it.
    let from = match after {
        [] => prefix.to_vec(),
        after => [prefix, after, &[0]].concat(),
    };
    let mut found = Overlay::new(state).scan(&from, &keys::end_of(prefix), rows + 1, false)?;
    let more = found.len() > rows;
    found.truncate(rows);
    let entry = |(key, value): (Vec<u8>, Vec<u8>)| {
        let damaged = |reason| RuntimeError::Damaged { key: keys::show(&key), reason };
        read(&key[prefix.len()..], &value).map_err(damaged)
    };
    Ok((found.into_iter().map(entry).collect::<Result<_, _>>()?, more))
}
