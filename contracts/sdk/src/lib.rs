//! Write contracts for Stint.
//!
//! A contract is a gRPC service: its `.proto` says what it offers, a Rust type implements it, and
//! a module of Wasm runs it, in a fresh instance for every call.
//!
//! ```ignore
//! // build.rs
//! stint_sdk_build::compile("proto", "my/rules/v1/rules.proto").unwrap();
//!
//! // src/lib.rs
//! mod proto { stint_sdk::proto!("my.rules.v1"); }
//! struct Rules;
//! impl proto::Rules for Rules { /* one function a method */ }
//! stint_sdk::contract!(proto, Rules);
//! ```
//!
//! Amounts are [`Decimal`], never floats: a module with a float instruction is refused.
#![deny(unsafe_code, missing_docs)]

mod date;
mod decimal;
mod host;
mod key;
mod map;
mod refusal;
mod split;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
pub mod wasm;

pub use date::Day;
pub use decimal::Decimal;
pub use host::{CallContext, context, emit, has_role, require_role};
pub use key::Key;
pub use map::Map;
pub use prost;
pub use refusal::{Code, Refusal};
pub use split::split;

/// Encoded messages.
pub type Bytes = Vec<u8>;

use prost::{Message, Name};

/// Decodes a request, calls, and encodes the response. For generated code.
pub fn answer<Q: Message + Default, R: Message>(
    request: &[u8],
    method: impl FnOnce(Q) -> Result<R, Refusal>,
) -> Result<Bytes, Refusal> {
    let request = Q::decode(request)
        .map_err(|e| Refusal::new(Code::InvalidArgument, "request", format!("the request cannot be decoded: {e}")))?;
    method(request).map(|r| r.encode_to_vec())
}

/// What a method number outside the service is answered with. For generated code.
pub fn no_method(method: u32) -> Refusal {
    Refusal::new(Code::Unimplemented, "method", format!("the service has no method number {method}"))
}

/// Announces a typed event.
pub fn announce<M: Message + Name>(event: &M) {
    emit(&M::full_name(), &event.encode_to_vec());
}

/// Includes what `stint_sdk_build` generated for a package.
#[macro_export]
macro_rules! proto {
    ($package:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
    };
}

/// Makes a type that implements the service in the module `$proto` the contract of this crate.
#[macro_export]
macro_rules! contract {
    ($proto:ident, $implementation:ident) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        mod exports {
            #[used]
            #[unsafe(link_section = "stint.descriptor")]
            static DESCRIPTOR: [u8; super::$proto::DESCRIPTOR.len()] =
                *super::$proto::DESCRIPTOR.first_chunk().expect("its own length");

            #[unsafe(no_mangle)]
            extern "C" fn stint_call(method: u32, request: *const u8, size: usize) -> i64 {
                $crate::wasm::serve(method, request, size, super::$proto::dispatch::<super::$implementation>)
            }
        }
    };
}
