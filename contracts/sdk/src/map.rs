use crate::{
    Key,
    host::{entries, host_delete, host_get, host_put},
};
use prost::Message;
use std::marker::PhantomData;

/// The most entries that one [`Map::page`] reads.
pub const PAGE: usize = 1000;
/// What a walk reads at first; each further look reads twice as many. Who asks for a few rows does not pay for a thousand.
const FIRST_LOOK: usize = 32;

/// A named, ordered map in the contract's state.
///
/// ```
/// # use stint_sdk::{Decimal, Map};
/// const TOTALS: Map<(u32, String), String> = Map::new("total");
/// TOTALS.put(&(7, "ana".into()), &"12.5".into());
/// assert_eq!(TOTALS.get(&(7, "ana".into())), Some("12.5".into()));
/// ```
pub struct Map<K, V> {
    name: &'static str,
    types: PhantomData<(K, V)>,
}

impl<K: Key, V: Message + Default> Map<K, V> {
    /// A map under a name, unique within the contract and without `/`.
    pub const fn new(name: &'static str) -> Self {
        Map { name, types: PhantomData }
    }

    /// The value of a key. State that this contract cannot read ends the call.
    pub fn get(&self, key: &K) -> Option<V> {
        host_get(&self.key(key)).map(|bytes| self.decode(&bytes))
    }

    /// True when the key has a value.
    pub fn has(&self, key: &K) -> bool {
        host_get(&self.key(key)).is_some()
    }

    /// Writes a value.
    pub fn put(&self, key: &K, value: &V) {
        host_put(&self.key(key), &value.encode_to_vec());
    }

    /// Removes a key; it need not be there.
    pub fn delete(&self, key: &K) {
        host_delete(&self.key(key));
    }

    /// Up to `limit` entries, at most [`PAGE`], whose key bytes begin with `prefix` and are not
    /// below `from` (both without the map's name).
    pub fn page(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(K, V)> {
        let start = self.raw(if from > prefix { from } else { prefix });
        let raw = entries(&start, &after_all(&self.raw(prefix)), limit.min(PAGE), false);
        self.read(raw)
    }

    /// Every entry with `from <= key bytes < to`; an empty `to` means to the end. What is read follows what is taken.
    pub fn range<'a>(&'a self, from: &[u8], to: &[u8]) -> impl Iterator<Item = (K, V)> + 'a {
        let end = if to.is_empty() { after_all(&self.raw(&[])) } else { self.raw(to) };
        let mut start = Some(self.raw(from));
        let mut rows = FIRST_LOOK;
        let pages = std::iter::from_fn(move || {
            let from = start.take()?;
            let page = entries(&from, &end, rows, false);
            rows = (rows * 2).min(PAGE);
            // The first key behind the page's last one. A short page may be cut by its size, so
            // only an empty one is the end.
            let (last, _) = page.last()?;
            start = Some([last.as_slice(), &[0]].concat());
            Some(self.read(page))
        });
        pages.flatten()
    }

    /// The last entry whose key bytes are below `to`.
    pub fn last_before(&self, to: &[u8]) -> Option<(K, V)> {
        let raw = entries(&self.raw(&[]), &self.raw(to), 1, true);
        self.read(raw).pop()
    }

    fn read(&self, raw: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(K, V)> {
        let skip = self.name.len() + 1;
        let entry = |(key, value): (Vec<u8>, Vec<u8>)| {
            let mut rest = &key[skip..];
            let key = K::read(&mut rest).filter(|_| rest.is_empty());
            (key.expect("a key that this map wrote"), self.decode(&value))
        };
        raw.into_iter().map(entry).collect()
    }

    fn decode(&self, bytes: &[u8]) -> V {
        V::decode(bytes).expect("a value that this map wrote")
    }

    fn key(&self, key: &K) -> Vec<u8> {
        let mut out = self.raw(&[]);
        key.write(&mut out);
        out
    }

    fn raw(&self, key: &[u8]) -> Vec<u8> {
        [self.name.as_bytes(), b"/", key].concat()
    }
}

/// The first key behind all that begin with `prefix`; empty when there is none.
fn after_all(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: Map<(u32, String), u64> = Map::new("n");
    const NEIGHBOUR: Map<u32, u64> = Map::new("n2");

    #[test]
    fn a_map_keeps_its_order_and_its_borders() {
        NEIGHBOUR.put(&1, &7);
        for i in (0..2500u32).rev() {
            NUMBERS.put(&(i / 10, format!("k{}", i % 10)), &u64::from(i));
        }
        let all: Vec<u64> = NUMBERS.range(&[], &[]).map(|(_, v)| v).collect();
        assert_eq!(all, (0..2500).collect::<Vec<u64>>());
        let some: Vec<u64> = NUMBERS.range(&3u32.to_be_bytes(), &5u32.to_be_bytes()).map(|(_, v)| v).collect();
        assert_eq!(some, (30..50).collect::<Vec<u64>>());
        let page = NUMBERS.page(&3u32.to_be_bytes(), &[&3u32.to_be_bytes()[..], b"k8"].concat(), 5);
        assert_eq!(page, vec![((3, "k8".into()), 38), ((3, "k9".into()), 39)]);
        assert_eq!(NUMBERS.last_before(&4u32.to_be_bytes()).unwrap().1, 39);
        assert_eq!(NUMBERS.last_before(&0u32.to_be_bytes()), None);
        NUMBERS.delete(&(0, "k0".into()));
        assert!(!NUMBERS.has(&(0, "k0".into())) && NUMBERS.has(&(0, "k1".into())));
    }
}
