//! The check names every kind of damage, and finds none where there is none.

mod common;

use common::{CHAIN, block, genesis, key};
use ed25519_dalek::Signer;
use prost::Message;
use rocksdb::{ColumnFamilyDescriptor, DB, Options};
use std::{path::PathBuf, sync::Arc};
use stint_proto::{Block, Call, CallId, Certificate, Code, Refusal, Transaction, receipt::apart, v1};
use stint_runtime::BlockResult;
use stint_store::{Checked, Difference, Keep, Medium, Store, StoreError, genesis_block};
use stint_verifier::signed;
use tempfile::TempDir;

/// Of these, every third has no votes, the newest one too.
const BLOCKS: u64 = 39;
/// The call of block 1, which every seventh block repeats.
const REPEATED: u64 = 10;

fn id(n: u64) -> CallId {
    CallId { key: key().verifying_key().to_bytes(), id: u128::from(n).to_be_bytes() }
}

fn call(n: u64) -> Transaction {
    let call = Call {
        chain_id: CHAIN,
        commons: "forge".into(),
        method: "/a.B/C".into(),
        request: vec![n as u8; 20].into(),
        call_id: id(n),
        valid_until: 1_000,
        fuel_limit: 0,
    };
    call.sign(&key()).expect("a call within its limits")
}

