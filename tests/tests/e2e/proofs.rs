//! What a node proves is checked without it.

use crate::grow::{self, KEYS_A_CALL, grow};
use futures::TryStreamExt;
use stint_proto::{Block, Genesis, v1};
use stint_store::END;
use stint_tests::{Devnet, TestRepository, eventually};
use stint_verifier::{Fact, Reader, tree::Shown, verify};

/// Heights from one snapshot to the next.
const EVERY: u64 = 10;

#[test]
fn facts_are_proved_and_checked_offline() {
    let mut devnet = Devnet::start(4);
    let at = |name: &str| devnet.dir().join(name).to_str().expect("UTF-8").to_string();
    let (fact, state, ledger) = (at("fact.proof"), at("state.proof"), at("ledger.export"));
    devnet.ok(&["found", "forge"]);
    let repository = TestRepository::with_commits(12, 3);
    devnet.ok(&["import", "git", "--commons", "forge", "--repo", repository.path().to_str().expect("UTF-8")]);

    // A query that proves itself says what the plain one says.
    let query = ["query", "--commons", "forge", "stint.contribute.v1.Contribute/GetShares"];
    let plain = devnet.ok(&query);
    assert!(plain.contains("\"contributions\": 12"), "{plain}");
    assert_eq!(devnet.ok(&[&query[..], &["--prove"]].concat()), plain);

    let exported = devnet.ok(&["export", "--out", &ledger]);
    let height = exported.rsplit_once("blocks 1 to ").and_then(|(_, rest)| rest.split(';').next()).expect("a height");
    let said = devnet.ok(&["prove", "--out", &fact, "receipts", height]);
    assert!(said.contains("signed by at least 3 of 4 validators"), "{said}");
    // The newest block with calls, one of them, and its event.
    let newest: u64 = height.parse().expect("a height");
    let calls = |h: &u64| devnet.ok(&["prove", "--out", &fact, "receipts", &h.to_string()]);
    let block = (1..=newest).rev().find(|h| calls(h).contains("1 events")).expect("a block with calls").to_string();
    let receipts = devnet.ok(&["prove", "--out", &fact, "receipts", &block]);
    let id =
        receipts.lines().find(|l| l.contains("1 events")).and_then(|l| l.split_whitespace().next()).expect("a call");
    let key = hex::encode(devnet.steward().verifying_key().to_bytes());
    let said = devnet.ok(&["prove", "--out", &fact, "receipt", &key, id]);
    assert!(said.contains(&format!("of block {block}:")) && said.contains(id), "{said}");
    let said = devnet.ok(&["prove", "--out", &fact, "event", &key, id, "0"]);
    assert!(said.contains("forge stint.contribute.v1.Contribute"), "{said}");
    assert!(devnet.fails(&["prove", "event", &key, id, "1"]).contains("the call has 1 events; there is no 1"));
    assert!(devnet.ok(&["prove", "--out", &fact, "block", &block]).contains(id));
    let state_of = ["prove", "--out", &state, "state", "k/commons/forge", "k/commons/nowhere"];
    let said = devnet.ok(&state_of);
    assert!(said.contains("k/commons/forge is there: "), "{said}");
    assert!(said.contains("k/commons/forge  ") && said.contains("k/commons/nowhere is not there"), "{said}");
    assert!(devnet.fails(&["prove", "block", "1000000"]).contains("there is no block 1000000 here; blocks 1 to"));

    for i in 0..4 {
        devnet.kill(i);
    }
    let said = devnet.ok(&["verify", &fact, &state, &ledger]);
    let events = said.split("complete, each signed; ").nth(1).and_then(|rest| rest.split([',', '\n']).nth(1));
    let events: u32 = events.and_then(|e| e.trim().strip_suffix(" events")?.parse().ok()).expect(&said);
    // One of each commit, and those of the rules by which commits are valued.
    assert!(events >= 12, "{said}");

    // Nor does it take a node to run the rules again.
    let said = devnet.ok(&["audit", "forge", "--export", &ledger]);
    let end = said.lines().last().expect("a line");
    assert!(end.starts_with(&format!("equal: {height} blocks, ")), "{said}");
    assert!(end.ends_with(" calls, 0 distributions of forge"), "{said}");
    assert!(devnet.fails(&["audit", "nowhere", "--export", &ledger]).contains("there is no commons"));
    assert!(devnet.fails(&["audit", "forge", "--export", &fact]).contains("this is no exported file"));

    // A reader can tell what is there, what is not, and what is complete, from what the proof hides.
    let (forge, nowhere) = (&["--key", "k/commons/forge"][..], &["--key", "k/commons/nowhere"][..]);
    let said = devnet
        .ok(&[&["verify"], forge, nowhere, &["--range", r"k/commons/forge..k/commons/forge\x00", &state]].concat());
    assert!(said.contains("k/commons/forge is there: ") && said.contains("k/commons/nowhere is not there"), "{said}");
    assert!(said.contains(r"k/commons/forge..k/commons/forge\x00 is complete: 1 keys"), "{said}");
    let said = devnet.fails(&["verify", "--range", r"..\xff", &state]);
    assert!(said.contains("does not show all of"), "{said}");
    let said = devnet.fails(&["verify", "--key", "k/commons/forge", &ledger]);
    assert!(said.contains("it proves no state"), "{said}");

    // One byte of any of them, wherever it is, and it proves nothing.
    for file in [&fact, &state, &ledger] {
        let whole = std::fs::read(file).expect("a proof");
        for at in [whole.len() / 5, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 4;
            std::fs::write(file, &changed).expect("written");
            let said = devnet.fails(&["verify", file]);
            assert!(said.contains(file), "{said}");
            devnet.fails(&["audit", "forge", "--export", file]);
        }
        std::fs::write(file, &whole[..whole.len() - 1]).expect("written");
        devnet.fails(&["verify", file]);
        std::fs::write(file, &whole).expect("written");
    }
    // Another ledger's validators are other people.
    let other = Devnet::start(1);
    let genesis = other.validator(0).genesis();
    let said = devnet.fails(&["verify", "--genesis", genesis.to_str().expect("UTF-8"), &state]);
    assert!(said.contains("proves nothing"), "{said}");
}

