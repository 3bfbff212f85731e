//! The sample scenario of three commons on a network: every number as the scenario says, and the same again from an export
//! alone.

use stint_tests::Devnet;

/// The columns of the line that begins so.
fn row<'a>(table: &'a str, begin: &[&str]) -> Vec<&'a str> {
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.into_iter().find(|row| row.starts_with(begin)).unwrap_or_else(|| panic!("no line {begin:?}:\n{table}"))
}

#[test]
fn the_orchard_comes_out_as_expected_and_without_a_node_once_more() {
    let mut devnet = Devnet::start(4);
    let told = devnet.ok(&["demo", "orchard"]);
    // 24 resources by three fields, six processes by three, and the rest.
    let last = told.lines().last().expect("a line");
    let (ours, all) = last.strip_suffix(" equal").and_then(|l| l.split_once(" of ")).expect(last);
    let all: u32 = all.parse().expect(last);
    assert!(ours == all.to_string() && all > 140, "{last}");
    assert!(!told.lines().any(|line| line.ends_with("  NO")), "{told}");
    for refused in ["R7: stock of RS would be -20 kg", "R-mass: ", "R5: ", "C-4: ", "G2: ", "G5: ", "V3: "] {
        assert!(told.contains(&format!("refused, as it must be, by {refused}")), "{refused}\n{told}");
    }

    // Down from the amount to the contributions, to the cent.
    let why = devnet.ok(&["explain", "forge", "i1", "ana"]);
    for line in [
        "ana gets 1529.80 of i1: 3600.00 less 144.00 of purchases leave 3456.00",
        "├─ 180.00 of reimbursement: 3456.00 (100 % of what remains)",
        "├─ 1349.80 of work: 2699.60 (100 % of what remains)",
        "│    269960 × 240000 / 480000 → 134980",
        "│    └─ e18: 120 h × 20.00 = 2400, weight 240000",
    ] {
        assert!(why.lines().any(|l| l == line), "{line}\n{why}");
    }
    assert!(devnet.fails(&["explain", "forge", "i2", "ana"]).contains("ana has no part in the distribution i2"));

    let what_if = devnet.ok(&["whatif", "forge", "--set", "care_weight=1.5"]);
    assert_eq!(row(&what_if, &["i1", "cy"])[2..5], ["549.93", "722.98", "+173.05"]);
    assert_eq!(row(&what_if, &["all", "bo"])[2..5], ["1236.03", "1121.81", "-114.22"]);
    assert_eq!(row(&what_if, &["sum"])[1..4], ["3956.00", "3956.00", "0.00"]);

    let ledger = devnet.dir().join("ledger.export").to_str().expect("UTF-8").to_string();
    devnet.ok(&["export", "--from", "1", "--out", &ledger]);
    for validator in 0..4 {
        devnet.kill(validator);
    }
    let said = devnet.ok(&["audit", "forge", "--export", &ledger]);
    assert!(said.contains("each signed by at least 3 of 4 validators, executed again"), "{said}");
    assert_eq!(row(&said, &["i1"])[1..], ["7", "5", "3456.00", "equal"]);
    assert_eq!(row(&said, &["i2"])[1..], ["2", "3", "500.00", "equal"]);
    assert!(said.lines().last().is_some_and(|l| l.starts_with("equal: ") && l.ends_with("2 distributions of forge")));
    // Every resource of the books, too.
    for (commons, resources) in [("forge", 15), ("mend", 5), ("table", 14)] {
        let said = devnet.ok(&["audit", commons, "--export", &ledger]);
        assert!(said.contains(&format!("book: {resources} resources rebuilt from ")), "{said}");
    }
}
