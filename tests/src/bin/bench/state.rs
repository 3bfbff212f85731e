//! What a root over the state costs: commits beside plain RocksDB by turns, proofs, and what grows
//! with the state. Values are random bytes, which do not compress.

use crate::{
    machine::{RECORD, request},
    report::Report,
};
use ed25519_dalek::{Signer, SigningKey};
use rocksdb::{BlockBasedOptions, DB, DBCompressionType, Options, WriteBatch, WriteOptions};
use std::{io::IsTerminal, path::Path, sync::Arc, time::Instant};
use stint_proto::{Block, Certificate, Genesis, GenesisValidator, Hash, Header, Transaction};
use stint_runtime::{BlockResult, Writes};
use stint_store::{Location, Medium, ProveError, Store};
use stint_testkit::Ledger;
use stint_verifier::{Fact, Trust, signed, tree::KeyRange, verify};
use tempfile::TempDir;

const CONTRIBUTE: &[u8] = include_bytes!("../../../../contracts/dist/contribute.wasm");
const CHAIN: Hash = Hash([7; 32]);
/// Keys of a grown ledger, and of a young and an old one.
const KEYS: usize = 1_000_000;
const AGES: [usize; 2] = [100_000, 10_000_000];
const VALUE_BYTES: usize = 100;
const PROOFS: usize = 200;
const CALLS: usize = 100;

/// All of it. Call it before what needs much memory: memory that others gave back hides what is taken.
pub fn state(report: &mut Report) {
    age(report);
    let mut keys = Keys::new(KEYS);
    let rooted = Rooted::new();
    commits(report, &mut keys, &rooted);
    proofs(report, &mut keys, &rooted);
}

/// Commits to a large state beside commits to a small one, and the memory that the large one takes.
fn age(report: &mut Report) {
    let mut keys = AGES.map(Keys::new);
    let [young, old] = [Rooted::new(), Rooted::new()];
    let before = resident_bytes();
    keys[1].load(100_000, |w| old.write(w));
    // The write buffers of RocksDB are in it.
    report.add("state: memory a key, bytes", (resident_bytes() - before) / AGES[1] as f64);
    keys[0].load(100_000, |w| young.write(w));
    let draw = || keys.each_mut().map(|k| k.updates(1_000));
    turns(report, "state", 300, draw, [("10^5 keys", &|w| young.write(w)), ("10^7 keys", &|w| old.write(w))]);
}

/// The same durable batches with the tree, its history and its root, and without.
fn commits(report: &mut Report, keys: &mut Keys, rooted: &Rooted) {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = plain(folder.path());
    keys.load(10_000, |w| (write(&plain, w.clone()), rooted.write(w)));
    for (updates, blocks) in [(1_000, 60), (10_000, 20)] {
        let draw = || [&keys.updates(updates); 2].map(Writes::clone);
        let what = format!("state: {updates} a block");
        turns(report, &what, blocks, draw, [("RocksDB", &|w| write(&plain, w)), ("rooted", &|w| rooted.write(w))]);
    }
}

/// Proofs of a key, of none, of a range; of a block of contributions, and of the receipt of one.
fn proofs(report: &mut Report, keys: &mut Keys, rooted: &Rooted) {
    for (what, count) in [("a key", 1), ("an absent key", 0), ("a range of 100 keys", 100)] {
        medians(report, what, || {
            let range = keys.range(count);
            let ranges = std::slice::from_ref(&range);
            let (fact, figures) = rooted.proof(|store| store.prove_state(&store.provable_state(None)?, ranges));
            let Fact::State(shown, _) = fact else { panic!("no state") };
            assert_eq!(shown.range(&range.start, &range.end).filter(|e| e.is_ok()).count(), count);
            figures
        });
    }
    let mut ledger = Ledger::new();
    ledger.found("forge", &[("ana", &["steward"])]);
    ledger.deploy("forge", CONTRIBUTE);
    ledger.time_ms = 1_795_341_600_000;
    let calls: Vec<_> = (0..CALLS).map(|n| ledger.sign("forge", "ana", RECORD, &request(n))).collect();
    let result = ledger.execute(&calls);
    rooted.commit(calls, &result);
    let height = rooted.store.tip().height;
    // The next header certifies what the block led to.
    rooted.write(Writes::new());
    medians(report, "a block of 100 calls", || rooted.proof(|store| store.prove_block(height)).1);
    medians(report, "a receipt of 100", || {
        let at = Location { height, index: keys.place(CALLS) as u32 };
        rooted.proof(|store| store.prove_receipt(at, None)).1
    });
}

