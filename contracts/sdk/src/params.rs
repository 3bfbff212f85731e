//! Parameters of rules: flat, such as `buckets.2.pct = 1000`, so that a proposal can change one of them and
//! everybody sees which.
//!
//! One set of parameters has one [`Params::hash`], whatever the order in which it was written.

use crate::{Decimal, Ratio, Refusal, sha256};
use std::{collections::BTreeMap, rc::Rc, str::FromStr};

/// Bytes of a path at most.
const PATH_BYTES: usize = 128;
/// Bytes of a value at most: an equation fits.
const VALUE_BYTES: usize = 1000;
/// Parameters of one rule at most.
const MOST: usize = 1000;

/// The parameters of a rule, or those below one path.
///
/// ```
/// # use stint_sdk::params::Params;
/// let all = Params::new([("care_weight", "1.5"), ("buckets.1.name", "fund"), ("buckets.1.pct", "1000")])?;
/// assert_eq!(all.ratio("care_weight")?.to_string(), "1.5");
/// let buckets = all.list("buckets");
/// assert_eq!(buckets[0].whole::<u32>("pct")?, 1000);
/// assert_eq!(buckets[0].text("of").unwrap_err().message, "the parameter buckets.1.of is missing");
/// # Ok::<(), stint_sdk::Refusal>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Params {
    all: Rc<BTreeMap<String, String>>,
    /// Ends in a dot when it is not empty.
    prefix: String,
}

impl Params {
    /// From paths and values in any order; refused when a path stands twice or is misshapen.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Params, Refusal> {
        let mut all = BTreeMap::new();
        for (path, value) in pairs {
            check(path, value)?;
            if all.insert(path.to_string(), value.to_string()).is_some() {
                return Err(refuse(format!("the parameter {path} stands twice; give it once")));
            }
            if all.len() > MOST {
                return Err(refuse(format!("more than {MOST} parameters were given, which is the limit")));
            }
        }
        Ok(Params { all: Rc::new(all), prefix: String::new() })
    }

    /// SHA-256 over all of them in the order of their paths: length of the path (u16, big endian), path, length
    /// of the value (u32, big endian), value.
    pub fn hash(&self) -> [u8; 32] {
        let mut bytes = Vec::new();
        for (path, value) in self.all.iter() {
            bytes.extend_from_slice(&(path.len() as u16).to_be_bytes());
            bytes.extend_from_slice(path.as_bytes());
            bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        sha256(&bytes)
    }

    /// Paths and values in the order of the paths, without the path that these are below.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let below = self.all.range(self.prefix.clone()..).take_while(|(path, _)| path.starts_with(&self.prefix));
        below.map(|(path, value)| (&path[self.prefix.len()..], value.as_str()))
    }

    /// Those below a path: below `buckets.2` there is `pct`.
    pub fn below(&self, path: &str) -> Params {
        Params { all: self.all.clone(), prefix: format!("{}{path}.", self.prefix) }
    }

    /// Those below `path.1`, `path.2` and so on, as far as the numbers go without a gap.
    pub fn list(&self, path: &str) -> Vec<Params> {
        (1..).map(|n: u32| self.below(&format!("{path}.{n}"))).take_while(|p| p.iter().next().is_some()).collect()
    }

    /// The value of a path.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.all.get(&self.full(path)).map(String::as_str)
    }

    /// The value of a path, which must be there and not empty.
    pub fn text(&self, path: &str) -> Result<&str, Refusal> {
        let missing = || refuse(format!("the parameter {} is missing", self.full(path)));
        self.get(path).filter(|value| !value.is_empty()).ok_or_else(missing)
    }

    /// An exact number: a decimal or a ratio.
    pub fn ratio(&self, path: &str) -> Result<Ratio, Refusal> {
        let value = self.text(path)?;
        Ratio::parse(value).map_err(|_| self.misread(path, value, "an exact number such as 12.5 or 3/7"))
    }

    /// A decimal with at most `scale` digits behind the point.
    pub fn decimal(&self, path: &str, scale: u8) -> Result<Decimal, Refusal> {
        let value = self.text(path)?;
        let what = format!("a decimal with at most {scale} digits behind the point");
        Decimal::parse(value, scale).map_err(|_| self.misread(path, value, &what))
    }

    /// A whole number in the range of its type.
    pub fn whole<T: FromStr>(&self, path: &str) -> Result<T, Refusal> {
        let value = self.text(path)?;
        let digits = value.strip_prefix('-').unwrap_or(value).bytes().all(|b| b.is_ascii_digit());
        let number = value.parse().ok().filter(|_| digits);
        number.ok_or_else(|| self.misread(path, value, "a whole number in its bounds"))
    }

    /// Hundredths of a percent: a whole number from 0 to 10000.
    pub fn basis_points(&self, path: &str) -> Result<u32, Refusal> {
        let points = self.whole(path).ok().filter(|points| *points <= 10_000);
        points.ok_or_else(|| match self.text(path) {
            Ok(value) => self.misread(path, value, "hundredths of a percent: 0 to 10000"),
            Err(missing) => missing,
        })
    }

    /// One of some words.
    pub fn one_of<T: Copy>(&self, path: &str, words: &[(&str, T)]) -> Result<T, Refusal> {
        let value = self.text(path)?;
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
        let accepted: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.ok_or_else(|| self.misread(path, value, &format!("one of {}", accepted.join(", "))))
    }

    /// What a reading gives, or `default` when the path has no value.
    pub fn or<T>(
        &self,
        path: &str,
        default: T,
        read: impl FnOnce(&Params, &str) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.get(path).is_none() { Ok(default) } else { read(self, path) }
    }

    /// Refuses paths that no pattern knows, so that a slip of the pen is not a rule that silently differs. In a
    /// pattern a word `N` stands for a number from 1 on, `NAME` for one word, and `*` at the end for one or more.
    pub fn only(&self, patterns: &[&str]) -> Result<(), Refusal> {
        for (path, _) in self.iter() {
            if !patterns.iter().any(|pattern| fits(path, pattern)) {
                let known = patterns.join(", ");
                return Err(refuse(format!("no parameter {path} is known here; known are {known}")));
            }
        }
        Ok(())
    }

    fn full(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn misread(&self, path: &str, value: &str, what: &str) -> Refusal {
        let shown: String = value.chars().take(40).collect();
        refuse(format!("the parameter {} is {shown:?}, and it must be {what}", self.full(path)))
    }
}

