//! Streams that are cut anywhere and resumed.

use super::{
    Watches,
    filter::Filter,
    happened::Happened,
    look::{Blocks, Events, Kind, Receipts},
    place::Place,
    shapes::Shapes,
    watch,
};
use crate::{
    core::Node,
    tests::{add, call, chain, extend, in_memory},
};
use futures::StreamExt;
use proptest::{collection::vec, prelude::*};
use prost::Message;
use prost_reflect::MessageDescriptor;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use stint_proto::{
    Block, Code,
    limits::{WATCH_AHEAD_BYTES, WATCH_LARGE_BYTES, WATCH_LARGEST_BYTES, WATCH_READERS, WATCHES},
    v1,
};
use stint_store::Keep;

/// No types are known.
struct NoShapes;

impl Shapes for NoShapes {
    fn of(&self, _: &v1::Event, _: u64) -> Option<MessageDescriptor> {
        None
    }
}

/// Events of a call, each as (commons, type, size).
type Announced = Vec<(u8, u8, u16)>;

/// A ledger of blocks, whose calls announce what is given; names are of a few.
fn ledger(blocks: &[Vec<Announced>]) -> Vec<Happened> {
    let mut number = 0;
    let mut block = |(n, calls): (usize, &Vec<Announced>)| {
        let height = n as u64 + 1;
        let mut receipts = Vec::new();
        let transactions: Vec<_> = calls
            .iter()
            .map(|announced| {
                number += 1;
                let tx = call(number, &format!("c{}", number % 3), "/a.v1.A/Do", &());
                let event = |(commons, ty, size): &(u8, u8, u16)| v1::Event {
                    commons: format!("c{}", commons % 3),
                    service: "a.v1.A".into(),
                    r#type: format!("a.v1.T{}", ty % 3),
                    body: vec![1; *size as usize % 2000].into(),
                };
                let (key, id) = (tx.id().key.to_vec().into(), tx.id().id.to_vec().into());
                let events = announced.iter().map(event).collect();
                receipts.push(v1::Receipt { key, id, events, ..Default::default() });
                tx
            })
            .collect();
        let header = stint_proto::Header { height, ..crate::tests::node_header() };
        let agents = BTreeMap::from([(crate::tests::keys()[0].verifying_key().to_bytes(), "ana".to_string())]);
        Happened { block: Block { header, transactions }, receipts, agents, bytes: 0 }
    };
    blocks.iter().enumerate().map(&mut block).collect()
}

/// Reads a ledger as a reader does that leaves after so many messages, with so much room, and comes back.
fn read<K: Kind>(
    kind: &K,
    ledger: &[Happened],
    filter: &Filter,
    cuts: &[(usize, usize)],
    next: fn(&K::Message) -> Place,
) -> Vec<K::Message> {
    let mut told = Vec::new();
    let mut from = Place::block(1);
    let mut cuts = cuts.iter().cycle();
    loop {
        let (room, stays) = *cuts.next().expect("a cut");
        let (mut at, mut left) = (from, stays);
        while let Some(block) = ledger.get(at.height as usize - 1) {
            let look = kind.look(block, at, filter, &NoShapes, room);
            assert!(look.next > at, "every look gets on");
            assert_eq!(look.bytes, look.told.iter().map(Message::encoded_len).sum::<usize>());
            let all_but_last: usize = look.told.iter().rev().skip(1).map(Message::encoded_len).sum();
            assert!(all_but_last <= room, "only the last message passes the room");
            at = look.next;
            // What was read ahead for it is lost when it leaves.
            let hears = look.told.len().min(left);
            left -= hears;
            let heard: Vec<_> = look.told.into_iter().take(hears).collect();
            from = heard.last().map_or(from, next);
            told.extend(heard);
            if left == 0 {
                break;
            }
            // Without a message, progress told it.
            from = from.max(at);
        }
        if from.height as usize > ledger.len() || ledger.get(at.height as usize - 1).is_none() && left > 0 {
            return told;
        }
    }
}

fn place<M>(next: Option<v1::Cursor>, _: &M) -> Place {
    next.expect("a cursor").into()
}

