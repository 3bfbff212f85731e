//! A node comes to where the ledger is.

use crate::{
    grow::{self, KEYS_A_CALL, grow},
    peer::{Manner, Peer},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use stint_node::config::PeerConfig;
use stint_proto::limits::FAR_BEHIND;
use stint_tests::{Devnet, eventually};

const KEYS: u64 = 1_000_000;
/// A joiner with this many keys stays below it: the tree over them, RocksDB's caches, and the pieces under way.
const MEMORY: u64 = 900 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_joins_a_busy_ledger_of_a_million_keys_whatever_some_peers_do() {
    let mut devnet = Devnet::make(4);
    for i in 0..4 {
        devnet.configure(i, |config| config.keep.snapshot_every = 200);
    }
    (0..3).for_each(|i| devnet.start_one(i));
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow::found(&client, &steward).await;
    for first in (0..KEYS).step_by(KEYS_A_CALL as usize) {
        grow(&client, &steward, first, KEYS_A_CALL).await;
    }
    let grown = client.status().await.expect("a status").height;

    // The load goes on all the time.
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = tokio::spawn({
        let (client, steward, stop, calls) = (client.clone(), steward.clone(), stop.clone(), calls.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                let n = calls.fetch_add(1, Ordering::Relaxed) as u64;
                grow(&client, &steward, n * 31, 100).await;
            }
        }
    });

    eventually("a snapshot holds all keys", 120, async || {
        let asked = stint_proto::v1::GetSnapshotRequest { height: 0 };
        client.ledger().get_snapshot(asked).await.ok().filter(|s| s.get_ref().height >= grown)
    })
    .await;

    // Three real nodes serve: one through a liar, one through a peer that soon vanishes. Somebody else never answers.
    let manners = [(1, Manner::Lies), (0, Manner::Stalls), (2, Manner::Vanishes), (0, Manner::Honest)];
    let mut peers = Vec::new();
    let mut addresses = Vec::new();
    for (i, manner) in manners {
        let (peer, address) = Peer::start(devnet.client(i).await, manner).await;
        peers.push(peer);
        addresses.push(address);
    }
    devnet.configure(3, |config| {
        config.peers.iter_mut().for_each(|p| p.grpc = None);
        for (manner, address) in manners.iter().zip(&addresses) {
            let p2p = "127.0.0.1:9".parse().expect("an address");
            config.peers.push(PeerConfig { name: format!("{:?}", manner.1), p2p, grpc: Some(*address) });
        }
    });
    let honest = &peers[3];
    devnet.launch(3, &["--sync"]);
    eventually("some pieces are fetched", 60, async || (honest.pieces.load(Ordering::Relaxed) >= 30).then_some(()))
        .await;
    // It dies in the middle, and goes on where it was.
    devnet.kill(3);
    let (before, firsts) = (honest.pieces.load(Ordering::Relaxed), honest.first_pieces.load(Ordering::Relaxed));
    devnet.start_with(3, &["--sync"]).expect("joined");
    let pieces = honest.pieces.load(Ordering::Relaxed);
    assert!(pieces > before);
    assert_eq!(honest.first_pieces.load(Ordering::Relaxed), firsts, "what was fetched is not fetched again");
    assert!(peers.iter().all(|p| p.pieces.load(Ordering::Relaxed) > 0), "every peer was asked");
    let log = devnet.log(3);
    assert!(log.contains("Lies is not asked any more, for it lied"), "{log}");

    let joined = calls.load(Ordering::Relaxed);
    eventually("the load goes on", 30, async || (calls.load(Ordering::Relaxed) > joined + 5).then_some(())).await;
    stop.store(true, Ordering::Relaxed);
    load.await.expect("a load without refusals");
    devnet.agree().await;
    let memory = devnet.peak_memory(3);
    println!("pieces {pieces}, calls meanwhile {joined}, peak memory {} MB", memory >> 20);
    assert!(memory < MEMORY, "{memory} bytes");

    // It votes: without one of the others nothing goes on unless it does.
    devnet.kill(2);
    grow(&client, &steward, 0, 10).await;
    devnet.agree().await;
}

/// Behind by more than its engine may fetch, and by less than peers keep: blocks are fetched and executed first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lags_a_thousand_blocks_comes_back() {
    let mut devnet = Devnet::start(4);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow::found(&client, &steward).await;
    devnet.agree().await;
    devnet.stop(3);
    let behind = client.status().await.expect("a status").height;
    let mut height = behind;
    for n in 0.. {
        if height > behind + FAR_BEHIND + 20 {
            break;
        }
        grow(&client, &steward, n, 1).await;
        height = client.status().await.expect("a status").height;
    }
    devnet.start_one(3);
    let log = devnet.log(3);
    assert!(log.contains("executing the blocks from"), "{log}");
    assert!(!log.contains("fetching the state"), "{log}");
    // Its engine begins behind what it executed, and votes.
    devnet.agree().await;
    devnet.kill(2);
    grow(&client, &steward, 0, 10).await;
    devnet.agree().await;
    // It comes back the usual way after that.
    devnet.stop(3);
    devnet.start_one(2);
    grow(&client, &steward, 0, 10).await;
    devnet.start_one(3);
    devnet.agree().await;
    assert_eq!(devnet.log(3).matches("executing the blocks from").count(), 1);
}
