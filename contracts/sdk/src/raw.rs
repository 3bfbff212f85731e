//! The host's functions as they are, on bytes: for tools and tests. Contracts use [`crate::Map`] and
//! [`crate::Method`], whose names tools can show.

use crate::{Refusal, host};

/// The value of a key.
pub fn get(key: &[u8]) -> Option<Vec<u8>> {
    host::host_get(key)
}

/// Writes a value.
pub fn put(key: &[u8], value: &[u8]) {
    host::host_put(key, value);
}

/// Deletes a key; it need not be there.
pub fn delete(key: &[u8]) {
    host::host_delete(key);
}

/// Up to `limit` entries with `from <= key < to`, in order; an empty `to` means to the end.
pub fn scan(from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    host::entries(from, to, limit, reverse)
}

/// Calls `/package.Service/Method` of a contract of `commons` with an encoded request.
pub fn call(commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    crate::service::outcome(&host::side::host_call(commons, method, request, 0))
}

/// Calls a method of the pure rule whose module has this hash with an encoded request.
pub fn rule(code: &[u8; 32], method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    crate::service::outcome(&host::side::host_rule(code, method, request, 0))
}
