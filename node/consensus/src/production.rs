//! A validator on real sockets and disks.

use crate::{
    Floor, MakeLedger, Timing,
    engine::{CHANNELS, Parts, QUOTAS, max_message_bytes, start},
};
use commonware_codec::{Copying, DecodeExt};
use commonware_cryptography::{
    ChaCha20Poly1305,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{
    Address, AddressableManager,
    authenticated::lookup::{self, Network},
};
use commonware_runtime::{Quota, Runner, Supervisor, tokio as engine_tokio};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{
    NZU32, NZUsize, TryCollect as _,
    ordered::{Map, Set},
};
use futures::future::{FutureExt, select_all};
use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};
use stint_proto::{Block, Hash, limits::VALIDATOR_CLOCKS_MS};
use tokio::sync::oneshot;

/// A validator as its peers know it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its ed25519 public key.
    pub key: [u8; 32],
    /// Where it listens for peers.
    pub address: SocketAddr,
}

/// What a validator needs to run.
pub struct Config {
    /// Seed of this validator's ed25519 key.
    pub key: [u8; 32],
    /// Names the ledger in everything that is signed.
    pub chain_id: Hash,
    /// Block 0.
    pub genesis: Block,
    /// Where to begin instead, for an engine that lost what it had.
    pub floor: Option<Floor>,
    /// All validators, this one too.
    pub peers: Vec<Peer>,
    /// Where to listen for peers.
    pub listen: SocketAddr,
    /// Where the engine keeps votes, certificates and blocks.
    pub folder: PathBuf,
    /// Timeouts.
    pub timing: Timing,
}

/// Why a validator stopped.
#[derive(Debug, thiserror::Error)]
pub enum ConsensusError {
    /// A key or address cannot be used.
    #[error("consensus cannot start: {0}")]
    Config(String),
    /// Its files cannot be read.
    #[error(
        "consensus cannot start, for its files are damaged: {0}; start with --repair, and it begins anew behind what the other validators decided"
    )]
    Files(String),
    /// A part of the engine ended by itself.
    #[error("consensus stopped: {0} ended")]
    Ended(&'static str),
}

/// What the engine keeps is in folders that begin so.
const PARTITION: &str = "stint";
/// The folder of its votes, below that of all it keeps.
pub const VOTES: &str = "stint-simplex";

/// Threads of the engine beside the executor's.
const THREADS: usize = 2;
const MAILBOX: NonZeroUsize = NZUsize!(1024);
/// How far clocks may differ when peers greet each other.
const HANDSHAKE_SKEW: Duration = Duration::from_millis(VALIDATOR_CLOCKS_MS);

/// The signed bytes begin with this: a signature for one ledger means nothing on another.
pub(crate) fn namespace(chain_id: Hash) -> Vec<u8> {
    format!("stint-{chain_id}").into_bytes()
}

/// Runs a validator on this thread until `stop` fires or a part of it ends.
pub fn run(config: Config, stop: oneshot::Receiver<()>, ledger: MakeLedger) -> Result<(), ConsensusError> {
    let runtime = engine_tokio::Config::new()
        .with_worker_threads(THREADS)
        .with_tcp_nodelay(Some(true))
        .with_storage_directory(config.folder.clone());
    engine_tokio::Runner::new(runtime).start(|context| async move {
        let refuse = |what: &str| ConsensusError::Config(what.to_string());
        let key = PrivateKey::decode(Copying(&config.key)).map_err(|_| refuse("the key is not an ed25519 seed"))?;
        let public = |k: &[u8; 32]| PublicKey::decode(Copying(k)).map_err(|_| refuse("a peer's key is not ed25519"));
        let mut addresses = Vec::new();
        for peer in &config.peers {
            addresses.push((public(&peer.key)?, Address::from(peer.address)));
        }
        let validators: Set<PublicKey> =
            addresses.iter().map(|(k, _)| k.clone()).try_collect().map_err(|_| refuse("two validators share a key"))?;
        let addresses: Map<PublicKey, Address> =
            addresses.try_into().map_err(|_| refuse("two validators share a key"))?;
        let count = config.peers.len();
        let namespace = namespace(config.chain_id);

        let handshake = Cups::<_, ChaCha20Poly1305>::new(
            Sake {
                signer: key.clone(),
                synchrony_bound: HANDSHAKE_SKEW,
                max_handshake_age: HANDSHAKE_SKEW,
                version: sake::Version::V1,
            },
            cups::Version::V1,
        );
        let most = NonZeroUsize::new(count.max(1)).unwrap_or(NonZeroUsize::MIN);
        let mut p2p =
            lookup::Config::local(handshake, &namespace, config.listen, most, max_message_bytes(count as u32), MAILBOX);
        p2p.tracked_peer_sets = NZUsize!(1);
        p2p.dial_frequency = Duration::from_millis(250);
        p2p.peer_connection_cooldown = Duration::from_millis(250);
        p2p.allowed_handshake_rate_per_ip = Quota::per_second(NZU32!(256));
        let (mut network, mut oracle) = Network::new(context.child("network"), p2p);
        oracle.track(0, addresses);
        let channels = std::array::from_fn::<_, CHANNELS, _>(|i| network.register(i as u64, QUOTAS[i]));
        let network_task = network.start();

        let parts = Parts {
            key,
            validators,
            namespace,
            genesis: config.genesis,
            floor: config.floor,
            partition: PARTITION.into(),
            timing: config.timing,
            peers: oracle.clone(),
            blocker: oracle.clone(),
            channels,
        };
        let running = start(context.child("validator"), parts, ledger).await;
        let mut tasks = running.map_err(|e| ConsensusError::Files(format!("{e:?}")))?.tasks;
        tasks.push(("network", network_task));
        let ends = tasks.into_iter().map(|(name, task)| task.map(move |_| name).boxed());
        tokio::select! {
            _ = stop => Ok(()),
            (name, _, _) = select_all(ends) => Err(ConsensusError::Ended(name)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_where_others_look_for_them() {
        assert_eq!(crate::engine::folder_of_votes(PARTITION), VOTES);
    }
}
