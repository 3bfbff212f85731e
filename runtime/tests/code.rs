//! Published code: when it is compiled, how long that may take, and what is run of what was kept.

mod common;

use common::{EXPORTS, Ledger, module};
use prost::Message;
use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use stint_proto::{
    limits::{COMPILE_BACKLOG_MS, MODULE_BYTES},
    v1,
};
use stint_runtime::{Compiler, Contracts, ContractsOptions, prepare_published};

/// A module of its own for every number, of at least so many bytes.
fn numbered(n: usize, bytes: usize) -> Vec<u8> {
    let mut module = module(&format!("(module {EXPORTS} (data (i32.const 0) \"{n}\"))"));
    // A custom section that nobody reads.
    let rest = bytes.saturating_sub(module.len() + 8).max(2);
    module.push(0);
    let size = rest as u32 + 2;
    module.extend([0, 7, 14, 21].map(|shift| (size >> shift) as u8 & 0x7f | if shift < 21 { 0x80 } else { 0 }));
    module.extend_from_slice(b"\x01x");
    module.extend(vec![0; rest]);
    module
}

fn publish(ledger: &mut Ledger, module: &[u8]) -> Result<v1::PublishResponse, stint_proto::Refusal> {
    ledger.0.kernel("forge", "Publish", &v1::PublishRequest { module: module.to_vec().into() })
}

/// Waits until so many modules were compiled, which must not be more.
fn compiled(contracts: &Contracts, count: u64) {
    let begun = Instant::now();
    while contracts.compilations() < count && begun.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(contracts.compilations(), count);
}

fn options(folder: &Path, compiler: Compiler) -> Contracts {
    let options = ContractsOptions { folder: Some(folder.into()), compiler, ..Default::default() };
    Contracts::with(options).expect("an engine")
}

#[test]
fn hot_code_is_compiled_once_and_kept_for_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("code");
    let mut ledger = Ledger::with(options(&place, Compiler::Optimising));
    ledger.deploy(&numbered(1, 0));
    for _ in 0..50 {
        assert_eq!(ledger.call("Do", b"").refusal, None);
        assert_eq!(ledger.ask("Ask", b""), Ok(Vec::new()));
    }
    compiled(&ledger.0.contracts, 1);
    let mut restart = |compiler, compilations, why: &str| {
        ledger.0.contracts = options(&place, compiler);
        for _ in 0..3 {
            assert_eq!(ledger.call("Do", b"").refusal, None);
        }
        assert_eq!(ledger.0.contracts.compilations(), compilations, "{why}");
    };
    restart(Compiler::Optimising, 0, "it is kept");
    restart(Compiler::Plain, 1, "kept by another engine");
    restart(Compiler::Plain, 0, "and now by this one");
    restart(Compiler::Optimising, 1, "kept by another engine");
    let file = fs::read_dir(&place).expect("a folder").flatten().map(|f| f.path());
    let file = file.into_iter().find(|f| f.extension().is_some_and(|e| e == "code")).expect("kept code");
    let mut bytes = fs::read(&file).expect("kept code");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // In a new file: the old one is mapped.
    fs::remove_file(&file).expect("removed");
    fs::write(&file, bytes).expect("written");
    restart(Compiler::Optimising, 1, "a bit is flipped");
    restart(Compiler::Optimising, 0, "kept anew");
    fs::write(place.join("key"), [7; 32]).expect("written");
    restart(Compiler::Optimising, 1, "made with another key");
    fs::remove_file(&file).expect("removed");
    restart(Compiler::Optimising, 1, "it is gone");
}

/// Once, anybody could let a node compile any module, without a signature, by simulating that it is
/// published; the modules that serve went from memory for it.
#[test]
fn only_what_a_block_published_is_compiled() {
    let mut ledger = Ledger::new();
    ledger.0.enrol("bo");
    let request = v1::PublishRequest { module: numbered(1, 0).into() }.encode_to_vec();
    let method = "/stint.v1.Kernel/Publish";
    let simulated = ledger.0.simulate("forge", "ana", method, &request);
    assert_eq!(simulated.refusal, None);
    assert_eq!(ledger.0.call("forge", "bo", method, &request).refusal.expect("no steward").rule, "steward");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ledger.0.contracts.compilations(), 0);
    assert_eq!(ledger.0.call("forge", "ana", method, &request).refusal, None);
    compiled(&ledger.0.contracts, 1);
}

