//! A node's folder.
//!
//! ```text
//! <folder>/genesis.json     the ledger; the same bytes on every node
//! <folder>/node.toml        this node: name, addresses, what it keeps, peers
//! <folder>/validator.key    this validator's key, mode 600
//! <folder>/next.key         another one, when the consortium rotates it; see identity.rs
//! <folder>/data/            what it keeps: state/ (RocksDB) and engine/ (votes, blocks)
//! ```

use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use stint_proto::{Genesis, GenesisError, Hash, limits::KEPT_HEIGHTS};
use stint_store::Keep;

/// The content of `node.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// This validator's name.
    pub name: String,
    /// Where clients reach it.
    pub grpc: SocketAddr,
    /// Where other validators reach it.
    pub p2p: SocketAddr,
    /// How much of the past it keeps.
    #[serde(default)]
    pub keep: KeepConfig,
    /// Where other validators are found, as far as the ledger does not say it itself.
    pub peers: Vec<PeerConfig>,
}

/// How much of the past a node keeps: so many of the newest heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepConfig {
    /// Keep all blocks, receipts and states, whatever the numbers say.
    pub archive: bool,
    /// Blocks with their votes.
    pub blocks: u64,
    /// Receipts; no more than blocks, which prove them.
    pub receipts: u64,
    /// States that queries and simulations may ask for.
    pub states: u64,
    /// Heights from one snapshot for nodes that join to the next; 0 offers none.
    pub snapshot_every: u64,
}

impl Default for KeepConfig {
    fn default() -> KeepConfig {
        let Keep { blocks, receipts, states, snapshot_every } = Keep::default();
        KeepConfig { archive: false, blocks, receipts, states, snapshot_every }
    }
}

impl KeepConfig {
    /// Checks the numbers.
    pub fn keep(&self) -> Result<Keep, String> {
        let KeepConfig { archive, blocks, receipts, states, snapshot_every } = *self;
        if snapshot_every > SNAPSHOT_EVERY {
            return Err(format!("[keep] snapshot_every = {snapshot_every}; at most {SNAPSHOT_EVERY} is accepted"));
        }
        if archive {
            return Ok(Keep { snapshot_every, ..Keep::ARCHIVE });
        }
        let least =
            [("blocks", blocks, KEPT_HEIGHTS), ("receipts", receipts, KEPT_HEIGHTS), ("states", states, STATES)];
        for (name, given, least) in least {
            if given < least {
                return Err(format!("[keep] {name} = {given}; at least {least} are needed"));
            }
        }
        if receipts > blocks {
            return Err(format!(
                "[keep] receipts = {receipts}, blocks = {blocks}; receipts are proved by blocks, so keep as many"
            ));
        }
        if snapshot_every > states {
            return Err(format!(
                "[keep] snapshot_every = {snapshot_every}, states = {states}; a snapshot is read from a kept state, so it must be at most as many"
            ));
        }
        Ok(Keep { blocks, receipts, states, snapshot_every })
    }
}

/// States that every node keeps: those that a proof may still be asked of.
const STATES: u64 = 100;

/// Heights from one snapshot to the next at most: who joins executes as many blocks. A day of a busy ledger.
const SNAPSHOT_EVERY: u64 = 1_000_000;

/// Where a validator is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Its name in the genesis file.
    pub name: String,
    /// Where other validators reach it.
    pub p2p: SocketAddr,
    /// Where it answers gRPC: a node that joins or repairs itself fetches from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<SocketAddr>,
}

/// A folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// `node.toml` is wrong.
    #[error("{path}: {error}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// `node.toml` asks for something that cannot be.
    #[error("{path}: {what}")]
    Value {
        /// The file.
        path: PathBuf,
        /// What cannot be.
        what: String,
    },
    /// `genesis.json` is wrong.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
}

/// The places in a node's folder.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// The ledger's description.
    pub fn genesis(&self) -> PathBuf {
        self.0.join("genesis.json")
    }

    /// The node's configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// The validator's key.
    pub fn key(&self) -> PathBuf {
        self.0.join("validator.key")
    }

    /// The key that is to count instead.
    pub fn next_key(&self) -> PathBuf {
        self.0.join("next.key")
    }

    /// RocksDB.
    pub fn state(&self) -> PathBuf {
        self.0.join("data/state")
    }

    /// Compiled contracts.
    pub fn code(&self) -> PathBuf {
        self.0.join("data/code")
    }

    /// Votes and blocks.
    pub fn engine(&self) -> PathBuf {
        self.0.join("data/engine")
    }

    /// Reads the genesis file; answers with the chain id too.
    pub fn read_genesis(&self) -> Result<(Genesis, Hash), ConfigError> {
        Ok(Genesis::parse(&read(&self.genesis())?)?)
    }

    /// Reads `node.toml`.
    pub fn read_config(&self) -> Result<NodeConfig, ConfigError> {
        let path = self.config();
        let text = String::from_utf8_lossy(&read(&path)?).into_owned();
        toml::from_str(&text).map_err(|e| ConfigError::Toml { path, error: e.to_string() })
    }

    /// Writes `node.toml`, whole or not at all.
    pub fn write_config(&self, config: &NodeConfig) -> Result<(), ConfigError> {
        let path = self.config();
        let text =
            toml::to_string(config).map_err(|e| ConfigError::Toml { path: path.clone(), error: e.to_string() })?;
        let draft = path.with_extension("toml.new");
        write(&draft, text.as_bytes())?;
        fs::rename(&draft, &path).map_err(|error| ConfigError::File { path, error })
    }
}

/// Reads a file, naming it when that fails.
pub fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    fs::read(path).map_err(|error| ConfigError::File { path: path.into(), error })
}

/// Writes a file, naming it when that fails.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    fs::write(path, bytes).map_err(|error| ConfigError::File { path: path.into(), error })
}

/// Makes a folder, naming it when that fails.
pub fn make_folder(path: &Path) -> Result<(), ConfigError> {
    fs::create_dir_all(path).map_err(|error| ConfigError::File { path: path.into(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive once took any number for the heights between its snapshots, and computed with it until it overflowed.
    #[test]
    fn what_is_kept_has_bounds() {
        let keep = |change: fn(&mut KeepConfig)| {
            let mut config = KeepConfig::default();
            change(&mut config);
            config.keep()
        };
        assert_eq!(keep(|_| ()), Ok(Keep::default()));
        assert_eq!(keep(|k| k.archive = true), Ok(Keep::ARCHIVE));
        let refused = |kept: Result<Keep, String>, what: &str| assert!(kept.is_err_and(|said| said.contains(what)));
        refused(keep(|k| (k.archive, k.snapshot_every) = (true, u64::MAX)), "at most 1000000 is accepted");
        refused(keep(|k| k.snapshot_every = k.states + 1), "so it must be at most as many");
        refused(keep(|k| k.receipts = KEPT_HEIGHTS - 1), "at least 50000 are needed");
        refused(keep(|k| k.receipts = k.blocks + 1), "so keep as many");
    }
}
