//! The ledger's bounds that a contract can meet. The project's tests hold them against the ledger's
//! own (`proto/src/limits.rs`), which the SDK cannot name: it travels alone with each contract.

/// A key within a contract, bytes.
pub const KEY_BYTES: usize = 256;
/// A value, bytes.
pub const VALUE_BYTES: usize = 64 * 1024;
/// An event's body, bytes.
pub const EVENT_BYTES: usize = 16 * 1024;
/// Events of one call and all calls under it.
pub const EVENTS: usize = 64;
/// A request, bytes.
pub const REQUEST_BYTES: usize = 128 * 1024;
/// A response, or the page of a scan, bytes.
pub const RESPONSE_BYTES: usize = 1024 * 1024;
/// Entries of one scan.
pub const PAGE_ROWS: usize = 1000;
/// A method's or an event's full name, bytes.
pub const METHOD_BYTES: usize = 256;
/// A commons' name, bytes.
pub const COMMONS_BYTES: usize = 63;
/// Calls of contracts in one another, the first one counted.
pub const CALL_DEPTH: usize = 8;
/// A refusal's rule and the names of its details, bytes; longer ones are cut.
pub const NAME_BYTES: usize = 64;
/// A refusal's message, bytes; a longer one is cut.
pub const MESSAGE_BYTES: usize = 1024;
/// Details of a refusal; more are left out.
pub const DETAILS: usize = 16;
/// A detail, bytes; a longer one is cut.
pub const DETAIL_BYTES: usize = 256;
/// Old keys that one step deletes after an upgrade.
pub const CLEANED_KEYS: usize = 1000;

/// Ends the call, as the ledger does, when something is over its bound.
pub(super) fn at_most(what: &str, size: usize, limit: usize) {
    assert!(size <= limit, "{what} of {size} bytes; the limit is {limit}");
}
