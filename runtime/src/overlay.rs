use crate::{Entry, State, StateError, abi::price};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};

/// Writes in key order; `None` deletes.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Stored entries that are read at once: at most 2 MB, twice what a page takes.
const READ_AT_ONCE: usize = 32;

/// How far a scan goes at most.
pub struct Bounds {
    /// Entries.
    pub entries: usize,
    /// Bytes of their keys and values; the first entry may have more.
    pub bytes: usize,
    /// Fuel that looking costs.
    pub fuel: u64,
}

/// What a scan found.
#[derive(Default)]
pub struct Page {
    /// In the order of the scan.
    pub entries: Vec<Entry>,
    /// What looking for them costs.
    pub fuel: u64,
    /// True when nothing is left behind them.
    pub whole: bool,
}

/// Writes over a state, in layers: the block's at the bottom, a call's on top of it, a nested
/// call's on top of that. A layer is merged down when its call succeeded and dropped when not.
pub struct Overlay {
    base: Arc<dyn State>,
    layers: Vec<Writes>,
}

impl Overlay {
    /// No writes yet.
    pub fn new(base: Arc<dyn State>) -> Overlay {
        Overlay { base, layers: vec![Writes::new()] }
    }

    /// The newest value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        match self.layers.iter().rev().find_map(|l| l.get(key)) {
            Some(written) => Ok(written.clone()),
            None => self.base.get(key),
        }
    }

    /// Writes a value.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.top().insert(key, Some(value));
    }

    /// Deletes a key; it need not exist.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.top().insert(key, None);
    }

    /// Like [`State::scan`], with the writes of all layers seen.
    pub fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
        let bounds = Bounds { entries: limit, bytes: usize::MAX, fuel: u64::MAX };
        Ok(self.page(from, to, reverse, &bounds)?.entries)
    }

    /// The same within bounds. Looking costs [`price::ENTRY`] for each key, deleted ones too, and
    /// [`price::BYTE`] for each stored byte that was written over since; it ends as soon as that is
    /// more than the bound.
    pub fn page(&self, from: &[u8], to: &[u8], reverse: bool, bounds: &Bounds) -> Result<Page, StateError> {
        let mut page = Page::default();
        if from >= to {
            page.whole = true;
            return Ok(page);
        }
        let mut written = Written::new(&self.layers, from, to, reverse);
        let mut stored = Stored {
            base: &*self.base,
            bounds: Some((from.to_vec(), to.to_vec())),
            page: VecDeque::new(),
            limit: bounds.entries.clamp(1, READ_AT_ONCE),
            reverse,
        };
        let mut bytes = 0usize;
        while page.entries.len() < bounds.entries && page.fuel <= bounds.fuel {
            let order = match (written.peek(), stored.peek()?) {
                (None, None) => {
                    page.whole = true;
                    break;
                }
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(w), Some(s)) if reverse => s.cmp(w),
                (Some(w), Some(s)) => w.cmp(s),
            };
            page.fuel += price::ENTRY;
            let stored_entry = if order.is_ge() { stored.next()? } else { None };
            let entry = match if order.is_le() { written.next() } else { None } {
                None => stored_entry,
                Some((key, value)) => {
                    page.fuel += price::BYTE * stored_entry.map_or(0, |(k, v)| k.len() + v.len()) as u64;
                    value.as_ref().map(|value| (key.clone(), value.clone()))
                }
            };
            let Some((key, value)) = entry else { continue };
            bytes = bytes.saturating_add(key.len() + value.len());
            if bytes > bounds.bytes && !page.entries.is_empty() {
                break;
            }
            page.entries.push((key, value));
        }
        Ok(page)
    }

    /// Opens a layer for a call.
    pub fn open(&mut self) {
        self.layers.push(Writes::new());
    }

    /// Keeps what was written since the matching [`Overlay::open`].
    pub fn keep(&mut self) {
        if let Some(top) = self.close() {
            self.top().extend(top);
        }
    }

    /// Forgets what was written since the matching [`Overlay::open`].
    pub fn drop_layer(&mut self) {
        self.close();
    }

    /// The writes of the newest layer.
    pub fn pending(&self) -> &Writes {
        &self.layers[self.layers.len() - 1]
    }

    /// All writes that were kept.
    pub fn into_writes(mut self) -> Writes {
        self.layers.swap_remove(0)
    }

    fn close(&mut self) -> Option<Writes> {
        // The block's own layer is never closed.
        (self.layers.len() > 1).then(|| self.layers.pop()).flatten()
    }

    fn top(&mut self) -> &mut Writes {
        let last = self.layers.len() - 1;
        &mut self.layers[last]
    }
}

/// One layer's writes in a range, in the order of the scan.
type Range<'a> = Peekable<Box<dyn Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> + 'a>>;

/// The writes of all layers in a range, each key once, with its newest value.
struct Written<'a> {
    layers: Vec<Range<'a>>,
    reverse: bool,
}

impl<'a> Written<'a> {
    fn new(layers: &'a [Writes], from: &[u8], to: &[u8], reverse: bool) -> Written<'a> {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let range = |layer: &'a Writes| -> Range<'a> {
            let range = layer.range::<[u8], _>(bounds);
            let boxed: Box<dyn Iterator<Item = _> + 'a> = if reverse { Box::new(range.rev()) } else { Box::new(range) };
            boxed.peekable()
        };
        Written { layers: layers.iter().map(range).collect(), reverse }
    }

    fn peek(&mut self) -> Option<&'a Vec<u8>> {
        let heads = self.layers.iter_mut().filter_map(|l| l.peek().map(|(key, _)| *key));
        if self.reverse { heads.max() } else { heads.min() }
    }