/// Medians of what [`Rooted::proof`] measures.
fn medians(report: &mut Report, what: &str, mut one: impl FnMut() -> [f64; 3]) {
    let all: Vec<_> = (0..PROOFS).map(|_| one()).collect();
    for (n, unit) in ["bytes", "µs to make", "µs to verify"].iter().enumerate() {
        report.add(&format!("proof of {what}, {unit}"), median(all.iter().map(|figures| figures[n])));
    }
}

/// A name, and the seconds of a block.
type Side<'a> = (&'a str, &'a dyn Fn(Writes) -> f64);

/// Blocks on two sides that take turns, so that the machine's noise hits both: the updates a second
/// of the median block, their ratio, and the ratio over all blocks with their stalls.
fn turns(report: &mut Report, what: &str, blocks: usize, mut draw: impl FnMut() -> [Writes; 2], sides: [Side<'_>; 2]) {
    let mut costs = [Vec::new(), Vec::new()];
    for block in 0..blocks {
        let mut writes = draw();
        // Neither is always the one after the other.
        for side in [block % 2, (block + 1) % 2] {
            let writes = std::mem::take(&mut writes[side]);
            let updates = writes.len() as f64;
            costs[side].push(sides[side].1(writes) / updates);
        }
    }
    let [(first, _), (second, _)] = sides;
    let middle = costs.each_ref().map(|c| median(c.iter().copied()));
    let whole = costs.map(|c| c.iter().sum::<f64>());
    report.add(&format!("{what}: {first}, updates/s"), 1.0 / middle[0]);
    report.add(&format!("{what}: {second}, updates/s"), 1.0 / middle[1]);
    report.add(&format!("{what}: {second} / {first}"), middle[0] / middle[1]);
    report.add(&format!("{what}: {second} / {first}, in all"), whole[0] / whole[1]);
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let done = f();
    (done, began.elapsed().as_secs_f64())
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    statm.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok()).expect("a number of pages") * 4096.0
}

/// Keys as a contract has them, in order, and a lot that falls the same in every run.
struct Keys {
    numbers: Vec<u64>,
    drawn: u64,
}

impl Keys {
    fn new(count: usize) -> Keys {
        let mut numbers: Vec<u64> = (0..count as u64).map(mix).collect();
        numbers.sort_unstable();
        Keys { numbers, drawn: 1 << 40 }
    }

    /// A number that is no key's.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.drawn)
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        Some(std::iter::repeat_with(|| self.draw()).flat_map(u64::to_be_bytes).take(VALUE_BYTES).collect())
    }

    /// All keys in their order, so that the heights whose trees are kept share nearly all of them.
    fn load<T>(&mut self, a_block: usize, mut write: impl FnMut(Writes) -> T) {
        let count = self.numbers.len();
        for first in (0..count).step_by(a_block) {
            write((first..first + a_block).map(|at| (key(self.numbers[at]), self.value())).collect());
            // For people at a terminal; elsewhere it would be one long line.
            if std::io::stderr().is_terminal() {
                eprint!("\rloading keys: {} of {count}", first + a_block);
            }
        }
        if std::io::stderr().is_terminal() {
            eprintln!();
        }
    }

    /// New values for some of the keys.
    fn updates(&mut self, count: usize) -> Writes {
        let mut writes = Writes::new();
        while writes.len() < count {
            let at = self.place(self.numbers.len());
            writes.insert(key(self.numbers[at]), self.value());
        }
        writes
    }

    /// A range of so many keys; for none, one key that is not there.
    fn range(&mut self, count: usize) -> KeyRange {
        let (at, absent) = (self.place(self.numbers.len() - count), self.draw());
        let (first, last) = match count {
            0 => (absent, absent),
            n => (self.numbers[at], self.numbers[at + n - 1]),
        };
        key(first)..[key(last), vec![0]].concat()
    }

    fn place(&mut self, below: usize) -> usize {
        (self.draw() % below as u64) as usize
    }
}

