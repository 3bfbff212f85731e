//! What the host tells and takes.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing as side;
#[cfg(target_arch = "wasm32")]
pub(crate) use crate::wasm as side;
use crate::{Code, Refusal};
use prost::Message;

/// Who calls, where and when.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CallContext {
    /// Height of the block; in a query, of the state that is read.
    #[prost(uint64, tag = "1")]
    pub height: u64,
    /// The block's time, milliseconds since 1970, UTC.
    #[prost(uint64, tag = "2")]
    pub time_ms: u64,
    /// The commons that is called.
    #[prost(string, tag = "3")]
    pub commons: String,
    /// Who calls: an agent, or `commons/service` when a contract of another commons does.
    /// Contracts of one commons speak for whoever called them. Empty in a query from outside.
    #[prost(string, tag = "4")]
    pub caller: String,
    /// The signer's key and id of the call, 48 bytes; empty in a query.
    #[prost(bytes = "vec", tag = "5")]
    pub call_id: Vec<u8>,
    /// The agent that signed, for the record; who may do what is decided by the caller.
    #[prost(string, tag = "6")]
    pub signer: String,
    /// The contract that calls, as `commons/service`; empty when the call comes from outside.
    #[prost(string, tag = "7")]
    pub via: String,
}

/// Who calls, where and when.
pub fn context() -> CallContext {
    CallContext::decode(side::host_context().as_slice()).unwrap_or_default()
}

/// True when the caller has a role in this commons.
pub fn has_role(role: &str) -> bool {
    side::host_has_role(role)
}

/// Refuses a caller without a role.
pub fn require_role(role: &str, to: &str) -> Result<(), Refusal> {
    if has_role(role) {
        return Ok(());
    }
    let context = context();
    let message = format!("{} may not {to}: only a {role} of the commons {} may", context.caller, context.commons);
    Err(Refusal::new(Code::PermissionDenied, "role", message))
}

/// Announces an event by the full name of its message.
pub fn emit(ty: &str, body: &[u8]) {
    side::host_emit(ty, body);
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    side::host_sha256(bytes)
}

/// Says whether an ed25519 signature over a message is of a key, by the rules of ZIP-215.
pub fn ed25519_verify(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    side::host_ed25519_verify(key, signature, message)
}

/// Fuel with which this call can still go on. In tests it never ends.
pub fn fuel_left() -> u64 {
    side::host_fuel() as u64
}

/// Prints a text for the author. In a release build it is nothing, so it may stay.
pub fn log(text: &str) {
    #[cfg(any(feature = "development", not(target_arch = "wasm32")))]
    side::host_log(text);
    #[cfg(not(any(feature = "development", not(target_arch = "wasm32"))))]
    let _ = text;
}

pub(crate) use side::{host_delete, host_get, host_put};

/// Entries with `from <= key < to`, in order; an empty `to` means to the end.
pub(crate) fn entries(from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let page = side::host_scan(from, to, limit as u32, reverse);
    let mut rest = page.as_slice();
    let mut out = Vec::new();
    while let (Some(key), Some(value)) = (piece(&mut rest), piece(&mut rest)) {
        out.push((key.to_vec(), value.to_vec()));
    }
    out
}

fn piece<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, tail) = rest.split_first_chunk::<4>()?;
    let (piece, tail) = tail.split_at_checked(u32::from_le_bytes(*size) as usize)?;
    *rest = tail;
    Some(piece)
}
