//! Column families and their options.

use crate::{Medium, StoreError};
use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Env, LogLevel, Options};

pub const STATE: &str = "state";
pub const BLOCKS: &str = "blocks";
pub const RESULTS: &str = "results";
pub const RECEIPTS: &str = "receipts";
pub const CALLS: &str = "calls";
pub const CERTIFICATES: &str = "certificates";
pub const HANDOVERS: &str = "handovers";
pub const META: &str = "meta";

const CACHE_BYTES: usize = 128 << 20;
const WRITE_BUFFER_BYTES: usize = 32 << 20;
const LOG_BYTES: u64 = 256 << 20;
const OPEN_FILES: i32 = 1024;
/// Keys carry the height of their write, eight bytes, little endian; newer ones come first. The comparison is RocksDB's
/// own: one in Rust is called a dozen times for each key that is written or read.
const BY_HEIGHT: &str = "comparator=leveldb.BytewiseComparator.u64ts";

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
    let families = [STATE, BLOCKS, RESULTS, RECEIPTS, CALLS, CERTIFICATES, HANDOVERS, META];
    let families = families.into_iter().map(|name| {
        let base =
            if name == STATE { Options::default().get_options_from_string(BY_HEIGHT)? } else { Options::default() };
        Ok(ColumnFamilyDescriptor::new(name, family(base, &cache)))
    });
    let families = families.collect::<Result<Vec<_>, StoreError>>()?;
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

fn family(mut options: Options, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_bloom_filter(10.0, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(6);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_block_based_table_factory(&table);
    options
}
