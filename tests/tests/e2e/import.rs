//! What `stint import git` makes of any repository.

use stint_tests::{Devnet, TestRepository};

/// Shares as (author, contributions), sorted.
fn counted(devnet: &Devnet, commons: &str) -> Vec<(String, u64)> {
    let method = "stint.contribute.v1.Contribute/GetShares";
    let json = devnet.ok(&["query", "--commons", commons, method, r#"{"pageSize": 1000}"#]);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let shares = value["shares"].as_array().expect("shares");
    let sum: u64 = shares.iter().map(|s| s["basisPoints"].as_u64().expect("a number")).sum();
    assert_eq!(sum, 10_000, "shares sum to 100 % exactly");
    let row = |s: &serde_json::Value| {
        (s["author"].as_str().expect("a name").into(), s["contributions"].as_u64().expect("a number"))
    };
    let mut rows: Vec<(String, u64)> = shares.iter().map(row).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn counts_equal_shortlog_for_odd_histories_and_importing_twice_changes_nothing() {
    let devnet = Devnet::start(4);
    devnet.ok(&["found", "odd"]);
    let repository = TestRepository::empty();
    let authors: [&[u8]; 14] = [
        "Ана Петрова <ana@пример.рф> 1600000000 +0300".as_bytes(),
        "李小龍 <li@example.cn> 1600000001 +0800".as_bytes(),
        "مريم <m@example.org> 1600000002 +0000".as_bytes(),
        b"J\xf6rg <j@example.de> 1600000003 +0100",
        b"J\xfcrg <j@example.de> 1600000003 +0100",
        b"Same <one@example.org> 1600000004 +0000",
        b"Same <two@example.org> 1600000004 +0000",
        b" <nameless@example.org> 1600000005 +0000",
        b"Mailless <> 1600000006 +0000",
        b"Undated <u@example.org> not-a-date +0000",
        b"Dateless <d@example.org>",
        b"Early <e@example.org> -99999999999999 +0000",
        b"Late <l@example.org> 99999999999 +0000",
        b"Tab\tand \"quotes\" <t@example.org> 1600000007 +0000",
    ];
    for (i, author) in authors.iter().enumerate() {
        repository.raw_commit("main", author, format!("message {i}\n").as_bytes());
    }
    repository.raw_commit("main", b"Silent <s@example.org> 1600000008 +0000", b"");
    repository.raw_commit("main", b"Loud <lo@example.org> 1600000009 +0000", &b"x".repeat(5_000));
    repository.raw_commit("side", b"Branch <b@example.org> 1600000010 +0000", b"only on a branch\n");
    std::fs::write(repository.path().join(".mailmap"), "Joined <one@example.org> <two@example.org>\n").expect("a file");

    let path = repository.path().to_str().expect("a plain path");
    let first = devnet.ok(&["import", "git", "--commons", "odd", "--repo", path]);
    assert!(first.contains("17 commits recorded, 0 known before"), "{first}");
    assert!(first.contains("equal git shortlog"), "{first}");
    assert!(first.contains("note: "), "dates that cannot be read are named: {first}");
    assert_eq!(counted(&devnet, "odd"), repository.shortlog(&["--all"]));

    let root = devnet.agree().await;
    let second = devnet.ok(&["import", "git", "--commons", "odd", "--repo", path]);
    assert!(second.contains("0 commits recorded, 17 known before"), "{second}");
    assert_eq!(devnet.agree().await, root, "importing twice changes nothing");

    devnet.ok(&["found", "head"]);
    devnet.ok(&["import", "git", "--commons", "head", "--repo", path, "--head-only"]);
    assert_eq!(counted(&devnet, "head"), repository.shortlog(&["HEAD"]));
}

#[test]
fn what_cannot_be_imported_is_said_in_words() {
    let devnet = Devnet::start(1);
    let empty = TestRepository::empty();
    let folder = tempfile::tempdir().expect("a folder");
    let import = |path: &std::path::Path| {
        devnet.fails(&["import", "git", "--commons", "none", "--repo", path.to_str().expect("plain")])
    };
    assert!(import(folder.path()).contains("is no git repository"));
    assert!(import(&folder.path().join("missing")).contains("there is no such folder"));
    assert!(import(empty.path()).contains("no commits yet"));
    let with_one = TestRepository::with_commits(1, 1);
    let unknown = import(with_one.path());
    assert!(unknown.contains("no commons \"none\"") && unknown.contains("stint found none"), "{unknown}");
}