/// What nodes that join and archives will ask for.
#[tokio::test]
async fn history_and_snapshots_are_served() {
    let mut devnet = Devnet::make(1);
    devnet.configure(0, |config| config.keep.snapshot_every = EVERY);
    devnet.start_one(0);
    let (client, steward) = (devnet.client(0).await, devnet.steward());
    eventually("three blocks", 30, async || client.status().await.ok().filter(|s| s.height >= 3)).await;
    // Blocks 1 to 3 have no calls, the later ones so many keys that a snapshot has several pieces.
    grow::found(&client, &steward).await;
    grow(&client, &steward, 0, KEYS_A_CALL).await;
    let grown = client.status().await.expect("a status").height;
    eventually("a snapshot holds the keys", 60, async || {
        let newest = client.ledger().get_snapshot(v1::GetSnapshotRequest { height: 0 }).await;
        newest.ok().filter(|s| s.get_ref().height >= grown)
    })
    .await;

    let history = client.ledger().get_history(v1::GetHistoryRequest { from: 1, to: 3 }).await.expect("a stream");
    let history: Vec<_> = history.into_inner().try_collect().await.expect("three blocks");
    let blocks: Vec<Block> = history.iter().map(|h| Block::decode(h.block.clone()).expect("a block")).collect();
    assert_eq!(blocks.iter().map(|b| b.header.height).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(blocks.windows(2).all(|pair| pair[1].header.parent == pair[0].header.hash()));
    assert!(history.iter().all(|h| h.receipts.is_empty() && !h.certificate.is_empty()));
    let beyond = v1::GetHistoryRequest { from: 1_000_000, to: 1_000_001 };
    let beyond = client.ledger().get_history(beyond).await.expect("a stream").into_inner();
    let said = beyond.try_collect::<Vec<_>>().await.expect_err("no such block");
    assert_eq!(said.code(), tonic::Code::NotFound);

    // The snapshot's root is certified, and its pieces are all of the state under that root.
    let genesis = std::fs::read(devnet.validator(0).genesis()).expect("a file");
    let (genesis, chain_id) = Genesis::parse(&genesis).expect("a genesis");
    let trust = genesis.trust(chain_id).expect("validators");
    let snapshot = client.ledger().get_snapshot(v1::GetSnapshotRequest { height: 0 }).await;
    let snapshot = snapshot.expect("a snapshot").into_inner();
    assert!(snapshot.height >= EVERY && snapshot.height % EVERY == 0 && snapshot.offered.contains(&snapshot.height));
    let proven = verify(&trust, &snapshot.proof).expect("signed by the validators of the genesis file");
    let Fact::State(shown, led) = proven.fact else { panic!("it proves something else") };
    assert_eq!(led.height, snapshot.height);
    assert!(shown.range(b"", END).all(|entry| entry.is_err()), "it shows the root alone");
    let root = led.outcomes[0].state_root;
    let (mut from, mut keys, mut pieces) = (Vec::new(), Vec::new(), 0);
    loop {
        let asked = v1::GetChunkRequest { height: snapshot.height, from: from.clone().into() };
        let piece = client.ledger().get_chunk(asked).await.expect("a piece").into_inner();
        let mut part = Reader(&piece.part);
        let (shown, found) = Shown::read(&mut part).expect("a part of a tree");
        assert!(part.0.is_empty() && found == root, "piece {pieces} is under another root");
        let to = if piece.next.is_empty() { END.to_vec() } else { piece.next.to_vec() };
        keys.extend(shown.range(&from, &to).map(|entry| entry.expect("nothing is left out").0.to_vec()));
        pieces += 1;
        if piece.next.is_empty() {
            break;
        }
        from = to;
    }
    assert!(pieces > 1, "so large a state comes in several pieces");
    assert!(keys.is_sorted() && keys.len() as u64 == snapshot.keys, "{} of {} keys", keys.len(), snapshot.keys);

    // What is not offered is not there, for a piece of it too.
    let other = snapshot.height + 1;
    let none = client.ledger().get_snapshot(v1::GetSnapshotRequest { height: other }).await.expect_err("no snapshot");
    let piece = v1::GetChunkRequest { height: other, from: Default::default() };
    let piece = client.ledger().get_chunk(piece).await.expect_err("no snapshot");
    for said in [none, piece] {
        assert_eq!(said.code(), tonic::Code::NotFound);
        let expected = format!("no snapshot of height {other} is offered here; there are those of [");
        assert!(said.message().contains(&expected), "{said}");
    }

    let mut without = Devnet::make(1);
    without.configure(0, |config| config.keep.snapshot_every = 0);
    without.start_one(0);
    let client = without.client(0).await;
    eventually("two blocks", 30, async || client.status().await.ok().filter(|s| s.height >= 2)).await;
    let none = client.ledger().get_snapshot(v1::GetSnapshotRequest { height: 0 }).await.expect_err("no snapshot");
    assert_eq!(none.code(), tonic::Code::NotFound);
    assert!(none.message().contains("no snapshot is offered here yet"), "{none}");
}
