//! The power fails at every point of a run: what is on the disk then is opened and goes on.
//!
//! ```text
//!   block h:   staged ── written ── durable ── next block
//!                 │          │          │
//!    image:      h-1    all of it: h    h         and from each of them the next block leads to the same root
//!                       lost, torn: h-1
//! ```

mod common;

use bytes::Bytes;
use common::{CHAIN, block, genesis};
use prost::Message;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};
use stint_proto::{CallId, Hash, v1};
use stint_runtime::BlockResult;
use stint_store::{Keep, Location, Medium, Moment, Store, Witness};

const BLOCKS: u64 = 300;
const WORKERS: usize = 2;
/// So little that pruning and compaction run all the time.
const KEEP: Keep = Keep { blocks: 120, receipts: 60, states: 40, snapshot_every: 10 };

fn call(n: u64) -> CallId {
    CallId { key: [2; 32], id: u128::from(n).to_be_bytes() }
}

/// What block `height` does: the same in every run.
fn result(height: u64) -> BlockResult {
    let mut result = BlockResult::default();
    for n in 0..30 {
        let key = format!("c/{}", (height * 7 + n * n) % 200).into_bytes();
        let value = (n % 5 != 0).then(|| format!("{height} {n} ").repeat(5).into_bytes());
        result.writes.insert(key, value);
    }
    let CallId { key, id } = call(height);
    let receipt = v1::Receipt { key: key.to_vec().into(), id: id.to_vec().into(), height, ..Default::default() };
    result.receipts.push(Bytes::from(receipt.encode_to_vec()));
    result.leaves.push(Hash([height as u8; 32]));
    result.effective.push((call(height), 0));
    result
}

fn commit(store: &Store) -> Hash {
    let next = block(store, store.tip().height);
    let tip = store.commit(&next, None, &result(next.header.height)).expect("committed");
    if tip.height.is_multiple_of(25) {
        store.prune().expect("pruned");
    }
    tip.results.results_root
}

fn open(path: &Path, witness: Option<Witness>) -> Arc<Store> {
    Store::open_watched(&Medium::Folder(path.into()), &genesis(), CHAIN, KEEP, witness).expect("a good store")
}

fn logs(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let files = fs::read_dir(folder).expect("a folder").flatten();
    let logs = files.filter(|f| f.path().extension().is_some_and(|e| e == "log"));
    logs.map(|f| (f.file_name().into(), f.metadata().map_or(0, |m| m.len()))).collect()
}

/// What the disk holds if the power fails now, with so many bytes of the newest log. Older ones are synced when they are
/// closed.
fn image(of: &Path, at: &Path, length: &dyn Fn(&Path, u64) -> u64) {
    fs::create_dir_all(at).expect("a folder");
    let newest = logs(of).into_keys().max();
    for file in fs::read_dir(of).expect("a folder").flatten() {
        let copy = at.join(file.file_name());
        // RocksDB removes files meanwhile that nothing needs any more.
        if file.file_name() == "LOCK" || fs::copy(file.path(), &copy).is_err() {
            continue;
        }
        if newest.as_deref() == Some(Path::new(&file.file_name())) {
            let whole = fs::metadata(&copy).expect("copied").len();
            let file = fs::File::options().write(true).open(&copy).expect("a copy");
            file.set_len(length(newest.as_deref().expect("a log"), whole)).expect("cut");
        }
    }
}

/// What is left when the power fails, and the block that it ends with.
struct Image {
    at: PathBuf,
    height: u64,
}

/// It goes on as if nothing had been.
fn goes_on(at: &Path, roots: &[Hash], height: u64) {
    let store = open(at, None);
    let tip = store.tip();
    assert_eq!(tip.height, height);
    assert_eq!(tip.results.results_root, roots[height as usize], "block {height}");
    // A call is found with its block and not without it.
    let found = |height| store.locate(call(height)).expect("readable");
    if tip.height > 0 {
        assert_eq!(found(tip.height), Some(Location { height: tip.height, index: 0 }));
    }
    assert_eq!(found(tip.height + 1), None);
    if (tip.height as usize) + 1 < roots.len() {
        assert_eq!(commit(&store), roots[tip.height as usize + 1], "after block {}", tip.height);
    }
}

#[test]
fn from_every_point_of_three_hundred_blocks_the_store_goes_on_the_same() {
    // The images are thrown away, so memory does for a disk where the system offers it.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let (calm, store, at) = (folder.path().join("calm"), folder.path().join("store"), folder.path().join("image"));
    let mut roots = Vec::new();
    {
        let calm = open(&calm, None);
        roots.push(calm.tip().results.results_root);
        roots.extend((0..BLOCKS).map(|_| commit(&calm)));
    }

    // Images are opened beside the run.
    let (to_open, images) = mpsc::sync_channel::<Image>(WORKERS);
    let images = Arc::new(Mutex::new(images));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (images, roots) = (images.clone(), roots.clone());
            std::thread::spawn(move || {
                let mut opened = 0;
                loop {
                    let next = images.lock().expect("one at a time").recv();
                    let Ok(Image { at, height }) = next else { return opened };
                    goes_on(&at, &roots, height);
                    fs::remove_dir_all(at).expect("removed");
                    opened += 1;
                }
            })
        })
        .collect();
    let durable = Mutex::new(BTreeMap::new());
    let seen = Arc::new(Mutex::new([0u64; 3]));
    let witness: Witness = {
        let (store, seen) = (store.clone(), seen.clone());
        let number = AtomicU64::new(0);
        let leave = move |length: &dyn Fn(&Path, u64) -> u64, height: u64| {
            let at = at.join(number.fetch_add(1, Ordering::Relaxed).to_string());
            image(&store, &at, length);
            to_open.send(Image { at, height }).expect("a worker");
            logs(&store)
        };
        Arc::new(move |moment, height| {
            let mut durable = durable.lock().expect("one writer");
            let mut seen = seen.lock().expect("one writer");
            let synced = |log: &Path| durable.get(log).copied().unwrap_or(0u64);
            match moment {
                // Nothing of genesis is there to open before it is durable.
                _ if height == 0 && moment != Moment::Durable => {}
                Moment::Staged => {
                    leave(&|log, whole| synced(log).min(whole), height - 1);
                    seen[0] += 1;
                }
                Moment::Written => {
                    // What was written and not synced is there, is lost, or is torn.
                    leave(&|_, whole| whole, height);
                    leave(&|log, whole| synced(log).min(whole), height - 1);
                    let torn = height % 7 + 1;
                    leave(&|log, whole| synced(log) + whole.saturating_sub(synced(log)) * torn / 8, height - 1);
                    seen[1] += 1;
                }
                Moment::Durable => {
                    *durable = leave(&|_, whole| whole, height);
                    seen[2] += 1;
                }
            }
        })
    };
    let store = open(&store, Some(witness));
    let after: Vec<Hash> = (0..BLOCKS).map(|_| commit(&store)).collect();
    assert_eq!(after, roots[1..]);
    drop(store);
    let opened: u64 = workers.into_iter().map(|w| w.join().expect("every image goes on")).sum();
    assert_eq!(opened, BLOCKS * 5 + 1);
    assert_eq!(*seen.lock().expect("ended"), [BLOCKS, BLOCKS, BLOCKS + 1]);
}
