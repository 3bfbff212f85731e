//! What costs without a contract's own work: methods of the kernel, calls that are refused before they
//! begin, and code that was not called yet.

use super::{
    Stage,
    cases::RULE,
    contracts,
    modules::{bombs, module},
};
use crate::report::best;
use prost::Message;
use std::time::Instant;
use stint_proto::{
    Hash,
    limits::{BLOCK_TRANSACTIONS, EVIDENCE_OF_KEY},
    v1,
};
use stint_runtime::prepare_published;
use stint_testkit::{Ledger, STEWARD, key_of, signed_twice};
use stint_verifier::Kind;

/// A commons with many members.
pub const CROWD: &str = "crowd";
const MEMBERS: usize = 10_000;
/// Keys that an upgrade left behind.
const LEFT: u32 = 3_000;
/// Commons, each with other code, whose calls come one after the other.
const COLD: u8 = 32;
const CONTRIBUTE: &[u8] = include_bytes!("../../../../../contracts/dist/contribute.wasm");

/// A contract that brings nothing over, and says that it is done.
fn migrating(version: u32) -> Vec<u8> {
    let wat = format!(
        r#"(module (memory (export "memory") 1) (global (mut i32) (i32.const 0)) (data (i32.const 64) "\08\01")
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "stint_migrate") (param i32 i32) (result i64) (i64.const {}))
        (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0)) (func (result i32) (i32.const {version})))"#,
        64u64 << 32 | 2
    );
    module("Moves", "Do", &wat)
}

/// Members, code and an upgrade that left keys behind.
pub fn set(ledger: &mut Ledger) {
    // Who measures founds, too.
    ledger.admit("consortium", "ana", &["steward"]);
    let one = ledger.state.0[&format!("k/member/{CROWD}/ana").into_bytes()].clone();
    for n in 0..MEMBERS {
        ledger.state.0.insert(format!("k/member/{CROWD}/member-{n}").into_bytes(), one.clone());
    }
    for (name, text) in large() {
        ledger.deploy("forge", &module(name, "Do", &text));
    }
    for n in 0..COLD {
        ledger.found(&cold(n), &[("ana", &["steward"])]);
        ledger.deploy(&cold(n), &variant(n));
    }
    ledger.publish(&module("E", "Case", &RULE.replace("(i64.const 0)", "(i64.const 2)")));
    ledger.publish(&module("New", "Do", RULE));
    ledger.deploy("forge", &migrating(1));
    let done = ledger.upgrade("forge", &migrating(2), true).expect("an upgrade");
    assert!(!done.done);
    for n in 0..LEFT {
        ledger.state.0.insert([b"c/forge/bench.v1.Moves/0/", &n.to_le_bytes()[..]].concat(), vec![7; 100]);
    }
    for _ in 0..2 {
        let asked = v1::MigrateRequest { service: "bench.v1.Moves".into() };
        ledger.kernel::<v1::MigrateResponse>("forge", "Migrate", &asked).expect("a step");
    }
}

/// Modules of nearly a megabyte whose method does nothing.
fn large() -> Vec<(&'static str, String)> {
    let names = ["Blocks", "Functions", "Arithmetic"];
    names.into_iter().zip(bombs()).map(|(name, (_, text))| (name, text)).collect()
}

/// A new agent.
fn admit(n: usize) -> v1::AdmitRequest {
    let agent = format!("newcomer-{n}");
    let key = key_of(&agent).verifying_key().to_bytes().to_vec();
    v1::AdmitRequest { agent, key: key.into(), roles: vec!["guest".into()] }
}

