//! Every published case that is here, on the contract itself.

use book_replay::{Native, Report, replay};
use std::fs;

fn text(name: &str) -> String {
    let path = format!("{}/../tests/data/{name}.json", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).expect("a file of cases")
}

fn played(name: &str, library: &[&str]) -> Vec<Report> {
    let library: Vec<String> = library.iter().map(|n| text(n)).collect();
    let reports = replay(&text(name), &library, &mut Native).expect("cases");
    for report in &reports {
        println!("{report}");
    }
    assert!(reports.iter().all(Report::passed), "a case of {name} differs");
    reports
}

#[test]
fn every_case_of_the_suite_s_sample_passes() {
    let reports = played("valueflows-suite-sample", &[]);
    assert_eq!(reports.len(), 14);
    let rules: Vec<(&str, &str)> = reports
        .iter()
        .flat_map(|r| r.refused.iter().map(|(_, refusal)| (r.case.as_str(), refusal.rule.as_str())))
        .collect();
    assert_eq!(
        rules,
        [
            ("shacl/move1-fail-different-quantities", "R1"),
            ("shacl/move2-fail-incompatible-primary-accountables", "R10"),
            ("shacl/move2-fail-inompatible-quantities", "R6"),
            ("shacl/move2-fail-insufficient-quantity", "R7"),
        ]
    );
}

#[test]
fn every_published_example_passes() {
    let reports = played("valueflows-examples", &[]);
    assert_eq!(reports.len(), 6);
}

#[test]
fn every_trail_is_as_published() {
    assert_eq!(played("valueflows-track-trace", &["valueflows-examples"]).len(), 2);
}

#[test]
fn the_three_commons_end_as_computed() {
    let reports = played("scenario-three-commons", &[]);
    let [scenario] = reports.as_slice() else { panic!("one scenario") };
    let refused: Vec<(&str, &str)> =
        scenario.refused.iter().map(|(what, r)| (what.as_str(), r.rule.as_str())).collect();
    assert_eq!(refused, [("e41 lower", "R5")]);
}

#[test]
fn our_own_cases_pass() {
    let reports = played("our-cases", &[]);
    assert_eq!(reports.len(), 7);
}