/// Block h has h % 4 calls, numbered from 10 h on, and sometimes a repetition behind them.
fn commit(store: &Store) {
    let height = store.tip().height + 1;
    let mut block = block(store, (height - 1).saturating_sub(height % 3));
    if height == 1 {
        block.header.parent = genesis_block(&genesis(), CHAIN).header.hash();
    }
    block.transactions = (0..height % 4).map(|i| call(height * 10 + i)).collect();
    let effective = block.transactions.iter().map(|t| t.id()).zip(0..).collect();
    let mut result = BlockResult { effective, ..Default::default() };
    if height.is_multiple_of(7) {
        block.transactions.push(call(REPEATED));
    }
    block.header.transactions_root = Block::transactions_root(&block.transactions);
    block.header.transaction_count = block.transactions.len() as u32;
    for (tx, index) in block.transactions.iter().zip(0..) {
        let event = v1::Event { commons: "forge".into(), r#type: "E".into(), ..Default::default() };
        let mut receipt = v1::Receipt {
            key: tx.id().key.to_vec().into(),
            id: tx.id().id.to_vec().into(),
            transaction_hash: tx.hash().0.to_vec().into(),
            height,
            index,
            ..Default::default()
        };
        if height > 1 && tx.id() == id(REPEATED) {
            receipt.refusal = Some(Refusal::new(Code::AlreadyExists, "repeated", "ordered before").into());
        } else {
            receipt.events = vec![event; index as usize];
            receipt.fuel_used = 100;
        }
        result.receipts.push(receipt.encode_to_vec().into());
        result.leaves.push(apart(receipt).leaf());
    }
    result.writes.insert(vec![b'c', height as u8 % 5], Some(vec![height as u8]));
    let signature = key().sign(&signed(&block.header, block.header.view, block.header.parent_view)).to_bytes();
    let certificate = Certificate::new(&block.header, 1, vec![(0, signature)]);
    store.commit(&block, (!height.is_multiple_of(3)).then_some(&certificate), &result).expect("committed");
}

/// A ledger in a folder that no node has open.
struct Ledger {
    folder: TempDir,
    keep: Keep,
}

impl Ledger {
    fn new(keep: Keep) -> Ledger {
        let folder = tempfile::tempdir().expect("a folder");
        let medium = Medium::Folder(folder.path().join("state"));
        let store = Store::open(&medium, &genesis(), CHAIN, keep).expect("a store");
        for _ in 0..BLOCKS {
            commit(&store);
        }
        while store.prune().expect("pruned") {}
        Ledger { folder, keep }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn open(&self) -> Result<Arc<Store>, StoreError> {
        Store::open(&Medium::Folder(self.path()), &genesis(), CHAIN, self.keep)
    }

    fn check(&self) -> Result<Checked, Difference> {
        let mut last = Checked::default();
        let checked = self.open()?.check(&genesis(), &mut |now| last = now)?;
        assert_eq!(last, checked);
        Ok(checked)
    }

    /// The columns, without the store.
    fn raw(&self) -> DB {
        let names = ["state", "blocks", "results", "receipts", "calls", "certificates", "handovers", "meta"];
        let columns = names.map(|name| {
            ColumnFamilyDescriptor::new(name, if name == "state" { by_height() } else { Options::default() })
        });
        DB::open_cf_descriptors(&Options::default(), self.path(), columns).expect("the columns")
    }

    /// Changes a value behind the store's back; answers with what was there.
    fn swap(
        &self,
        column: &str,
        key: &[u8],
        change: impl FnOnce(Option<Vec<u8>>) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let db = self.raw();
        let family = db.cf_handle(column).expect("a column");
        let before = db.get_cf(family, key).expect("readable");
        match change(before.clone()) {
            Some(value) => db.put_cf(family, key, value).expect("written"),
            None => db.delete_cf(family, key).expect("written"),
        }
        before
    }

    /// The check names a change of one value, which is then undone.
    fn names(&self, column: &str, key: &[u8], change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>, expected: &str) {
        let before = self.swap(column, key, |value| change(value.unwrap_or_default()));
        let found = self.check().expect_err(expected).to_string();
        assert!(found.contains(expected), "{found}\ninstead of: {expected}");
        self.swap(column, key, |_| before);
    }
}

/// As in `columns.rs`: RocksDB opens a column only with a comparator of the same name.
fn by_height() -> Options {
    let comparator = "comparator=leveldb.BytewiseComparator.u64ts";
    Options::default().get_options_from_string(comparator).expect("a comparator of RocksDB")
}

fn at(height: u64) -> Vec<u8> {
    height.to_be_bytes().to_vec()
}

fn place(height: u64, index: u32) -> Vec<u8> {
    [&height.to_be_bytes()[..], &index.to_be_bytes()].concat()
}

fn entry(n: u64) -> Vec<u8> {
    [&id(n).key[..], &id(n).id].concat()
}

fn gone(_: Vec<u8>) -> Option<Vec<u8>> {
    None
}

/// Turns the lowest bit of a byte.
fn turned(byte: usize) -> impl FnOnce(Vec<u8>) -> Option<Vec<u8>> {
    move |mut value| {
        value[byte] ^= 1;
        Some(value)
    }
}

fn last_turned(value: Vec<u8>) -> Option<Vec<u8>> {
    turned(value.len() - 1)(value)
}

fn becomes(value: Vec<u8>) -> impl FnOnce(Vec<u8>) -> Option<Vec<u8>> {
    move |_| Some(value)
}

fn longer(by: &'static [u8]) -> impl FnOnce(Vec<u8>) -> Option<Vec<u8>> {
    move |value| Some([&value[..], by].concat())
}

#[test]
fn a_whole_store_passes() {
    let ledger = Ledger::new(Keep::ARCHIVE);
    let store = ledger.open().expect("whole");
    let keys = [0, BLOCKS].map(|h| store.tree_at(h).expect("readable").keys()).iter().sum();
    drop(store);
    let checked = ledger.check().expect("whole");
    assert_eq!(checked, Checked { blocks: 39, votes: 26, unproved: 0, receipts: 65, calls: 60, keys });
}

#[test]
fn a_store_that_let_go_of_its_past_passes() {
    let keep = Keep { blocks: 16, receipts: 8, states: 10, snapshot_every: 0 };
    let fewer_receipts = Ledger::new(keep).check().expect("whole");
    assert_eq!((fewer_receipts.blocks, fewer_receipts.receipts), (16, 13));
    let fewer_blocks = Ledger::new(Keep { blocks: 8, receipts: 16, ..keep }).check().expect("whole");
    assert_eq!((fewer_blocks.blocks, fewer_blocks.receipts), (8, 26));
}

#[test]
fn damage_to_blocks_votes_and_results_is_named() {
    let ledger = Ledger::new(Keep::ARCHIVE);
    // Where the fields of a header begin is drawn in `stint-verifier`.
    let (view, height, state_root) = (48, 64, 185);
    ledger.names("blocks", &at(9), last_turned, "block 9 holds other calls than its header names");
    ledger.names("blocks", &at(9), gone, "block 9 is missing");
    ledger.names("blocks", &at(9), longer(&[0]), "block 9 cannot be read: ");
    ledger.names("blocks", &at(9), turned(height), "block 9 says that it is another one");
    ledger.names("blocks", &at(9), turned(1), "block 9 is of another ledger");
    ledger.names("blocks", &at(9), turned(state_root), "block 9 certifies other results of block 8 than are stored");
    ledger.names("blocks", &at(9), turned(view), "block 10 names another parent than the block before");
    ledger.names("blocks", &at(10), turned(view), "the votes over block 10 are not those of enough validators");
    let newest = "the record of the newest block names another hash than block 39 has";
    ledger.names("blocks", &at(BLOCKS), turned(view), newest);

    let votes = "the votes over block 10 are not those of enough validators";
    ledger.names("certificates", &at(10), last_turned, votes);
    ledger.names("certificates", &at(10), longer(&[0]), votes);
    ledger.names("certificates", &at(10), becomes(vec![0]), votes);

    let (receipts, time, root) = (67, 75, 76);
    let chain = "the results of block 9 have another root than follows from them and those of the block before";
    ledger.names("results", &at(9), turned(0), chain);
    ledger.names("results", &at(9), turned(root), chain);
    ledger.names("results", &at(9), turned(time), "the results of block 9 have another time than the block");
    ledger.names("results", &at(9), turned(receipts), "the results of block 9 do not count one receipt for each call");
    ledger.names("results", &at(9), gone, "the results of block 9 are missing");
    ledger.names("results", &at(9), longer(&[0]), "the data folder is damaged: the results of block 9");
    ledger.names("results", &at(0), turned(0), "the results of block 0 are not those of the genesis file");
    // Calls executed so far stand at the end.
    let so_far = "the results of block 9 count 12 calls so far instead of 13";
    ledger.names("results", &at(9), turned(115), so_far);
    let not_counted = |mut value: Vec<u8>| {
        value.truncate(108);
        Some(value)
    };
    ledger.names("results", &at(9), not_counted, "the results of block 9 count no calls so far instead of 13");
    ledger.names("results", &at(0), turned(115), "the results of block 0 are not those of the genesis file");
    ledger.names(
        "meta",
        b"tip",
        turned(15),
        "the record of the newest block counts 61 calls so far, and its results 60",
    );
    ledger.names("results", &at(BLOCKS), turned(0), "the data folder is damaged: the state at height 39 has the root");

    ledger.names("blocks", &at(40), longer(&[0]), "block 40 is left over: the newest block is 39");
    ledger.names("certificates", &at(40), longer(&[0]), "a vote over block 40 is left over");
    ledger.names("results", &at(40), longer(&[0]), "a result of block 40 is left over");
    ledger.names("receipts", &place(41, 0), longer(&[0]), "a receipt of block 41 is left over");

    ledger.names("meta", b"tip", last_turned, newest);
    ledger.names("meta", b"oldest", becomes(vec![9; 24]), "the data folder is damaged: the oldest heights");
    ledger.check().expect("whole again");
}

/// Where receipts are let go, how many calls were new can be told no more, but not more than there are.
#[test]
fn calls_so_far_are_bounded_where_receipts_are_let_go() {
    let ledger = Ledger::new(Keep { blocks: 16, receipts: 8, states: 10, snapshot_every: 0 });
    ledger.check().expect("whole");
    let height = ledger.open().expect("whole").oldest().receipts - 2;
    ledger.names("results", &at(height), turned(114), &format!("the results of block {height} count "));
}

/// The engine once began behind a block whose votes were lost, and could not start again.
#[test]
fn missing_votes_are_named_where_the_engine_needs_them() {
    let ledger = Ledger::new(Keep::ARCHIVE);
    ledger.open().expect("whole").set_floor(10).expect("written");
    ledger.check().expect("whole");
    // Others may be final by the votes over a block behind them.
    let votes = ledger.swap("certificates", &at(11), |_| None);
    ledger.check().expect("whole");
    ledger.swap("certificates", &at(11), |_| votes);
    // Too far behind for a proof of the first ones; not at the end, where votes may still come.
    for _ in BLOCKS..120 {
        commit(&ledger.open().expect("whole"));
    }
    (50..120).for_each(|h| drop(ledger.swap("certificates", &at(h), |_| None)));
    let unproved = |l: &Ledger| l.check().expect("whole").unproved;
    assert_eq!(unproved(&ledger), 0);
    commit(&ledger.open().expect("whole"));
    // Block 121 has votes: 58 is the first that is 63 before it.
    assert_eq!(unproved(&ledger), 58 - 50);
    let store = ledger.open().expect("whole");
    assert!(store.prove_block(57).is_err() && store.prove_block(58).is_ok());
    drop(store);
    let missing = "the votes over block 10, with which the consensus engine began, are missing";
    ledger.names("certificates", &at(10), gone, missing);
}

/// A table of RocksDB that is damaged is named by its file, with what to do.
#[test]
fn a_damaged_table_is_named_with_what_to_do() {
    let ledger = Ledger::new(Keep::ARCHIVE);
    // What was in the log goes into tables.
    drop(ledger.open().expect("whole"));
    let files = std::fs::read_dir(ledger.path()).expect("a folder").flatten().map(|f| f.path());
    let tables: Vec<_> = files.filter(|f| f.extension().is_some_and(|e| e == "sst")).collect();
    assert!(!tables.is_empty());
    for table in tables {
        let whole = std::fs::read(&table).expect("a table");
        let mut damaged = whole.clone();
        // The first block of entries.
        damaged[10] ^= 1;
        std::fs::write(&table, damaged).expect("written");
        let said = ledger.check().expect_err("a damaged table").to_string();
        let name = table.file_name().expect("a name").to_string_lossy().into_owned();
        println!("{said}");
        assert!(said.contains(&name) && said.contains("start the node with --repair"), "{name}: {said}");
        std::fs::write(&table, whole).expect("written");
    }
}

#[test]
fn damage_to_receipts_and_their_index_is_named() {
    let ledger = Ledger::new(Keep::ARCHIVE);
    let root = "the results of block 11 name another root than its receipts have";
    ledger.names("receipts", &place(11, 1), last_turned, root);
    ledger.names("receipts", &place(11, 1), turned(0), "receipt 1 of block 11 cannot be read: ");
    let unknown_field = longer(&[0x78, 1]);
    ledger.names("receipts", &place(11, 1), unknown_field, "receipt 1 of block 11 has other bytes than were written");
    ledger.names("receipts", &place(11, 1), gone, "receipt 1 of block 11 is missing");
    ledger.names("receipts", &place(11, 2), gone, "receipt 2 of block 11 is missing");
    let receipt = |height, index, n| {
        let (key, id) = (id(n).key.to_vec().into(), id(n).id.to_vec().into());
        let transaction_hash = call(n).hash().0.to_vec().into();
        let receipt = v1::Receipt { key, id, transaction_hash, height, index, fuel_used: 1, ..Default::default() };
        becomes(receipt.encode_to_vec())
    };
    ledger.names("receipts", &place(11, 1), receipt(11, 2, 112), "receipt 1 of block 11 says that it is another one");
    let other_call = "receipt 1 of block 11 is not of the call at that place";
    ledger.names("receipts", &place(11, 1), receipt(11, 1, 112), other_call);
    let none = "receipt 3 of block 11 is not of the call at that place";
    ledger.names("receipts", &place(11, 3), receipt(11, 3, 113), none);

    let (lost, astray, second) = (id(110), id(9_999), id(REPEATED));
    let expected = format!("the index of calls has no entry for call {lost}, which has receipt 0 of block 11");
    ledger.names("calls", &entry(110), gone, &expected);
    let expected = format!("leads from call {lost} to receipt 0 of block 5, and receipt 0 of block 11 is its own");
    ledger.names("calls", &entry(110), becomes(place(5, 0)), &expected);
    let expected = format!("leads from call {second} to receipt 3 of block 7, and receipt 0 of block 1 is its own");
    ledger.names("calls", &entry(REPEATED), becomes(place(7, 3)), &expected);
    let expected = format!("leads from call {astray} to receipt 0 of block 11, which is not its own");
    ledger.names("calls", &entry(9_999), becomes(place(11, 0)), &expected);
    let expected = format!("leads from call {astray} to receipt 0 of block 50, which is not its own");
    ledger.names("calls", &entry(9_999), becomes(place(50, 0)), &expected);
    ledger.names("calls", &entry(110), longer(&[0]), "the data folder is damaged: the index of call");
    ledger.names(
        "calls",
        b"short",
        becomes(place(11, 0)),
        "the data folder is damaged: an entry of the index of calls",
    );
    ledger.check().expect("whole again");
}

#[test]
fn damage_to_the_state_is_named() {
    let ledger = Ledger::new(Keep::ARCHIVE);
    let damage = |key: &[u8], height: u64, value: Option<&[u8]>| {
        let db = ledger.raw();
        let (state, at) = (db.cf_handle("state").expect("the state"), height.to_le_bytes());
        match value {
            Some(value) => db.put_cf_with_ts(state, key, at, value),
            None => db.delete_cf_with_ts(state, key, at),
        }
        .expect("written");
    };
    let names = |expected: &str| {
        let found = ledger.check().expect_err(expected).to_string();
        assert!(found.contains(expected), "{found}\ninstead of: {expected}");
    };
    damage(b"z later", BLOCKS + 1, Some(b"left over"));
    names("the state after block 39 is followed by writes that are left over");
    damage(b"z later", BLOCKS + 1, None);
    ledger.check().expect("whole again");

    damage(b"z early", 0, Some(b"too much"));
    damage(b"z early", 1, None);
    names("the state after block 0 has the root");

    damage(b"c\0", BLOCKS, Some(b"another value"));
    names("the data folder is damaged: the state at height 39 has the root");
}
