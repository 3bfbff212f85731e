//! The command line as people use it.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};
use stint_tests::Devnet;

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{l}: {e}"))).collect()
}

#[test]
fn methods_have_short_names_and_flags() {
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let record = ["call", "forge", "contribute.record"];
    let talk = ["--id", "talk-1", "--author", "ana", "--kind", "talk", "--quantity", "1.5", "--date", "2026-11-20"];
    let said = devnet.ok(&[&record[..], &talk].concat());
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON where it is no terminal")["known"], false);
    // The same by full names, by JSON, by both, with the options behind.
    let json =
        r#"{"contribution": {"id": "talk-1", "author": "ana", "kind": "talk", "quantity": "9", "date": "2026-11-20"}}"#;
    let both = [json, "--contribution.quantity=1.5", "--json"];
    let said = devnet.ok(&[&record[..], &both].concat());
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["known"], true);
    let full = ["call", "--commons", "forge", "stint.contribute.v1.Contribute/Record"];
    let said = devnet.ok(&[&full[..], &talk, &["--table"]].concat());
    assert_eq!(said.trim(), "known  yes");
    let shares = devnet.ok(&["query", "forge", "Contribute.get-shares", "--amount", "100", "--table"]);
    assert!(
        shares.contains("author  contributions  points") && shares.contains("ana                 1     1.5"),
        "{shares}"
    );
    assert!(!shares.contains('\u{1b}'), "colours are for terminals");

    let help = devnet.ok(&["call", "forge", "contribute.log", "--help"]);
    for says in [
        "stint.contribute.v1.Contribute/Log",
        "--claim-type",
        "none|debt|equity|once",
        "--cites",
        "Citation as JSON, may be repeated",
        "--attributes",
        "KEY=text, may be repeated",
        "--unit, --quantity.unit",
    ] {
        assert!(help.contains(says), "{says}:\n{help}");
    }
    assert!(help.contains("--quantity") && help.contains("a number and a unit, as 3h"), "{help}");
    // Who reads no more, such as head, ends the program without a word.
    for printing in [&["completions", "bash"][..], &["query", "forge", "contribute.get-shares"]] {
        let mut printing = devnet.command(printing);
        let mut printing = printing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("stint runs");
        drop(printing.stdout.take());
        let said = printing.wait_with_output().expect("an end").stderr;
        assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
    }
    // The ledger's own descriptors carry the words of their .proto.
    let help = devnet.ok(&["call", "consortium", "kernel.admit", "--help"]);
    assert!(help.contains("An empty list ends the membership.") && help.contains("Makes an agent a member"), "{help}");

    for (args, says) in [
        (
            &["call", "forge", "contribute.record", "--idd", "x"][..],
            "RecordRequest has no field idd; it has --contribution; its fields: stint call forge contribute.record --help",
        ),
        (&["call", "forge", "contribute.recrd"], "has no method recrd; it has: Record, SetRule"),
        (&["call", "forge", "contribut.record"], "no service contribut here; there are:"),
        (&["call", "forge", "record"], "\"record\" is no method; write service.method"),
        (&["query", "forge", "contribute.record"], "next: it is a command: stint call COMMONS METHOD"),
        (
            &["query", "meadow", "contribute.list-rules"],
            "next: see which there are: stint query consortium kernel.list-commons",
        ),
    ] {
        let said = devnet.fails(args);
        assert!(said.contains(says), "{args:?}: {said}");
    }
}

