//! The Rust client: its examples, generated stubs on a commons, and nodes that die or fall silent under a call.

#[allow(dead_code)]
#[path = "../../../clients/rust/examples/believe_nobody.rs"]
mod believe_nobody;
#[allow(dead_code)]
#[path = "../../../clients/rust/examples/record_and_read_shares.rs"]
mod record_and_read_shares;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use stint_client::{
    Client, ClientError, Key, Refused,
    contracts::contribute::{
        Contribution, GetSharesRequest, ListContributionsRequest, RecordRequest, contribute_client::ContributeClient,
    },
    wire::{LEDGER, metadata},
};
use stint_proto::{CallId, v1};
use stint_tests::{Devnet, eventually};

/// Deaths of the node that a client talks to; STINT_DEATHS says another number.
const DEATHS: usize = 10;
/// Calls at once.
const CALLERS: usize = 16;
/// Calls that are acknowledged between two deaths, at least.
const ROUND: u64 = 50;

fn key(devnet: &Devnet) -> Key {
    Key::load(devnet.dir().join("keys/steward.key")).expect("the steward's key")
}

fn addresses(devnet: &Devnet, validators: usize) -> Vec<String> {
    (0..validators).map(|i| devnet.address(i).to_string()).collect()
}

fn record(id: &str) -> RecordRequest {
    let (author, kind, quantity, date) = ("ana".into(), "talk".into(), "1".into(), "2026-11-20".into());
    let contribution = Contribution { id: id.into(), author, kind, quantity, date, reference: String::new() };
    RecordRequest { contribution: Some(contribution) }
}

#[tokio::test]
async fn the_examples_run_as_they_stand() {
    let devnet = Devnet::start(4);
    devnet.ok(&["found", "forge"]);
    let (genesis, nodes) = (devnet.validator(0).genesis(), addresses(&devnet, 4));
    let (shares, refused) = record_and_read_shares::record(key(&devnet), &nodes).await.expect("an example");
    assert_eq!(
        (&shares["shares"][0]["author"], &shares["shares"][0]["points"]),
        (&"ana@example.org".into(), &"1.5".into())
    );
    assert!(refused.starts_with("id: talk-1 was recorded with other content"), "{refused}");
    let genesis = fs::read(genesis).expect("a genesis file");
    let (care, there) = believe_nobody::believe(&genesis, key(&devnet), &nodes).await.expect("an example");
    assert_eq!((&care.author[..], &care.quantity[..]), ("bo@example.org", "2"));
    assert_eq!(there, [true, false]);
    for example in ["believe_nobody", "record_and_read_shares"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../clients/rust/examples/{example}.rs"));
        let lines = fs::read_to_string(path).expect("an example").lines().count();
        assert!(lines <= 45, "{example} has {lines} lines");
    }
    // Who believes other validators is proved nothing.
    let other = String::from_utf8(genesis).expect("text").replace("\"devnet\"", "\"other\"");
    let believing = Client::over(&nodes).await.expect("a client").trusting(other.as_bytes());
    assert!(believing.is_err_and(|e| e.to_string().contains("the file is of")));
}

#[tokio::test]
async fn a_commons_is_a_channel_for_generated_stubs() {
    let devnet = Devnet::start(2);
    devnet.ok(&["found", "forge"]);
    // An address where nobody answers is passed over.
    let nodes = [vec!["127.0.0.1:1".to_string()], addresses(&devnet, 2)].concat();
    let client = Client::over(&nodes).await.expect("a client");
    assert_eq!(client.current(), nodes[1]);
    let forge = client.commons("forge");
    let mut stub = ContributeClient::new(forge.clone().signed_by(key(&devnet)));
    let answer = stub.record(record("c1")).await.expect("recorded");
    let (height, receipt) = (metadata::height(answer.metadata()), metadata::receipt(answer.metadata()));
    let receipt = receipt.expect("a receipt");
    assert_eq!(height, Some(receipt.height));
    let shares = stub.get_shares(GetSharesRequest::default()).await.expect("shares");
    assert_eq!(shares.get_ref().contributions, 1);
    assert!(metadata::height(shares.metadata()) >= height);
    // Of an older state, by the stub's own metadata.
    let mut older = tonic::Request::new(GetSharesRequest::default());
    older.metadata_mut().insert("stint-height", (receipt.height - 1).into());
    assert_eq!(stub.get_shares(older).await.expect("shares").get_ref().contributions, 0);
    // The ledger's own service passes through.
    let mut ledger = v1::ledger_client::LedgerClient::new(forge.clone());
    let status = ledger.get_status(v1::GetStatusRequest::default()).await.expect("a status").into_inner();
    assert_eq!(status.chain_id[..], client.chain_id.0);

    // A refusal by the contract, final: with its rule, whose it is, and its receipt.
    let mut other = record("c1");
    other.contribution.as_mut().expect("one").author = "bo".into();
    let refused = Refused::from(&stub.record(other).await.expect_err("other content"));
    assert_eq!((&refused.rule[..], &refused.domain[..]), ("id", "stint.contribute.v1.Contribute"));
    let last = refused.receipt.expect("it was ordered");
    let id = CallId::from_bytes(&last.key, &last.id).expect("a name");
    let whole = client.receipt(id).await.expect("an answer").expect("it is final");
    assert_eq!(whole.refusal.expect("refused").rule, "id");
    assert_eq!(client.receipt(CallId { id: [9; 16], ..id }).await.expect("an answer"), None);
    // A refusal by the ledger.
    let mut poor = ContributeClient::new(forge.clone().signed_by(key(&devnet)).fuel_limit(10));
    let refused = Refused::from(&poor.record(record("c2")).await.expect_err("no fuel"));
    assert_eq!((&refused.rule[..], &refused.domain[..]), ("fuel", LEDGER));

    // Without a key a command is refused before it is sent, and says what is missing.
    let unsigned = ContributeClient::new(forge.clone()).record(record("c3")).await.expect_err("unsigned");
    assert!(unsigned.message().contains("give the commons a key with signed_by"), "{unsigned}");
}

