//! Keys and ranges of the state as they are typed, and what a proof says of them.

use super::{Failure, show};
use stint_proto::v1;
use stint_verifier::tree::{KeyRange, NotShown, Shown};

/// Cells of a shown value.
const VALUE: usize = 60;

/// What is asked of a state.
#[derive(Debug, Default)]
pub struct Parts {
    keys: Vec<Vec<u8>>,
    ranges: Vec<KeyRange>,
}

impl Parts {
    /// Keys have \xNN for what cannot be typed; a range is written first..behind.
    pub fn parse(keys: &[String], ranges: &[String]) -> Result<Parts, Failure> {
        let keys = keys.iter().map(|k| unescape(k)).collect::<Result<_, _>>()?;
        let ranges = ranges.iter().map(|r| parse_range(r)).collect::<Result<_, _>>()?;
        Ok(Parts { keys, ranges })
    }

    /// True when nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.ranges.is_empty()
    }

    /// As a node is asked for their proof.
    pub fn of_state(&self, height: u64) -> v1::StateParts {
        let range = |r: &KeyRange| v1::KeyRange { from: r.start.clone().into(), to: r.end.clone().into() };
        v1::StateParts {
            keys: self.keys.iter().map(|k| k.clone().into()).collect(),
            ranges: self.ranges.iter().map(range).collect(),
            height,
        }
    }

    /// What a proof says of each, a line for each; refused where it leaves one of them open.
    pub fn answers(&self, shown: &Shown) -> Result<Vec<String>, Failure> {
        let of_key = |key: &Vec<u8>| match (shown.get(key), text(key)) {
            (Ok(Some(value)), name) => {
                Ok(format!("{name} is there: {} bytes, {}", value.len(), show::fit(&text(value), VALUE)))
            }
            (Ok(None), name) => Ok(format!("{name} is not there")),
            (Err(NotShown), name) => Err(format!("the proof does not show {name}: that part of the state is hidden")),
        };
        let of_range = |range: &KeyRange| {
            let name = format!("{}..{}", text(&range.start), text(&range.end));
            match shown.range(&range.start, &range.end).collect::<Result<Vec<_>, _>>() {
                Ok(found) => Ok(format!("{name} is complete: {} keys", found.len())),
                Err(NotShown) => Err(format!("the proof does not show all of {name}: a part of it is hidden")),
            }
        };
        Ok(self.keys.iter().map(of_key).chain(self.ranges.iter().map(of_range)).collect::<Result<_, String>>()?)
    }
}

/// Bytes as they are typed.
pub fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn parse_range(text: &str) -> Result<KeyRange, Failure> {
    let shape = || format!("{text:?} is no range; a range is written first..behind");
    let (from, to) = text.split_once("..").ok_or_else(shape)?;
    let range = unescape(from)?..unescape(to)?;
    match range.is_empty() {
        true => Err(format!(
            "the range {text} holds no key: write the first key, two dots, and a key behind; \\xff is behind all"
        )
        .into()),
        false => Ok(range),
    }
}

/// Bytes as [`text`] gives them: printable ones as they are, others as \xNN.
fn unescape(text: &str) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'\\', [b'x', digits @ ..]) if digits.len() >= 2 => {
                out.extend(hex::decode(&digits[..2])?);
                rest = &digits[2..];
            }
            (b'\\', [b'\\', after @ ..]) => {
                out.push(b'\\');
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_verifier::{
        Hash, Reader,
        tree::{Value, Writer, value_hash},
    };

    /// Two keys in a bucket; the value of the second one is not shown.
    fn shown() -> Shown {
        let mut out = Writer::default();
        out.bucket(2);
        out.leaf(0, b"k/a", &Value::Shown(b"one\0".to_vec()));
        out.leaf(0, b"k/b", &Value::Hashed(value_hash(b"two")));
        Shown::read(&mut Reader(&out.bytes)).expect("a tree").0
    }

    fn ask(shown: &Shown, keys: &[&str], ranges: &[&str]) -> Result<Vec<String>, String> {
        let own = |texts: &[&str]| texts.iter().map(|t| t.to_string()).collect::<Vec<_>>();
        let parts = Parts::parse(&own(keys), &own(ranges)).map_err(|e| e.to_string())?;
        parts.answers(shown).map_err(|e| e.to_string())
    }

    /// A node that hid the range which it was asked for once passed: only the keys were looked at.
    #[test]
    fn what_a_proof_hides_is_told() {
        let said = ask(&shown(), &["k/a", r"k/\x61\x00"], &["k/..k/b", r"l..\xff"]).expect("all of it is shown");
        let expected = [
            r"k/a is there: 4 bytes, one\x00",
            r"k/a\x00 is not there",
            "k/..k/b is complete: 1 keys",
            r"l..\xff is complete: 0 keys",
        ];
        assert_eq!(said, expected);
        assert!(ask(&shown(), &["k/b"], &[]).expect_err("hidden").contains("does not show k/b"));
        assert!(ask(&shown(), &[], &["k/..k/c"]).expect_err("hidden").contains("does not show all of k/..k/c"));
        let mut hidden = Writer::default();
        hidden.hidden(Hash([1; 32]));
        let (hidden, _) = Shown::read(&mut Reader(&hidden.bytes)).expect("a tree");
        assert!(ask(&hidden, &["k/a"], &[]).is_err() && ask(&hidden, &[], &["a..b"]).is_err());
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for range in ["k/a", "b..a", "a..a", "a.."] {
            assert!(ask(&shown(), &[], &[range]).is_err(), "{range}");
        }
    }
}
