//! Column families and their options.

use crate::{Medium, StoreError};
use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Env, LogLevel, Options};
use std::cmp::Ordering;

pub const STATE: &str = "state";
pub const BLOCKS: &str = "blocks";
pub const RESULTS: &str = "results";
pub const RECEIPTS: &str = "receipts";
pub const CALLS: &str = "calls";
pub const CERTIFICATES: &str = "certificates";
pub const META: &str = "meta";

const CACHE_BYTES: usize = 128 << 20;
const WRITE_BUFFER_BYTES: usize = 32 << 20;
const LOG_BYTES: u64 = 256 << 20;
const OPEN_FILES: i32 = 1024;
const TIMESTAMP_BYTES: usize = 8;

pub fn open(medium: &Medium) -> Result<DB, StoreError> {
    let mut options = Options::default();
    // Over what is left of a ledger no new one is begun.
    options.create_if_missing(is_empty(medium)?);
    options.create_missing_column_families(true);
    options.set_paranoid_checks(true);
    options.set_max_background_jobs(2);
    options.set_max_total_wal_size(LOG_BYTES);
    options.set_max_open_files(OPEN_FILES);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(1 << 20);
    let path = match medium {
        Medium::Folder(path) => path.clone(),
        Medium::Memory(env) => {
            options.set_env(env);
            "/stint".into()
        }
    };
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let families = [STATE, BLOCKS, RESULTS, RECEIPTS, CALLS, CERTIFICATES, META].map(|name| {
        let mut family = family(&cache);
        if name == STATE {
            timestamped(&mut family);
        }
        ColumnFamilyDescriptor::new(name, family)
    });
    DB::open_cf_descriptors(&options, path, families).map_err(|e| match e.as_ref().contains("/LOCK") {
        true => StoreError::Locked,
        false => e.into(),
    })
}

/// Whether nothing was ever written there.
pub fn is_empty(medium: &Medium) -> Result<bool, StoreError> {
    let Medium::Folder(path) = medium else { return Ok(true) };
    match std::fs::read_dir(path) {
        Ok(mut files) => Ok(files.next().is_none()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(StoreError::Folder { path: path.clone(), error }),
    }
}

/// An environment in memory, kept by whoever simulates a crash and a restart.
pub fn memory_env() -> Result<Env, StoreError> {
    Ok(Env::mem_env()?)
}

fn family(cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_bloom_filter(10.0, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(6);
    let mut options = Options::default();
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_block_based_table_factory(&table);
    options
}

/// Keys carry the height of their write; newer ones come first.
fn timestamped(options: &mut Options) {
    let without = |key: &[u8], has: bool| -> usize { if has { key.len() - TIMESTAMP_BYTES } else { key.len() } };
    options.set_comparator_with_ts(
        "stint.height",
        TIMESTAMP_BYTES,
        Box::new(|a, b| {
            let (ka, ta) = a.split_at(a.len() - TIMESTAMP_BYTES);
            let (kb, tb) = b.split_at(b.len() - TIMESTAMP_BYTES);
            ka.cmp(kb).then_with(|| by_height(tb, ta))
        }),
        Box::new(by_height),
        Box::new(move |a, a_has, b, b_has| a[..without(a, a_has)].cmp(&b[..without(b, b_has)])),
    );
}

fn by_height(a: &[u8], b: &[u8]) -> Ordering {
    let number = |t: &[u8]| t.try_into().map_or(u64::MAX, u64::from_le_bytes);
    number(a).cmp(&number(b))
}
