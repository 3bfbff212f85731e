//! Clients that mean harm: a node's memory stays bounded, and honest calls are served meanwhile.

use bytes::Bytes;
use futures::{StreamExt, future::join_all};
use prost::Message;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use stint_node::{
    cli::contribute::{Contribution, RecordRequest},
    client::Client,
};
use stint_proto::{
    limits::{CONNECTIONS, WATCHES},
    v1,
};
use stint_tests::{Devnet, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Request, Status, transport::Channel};

const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
const SHARES: &str = "/stint.contribute.v1.Contribute/GetShares";
/// What all of these may cost a node together, bytes above what it had.
const GROWTH: u64 = 1 << 30;
/// How long an honest call may take meanwhile; it waits for a block among others.
const PATIENCE: Duration = Duration::from_secs(5);

fn record(id: &str) -> Bytes {
    let contribution = Contribution {
        id: id.into(),
        author: "ana".into(),
        kind: "commit".into(),
        quantity: "1".into(),
        reference: "x".repeat(900),
        date: "2026-01-01".into(),
    };
    RecordRequest { contribution: Some(contribution) }.encode_to_vec().into()
}

/// A node, and the honest client that uses it all the time.
struct Victim {
    devnet: Devnet,
    address: SocketAddr,
    honest: Client,
    calls: u64,
    before: u64,
}

impl Victim {
    async fn start() -> Victim {
        let devnet = Devnet::start(1);
        devnet.ok(&["found", "forge"]);
        let (address, honest) = (devnet.address(0), devnet.client(0).await);
        let mut victim = Victim { devnet, address, honest, calls: 0, before: 0 };
        victim.served("nothing").await;
        victim.before = victim.devnet.memory(0);
        victim
    }

    /// A command and a query of an honest client, on its open connection.
    async fn served(&mut self, under: &str) {
        self.calls += 1;
        let steward = self.devnet.steward();
        let id = format!("honest-{}", self.calls);
        let began = Instant::now();
        let honest = async {
            self.honest.command(&steward, "forge", RECORD, record(&id)).await.expect("recorded");
            self.honest.query("forge", SHARES, Bytes::new()).await.expect("shares");
        };
        tokio::time::timeout(PATIENCE, honest).await.unwrap_or_else(|_| panic!("an honest call waits under {under}"));
        let (now, grown) = (self.devnet.memory(0), self.devnet.memory(0).saturating_sub(self.before));
        println!("{under}: {} ms, memory {} MB, grown by {} MB", began.elapsed().as_millis(), now >> 20, grown >> 20);
        assert!(grown < GROWTH, "{under}: grown by {} MB", grown >> 20);
    }

    async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).expect("an address");
        // The window of a connection has room for those of a thousand streams: who reads no more holds up no other.
        let endpoint = endpoint.initial_stream_window_size(64 << 10).initial_connection_window_size(64 << 20);
        endpoint.connect().await.expect("a connection")
    }

    async fn ledger(&self) -> v1::ledger_client::LedgerClient<Channel> {
        v1::ledger_client::LedgerClient::new(self.channel().await).max_decoding_message_size(64 << 20)
    }

    /// A connection on which anything can be said.
    async fn raw(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }
}

