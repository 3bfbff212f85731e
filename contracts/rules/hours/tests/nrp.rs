//! The value equation that NRP publishes, `data/value-equation-nrp.json`: 195.00 of claims by four agents.

mod common;

use common::{Commons, cents, did, paid, table};
use serde_json::Value;
use std::collections::BTreeMap;

fn case() -> Value {
    serde_json::from_str(include_str!("data/value-equation-nrp.json")).unwrap()
}

/// One bucket of everything, and a rule for each kind; `claim` is what becomes of the weights.
fn commons(claim: &'static str) -> Commons {
    let equations = [
        ("finance", "value * paid / cost"),
        ("work", "quantity * 25"),
        ("production", "value"),
        ("payment", "paid / bought * quantity"),
        ("expense", "paid / bought * quantity"),
        ("use", "min(value_per_unit, value)"),
    ];
    let mut params =
        vec![("buckets.1.name".to_string(), "all-of-it".to_string()), ("buckets.1.stream".into(), "product".into())];
    for (n, (kind, equation)) in (1..).zip(equations) {
        for (field, value) in [("kind", kind), ("equation", equation), ("stream", "product"), ("claim", claim)] {
            params.push((format!("rules.{n}.{field}"), value.into()));
        }
    }
    let mut commons = Commons::new(params.iter().map(|(path, value)| (path.as_str(), value.as_str())));
    commons.done = vec![
        did("worker", "work", "1 h", &[]),
        did("worker", "production", "1", &[("value", "50")]),
        // The community's machine cost 1000, of which these two paid 600 and 400; its use is worth 50.
        did("vacontributor1", "finance", "1 h", &[("value", "50"), ("paid", "600"), ("cost", "1000")]),
        did("vacontributor2", "finance", "1 h", &[("value", "50"), ("paid", "400"), ("cost", "1000")]),
        // Equipment worth 100 whose use is worth 10.
        did("contributor", "use", "1 h", &[("value_per_unit", "100"), ("value", "10")]),
        // Two units bought for 100 and 20 of expenses; one was consumed.
        did("contributor", "payment", "1", &[("paid", "100"), ("bought", "2")]),
        did("contributor", "expense", "1", &[("paid", "20"), ("bought", "2")]),
    ];
    commons
}

#[test]
fn the_published_claims_and_the_published_distribution() {
    let case = case();
    let published = &case["published_expectations"];
    let (distribution, weights) = commons("debt").income(19_500).unwrap();
    assert_eq!(paid(&distribution), table(&published["distribution of 195"], |v| common::money(cents(v))));
    let ours: Vec<&str> = weights.iter().map(|w| w.weight.as_str()).collect();
    assert_eq!(ours, ["2500", "5000", "3000", "2000", "1000", "5000", "1000"]);
    let mut claims: Vec<i64> = published["contribution shares"].as_object().unwrap().values().map(cents).collect();
    let mut sorted: Vec<i64> = ours.iter().map(|w| w.parse().unwrap()).collect();
    claims.sort();
    sorted.sort();
    assert_eq!(sorted, claims);
    assert_eq!(weights[0].formula, "1 h × 25 = 25");
    assert_eq!(weights[2].formula, "50 × 600 / 1000 = 30");
    assert_eq!(weights[4].formula, "min(100, 10) = 10");
    assert_eq!(weights[5].formula, "100 / 2 × 1 = 50");
}

/// NRP's "straight" shares everything in proportion and knows no limit: as ours does with equity.
#[test]
fn straight_shares_everything_in_proportion() {
    for variant in case()["computed_variants (ours)"].as_array().unwrap() {
        let expected = &variant["ours_largest_remainder_by_agent (straight, cents)"];
        if variant["percentage_behavior"] == "straight" {
            let (distribution, _) = commons("equity").income(cents(&variant["distribute"])).unwrap();
            assert_eq!(paid(&distribution), table(expected, |v| v.as_str().unwrap().to_string()), "{variant}");
        }
    }
}

/// In "remaining" a claim is paid once and no more; NRP drops the 805.00 that are left, ours says so.
#[test]
fn what_nobody_claims_is_undistributed() {
    for variant in case()["computed_variants (ours)"].as_array().unwrap() {
        if variant["percentage_behavior"] == "remaining" {
            let (distribution, _) = commons("debt").income(cents(&variant["distribute"])).unwrap();
            let mut expected: BTreeMap<String, String> = table(&variant["nrp_rule"], |v| v.as_str().unwrap().into());
            expected.insert("undistributed".into(), variant["nrp_residue"].as_str().unwrap().into());
            assert_eq!(paid(&distribution), expected);
        }
    }
}