#[tokio::test]
async fn a_call_that_nobody_answered_is_kept_and_executed_once() {
    let mut devnet = Devnet::start(2);
    devnet.ok(&["found", "forge"]);
    let client = Client::over(addresses(&devnet, 2)).await.expect("a client");
    // It knows the height from now on, so that nothing but the call itself is asked.
    let mut stub = ContributeClient::new(client.commons("forge").signed_by(key(&devnet)));
    stub.record(record("c1")).await.expect("recorded");
    (0..2).for_each(|i| devnet.kill(i));
    let mut later = tonic::Request::new(record("c2"));
    later.set_timeout(Duration::from_millis(300));
    let unanswered = stub.record(later).await.expect_err("nobody is there");
    assert_eq!(unanswered.code(), tonic::Code::Unavailable);
    // The stub's error holds the call.
    let source = std::error::Error::source(&unanswered).and_then(|e| e.downcast_ref::<ClientError>());
    let Some(ClientError::Unanswered { call: Some(call), .. }) = source else { panic!("{unanswered:?}") };
    // Neither of two is ready alone.
    (0..2).for_each(|i| devnet.launch(i, &[]));
    let first = client.submit(call).await.expect("executed");
    let again = client.submit(call).await.expect("told");
    assert_eq!((first.receipt, first.response), (again.receipt, again.response));
}

/// The node that a client talks to is killed again and again under load: nothing acknowledged is lost, nothing is executed
/// twice, and every call ends with an answer. Then one falls silent instead.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_lost_or_executed_twice_when_nodes_die() {
    let deaths = std::env::var("STINT_DEATHS").ok().and_then(|n| n.parse().ok()).unwrap_or(DEATHS);
    let mut devnet = Devnet::start(4);
    devnet.ok(&["found", "forge"]);
    let nodes = addresses(&devnet, 4);
    let client = Client::over(&nodes).await.expect("a client");
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (stop, done) = (stop.clone(), done.clone());
            let mut stub = ContributeClient::new(client.commons("forge").signed_by(key(&devnet)));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let id = format!("c{caller}-{n}");
                    let answer = stub.record(record(&id)).await.unwrap_or_else(|e| panic!("{id}: {e}"));
                    assert!(!answer.get_ref().known, "{id} was executed twice");
                    done.fetch_add(1, Ordering::Relaxed);
                    acknowledged.push(id);
                }
                acknowledged
            })
        })
        .collect();
    let more = async || {
        let goal = done.load(Ordering::Relaxed) + ROUND;
        eventually("calls are acknowledged", 60, async || (done.load(Ordering::Relaxed) >= goal).then_some(())).await;
    };
    for _ in 0..deaths {
        more().await;
        let talks_to = nodes.iter().position(|n| *n == client.current()).expect("a node");
        devnet.kill(talks_to);
        more().await;
        devnet.start_one(talks_to);
    }
    more().await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    for caller in callers {
        acknowledged.extend(caller.await.expect("every call ended"));
    }
    // The contract holds each of them once, and no others.
    let mut stub = ContributeClient::new(client.commons("forge"));
    let (mut kept, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListContributionsRequest { page_size: 1000, page_token, ..Default::default() };
        let page = stub.list_contributions(asked).await.expect("a page").into_inner();
        kept.extend(page.contributions.into_iter().map(|c| c.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(kept.len(), acknowledged.len());
    assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), acknowledged);
}