proptest! {
    /// Invariant 1, for each kind of stream.
    #[test]
    fn each_thing_comes_once_and_in_order_wherever_a_stream_is_cut(
        blocks in vec(vec(vec((0u8..3, 0u8..3, any::<u16>()), 0..6), 0..5), 1..8),
        cuts in vec((0usize..4_000, 1usize..6), 1..20),
        commons in 0u8..4,
        ty in 0u8..4,
    ) {
        let name = |letter: &str, n: u8| if n == 3 { String::new() } else { format!("{letter}{n}") };
        let asked = v1::WatchFilter { commons: name("c", commons), r#type: name("T", ty), ..Default::default() };
        let filter = Filter::read(asked.clone()).expect("a filter");
        let ledger = ledger(&blocks);
        let is = |asked: &str, found: &str| asked.is_empty() || found == asked || found.ends_with(&format!(".{asked}"));

        let mut events = Vec::new();
        let mut receipts = Vec::new();
        let mut heights = Vec::new();
        for block in &ledger {
            let height = block.block.header.height;
            for (index, (tx, receipt)) in block.block.transactions.iter().zip(&block.receipts).enumerate() {
                let announced = receipt.events.iter().enumerate();
                let meant = announced.filter(|(_, e)| is(&asked.commons, &e.commons) && is(&asked.r#type, &e.r#type));
                events.extend(meant.map(|(event, _)| Place { height, index: index as u32, event: event as u32 }));
                let announces = asked.r#type.is_empty() || receipt.events.iter().any(|e| is(&asked.r#type, &e.r#type));
                if is(&asked.commons, &tx.call().commons) && announces {
                    receipts.push(receipt.id.clone());
                    heights.push(height);
                }
            }
            if filter.is_empty() {
                heights.push(height);
            }
        }
        heights.dedup();

        let told = read(&Events, &ledger, &filter, &cuts, |m| place(m.next, m));
        let told: Vec<Place> = told.into_iter().map(|m| match m.what {
            Some(v1::watch_events_response::What::Event(e)) => Place::from(e.at.expect("a place")),
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(told, events);

        let told = read(&Receipts, &ledger, &filter, &cuts, |m| place(m.next, m));
        let told: Vec<_> = told.into_iter().map(|m| match m.what {
            Some(v1::watch_receipts_response::What::Receipt(r)) => r.receipt.expect("a receipt").id,
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(told, receipts);

        let told = read(&Blocks { headers_only: false }, &ledger, &filter, &cuts, |m| place(m.next, m));
        let told: Vec<_> = told.into_iter().map(|m| match m.what {
            Some(v1::watch_blocks_response::What::Block(b)) => b.header.expect("a header").height,
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(told, heights);
    }
}

fn from(height: u64) -> v1::WatchRequest {
    v1::WatchRequest { from: Some(Place::block(height).into()), ..Default::default() }
}

/// Heights of the receipts that come until so many have come.
async fn receipts(watches: &Arc<Watches>, asked: v1::WatchRequest, count: usize) -> (Vec<u64>, v1::Cursor) {
    let mut stream = watch(watches, asked, Receipts, None).await.expect("begun");
    let (mut heights, mut next) = (Vec::new(), v1::Cursor::default());
    while heights.len() < count {
        let message = stream.next().await.expect("it goes on").expect("a message");
        next = message.next.expect("a cursor");
        if let Some(v1::watch_receipts_response::What::Receipt(r)) = message.what {
            assert_eq!((&r.agent[..], &r.method[..]), ("ana", "/stint.v1.Kernel/Admit"));
            heights.push(r.receipt.expect("a receipt").height);
        }
    }
    (heights, next)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_reads_what_is_stored_and_then_what_comes() {
    let node = in_memory(Keep::default());
    let all = chain(60);
    extend(&node, &all[..35]);
    let watches = Watches::new(node.clone());
    let (heights, next) = receipts(&watches, from(0), 2).await;
    assert_eq!(heights, [10, 20]);
    // The rest comes while it waits.
    let rest = tokio::spawn({
        let watches = watches.clone();
        async move { receipts(&watches, v1::WatchRequest { from: Some(next), ..Default::default() }, 4).await.0 }
    });
    for block in &all[35..] {
        tokio::time::sleep(Duration::from_millis(2)).await;
        extend(&node, std::slice::from_ref(block));
    }
    assert_eq!(rest.await.expect("an end"), [30, 40, 50, 60]);
    assert_eq!(watches.watching(), 0, "a reader that leaves gives its place back");

    // Another agent's calls are none of these; a stream of them says how far it has looked.
    let filter = v1::WatchFilter { agent: "bo".into(), ..Default::default() };
    let asked = v1::WatchRequest { filter: Some(filter), ..from(1) };
    let first =
        watch(&watches, asked, Receipts, None).await.expect("begun").next().await.expect("a word").expect("a message");
    assert_eq!(first.next, Some(Place::block(61).into()));
    assert!(matches!(first.what, Some(v1::watch_receipts_response::What::Progress(p)) if p.newest == 60));
}

/// Reads with nothing kept of a reader but its place: 5,000 receipts, of which few are read ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_slowed_and_holds_little() {
    let node = in_memory(Keep::default());
    let request = v1::AdmitRequest { agent: "x".repeat(64), ..Default::default() };
    for block in 0..5u64 {
        add(
            &node,
            (0..1_000).map(|n| call(1_000 * block + n, "consortium", "/stint.v1.Kernel/Admit", &request)).collect(),
        );
    }
    let watches = Watches::new(node.clone());
    let mut stream = watch(&watches, from(1), Receipts, None).await.expect("begun");
    let mut last = Place::default();
    let mut count = 0;
    while count < 5_000 {
        let message = stream.next().await.expect("it goes on").expect("a message");
        let next = Place::from(message.next.expect("a cursor"));
        assert!(next > last, "in order");
        last = next;
        count += usize::from(matches!(message.what, Some(v1::watch_receipts_response::What::Receipt(_))));
    }
    assert_eq!(last, Place { height: 5, index: 1_000, event: 0 });
    // One look gives no more than its room and a message.
    let block = Happened::read(&node, 3).expect("readable").expect("a block");
    let look = Receipts.look(&block, Place::block(3), &Filter::default(), &NoShapes, WATCH_AHEAD_BYTES);
    assert!(look.told.len() < 1_000 && look.bytes < WATCH_AHEAD_BYTES + 1_000, "{} messages", look.told.len());
}

/// Once, a reader that took nothing more from the wire kept its turn among those who read stored blocks: eight of them,
/// and nobody read any. Nor does it keep room for large messages that it may have.
#[tokio::test(flavor = "multi_thread")]
async fn readers_that_are_left_alone_keep_no_turn() {
    let node = in_memory(Keep::default());
    extend(&node, &chain(10));
    let watches = Watches::new(node);
    let mut left_alone = Vec::new();
    for _ in 0..3 * WATCH_READERS + 3 * WATCH_LARGE_BYTES / WATCH_LARGEST_BYTES {
        let mut stream = watch(&watches, from(1), Receipts, None).await.expect("begun");
        // Asked once, and never again.
        let _ = futures::poll!(stream.next());
        left_alone.push(stream);
    }
    let read = tokio::time::timeout(Duration::from_secs(10), receipts(&watches, from(1), 1));
    assert_eq!(read.await.expect("others read").0, [10]);
}

/// Whole blocks that nobody takes from the wire fill the room for them; others of them wait, and nobody else does.
#[tokio::test(flavor = "multi_thread")]
async fn large_messages_that_nobody_takes_are_few() {
    let node = in_memory(Keep::default());
    let request = v1::PublishRequest { module: vec![0; 900_000].into() };
    add(&node, vec![call(0, "consortium", "/stint.v1.Kernel/Publish", &request)]);
    let watches = Watches::new(node);
    let whole = || watch(&watches, from(1), Blocks { headers_only: false }, None);
    let mut untaken = Vec::new();
    while watches.large.available_permits() >= 900_000 {
        let mut stream = whole().await.expect("begun");
        let block = stream.next().await.expect("it goes on").expect("a block");
        assert!(block.encoded_len() > 900_000);
        untaken.push(stream);
    }
    assert!(untaken.len() > 100 && untaken.len() < WATCH_LARGE_BYTES / 700_000, "{} readers", untaken.len());
    let mut late = Vec::new();
    for _ in 0..100 {
        let mut stream = whole().await.expect("begun");
        late.push(tokio::spawn(async move { stream.next().await }));
    }
    let mut headers = watch(&watches, from(1), Blocks { headers_only: true }, None).await.expect("begun");
    assert!(headers.next().await.expect("it goes on").is_ok());
    let mut events = watch(&watches, from(1), Events, None).await.expect("begun");
    assert!(events.next().await.expect("it goes on").is_ok());
    assert!(late.iter().all(|waits| !waits.is_finished()));
    // One goes on to what is behind the block, one leaves, and one that waited is not asked again.
    let mut stream = untaken.pop().expect("a reader");
    assert!(stream.next().await.expect("it goes on").is_ok());
    untaken.pop();
    late.pop().expect("a reader").abort();
    for waits in late {
        let told =
            tokio::time::timeout(Duration::from_secs(10), waits).await.expect("there is room").expect("no panic");
        assert!(told.expect("it goes on").expect("a block").encoded_len() > 900_000);
    }
    drop(untaken);
    assert_eq!(watches.large.available_permits(), WATCH_LARGE_BYTES, "all is given back");
}

fn pruned() -> Arc<Node> {
    let node = in_memory(Keep { blocks: 10, receipts: 5, ..Keep::ARCHIVE });
    extend(&node, &chain(30));
    while node.store.prune().expect("pruned") {}
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_kept_is_refused_with_what_is() {
    let node = pruned();
    let oldest = node.store.oldest();
    assert!(oldest.receipts > oldest.block && oldest.block > 1);
    let watches = Watches::new(node);
    let refused = watch(&watches, from(1), Receipts, None).await.err().expect("refused");
    assert_eq!(refused.code, Code::OutOfRange);
    assert!(refused.message.contains(&format!("the oldest is block {}", oldest.receipts)), "{}", refused.message);
    assert_eq!(refused.details["oldest"], oldest.receipts.to_string());
    // Blocks are kept longer.
    let blocks = Blocks { headers_only: true };
    assert!(watch(&watches, from(oldest.block), blocks, None).await.is_ok());
    // 0 asks for the oldest.
    let mut stream = watch(&watches, from(0), Blocks { headers_only: true }, None).await.expect("begun");
    let first = stream.next().await.expect("a message").expect("a block");
    assert_eq!(first.next, Some(Place::block(oldest.block + 1).into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_watch_and_no_more() {
    let watches = Watches::new(in_memory(Keep::default()));
    let mut all = Vec::new();
    for _ in 0..WATCHES {
        all.push(watch(&watches, v1::WatchRequest::default(), Events, None).await.expect("a place"));
    }
    let refused = watch(&watches, v1::WatchRequest::default(), Events, None).await.err().expect("refused");
    assert_eq!((refused.code, &refused.rule[..]), (Code::ResourceExhausted, "watches"));
    assert!(refused.message.contains("resume at another node"), "{}", refused.message);
    all.pop();
    assert!(watch(&watches, v1::WatchRequest::default(), Events, None).await.is_ok());
    // When the node stops, all end with a word that lets them resume elsewhere.
    watches.stop();
    let mut last = all.pop().expect("a stream");
    let ended = async { while last.next().await.expect("a word").is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("an end");
    assert!(last.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_cannot_hold_is_refused() {
    let watches = Watches::new(in_memory(Keep::default()));
    for fields in [vec!["author".to_string()], vec!["a=b".to_string(); 9]] {
        let filter = Some(v1::WatchFilter { fields, ..Default::default() });
        let refused = watch(&watches, v1::WatchRequest { filter, ..Default::default() }, Events, None).await;
        assert_eq!(refused.err().expect("refused").rule, "watch-filter");
    }
}
