use ed25519_dalek::SigningKey;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use stint_node::{
    client::Client,
    config::{Folder, NodeConfig},
    keys,
};
use stint_proto::{Genesis, v1::GetStatusResponse};

/// Validators as processes of their own, in a temporary folder; all end with it.
pub struct Devnet {
    folder: tempfile::TempDir,
    processes: Vec<Option<Child>>,
}

/// The `stint` program that was built with these tests.
pub fn stint_program() -> PathBuf {
    // Tests lie one folder deeper than programs.
    let here = std::env::current_exe().expect("a test has a path");
    let found = here.ancestors().skip(1).take(2).map(|folder| folder.join("stint")).find(|p| p.is_file());
    found.expect("the program stint beside its tests; build it: cargo build --release --workspace")
}

impl Devnet {
    /// Makes and starts `count` validators.
    pub fn start(count: usize) -> Devnet {
        Devnet::start_with_epochs(count, Genesis::EPOCH_BLOCKS)
    }

    /// The same, of a ledger with epochs of so many blocks.
    pub fn start_with_epochs(count: usize, epoch_blocks: u64) -> Devnet {
        let mut devnet = Devnet::make_with(count, epoch_blocks);
        (0..count).for_each(|i| devnet.start_one(i));
        devnet
    }

    /// Makes `count` validators.
    pub fn make(count: usize) -> Devnet {
        Devnet::make_with(count, Genesis::EPOCH_BLOCKS)
    }

    /// Adds a place for a validator that joins.
    pub fn add_place(&mut self) {
        self.processes.push(None);
    }

    /// A validator as one that joins is told of it.
    pub fn peer_argument(&self, i: usize) -> String {
        let config = self.validator(i).read_config().expect("a configuration");
        format!("{}={},{}", config.name, config.p2p, config.grpc)
    }

    /// Makes `count` validators of a ledger with epochs of so many blocks.
    pub fn make_with(count: usize, epoch_blocks: u64) -> Devnet {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let devnet = Devnet { folder, processes: (0..count).map(|_| None).collect() };
        let made =
            devnet.run(&["init", "--validators", &count.to_string(), "--epoch-blocks", &epoch_blocks.to_string()]);
        assert!(made.status.success(), "{made:?}");
        devnet
    }

    /// Changes the configuration of a validator that is not running.
    pub fn configure(&self, i: usize, change: impl FnOnce(&mut NodeConfig)) {
        let mut config = self.validator(i).read_config().expect("a configuration");
        change(&mut config);
        self.validator(i).write_config(&config).expect("written");
    }

    /// The folder of all validators.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of one validator.
    pub fn validator(&self, i: usize) -> Folder {
        Folder(self.dir().join(format!("v{}", i + 1)))
    }

    /// Starts a validator that is not running and waits until it answers.
    pub fn start_one(&mut self, i: usize) {
        self.start_with(i, &[]).unwrap_or_else(|log| panic!("validator {i} did not start: {log}"));
    }

    /// The same with more arguments; if it ends by itself, what it says.
    pub fn start_with(&mut self, i: usize, args: &[&str]) -> Result<(), String> {
        self.launch(i, args);
        self.ready(i)
    }

    /// Waits until a launched validator answers; if it ends by itself, what it says.
    pub fn ready(&mut self, i: usize) -> Result<(), String> {
        let child = self.processes[i].as_mut().expect("launched");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        if line.starts_with("ready ") {
            return Ok(());
        }
        self.kill(i);
        Err(self.log(i))
    }

    /// What a validator wrote to its log.
    pub fn log(&self, i: usize) -> String {
        std::fs::read_to_string(self.validator(i).0.join("log.txt")).unwrap_or_default()
    }

    /// Starts a validator without waiting for anything.
    pub fn launch(&mut self, i: usize, args: &[&str]) {
        let dir = self.validator(i).0;
        let log = std::fs::File::options().create(true).append(true).open(dir.join("log.txt")).expect("a log");
        let mut command = Command::new(stint_program());
        command.args(["run", "--until-stdin-ends", "--dir"]).arg(&dir);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        self.processes[i] = Some(command.spawn().expect("stint starts"));
    }

    /// Ends a validator in order.
    pub fn stop(&mut self, i: usize) {
        if let Some(mut child) = self.processes[i].take() {
            drop(child.stdin.take());
            child.wait().expect("an ended process");
        }
    }

    /// Ends a validator by SIGKILL.
    pub fn kill(&mut self, i: usize) {
        if let Some(mut child) = self.processes[i].take() {
            child.kill().expect("a running process");
            child.wait().expect("an ended process");
        }
    }

