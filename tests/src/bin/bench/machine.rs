//! What the machine can do without us: the denominators.

use crate::report::{Report, best};
use ed25519_dalek::{Signer, SigningKey};
use prost::Message;
use std::{fs::File, io::Write, sync::Arc};
use stint_node::cli::contribute::{Contribution, RecordRequest};
use stint_proto::{Call, CallId, Hash, Transaction, hash_parts, signature, v1};
use stint_runtime::{BlockContext, execute_block};
use stint_testkit::Ledger;

const CONTRIBUTE: &[u8] = include_bytes!("../../../../contracts/dist/contribute.wasm");
pub const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
const BATCH: usize = 128;

/// What the machine can do without us.
pub fn machine(report: &mut Report) {
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
    report.add("bare contract call, µs", bare_call());
}

/// A contribution through the runtime alone, over state in memory.
fn bare_call() -> f64 {
    let mut ledger = Ledger::new();
    ledger.found("forge", &[("ana", &["steward"])]);
    ledger.deploy("forge", CONTRIBUTE);
    ledger.time_ms = 1_795_341_600_000;
    let calls: Vec<_> = (0..2_000).map(|n| ledger.sign("forge", "ana", RECORD, &request(n))).collect();
    let base = Arc::new(ledger.state.clone());
    let context = BlockContext { height: ledger.height + 1, time_ms: ledger.time_ms };
    let run = || execute_block(&ledger.contracts, base.clone(), context, &calls, |_| Ok(false)).expect("a result");
    for receipt in run().receipts {
        assert_eq!(v1::Receipt::decode(receipt).expect("a receipt").refusal, None);
    }
    best(5, || drop(run())) * 1e6 / 2_000.0
}

/// A contribution of about the size that a commit makes.
pub fn request(n: usize) -> Vec<u8> {
    let contribution = Contribution {
        id: format!("{:040x}", n + 1),
        author: format!("Author {} <a{}@example.org>", n % 50, n % 50),
        kind: "commit".into(),
        quantity: "1".into(),
        reference: "a line of about the length that the first line of a commit message has".into(),
        date: "2026-01-01".into(),
    };
    RecordRequest { contribution: Some(contribution) }.encode_to_vec()
}

fn calls(key: &SigningKey, count: usize) -> Vec<Transaction> {
    (0..count).map(|n| sign(key, RECORD, request(n), n as u64)).collect()
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
