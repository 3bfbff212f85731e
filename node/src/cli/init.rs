use super::{Failure, target::steward_key};
use crate::{
    config::{Folder, KeepConfig, NodeConfig, PeerConfig, make_folder, write},
    keys,
};
use clap::Args;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use stint_proto::{Genesis, GenesisAgent, GenesisValidator, limits::VALIDATORS};

/// Makes keys, genesis and folders for validators on this machine.
#[derive(Args)]
pub struct Init {
    /// Folder to make
    #[arg(long, env = "STINT_DIR", default_value = "stint-data")]
    pub dir: PathBuf,
    /// How many validators
    #[arg(long, default_value_t = 4)]
    pub validators: usize,
    /// The ledger's name
    #[arg(long, default_value = "devnet")]
    pub name: String,
    /// Blocks of an epoch: validators change between two of them
    #[arg(long, default_value_t = Genesis::EPOCH_BLOCKS)]
    pub epoch_blocks: u64,
}

/// The consortium's own commons in ledgers that `stint init` makes.
pub const CONSORTIUM: &str = "consortium";

impl Init {
    pub fn execute(&self) -> Result<(), Failure> {
        make(&self.dir, self.validators, &self.name, self.epoch_blocks)?;
        println!("{} validators, their keys and the steward's are in {}", self.validators, self.dir.display());
        println!("start them: stint devnet --dir {}", self.dir.display());
        Ok(())
    }
}

/// Makes a consortium's folder; refuses to touch one that is there.
pub fn make(dir: &Path, count: usize, name: &str, epoch_blocks: u64) -> Result<(), Failure> {
    if !(1..=VALIDATORS).contains(&count) {
        return Err(format!(
            "{count} validators; 1 to {VALIDATORS} are accepted, and 4 are the fewest that survive the loss of one"
        )
        .into());
    }
    if dir.join("genesis.json").exists() {
        return Err(format!("{} holds a ledger already; choose another folder", dir.display()).into());
    }
    make_folder(&dir.join("keys"))?;
    let steward = keys::generate()?;
    keys::write(&steward_key(dir), &steward)?;
    let ports = free_ports(2 * count)?;
    let mut validators = Vec::new();
    let mut peers = Vec::new();
    for i in 0..count {
        let name = format!("v{}", i + 1);
        let folder = Folder(dir.join(&name));
        make_folder(&folder.0)?;
        let key = keys::generate()?;
        keys::write(&folder.key(), &key)?;
        validators.push(GenesisValidator { name: name.clone(), key: key.verifying_key().to_bytes() });
        peers.push(PeerConfig { name, p2p: ports[2 * i], grpc: Some(ports[2 * i + 1]) });
    }
    let genesis = Genesis {
        name: name.into(),
        time_ms: SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64,
        protocol_version: Genesis::PROTOCOL_VERSION,
        epoch_blocks,
        validators,
        consortium: CONSORTIUM.into(),
        stewards: vec![GenesisAgent { agent: "steward".into(), key: steward.verifying_key().to_bytes() }],
    };
    let file = genesis.to_file()?;
    for (i, peer) in peers.iter().enumerate() {
        let folder = Folder(dir.join(&peer.name));
        write(&folder.genesis(), &file)?;
        folder.write_config(&NodeConfig {
            name: peer.name.clone(),
            grpc: ports[2 * i + 1],
            p2p: peer.p2p,
            keep: KeepConfig::default(),
            peers: peers.clone(),
        })?;
    }
    // Written last: a folder with this file is complete.
    write(&dir.join("genesis.json"), &file)?;
    Ok(())
}

/// Loopback addresses that nobody uses now. Kept open until all are found, so that they differ.
pub fn free_ports(count: usize) -> Result<Vec<SocketAddr>, Failure> {
    let open = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listeners: Vec<TcpListener> = (0..count).map(|_| open()).collect::<Result<_, _>>()?;
    Ok(listeners.iter().map(|l| l.local_addr()).collect::<Result<_, _>>()?)
}