/// HTTP/2: what opens a connection, and a frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let size = (payload.len() as u32).to_be_bytes();
    [&size[1..], &[kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// A header that the table of the connection takes in, of these sizes up to 126 bytes.
fn header(name: &str, value: &[u8]) -> Vec<u8> {
    [&[0x40, name.len() as u8], name.as_bytes(), &[value.len() as u8], value].concat()
}

/// What a gRPC request begins with.
fn request_headers(path: &str) -> Vec<u8> {
    let parts: [(&str, &str); 5] = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
    ];
    [parts.map(|(n, v)| header(n, v.as_bytes())).concat(), header("te", b"trailers")].concat()
}

/// Says all of it, as far as it is taken, and waits until the node closes or a while has passed.
async fn say(mut to: TcpStream, all: impl Iterator<Item = Vec<u8>> + Send + 'static) {
    let (mut from, mut into) = to.split();
    let saying = async {
        for bytes in all {
            if into.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let mut answer = vec![0; 64 * 1024];
    let hearing = async { while from.read(&mut answer).await.is_ok_and(|n| n > 0) {} };
    let _ = tokio::time::timeout(Duration::from_secs(3), async { tokio::join!(saying, hearing) }).await;
}

fn opened() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])[..]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_clients_do_memory_is_bounded_and_honest_calls_are_served() {
    let mut victim = Victim::start().await;
    idle_streams(&mut victim).await;
    slow_readers(&mut victim).await;
    answers_that_nobody_reads(&mut victim).await;
    halves_of_large_messages(&mut victim).await;
    messages_that_are_none(&mut victim).await;
    reflection_loops(&mut victim).await;
    header_bombs(&mut victim).await;
    silent_connections(&mut victim).await;
    victim.served("nothing any more").await;
    let peak = victim.devnet.peak_memory(0).saturating_sub(victim.before);
    println!("at most, memory grew by {} MB", peak >> 20);
    assert!(peak < GROWTH + GROWTH / 2, "at most, it grew by {} MB", peak >> 20);
    // It stays a node like any other, and has room as soon as the others have left.
    let address = victim.address;
    eventually("it takes connections again", 20, async || Client::connect(address).await.ok()).await;
    victim.devnet.ok(&["status"]);
}

/// 10,000 streams that wait for what never comes, on ten connections.
async fn idle_streams(victim: &mut Victim) {
    let filter = v1::WatchFilter { agent: "nobody".into(), ..Default::default() };
    let asked = v1::WatchRequest { filter: Some(filter), ..Default::default() };
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..10 {
        let ledger = victim.ledger().await;
        let asked = (0..1_000).map(|_| {
            let (mut ledger, asked) = (ledger.clone(), asked.clone());
            async move { ledger.watch_events(asked).await }
        });
        for answer in join_all(asked).await {
            match answer {
                Ok(stream) => open.push(stream.into_inner()),
                Err(status) => {
                    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
                    assert!(status.message().contains("resume at another node"), "{status}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((open.len(), refused), (WATCHES, 10_000 - WATCHES));
    for _ in 0..5 {
        victim.served("10,000 idle streams").await;
    }
    // They are no dead ends: each is told how far it has looked.
    let told = open[0].message().await.expect("a message").expect("progress");
    assert!(told.next.is_some());
    drop(open);
    victim.served("idle streams that leave").await;
}

/// Readers of all that ever happened who stop reading: their streams wait, and they hold little.
async fn slow_readers(victim: &mut Victim) {
    let steward = victim.devnet.steward();
    let calls = (0..2_000).map(|n| {
        let (client, steward) = (victim.honest.clone(), steward.clone());
        async move { client.command(&steward, "forge", RECORD, record(&format!("c{n}"))).await.map(|_| ()) }
    });
    futures::stream::iter(calls).buffer_unordered(500).for_each(|done| async { done.expect("recorded") }).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let ledger = victim.ledger().await;
        let readers = (0..500).map(|_| {
            let mut ledger = ledger.clone();
            async move {
                let asked = v1::WatchRequest { from: Some(v1::Cursor::default()), ..Default::default() };
                let mut stream = ledger.watch_receipts(asked).await?.into_inner();
                stream.message().await?;
                Ok::<_, Status>(stream)
            }
        });
        let begun = tokio::time::timeout(8 * PATIENCE, join_all(readers)).await.expect("all hear something");
        open.extend(begun.into_iter().collect::<Result<Vec<_>, _>>().expect("all begin"));
    }
    for _ in 0..3 {
        victim.served("2,000 readers that stopped reading").await;
    }
    // One of them goes on, and nothing is missing.
    let mut reader = open.pop().expect("a reader");
    let mut heard = 1;
    while heard < 2_000 {
        let message = tokio::time::timeout(2 * PATIENCE, reader.message()).await.expect("it goes on");
        let what = message.expect("a message").expect("more").what;
        heard += usize::from(matches!(what, Some(v1::watch_receipts_response::What::Receipt(_))));
    }
}

/// Large answers that nobody takes from the wire.
async fn answers_that_nobody_reads(victim: &mut Victim) {
    let code = victim.ledger().await.list_code(v1::ListCodeRequest::default()).await.expect("code").into_inner();
    let asked = v1::GetCodeRequest { code_hash: code.code[0].code_hash.clone(), facts_only: false }.encode_to_vec();
    let message = [&[0][..], &(asked.len() as u32).to_be_bytes(), &asked].concat();
    let mut attacks = Vec::new();
    for _ in 0..4 {
        let mut to_say = opened();
        // No stream may send a byte of its answer's body.
        to_say.extend(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
        for n in 0..1_000u32 {
            let mut headers = request_headers("/stint.v1.Kernel/GetCode");
            headers.extend(header("stint-commons", b"forge"));
            to_say.extend(frame(HEADERS, END_HEADERS, 2 * n + 1, &headers));
            to_say.extend(frame(DATA, 1, 2 * n + 1, &message));
        }
        attacks.push(tokio::spawn(say(victim.raw().await, std::iter::once(to_say))));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    victim.served("4,000 answers that nobody reads").await;
    join_all(attacks).await;
}

/// Requests that promise a megabyte, send most of it, and never end.
async fn halves_of_large_messages(victim: &mut Victim) {
    let mut attacks = Vec::new();
    for _ in 0..4 {
        let mut to_say = vec![opened()];
        for n in 0..300u32 {
            let stream = 2 * n + 1;
            let mut first = frame(HEADERS, END_HEADERS, stream, &request_headers("/stint.v1.Ledger/Submit"));
            first.extend(frame(DATA, 0, stream, &[&[0][..], &1_000_000u32.to_be_bytes(), &[7; 11_000]].concat()));
            to_say.push(first);
        }
        to_say.extend((0..300u32).flat_map(|n| (0..60).map(move |_| frame(DATA, 0, 2 * n + 1, &[7; 16_000]))));
        attacks.push(tokio::spawn(say(victim.raw().await, to_say.into_iter())));
    }
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    victim.served("1,200 halves of large messages").await;
    join_all(attacks).await;
}

/// Deep, huge, and badly encoded messages.
async fn messages_that_are_none(victim: &mut Victim) {
    let mut ledger = victim.ledger().await;
    // A request in a request in a request …
    let mut deep = Vec::new();
    for _ in 0..30_000 {
        let mut outer = vec![0x0a];
        prost::encode_length_delimiter(deep.len(), &mut outer).expect("a size");
        outer.extend(&deep);
        deep = outer;
        if deep.len() > 100_000 {
            break;
        }
    }
    for method in [RECORD, SHARES, "/stint.v1.Kernel/Found", "/stint.v1.Ledger/WatchEvents"] {
        let refused = victim.honest.query("forge", method, deep.clone().into()).await;
        assert!(refused.is_err(), "{method}");
    }
    // Larger than any message may be: refused by its first bytes.
    for size in [2 << 20, 64 << 20] {
        let transaction = v1::Transaction { request: vec![0; size].into(), ..Default::default() };
        let refused = ledger.submit(v1::SubmitRequest { transaction: Some(transaction) }).await;
        assert!(refused.is_err(), "{size} bytes");
    }
    // Texts that are none.
    for bad in [&b"\x12\x04\x0a\x02\xff\xfe"[..], b"\x12\x02\x0a\x05", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
    {
        let refused = victim.honest.query("forge", "/stint.v1.Ledger/WatchEvents", Bytes::from_static(bad)).await;
        assert!(refused.is_err(), "{bad:?}");
        assert!(victim.honest.query("forge", SHARES, Bytes::from_static(b"\x0a\x04\x0a\x02\xff\xfe")).await.is_err());
    }
    let mut request = Request::new(v1::GetCommonsRequest::default());
    request.metadata_mut().insert_bin("stint-commons-bin", tonic::metadata::MetadataValue::from_bytes(b"\xff\xfe"));
    let named = v1::kernel_client::KernelClient::new(victim.channel().await).get_commons(request).await;
    assert!(named.is_ok(), "metadata that nobody reads does no harm");
    victim.served("messages that are none").await;
}

/// The same questions again and again, on many streams.
async fn reflection_loops(victim: &mut Victim) {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest,
    };
    let ask = |what| ServerReflectionRequest { host: String::new(), message_request: Some(what) };
    let list = ask(MessageRequest::ListServices(String::new()));
    let file = ask(MessageRequest::FileContainingSymbol("stint.contribute.v1.Contribute".into()));
    let mut attacks = Vec::new();
    for _ in 0..4 {
        let channel = victim.channel().await;
        for _ in 0..100 {
            let mut client = ServerReflectionClient::new(channel.clone());
            let questions = futures::stream::iter([list.clone(), file.clone()].into_iter().cycle());
            attacks.push(tokio::spawn(async move {
                let Ok(answers) = client.server_reflection_info(questions).await else { return 0 };
                answers.into_inner().take_while(|a| std::future::ready(a.is_ok())).take(100_000).count().await
            }));
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..2 {
        victim.served("400 loops of reflection").await;
    }
    attacks.iter().for_each(|a| a.abort());
    join_all(attacks).await;
    let refused = victim.honest.channel();
    let long = ask(MessageRequest::FileContainingSymbol("x".repeat(100_000)));
    let mut client = ServerReflectionClient::new(refused);
    let answer = client.server_reflection_info(futures::stream::iter([long])).await;
    let answer = match answer {
        Ok(mut answers) => answers.get_mut().message().await.map(|_| ()),
        Err(status) => Err(status),
    };
    assert!(answer.is_err(), "a question has a bound");
}

/// Headers without end, headers that unpack to many, and streams that are reset as they begin.
async fn header_bombs(victim: &mut Victim) {
    let mut attacks = Vec::new();
    // A header that fills the table, named a thousand times by one byte.
    let bomb = [header("x-bomb", &[b'a'; 120]), vec![0xbe; 16_000]].concat();
    let unpacks = (0..1_000u32).map(move |n| frame(HEADERS, END_HEADERS, 2 * n + 1, &bomb));
    attacks.push(tokio::spawn(say(victim.raw().await, std::iter::once(opened()).chain(unpacks))));
    // One that never ends.
    let piece = (0..100).flat_map(|n| header(&format!("x-{n}"), &[b'b'; 100])).collect::<Vec<u8>>();
    let first = [opened(), frame(HEADERS, 0, 1, &request_headers(SHARES))].concat();
    let endless = (0..10_000).map(move |_| frame(CONTINUATION, 0, 1, &piece));
    attacks.push(tokio::spawn(say(victim.raw().await, std::iter::once(first).chain(endless))));
    // Many that begin and are reset.
    let resets = (0..100_000u32).map(|n| {
        let stream = 2 * n + 1;
        [frame(HEADERS, END_HEADERS, stream, &request_headers(SHARES)), frame(RESET, 0, stream, &8u32.to_be_bytes())]
            .concat()
    });
    attacks.push(tokio::spawn(say(victim.raw().await, std::iter::once(opened()).chain(resets))));
    tokio::time::sleep(Duration::from_millis(200)).await;
    victim.served("header bombs").await;
    join_all(attacks).await;
    // By an ordinary client: refused, and the next one is served.
    let mut request = Request::new(v1::GetStatusRequest::default());
    for n in 0..100 {
        let name: tonic::metadata::MetadataKey<_> = format!("x-{n}").parse().expect("a name");
        request.metadata_mut().insert(name, "y".repeat(10_000).parse().expect("a value"));
    }
    assert!(victim.ledger().await.get_status(request).await.is_err());
    victim.served("large metadata").await;
}

/// Connections that say nothing: above the bound they are closed at once, and those of before go on.
async fn silent_connections(victim: &mut Victim) {
    // They are files of this process, too.
    let files = rlimit::increase_nofile_limit(2 * CONNECTIONS as u64).unwrap_or(0);
    if files < CONNECTIONS as u64 + 1_000 {
        eprintln!("only {files} files may be open: too few for so many connections");
        return;
    }
    let mut silent = Vec::new();
    let mut closed = 0;
    for _ in 0..CONNECTIONS + 200 {
        let Ok(stream) = TcpStream::connect(victim.address).await else { continue };
        silent.push(stream);
    }
    victim.served("silent connections").await;
    for stream in &mut silent {
        let mut byte = [0];
        let end = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
        closed += usize::from(matches!(end, Ok(Ok(0) | Err(_))));
    }
    assert!(closed >= 100, "{closed} of {} were closed", silent.len());
    victim.served("silent connections, some closed").await;
}
