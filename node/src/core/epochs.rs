//! Epochs and their validators, as the state says.

use super::Node;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};
use stint_consensus::{Peer, Peers};
use stint_proto::{Committee, Epochs, Hash, Header, limits::EXECUTION_LAG};
use stint_runtime::RuntimeError;
use stint_store::StoreError;

/// Where validators are found that the state gives no address of, by their names.
pub type Addresses = BTreeMap<String, SocketAddr>;

impl Node {
    /// Which heights are of which epoch.
    pub fn epochs(&self) -> Epochs {
        self.genesis.epochs()
    }

    /// The validators of an epoch and the first epoch that was theirs, once it is decided here.
    pub fn committee(&self, epoch: u64) -> Result<Option<(u64, Committee)>, RuntimeError> {
        let tip = self.tip().height;
        let decided = epoch == 0 || tip + EXECUTION_LAG >= self.epochs().last(epoch - 1);
        if !decided {
            return Ok(None);
        }
        stint_runtime::committee_of_epoch(Arc::new(self.store.state_at(tip)), epoch).map(Some)
    }

    /// Who validates, or is to, as the newest state says.
    pub fn validators(&self) -> Result<Vec<stint_runtime::Peer>, RuntimeError> {
        stint_runtime::peers(Arc::new(self.store.state_at(self.tip().height)))
    }

    /// What the header of a height must say of the next committee. Whoever has executed what that header certifies knows.
    pub(super) fn next_committee(&self, height: u64) -> Result<Hash, RuntimeError> {
        if !self.epochs().ends_with(height) {
            return Ok(Hash::ZERO);
        }
        let next = self.epochs().of(height) + 1;
        let undecided =
            || StoreError::Damaged(format!("the committee of epoch {next} is not decided at block {height}"));
        let (first, committee) = self.committee(next)?.ok_or_else(|| RuntimeError::State(undecided().into()))?;
        Ok(if first == next { committee.hash() } else { Hash::ZERO })
    }

    /// Hash of the last block before an epoch.
    pub fn before(&self, epoch: u64) -> Result<Option<Hash>, StoreError> {
        let Some(before) = epoch.checked_sub(1) else { return Ok(Some(self.genesis_block().header.hash())) };
        let last = self.epochs().last(before);
        let tip = self.tip();
        if tip.height == last {
            return Ok(Some(tip.block));
        }
        Ok(self.store.header(last)?.as_ref().map(Header::hash))
    }

    /// Who may connect.
    pub fn peers(&self, addresses: &Addresses) -> Result<Peers, RuntimeError> {
        let mut peers = Vec::new();
        for v in self.validators()? {
            let Some(address) = v.p2p.parse().ok().or_else(|| addresses.get(&v.name).copied()) else {
                tracing::warn!(
                    "there is no address of the validator {}: neither its own word nor a line in node.toml",
                    v.name
                );
                continue;
            };
            let own = [(Some(v.key), v.left), (v.next_key, v.left), (v.old_key, true)];
            peers.extend(own.into_iter().filter_map(|(key, left)| Some(Peer { key: key?, address, left })));
        }
        Ok(Peers { version: self.peers_version(), peers })
    }

    /// Grows when [`Node::peers`] changes.
    pub fn peers_version(&self) -> u64 {
        self.peers_version.load(Ordering::Relaxed)
    }
}
