//! Streams whose nodes die under them.

use ed25519_dalek::SigningKey;
use futures::{Stream, StreamExt};
use std::{collections::BTreeSet, net::SocketAddr, pin::pin, time::Duration};
use stint_node::{
    cli::contribute::{Contribution, RecordRequest, Recorded},
    client::{Client, ClientError, VALID_FOR, random_id, resume, sign},
};
use stint_proto::{limits::WATCH_PROGRESS_MS, v1};
use stint_tests::{Devnet, eventually};
use tokio::{sync::watch, task::JoinHandle};
use v1::{watch_events_response::What as OfEvents, watch_receipts_response::What as OfReceipts};

const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
/// Deaths of nodes that streams read from; STINT_DEATHS says another number.
const DEATHS: usize = 12;

fn record(id: String, kind: &str) -> bytes::Bytes {
    let contribution = Contribution {
        id,
        author: "ana".into(),
        kind: kind.into(),
        quantity: "1".into(),
        reference: String::new(),
        date: "2026-01-01".into(),
    };
    prost::Message::encode_to_vec(&RecordRequest { contribution: Some(contribution) }).into()
}

/// Calls at once.
const AT_ONCE: u64 = 50;

/// Calls, some at once, on whichever node answers, until it is told to stop; gives the ids that were acknowledged.
fn load(nodes: Vec<SocketAddr>, steward: SigningKey, stop: watch::Receiver<bool>) -> JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        let mut rounds = 0u64..;
        let mut nodes = nodes.iter().cycle();
        while !*stop.borrow() {
            let Ok(client) = Client::connect(*nodes.next().expect("a node")).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            while !*stop.borrow() {
                let Ok(status) = client.status().await else { break };
                let first = rounds.next().expect("a round") * AT_ONCE;
                let calls = (first..first + AT_ONCE).map(|n| {
                    let (client, steward, until) = (&client, &steward, status.height + VALID_FOR);
                    async move {
                        let kind = if n.is_multiple_of(10) { "tenth" } else { "commit" };
                        let (id, request) = (random_id().expect("an id"), record(format!("c{n}"), kind));
                        let tx = sign(client.chain_id, steward, "forge", RECORD, request, id, until).expect("a call");
                        client.call(&tx).await.map(|_| format!("c{n}"))
                    }
                });
                let ended = futures::future::join_all(calls).await;
                // A call whose node dies may be executed all the same; only what is acknowledged must be told.
                acknowledged.extend(ended.into_iter().flatten());
            }
        }
        acknowledged
    })
}

/// What a stream of events tells until it is told that `last` stands on the ledger: places and ids.
async fn heard(
    events: impl Stream<Item = Result<v1::WatchEventsResponse, ClientError>>,
    last: &str,
) -> Vec<((u64, u32, u32), String)> {
    let mut events = pin!(events);
    let mut heard = Vec::new();
    loop {
        let message = events.next().await.expect("it goes on for ever").expect("a message");
        if let Some(OfEvents::Event(told)) = message.what {
            let (at, event) = (told.at.expect("a place"), told.event.expect("an event"));
            let recorded: Recorded = prost::Message::decode(event.body).expect("a contribution");
            let id = recorded.contribution.expect("a contribution").id;
            assert_eq!(told.agent, "steward");
            let is_last = id == last;
            heard.push(((at.height, at.index, at.event), id));
            if is_last {
                return heard;
            }
        }
    }
}

fn of_forge(fields: &[&str]) -> v1::WatchRequest {
    let filter = v1::WatchFilter {
        commons: "forge".into(),
        r#type: "Recorded".into(),
        fields: fields.iter().map(|f| f.to_string()).collect(),
        ..Default::default()
    };
    v1::WatchRequest {
        from: Some(v1::Cursor { height: 1, ..Default::default() }),
        filter: Some(filter),
        ..Default::default()
    }
}

