use super::{Failure, keystore};
use crate::config::Folder;
use clap::Args;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use stint_client::{Client, ClientError, Key};

/// Which ledger is meant, and who speaks.
#[derive(Args, Clone)]
pub struct Target {
    /// Folder that `stint init` or `stint devnet` made
    #[arg(long, env = "STINT_DIR", default_value = "stint-data")]
    pub dir: PathBuf,
    /// gRPC address of a node, instead of those in the folder; may be repeated
    #[arg(long, env = "STINT_NODE", value_delimiter = ',')]
    pub node: Vec<SocketAddr>,
    /// Key of the caller: a name that `stint key new` made, or a file [default: the steward's in the folder]
    #[arg(long)]
    pub key: Option<String>,
}

impl Target {
    /// Names and gRPC addresses of the nodes.
    pub fn nodes(&self) -> Result<Vec<(String, SocketAddr)>, Failure> {
        if !self.node.is_empty() {
            return Ok(self.node.iter().map(|a| (a.to_string(), *a)).collect());
        }
        let mut found = Vec::new();
        for folder in node_folders(&self.dir)? {
            let config = folder.read_config()?;
            found.push((config.name, config.grpc));
        }
        Ok(found)
    }

    /// A client of all of them: the first one that answers is asked, and when that one dies, the next.
    pub async fn connect(&self) -> Result<Client, Failure> {
        let nodes = self.nodes()?.into_iter().map(|(_, address)| address);
        Client::over(nodes).await.map_err(|e| match e {
            e @ ClientError::Unreachable { .. } => {
                format!("{e}; start them with: stint devnet --dir {}", self.dir.display()).into()
            }
            e => e.into(),
        })
    }

    /// The caller's key.
    pub fn signer(&self) -> Result<Key, Failure> {
        match &self.key {
            Some(given) => keystore::find(given, &self.dir),
            None => Ok(Key::load(steward_key(&self.dir))?),
        }
    }
}

/// Where the first steward's key lies.
pub fn steward_key(dir: &Path) -> PathBuf {
    dir.join("keys/steward.key")
}

/// The validators' folders below a folder, by name.
pub fn node_folders(dir: &Path) -> Result<Vec<Folder>, Failure> {
    let hint = || format!("{} holds no validators; make them with: stint init --dir {}", dir.display(), dir.display());
    let entries = std::fs::read_dir(dir).map_err(|_| hint())?;
    let mut found: Vec<Folder> = entries.flatten().map(|e| Folder(e.path())).filter(|f| f.config().is_file()).collect();
    // v2 before v10.
    found.sort_by_key(|f| (f.0.as_os_str().len(), f.0.clone()));
    if found.is_empty() { Err(hint().into()) } else { Ok(found) }
}
