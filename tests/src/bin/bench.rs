//! `scripts/bench`: what this machine can do at all, what the node makes of it, and the ratio, in one run.
//!
//! Machines differ and are shared, so the ratios are the figures to compare.
#![forbid(unsafe_code)]

use ed25519_dalek::{Signer, SigningKey};
use prost::Message;
use std::{
    fs::File,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};
use stint_node::cli::contribute::{Contribution, RecordRequest};
use stint_proto::{
    Call, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Transaction, hash_parts, signature, v1,
};
use stint_runtime::{BlockContext, Contracts, MemoryState, execute_block, genesis_writes};
use stint_tests::{Devnet, TestRepository};

const CONTRIBUTE: &[u8] = include_bytes!("../../../contracts/dist/contribute.wasm");
const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
const BATCH: usize = 128;
const IDLE_CALLS: usize = 40;

fn main() {
    let commits = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let mut report = Report::default();
    machine(&mut report);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    for validators in [1, 4] {
        runtime.block_on(ledger(&mut report, validators, commits));
    }
    let bare = report.value("batch signature check, µs") + report.value("bare contract call, µs");
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get()) as f64;
    for n in [1.0, 4.0] {
        let rate = report.value(&format!("{n} validators: calls/s"));
        report.add(&format!("{n} validators: useful share of CPU"), rate * n * bare / 1e6 / cores);
        let idle = report.value(&format!("{n} validators: idle finality p50, ms"));
        report.add(&format!("{n} validators: idle finality / durable write"), idle / report.value("durable write, ms"));
    }
    report.save();
}

/// Figures by name, shown as they come. Floats are for people here; nothing on the ledger is one.
#[derive(Default)]
struct Report(Vec<(String, f64)>);

impl Report {
    fn add(&mut self, name: &str, value: f64) {
        println!("{name:<48} {value:>14.3}");
        self.0.push((name.into(), value));
    }

    fn value(&self, name: &str) -> f64 {
        self.0.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v)
    }

    fn save(&self) {
        let path = std::env::current_exe().expect("a path").with_file_name("bench.json");
        let json: serde_json::Map<String, serde_json::Value> =
            self.0.iter().map(|(n, v)| (n.clone(), (*v).into())).collect();
        std::fs::write(&path, serde_json::to_vec_pretty(&json).expect("JSON")).expect("a file");
        println!("as JSON: {}", path.display());
    }
}

/// Seconds of one round of `f`, the best of several.
fn best(rounds: usize, mut f: impl FnMut()) -> f64 {
    let one = |f: &mut dyn FnMut()| {
        let began = Instant::now();
        f();
        began.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| one(&mut f)).fold(f64::MAX, f64::min)
}

/// What the machine can do without us.
fn machine(report: &mut Report) {
    let key = SigningKey::from_bytes(&[5; 32]);
    let message = [7; 32];
    let signed = key.sign(&message);
    let verifying = key.verifying_key();
    let strict = best(20, || (0..50).for_each(|_| verifying.verify_strict(&message, &signed).expect("good")));
    report.add("strict signature check, µs", strict * 1e6 / 50.0);

    let calls = calls(&key, BATCH);
    let single = best(20, || calls.iter().take(50).for_each(|t| signature::verify(t).expect("good")));
    report.add("ZIP-215 signature check, µs", single * 1e6 / 50.0);
    let mut rng = Counter(0);
    let batch = best(20, || assert!(signature::verify_all(calls.iter(), &mut rng)));
    report.add("batch signature check, µs", batch * 1e6 / BATCH as f64);
    let block = vec![3; 1 << 20];
    let hashing = best(10, || {
        std::hint::black_box(hash_parts(&[&block]));
    });
    report.add("SHA-256, MB/s", 1.048_576 / hashing);

    let folder = tempfile::tempdir().expect("a folder");
    let mut file = File::create(folder.path().join("f")).expect("a file");
    let mut times: Vec<f64> = (0..100)
        .map(|_| best(1, || file.write_all(&[1; 4096]).and_then(|()| file.sync_data()).expect("a durable write")))
        .collect();
    times.sort_by(f64::total_cmp);
    report.add("durable write, ms", times[50] * 1e3);
    report.add("bare contract call, µs", bare_call(&key));
}

