//! What the node makes of it.

use crate::{
    machine::{RECORD, request},
    report::Report,
};
use std::time::{Duration, Instant};
use stint_tests::{Devnet, TestRepository};

const IDLE_CALLS: usize = 40;

/// A network of real processes: idle, alone with single calls, and under an importer's load.
pub async fn network(report: &mut Report, validators: usize, commits: usize) {
    let devnet = Devnet::start(validators);
    let mut add = |what: &str, value: f64| report.add(&format!("{validators} validators: {what}"), value);
    devnet.ok(&["found", "forge"]);
    let client = devnet.client(0).await;
    let key = devnet.steward();
    let mut times = Vec::new();
    for n in 0..IDLE_CALLS {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        client.command(&key, "forge", RECORD, request(n).into()).await.expect("a good call");
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
