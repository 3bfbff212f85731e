//! Who signs in which epoch, as the engine asks for it.

use crate::Ledger;
use commonware_codec::{Copying, DecodeExt};
use commonware_consensus::{simplex::scheme::ed25519::Scheme, types::Epoch};
use commonware_cryptography::{
    Signer,
    certificate::{Provider, Scoped},
    ed25519::{PrivateKey, PublicKey},
};
use commonware_utils::{TryCollect as _, ordered::Set};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use stint_proto::Epochs;

/// Schemes that are kept: older ones are made again from the ledger's state.
const KEPT: usize = 8;

/// The signing scheme of each epoch: a validator of it signs, everybody else only checks.
#[derive(Clone)]
pub(crate) struct Committees {
    /// Not kept alive: its environment knows the committees.
    ledger: Weak<dyn Ledger>,
    epochs: Epochs,
    namespace: Arc<[u8]>,
    key: PrivateKey,
    known: Arc<Mutex<BTreeMap<u64, Arc<Scheme>>>>,
}

impl Committees {
    pub fn new(ledger: &Arc<dyn Ledger>, namespace: &[u8], key: PrivateKey) -> Committees {
        let (epochs, ledger) = (ledger.epochs(), Arc::downgrade(ledger));
        Committees { ledger, epochs, namespace: namespace.into(), key, known: Arc::default() }
    }

    pub fn epochs(&self) -> Epochs {
        self.epochs
    }

    /// This validator's key.
    pub fn me(&self) -> PublicKey {
        self.key.public_key()
    }

    /// The validators of an epoch, once it is decided.
    pub fn members(&self, epoch: u64) -> Option<Set<PublicKey>> {
        let keys = self.ledger.upgrade()?.committee(epoch)?;
        keys.iter().filter_map(|k| PublicKey::decode(Copying(k)).ok()).try_collect().ok()
    }

    /// The other validators of a height's epoch.
    pub fn others(&self, height: u64) -> Vec<PublicKey> {
        let members = self.members(self.epochs().of(height)).unwrap_or_default();
        members.into_iter().filter(|k| *k != self.me()).collect()
    }

    /// The scheme of an epoch, once it is decided.
    pub fn scheme(&self, epoch: u64) -> Option<Arc<Scheme>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scheme) = known.get(&epoch) {
            return Some(scheme.clone());
        }
        let members = self.members(epoch)?;
        let signer = Scheme::signer(&self.namespace, members.clone(), self.key.clone());
        let scheme = Arc::new(signer.unwrap_or_else(|| Scheme::verifier(&self.namespace, members)));
        known.insert(epoch, scheme.clone());
        if known.len() > KEPT {
            known.pop_first();
        }
        Some(scheme)
    }
}

impl Provider for Committees {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, epoch: Epoch) -> Option<Scoped<Scheme>> {
        self.scheme(epoch.get()).map(Scoped::scheme)
    }
}
