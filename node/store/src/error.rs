use stint_runtime::StateError;

/// The store failed. The node stops: it must not answer for what it cannot keep.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// RocksDB reports an error, for example a full or failing disk.
    #[error("the data folder: {0}")]
    Database(#[from] rocksdb::Error),
    /// The folder belongs to another ledger.
    #[error(
        "the data folder belongs to the ledger {found}, the genesis file to {expected}; give each ledger a folder of its own"
    )]
    OtherChain {
        /// Chain id in the folder.
        found: String,
        /// Chain id of the genesis file.
        expected: String,
    },
    /// The folder was written by another version.
    #[error("the data folder has format {found}; this build reads {expected}")]
    Format {
        /// Format in the folder.
        found: u32,
        /// Format of this build.
        expected: u32,
    },
    /// What was read is not what was written.
    #[error("the data folder is damaged: {0}")]
    Damaged(String),
    /// A block came out of order.
    #[error("block {got} cannot follow block {tip}")]
    OutOfOrder {
        /// Height of the newest block kept.
        tip: u64,
        /// Height of the block given.
        got: u64,
    },
}

impl From<StoreError> for StateError {
    fn from(e: StoreError) -> Self {
        StateError(e.to_string())
    }
}
