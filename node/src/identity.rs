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
use std::{sync::Arc, time::Duration};
use stint_proto::{Call, CallId, Transaction};
use stint_runtime::{Peer, RuntimeError};

/// Time between looks whether the consortium waits for this validator.
const LOOKS: Duration = Duration::from_secs(2);
/// A validator that is ready lags no further behind what it hears of, heights.
const LAG: u64 = 2;
/// Heights for which it says so; then again.
const VALID: u64 = 100;

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

    /// The key that counts in the epoch of the next block, or else one that is to count; none when the consortium knows
    /// none of them.
    pub fn acting(&self, node: &Node) -> Result<Option<&SigningKey>, RuntimeError> {
        let epoch = node.epochs().of(node.tip().height + 1);
        let members = node.committee(epoch)?.map(|(_, c)| c.keys().to_vec()).unwrap_or_default();
        let peers = node.validators()?;
        let counts = |key: &&SigningKey| members.contains(&key.verifying_key().to_bytes());
        let joins = |key: &&SigningKey| peers.iter().any(|p| !p.left && p.key == key.verifying_key().to_bytes());
        Ok(self.keys.iter().find(counts).or_else(|| self.keys.iter().find(joins)))
    }

    /// The key that the consortium waits for to be ready.
    fn awaited(&self, peers: &[Peer]) -> Option<&SigningKey> {
        let waits = |p: &Peer| if p.counts { p.next_key } else { Some(p.key).filter(|_| !p.left) };
        let awaited: Vec<_> = peers.iter().filter(|p| !p.ready).filter_map(waits).collect();
        self.keys.iter().find(|k| awaited.contains(&k.verifying_key().to_bytes()))
    }

    /// Says to be ready whenever that is waited for and all blocks are here. Never ends.
    pub async fn announce(&self, node: Arc<Node>) {
        loop {
            tokio::time::sleep(LOOKS).await;
            let tip = node.tip().height;
            let lags = node.network_height() > tip + LAG;
            let Ok(peers) = node.validators() else { continue };
            let Some(key) = self.awaited(&peers).filter(|_| !lags) else { continue };
            let Some(call) = ready(&node, key, tip + VALID) else { continue };
            match node.submit(call) {
                Ok(_) => tracing::info!("all blocks up to {tip} are here: told the consortium to be ready"),
                Err(refusal) => tracing::warn!("cannot tell the consortium to be ready: {}", refusal.message),
            }
        }
    }
}

/// The call by which a validator says to be ready.
fn ready(node: &Node, key: &SigningKey, valid_until: u64) -> Option<Transaction> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).ok()?;
    let call = Call {
        chain_id: node.chain_id,
        commons: node.genesis.consortium.clone(),
        method: "/stint.v1.Kernel/Ready".into(),
        request: bytes::Bytes::new(),
        call_id: CallId { key: key.verifying_key().to_bytes(), id },
        valid_until,
        fuel_limit: 0,
    };
    call.sign(key).ok()
}
