//! The parameters: rules that weigh, buckets that share, and constants that the equations name.

use crate::equation::Equation;
use std::collections::BTreeMap;
use stint_rule::{
    ALL, REMAINING, Schema, parse,
    proto::{Claim, Param},
};
use stint_sdk::{Params, Ratio, Refusal};

/// See [`stint_rule::proto::Parameter`].
pub const SCHEMA: &Schema = &[
    ["digits", "integer", "digits behind the point of the money", "2", "0 to 6"],
    ["rules.N.kind", "text", "weighs contributions of this kind", "every kind", ""],
    ["rules.N.from", "text", "weighs contributions logged for this stream", "every stream", ""],
    ["rules.N.unit", "text", "the unit that their quantity must have", "any unit", ""],
    ["rules.N.equation", "equation", "what they weigh, in money", "", "a product of at most 1000 bytes"],
    ["rules.N.stream", "text", "the stream that they weigh in", "the one they were logged for", ""],
    ["rules.N.claim", "logged|none|debt|equity|once", "what becomes of the weight", "logged", ""],
    ["buckets.N.name", "text", "unique", "", "not all, not remaining"],
    ["buckets.N.stream", "text", "shared by the weights of this stream", "its name", ""],
    ["buckets.N.agent", "text", "all of it goes to this agent instead", "", ""],
    ["buckets.N.pct", "basis points", "its part of the base", "10000", "0 to 10000"],
    ["buckets.N.of", "all|remaining|an earlier bucket", "the base: for a bucket, what it left", "remaining", ""],
    ["NAME", "decimal", "a constant that an equation names, such as rate or care_weight", "", "0 or more"],
];

/// The stream and bucket when nothing is said about them.
const WORK: &str = "work";

pub struct Settings {
    /// Minor units in one unit of money.
    pub minor: Ratio,
    pub rules: Vec<Rule>,
    pub buckets: Vec<Bucket>,
    /// With the text that they were given in.
    pub constants: BTreeMap<String, (Ratio, String)>,
}

/// Which contributions it weighs, and how.
pub struct Rule {
    pub kind: Option<String>,
    pub from: Option<String>,
    pub unit: Option<String>,
    pub equation: Equation,
    /// None: the stream and claim that a contribution was logged with.
    pub stream: Option<String>,
    pub claim: Option<Claim>,
}

pub struct Bucket {
    pub name: String,
    pub stream: String,
    pub agent: String,
    pub basis_points: u32,
    pub of: String,
}

impl Settings {
    pub fn read(params: &[Param]) -> Result<Settings, Refusal> {
        let params = parse(params, SCHEMA)?;
        let digits = params.or("digits", 2, Params::whole::<u32>)?;
        if digits > 6 {
            return Err(refuse(format!("the parameter digits is {digits}; money has 0 to 6 digits behind the point")));
        }
        let mut rules = numbered(&params, "rules", rule)?;
        if rules.is_empty() {
            rules.push(everything()?);
        }
        let mut buckets = numbered(&params, "buckets", bucket)?;
        if buckets.is_empty() {
            let (name, of) = (WORK.to_string(), REMAINING.to_string());
            buckets.push(Bucket { stream: name.clone(), name, agent: String::new(), basis_points: 10_000, of });
        }
        check(&buckets)?;
        let constants = constants(&params, &rules)?;
        Ok(Settings { minor: Ratio::from(10u64.pow(digits)), rules, buckets, constants })
    }
}

fn rule(params: &Params) -> Result<Rule, Refusal> {
    let text = |path: &str| params.get(path).map(str::to_string);
    let claims = [
        ("logged", None),
        ("none", Some(Claim::None)),
        ("debt", Some(Claim::Debt)),
        ("equity", Some(Claim::Equity)),
        ("once", Some(Claim::Once)),
    ];
    Ok(Rule {
        kind: text("kind"),
        from: text("from"),
        unit: text("unit"),
        equation: Equation::parse(params.text("equation")?)?,
        stream: text("stream"),
        claim: params.or("claim", None, |p, path| p.one_of(path, &claims))?,
    })
}

/// Without rules every contribution weighs its quantity.
fn everything() -> Result<Rule, Refusal> {
    let equation = Equation::parse("quantity")?;
    Ok(Rule { kind: None, from: None, unit: None, equation, stream: Some(WORK.into()), claim: None })
}

