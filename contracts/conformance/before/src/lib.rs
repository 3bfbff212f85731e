//! The version before `conformance-after`: it keeps points under their old name.
#![deny(unsafe_code)]

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs)]
pub mod proto {
    stint_sdk::proto!("stint.tally.v1");
}

use proto::*;
use stint_sdk::Refusal;

stint_sdk::state! {
    /// Points by number.
    pub OLD: Map<u64, u64> = "old";
}

/// The contract.
pub struct Contract;

impl Tally for Contract {
    fn set(request: Entry) -> Result<Nothing, Refusal> {
        OLD.put(&request.number, &request.points);
        Ok(Nothing {})
    }

    fn get(request: Entry) -> Result<Entry, Refusal> {
        Ok(Entry { points: OLD.get(&request.number).unwrap_or(0), ..request })
    }
}

stint_sdk::contract!(proto, Contract, state = crate::STATE);