/// A contribution through the runtime alone, over state in memory.
fn bare_call(key: &SigningKey) -> f64 {
    let public = key.verifying_key().to_bytes();
    let genesis = Genesis {
        name: "bench".into(),
        time_ms: 0,
        protocol_version: 1,
        validators: vec![GenesisValidator { name: "v1".into(), key: public }],
        consortium: "forge".into(),
        stewards: vec![GenesisAgent { agent: "ana".into(), key: public }],
    };
    let contracts = Contracts::new().expect("an engine");
    let mut state = MemoryState::default();
    state.apply(&genesis_writes(&genesis));
    let context = BlockContext { height: 1, time_ms: 1_795_341_600_000 };
    let run = |state: &mut MemoryState, txs: &[Transaction]| {
        let result = execute_block(&contracts, Arc::new(state.clone()), context, txs, |_| Ok(false)).expect("a result");
        for receipt in &result.receipts {
            assert_eq!(v1::Receipt::decode(receipt.clone()).expect("a receipt").refusal, None);
        }
        state.apply(&result.writes);
        result
    };
    let publish = sign(
        key,
        "/stint.v1.Kernel/Publish",
        v1::PublishRequest { module: CONTRIBUTE.into() }.encode_to_vec(),
        1 << 40,
    );
    let result = run(&mut state, &[publish]);
    let receipt = v1::Receipt::decode(result.receipts[0].clone()).expect("a receipt");
    let code_hash = v1::PublishResponse::decode(receipt.response).expect("a response").code_hash;
    run(&mut state, &[sign(key, "/stint.v1.Kernel/Deploy", v1::DeployRequest { code_hash }.encode_to_vec(), 1 << 41)]);
    let calls = calls(key, 2_000);
    let base = Arc::new(state);
    let seconds =
        best(5, || drop(execute_block(&contracts, base.clone(), context, &calls, |_| Ok(false)).expect("a result")));
    seconds * 1e6 / 2_000.0
}

fn calls(key: &SigningKey, count: usize) -> Vec<Transaction> {
    (0..count)
        .map(|n| {
            let contribution = Contribution {
                id: format!("{:040x}", n + 1),
                author: format!("Author {} <a{}@example.org>", n % 50, n % 50),
                kind: "commit".into(),
                quantity: "1".into(),
                reference: "a line of about the length that the first line of a commit message has".into(),
                date: "2026-01-01".into(),
            };
            sign(key, RECORD, RecordRequest { contribution: Some(contribution) }.encode_to_vec(), n as u64)
        })
        .collect()
}

fn sign(key: &SigningKey, method: &str, request: Vec<u8>, id: u64) -> Transaction {
    let call_id = CallId { key: key.verifying_key().to_bytes(), id: u128::from(id).to_be_bytes() };
    let call = Call {
        chain_id: Hash::ZERO,
        commons: "forge".into(),
        method: method.into(),
        request: request.into(),
        call_id,
        valid_until: 1_000,
        fuel_limit: 0,
    };
    call.sign(key).expect("a call")
}

/// Blinding factors for the batch check; here they need not be secret.
struct Counter(u64);

impl rand_core::TryRng for Counter {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|n| n as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok((self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

/// A network of real processes: idle, alone with single calls, and under an importer's load.
async fn ledger(report: &mut Report, validators: usize, commits: usize) {
    let devnet = Devnet::start(validators);
    let mut add = |what: &str, value: f64| report.add(&format!("{validators} validators: {what}"), value);
    devnet.ok(&["found", "forge"]);
    let client = devnet.client(0).await;
    let key = devnet.steward();
    let mut times = Vec::new();
    for tx in calls(&key, IDLE_CALLS) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        client.command(&key, "forge", RECORD, tx.call().request.clone()).await.expect("a good call");
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    add("idle finality p50, ms", times[IDLE_CALLS / 2]);

    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = devnet.cpu_seconds();
    tokio::time::sleep(Duration::from_secs(10)).await;
    add("idle CPU of all, % of a core", (devnet.cpu_seconds() - before) * 10.0);

    devnet.ok(&["found", "history"]);
    let repository = TestRepository::with_commits(commits, 200);
    let (before, bytes) = (devnet.cpu_seconds(), devnet.disk_bytes());
    let path = repository.path().to_str().expect("a plain path");
    let out = devnet.ok(&["import", "git", "--commons", "history", "--repo", path]);
    // «2011 calls/s, final after 238 ms (p50), 443 ms (p99)»
    let line = out.lines().find(|l| l.contains("calls/s")).expect("the importer's figures");
    let numbers: Vec<f64> = line.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    add("calls/s", numbers[0]);
    add("finality p50 under load, ms", numbers[1]);
    add("finality p99 under load, ms", numbers[3]);
    let calls = commits as f64;
    add("CPU a call and validator, µs", (devnet.cpu_seconds() - before) * 1e6 / calls / validators as f64);
    add("disk a call and validator, bytes", (devnet.disk_bytes() - bytes) as f64 / calls / validators as f64);
}