fn bucket(params: &Params) -> Result<Bucket, Refusal> {
    let name = params.text("name")?;
    let agent = params.get("agent").unwrap_or_default();
    let own = if agent.is_empty() { name } else { "" };
    Ok(Bucket {
        name: name.into(),
        stream: params.get("stream").unwrap_or(own).into(),
        agent: agent.into(),
        basis_points: params.or("pct", 10_000, Params::basis_points)?,
        of: params.get("of").unwrap_or(REMAINING).into(),
    })
}

/// A list of what is numbered from 1. What stands behind a gap would silently not count, so it is refused.
fn numbered<T>(params: &Params, list: &str, read: fn(&Params) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
    let found = params.list(list);
    let next = found.len() + 1;
    for (path, _) in params.below(list).iter() {
        let number = path.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        if number >= next {
            let message = format!("there is no {list}.{next}, and there is {list}.{path}; number them without a gap");
            return Err(refuse(message));
        }
    }
    found.iter().map(read).collect()
}

/// What no income could be distributed by is refused before it is adopted.
fn check(buckets: &[Bucket]) -> Result<(), Refusal> {
    for (n, bucket) in buckets.iter().enumerate() {
        let (name, of) = (&bucket.name, &bucket.of);
        let earlier = |name: &str| buckets[..n].iter().any(|b| b.name == name);
        if earlier(name) || [ALL, REMAINING].contains(&name.as_str()) {
            return Err(refuse(format!(
                "a bucket cannot be named {name:?} here; names are unique, and not {ALL} or {REMAINING}"
            )));
        }
        if ![ALL, REMAINING].contains(&of.as_str()) && !earlier(of) {
            return Err(refuse(format!(
                "the bucket {name} is of {of:?}; name an earlier bucket, or {ALL}, or {REMAINING}"
            )));
        }
        if bucket.stream.is_empty() == bucket.agent.is_empty() {
            return Err(refuse(format!("the bucket {name} is for a stream or for one agent; name one of them")));
        }
    }
    Ok(())
}

/// Every single word but `digits` is a constant, and every constant is named by an equation: a slip of the pen is
/// refused.
fn constants(params: &Params, rules: &[Rule]) -> Result<BTreeMap<String, (Ratio, String)>, Refusal> {
    let mut constants = BTreeMap::new();
    for (name, text) in params.iter().filter(|(path, _)| !path.contains('.') && *path != "digits") {
        let value = params.ratio(name)?;
        if value.is_negative() {
            return Err(refuse(format!("the parameter {name} is {text}; constants are 0 or more")));
        }
        if name == "quantity" || !rules.iter().any(|rule| rule.equation.names(name)) {
            return Err(refuse(format!("the parameter {name} is no constant that an equation names")));
        }
        constants.insert(name.to_string(), (value, text.to_string()));
    }
    Ok(constants)
}

fn refuse(message: String) -> Refusal {
    Refusal::invalid("params", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_rule::params;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Settings, Refusal> {
        Settings::read(&params(pairs.iter().copied()))
    }

    #[test]
    fn the_readme_has_every_parameter() {
        assert!(include_str!("../README.md").contains(&stint_rule::table(SCHEMA)), "{}", stint_rule::table(SCHEMA));
    }

    #[test]
    fn nothing_said_is_one_rule_and_one_bucket() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.rules.len(), settings.buckets[0].name.as_str()), (1, "work"));
        assert_eq!(settings.minor, Ratio::from(100u64));
    }

    #[test]
    fn slips_of_the_pen_are_refused() {
        let rule = ("rules.1.equation", "quantity * rate");
        assert!(read(&[rule, ("rate", "20")]).is_ok());
        for pairs in [
            vec![rule, ("rate", "20"), ("care_wieght", "1.5")],
            vec![rule, ("rate", "-20")],
            vec![rule, ("rate", "many")],
            vec![("quantity", "5")],
            vec![("rules.1.kind", "work")],
            vec![rule, ("rules.3.equation", "quantity")],
            vec![("buckets.2.name", "fund")],
            vec![("buckets.1.name", "fund"), ("buckets.1.pct", "10001")],
            vec![("buckets.1.pct", "100")],
            vec![("buckets.1.name", "remaining")],
            vec![("buckets.1.name", "a"), ("buckets.2.name", "a")],
            vec![("buckets.1.name", "a"), ("buckets.1.of", "b"), ("buckets.2.name", "b")],
            vec![("buckets.1.name", "a"), ("buckets.1.agent", "fund"), ("buckets.1.stream", "work")],
            vec![rule, ("rules.1.claim", "loan")],
            vec![("digits", "7")],
            vec![("bucket.1.name", "fund")],
        ] {
            assert_eq!(read(&pairs).err().unwrap().rule, "params", "{pairs:?}");
        }
    }
}
