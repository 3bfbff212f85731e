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
//! Amounts are [`Decimal`], or [`Ratio`] where a third must stay a third; never floats: a module with a float
//! instruction is refused. Both are exact until somebody rounds by name, see [`Rounding`]; money is shared out by
//! [`split`].
#![deny(unsafe_code, missing_docs)]

mod act;
mod conversion;
mod date;
mod decimal;
mod host;
mod keep;
mod key;
mod map;
#[doc(hidden)]
pub mod migrate;
pub mod params;
mod quantity;
mod ratio;
pub mod raw;
mod refusal;
mod service;
mod split;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod time;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
pub mod wasm;

pub use act::{CHARTER, act, by_the_commons};
pub use conversion::Conversion;
pub use date::Day;
pub use decimal::Decimal;
pub use host::{CallContext, context, ed25519_verify, emit, fuel_left, has_role, log, require_role, sha256};
pub use keep::{Index, Item};
pub use key::Key;
pub use map::Map;
pub use migrate::{Migrate, Migration, Mode, Progress};
pub use params::Params;
pub use prost;
pub use quantity::Quantity;
pub use ratio::{Ratio, Rounding};
pub use refusal::{Code, Refusal};
pub use service::{Method, Service};
pub use split::{split, split_ratios};
pub use time::Time;

/// Encoded messages.
pub type Bytes = Vec<u8>;

use prost::{Message, Name};

/// Decodes a request, calls, and encodes the response. For generated code.
///
/// Each method stays a function of its own: all of a service in one would be larger than a ledger takes.
#[inline(never)]
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
///
/// ```ignore
/// stint_sdk::contract!(proto, Contract);
/// // With what it keeps, for tools, and with a migration from older versions:
/// stint_sdk::contract!(proto, Contract, state = state::STATE, migrate);
/// ```
#[macro_export]
macro_rules! contract {
    ($proto:ident, $contract:ident $(,)?) => {
        $crate::contract!(@make $proto $contract [""] []);
    };
    ($proto:ident, $contract:ident, migrate $(,)?) => {
        $crate::contract!(@make $proto $contract [""] [migrate]);
    };
    ($proto:ident, $contract:ident, state = $state:path $(,)?) => {
        $crate::contract!(@make $proto $contract [$state] []);
    };
    ($proto:ident, $contract:ident, state = $state:path, migrate $(,)?) => {
        $crate::contract!(@make $proto $contract [$state] [migrate]);
    };
    (@make $proto:ident $contract:ident [$state:expr] [$($migrate:ident)?]) => {
        impl $crate::Service for $contract {
            const NAME: &'static str = $proto::SERVICE;
            const DESCRIPTOR: &'static [u8] = $proto::DESCRIPTOR;
            const METHODS: &'static [(&'static str, bool)] = $proto::METHODS;
            const STATE: &'static str = $state;
            const PACKAGE: &'static str = ::core::concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

            fn dispatch(method: u32, request: &[u8]) -> ::core::result::Result<$crate::Bytes, $crate::Refusal> {
                $proto::dispatch::<$contract>(method, request)
            }
            $(
                #[doc = stringify!($migrate)]
                const MIGRATES: bool = true;
                fn migrate(request: &[u8]) -> ::core::option::Option<::core::result::Result<$crate::Bytes, $crate::Refusal>> {
                    ::core::option::Option::Some($crate::migrate::run::<$contract>(request))
                }
            )?
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        mod exports {
            use super::$contract as Contract;
            use $crate::Service;

            #[used]
            #[unsafe(link_section = "stint.descriptor")]
            static DESCRIPTOR: [u8; Contract::DESCRIPTOR.len()] =
                *Contract::DESCRIPTOR.first_chunk().expect("its own length");
            #[used]
            #[unsafe(link_section = "stint.state")]
            static STATE: [u8; Contract::STATE.len()] =
                *Contract::STATE.as_bytes().first_chunk().expect("its own length");

            #[unsafe(no_mangle)]
            extern "C" fn stint_call(method: u32, request: *const u8, size: usize) -> i64 {
                $crate::wasm::serve(method, request, size, Contract::dispatch)
            }
            $(
                #[doc = stringify!($migrate)]
                #[unsafe(no_mangle)]
                extern "C" fn stint_migrate(request: *const u8, size: usize) -> i64 {
                    $crate::wasm::migrate(request, size, $crate::migrate::run::<Contract>)
                }
            )?
        }
    };
}

/// Makes a type that implements the service in the module `$proto` the pure rule of this crate.
///
/// A rule imports nothing: no state, no caller, no time. Its answer depends on the request alone, so the same
/// bytes serve a payout, its explanation and an audit. Every method of its service only reads. Nothing that this
/// crate offers for requests, numbers and refusals reaches the host; a rule that does is no rule to the ledger
/// when somebody calls it.
///
/// ```ignore
/// use stint_rule::proto;
/// stint_sdk::rule!(proto, Hours);
/// ```
#[macro_export]
macro_rules! rule {
    ($proto:ident, $rule:ident $(,)?) => {
        const _: () = $crate::only_reads($proto::METHODS);
        $crate::contract!($proto, $rule);
    };
}

/// Stops the compiler at a method that is not marked `NO_SIDE_EFFECTS`. For [`rule!`].
pub const fn only_reads(methods: &[(&str, bool)]) {
    let mut n = 0;
    while n < methods.len() {
        assert!(methods[n].1, "a rule has only methods with idempotency_level = NO_SIDE_EFFECTS");
        n += 1;
    }
}