/// Nanoseconds that a unit of fuel buys of each method of the kernel, and of the first call of code.
pub fn measure(stage: &mut Stage) -> Vec<(f64, String)> {
    let mut measured = Vec::new();
    let empty: Vec<_> = (0..4_000).map(|_| stage.ledger.sign("forge", "ana", "/bench.v1.E/Case", b"")).collect();
    measured.push((stage.measure("an empty call", &empty, 5, false), "an empty call of its own".into()));
    measured.push((first_calls(stage), "the first calls of 32 contracts, after a start".into()));
    // Publishing compiles beside, so it comes last.
    let mut kernel = |stage: &mut Stage, name: &str, commons: &str, method: &str, requests: Vec<Vec<u8>>| {
        let method = format!("/stint.v1.Kernel/{method}");
        let calls: Vec<_> = requests.iter().map(|r| stage.ledger.sign(commons, "ana", &method, r)).collect();
        measured.push((stage.measure(name, &calls, 5, false), format!("kernel: {name}")));
    };
    let found = |n: usize, members: usize| {
        let steward = v1::AdmitRequest { agent: "ana".into(), roles: vec!["steward".into()], ..Default::default() };
        let members = std::iter::once(steward).chain((1..members).map(|m| admit(n * 1_000 + m))).collect();
        v1::FoundRequest { commons: format!("new-{n}"), purpose: String::new(), members }.encode_to_vec()
    };
    let code = |wasm: &[u8]| stint_proto::hash_parts(&[wasm]).0.to_vec();
    let large = module("Arithmetic", "Do", &large()[2].1);
    let fresh = |n: u8| {
        let mut module = large.clone();
        stint_node::cli::contract::add_section(&mut module, "n", &[n]);
        module
    };
    let mut cut = fresh(0);
    // What is wrong with it stands at its end.
    stint_node::cli::contract::add_section(&mut cut, "stint.meta", &[0xff]);

    let consortium = "consortium";
    kernel(stage, "Found", consortium, "Found", (0..50).map(|n| found(n, 1)).collect());
    kernel(stage, "Found with 1,000 members", consortium, "Found", vec![found(60, 1_000)]);
    kernel(stage, "Admit", "forge", "Admit", (0..200).map(|n| admit(n).encode_to_vec()).collect());
    kernel(stage, "Admit to 10,000 members", CROWD, "Admit", (0..20).map(|n| admit(n).encode_to_vec()).collect());
    // The one validator of the testkit's ledger is its steward.
    let twice = |view| signed_twice(Hash::ZERO, &key_of(STEWARD), view, [(Kind::Notarize, 1), (Kind::Notarize, 2)]);
    let evidence = |view| v1::ReportEvidenceRequest { evidence: twice(view).encode().into() }.encode_to_vec();
    let rounds = 1..=EVIDENCE_OF_KEY as u64;
    kernel(stage, "ReportEvidence", consortium, "ReportEvidence", rounds.map(evidence).collect());
    kernel(
        stage,
        "Deploy",
        "forge",
        "Deploy",
        vec![v1::DeployRequest { code_hash: code(&module("New", "Do", RULE)).into() }.encode_to_vec()],
    );
    kernel(
        stage,
        "Upgrade",
        "forge",
        "Upgrade",
        vec![
            v1::UpgradeRequest {
                code_hash: code(&module("E", "Case", &RULE.replace("(i64.const 0)", "(i64.const 2)"))).into(),
                in_steps: false,
            }
            .encode_to_vec(),
        ],
    );
    kernel(
        stage,
        "Migrate, deleting 1,000 keys",
        "forge",
        "Migrate",
        vec![v1::MigrateRequest { service: "bench.v1.Moves".into() }.encode_to_vec()],
    );
    kernel(
        stage,
        "Publish, known",
        "forge",
        "Publish",
        vec![v1::PublishRequest { module: large.clone().into() }.encode_to_vec()],
    );
    kernel(
        stage,
        "Publish, 1 MB",
        "forge",
        "Publish",
        vec![v1::PublishRequest { module: fresh(1).into() }.encode_to_vec()],
    );
    measured.push((refused_module(stage, cut), "kernel: Publish, 1 MB, refused at its end".into()));
    measured
}

fn refused_module(stage: &mut Stage, module: Vec<u8>) -> f64 {
    let request = v1::PublishRequest { module: module.into() }.encode_to_vec();
    let call = [stage.ledger.sign("forge", "ana", "/stint.v1.Kernel/Publish", &request)];
    let result = stage.execute(&stage.ledger.contracts, &call);
    let refusal = v1::Receipt::decode(result.receipts[0].clone()).expect("a receipt").refusal.expect("refused");
    assert_eq!(refusal.rule, "code", "{}", refusal.message);
    best(5, || drop(stage.execute(&stage.ledger.contracts, &call))) * 1e9 / result.fuel_used as f64
}

fn cold(n: u8) -> String {
    format!("cold-{n}")
}

/// A contract as usual ones are, 100 kB, with a hash of its own.
fn variant(n: u8) -> Vec<u8> {
    let mut module = CONTRIBUTE.to_vec();
    stint_node::cli::contract::add_section(&mut module, "n", &[n]);
    module
}

/// Nanoseconds that a unit of fuel buys of calls that do next to nothing, each of other code, in a process that has
/// started and has called none of it yet.
fn first_calls(stage: &mut Stage) -> f64 {
    let warm = [stage.ledger.sign("forge", "ana", "/bench.v1.E/Case", b"")];
    let record = "/stint.contribute.v1.Contribute/Record";
    let calls: Vec<_> = (0..COLD).map(|n| stage.ledger.sign(&cold(n), "ana", record, b"")).collect();
    let mut fastest = f64::MAX;
    for _ in 0..5 {
        let contracts = contracts(stage.code.path());
        prepare_published(&contracts, stage.base.clone()).expect("readable");
        stage.execute(&contracts, &warm);
        let began = Instant::now();
        let result = stage.execute(&contracts, &calls);
        fastest = fastest.min(began.elapsed().as_secs_f64() * 1e9 / result.fuel_used as f64);
    }
    fastest
}

/// Milliseconds of a block full of calls that burn nothing: they are refused before they begin.
pub fn free(stage: &mut Stage) -> Vec<(f64, String)> {
    let mut measured = Vec::new();
    for (name, commons, method) in [
        ("calls to nowhere", "nowhere", "/bench.v1.E/Case"),
        ("calls of no service", "forge", "/bench.v1.None/Do"),
        ("calls of no method", "forge", "/bench.v1.E/None"),
        ("signed queries", "forge", "/bench.v1.Large/Ask"),
    ] {
        let calls: Vec<_> = (0..BLOCK_TRANSACTIONS).map(|_| stage.ledger.sign(commons, "ana", method, b"")).collect();
        assert_eq!(stage.execute(&stage.ledger.contracts, &calls).fuel_used, 0, "{name}");
        let seconds = best(3, || drop(stage.execute(&stage.ledger.contracts, &calls)));
        measured.push((seconds * 1e3, format!("{BLOCK_TRANSACTIONS} {name}")));
    }
    measured
}
