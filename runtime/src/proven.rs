//! A state as far as a proof shows it, so that a query can be asked again by whoever doubts the
//! node that answered it.

use crate::{Entry, State, StateError, kernel::records::Instance, keys};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use stint_proto::{Hash, hash_parts};
use stint_verifier::tree::{NotShown, Shown, Value};

/// What a proof shows, and the modules that run on it.
pub struct ProvenState {
    shown: Shown,
    modules: BTreeMap<Hash, Vec<u8>>,
}

impl ProvenState {
    /// A state without modules yet.
    pub fn new(shown: Shown) -> ProvenState {
        ProvenState { shown, modules: BTreeMap::new() }
    }

    /// The modules that the shown contracts and rules are made of.
    pub fn code(&self) -> BTreeSet<Hash> {
        let of = |(key, value): (&[u8], &Value)| match (key, value) {
            (key, Value::Shown(value)) if key.starts_with(b"k/instance/") => {
                Hash::try_from(&Instance::decode(&value[..]).ok()?.code[..]).ok()
            }
            (key, _) => Hash::try_from(key.strip_prefix(b"k/origin/")?).ok(),
        };
        self.shown.leaves().filter_map(of).collect()
    }

    /// Takes a module from anywhere: its hash says whether it is the right one.
    pub fn add_module(&mut self, module: Vec<u8>) {
        self.modules.insert(hash_parts(&[&module]), module);
    }
}

fn not_shown(key: &[u8]) -> StateError {
    StateError(format!("the proof does not show {}", keys::show(key)))
}

impl State for ProvenState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        if let Some(code) = keys::code_of(key) {
            let module = Hash::try_from(code).ok().and_then(|hash| self.modules.get(&hash));
            return module.map(|m| Some(m.clone())).ok_or_else(|| not_shown(key));
        }
        self.shown.get(key).map(|v| v.map(<[u8]>::to_vec)).map_err(|NotShown| not_shown(key))
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<Entry>, StateError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = self.shown.range(from, to);
        let entry = |e: Result<(&[u8], &[u8]), NotShown>| match e {
            Ok((key, value)) => Ok((key.to_vec(), value.to_vec())),
            Err(NotShown) => Err(not_shown(from)),
        };
        match reverse {
            false => range.take(limit).map(entry).collect(),
            true => range.rev().take(limit).map(entry).collect(),
        }
    }
}
