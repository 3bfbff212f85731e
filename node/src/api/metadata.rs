//! What makes a request a signed call, read from its metadata (`stint_client::wire::metadata` draws them).

use bytes::Bytes;
use stint_client::wire::metadata::{COMMONS, FUEL, HEIGHT, ID, KEY, SIGNATURE, VALID_UNTIL};
use stint_proto::{Call, CallId, Code, Hash, Refusal, Transaction};
use tonic::metadata::MetadataMap;

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