fn key(number: u64) -> Vec<u8> {
    format!("c/forge/bench.v1.Bench/0/{number:016x}").into_bytes()
}

/// One number to one.
fn mix(n: u64) -> u64 {
    let a = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    b ^ (b >> 31)
}

/// The store of a ledger, of whose four validators three sign each block.
pub struct Rooted {
    pub store: Arc<Store>,
    signers: [SigningKey; 4],
    trust: Trust,
    _folder: TempDir,
}

impl Rooted {
    pub fn new() -> Rooted {
        let mut signers = [1, 2, 3, 4].map(|n| SigningKey::from_bytes(&[n; 32]));
        signers.sort_by_key(|s| s.verifying_key().to_bytes());
        let validator = |s: &SigningKey| GenesisValidator { name: String::new(), key: s.verifying_key().to_bytes() };
        let genesis = Genesis {
            name: "bench".into(),
            time_ms: 0,
            protocol_version: Genesis::PROTOCOL_VERSION,
            epoch_blocks: Genesis::EPOCH_BLOCKS,
            validators: signers.iter().map(validator).collect(),
            consortium: "consortium".into(),
            stewards: Vec::new(),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let medium = Medium::Folder(folder.path().into());
        let store = Store::open(&medium, &genesis, CHAIN, Default::default()).expect("a store");
        Rooted { store, signers, trust: genesis.trust(CHAIN).expect("validators"), _folder: folder }
    }

    /// Seconds of a block without calls that writes.
    pub fn write(&self, writes: Writes) -> f64 {
        self.commit(Vec::new(), &BlockResult { writes, ..Default::default() })
    }

    /// Seconds until the next block is durable with what it led to; it certifies what the last one led to.
    pub fn commit(&self, transactions: Vec<Transaction>, result: &BlockResult) -> f64 {
        let tip = self.store.tip();
        let header = Header {
            chain_id: CHAIN,
            epoch: 0,
            view: tip.height + 1,
            parent_view: tip.height,
            height: tip.height + 1,
            leader: self.trust.committee.keys()[0],
            parent: tip.block,
            time_ms: tip.results.outcome.time_ms + 5,
            transactions_root: Block::transactions_root(&transactions),
            transaction_count: transactions.len() as u32,
            protocol_version: Genesis::PROTOCOL_VERSION,
            executed_height: tip.height,
            state_root: tip.results.outcome.state_root,
            results_root: tip.results.results_root,
            next_committee: Hash::ZERO,
        };
        let message = signed(&header, header.view, header.parent_view);
        let votes = (0..3).zip(&self.signers).map(|(n, s)| (n, s.sign(&message).to_bytes())).collect();
        let (certificate, block) = (Certificate::new(&header, 4, votes), Block { header, transactions });
        timed(|| self.store.commit(&block, Some(&certificate), result).expect("committed")).1
    }

    /// What a proof proves; its bytes, and the microseconds of making and of checking it.
    fn proof(&self, make: impl FnOnce(&Arc<Store>) -> Result<Vec<u8>, ProveError>) -> (Fact, [f64; 3]) {
        let (proof, making) = timed(|| make(&self.store).expect("a proof"));
        let (proven, checking) = timed(|| verify(&self.trust, &proof).expect("valid"));
        (proven.fact, [proof.len() as f64, making * 1e6, checking * 1e6])
    }
}

/// RocksDB with those of the store's options that matter to writes, and nothing else: no history, no tree, no hash.
fn plain(folder: &Path) -> DB {
    let mut table = BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    table.set_format_version(6);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_max_background_jobs(2);
    options.set_write_buffer_size(32 << 20);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_block_based_table_factory(&table);
    DB::open(&options, folder).expect("RocksDB")
}

/// Seconds of one durable batch.
fn write(db: &DB, writes: Writes) -> f64 {
    let mut durable = WriteOptions::default();
    durable.set_sync(true);
    let write = || {
        let mut batch = WriteBatch::default();
        writes.iter().for_each(|(key, value)| batch.put(key, value.as_ref().expect("nothing is deleted")));
        db.write_opt(batch, &durable).expect("written");
    };
    timed(write).1
}
