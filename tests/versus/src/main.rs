//! An empty call and a contribution, each in a fresh instance from a warm cache, on one core: Stint's
//! runtime with everything that a block's call passes (agent, roles, contract, receipt), and
//! `cosmwasm-vm` from a pinned cache, with its instance alone.
//!
//! Floats are for people here; nothing on the ledger is one.

use cosmwasm_std::{Coin, Empty};
use cosmwasm_vm::{
    Cache, CacheOptions, InstanceOptions, Size, call_execute, call_instantiate, capabilities_from_csv,
    testing::{MockApi, MockQuerier, MockStorage, mock_backend, mock_env, mock_info},
};
use prost::Message;
use std::{sync::Arc, time::Instant};
use stint_proto::v1;
use stint_runtime::{BlockContext, execute_block};
use stint_testkit::{Ledger, fuzz::describe};

const CONTRIBUTE: &[u8] = include_bytes!("../../../contracts/dist/contribute.wasm");
const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
const ROUNDS: usize = 7;
const CALLS: usize = 1_500;

/// Microseconds of one of `CALLS` calls, the best of several rounds.
fn best(mut run: impl FnMut()) -> f64 {
    let one = |run: &mut dyn FnMut()| {
        let began = Instant::now();
        run();
        began.elapsed().as_secs_f64() * 1e6 / CALLS as f64
    };
    (0..ROUNDS).map(|_| one(&mut run)).fold(f64::MAX, f64::min)
}

/// The engine beside ours names this function of older Rust compilers; code that it compiles in one
/// pass never calls it.
#[unsafe(no_mangle)]
extern "C" fn __rust_probestack() {}

struct Fields {
    id: String,
    author: String,
}

fn fields(n: usize) -> Fields {
    Fields { id: format!("{n:040x}"), author: format!("Author {} <a{}@example.org>", n % 50, n % 50) }
}

const REFERENCE: &str = "a line of about the length that the first line of a commit message has";

fn main() {
    let guest = std::env::args().nth(1).expect("the CosmWasm contract");
    let guest = std::fs::read(&guest).expect("the CosmWasm contract");
    let (their_empty, theirs) = cosmwasm(&guest);
    let (our_empty, ours) = stint();
    println!("{:<16}{:>16}{:>16}{:>10}", "µs a call", "cosmwasm-vm", "Stint", "ratio");
    println!("{:<16}{their_empty:>16.1}{our_empty:>16.1}{:>10.1}", "empty", their_empty / our_empty);
    println!("{:<16}{theirs:>16.1}{ours:>16.1}{:>10.1}", "a contribution", theirs / ours);
}

fn cosmwasm(guest: &[u8]) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let capabilities = capabilities_from_csv("cosmwasm_1_1,cosmwasm_1_2,cosmwasm_1_3,cosmwasm_1_4,cosmwasm_2_0,cosmwasm_2_1,cosmwasm_2_2,cosmwasm_3_0,iterator,staking");
    let options = CacheOptions::new(folder.path(), capabilities, Size::mebi(200), Size::mebi(64));
    // SAFETY: the folder is this process's own.
    let cache: Cache<MockApi, MockStorage, MockQuerier> = unsafe { Cache::new(options).expect("a cache") };
    let code = cache.store_code(guest, true, true).expect("a contract");
    cache.pin(&code).expect("pinned");
    let options = InstanceOptions { gas_limit: 20_000_000_000_000 };
    let info = mock_info("ana", &[] as &[Coin]);
    let mut instance = cache.get_instance(&code, mock_backend(&[]), options).expect("an instance");
    call_instantiate::<_, _, _, Empty>(&mut instance, &mock_env(), &info, b"{}").expect("a call").unwrap();
    let mut backend = Some(instance.recycle().expect("a backend"));
    let mut run = |message: &[u8]| {
        let mut instance = cache.get_instance(&code, backend.take().expect("one"), options).expect("an instance");
        call_execute::<_, _, _, Empty>(&mut instance, &mock_env(), &info, message).expect("a call").unwrap();
        backend = instance.recycle();
    };
    let empty = best(|| (0..CALLS).for_each(|_| run(br#"{"noop":{}}"#)));
    let mut n = 0;
    let full = best(|| {
        for _ in 0..CALLS {
            n += 1;
            let Fields { id, author } = fields(n);
            let message = serde_json::json!({"record": {"contribution": {"id": id, "author": author, "kind": "commit", "quantity": "1", "reference": REFERENCE, "date": "2026-01-01"}}});
            run(message.to_string().as_bytes());
        }
    });
    (empty, full)
}

fn stint() -> (f64, f64) {
    let nothing = r#"(module (import "stint_v1" "context" (func (result i64)))
        (memory (export "memory") 2) (global (mut i32) (i32.const 0))
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0)))"#;
    let mut ledger = Ledger::new();
    ledger.found("forge", &[("ana", &["steward"])]);
    ledger.deploy("forge", CONTRIBUTE);
    ledger.deploy("forge", &describe(wat::parse_str(nothing).expect("good text")));
    ledger.time_ms = 1_795_341_600_000;
    let empty: Vec<_> = (0..CALLS).map(|_| ledger.sign("forge", "ana", "/fuzz.v1.Fuzz/Do", b"")).collect();
    let full: Vec<_> = (0..CALLS).map(|n| ledger.sign("forge", "ana", RECORD, &request(n))).collect();
    let base = Arc::new(ledger.state.clone());
    let context = BlockContext { height: ledger.height + 1, time_ms: ledger.time_ms };
    let of = |calls: &[_]| {
        let run = || execute_block(&ledger.contracts, base.clone(), context, calls, |_| Ok(false)).expect("a result");
        let refused = run().receipts.into_iter().filter_map(|r| v1::Receipt::decode(r).ok()?.refusal).next();
        assert_eq!(refused, None);
        best(|| drop(run()))
    };
    (of(&empty), of(&full))
}

/// `stint.contribute.v1.RecordRequest`, by hand: one message of six texts.
fn request(n: usize) -> Vec<u8> {
    let Fields { id, author } = fields(n);
    let mut inner = Vec::new();
    for (field, text) in [&id, &author, "commit", "1", REFERENCE, "2026-01-01"].iter().enumerate() {
        inner.extend_from_slice(&[(field as u8 + 1) << 3 | 2, text.len() as u8]);
        inner.extend_from_slice(text.as_bytes());
    }
    [&[10, (inner.len() as u8 & 0x7f) | 0x80, (inner.len() >> 7) as u8][..], &inner].concat()
}