    fn next(&mut self) -> Option<(&'a Vec<u8>, &'a Option<Vec<u8>>)> {
        let key = self.peek()?;
        // The newest layer is the last.
        let same = self.layers.iter_mut().filter_map(|l| l.next_if(|(k, _)| *k == key));
        same.last()
    }
}

/// Stored entries of a range, a page at a time.
struct Stored<'a> {
    base: &'a dyn State,
    /// What is not read yet.
    bounds: Option<(Vec<u8>, Vec<u8>)>,
    page: VecDeque<Entry>,
    /// Entries that are read at once; twice as many each time, up to [`READ_AT_ONCE`].
    limit: usize,
    reverse: bool,
}

impl Stored<'_> {
    fn peek(&mut self) -> Result<Option<&Vec<u8>>, StateError> {
        if self.page.is_empty()
            && let Some((from, to)) = self.bounds.take()
        {
            self.page = self.base.scan(&from, &to, self.limit, self.reverse)?.into();
            if let Some((last, _)) = self.page.back().filter(|_| self.page.len() == self.limit) {
                // A zero byte behind a key makes the first key after it.
                let after = || [last.as_slice(), &[0]].concat();
                self.bounds = Some(if self.reverse { (from, last.clone()) } else { (after(), to) });
            }
            self.limit = READ_AT_ONCE.min(self.limit * 2);
        }
        Ok(self.page.front().map(|(key, _)| key))
    }

    fn next(&mut self) -> Result<Option<Entry>, StateError> {
        self.peek()?;
        Ok(self.page.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryState;
    use proptest::prelude::*;
    use std::sync::Mutex;

    /// A map that remembers how many entries were read of it.
    struct Counted(MemoryState, Mutex<usize>);

    impl State for Counted {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
            self.0.get(key)
        }
        fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
            let found = self.0.scan(from, to, limit, reverse)?;
            *self.1.lock().unwrap() += found.len();
            Ok(found)
        }
    }

    /// Once, a scan read a thousand values of 64 kB to give sixteen of them, and walked over all that
    /// was deleted earlier in the block before anybody asked whether that could be paid.
    #[test]
    fn a_scan_looks_at_no_more_than_its_bounds_pay_for() {
        let key = |n: u16| n.to_be_bytes().to_vec();
        let all = (0..5_000).map(|n| (key(n), vec![7; 1_000]));
        let state = Arc::new(Counted(MemoryState(all.collect()), Mutex::new(0)));
        let read = || std::mem::take(&mut *state.1.lock().unwrap());
        let mut overlay = Overlay::new(state.clone());
        let look = |overlay: &Overlay, entries, bytes, fuel| {
            let page = overlay.page(&[], &[0xff; 3], false, &Bounds { entries, bytes, fuel }).unwrap();
            (page.entries.len(), page.fuel, page.whole)
        };
        // Bytes end a page, and one entry more was looked at.
        assert_eq!(look(&overlay, 1_000, 10_020, u64::MAX), (10, 11 * price::ENTRY, false));
        assert!(read() <= READ_AT_ONCE);
        assert_eq!(look(&overlay, 1_000, 5, u64::MAX), (1, 2 * price::ENTRY, false));
        read();
        // Deleted ones are paid for, with what is stored of them, and end it when that is too much.
        (0..4_000).for_each(|n| overlay.delete(key(n)));
        let each = price::ENTRY + 1_002 * price::BYTE;
        assert_eq!(look(&overlay, 1, usize::MAX, 100 * each), (0, 101 * each, false));
        assert!(read() <= 101 + READ_AT_ONCE);
        assert_eq!(look(&overlay, 1, usize::MAX, u64::MAX), (1, 4_000 * each + price::ENTRY, false));
        assert_eq!(look(&overlay, 1_001, usize::MAX, u64::MAX), (1_000, 4_000 * each + 1_000 * price::ENTRY, true));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u8, u8),
        Delete(u8),
        Open,
        Keep,
        Drop,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0u8..24, any::<u8>()).prop_map(|(k, v)| Step::Put(k, v)),
            3 => (0u8..24).prop_map(Step::Delete),
            1 => Just(Step::Open),
            1 => Just(Step::Keep),
            1 => Just(Step::Drop),
        ]
    }

    proptest! {
        /// The overlay against a stack of plain maps.
        #[test]
        fn behaves_like_copies_of_a_map(stored in prop::collection::btree_map(0u8..24, any::<u8>(), 0..16),
                                        steps in prop::collection::vec(step(), 0..40),
                                        from in 0u8..24, to in 0u8..26, limit in 0usize..12, reverse: bool) {
            let base = MemoryState(stored.iter().map(|(k, v)| (vec![*k], vec![*v])).collect());
            let mut overlay = Overlay::new(Arc::new(base.clone()));
            let mut model = vec![base.0];
            for s in steps {
                match s {
                    Step::Put(k, v) => { overlay.put(vec![k], vec![v]); model.last_mut().unwrap().insert(vec![k], vec![v]); }
                    Step::Delete(k) => { overlay.delete(vec![k]); model.last_mut().unwrap().remove(&vec![k]); }
                    Step::Open => { overlay.open(); let top = model.last().unwrap().clone(); model.push(top); }
                    Step::Keep => { overlay.keep(); if model.len() > 1 { let top = model.pop().unwrap(); *model.last_mut().unwrap() = top; } }
                    Step::Drop => { overlay.drop_layer(); if model.len() > 1 { model.pop(); } }
                }
            }
            let expected = MemoryState(model.pop().unwrap());
            for k in 0u8..24 {
                prop_assert_eq!(overlay.get(&[k]), expected.get(&[k]));
            }
            prop_assert_eq!(overlay.scan(&[from], &[to], limit, reverse).unwrap(), expected.scan(&[from], &[to], limit, reverse).unwrap());
        }
    }
}
