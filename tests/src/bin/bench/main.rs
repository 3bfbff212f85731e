//! `scripts/bench`: what this machine can do at all, what the node makes of it, and the ratio, in one run.
//!
//! Machines differ and are shared, so the ratios are the figures to compare.
//!
//! | file | `--only` | what it measures |
//! |---|---|---|
//! | `machine.rs`, `network.rs` | `ledger` | signatures, hashes, disk; then one and four validators |
//! | `state.rs` | `state` | what a root over the state costs beside plain RocksDB; proofs; large states |
//! | `fuel/` | `fuel` | what a unit of fuel buys of everything a contract can do |
#![forbid(unsafe_code)]

mod fuel;
mod machine;
mod network;
mod report;
mod state;

use report::Report;

fn main() {
    let mut commits = 20_000;
    let mut only = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), argument.parse()) {
            ("--only", _) => only = arguments.next(),
            (_, Ok(n)) => commits = n,
            _ => {
                eprintln!("usage: bench [COMMITS] [--only ledger|state|fuel]");
                std::process::exit(2);
            }
        }
    }
    let mut report = Report::default();
    let mut failed = None;
    let chosen = |part: &str| only.as_deref().is_none_or(|o| o == part);
    // The first, for it measures memory.
    if chosen("state") {
        state::state(&mut report);
    }
    if chosen("fuel") {
        failed = fuel::fuel(&mut report).err();
        fuel::compile(&mut report);
    }
    if chosen("ledger") {
        ledger(&mut report, commits);
    }
    report.save();
    if let Some(why) = failed {
        eprintln!("{why}");
        std::process::exit(1);
    }
}

fn ledger(report: &mut Report, commits: usize) {
    machine::machine(report);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    for validators in [1, 4] {
        runtime.block_on(network::network(report, validators, commits));
    }
    let bare = report.value("batch signature check, µs") + report.value("bare contract call, µs");
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get()) as f64;
    for n in [1.0, 4.0] {
        let rate = report.value(&format!("{n} validators: calls/s"));
        report.add(&format!("{n} validators: useful share of CPU"), rate * n * bare / 1e6 / cores);
        let idle = report.value(&format!("{n} validators: idle finality p50, ms"));
        report.add(&format!("{n} validators: idle finality / durable write"), idle / report.value("durable write, ms"));
    }
}
