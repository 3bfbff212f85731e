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
use std::{cell::RefCell, rc::Rc, sync::Arc, time::Instant};
use stint_proto::{Transaction, v1};
use stint_runtime::{BlockContext, execute_block};
use stint_testkit::Ledger;

const CONTRIBUTE: &[u8] = include_bytes!("../../../contracts/dist/contribute.wasm");
const CONFORMANCE: &[u8] = include_bytes!("../../../contracts/dist/conformance.wasm");
/// A method of a contract written with the SDK that does nothing.
const IDLE: &str = "/stint.conformance.v1.Conformance/Idle";
const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
const ROUNDS: usize = 21;
const CALLS: usize = 500;

/// One side: each function makes `CALLS` calls.
struct Side {
    empty: Box<dyn FnMut()>,
    full: Box<dyn FnMut()>,
}

/// Microseconds of one call.
fn time(run: &mut dyn FnMut()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_secs_f64() * 1e6 / CALLS as f64
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
    let (mut theirs, mut ours) = (cosmwasm(&guest), stint());
    // The sides take turns, and the best round of each counts: a machine shared with others is
    // never quiet for long.
    let mut best = [f64::MAX; 4];
    for _ in 0..ROUNDS {
        let runs = [&mut theirs.empty, &mut ours.empty, &mut theirs.full, &mut ours.full];
        for (best, run) in best.iter_mut().zip(runs) {
            *best = best.min(time(run));
        }
    }
    println!("{:<16}{:>16}{:>16}{:>10}", "µs a call", "cosmwasm-vm", "Stint", "ratio");
    for (what, pair) in ["empty", "a contribution"].iter().zip(best.chunks(2)) {
        println!("{what:<16}{:>16.1}{:>16.1}{:>10.1}", pair[0], pair[1], pair[0] / pair[1]);
    }
}

fn cosmwasm(guest: &[u8]) -> Side {
    let folder = tempfile::tempdir().expect("a folder");
    let capabilities = capabilities_from_csv(
        "cosmwasm_1_1,cosmwasm_1_2,cosmwasm_1_3,cosmwasm_1_4,cosmwasm_2_0,cosmwasm_2_1,cosmwasm_2_2,cosmwasm_3_0,iterator,staking",
    );
    let options = CacheOptions::new(folder.path(), capabilities, Size::mebi(200), Size::mebi(64));
    // SAFETY: the folder is this process's own.
    let cache: Cache<MockApi, MockStorage, MockQuerier> = unsafe { Cache::new(options).expect("a cache") };
    let code = cache.store_code(guest, true, true).expect("a contract");
    cache.pin(&code).expect("pinned");
    let options = InstanceOptions { gas_limit: 20_000_000_000_000 };
    let info = mock_info("ana", &[] as &[Coin]);
    let mut instance = cache.get_instance(&code, mock_backend(&[]), options).expect("an instance");
    call_instantiate::<_, _, _, Empty>(&mut instance, &mock_env(), &info, b"{}").expect("a call").unwrap();
    let backend = Some(instance.recycle().expect("a backend"));
    // Folder, cache and backend live as long as the calls that use them.
    let held = Rc::new(RefCell::new((backend, cache, folder)));
    let run = move |message: &[u8]| {
        let (backend, cache, _) = &mut *held.borrow_mut();
        let mut instance = cache.get_instance(&code, backend.take().expect("one"), options).expect("an instance");
        call_execute::<_, _, _, Empty>(&mut instance, &mock_env(), &info, message).expect("a call").unwrap();
        *backend = instance.recycle();
    };
    let run_full = run.clone();
    let mut n = 0;
    Side {
        empty: Box::new(move || (0..CALLS).for_each(|_| run(br#"{"noop":{}}"#))),
        full: Box::new(move || {
            for _ in 0..CALLS {
                n += 1;
                let Fields { id, author } = fields(n);
                let message = serde_json::json!({"record": {"contribution": {"id": id, "author": author, "kind": "commit", "quantity": "1", "reference": REFERENCE, "date": "2026-01-01"}}});
                run_full(message.to_string().as_bytes());
            }
        }),
    }
}

fn stint() -> Side {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[("ana", &["steward"])]);
    ledger.deploy("forge", CONTRIBUTE);
    ledger.deploy("forge", CONFORMANCE);
    ledger.time_ms = 1_795_341_600_000;
    let empty: Vec<_> = (0..CALLS).map(|_| ledger.sign("forge", "ana", IDLE, b"")).collect();
    let full: Vec<_> = (0..CALLS).map(|n| ledger.sign("forge", "ana", RECORD, &request(n))).collect();
    let context = BlockContext { height: ledger.height + 1, time_ms: ledger.time_ms };
    let (contracts, base) = (ledger.contracts.clone(), Arc::new(ledger.state.clone()));
    let of = |calls: Vec<Transaction>| -> Box<dyn FnMut()> {
        let (contracts, base) = (contracts.clone(), base.clone());
        Box::new(move || {
            let result = execute_block(&contracts, base.clone(), context, &calls, |_| Ok(false)).expect("a result");
            let refused = result.receipts.into_iter().filter_map(|r| v1::Receipt::decode(r).ok()?.refusal).next();
            assert_eq!(refused, None);
        })
    };
    Side { empty: of(empty), full: of(full) }
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
