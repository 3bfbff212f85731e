use crate::{Entry, State, StateError};
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

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

    /// Like [`State::scan`], with the writes of all layers seen.
    pub fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let mut written: BTreeMap<&[u8], Option<&Vec<u8>>> = BTreeMap::new();
        for layer in &self.layers {
            for (k, v) in layer.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))) {
                written.insert(k, v.as_ref());
            }
        }
        // Each written key can hide at most one stored one, so this many stored ones are enough.
        let stored = self.base.scan(from, to, limit.saturating_add(written.len()), reverse)?;
        let live = written.iter().filter_map(|(k, v)| v.map(|v| (k.to_vec(), v.clone())));
        let kept = stored.iter().filter(|(k, _)| !written.contains_key(k.as_slice())).cloned();
        let merged: BTreeMap<Vec<u8>, Vec<u8>> = live.chain(kept).collect();
        // Where the stored page was full, keys behind its last one are not known to be complete.
        let full = stored.len() == limit.saturating_add(written.len());
        let edge = stored.last().filter(|_| full).map(|(k, _)| k.clone());
        let inside = |k: &Vec<u8>| match &edge {
            Some(edge) if reverse => k >= edge,
            Some(edge) => k <= edge,
            None => true,
        };
        let page = merged.into_iter().filter(|(k, _)| inside(k));
        Ok(match reverse {
            false => page.take(limit).collect(),
            true => {
                let mut all: Vec<Entry> = page.collect();
                all.reverse();
                all.truncate(limit);
                all
            }
        })
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
            prop_assert_eq!(overlay.scan(&[from], &[to], limit, reverse), expected.scan(&[from], &[to], limit, reverse));
        }
    }
}
