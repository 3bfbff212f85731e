//! What is let go leaves the disk.

mod common;

use bytes::Bytes;
use common::{CHAIN, block, genesis};
use prost::Message;
use std::{os::unix::fs::MetadataExt, path::Path, sync::Arc};
use stint_proto::{CallId, Hash, v1};
use stint_runtime::{BlockResult, State};
use stint_store::{Keep, Location, Medium, Oldest, Store};

const BLOCKS: u64 = 1_000;
const KEYS: u64 = 300;
const CALLS: u64 = 20;
const KEEP: Keep = Keep { blocks: 100, receipts: 50, states: 10, snapshot_every: 0 };

fn open(path: &Path, keep: Keep) -> Arc<Store> {
    Store::open(&Medium::Folder(path.into()), &genesis(), CHAIN, keep).expect("a good store")
}

/// Bytes that hardly compress.
fn noise(of: u64, bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut n = of;
    while out.len() < bytes {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.extend_from_slice(&(n >> 11).to_le_bytes()[..6]);
    }
    out
}

fn id(height: u64, index: u64) -> CallId {
    CallId { key: [2; 32], id: u128::from(height << 16 | index).to_be_bytes() }
}

/// A block of calls with receipts, which together replace some of the keys' values.
fn commit(store: &Store) {
    let next = block(store, store.tip().height);
    let height = next.header.height;
    let mut result = BlockResult::default();
    for n in 0..CALLS {
        let key = format!("c/{}", (height * CALLS + n) % KEYS).into_bytes();
        result.writes.insert(key, Some(noise(height << 8 | n, 400)));
        let id = id(height, n);
        let receipt = v1::Receipt {
            key: id.key.to_vec().into(),
            id: id.id.to_vec().into(),
            height,
            index: n as u32,
            response: noise(height << 9 | n, 300).into(),
            ..Default::default()
        };
        result.receipts.push(Bytes::from(receipt.encode_to_vec()));
        result.leaves.push(Hash([n as u8; 32]));
        result.effective.push((id, n as u32));
    }
    store.commit(&next, None, &result).expect("committed");
}

/// Bytes of a folder on the disk.
fn disk(path: &Path) -> u64 {
    std::fs::read_dir(path).expect("a folder").flatten().map(|f| f.metadata().map_or(0, |m| m.blocks() * 512)).sum()
}

#[test]
fn the_disk_gets_back_what_is_let_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, small) = (folder.path().join("archive"), folder.path().join("small"));
    let size = |path: &Path, keep: Keep| {
        let store = open(path, keep);
        for _ in 0..BLOCKS {
            commit(&store);
            if store.tip().height.is_multiple_of(10) {
                store.prune().expect("pruned");
            }
        }
        let root = store.tip().results.results_root;
        drop(store);
        // What was in the log goes into files when it is opened again.
        drop(open(path, keep));
        (disk(path), root)
    };
    let ((all, root), (kept, same)) = (size(&archive, Keep::ARCHIVE), size(&small, KEEP));
    assert_eq!(root, same, "what is kept decides nothing");
    println!("{all} bytes with everything, {kept} with what is to be kept");
    assert!(kept * 4 < all, "{all} bytes with everything, {kept} with what is to be kept");

    // Settings are separate: blocks outlive receipts, and these the states.
    let store = open(&small, KEEP);
    let Oldest { block, receipts, state } = store.oldest();
    assert!(block < receipts && receipts < state, "{block} {receipts} {state}");
    for height in 1..=BLOCKS {
        assert_eq!(store.block(height).expect("readable").is_some(), height >= block, "block {height}");
        let at = Location { height, index: 3 };
        assert_eq!(store.receipt(at).expect("readable").is_some(), height >= receipts, "receipts of {height}");
        assert_eq!(store.locate(id(height, 3)).expect("readable"), (height >= receipts).then_some(at));
        assert_eq!(store.state_at(height).get(b"c/7").is_ok(), height >= state, "state {height}");
    }
    // A larger setting brings nothing back, and an archive keeps all.
    assert_eq!(
        store.state_at(BLOCKS).get(b"c/7").expect("kept"),
        open(&archive, Keep::ARCHIVE).state_at(BLOCKS).get(b"c/7").expect("kept")
    );
    assert_eq!(open(&archive, Keep::ARCHIVE).oldest(), Oldest { block: 1, receipts: 1, state: 0 });
}
