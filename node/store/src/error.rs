use stint_runtime::StateError;

/// The store failed. The node stops: it must not answer for what it cannot keep.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// RocksDB reports an error.
    #[error("the data folder: {error}; {advice}", error = .0, advice = advice(.0))]
    Database(#[from] rocksdb::Error),
    /// Another process has the folder open.
    #[error("the data folder is in use: a node of it is running; stop that first")]
    Locked,
    /// The folder cannot be looked into.
    #[error("the data folder {path}: {error}")]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
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
    /// It was being filled from peers.
    #[error(
        "the data folder is not whole: it was being fetched from peers; start the node with its peers at hand, and it goes on"
    )]
    Unfinished,
    /// What was read is not what was written.
    #[error("the data folder is damaged: {0}; start the node with --repair to fetch from its peers what is lost")]
    Damaged(String),
    /// It went while it was read, because it is older than what is kept.
    #[error("{0}")]
    LetGo(String),
    /// Too many deleted keys stand between those that a scan of an older state looks for.
    #[error("the state after block {0} has too many deleted keys there to be read; ask for the newest state")]
    Sparse(u64),
    /// A block came out of order.
    #[error("block {got} cannot follow block {tip}")]
    OutOfOrder {
        /// Height of the newest block kept.
        tip: u64,
        /// Height of the block given.
        got: u64,
    },
}

impl StoreError {
    /// True when what is stored is not what was written, so that fetching it anew helps.
    pub fn is_damage(&self) -> bool {
        match self {
            StoreError::Damaged(_) => true,
            StoreError::Database(e) => is_damage(e),
            _ => false,
        }
    }

    /// True when the disk fails: what it gives back cannot be vouched for, so whoever meets this must stop.
    pub fn is_of_disk(&self) -> bool {
        match self {
            StoreError::Database(e) => is_damage(e) || e.kind() == rocksdb::ErrorKind::IOError,
            other => other.is_damage(),
        }
    }
}

/// Something in a file is wrong, or a file is gone.
fn is_damage(e: &rocksdb::Error) -> bool {
    let gone = ["No such file", "does not exist (create_if_missing is false)"];
    e.kind() == rocksdb::ErrorKind::Corruption || gone.iter().any(|g| e.as_ref().contains(g))
}

/// What an operator can do.
fn advice(e: &rocksdb::Error) -> &'static str {
    let says = |what: &str| e.as_ref().contains(what);
    match () {
        () if is_damage(e) => "start the node with --repair to fetch from its peers what is lost",
        () if says("No space left") => {
            "the disk is full: free some space and start the node again, it goes on where it was"
        }
        () if says("Read-only file system") => {
            "the disk became read-only, as failing disks do: see what the system's log says of it, then start the node again"
        }
        () if says("Permission denied") => "start the node as the user who owns the folder",
        () => "see what the system's log says of the disk, then start the node again",
    }
}

impl From<StoreError> for StateError {
    fn from(e: StoreError) -> Self {
        StateError(e.to_string())
    }
}
