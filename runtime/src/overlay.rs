use crate::{Entry, State, StateError};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};

/// Writes in key order; `None` deletes.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

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

    /// Like [`State::scan`], with the writes of all layers seen. Answers with the entries and the
    /// number of keys that were looked at for them, deleted ones too: that is what a scan costs.
    pub fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<(Vec<Entry>, usize), StateError> {
        let (mut out, mut looked_at) = (Vec::new(), 0);
        if from >= to {
            return Ok((out, looked_at));
        }
        let mut written = Written::new(&self.layers, from, to, reverse);
        let mut stored = Stored {
            base: &*self.base,
            bounds: Some((from.to_vec(), to.to_vec())),
            page: VecDeque::new(),
            limit,
            reverse,
        };
        while out.len() < limit {
            let order = match (written.peek(), stored.peek()?) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(w), Some(s)) if reverse => s.cmp(w),
                (Some(w), Some(s)) => w.cmp(s),
            };
            looked_at += 1;
            let stored_entry = if order.is_ge() { stored.next()? } else { None };
            match if order.is_le() { written.next() } else { None } {
                Some((key, Some(value))) => out.push((key.to_vec(), value.clone())),
                Some((_, None)) => {}
                None => out.extend(stored_entry),
            }
        }
        Ok((out, looked_at))
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
            prop_assert_eq!(overlay.scan(&[from], &[to], limit, reverse).unwrap().0, expected.scan(&[from], &[to], limit, reverse).unwrap());
        }
    }
}
