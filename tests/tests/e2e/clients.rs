//! Clients that are not ours.

use prost::Message;
use std::{path::Path, process::Command};
use stint_node::cli::contribute::{Contribution, GetSharesRequest, GetSharesResponse, RecordRequest};
use stint_proto::v1;
use stint_tests::{Devnet, TestRepository};

/// A Python with grpcio, made once on a machine.
fn python() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/python-env");
    let output = Command::new(script).output().expect("scripts/python-env runs");
    assert!(output.status.success(), "scripts/python-env: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().into()
}

/// A client with nothing but the address lists the contract's service and asks it; another one
/// reads the shares by stubs generated from the contract's `.proto`.
#[test]
fn python_reads_the_shares_by_reflection_and_by_stubs() {
    let python = python();
    let devnet = Devnet::start(4);
    devnet.ok(&["found", "forge"]);
    let repository = TestRepository::with_commits(30, 3);
    devnet.ok(&["import", "git", "--commons", "forge", "--repo", repository.path().to_str().expect("plain")]);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(tests.join("python/shares.py"))
        .arg(devnet.address(2).to_string())
        .arg("forge")
        .arg(tests.join("../contracts/contribute/proto"))
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let services: Vec<&str> = shown["services"].as_array().expect("a list").iter().filter_map(|s| s.as_str()).collect();
    for service in ["stint.contribute.v1.Contribute", "stint.v1.Ledger", "stint.v1.Kernel", "grpc.health.v1.Health"] {
        assert!(services.contains(&service), "{service} is missing in {services:?}");
    }
    assert_eq!(shown["methods"]["ListRules"], true, "queries are marked");
    assert_eq!(shown["methods"]["Record"], false);
    assert_eq!(shown["by_reflection"], shown["by_stubs"]);
    let counts: u64 =
        shown["by_stubs"].as_array().expect("a list").iter().filter_map(|s| s["contributions"].as_u64()).sum();
    assert_eq!(counts, 30);
    let percent: u64 =
        shown["by_stubs"].as_array().expect("a list").iter().filter_map(|s| s["basis_points"].as_u64()).sum();
    assert_eq!(percent, 10_000);
    assert_eq!(shown["unsigned_command"], "UNAUTHENTICATED");
}

fn record(n: u64) -> bytes::Bytes {
    let contribution = Contribution {
        id: format!("c{n}"),
        author: "ana".into(),
        kind: "commit".into(),
        quantity: "1".into(),
        reference: String::new(),
        date: "2026-01-01".into(),
    };
    RecordRequest { contribution: Some(contribution) }.encode_to_vec().into()
}

/// Queries once read the newest state alone, by every way in.
#[tokio::test]
async fn a_query_may_ask_for_an_older_state() {
    const SHARES: &str = "stint.contribute.v1.Contribute/GetShares";
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    let (path, mut heights) = (format!("/{SHARES}"), Vec::new());
    for n in 1..=2 {
        let call = client.command(&steward, "forge", "/stint.contribute.v1.Contribute/Record", record(n));
        heights.push(call.await.expect("recorded").1);
    }
    for (height, expected) in [(heights[0], 1), (heights[1], 2), (0, 2)] {
        let asked = client.query_at("forge", &path, Default::default(), height);
        let (answer, read) = asked.await.expect("shares");
        assert_eq!(GetSharesResponse::decode(answer).expect("a response").contributions, expected);
        assert!(if height == 0 { read >= heights[1] } else { read == height }, "{read}");
    }
    let at = heights[0].to_string();
    for how in [&["--height", &at[..]][..], &["--height", &at, "--prove"]] {
        let said = devnet.ok(&[&["query", "--commons", "forge"], how, &[SHARES]].concat());
        assert!(said.contains("\"contributions\": 1"), "{how:?}: {said}");
    }
    let said = devnet.fails(&["query", "--commons", "forge", "--height", "1000000", SHARES]);
    assert!(said.contains("block 1000000 is not final; the newest is"), "{said}");

    // Clients that have only the address and the contract's own messages.
    let ask = async |height: String| {
        let mut request = tonic::Request::new(v1::GetCommonsRequest::default());
        request.metadata_mut().insert("stint-commons", "forge".parse().expect("ASCII"));
        request.metadata_mut().insert("stint-height", height.parse().expect("ASCII"));
        v1::kernel_client::KernelClient::new(client.channel()).get_commons(request).await
    };
    let newest = ask("0".into()).await.expect("an answer");
    assert!(newest.metadata().contains_key("stint-height") && !newest.get_ref().contracts.is_empty());
    let founded = newest.get_ref().founded_height;
    let first = ask(founded.to_string()).await.expect("an answer");
    assert!(first.get_ref().contracts.is_empty(), "the contract came later");
    if founded > 1 {
        assert_eq!(ask("1".into()).await.expect_err("not founded yet").code(), tonic::Code::NotFound);
    }
    assert!(ask("soon".into()).await.expect_err("no number").message().contains("stint-height is no decimal number"));
}

/// A call was once told to be final a moment before queries could see its block: `stint found`
/// founded a commons and was told that there is none.
#[tokio::test]
async fn what_is_final_is_seen_by_the_next_query() {
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    for n in 1..=100u64 {
        let call = client.command(&steward, "forge", "/stint.contribute.v1.Contribute/Record", record(n));
        call.await.expect("recorded");
        let request = GetSharesRequest::default().encode_to_vec();
        let answer =
            client.query("forge", "/stint.contribute.v1.Contribute/GetShares", request.into()).await.expect("shares");
        assert_eq!(GetSharesResponse::decode(answer).expect("a response").contributions, n);
    }
}
