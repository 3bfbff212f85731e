//! What a node does when it is asked for what it has no more, or cannot read.

use super::{Node, Standing, Unproved, Waits, verify};
use crate::tests::{chain, extend, in_memory, node};
use futures::FutureExt;
use std::path::Path;
use stint_proto::{Code, Hash, v1};
use stint_store::{Keep, Medium};

const KEEP: Keep = Keep { blocks: 40, receipts: 30, states: 10, snapshot_every: 5 };

fn chunk(node: &Node, height: u64) -> Result<v1::GetChunkResponse, String> {
    node.chunk(&v1::GetChunkRequest { height, from: Default::default() }).map_err(|e| match e {
        Unproved::Refused(refusal) => format!("{:?} {}", refusal.code, refusal.message),
        Unproved::NotYet(refusal) => refusal.message,
        Unproved::Unreadable(e) => e.to_string(),
    })
}

/// A piece of a snapshot whose state was let go was once answered as an error of the disk, so that whoever fetched it
/// never learned that it was gone.
#[test]
fn a_snapshot_that_is_let_go_is_not_there() {
    let node = in_memory(KEEP);
    let chain = chain(60);
    extend(&node, &chain[..12]);
    assert!(chunk(&node, 5).is_ok() && chunk(&node, 10).is_ok());
    extend(&node, &chain[12..]);
    while node.store.prune().expect("pruned") {}
    let oldest = node.store.oldest().state;
    let expected = String::from("NotFound no snapshot of height 5 is offered here; there are those of [55, 60]");
    assert_eq!((chunk(&node, 5).expect_err("let go"), oldest), (expected, 51));
    assert!(chunk(&node, 55).is_ok());
    let snapshot = node.snapshot(55).unwrap_or_else(|_| panic!("a snapshot"));
    assert_eq!(snapshot.offered, [55, 60]);
    assert!(chunk(&node, 0).expect_err("no height").contains("no snapshot of height 0"));
    assert_eq!(chunk(&in_memory(KEEP), 5).expect_err("none yet"), "NotFound no snapshot is offered here yet");
    assert_eq!(node.failure(), None, "nothing is wrong with its disk");
    // Nor when receipts go while somebody reads them.
    assert_eq!(node.history(5).expect_err("let go").code, Code::NotFound);
    assert_eq!(node.failure(), None);
}

#[test]
fn a_pinned_block_is_compared_wherever_it_is() {
    let chain = chain(60);
    let hash = |height: usize| chain[height - 1].0.header.hash();
    let other = Hash([3; 32]);
    let node = in_memory(KEEP);
    extend(&node, &chain[..20]);
    // One that is kept: at once.
    assert!(node.pin(7, other).expect_err("another").contains("is pinned"));
    assert_eq!(node.pin(7, hash(7)), Ok(()));
    assert_eq!(node.pin(0, node.genesis_block().header.hash()), Ok(()));
    assert!(node.pin(0, other).is_err());
    // One to come: when it comes.
    assert_eq!(node.pin(30, other), Ok(()));
    extend(&node, &chain[20..29]);
    let (block, votes) = &chain[29];
    let said = node.follow(block, Some(votes)).expect_err("another");
    assert!(said.contains("block 30 has the hash") && node.tip().height == 29, "{said}");

    // Remembered when it is let go; another one there cannot be compared any more.
    let node = in_memory(KEEP);
    assert_eq!(node.pin(8, hash(8)), Ok(()));
    extend(&node, &chain);
    while node.store.prune().expect("pruned") {}
    assert!(node.store.oldest().block > 8);
    assert_eq!(node.pin(8, hash(8)), Ok(()));
    assert!(node.pin(8, other).expect_err("another").contains("is not kept here"));
    assert!(node.pin(9, hash(9)).expect_err("unknown").contains("is not kept here"));
}

/// Flips a bit of the file that holds some bytes.
fn flip(folder: &Path, bytes: &[u8]) {
    for file in std::fs::read_dir(folder).expect("a folder").flatten().map(|f| f.path()) {
        let mut content = std::fs::read(&file).expect("a file");
        let is_table = file.extension().is_some_and(|e| e == "sst");
        if let Some(at) = content.windows(bytes.len()).position(|w| w == bytes).filter(|_| is_table) {
            content[at] ^= 1;
            std::fs::write(&file, content).expect("written");
            return;
        }
    }
    panic!("no table holds it");
}

/// Whoever asked for something on a damaged part of the disk once got an error, and the node answered on and voted.
#[test]
fn a_node_that_reads_damage_stops_whoever_made_it_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let medium = Medium::Folder(folder.path().join("state"));
    let chain = chain(60);
    extend(&node(&medium, Keep::ARCHIVE), &chain);
    // What was in the log goes into files when it is opened again.
    drop(node(&medium, Keep::ARCHIVE));
    flip(&folder.path().join("state"), &chain[6].1.votes[0].1[..16]);
    let node = node(&medium, Keep::ARCHIVE);
    assert_eq!(node.failure(), None, "nobody read it yet");
    assert_eq!(node.history(7).expect_err("damaged").code, Code::Internal);
    let why = node.failure().expect("it stops");
    assert!(why.contains("start the node with --repair"), "{why}");
}

/// A validator that was repaired was once called apart until whoever looked started again.
#[test]
fn who_agrees_again_is_apart_no_more() {
    let node = in_memory(KEEP);
    extend(&node, &chain(20));
    let said =
        |height, results_root| Standing { height, results_root, epoch: 0, view: 0, waits: Waits::Votes, waits_ms: 0 };
    let apart = |height, root, at| {
        node.heard_standing([5; 32], said(height, root), at);
        node.health().of(&[5; 32]).and_then(|seen| seen.apart)
    };
    let ours = |height| node.results_root(height).expect("readable").expect("kept");
    assert_eq!(apart(15, ours(15), 1), None);
    assert_eq!(apart(16, Hash([1; 32]), 2), Some((2, 16)));
    assert_eq!(apart(17, Hash([1; 32]), 3), Some((2, 16)), "since then");
    assert_eq!(apart(900, Hash([1; 32]), 4), Some((2, 16)), "nothing to compare");
    assert_eq!(apart(18, ours(18), 5), None);
    // A height that is none once overflowed, and the node stopped.
    assert_eq!(apart(u64::MAX, ours(18), 6), None);
}

/// A node that could not read what it had executed once waited for ever, silently, with every block that it was to judge.
#[test]
fn a_node_that_cannot_judge_a_block_stops() {
    let node = in_memory(KEEP);
    let chain = chain(60);
    extend(&node, &chain);
    while node.store.prune().expect("pruned") {}
    // The results that this old header names went with the blocks.
    assert_eq!(verify::results_agree(&node, &chain[4].0.header).now_or_never(), None, "it has no verdict");
    let why = node.failed().now_or_never().expect("it stops");
    assert!(why.contains("block 5 cannot be judged") && why.contains("--repair"), "{why}");
}
