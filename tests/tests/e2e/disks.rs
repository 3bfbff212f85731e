//! Disks that fail: the node notices, vouches for nothing that it cannot, says what to do, and does it.

use crate::grow::{self, grow};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use stint_proto::v1;
use stint_tests::{Devnet, eventually, stint_program};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Damage {
    /// One bit of the byte in the middle.
    Flip,
    /// The second half is gone.
    Truncate,
    Remove,
}

fn damage(file: &Path, how: Damage) {
    let bytes = fs::read(file).expect("a file");
    match how {
        Damage::Flip => {
            let mut bytes = bytes;
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            fs::write(file, bytes).expect("written");
        }
        Damage::Truncate => {
            fs::File::options().write(true).open(file).expect("a file").set_len(bytes.len() as u64 / 2).expect("cut");
        }
        Damage::Remove => fs::remove_file(file).expect("removed"),
    }
}

/// Files below a folder whose path holds a text, the largest first.
fn files(folder: &Path, holding: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type().expect("a type").is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.retain(|f| f.to_string_lossy().contains(holding) && fs::metadata(f).is_ok_and(|m| m.len() > 0));
    found.sort_by_key(|f| std::cmp::Reverse(fs::metadata(f).map_or(0, |m| m.len())));
    found
}

/// What a node does with a damaged file.
enum Then {
    /// It does not start, or stops, and says this.
    Refuses(&'static str),
    /// It starts and stands where the others stand.
    Works,
    /// One or the other: what was lost may be what peers give it again.
    Either(&'static str),
}

const REPAIR: &str = "start the node with --repair";

/// A ledger whose fourth validator has been started again, so that some of what it keeps is in files of all kinds.
async fn ledger() -> Devnet {
    let mut devnet = Devnet::make(4);
    (0..4).for_each(|i| devnet.configure(i, |config| config.keep.snapshot_every = 20));
    (0..4).for_each(|i| devnet.start_one(i));
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow::found(&client, &steward).await;
    for n in 0..40 {
        grow(&client, &steward, n * 500, 500).await;
    }
    devnet.agree().await;
    devnet.kill(3);
    devnet.start_one(3);
    grow(&client, &steward, 0, 3_000).await;
    devnet.agree().await;
    devnet.stop(3);
    devnet
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to).or_else(|_| fs::remove_file(to));
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(copied.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_to_any_file_is_noticed_or_does_no_harm() {
    use Damage::*;
    use Then::*;
    let mut devnet = ledger().await;
    let folder = devnet.validator(3).0;
    let whole = devnet.dir().join("whole");
    let table = [
        // What RocksDB keeps.
        ("data/state/CURRENT", Flip, Refuses(REPAIR)),
        ("data/state/CURRENT", Truncate, Refuses(REPAIR)),
        ("data/state/CURRENT", Remove, Refuses(REPAIR)),
        ("data/state/MANIFEST", Flip, Refuses(REPAIR)),
        ("data/state/MANIFEST", Truncate, Refuses(REPAIR)),
        ("data/state/MANIFEST", Remove, Refuses(REPAIR)),
        (".sst", Flip, Refuses(REPAIR)),
        (".sst", Truncate, Refuses(REPAIR)),
        (".sst", Remove, Refuses(REPAIR)),
        // Its log: what comes behind the damage looks as if it had never been written.
        ("data/state/0", Flip, Either("--repair")),
        ("data/state/0", Truncate, Either("--repair")),
        // Nobody reads these.
        ("data/state/OPTIONS", Flip, Works),
        ("data/state/IDENTITY", Remove, Works),
        ("data/state/LOG", Truncate, Works),
        // Compiled code is compiled again.
        ("data/code/", Flip, Works),
        ("data/code/", Truncate, Works),
        // What the engine keeps.
        ("stint-simplex-0", Flip, Refuses("could vote twice")),
        ("stint-simplex-0", Truncate, Refuses("could vote twice")),
        ("stint-simplex-0", Remove, Refuses("could vote twice")),
        ("stint-blocks-value", Flip, Either("--repair")),
        ("stint-blocks-value", Truncate, Either("--repair")),
        ("stint-blocks-key", Flip, Either("--repair")),
        ("stint-finalizations-value", Flip, Either("--repair")),
        ("stint-finalizations-key", Truncate, Either("--repair")),
        ("stint-application-metadata", Flip, Either("--repair")),
        // What the operator keeps.
        ("validator.key", Flip, Refuses("validator.key")),
        ("validator.key", Truncate, Refuses("validator.key")),
        ("validator.key", Remove, Refuses("validator.key")),
        ("node.toml", Truncate, Refuses("node.toml")),
        ("node.toml", Remove, Refuses("node.toml")),
        ("genesis.json", Truncate, Refuses("genesis file")),
        ("genesis.json", Remove, Refuses("genesis.json")),
    ];
    for (holding, how, then) in table {
        copy(&folder, &whole);
        let _ = fs::remove_file(folder.join("log.txt"));
        let mut found = files(&folder, holding);
        if holding == "data/state/0" {
            found.retain(|f| f.extension().is_some_and(|e| e == "log"));
        }
        let Some(file) = found.first() else {
            let all = files(&folder, "");
            panic!("no file {holding} in {all:#?}")
        };
        damage(file, how);
        let started = devnet.start_with(3, &[]);
        let outcome = match started {
            Err(log) => Err(log),
            Ok(()) => agrees(&mut devnet).await,
        };
        let name = file.strip_prefix(&folder).expect("below").display().to_string();
        let said = match &outcome {
            Ok(()) => "works".to_string(),
            Err(log) => log.lines().last().unwrap_or_default().to_string(),
        };
        println!("{name} {how:?}: {said}");
        match (&then, &outcome) {
            (Works | Either(_), Ok(())) => {}
            (Refuses(what) | Either(what), Err(log)) => assert!(log.contains(what), "{name} {how:?}: {log}"),
            (Refuses(_), Ok(())) => panic!("{name} {how:?}: it works"),
            (Works, Err(log)) => panic!("{name} {how:?}: {log}"),
        }
        devnet.stop(3);
        if outcome.is_err() {
            // Votes that it has given since stay given: who restores a copy of them votes twice.
            let of_engine = name.starts_with("data/engine");
            let parts: &[&str] = match of_engine {
                true => &["data/engine", "data/engine.seal"],
                false => &["data/state", "data/code", "validator.key", "node.toml", "genesis.json"],
            };
            parts
                .iter()
                .filter(|part| whole.join(part).exists())
                .for_each(|part| copy(&whole.join(part), &folder.join(part)));
        }
    }
}

/// Waits until the fourth validator stands where the others stand, or ends; then what it says.
async fn agrees(devnet: &mut Devnet) -> Result<(), String> {
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow(&client, &steward, 7, 1).await;
    let height = client.status().await.expect("a status").height;
    for _ in 0..1_000 {
        if devnet.has_ended(3) {
            return Err(devnet.log(3));
        }
        let (ours, theirs) = (devnet.try_status(3, height).await, client.status_at(height).await);
        if let (Some(ours), Ok(theirs)) = (ours, theirs) {
            assert_eq!(ours.results_root, theirs.results_root);
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Err(format!("it lags behind\n{}", devnet.log(3)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_node_repairs_itself_from_its_peers() {
    let mut devnet = ledger().await;
    let folder = devnet.validator(3).0;
    // A table of blocks or receipts: nothing reads it at the start, whoever asks for it hears of it.
    let tables = files(&folder, ".sst");
    for table in &tables {
        damage(table, Damage::Flip);
    }
    let said = devnet.fails(&["fsck", "--dir", folder.to_str().expect("UTF-8")]);
    assert!(said.contains("--repair"), "{said}");
    let log = devnet.start_with(3, &[]).expect_err("it is damaged");
    assert!(log.contains(REPAIR), "{log}");
    devnet.start_with(3, &["--repair"]).expect("repaired");
    devnet.agree().await;
    let log = devnet.log(3);
    assert!(log.contains("is set aside as") && log.contains("fetching the state after block"), "{log}");

    // It votes again: three of four go on without another one.
    devnet.kill(0);
    let (client, steward) = (devnet.client(1).await, devnet.steward());
    grow(&client, &steward, 0, 10).await;
    devnet.start_one(0);
    devnet.agree().await;
    devnet.stop(3);
    let said = devnet.ok(&["fsck", "--dir", folder.to_str().expect("UTF-8")]);
    assert!(said.contains("all that is stored agrees"), "{said}");

    // All that the engine kept is gone: it begins anew where it cannot vote twice.
    fs::remove_dir_all(folder.join("data/engine")).expect("removed");
    devnet.start_with(3, &[]).expect("started");
    assert!(devnet.log(3).contains("the votes of before are lost"));
    devnet.kill(0);
    grow(&client, &steward, 0, 10).await;
    devnet.agree().await;
}

/// Whoever asked a running node for something on a damaged part of its disk once got an error, and the node went on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_that_reads_damage_stops() {
    let mut devnet = ledger().await;
    devnet.start_one(3);
    let history = async |client: &stint_node::client::Client| {
        let asked = v1::GetHistoryRequest { from: 5, to: 5 };
        client.ledger().get_history(asked).await.expect("a stream").into_inner().message().await
    };
    let told = history(&devnet.client(3).await).await.expect("a good disk").expect("a block");
    assert!(!told.certificate.is_empty(), "block 5 has votes of its own");
    devnet.stop(3);
    // Votes stand in no other table: what lies in the middle of them is a signature.
    let votes = &told.certificate[told.certificate.len() / 2..][..16];
    let tables = files(&devnet.validator(3).0, ".sst");
    let holds = |file: &&PathBuf| fs::read(file).expect("a file").windows(votes.len()).any(|w| w == votes);
    let table = tables.iter().find(holds).expect("a table with the votes");
    let mut bytes = fs::read(table).expect("a file");
    let at = bytes.windows(votes.len()).position(|w| w == votes).expect("there");
    bytes[at] ^= 1;
    fs::write(table, bytes).expect("written");

    devnet.start_one(3);
    let said = history(&devnet.client(3).await).await.expect_err("damaged");
    assert!(said.message().contains(REPAIR), "{said}");
    eventually("it stops", 20, async || devnet.has_ended(3).then_some(())).await;
    let log = devnet.log(3);
    assert!(log.lines().last().is_some_and(|l| l.contains("the node stopped") && l.contains(REPAIR)), "{log}");
    devnet.start_with(3, &["--repair"]).expect("repaired");
    devnet.agree().await;
}

/// A full disk stops the node before anything is half done; with some space it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_or_read_only_disk_stops_the_node_in_words() {
    let can = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|s| s.success());
    if !can {
        // Past the harness, which shows nothing of tests that pass.
        let said = "a_full_or_read_only_disk_stops_the_node_in_words: NOT TESTED, for this system lets nobody mount a small disk of their own (unshare -Urm)";
        writeln!(std::io::stderr(), "{said}").expect("a line");
        return;
    }
    let devnet = Devnet::make(1);
    let dir = devnet.validator(0).0;
    fs::create_dir_all(dir.join("data")).expect("a folder");
    let program = stint_program();
    let alone = format!("{} run --dir {}", program.display(), dir.display());
    let run = format!("{alone} --until-stdin-ends");
    let data = dir.join("data");
    let data = data.display();
    // A disk of its own: full at first, then larger, then read-only.
    let script = format!(
        "mount -t tmpfs -o size=24m small {data} && {{ {run}; mount -o remount,size=2g {data}; timeout --foreground 8 {run}; mount -o remount,ro {data}; timeout 20 {alone}; }}"
    );
    let mut node = Command::new("unshare")
        .args(["-Urm", "sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("unshare");
    let mut lines = BufReader::new(node.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let errors = BufReader::new(node.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let errors = std::thread::spawn(move || errors.collect::<Vec<_>>().join("\n"));
    assert!(lines.next().is_some_and(|l| l.starts_with("ready")));
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    grow::found(&client, &steward).await;
    let mut done = Vec::new();
    for n in 0..400u64 {
        let request = [(n * 5_000).to_le_bytes(), 5_000u64.to_le_bytes()].concat();
        match client.command(&steward, "field", "/fuzz.v1.Fuzz/Do", request.into()).await {
            Ok((_, height)) => done.push(height),
            Err(_) => break,
        }
    }
    assert!(done.len() < 400, "24 MB hold it all");
    assert!(lines.next().is_some_and(|l| l.starts_with("ready")), "with more space it goes on");
    let client = devnet.client(0).await;
    let status = eventually("it answers", 5, async || client.status().await.ok()).await;
    assert!(status.height >= done.last().copied().unwrap_or_default(), "what was acknowledged is there");
    drop(lines);
    drop(node.stdin.take());
    node.wait().expect("an end");
    let said = errors.join().expect("text");
    assert!(said.contains("No space left") && said.contains("free some space"), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
}