#[test]
fn keys_have_names() {
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let store = tempfile::tempdir().expect("a folder");
    let stint = |args: &[&str]| {
        let output = devnet.command(args).env("STINT_KEYS", store.path()).output().expect("stint runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (made, key, said) = stint(&["key", "new", "ana"]);
    assert!(
        made && key.len() == 64
            && said.contains("next: a steward admits it: stint call COMMONS kernel.admit --agent ana"),
        "{said}"
    );
    assert_eq!(stint(&["key", "show", "ana"]).1, key);
    assert!(stint(&["key", "list"]).1.contains(&format!("ana   {key}")));
    let rule = ["call", "forge", "contribute.set-rule", "--from", "2026-01-01"];
    let (done, _, said) = stint(&[&rule[..], &["--key", "ana"]].concat());
    assert!(
        !done && said.contains("unknown-key") && said.contains("next: a steward admits who holds the key"),
        "{said}"
    );
    // By a steward, whose key has a name as well; the field of the same name stands behind the method.
    let (done, _, said) = stint(&[
        "call",
        "--key",
        "steward",
        "forge",
        "kernel.admit",
        "--agent",
        "ana",
        "--roles",
        "member",
        "--key",
        &key,
    ]);
    assert!(done, "{said}");
    let (done, _, said) = stint(&[&rule[..], &["--key", "ana"]].concat());
    assert!(!done && said.contains("PermissionDenied"), "known, and no steward: {said}");
    let (done, _, said) = stint(&[&rule[..], &["--key", "bo"]].concat());
    assert!(
        !done
            && said.contains("there is no key bo")
            && said.contains("there are: ana, steward; make one with: stint key new bo"),
        "{said}"
    );
}

#[test]
fn what_happens_is_watched_and_listed() {
    let devnet = Devnet::start(1);
    devnet.ok(&["found", "forge"]);
    let record = |id: &str, kind: &str| {
        let words = [
            "call",
            "forge",
            "contribute.record",
            "--id",
            id,
            "--author",
            "ana",
            "--kind",
            kind,
            "--quantity",
            "1",
            "--date",
            "2026-11-20",
        ];
        devnet.ok(&words)
    };
    // One that waits for what is to come.
    let mut waiting = devnet.command(&[
        "watch",
        "forge",
        "--type",
        "Recorded",
        "--field",
        "contribution.kind=talk",
        "--from",
        "0",
        "--count",
        "2",
    ]);
    let mut waiting = waiting.stdout(Stdio::piped()).spawn().expect("stint runs");
    for (id, kind) in [("c1", "talk"), ("c2", "commit"), ("c3", "talk")] {
        record(id, kind);
    }
    let out = BufReader::new(waiting.stdout.take().expect("piped"))
        .lines()
        .map_while(Result::ok)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(waiting.wait().expect("an end").success());
    let told = lines(&out);
    let ids: Vec<_> = told.iter().map(|t| t["event"]["contribution"]["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["c1", "c3"]);
    assert_eq!(
        (told[0]["agent"].as_str(), told[0]["type"].as_str()),
        (Some("steward"), Some("stint.contribute.v1.Recorded"))
    );

    // From the cursor of a line on.
    let next = told[0]["next"].as_str().expect("a cursor");
    let rest = devnet.ok(&["watch", "forge", "--contract", "contribute", "--from", next, "--count", "2"]);
    let rest: Vec<_> =
        lines(&rest).iter().map(|t| t["event"]["contribution"]["id"].as_str().expect("an id").to_string()).collect();
    assert_eq!(rest, ["c2", "c3"]);
    let table = devnet.ok(&["watch", "forge", "--from", next, "--count", "1", "--table"]);
    assert!(table.contains("steward") && table.contains("Recorded") && table.contains("\"id\":\"c2\""), "{table}");
    let blocks = devnet.ok(&["watch", "forge", "--blocks", "--from", "1", "--count", "1"]);
    assert_eq!(lines(&blocks)[0]["calls"], 1);

    devnet.fails(&[
        "call",
        "forge",
        "contribute.record",
        "--id",
        "c1",
        "--author",
        "bo",
        "--kind",
        "talk",
        "--quantity",
        "1",
        "--date",
        "2026-11-20",
    ]);
    let all = lines(&devnet.ok(&["receipts", "forge", "--contract", "contribute"]));
    assert_eq!(all.len(), 5, "a rule, three contributions, and what was refused: {all:?}");
    let refused = devnet.ok(&["receipts", "forge", "--contract", "contribute", "--refused", "--table"]);
    let rows: Vec<_> = refused.lines().skip(2).collect();
    assert!(rows.len() == 1 && rows[0].contains("Contribute.Record") && rows[0].contains("steward"), "{refused}");
    let said = devnet.fails(&["watch", "forge", "--type", "Recorded", "--field", "contribution.id.x=1"]);
    assert!(said.contains("watch-filter: id has no fields of its own"), "{said}");
}

#[test]
fn shells_complete() {
    let devnet = Devnet::make(1);
    for (shell, says) in [("bash", "complete -F _stint"), ("zsh", "#compdef stint"), ("fish", "complete -c stint")] {
        let script = devnet.ok(&["completions", shell]);
        assert!(script.contains(says) && script.contains("receipts"), "{shell}");
    }
}
