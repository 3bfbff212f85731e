//! What a node proves is checked without it.

use stint_tests::{Devnet, TestRepository};

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
    let state_of = ["prove", "--out", &state, "state", "k/commons/forge", "k/commons/nowhere"];
    let said = devnet.ok(&state_of);
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

    // One byte of any of them, wherever it is, and it proves nothing.
    for file in [&fact, &state, &ledger] {
        let whole = std::fs::read(file).expect("a proof");
        for at in [whole.len() / 5, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 4;
            std::fs::write(file, &changed).expect("written");
            let said = devnet.fails(&["verify", file]);
            assert!(said.contains(file), "{said}");
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
