//! The gRPC edge of a node in memory, with contracts that answer what a test tells them to.

use super::{Server, serve, whatif};
use crate::{
    client::Client,
    core::{Node, WhatIf},
    tests::{add, call, in_memory},
};
use futures::StreamExt;
use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions,
    ServiceDescriptorProto, method_options::IdempotencyLevel,
};
use std::{sync::Arc, time::Duration};
use stint_proto::{limits::WHAT_IFS, v1};
use stint_store::Keep;
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use v1::what_if_response::Part as Told;

/// What a contract answers, as `stint.value.v1.WhatIfResponse` does.
#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(bytes = "vec", tag = "1")]
    report_hash: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<v1::WhatIfRow>,
    #[prost(int64, tag = "3")]
    sum_diff: i64,
    #[prost(uint64, tag = "4")]
    weighed: u64,
    #[prost(bool, tag = "5")]
    done: bool,
    #[prost(bytes = "vec", tag = "6")]
    carry: Vec<u8>,
    #[prost(message, optional, tag = "7")]
    progress: Option<v1::WhatIfProgress>,
}

fn row(n: i64) -> v1::WhatIfRow {
    v1::WhatIfRow { distribution: "i1".into(), agent: format!("a{n}"), old: n, new: 2 * n, diff: n }
}

/// Three parts: many rows, none, and the end.
fn three() -> Vec<Answer> {
    let progress = |done, contributions| Some(v1::WhatIfProgress { done, distributions: 2, contributions, weighed: 0 });
    vec![
        Answer {
            rows: (0..1_500).map(row).collect(),
            weighed: 40,
            carry: vec![1],
            progress: progress(1, 90),
            ..Answer::default()
        },
        Answer { weighed: 80, carry: vec![2], progress: progress(1, 90), ..Answer::default() },
        Answer {
            report_hash: vec![7; 32],
            rows: vec![row(9)],
            sum_diff: -3,
            weighed: 90,
            done: true,
            progress: progress(2, 90),
            ..Answer::default()
        },
    ]
}

/// Never ends.
fn endless() -> Vec<Answer> {
    [1, 2, 1].map(|n| Answer { carry: vec![n], ..Answer::default() }).into()
}

/// A module that gives the answer of the carry it is asked with, which has one byte and ends the request.
fn module(answers: &[Answer]) -> Vec<u8> {
    let escaped = |bytes: &[u8]| bytes.iter().map(|b| format!("\\{b:02x}")).collect::<String>();
    let (mut at, mut table, mut data) = (70_000u64, Vec::new(), String::new());
    for answer in answers {
        let bytes = answer.encode_to_vec();
        table.extend_from_slice(&(at << 32 | bytes.len() as u64).to_le_bytes());
        data += &format!("(data (i32.const {at}) \"{}\")", escaped(&bytes));
        at += bytes.len() as u64;
    }
    let text = format!(
        r#"(module (memory (export "memory") 3) (global (mut i32) (i32.const 0))
        (data (i32.const 16) "{}") {data}
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "stint_call") (param i32) (param $at i32) (param $size i32) (result i64)
            (local $n i32)
            (local.set $at (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 3)))
            (if (i32.eq (i32.load16_u (local.get $at)) (i32.const 0x015a))
                (then (local.set $n (i32.load8_u offset=2 (local.get $at)))))
            (i64.load offset=16 (i32.mul (local.get $n) (i32.const 8)))))"#,
        escaped(&table)
    );
    let mut wasm = wat::parse_str(text).expect("a module");
    let name = b"stint.descriptor";
    let section = [&[name.len() as u8][..], name, &descriptor().encode_to_vec()].concat();
    wasm.push(0);
    prost::encode_length_delimiter(section.len(), &mut wasm).expect("a size");
    wasm.extend(section);
    wasm
}

