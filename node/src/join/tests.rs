//! Nodes that join and follow among peers with manners of their own.

use super::*;
use crate::{
    api::{ledger::LedgerService, places::Places, watch::Watches},
    tests::{Chain, chain, extend, in_memory, node},
};
use futures::{Stream, StreamExt};
use std::{
    pin::Pin as Pinned,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};
use stint_proto::v1::{
    self,
    ledger_server::{Ledger, LedgerServer},
};
use stint_store::Results;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

/// How a peer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Honest,
    /// Its stream of blocks ends in order behind this one.
    EndsAt(u64),
    /// It gives a block every 300 ms.
    Trickles,
    /// It offers its snapshots, and answers nobody who asks for a piece.
    Stalls,
    /// It says that it has many blocks, the newest of them alone, and has none.
    Boasts,
    /// It says that it keeps blocks from this one on.
    Keeps(u64),
}

const FAR: u64 = 10_000_000;

/// A peer in front of a node.
#[derive(Clone)]
struct Peer {
    node: Arc<LedgerService>,
    manner: Manner,
    /// Blocks that it gave.
    given: Arc<AtomicU64>,
}

impl Peer {
    async fn start(node: &Arc<Node>, manner: Manner) -> (Peer, SocketAddr) {
        let places = || Arc::new(Semaphore::new(8));
        let watches = Watches::new(node.clone());
        let node = LedgerService {
            node: node.clone(),
            name: "v0".into(),
            queries: places(),
            what_ifs: Places::new("what-ifs", 8),
            watches,
            submit_streams: Places::new("submit-streams", 8),
            histories: Places::new("histories", 8),
        };
        let peer = Peer { node: Arc::new(node), manner, given: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let service = LedgerServer::new(peer.clone());
        tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
        (peer, address)
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Told<T> = Pinned<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn not_here<T>() -> Answer<T> {
    Err(Status::unimplemented("peers are not asked for this"))
}

#[tonic::async_trait]
impl Ledger for Peer {
    async fn get_status(&self, request: Request<v1::GetStatusRequest>) -> Answer<v1::GetStatusResponse> {
        let mut status = self.node.get_status(request).await?;
        let told = status.get_mut();
        match self.manner {
            Manner::Boasts => (told.height, told.oldest_block, told.oldest_receipts) = (FAR, FAR, FAR),
            Manner::Keeps(oldest) => (told.height, told.oldest_block, told.oldest_receipts) = (FAR, 1, oldest),
            _ => {}
        }
        Ok(status)
    }

    async fn diagnose(&self, request: Request<v1::DiagnoseRequest>) -> Answer<v1::DiagnoseResponse> {
        self.node.diagnose(request).await
    }

    async fn prove(&self, request: Request<v1::ProveRequest>) -> Answer<v1::ProveResponse> {
        self.node.prove(request).await
    }

    async fn get_snapshot(&self, request: Request<v1::GetSnapshotRequest>) -> Answer<v1::GetSnapshotResponse> {
        self.node.get_snapshot(request).await
    }

    async fn get_chunk(&self, request: Request<v1::GetChunkRequest>) -> Answer<v1::GetChunkResponse> {
        match self.manner {
            Manner::Stalls => std::future::pending().await,
            _ => self.node.get_chunk(request).await,
        }
    }

    type GetHistoryStream = Told<v1::GetHistoryResponse>;

    async fn get_history(&self, request: Request<v1::GetHistoryRequest>) -> Answer<Self::GetHistoryStream> {
        if self.manner == Manner::Boasts {
            return Err(Status::not_found("there is no such block here"));
        }
        let blocks = self.node.get_history(request).await?.into_inner();
        let (manner, given) = (self.manner, self.given.clone());
        let blocks = blocks.take_while(move |block| {
            let height = block.as_ref().map_or(0, |b| b.height);
            std::future::ready(!matches!(manner, Manner::EndsAt(last) if height > last))
        });
        let blocks = blocks.then(move |block| {
            let given = given.clone();
            async move {
                if manner == Manner::Trickles {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                given.fetch_add(1, Ordering::Relaxed);
                block
            }
        });
        Ok(Response::new(Box::pin(blocks)))
    }

    type WhatIfStream = Told<v1::WhatIfResponse>;

    async fn what_if(&self, _: Request<v1::WhatIfRequest>) -> Answer<Self::WhatIfStream> {
        not_here()
    }

    type SubmitStreamStream = Told<v1::SubmitResponse>;

    async fn submit_stream(&self, _: Request<Streaming<v1::SubmitRequest>>) -> Answer<Self::SubmitStreamStream> {
        not_here()
    }

    async fn submit(&self, _: Request<v1::SubmitRequest>) -> Answer<v1::SubmitResponse> {
        not_here()
    }

    async fn submit_batch(&self, _: Request<v1::SubmitBatchRequest>) -> Answer<v1::SubmitBatchResponse> {
        not_here()
    }

    async fn list_agents(&self, _: Request<v1::ListAgentsRequest>) -> Answer<v1::ListAgentsResponse> {
        not_here()
    }

    async fn list_code(&self, _: Request<v1::ListCodeRequest>) -> Answer<v1::ListCodeResponse> {
        not_here()
    }

    type WatchEventsStream = Told<v1::WatchEventsResponse>;

    async fn watch_events(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchEventsStream> {
        not_here()
    }

    type WatchReceiptsStream = Told<v1::WatchReceiptsResponse>;

    async fn watch_receipts(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchReceiptsStream> {
        not_here()
    }

    type WatchBlocksStream = Told<v1::WatchBlocksResponse>;

    async fn watch_blocks(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchBlocksStream> {
        not_here()
    }

    async fn get_receipt(&self, _: Request<v1::GetReceiptRequest>) -> Answer<v1::GetReceiptResponse> {
        not_here()
    }

    async fn simulate(&self, _: Request<v1::SimulateRequest>) -> Answer<v1::SimulateResponse> {
        not_here()
    }

    async fn list_state(&self, _: Request<v1::ListStateRequest>) -> Answer<v1::ListStateResponse> {
        not_here()
    }

    async fn get_block(&self, _: Request<v1::GetBlockRequest>) -> Answer<v1::GetBlockResponse> {
        not_here()
    }
}

/// A ledger at a height, and its node, which offers a snapshot every so many heights.
fn ledger(blocks: &[(stint_proto::Block, stint_proto::Certificate)], every: u64) -> Arc<Node> {
    let node = in_memory(Keep { snapshot_every: every, ..Keep::default() });
    extend(&node, blocks);
    node
}

/// A node that is not started yet, among peers.
struct Joiner {
    folder: TempDir,
    peers: Vec<Peer>,
    addresses: Vec<(String, SocketAddr)>,
}

impl Joiner {
    async fn among(peers: &[(&Arc<Node>, Manner)]) -> Joiner {
        let folder = tempfile::tempdir().expect("a folder");
        let mut joiner = Joiner { folder, peers: Vec::new(), addresses: Vec::new() };
        for (n, (node, manner)) in peers.iter().enumerate() {
            let (peer, address) = Peer::start(node, *manner).await;
            joiner.peers.push(peer);
            joiner.addresses.push((format!("v{n} {manner:?}"), address));
        }
        joiner
    }

    fn medium(&self) -> Medium {
        Medium::Folder(Folder(self.folder.path().into()).state())
    }

    /// Keeps a part of a chain, and has voted.
    fn has(&self, chain: &[(stint_proto::Block, stint_proto::Certificate)]) {
        let place = Folder(self.folder.path().into());
        std::fs::create_dir_all(place.state()).expect("a folder");
        extend(&node(&self.medium(), Keep::default()), chain);
        std::fs::create_dir_all(place.engine().join("votes")).expect("a folder");
    }

    fn join(&self, keep: Keep, wishes: Wishes) -> Join {
        let (genesis, chain_id) = crate::tests::genesis();
        let folder = Folder(self.folder.path().into());
        Join::new(folder, genesis, chain_id, keep, wishes, self.addresses.clone()).expect("a genesis")
    }

    /// Fetches the state, and opens it.
    async fn fetched(&self, wishes: Wishes) -> Arc<Node> {
        self.join(Keep::default(), wishes).fetch_state().await.expect("fetched");
        node(&self.medium(), Keep::default())
    }

    fn given(&self, peer: usize) -> u64 {
        self.peers[peer].given.load(Ordering::Relaxed)
    }
}

const SYNC: Wishes = Wishes { sync: true, repair: false, forget_votes: false, pin: None };

fn same(node: &Arc<Node>, chain: &Chain, height: u64) {
    let tip = node.tip();
    assert_eq!((tip.height, tip.block), (height, chain[height as usize - 1].0.header.hash()));
    assert_eq!(tip.transactions, height / 10, "every tenth block has a call");
    let (genesis, _) = crate::tests::genesis();
    node.store.check(&genesis, &mut |_| ()).expect("it agrees with itself");
}

/// A stream of blocks that ended in order once counted as all there is, so a peer that lagged, or lied, made the start
/// fail with "what is fetched is not complete".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocks_that_end_early_are_asked_of_the_next_peer() {
    let chain = chain(65);
    let node = ledger(&chain, 20);
    let joiner =
        Joiner::among(&[(&node, Manner::EndsAt(30)), (&node, Manner::EndsAt(0)), (&node, Manner::Honest)]).await;
    same(&joiner.fetched(SYNC).await, &chain, 60);
    assert!(joiner.given(0) >= 20, "what it had was taken");
}

/// A block every 9.9 s was once fast enough, for a history of a month too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_gives_too_little_costs_its_turn() {
    let chain = chain(205);
    let node = ledger(&chain, 100);
    let joiner = Joiner::among(&[(&node, Manner::Trickles), (&node, Manner::Honest)]).await;
    let began = Instant::now();
    same(&joiner.fetched(SYNC).await, &chain, 200);
    assert!(joiner.given(0) < 20, "{} blocks", joiner.given(0));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

/// Peers that had no more blocks were once asked for ever, as long as votes were waited for, though others had some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_votes_asks_all_peers_in_turns() {
    let chain = chain(30);
    let (behind, ahead) = (ledger(&chain[..5], 0), ledger(&chain, 0));
    let joiner = Joiner::among(&[(&behind, Manner::Honest), (&ahead, Manner::Honest)]).await;
    let node = ledger(&chain[..5], 0);
    let mut join = joiner.join(Keep::default(), Wishes::default());
    assert!(join.without_votes);
    let followed = tokio::time::timeout(Duration::from_secs(20), join.catch_up(&node)).await.expect("an end");
    assert_eq!(followed.expect("followed").expect("the engine begins anew").block.header.height, 30);
    assert_eq!(node.tip().height, 30);
}

/// A node that lags more than its engine can fetch executes what peers tell it, and its engine begins behind that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lags_a_thousand_blocks_executes_them_before_its_engine_starts() {
    let chain = chain(FAR_BEHIND + 70);
    let ahead = ledger(&chain, 0);
    let joiner =
        Joiner::among(&[(&ahead, Manner::EndsAt(600)), (&ahead, Manner::Boasts), (&ahead, Manner::Honest)]).await;
    joiner.has(&chain[..20]);
    let mut join = joiner.join(Keep::default(), Wishes::default());
    join.fetch_state().await.expect("nothing to fetch: the next block is kept");
    let node = node(&joiner.medium(), Keep::default());
    assert_eq!(node.tip().height, 20);
    let floor = join.catch_up(&node).await.expect("followed").expect("the engine begins anew");
    assert_eq!(floor.block.header.height, FAR_BEHIND + 70);
    same(&node, &chain, FAR_BEHIND + 70);
    // One that lags less leaves the rest to its engine.
    let near = ledger(&chain[..100], 0);
    let mut join = joiner.join(Keep::default(), Wishes::default());
    join.peers.all.retain(|p| !p.name.contains("Boasts"));
    join.without_votes = false;
    assert!(join.catch_up(&near).await.expect("nothing to do").is_none());
    assert_eq!(near.tip().height, 100);
}

/// A node once gave its state up because one peer said that blocks were high and the next one gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_state_is_not_given_up_for_what_a_peer_says() {
    let chain = chain(40);
    let ahead = ledger(&chain, 10);
    let joiner = Joiner::among(&[(&ahead, Manner::Boasts), (&ahead, Manner::Boasts)]).await;
    joiner.has(&chain[..20]);
    let mut join = joiner.join(Keep::default(), Wishes::default());
    join.fetch_state().await.expect("nothing to do");
    assert_eq!(standing(&joiner.medium()).expect("readable"), Standing::Whole(20));
    let node = node(&joiner.medium(), Keep::default());
    assert!(join.catch_up(&node).await.expect("nothing to do").is_none());
    assert_eq!(node.tip().height, 20);
}

/// The newest snapshot that anybody offered was once chosen: a peer that alone had it stalled, the others were left alone
/// for not having it, and after ten rounds the start failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_one_peer_alone_offers_is_not_waited_for() {
    let chain = chain(65);
    let (node, other) = (ledger(&chain, 20), ledger(&chain, 63));
    let honest = [(&node, Manner::Honest), (&node, Manner::Honest)];
    let joiner = Joiner::among(&[&[(&other, Manner::Stalls)][..], &honest[..]].concat()).await;
    same(&joiner.fetched(SYNC).await, &chain, 60);

    // Where each offers another one, the one that broke off is not chosen again.
    let joiner = Joiner::among(&[(&other, Manner::Stalls), (&node, Manner::Honest)]).await;
    let mut join = joiner.join(Keep::default(), SYNC);
    join.fetch_state().await.expect("fetched");
    assert_eq!(join.peers.all.iter().map(|p| p.broken).collect::<Vec<_>>(), [1, 0]);
    same(&self::node(&joiner.medium(), Keep::default()), &chain, 60);
}

/// A node that had begun with a snapshot which peers then let go once failed at every start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_gone_is_replaced() {
    let chain = chain(65);
    let node = ledger(&chain, 10);
    let joiner = Joiner::among(&[(&node, Manner::Honest), (&node, Manner::Honest)]).await;
    let (genesis, chain_id) = crate::tests::genesis();
    let results = node.store.results(10).expect("readable").expect("kept");
    let target = Target { height: 10, results, from: 1 };
    std::fs::create_dir_all(Folder(joiner.folder.path().into()).state()).expect("a folder");
    drop(Joining::begin(&joiner.medium(), &genesis, chain_id, Keep::default(), target, &[]).expect("begun"));
    same(&joiner.fetched(Wishes::default()).await, &chain, 60);
}

/// An archive that joined or repaired itself once had an hour of its past, though its peers had all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_fetched_as_far_as_it_is_kept_here_and_there() {
    let chain = chain(10);
    let node = ledger(&chain, 0);
    let begins = async |keep: Keep, pin: Option<Pin>, peers: &[u64], least: u64| {
        let peers: Vec<_> = peers.iter().map(|oldest| (&node, Manner::Keeps(*oldest))).collect();
        let joiner = Joiner::among(&peers).await;
        let mut join = joiner.join(keep, Wishes { pin, ..Wishes::default() });
        join.first_block(100_000, least).await.map_err(|e| e.to_string())
    };
    let hour = 100_001 - VALIDITY_WINDOW;
    let some = Keep { receipts: 50_000, ..Keep::default() };
    assert_eq!(begins(Keep::ARCHIVE, None, &[1, 30_000], 0).await, Ok(1));
    // The block before the first is needed too, to bear it out.
    assert_eq!(begins(Keep::ARCHIVE, None, &[40_000, 30_000], 0).await, Ok(30_001));
    assert_eq!(begins(some, None, &[1, 30_000], 0).await, Ok(50_001));
    // Whoever says so may not give it: next comes what others keep, at last the hour that all do.
    assert_eq!(begins(Keep::ARCHIVE, None, &[1, 30_000], 2).await, Ok(30_001));
    assert_eq!(begins(Keep::ARCHIVE, None, &[1, 30_000], 30_002).await, Ok(hour));
    assert_eq!(begins(Keep::ARCHIVE, None, &[99_000], 0).await, Ok(hour));
    assert_eq!(begins(Keep::ARCHIVE, None, &[], 0).await, Ok(hour));
    let pin = |height| Some(Pin { height, hash: Hash::ZERO });
    assert_eq!(begins(some, pin(40_000), &[30_000], 0).await, Ok(40_000));
    let said = begins(some, pin(20_000), &[30_000], 0).await.expect_err("nobody has it");
    assert_eq!(said, "no peer keeps the pinned block 20000 any more; pin one from 30001 on");
}