/// The streams' promise: whatever dies, nothing is missing and nothing comes twice. The node that is killed is the one
/// that the first stream reads from.
#[tokio::test(flavor = "multi_thread")]
async fn streams_lose_nothing_and_repeat_nothing_when_their_nodes_die() {
    let mut devnet = Devnet::start(4);
    devnet.ok(&["found", "forge"]);
    let nodes: Vec<SocketAddr> = (0..4).map(|i| devnet.address(i)).collect();
    let rotated = |by: usize| [&nodes[by..], &nodes[..by]].concat();
    let (stop, stopped) = watch::channel(false);
    let calls = load(rotated(1), devnet.steward(), stopped);
    let all = tokio::spawn(heard(resume(nodes.clone(), of_forge(&[])), "last"));
    let tenth = tokio::spawn(heard(resume(rotated(2), of_forge(&["contribution.kind=tenth"])), "last"));
    let deaths = std::env::var("STINT_DEATHS").ok().and_then(|n| n.parse().ok()).unwrap_or(DEATHS);
    for death in 0..deaths {
        let victim = death % 4;
        let other = devnet.client((victim + 1) % 4).await;
        let height = async || Some(other.status().await.ok()?.height);
        let before = eventually("a height", 20, height).await;
        // With one validator away the others go on, so the streams have something to lose.
        devnet.kill(victim);
        eventually("blocks without it", 30, async || (height().await? > before + 2).then_some(())).await;
        devnet.start_one(victim);
        let back = devnet.client(victim).await;
        let goal = eventually("a height", 20, height).await;
        let caught_up = async || (back.status().await.ok()?.height > goal).then_some(());
        eventually("it has caught up", 30, caught_up).await;
    }
    stop.send_replace(true);
    let acknowledged = calls.await.expect("the load");
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    client.command(&steward, "forge", RECORD, record("last".into(), "tenth")).await.expect("recorded");
    let patience = Duration::from_secs(60);
    let all = tokio::time::timeout(patience, all).await.expect("all is told").expect("an end");
    let tenth = tokio::time::timeout(patience, tenth).await.expect("all is told").expect("an end");

    // Exactly what a reader finds that was never disturbed.
    let calm = heard(resume(vec![devnet.address(3)], of_forge(&[])), "last").await;
    assert_eq!(all, calm);
    let calm_tenth: Vec<_> = calm
        .iter()
        .filter(|(_, id)| id == "last" || id[1..].parse().is_ok_and(|n: u64| n.is_multiple_of(10)))
        .cloned()
        .collect();
    assert_eq!(tenth, calm_tenth);
    assert!(calm.windows(2).all(|two| two[0].0 < two[1].0), "in order");
    let told: BTreeSet<&String> = calm.iter().map(|(_, id)| id).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !told.contains(id)).collect();
    assert!(lost.is_empty(), "acknowledged and not told: {lost:?}");
    assert!(acknowledged.len() > deaths, "{} calls were under way", acknowledged.len());
    println!("{deaths} deaths: {} events, {} acknowledged", calm.len(), acknowledged.len());
}

/// Many calls in one message, each with its own end.
#[tokio::test]
async fn a_batch_is_answered_call_by_call() {
    use v1::submit_response::Outcome;
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    let mut transactions: Vec<v1::Transaction> = Vec::new();
    for id in ["c1", "c2", "c2"] {
        let tx = client.sign(&steward, "forge", RECORD, record(id.into(), "commit"), random_id().expect("an id")).await;
        transactions.push((&tx.expect("a call")).into());
    }
    transactions.push(v1::Transaction::default());
    let batch = v1::SubmitBatchRequest { transactions: transactions.clone() };
    let answer = client.ledger().submit_batch(batch).await.expect("an answer").into_inner();
    let ends: Vec<_> = answer.answers.iter().map(|a| matches!(&a.outcome, Some(Outcome::Receipt(_)))).collect();
    assert_eq!((ends, answer.cut), (vec![true, true, true, false], false));
    assert!(answer.answers.iter().zip(&transactions).all(|(a, tx)| a.id == tx.id), "in their order");
    let too_many = v1::SubmitBatchRequest { transactions: vec![v1::Transaction::default(); 257] };
    let refused = client.ledger().submit_batch(too_many).await.expect_err("too many");
    assert!(refused.message().contains("the limit is 256"), "{refused}");
}

