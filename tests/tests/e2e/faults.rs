//! Processes that die at the worst moment.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::Duration,
};
use stint_node::client::random_id;
use stint_proto::v1;
use stint_tests::{Devnet, TestRepository, eventually};

const COMMITS: usize = 6_000;

/// Starts an import of many commits in the background.
fn import(devnet: &Devnet, repository: &TestRepository) -> Child {
    devnet.ok(&["found", "forge"]);
    let path = repository.path().to_str().expect("a plain path");
    let mut command = devnet.command(&["import", "git", "--commons", "forge", "--repo", path]);
    command.stdout(Stdio::piped()).spawn().expect("stint runs")
}

/// Waits until a validator has executed this many calls.
async fn executed(devnet: &Devnet, validator: usize, calls: u64) {
    let client = devnet.client(validator).await;
    let what = format!("{calls} calls are executed");
    eventually(&what, 60, async || (client.status().await.ok()?.transactions >= calls).then_some(())).await;
}

/// Waits for the end of an import; it must say that all went well.
async fn finished(mut import: Child) -> String {
    let lines = BufReader::new(import.stdout.take().expect("piped")).lines();
    let out = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    let out = tokio::time::timeout(Duration::from_secs(180), out).await.expect("an end").expect("text");
    assert!(import.wait().expect("an end").success(), "{out}");
    assert!(out.contains("equal git shortlog"), "{out}");
    out
}

/// The importer once took a commit from git, lost its node while sending it, and forgot it: one
/// commit fewer and no word about it. A call is now under way before it is sent.
#[tokio::test]
async fn an_import_survives_the_death_of_any_one_validator() {
    // The first one is the validator that the importer talks to.
    for victim in [0, 2] {
        let mut devnet = Devnet::start(4);
        let repository = TestRepository::with_commits(COMMITS, 50);
        let import = import(&devnet, &repository);
        executed(&devnet, 1, 1_000).await;
        devnet.kill(victim);
        finished(import).await;
        devnet.start_one(victim);
        devnet.agree().await;
        assert_eq!(devnet.statuses().await.len(), 4);
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_all_validators_die() {
    let mut devnet = Devnet::start(4);
    let repository = TestRepository::with_commits(COMMITS, 50);
    let import = import(&devnet, &repository);
    let steward = devnet.steward();
    let mut acknowledged = Vec::new();
    for round in 0..3u64 {
        executed(&devnet, 1, 1_000 * (round + 1)).await;
        let client = devnet.client(3).await;
        let id = random_id().expect("an id");
        let request = v1::AdmitRequest { agent: format!("m{round}"), key: vec![].into(), roles: vec![] };
        // Refused for want of a key, and final all the same: a refusal is a receipt too.
        let tx = client.sign(
            &steward,
            "forge",
            "/stint.v1.Kernel/Admit",
            prost::Message::encode_to_vec(&request).into(),
            id,
        );
        let tx = tx.await.expect("a signature");
        assert!(client.call(&tx).await.is_err());
        acknowledged.push(tx.id());
        for i in 0..4 {
            devnet.kill(i);
        }
        for i in 0..4 {
            devnet.start_one(i);
        }
    }
    finished(import).await;
    devnet.agree().await;
    for i in 0..4 {
        let mut ledger = devnet.client(i).await.ledger();
        for id in &acknowledged {
            let request = v1::GetReceiptRequest { key: id.key.to_vec().into(), id: id.id.to_vec().into() };
            assert!(ledger.get_receipt(request).await.is_ok(), "validator {i} lost the receipt of {id}");
        }
    }
}
