//! How calls and refusals travel over gRPC, for both who ask and who answer.

pub mod metadata;
mod raw;
mod status;

pub use raw::RawCodec;
pub use status::{LEDGER, refusal, retry_after, status, status_of};
