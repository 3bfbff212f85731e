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
//! was read. `stint-rule` names the rule of a refusal.

use stint_proto::Transaction;
use tonic::metadata::{MetadataMap, MetadataValue};

/// The commons that is meant.
pub const COMMONS: &str = "stint-commons";
/// The caller's public key.
pub const KEY: &str = "stint-key-bin";
/// The call's id.
pub const ID: &str = "stint-id-bin";
/// Last height at which the call may be executed.
pub const VALID_UNTIL: &str = "stint-valid-until";
/// Most fuel to burn.
pub const FUEL: &str = "stint-fuel";
/// The caller's signature.
pub const SIGNATURE: &str = "stint-signature-bin";
/// The receipt of a command, without response and events.
pub const RECEIPT: &str = "stint-receipt-bin";
/// The block of a command; of a query the state that is asked, or was read.
pub const HEIGHT: &str = "stint-height";
/// The rule that refused.
pub const RULE: &str = "stint-rule";

/// What a call may carry.
pub const SENT: [&str; 7] = [COMMONS, KEY, ID, VALID_UNTIL, FUEL, SIGNATURE, HEIGHT];
/// What comes with an answer.
pub const ANSWERED: [&str; 3] = [RULE, RECEIPT, HEIGHT];

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

/// The height that an answer or a question names.
pub fn height(metadata: &MetadataMap) -> Option<u64> {
    metadata.get(HEIGHT)?.to_str().ok()?.parse().ok()
}

/// The receipt that came with an answer or a refusal.
pub fn receipt(metadata: &MetadataMap) -> Option<stint_proto::v1::Receipt> {
    let bytes = metadata.get_bin(RECEIPT)?.to_bytes().ok()?;
    prost::Message::decode(bytes).ok()
}
