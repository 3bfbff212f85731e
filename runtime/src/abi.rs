//! The border between a contract and its host, in one list.
//!
//! A module exports `memory`, `stint_alloc(size) -> address` and
//! `stint_call(method, address, size) -> packed`. `method` is the method's place in its service,
//! from 0. *Packed* is `address << 32 | size` of bytes in the module's memory. Every call runs in
//! a fresh instance, so nothing needs to be freed.
//!
//! A module may import from `stint_v1`, and from nowhere else:
//!
//! | function | meaning | fuel |
//! |---|---|---|
//! | `get(key, size) -> packed` | the value of a key; -1 when there is none | 500 + 1 a byte |
//! | `put(key, size, value, size)` | writes a value | 1,000 + 10 a byte |
//! | `delete(key, size)` | deletes a key | 1,000 + 10 a byte |
//! | `scan(from, size, to, size, limit, reverse) -> packed` | entries with `from <= key < to`: repeated (key size [4], key, value size [4], value), little endian | 1,000 + 500 a key looked at, deleted ones too + 1 a byte |
//! | `emit(type, size, body, size)` | announces an event | 500 + 10 a byte |
//! | `refuse(refusal, size)` | refuses the call with an encoded `stint.v1.Refusal`; the call still returns | 500 + 1 a byte |
//! | `context() -> packed` | who calls, where and when: [`CallContext`] | 500 + 1 a byte |
//! | `has_role(role, size) -> i32` | 1 when the caller has the role in this commons | 500 + 1 a byte |
//!
//! Writing functions end a query. Addresses outside the memory and sizes over a limit end the
//! call. Host functions write their answers where `stint_alloc` says.

use wasmparser::ValType::{self, I32, I64};

/// The module that contracts import from.
pub const IMPORT_MODULE: &str = "stint_v1";
/// Custom section with the contract's `FileDescriptorSet`.
pub const DESCRIPTOR_SECTION: &str = "stint.descriptor";
/// Global that the metering pass adds: fuel left.
pub const FUEL_GLOBAL: &str = "stint_fuel";
/// Global that the metering pass adds: stack slots in use.
pub const DEPTH_GLOBAL: &str = "stint_depth";

/// Host functions: name, parameters, results.
pub const IMPORTS: [(&str, &[ValType], &[ValType]); 8] = [
    ("get", &[I32, I32], &[I64]),
    ("put", &[I32, I32, I32, I32], &[]),
    ("delete", &[I32, I32], &[]),
    ("scan", &[I32, I32, I32, I32, I32, I32], &[I64]),
    ("emit", &[I32, I32, I32, I32], &[]),
    ("refuse", &[I32, I32], &[]),
    ("context", &[], &[I64]),
    ("has_role", &[I32, I32], &[I32]),
];

/// Functions that a module must export: name, parameters, results.
pub const EXPORTS: [(&str, &[ValType], &[ValType]); 2] =
    [("stint_alloc", &[I32], &[I32]), ("stint_call", &[I32, I32, I32], &[I64])];

/// Fuel of host functions, in units of one simple instruction.
pub mod price {
    /// Reading, and every function that has no price of its own.
    pub const CALL: u64 = 500;
    /// Writing and scanning.
    pub const WRITE: u64 = 1_000;
    /// A key that a scan looks at.
    pub const ENTRY: u64 = 500;
    /// A byte that is only handed over.
    pub const BYTE: u64 = 1;
    /// A byte that every validator keeps.
    pub const KEPT_BYTE: u64 = 10;
    /// A native method of the kernel.
    pub const KERNEL: u64 = 20_000;
}

/// What a contract may know about the call it serves.
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
    /// The agent that calls; empty in a query.
    #[prost(string, tag = "4")]
    pub caller: String,
    /// The caller's key and id of the call, 48 bytes; empty in a query.
    #[prost(bytes = "vec", tag = "5")]
    pub call_id: Vec<u8>,
}
