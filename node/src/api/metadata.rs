//! A command by a plain stub: the request is the contract's own message, and what makes it a
//! signed call travels as metadata.
//!
//! | key | value |
//! |---|---|
//! | `stint-commons` | the commons that is meant; a query may leave it out where only one offers the service |
//! | `stint-key-bin` | the caller's public key, 32 bytes |
//! | `stint-id-bin` | the call's id, 16 bytes, unique for the key |
//! | `stint-valid-until` | last height at which it may be executed, decimal |
//! | `stint-fuel` | most fuel to burn, decimal; may be left out |
//! | `stint-signature-bin` | 64 bytes over the digest of `stint_proto::Transaction` |
//! | `stint-height` | of a query: on the state after this block, decimal, as far back as states are kept [the newest] |
//!
//! The answer's trailers hold the receipt without response and events: `stint-receipt-bin`, and
//! `stint-height` in decimal. With the answer to a query comes `stint-height` alone: of the state that
//! was read.

use super::status::RULE;
use bytes::Bytes;
use stint_proto::{Call, CallId, Code, Hash, Refusal, Transaction};
use tonic::metadata::{MetadataMap, MetadataValue};

pub const COMMONS: &str = "stint-commons";
const KEY: &str = "stint-key-bin";
const ID: &str = "stint-id-bin";
const VALID_UNTIL: &str = "stint-valid-until";
const FUEL: &str = "stint-fuel";
pub const SIGNATURE: &str = "stint-signature-bin";
pub const RECEIPT: &str = "stint-receipt-bin";
pub const HEIGHT: &str = "stint-height";

/// What a call may carry.
pub const SENT: [&str; 7] = [COMMONS, KEY, ID, VALID_UNTIL, FUEL, SIGNATURE, HEIGHT];
/// What comes with an answer.
pub const ANSWERED: [&str; 3] = [RULE, RECEIPT, HEIGHT];

fn missing(what: &str) -> Refusal {
    let message = format!(
        "this method is a command and must be signed: the metadata {what} is missing or unreadable; a command carries \
         {COMMONS}, {KEY}, {ID}, {VALID_UNTIL} and {SIGNATURE}"
    );
    Refusal::new(Code::Unauthenticated, "unsigned", message)
}

/// The commons that is meant.
pub fn commons(metadata: &MetadataMap) -> Result<&str, Refusal> {
    let found = metadata.get(COMMONS).and_then(|v| v.to_str().ok());
    found.ok_or_else(|| {
        Refusal::new(
            Code::InvalidArgument,
            "commons",
            format!("name the commons that is meant in the metadata {COMMONS}"),
        )
    })
}

/// The height on whose state a query is asked; 0 for the newest.
pub fn height(metadata: &MetadataMap) -> Result<u64, Refusal> {
    Ok(number(metadata, HEIGHT)?.unwrap_or(0))
}

/// The signed call that a request and its metadata make.
pub fn transaction(
    metadata: &MetadataMap,
    chain_id: Hash,
    method: &str,
    request: Bytes,
) -> Result<Transaction, Refusal> {
    let signature = binary(metadata, SIGNATURE)?;
    if metadata.contains_key(HEIGHT) {
        let message = format!("a command is executed in the next block; {HEIGHT} is for queries");
        return Err(Refusal::new(Code::InvalidArgument, "height", message));
    }
    let call = Call {
        chain_id,
        commons: commons(metadata)?.to_string(),
        method: method.to_string(),
        request,
        call_id: CallId { key: binary(metadata, KEY)?, id: binary(metadata, ID)? },
        valid_until: number(metadata, VALID_UNTIL)?.ok_or_else(|| missing(VALID_UNTIL))?,
        fuel_limit: number(metadata, FUEL)?.unwrap_or(0),
    };
    call.with_signature(signature).map_err(|e| Refusal::new(Code::InvalidArgument, "transaction", e.to_string()))
}

/// The metadata of a signed call.
pub fn of_transaction(tx: &Transaction) -> MetadataMap {
    let mut out = MetadataMap::new();
    let call = tx.call();
    if let Ok(commons) = call.commons.parse() {
        out.insert(COMMONS, commons);
    }
    out.insert_bin(KEY, MetadataValue::from_bytes(&call.call_id.key));
    out.insert_bin(ID, MetadataValue::from_bytes(&call.call_id.id));
    out.insert(VALID_UNTIL, call.valid_until.into());
    out.insert(FUEL, call.fuel_limit.into());
    out.insert_bin(SIGNATURE, MetadataValue::from_bytes(tx.signature()));
    out
}

fn binary<const N: usize>(metadata: &MetadataMap, key: &'static str) -> Result<[u8; N], Refusal> {
    let bytes = metadata.get_bin(key).and_then(|v| v.to_bytes().ok()).ok_or_else(|| missing(key))?;
    let wrong = || {
        Refusal::new(
            Code::InvalidArgument,
            "metadata",
            format!("{key} has {} bytes; it takes exactly {N}", bytes.len()),
        )
    };
    bytes[..].try_into().map_err(|_| wrong())
}

fn number(metadata: &MetadataMap, key: &'static str) -> Result<Option<u64>, Refusal> {
    let Some(value) = metadata.get(key) else { return Ok(None) };
    let wrong = || Refusal::new(Code::InvalidArgument, "metadata", format!("{key} is no decimal number"));
    value.to_str().ok().and_then(|v| v.parse().ok()).map(Some).ok_or_else(wrong)
}