#[test]
fn of_snapshots_that_of_several_peers_is_chosen_then_one_that_was_not_broken_off_then_the_newest() {
    let (genesis, chain_id) = crate::tests::genesis();
    let store = Store::open(&Medium::memory().expect("memory"), &genesis, chain_id, Keep::default());
    let results: Results = store.expect("a store").tip().results;
    let chosen = |offers: &[(u32, u64, &[u64])], above| {
        let offer = |(broken, height, offered): &(u32, u64, &[u64])| {
            (*broken, Offer { height: *height, results, offered: offered.to_vec(), handovers: Vec::new() })
        };
        choose(&offers.iter().map(offer).collect::<Vec<_>>(), above).map(|o| o.height)
    };
    assert_eq!(chosen(&[], 0), None);
    assert_eq!(chosen(&[(0, 60, &[60])], 0), Some(60), "there is no other");
    assert_eq!(chosen(&[(0, 60, &[60])], 60), None, "it is no newer than what is here");
    // One has made the next one already; the others still have that before it.
    assert_eq!(chosen(&[(0, 80, &[60, 80]), (0, 60, &[40, 60]), (0, 60, &[40, 60])], 0), Some(60));
    assert_eq!(chosen(&[(0, 80, &[60, 80]), (0, 80, &[60, 80]), (0, 60, &[40, 60])], 0), Some(80));
    assert_eq!(chosen(&[(0, 99, &[99]), (0, 60, &[60]), (0, 60, &[60])], 0), Some(60));
    // Two that lie together have one round.
    let others: [(u32, u64, &[u64]); 2] = [(0, 60, &[60]), (0, 60, &[60])];
    let liars = |broken| [(broken, 99, &[99][..]), (broken, 99, &[99][..])];
    assert_eq!(chosen(&[liars(0), others].concat(), 0), Some(99));
    assert_eq!(chosen(&[liars(1), others].concat(), 0), Some(60));
}
