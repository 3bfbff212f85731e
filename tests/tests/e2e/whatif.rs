//! What another rule would have given: the same on every validator, and a charter takes the report.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::TryStreamExt;
use serde_json::{Value, json};
use stint_proto::v1::{self, what_if_response::Part};
use stint_tests::Devnet;

/// The report as the command line has it cited.
fn cited(devnet: &Devnet, weight: &str) -> (String, Value) {
    let shown = devnet.ok(&["whatif", "forge", "--set", &format!("care_weight={weight}")]);
    let line = shown.lines().last().expect("a citation");
    let citation: Value = serde_json::from_str(&format!("{{{line}}}")).expect("JSON");
    (shown, citation["whatif"][0].clone())
}

/// The same by a validator's service.
async fn report(devnet: &Devnet, validator: usize, weight: &str, height: u64) -> v1::WhatIfReport {
    let set = [("care_weight".to_string(), weight.to_string())].into();
    let request = v1::WhatIfRequest {
        commons: "forge".into(),
        slot: "valuation".into(),
        patch: Some(v1::RulePatch { set, ..Default::default() }),
        height,
        ..Default::default()
    };
    let stream = devnet.client(validator).await.ledger().what_if(request).await.expect("begun").into_inner();
    let told: Vec<v1::WhatIfResponse> = stream.try_collect().await.expect("an answer");
    match told.into_iter().last().and_then(|told| told.part) {
        Some(Part::Report(report)) => report,
        other => panic!("no report at the end: {other:?}"),
    }
}

fn simulated(devnet: &Devnet, request: &Value) -> String {
    let propose = "stint.charter.v1.Charter/Propose";
    devnet.ok(&["simulate", "--commons", "forge", "--caller", "cy", propose, &request.to_string()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_the_same_everywhere_and_a_charter_takes_it() {
    let devnet = Devnet::start(4);
    devnet.ok(&["demo", "orchard"]);
    devnet.agree().await;
    let (shown, _) = cited(&devnet, "1.5");
    for (agent, diff) in [("ana", "-103.83"), ("bo", "-114.22"), ("cy", "+218.05"), ("dee", "0.00"), ("fund", "0.00")] {
        let line = shown.lines().find(|l| l.starts_with("all ") && l.split_whitespace().nth(1) == Some(agent));
        assert!(line.is_some_and(|l| l.split_whitespace().nth(4) == Some(diff)), "{agent} {diff}:\n{shown}");
    }

    let (_, citation) = cited(&devnet, "1.6");
    let height = citation["toHeight"].as_u64().expect("a height");
    for validator in 0..4 {
        let report = report(&devnet, validator, "1.6", height).await;
        assert_eq!(BASE64_STANDARD.encode(&report.report_hash), citation["reportHash"], "validator {validator}");
        assert_eq!((report.to, report.sum_diff, report.version), (height, 0, 2));
    }

    let path = "/rules/valuation/params/care_weight";
    let field = json!({ "path": path }).to_string();
    let field = devnet.ok(&["query", "--commons", "forge", "stint.charter.v1.Charter/GetField", &field]);
    let field: Value = serde_json::from_str(&field).expect("JSON");
    let proposal = |weight: &str| {
        let patch = json!({ "path": path, "expectedOld": field["hash"], "new": weight });
        json!({ "id": "more", "subject": "rules", "text": "still too little", "patches": [patch], "whatif": [citation] })
    };
    let taken = simulated(&devnet, &proposal("1.6"));
    assert!(taken.contains("\"OPEN\"") && !taken.contains("refused "), "{taken}");
    // What is cited is of this change and of no other.
    let refused = simulated(&devnet, &proposal("1.7"));
    assert!(refused.contains("refused   G4: the proposal cites"), "{refused}");
}
