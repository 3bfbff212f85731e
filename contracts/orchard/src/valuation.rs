//! How forge shares its income: the rule `hours`, with the parameters that its README tells.

use charter::proto as said;

/// What the vote is about.
pub const CARE: &str = "care_weight";

/// Reimbursement first, then fund and design of what that left, and work takes the rest.
const FORGE: [(&str, &str); 29] = [
    ("buckets.1.name", "reimbursement"),
    ("buckets.2.agent", "fund"),
    ("buckets.2.name", "fund"),
    ("buckets.2.pct", "1000"),
    ("buckets.3.name", "design"),
    ("buckets.3.of", "reimbursement"),
    ("buckets.3.pct", "500"),
    ("buckets.4.name", "work"),
    ("care_weight", "1.0"),
    ("digits", "2"),
    ("rate", "20.00"),
    ("rules.1.claim", "debt"),
    ("rules.1.equation", "value"),
    ("rules.1.kind", "purchase"),
    ("rules.1.stream", "reimbursement"),
    ("rules.2.claim", "once"),
    ("rules.2.equation", "quantity"),
    ("rules.2.kind", "cite"),
    ("rules.2.stream", "design"),
    ("rules.3.claim", "once"),
    ("rules.3.equation", "quantity * rate"),
    ("rules.3.kind", "work"),
    ("rules.3.stream", "work"),
    ("rules.3.unit", "h"),
    ("rules.4.claim", "once"),
    ("rules.4.equation", "quantity * rate * care_weight"),
    ("rules.4.kind", "care"),
    ("rules.4.stream", "work"),
    ("rules.4.unit", "h"),
];

/// Its parameters, with another weight of care.
pub fn with_care(weight: &str) -> Vec<(String, String)> {
    let value = |path: &str, value: &str| if path == CARE { weight.to_string() } else { value.to_string() };
    FORGE.iter().map(|(path, said)| (path.to_string(), value(path, said))).collect()
}

/// Version 1, as the charter holds it.
pub fn founded(module: [u8; 32], from: String) -> said::Rule {
    let params = with_care("1.0").into_iter().map(|(path, value)| said::Param { path, value });
    said::Rule {
        slot: "valuation".into(),
        module: module.into(),
        params: params.collect(),
        from,
        ..said::Rule::default()
    }
}
