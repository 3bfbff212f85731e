//! The border between a contract and its host: what a module exports, what it may import, and what
//! each import costs. `docs/author/host.md` is written from [`HOST`].
//!
//! A module exports `memory`, `stint_alloc(size) -> address` and
//! `stint_call(method, address, size) -> packed`, where `method` is the method's place in its
//! service, from 0. It may export `stint_migrate(address, size) -> packed`, which is given a
//! `stint.v1.MigrationRequest` and answers with a `stint.v1.MigrationResponse`.
//!
//! *Packed* is `address << 32 | size` of bytes in the module's memory. In an answer of `stint_call`
//! and `stint_migrate` the highest bit says that these bytes are a `stint.v1.Refusal`; in an answer
//! of the host, -1 says that there is nothing. Host functions write their answers where
//! `stint_alloc` says. Every call runs in a fresh instance, so nothing needs to be freed.

use wasmparser::ValType::{self, I32, I64};

pub use stint_proto::v1::{CallAnswer, CallContext, MigrationRequest, MigrationResponse, ModuleMeta};

/// The module that contracts import from.
pub const IMPORT_MODULE: &str = "stint_v1";
/// Custom section with the contract's `FileDescriptorSet`.
pub const DESCRIPTOR_SECTION: &str = "stint.descriptor";
/// Custom section with the module's [`ModuleMeta`].
pub const META_SECTION: &str = "stint.meta";
/// Custom section with the names and types of what the contract keeps, one a line.
pub const STATE_SECTION: &str = "stint.state";
/// Global that the metering pass adds: fuel left.
pub const FUEL_GLOBAL: &str = "stint_fuel";
/// Global that the metering pass adds: stack slots in use.
pub const DEPTH_GLOBAL: &str = "stint_depth";
/// Set in the answer of a method that refuses.
pub const REFUSAL_BIT: i64 = i64::MIN;

/// One function of the host.
pub struct HostFunction {
    /// Its name in [`IMPORT_MODULE`].
    pub name: &'static str,
    /// Names of its parameters.
    pub arguments: &'static [&'static str],
    /// Types of its parameters.
    pub parameters: &'static [ValType],
    /// Types of its results: none or one.
    pub results: &'static [ValType],
    /// What it does.
    pub meaning: &'static str,
    /// Fuel for the call itself.
    pub price: u64,
    /// Fuel for each of something more.
    pub price_each: &'static [(u64, &'static str)],
    /// When it ends the call, beside addresses outside the memory.
    pub ends: &'static str,
    /// Only where contracts are developed: a module that imports it is refused by a ledger.
    pub development: bool,
}

const fn host(
    name: &'static str,
    arguments: &'static [&'static str],
    parameters: &'static [ValType],
    results: &'static [ValType],
) -> HostFunction {
    let (meaning, ends) = ("", "");
    HostFunction {
        name,
        arguments,
        parameters,
        results,
        meaning,
        price: price::CALL,
        price_each: &[],
        ends,
        development: false,
    }
}

