//! A replay that never fails would prove nothing: changed expectations are told, each in words.

use book_replay::{Json, Native, Outcome, Report, plans, replay};

const CASE: &str = r#"{"id": "c", "given": {"apples": {"accounting": {"value": 100, "unit": "kg"}, "primaryAccountable": "bob"}},
  "events": [{"id": "e1", "action": "ACTION", "provider": "bob", "receiver": "bob", "resourceInventoriedAs": "apples",
              "resourceQuantity": {"value": 50, "unit": "UNIT"}}], MORE}"#;

fn report(action: &str, unit: &str, more: &str) -> Report {
    let text = CASE.replace("ACTION", action).replace("UNIT", unit).replace("MORE", more);
    replay(&text, &[], &mut Native).unwrap().remove(0)
}

fn difference(action: &str, unit: &str, more: &str) -> String {
    match report(action, unit, more).outcome {
        Outcome::Passed => "passed".into(),
        Outcome::Differs(how) | Outcome::NotUnderstood(how) => how,
    }
}

#[test]
fn the_first_difference_is_told() {
    let expect = |amount: &str| format!(r#""expect": {{"apples": {{"accounting": "{amount}"}}}}"#);
    assert_eq!(difference("lower", "kg", &expect("50.0")), "passed");
    assert_eq!(difference("lower", "kg", &expect("49")), r#"accountingQuantity of apples is "50"; it must be "49""#);
    assert!(difference("lower", "t", &expect("50")).starts_with("e1 lower is refused: R6"));
    assert_eq!(difference("lower", "kg", r#""use": "reject""#), "every event is recorded; one must be refused");
    assert_eq!(difference("lower", "t", r#""use": "reject", "why": "R6 other unit""#), "passed");
    assert!(
        difference("lower", "t", r#""use": "reject", "why": "R7 too little""#).contains("refused by R6, not by R7")
    );
    assert!(difference("devour", "kg", r#""use": "accept""#).contains("is refused: action"));
    assert_eq!(difference("devour", "kg", r#""published_verdict": "reject""#), "passed");
    let hours = r#""queries": {"workHours(bob)": "7"}"#;
    assert_eq!(difference("lower", "kg", hours), r#"workHours(bob) is "0"; it must be "7""#);
    let inputs = r#""queries": {"trace(resource apples)": ["apples", "raise"]}"#;
    assert!(difference("lower", "kg", inputs).contains("raise is missing"));
    let more = r#""queries": {"track(resource apples)": ["apples"]}"#;
    assert!(difference("lower", "kg", more).contains("is there, and is not expected"));
    assert!(difference("lower", "kg", r#""expect": {"apples": null}"#).contains("there must be none"));
    assert!(difference("lower", "kg", r#""must_reject": [{"action": "lower", "provider": "bob", "resourceInventoriedAs": "apples", "resourceQuantity": {"value": 1, "unit": "kg"}}]"#).contains("it must be refused"));
    let mass = r#""expect_process_mass": {"P": {"in": "1", "out": "0", "closes": true}}"#;
    assert!(difference("lower", "kg", mass).contains("closing P is refused"));
}

#[test]
fn what_is_not_understood_is_no_pass() {
    for more in
        [r#""use": "meditate""#, r#""queries": {"mood(bob)": "fine"}"#, r#""expect": {"apples": {"colour": "red"}}"#]
    {
        let report = report("lower", "kg", more);
        assert!(matches!(report.outcome, Outcome::NotUnderstood(_)), "{report}");
    }
    let orphan = r#"{"id": "t", "on": "nothing", "trace(resource x)": []}"#;
    assert!(replay(orphan, &[], &mut Native).unwrap()[0].to_string().contains("not among the files"));
    assert!(plans("{", &[]).is_err() && plans("[1 2]", &[]).is_err());
}

#[test]
fn numbers_stay_as_they_are_written() {
    let json = Json::parse(r#"{"a": [0.10, 12345678901234567890.123456789012345678, -1], "b": "\u00e4\ud83d\ude00\n\"", "c": null, "d": true}"#).unwrap();
    let items: Vec<String> = json.get("a").unwrap().items().iter().map(|n| n.text().to_string()).collect();
    assert_eq!(items, ["0.10", "12345678901234567890.123456789012345678", "-1"]);
    assert_eq!(json.text_of("b"), "ä😀\n\"");
    assert!(json.get("d").unwrap().is_true() && json.any(&["c", "d"]).is_none());
    for broken in [
        "",
        "{",
        "{\"a\" 1}",
        "{\"a\": 1,, }",
        "[1, ]x",
        "\"a",
        "nul",
        "\"\\x\"",
        "\"\\ud800\"",
        "{\"a\": 1} 2",
        &"[".repeat(100),
    ] {
        assert!(Json::parse(broken).is_err(), "{broken}");
    }
}