    /// Sends a running validator a signal, by the signal's name.
    pub fn signal(&self, i: usize, signal: &str) {
        if let Some(child) = &self.processes[i] {
            let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
            assert!(sent.is_ok_and(|s| s.success()), "kill -{signal}");
        }
    }

    /// Places for validators.
    pub fn places(&self) -> usize {
        self.processes.len()
    }

    /// Whether a validator that was started has ended by itself.
    pub fn has_ended(&mut self, i: usize) -> bool {
        self.processes[i].as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// What a block led to on a validator, if it answers and has executed it.
    pub async fn try_status(&self, i: usize, height: u64) -> Option<GetStatusResponse> {
        Client::connect(self.address(i)).await.ok()?.status_at(height).await.ok()
    }

    /// The most memory that a running validator has had, bytes.
    pub fn peak_memory(&self, i: usize) -> u64 {
        self.told_by_the_system(i, "VmHWM:")
    }

    /// The memory that a running validator has now, bytes.
    pub fn memory(&self, i: usize) -> u64 {
        self.told_by_the_system(i, "VmRSS:")
    }

    fn told_by_the_system(&self, i: usize, what: &str) -> u64 {
        let child = self.processes[i].as_ref().expect("running");
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process");
        let line = status.lines().find_map(|l| l.strip_prefix(what)).expect("a line of it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// CPU seconds that all validators have used so far.
    pub fn cpu_seconds(&self) -> f64 {
        let ticks = |child: &Child| {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
            // Behind the name in brackets, user and system time are the 12th and 13th.
            let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
            let mut next = || fields.next()?.parse::<u64>().ok();
            Some(next()? + next()?)
        };
        self.processes.iter().flatten().filter_map(ticks).sum::<u64>() as f64 / 100.0
    }

    /// Bytes on disk of all validators.
    pub fn disk_bytes(&self) -> u64 {
        fn below(path: &Path) -> u64 {
            let Ok(entries) = std::fs::read_dir(path) else { return 0 };
            let size = |e: std::fs::DirEntry| match e.path().is_dir() {
                true => below(&e.path()),
                false => e.metadata().map_or(0, |m| std::os::unix::fs::MetadataExt::blocks(&m) * 512),
            };
            entries.flatten().map(size).sum()
        }
        (0..self.processes.len()).map(|i| below(&self.validator(i).0.join("data"))).sum()
    }

    /// Runs `stint` on this devnet.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("stint runs")
    }

    /// `stint` on this devnet, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(stint_program());
        command.args(args).env("STINT_DIR", self.dir()).env_remove("STINT_NODE");
        command
    }

    /// Runs `stint`, which must succeed, and gives what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "stint {args:?}: {out}{err}");
        out.into_owned()
    }

    /// Runs `stint`, which must fail, and gives what it says.
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "stint {args:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// gRPC address of a validator.
    pub fn address(&self, i: usize) -> std::net::SocketAddr {
        self.validator(i).read_config().expect("a configuration").grpc
    }

    /// A connection to a validator.
    pub async fn client(&self, i: usize) -> Client {
        Client::connect(self.address(i)).await.expect("a running validator")
    }

    /// The steward's key.
    pub fn steward(&self) -> SigningKey {
        keys::read(&self.dir().join("keys/steward.key")).expect("the steward's key")
    }

    /// Where each running validator stands.
    pub async fn statuses(&self) -> Vec<GetStatusResponse> {
        let mut all = Vec::new();
        for i in 0..self.processes.len() {
            if self.processes[i].is_some() {
                all.push(self.client(i).await.status().await.expect("a status"));
            }
        }
        all
    }

    /// Waits until all running validators have executed the same calls with the same root, nothing
    /// waiting, and gives that root.
    pub async fn agree(&self) -> bytes::Bytes {
        crate::eventually("all validators agree", 60, async || {
            let all = self.statuses().await;
            let first = &all[0];
            let same = |s: &GetStatusResponse| {
                s.state_root == first.state_root && s.transactions == first.transactions && s.pending == 0
            };
            all.iter().all(same).then(|| first.state_root.clone())
        })
        .await
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        for i in 0..self.processes.len() {
            if std::thread::panicking() {
                let log = std::fs::read_to_string(self.validator(i).0.join("log.txt")).unwrap_or_default();
                eprintln!("--- log of validator {i}\n{log}");
            }
            if let Some(mut child) = self.processes[i].take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}
