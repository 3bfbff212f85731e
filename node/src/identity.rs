//! Which of its keys a validator acts with.
//!
//! `validator.key` counts until the consortium's charter rotates it. Then `next.key` says to be ready, and counts from the
//! beginning of an epoch on; the old file may be removed after that.

use crate::{
    config::Folder,
    core::Node,
    keys::{self, KeyError},
};
use ed25519_dalek::SigningKey;
use std::sync::Arc;
use stint_runtime::RuntimeError;

/// Of some keys that which counts in the epoch of the next block, or else one that is to count; none when the consortium
/// knows none of them.
pub fn acting(node: &Node, keys: &[[u8; 32]]) -> Result<Option<[u8; 32]>, RuntimeError> {
    let epoch = node.epochs().of(node.tip().height + 1);
    let members = node.committee(epoch)?.map(|(_, c)| c.keys().to_vec()).unwrap_or_default();
    let peers = node.validators()?;
    let joins = |key: &&[u8; 32]| peers.iter().any(|p| !p.left && p.key == **key);
    Ok(keys.iter().find(|key| members.contains(*key)).or_else(|| keys.iter().find(joins)).copied())
}

/// The keys of a validator, that of `validator.key` first.
pub struct Identity {
    keys: Vec<SigningKey>,
}

impl Identity {
    /// Reads the keys of a folder.
    pub fn read(folder: &Folder) -> Result<Identity, KeyError> {
        let mut found = vec![keys::read(&folder.key())?];
        if folder.next_key().exists() {
            found.push(keys::read(&folder.next_key())?);
        }
        Ok(Identity { keys: found })
    }

    /// The public keys, in the same order.
    pub fn public(&self) -> Vec<[u8; 32]> {
        self.keys.iter().map(|k| k.verifying_key().to_bytes()).collect()
    }

    /// The one that acts now; none when the consortium knows none of them.
    pub fn acting(&self, node: &Node) -> Result<Option<&SigningKey>, RuntimeError> {
        let acting = acting(node, &self.public())?;
        Ok(acting.and_then(|key| self.keys.iter().find(|k| k.verifying_key().to_bytes() == key)))
    }

    /// The keys themselves, to sign what the validator tells the consortium.
    pub fn keys(&self) -> Arc<[SigningKey]> {
        self.keys.clone().into()
    }
}
