//! Splits against the sample cases in `data/rounding-split.json`.

use serde_json::Value;
use stint_sdk::{Ratio, split, split_ratios};

fn cases() -> Value {
    serde_json::from_str(include_str!("data/rounding-split.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn our_splits_are_those_of_the_cases() {
    for case in cases()["ours_cases"].as_array().unwrap() {
        let total: u128 = text(&case["total"]).parse().unwrap();
        let weights = case["weights"].as_object().unwrap();
        let whole: Vec<(&str, u128)> = weights.iter().map(|(id, w)| (id.as_str(), text(w).parse().unwrap())).collect();
        let ratios: Vec<(&str, Ratio)> =
            weights.iter().map(|(id, w)| (id.as_str(), Ratio::parse(text(w)).unwrap())).collect();
        let parts = split(total, &whole).unwrap();
        assert_eq!(split_ratios(total, &ratios).unwrap(), parts);
        for ((id, _), part) in whole.iter().zip(&parts) {
            assert_eq!(part.to_string(), text(&case["expect"][*id]), "{id} of {case}");
        }
    }
}

/// The published cases give the remainder to the last; ours share the same totals, each within a unit of them.
#[test]
fn published_splits_differ_by_less_than_a_unit() {
    let cases = cases();
    let published = cases.as_object().unwrap().iter().find(|(name, _)| name.starts_with("sourcecred")).unwrap().1;
    for case in published["cases"].as_array().unwrap() {
        let total: u128 = text(&case["budget"]).parse().unwrap();
        // Scores are bare numbers there: read as text, they are exact.
        let scores = case["scores"].as_array().unwrap().iter().enumerate();
        let parties: Vec<(usize, Ratio)> = scores.map(|(i, s)| (i, Ratio::parse(&s.to_string()).unwrap())).collect();
        let parts = split_ratios(total, &parties).unwrap();
        assert_eq!(parts.iter().sum::<u128>(), total);
        for (part, theirs) in parts.iter().zip(case["expect"].as_array().unwrap()) {
            assert!(part.abs_diff(text(theirs).parse().unwrap()) <= 1, "{case}");
        }
    }
    for case in published["errors"].as_array().unwrap().iter().filter(|c| text(&c["budget"]) != "-1") {
        let scores = case["scores"].as_array().unwrap().iter().enumerate();
        let parties: Vec<(usize, Ratio)> = scores.map(|(i, s)| (i, Ratio::parse(&s.to_string()).unwrap())).collect();
        assert_eq!(split_ratios(1, &parties).unwrap_err().rule, "split", "{case}");
    }
}
