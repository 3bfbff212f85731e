use super::{Failure, init, show, target::node_folders};
use crate::config::Folder;
use clap::Args;
use futures::stream::{FuturesUnordered, StreamExt};
use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use stint_proto::Genesis;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

/// How long a validator may take to stop.
const STOPPING: Duration = Duration::from_secs(10);

/// Runs all validators of a folder, each a process of its own, until Ctrl-C.
#[derive(Args)]
pub struct Devnet {
    /// Folder with the validators; made when it is new
    #[arg(long, env = "STINT_DIR", default_value = "stint-data")]
    dir: PathBuf,
    /// How many validators a new folder gets
    #[arg(long, default_value_t = 4)]
    validators: usize,
}

impl Devnet {
    pub async fn execute(&self) -> Result<(), Failure> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        if !self.dir.join("genesis.json").exists() {
            init::make(&self.dir, self.validators, "devnet", Genesis::EPOCH_BLOCKS)?;
        }
        let folders = node_folders(&self.dir)?;
        move_from_taken_ports(&folders)?;
        let mut rows = Vec::new();
        let mut ends = FuturesUnordered::new();
        let mut started = Vec::new();
        let mut stdins = Vec::new();
        for folder in &folders {
            started.push((folder.clone(), start(folder)?));
        }
        for (folder, mut child) in started {
            let address = ready(&mut child).await;
            let address = address
                .ok_or_else(|| format!("a validator did not start; it says why in {}", log(&folder).display()))?;
            rows.push([folder.read_config()?.name, address, child.id().map_or_else(String::new, |id| id.to_string())]);
            stdins.extend(child.stdin.take());
            ends.push(end(folder, child));
        }
        println!("{}", show::table(&["validator", "gRPC", "process"], &rows));
        println!("running; Ctrl-C stops them, and the same command goes on from {}", self.dir.display());
        let mut left = rows.len();
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                Some((folder, status)) = ends.next() => {
                    left -= 1;
                    let (dir, log) = (folder.0.display(), log(&folder));
                    eprintln!("{dir} ended ({status}); its log is {}; restart it with: stint run --dir {dir}", log.display());
                    if left == 0 {
                        return Err("all validators have ended".into());
                    }
                }
            }
        }
        // The end of their standard input stops them; wait until they have closed their stores.
        drop(stdins);
        while tokio::time::timeout(STOPPING, ends.next()).await.ok().flatten().is_some() {}
        Ok(())
    }
}

fn log(folder: &Folder) -> PathBuf {
    folder.0.join("log.txt")
}

fn start(folder: &Folder) -> Result<Child, Failure> {
    let log = File::options().create(true).append(true).open(log(folder))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["run", "--until-stdin-ends", "--dir"]).arg(&folder.0);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()?)
}

/// Waits for the line `ready <address>`.
async fn ready(child: &mut Child) -> Option<String> {
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let line = lines.next_line().await.ok()??;
    Some(line.strip_prefix("ready ")?.to_string())
}

async fn end(folder: Folder, mut child: Child) -> (Folder, String) {
    let status = child.wait().await.map(|s: ExitStatus| s.to_string());
    (folder, status.unwrap_or_else(|e| e.to_string()))
}

/// Gives validators new addresses where another program has taken theirs meanwhile.
fn move_from_taken_ports(folders: &[Folder]) -> Result<(), Failure> {
    let mut configs = Vec::new();
    for folder in folders {
        configs.push(folder.read_config()?);
    }
    let is_free = |address: SocketAddr| TcpListener::bind(address).is_ok();
    let mut moved = false;
    for config in &mut configs {
        for address in [&mut config.grpc, &mut config.p2p] {
            if !is_free(*address) {
                let new = init::free_ports(1)?[0];
                println!("{address} is taken: {} moves to {new}", config.name);
                *address = new;
                moved = true;
            }
        }
    }
    if moved {
        let addresses: Vec<_> = configs.iter().map(|c| (c.name.clone(), c.p2p, c.grpc)).collect();
        for (folder, config) in folders.iter().zip(&mut configs) {
            for peer in &mut config.peers {
                if let Some((_, p2p, grpc)) = addresses.iter().find(|(name, ..)| *name == peer.name) {
                    (peer.p2p, peer.grpc) = (*p2p, Some(*grpc));
                }
            }
            folder.write_config(config)?;
        }
    }
    Ok(())
}