/// Filters, receipts and blocks, by whoever has the address.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_blocks_are_told_as_they_are_asked() {
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    for n in 1..=3 {
        client.command(&steward, "forge", RECORD, record(format!("c{n}"), "commit")).await.expect("recorded");
    }
    let wrong = record("c1".into(), "other");
    client.command(&steward, "forge", RECORD, wrong).await.expect_err("an id with other content");
    let newest = client.status().await.expect("a status").height;

    let of_contract = v1::WatchFilter {
        service: "stint.contribute.v1.Contribute".into(),
        agent: "steward".into(),
        ..Default::default()
    };
    let asked =
        v1::WatchRequest { from: Some(v1::Cursor::default()), filter: Some(of_contract.clone()), ..Default::default() };
    let mut receipts = pin!(resume::<v1::WatchReceiptsResponse>(vec![devnet.address(0)], asked.clone()));
    let mut ends = Vec::new();
    let mut heights = BTreeSet::new();
    loop {
        let message = receipts.next().await.expect("more").expect("a message");
        match message.what.expect("something") {
            OfReceipts::Receipt(told) => {
                let receipt = told.receipt.expect("a receipt");
                heights.insert(receipt.height);
                ends.push((
                    told.method.rsplit('/').next().expect("a name").to_string(),
                    receipt.refusal.map(|r| r.rule),
                ));
            }
            OfReceipts::Progress(_) if message.next.is_some_and(|next| next.height > newest) => break,
            OfReceipts::Progress(_) => {}
        }
    }
    let ends: Vec<_> = ends.iter().map(|(m, r)| (m.as_str(), r.is_some())).collect();
    assert_eq!(ends, [("SetRule", false), ("Record", false), ("Record", false), ("Record", false), ("Record", true)]);

    // Blocks with such calls, and no others.
    let headers = v1::WatchRequest { headers_only: true, ..asked };
    let mut blocks = pin!(resume::<v1::WatchBlocksResponse>(vec![devnet.address(0)], headers));
    let mut seen = BTreeSet::new();
    loop {
        let message = blocks.next().await.expect("more").expect("a message");
        match message.what.expect("something") {
            v1::watch_blocks_response::What::Block(block) => {
                assert!(block.transactions.is_empty());
                seen.insert(block.header.expect("a header").height);
            }
            _ if message.next.is_some_and(|next| next.height > newest) => break,
            _ => {}
        }
    }
    assert_eq!(seen, heights);

    // A field that the message has not is refused at once, and the stream that resumes ends with that.
    let mut refused =
        pin!(resume::<v1::WatchEventsResponse>(vec![devnet.address(0)], of_forge(&["contribution.autor=ana"])));
    let error = refused.next().await.expect("a word").expect_err("refused").to_string();
    assert!(error.contains("has no field autor; it has: id, author"), "{error}");

    // A stream that finds nothing says so now and then, and how far it has looked.
    let idle = v1::WatchFilter { agent: "nobody".into(), ..Default::default() };
    let asked = v1::WatchRequest { filter: Some(idle), ..Default::default() };
    let mut idle = pin!(resume::<v1::WatchEventsResponse>(vec![devnet.address(0)], asked));
    let first = idle.next().await.expect("more").expect("a message").next.expect("a cursor");
    let patience = Duration::from_millis(3 * WATCH_PROGRESS_MS);
    let second =
        tokio::time::timeout(patience, idle.next()).await.expect("a heartbeat").expect("more").expect("a message");
    assert!(second.next.expect("a cursor").height > first.height, "it has looked on");
}