/// Every function of the host.
pub const HOST: [HostFunction; 14] = [
    HostFunction {
        meaning: "The value of a key; -1 when there is none.",
        price: price::READ,
        price_each: &[(price::BYTE, "byte of the key and the value")],
        ends: "a key over 256 bytes",
        ..host("get", &["key", "key_size"], &[I32, I32], &[I64])
    },
    HostFunction {
        meaning: "Writes a value.",
        price: price::WRITE,
        price_each: &[(price::KEPT_BYTE, "byte of the key and the value")],
        ends: "a query; a key over 256 bytes; a value over 64 kB",
        ..host("put", &["key", "key_size", "value", "value_size"], &[I32; 4], &[])
    },
    HostFunction {
        meaning: "Deletes a key; it need not be there.",
        price: price::WRITE,
        price_each: &[(price::KEPT_BYTE, "byte of the key")],
        ends: "a query; a key over 256 bytes",
        ..host("delete", &["key", "key_size"], &[I32; 2], &[])
    },
    HostFunction {
        meaning: "Entries with `from <= key < to` in the order of their keys, or backwards when `reverse` is not 0: \
                  repeated (key size [4], key, value size [4], value), little endian. An empty `to` means to the end. \
                  A page may end before `limit`, at 1 MB; the next one begins behind its last key.",
        price: price::SCAN,
        price_each: &[
            (price::ENTRY, "key looked at, deleted ones too"),
            (price::BYTE, "byte of the page, and of stored values that calls of this block replaced"),
        ],
        ends: "a limit over 1,000; a key over 256 bytes",
        ..host("scan", &["from", "from_size", "to", "to_size", "limit", "reverse"], &[I32; 6], &[I64])
    },
    HostFunction {
        meaning: "Announces an event: the full name of its message, and the message. It stands in the receipt.",
        price_each: &[(price::KEPT_BYTE, "byte")],
        ends: "a query; more than 64 events in a call; a body over 16 kB; a type that is not UTF-8",
        ..host("emit", &["type", "type_size", "body", "body_size"], &[I32; 4], &[])
    },
    HostFunction {
        meaning: "Who calls, where and when: a `stint.v1.CallContext`.",
        price_each: &[(price::BYTE, "byte of the answer")],
        ends: "a pure rule",
        ..host("context", &[], &[], &[I64])
    },
    HostFunction {
        meaning: "1 when the caller has the role in this commons, else 0.",
        price_each: &[(price::BYTE, "byte of the role")],
        ends: "a role that is not UTF-8",
        ..host("has_role", &["role", "role_size"], &[I32; 2], &[I32])
    },
    HostFunction {
        meaning: "Calls `/package.Service/Method` of a contract, with at most `fuel` units of what is left (0: all of \
                  it), and answers with a `stint.v1.CallAnswer`. Queries of every commons may be called; commands of \
                  this commons, and of another one that has admitted this contract as a member. What a refused call \
                  wrote and announced is gone; one that traps or runs out burns all that it was given.",
        price: price::FIND,
        price_each: &[
            (1, "unit that the called contract burns, its fresh instance included"),
            (price::BYTE, "byte of the request and the answer"),
        ],
        ends: "a name that is not UTF-8; a request over 128 kB",
        ..host(
            "call",
            &["commons", "commons_size", "method", "method_size", "request", "request_size", "fuel"],
            &[I32, I32, I32, I32, I32, I32, I64],
            &[I64],
        )
    },
    HostFunction {
        meaning: "Calls `/package.Service/Method` in the name of the commons, under the terms of `call`, but also of \
                  the kernel for this commons. Whoever is called sees the caller `commons/service` of this contract: in \
                  this commons, which an empty name means too, with the role `steward`; in another one with the roles \
                  that it was given there. Only for the contract through which the commons acts \
                  (`stint.v1.Kernel/Constitute`), which then answers queries while it acts.",
        price: price::FIND,
        price_each: &[
            (1, "unit that the called contract burns, its fresh instance included"),
            (price::BYTE, "byte of the request and the answer"),
        ],
        ends: "a query; a name that is not UTF-8; a request over 128 kB",
        ..host(
            "act",
            &["commons", "commons_size", "method", "method_size", "request", "request_size", "fuel"],
            &[I32, I32, I32, I32, I32, I32, I64],
            &[I64],
        )
    },
    HostFunction {
        meaning: "Calls a method of a pure rule module by the module's hash (32 bytes), under the same terms. A \
                  module is pure when it imports nothing.",
        price: price::FIND,
        price_each: &[
            (1, "unit that the rule burns, its fresh instance included"),
            (price::BYTE, "byte of the request and the answer"),
        ],
        ends: "a name that is not UTF-8; a request over 128 kB",
        ..host(
            "rule",
            &["code", "method", "method_size", "request", "request_size", "fuel"],
            &[I32, I32, I32, I32, I32, I64],
            &[I64],
        )
    },
    HostFunction {
        meaning: "Writes the SHA-256 of bytes to 32 bytes at `to`.",
        price_each: &[(price::HASHED_BYTE, "byte")],
        ends: "",
        ..host("sha256", &["bytes", "size", "to"], &[I32; 3], &[])
    },
    HostFunction {
        meaning: "1 when an ed25519 signature (64 bytes) over a message is of a key (32 bytes), by ZIP-215, else 0.",
        price: price::SIGNATURE,
        price_each: &[(price::HASHED_BYTE, "byte of the message")],
        ends: "",
        ..host("ed25519_verify", &["key", "signature", "message", "message_size"], &[I32; 4], &[I32])
    },
    HostFunction { meaning: "With how many units of fuel the call can still go on.", ..host("fuel", &[], &[], &[I64]) },
    HostFunction {
        meaning: "Prints a text for the author. The panic of a development build comes this way.",
        price_each: &[(price::BYTE, "byte")],
        ends: "a text that is not UTF-8",
        development: true,
        ..host("log", &["text", "size"], &[I32; 2], &[])
    },
];

/// Functions that a module must export: name, parameters, results.
pub const EXPORTS: [(&str, &[ValType], &[ValType]); 2] =
    [("stint_alloc", &[I32], &[I32]), ("stint_call", &[I32, I32, I32], &[I64])];
/// A function that a module may export.
pub const MIGRATE_EXPORT: (&str, &[ValType], &[ValType]) = ("stint_migrate", &[I32, I32], &[I64]);

/// Fuel of host functions, in units of one simple instruction. `scripts/bench --only fuel` measures
/// what a unit buys of each; the slowest is at most five times the median.
pub mod price {
    /// Every function that has no price of its own.
    pub const CALL: u64 = 500;
    /// Reading a key.
    pub const READ: u64 = 3_000;
    /// Writing.
    pub const WRITE: u64 = 2_000;
    /// Scanning.
    pub const SCAN: u64 = 6_000;
    /// A key that a scan looks at.
    pub const ENTRY: u64 = 1_000;
    /// A byte that is only handed over.
    pub const BYTE: u64 = 1;
    /// A byte that every validator keeps.
    pub const KEPT_BYTE: u64 = 10;
    /// A byte that is hashed.
    pub const HASHED_BYTE: u64 = 4;
    /// A signature that is checked.
    pub const SIGNATURE: u64 = 120_000;
    /// Looking for what a contract or a rule is.
    pub const FIND: u64 = 5_000;
    /// A fresh instance.
    pub const INVOKE: u64 = 30_000;
    /// An element of its table, which the first call through it fills.
    pub const TABLE_ELEMENT: u64 = 70;
    /// 64 kB of memory, beyond the first [`FREE_PAGES`] of an instance: the operating system clears
    /// and maps it.
    pub const PAGE: u64 = 50_000;
    /// Pages of 64 kB that stay mapped between calls.
    pub const FREE_PAGES: u64 = 4;
    /// A native method of the kernel.
    pub const KERNEL: u64 = 20_000;
    /// A byte of a module that is published: it is checked.
    pub const PUBLISHED_BYTE: u64 = 40;
    /// A byte of a request that seats members: each has a key that is checked, and rows of its own.
    pub const SEATED_BYTE: u64 = 200;
}