fn descriptor() -> FileDescriptorSet {
    let query =
        MethodOptions { idempotency_level: Some(IdempotencyLevel::NoSideEffects.into()), ..MethodOptions::default() };
    let nothing = Some(".stint.value.v1.Nothing".to_string());
    let method = MethodDescriptorProto {
        name: Some("WhatIf".into()),
        input_type: nothing.clone(),
        output_type: nothing,
        options: Some(query),
        ..MethodDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("value.proto".into()),
        package: Some("stint.value.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Nothing".into()), ..DescriptorProto::default() }],
        service: vec![ServiceDescriptorProto {
            name: Some("Value".into()),
            method: vec![method],
            ..ServiceDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
}

/// Has the node execute a call of the kernel, as a block of its own.
fn kernel<R: Message + Default>(node: &Node, commons: &str, method: &str, request: &impl Message) -> R {
    let call = call(node.tip().height, commons, &format!("/stint.v1.Kernel/{method}"), request);
    let id = call.id();
    add(node, vec![call]);
    let receipt = node.receipt(id).expect("readable").expect("a receipt");
    let receipt = v1::Receipt::decode(receipt).expect("a receipt");
    assert_eq!(receipt.refusal, None);
    R::decode(receipt.response).expect("an answer")
}

/// A node with the commons forge, whose contract answers in three parts, and mill, whose contract never ends.
fn node() -> Arc<Node> {
    let node = in_memory(Keep::default());
    for (commons, answers) in [("forge", three()), ("mill", endless())] {
        let ana = v1::AdmitRequest { agent: "ana".into(), roles: vec!["steward".into()], ..Default::default() };
        let request = v1::FoundRequest { commons: commons.into(), members: vec![ana], ..Default::default() };
        kernel::<v1::FoundResponse>(&node, "consortium", "Found", &request);
        let request = v1::PublishRequest { module: module(&answers).into() };
        let published: v1::PublishResponse = kernel(&node, "consortium", "Publish", &request);
        // Time passes until the code may serve.
        (0..10).for_each(|_| _ = add(&node, Vec::new()));
        let request = v1::DeployRequest { code_hash: published.code_hash };
        kernel::<v1::DeployResponse>(&node, commons, "Deploy", &request);
    }
    node
}

/// A client of the node, for as long as the test runs.
async fn client(node: &Arc<Node>) -> Client {
    let server = Server::open("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
    let address = server.address;
    tokio::spawn(serve(server, node.clone(), "v1".into(), std::future::pending()));
    Client::connect(address).await.expect("it answers")
}

type Stream = tonic::Streaming<v1::WhatIfResponse>;

fn about(commons: &str) -> v1::WhatIfRequest {
    v1::WhatIfRequest { commons: commons.into(), slot: "valuation".into(), ..Default::default() }
}

async fn ask(client: &Client, request: v1::WhatIfRequest) -> Result<Stream, Status> {
    client.ledger().what_if(request).await.map(|answer| answer.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_as_they_are_found_and_at_last_the_report() {
    let node = node();
    let client = client(&node).await;
    let height = node.tip().height;
    // Blocks that come meanwhile are not of the state that is asked.
    let stream = ask(&client, v1::WhatIfRequest { from: 2, ..about("forge") }).await.expect("begun");
    add(&node, Vec::new());
    let told: Vec<Told> = stream.map(|m| m.expect("a message").part.expect("a part")).collect().await;
    let mut report = None;
    let shown: Vec<String> = told
        .into_iter()
        .map(|told| match told {
            Told::Progress(p) => format!("{} of {}, {} of {}", p.done, p.distributions, p.weighed, p.contributions),
            Told::Rows(rows) => format!("{} rows", rows.rows.len()),
            Told::Report(told) => {
                report = Some(told);
                "report".into()
            }
        })
        .collect();
    let expected =
        ["1 of 2, 40 of 90", "1000 rows", "500 rows", "1 of 2, 80 of 90", "2 of 2, 90 of 90", "1 rows", "report"];
    assert_eq!(shown, expected);
    let expected = v1::WhatIfReport {
        report_hash: vec![7; 32].into(),
        sum_diff: -3,
        weighed: 90,
        from: 2,
        to: height,
        height,
        ..Default::default()
    };
    assert_eq!(report, Some(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_has_no_answer_is_refused_with_what_is_wrong() {
    let node = node();
    let client = client(&node).await;
    let height = node.tip().height;
    let anew = v1::RulePatch { anew: true, ..Default::default() };
    for (request, code, says) in [
        (v1::WhatIfRequest { to: height + 1, ..about("forge") }, Code::OutOfRange, "the range ends with block"),
        (v1::WhatIfRequest { from: 3, to: 2, ..about("forge") }, Code::InvalidArgument, "ends with block 2 before it"),
        (
            v1::WhatIfRequest { from: 3, height: 2, ..about("forge") },
            Code::InvalidArgument,
            "ends with block 2 before it",
        ),
        (v1::WhatIfRequest { height: height + 1, ..about("forge") }, Code::OutOfRange, "is not final"),
        (v1::WhatIfRequest { patch: Some(anew), ..about("forge") }, Code::InvalidArgument, "names its module"),
        // Before its contract was there.
        (v1::WhatIfRequest { height: 1, ..about("forge") }, Code::Unimplemented, "stint.value.v1.Value"),
    ] {
        let refused = match ask(&client, request.clone()).await {
            Ok(mut stream) => stream.message().await.expect_err("refused"),
            Err(refused) => refused,
        };
        assert!(refused.code() == code && refused.message().contains(says), "{request:?}: {refused}");
    }
}

/// Who leaves makes room for others.
#[tokio::test(flavor = "multi_thread")]
async fn few_run_at_once_and_none_for_nobody() {
    let node = node();
    let client = client(&node).await;
    let mut running = Vec::new();
    for _ in 0..WHAT_IFS {
        let mut stream = ask(&client, about("mill")).await.expect("begun");
        assert!(stream.message().await.expect("it goes on").is_some());
        running.push(stream);
    }
    let refused = ask(&client, about("forge")).await.expect_err("there is no place");
    assert!(refused.code() == Code::ResourceExhausted && refused.message().contains("ask again later"), "{refused}");
    running.pop();
    let free = async {
        while ask(&client, about("forge")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), free).await.expect("a place is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn none_runs_for_ever() {
    let node = node();
    let (places, queries) = (whatif::places(1), Arc::new(Semaphore::new(1)));
    let place = places.take().expect("a place");
    let endless = WhatIf::begin(&node, about("mill")).expect("a question");
    let told = whatif::tell(node, queries, place, endless, Duration::from_millis(100));
    let mut refusals = told.filter_map(|message| std::future::ready(message.err()));
    let last = tokio::time::timeout(Duration::from_secs(20), refusals.next()).await;
    let refused = last.expect("an end").expect("a refusal");
    assert_eq!(refused.code(), Code::DeadlineExceeded);
    assert_eq!(places.taken(), 0);
}