/// Once, code was ready by its own size alone, and of more than sixteen modules in a queue the rest was
/// forgotten and compiled within blocks.
#[test]
fn one_module_is_compiled_after_the_other_and_none_is_forgotten() {
    let mut ledger = Ledger::new();
    let now = ledger.0.time_ms;
    for n in 0..40 {
        let published = publish(&mut ledger, &numbered(n, 0)).expect("published");
        assert_eq!(published.ready_ms, now + 8 * (n as u64 + 1));
    }
    compiled(&ledger.0.contracts, 40);
    // What is known already changes nothing.
    assert_eq!(publish(&mut ledger, &numbered(7, 0)).expect("known").ready_ms, now + 8 * 8);
    // Time passes, and the next one is only about itself.
    ledger.0.time_ms = now + 10_000;
    assert_eq!(publish(&mut ledger, &numbered(50, 0)).expect("published").ready_ms, now + 10_008);
}

#[test]
fn code_that_would_wait_too_long_is_not_published_and_a_restart_forgets_none() {
    let mut ledger = Ledger::new();
    let mut last = 0;
    for n in 0..4 {
        assert!(last < ledger.0.time_ms + COMPILE_BACKLOG_MS);
        last = publish(&mut ledger, &numbered(n, MODULE_BYTES - 10_000)).expect("published").ready_ms;
    }
    let before = ledger.0.state.clone();
    let refusal = publish(&mut ledger, &numbered(4, 0)).expect_err("too much");
    let wait = last - ledger.0.time_ms - COMPILE_BACKLOG_MS;
    assert_eq!((refusal.rule.as_str(), &refusal.details["wait_ms"]), ("compiling", &wait.to_string()));
    assert_eq!(ledger.0.state, before);
    compiled(&ledger.0.contracts, 4);
    // A node that starts loads all that is published: from its folder at once, and what is not there beside the blocks.
    let folder = tempfile::tempdir().expect("a folder");
    let state = Arc::new(ledger.0.state.clone());
    let first = options(folder.path(), Compiler::Optimising);
    prepare_published(&first, state.clone()).expect("readable");
    compiled(&first, 4);
    // The last one is kept a moment after it was compiled.
    let all = || {
        fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .filter(|f| f.path().extension().is_some_and(|e| e == "tag"))
            .count()
            == 4
    };
    while !all() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let later = options(folder.path(), Compiler::Optimising);
    prepare_published(&later, state).expect("readable");
    compiled(&later, 0);
    ledger.0.time_ms += wait;
    publish(&mut ledger, &numbered(4, 0)).expect("published");
}

/// Once, the message of a receipt was in a library's own words, which stand under the receipts root: a
/// patch of the library would have been a change of the protocol.
#[test]
fn what_a_receipt_says_of_a_module_is_in_words_of_the_protocol() {
    let mut ledger = Ledger::new();
    let floats = module(&format!("(module {EXPORTS} (func (drop (f32.const 1))))"));
    let refusal = publish(&mut ledger, &floats).expect_err("floats");
    let words = "not a Wasm module that is accepted here: valid, with integer instructions and bulk memory; no floats, \
                 SIMD, threads, several results or memories, reference types or tail calls";
    assert_eq!((refusal.rule.as_str(), refusal.message.as_str()), ("code", words));
    // The author is told more.
    assert!(stint_runtime::check(&floats).expect_err("floats").contains("floating-point"));
    let receipt = ledger.0.call("forge", "ana", "/stint.v1.Kernel/Publish", &[0xff; 9]);
    let message = receipt.refusal.expect("refused").message;
    assert_eq!(message, "the request cannot be decoded: it is not the method's request message in protobuf");
    // Which characters Rust shows as they are changes with its release.
    let receipt = ledger.0.call("forge", "ana", "/sch\u{f6}n", b"");
    let message = receipt.refusal.expect("refused").message;
    assert_eq!(message, "\"/sch\\u{f6}n\" is no method; a method is written /package.Service/Method");
}