fn refuse(message: String) -> Refusal {
    Refusal::invalid("params", message)
}

fn check(path: &str, value: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_:@+-".contains(c);
    let words = path.split('.').all(|word| !word.is_empty() && word.chars().all(fits));
    if !words || path.len() > PATH_BYTES {
        let shown: String = path.chars().take(80).collect();
        let shape = format!("1 to {PATH_BYTES} of letters, digits and _ : @ + - in words joined by dots");
        return Err(refuse(format!("{shown:?} is no path of a parameter: {shape}")));
    }
    match value.len() <= VALUE_BYTES {
        true => Ok(()),
        false => Err(refuse(format!("the parameter {path} has {} bytes; the limit is {VALUE_BYTES}", value.len()))),
    }
}

fn fits(path: &str, pattern: &str) -> bool {
    let mut words = path.split('.');
    for expected in pattern.split('.') {
        let Some(word) = words.next() else { return false };
        let matches = match expected {
            "*" => return true,
            "NAME" => true,
            "N" => !word.starts_with('0') && word.bytes().all(|b| b.is_ascii_digit()),
            _ => word == expected,
        };
        if !matches {
            return false;
        }
    }
    words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message<T>(result: Result<T, Refusal>) -> String {
        let refusal = result.err().expect("a refusal");
        assert_eq!(refusal.rule, "params");
        refusal.message
    }

    fn forge() -> Params {
        let pairs =
            [("a", "x"), ("b.1.pct", "1000"), ("b.1.name", "fund"), ("b.2.name", "work"), ("b.10.name", "late")];
        Params::new(pairs).unwrap()
    }

    #[test]
    fn the_hash_is_over_lengths_and_bytes_in_the_order_of_paths() {
        let params = Params::new([("b", "2"), ("a.1", "")]).unwrap();
        assert_eq!(params.hash(), sha256(b"\x00\x03a.1\x00\x00\x00\x00\x00\x01b\x00\x00\x00\x012"));
        assert_eq!(Params::default().hash(), sha256(b""));
    }

    #[test]
    fn numbered_paths_are_lists() {
        let names: Vec<String> = forge().list("b").iter().map(|b| b.text("name").unwrap().into()).collect();
        // 10 comes behind a gap, which `only` cannot see; the number of buckets is what the list says.
        assert_eq!(names, ["fund", "work"]);
        assert_eq!(forge().below("b.1").iter().collect::<Vec<_>>(), [("name", "fund"), ("pct", "1000")]);
        assert!(forge().list("a").is_empty());
    }

    #[test]
    fn readings_name_the_path_and_what_is_accepted() {
        let params =
            Params::new([("n", "12.5"), ("w", "7"), ("p", "10001"), ("k", "debt"), ("s.1.x", "no"), ("e", "")])
                .unwrap();
        assert_eq!(params.ratio("n").unwrap().to_string(), "12.5");
        assert_eq!(params.decimal("n", 1).unwrap().to_string(), "12.5");
        assert_eq!(params.whole::<u8>("w").unwrap(), 7);
        assert_eq!(params.one_of("k", &[("debt", 1), ("once", 2)]).unwrap(), 1);
        assert_eq!(params.or("none", 3, |p, path| p.whole(path)).unwrap(), 3);
        assert_eq!(params.or("w", 3, |p, path| p.whole(path)).unwrap(), 7);
        assert!(message(params.decimal("n", 0)).contains("at most 0 digits"));
        assert!(message(params.whole::<u8>("n")).contains("whole number"));
        assert!(message(params.basis_points("p")).contains("0 to 10000"));
        assert!(message(params.basis_points("q")).contains("q is missing"));
        assert!(message(params.text("e")).contains("e is missing"));
        assert!(message(params.one_of("k", &[("equity", 1), ("once", 2)])).contains("one of equity, once"));
        assert!(message(params.below("s.1").ratio("x")).contains("s.1.x is \"no\""));
    }

    #[test]
    fn unknown_and_misshapen_paths_are_refused() {
        forge().only(&["a", "b.N.name", "b.N.pct"]).unwrap();
        forge().only(&["a", "b.*"]).unwrap();
        assert!(message(forge().only(&["a", "b.N.name"])).contains("no parameter b.1.pct"));
        assert!(message(forge().only(&["a.x", "b.*"])).contains("no parameter a is known"));
        assert!(fits("x.b", "NAME.b") && !fits("x.y", "NAME") && fits("l.ana.x", "l.*"));
        assert!(!fits("b.01.x", "b.N.x") && !fits("b", "b.*") && !fits("b.1.x.y", "b.N.x"));
        for path in ["", ".", "a.", ".a", "a..b", "a b", "ä", "a/b", &"a".repeat(129)] {
            assert!(message(Params::new([(path, "1")])).contains("no path"), "{path}");
        }
        assert!(message(Params::new([("a", "1"), ("a", "1")])).contains("stands twice"));
        assert!(message(Params::new([("a", "1".repeat(1001).as_str())])).contains("1001 bytes"));
        let many: Vec<String> = (0..1001).map(|n| format!("p{n}")).collect();
        assert!(message(Params::new(many.iter().map(|p| (p.as_str(), "1")))).contains("more than 1000"));
    }

    proptest! {
        #[test]
        fn one_set_has_one_hash(pairs in prop::collection::btree_map("[a-z]{1,4}(\\.[a-z0-9]{1,3}){0,2}", ".{0,20}", 0..20), turn: usize) {
            let mut list: Vec<(&str, &str)> = pairs.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
            let hash = Params::new(list.clone())?.hash();
            if !list.is_empty() {
                let place = turn % list.len();
                list.rotate_left(place);
                prop_assert_eq!(Params::new(list.clone())?.hash(), hash);
                list.pop();
                prop_assert_ne!(Params::new(list)?.hash(), hash);
            }
        }
    }
}
