use super::Failure;
use crate::{
    config::Folder,
    join::{Pin, Wishes},
    validator,
};
use clap::Args;
use std::{io::Write, path::PathBuf};
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

/// Runs one validator until Ctrl-C.
#[derive(Args)]
pub struct Run {
    /// The validator's folder, for example stint-data/v1
    #[arg(long)]
    dir: PathBuf,
    /// Stop when standard input ends too: for a parent process that must not leave validators behind
    #[arg(long)]
    until_stdin_ends: bool,
    /// Fetch the ledger from peers even if it is young; an old one is always fetched
    #[arg(long)]
    sync: bool,
    /// Check what is stored, set aside what is damaged, and fetch it from peers
    #[arg(long)]
    repair: bool,
    /// Vote at once though earlier votes are lost: only when the ledger stands still without this validator, and no other
    /// process ever votes with its key
    #[arg(long)]
    forget_votes: bool,
    /// A block whose hash is known from elsewhere, as HEIGHT:HASH: only a ledger with this block is fetched
    #[arg(long, value_name = "HEIGHT:HASH")]
    pin: Option<Pin>,
}

impl Run {
    pub async fn execute(&self) -> Result<(), Failure> {
        // The engine tells much; its warnings are enough unless RUST_LOG asks for more.
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,stint_node=info"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(super::at_terminal())
            .init();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let with_stdin = self.until_stdin_ends;
        let stop = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = stdin_ends(), if with_stdin => {}
            }
        };
        let ready = |address| {
            println!("ready {address}");
            let _ = std::io::stdout().flush();
        };
        let wishes = Wishes { sync: self.sync, repair: self.repair, forget_votes: self.forget_votes, pin: self.pin };
        Ok(validator::run(Folder(self.dir.clone()), wishes, ready, stop).await?)
    }
}

async fn stdin_ends() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 64];
    while matches!(stdin.read(&mut buffer).await, Ok(n) if n > 0) {}
}
