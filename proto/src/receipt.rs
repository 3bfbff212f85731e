//! How a receipt stands under the receipts root: apart from its events, so that one of them can be
//! shown without the others.

use crate::v1;
use prost::Message;
use stint_verifier::Whole;

/// Takes a receipt apart.
pub fn apart(mut receipt: v1::Receipt) -> Whole {
    let events = std::mem::take(&mut receipt.events);
    Whole { receipt: receipt.encode_to_vec(), events: events.iter().map(Message::encode_to_vec).collect() }
}
