//! A node's folder.
//!
//! ```text
//! <folder>/genesis.json     the ledger; the same bytes on every node
//! <folder>/node.toml        this node: name, addresses, peers
//! <folder>/validator.key    this validator's key, mode 600
//! <folder>/data/            what it keeps: state/ (RocksDB) and engine/ (votes, blocks)
//! ```

use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use stint_proto::{Genesis, GenesisError, Hash};

/// The content of `node.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// This validator's name in the genesis file.
    pub name: String,
    /// Where clients reach it.
    pub grpc: SocketAddr,
    /// Where other validators reach it.
    pub p2p: SocketAddr,
    /// All validators, this one too.
    pub peers: Vec<PeerConfig>,
}

/// Where a validator is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Its name in the genesis file.
    pub name: String,
    /// Where other validators reach it.
    pub p2p: SocketAddr,
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
