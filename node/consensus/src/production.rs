//! A validator on real sockets and disks.

use crate::{
    Floor, Left, MakeLedger, Peers, Timing, Track,
    engine::{CHANNELS, Parts, QUOTAS, ROUNDS, Running, max_message_bytes, start},
};
use commonware_codec::{Copying, DecodeExt};
use commonware_cryptography::{
    ChaCha20Poly1305,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{
    Address, AddressableManager,
    authenticated::lookup::{self, Network, Oracle},
};
use commonware_runtime::{Quota, Runner, Supervisor, tokio as engine_tokio};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize, ordered::Map};
use futures::future::{FutureExt, select_all};
use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};
use stint_proto::{
    Block, Hash,
    limits::{VALIDATOR_CLOCKS_MS, VALIDATORS},
};
use tokio::sync::{Notify, oneshot};

/// What a validator needs to run.
pub struct Config {
    /// Seed of this validator's ed25519 key.
    pub key: [u8; 32],
    /// Other public keys of it, one of which is to count instead.
    pub other_keys: Vec<[u8; 32]>,
    /// Names the ledger in everything that is signed.
    pub chain_id: Hash,
    /// Block 0.
    pub genesis: Block,
    /// Where to begin instead, for an engine that lost what it had.
    pub floor: Option<Floor>,
    /// Who may connect at first; the ledger tells when that changes.
    pub peers: Peers,
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
/// Folders of its votes, one an epoch, below that of all it keeps, begin so.
pub const VOTES: &str = "stint-simplex";

/// Threads of the engine beside the executor's.
const THREADS: usize = 2;
const MAILBOX: NonZeroUsize = NZUsize!(1024);
const CACHE_PAGES: NonZeroUsize = NZUsize!(4096);
/// Sets of peers that stay connected: the newest ones.
const SETS: NonZeroUsize = NZUsize!(2);
/// How far clocks may differ when peers greet each other.
const HANDSHAKE_SKEW: Duration = Duration::from_millis(VALIDATOR_CLOCKS_MS);

/// The signed bytes begin with this: a signature for one ledger means nothing on another.
pub(crate) fn namespace(chain_id: Hash) -> Vec<u8> {
    format!("stint-{chain_id}").into_bytes()
}

/// Runs a validator on this thread until `stop` fires, a part of it fails, or it is no longer needed as it is.
pub fn run(config: Config, stop: oneshot::Receiver<()>, ledger: MakeLedger) -> Result<Option<Left>, ConsensusError> {
    let runtime = engine_tokio::Config::new()
        .with_worker_threads(THREADS)
        .with_tcp_nodelay(Some(true))
        .with_storage_directory(config.folder.clone());
    engine_tokio::Runner::new(runtime).start(|context| async move {
        let refuse = |what: &str| ConsensusError::Config(what.to_string());
        let key = PrivateKey::decode(Copying(&config.key)).map_err(|_| refuse("the key is not an ed25519 seed"))?;
        // More than there are, so that some may join; with more still it is to be started anew.
        let most = NonZeroUsize::new(most_peers(config.peers.peers.len())).unwrap_or(NonZeroUsize::MIN);
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
        let largest = max_message_bytes(VALIDATORS as u32);
        let mut p2p = lookup::Config::local(handshake, &namespace, config.listen, most, largest, MAILBOX);
        p2p.tracked_peer_sets = SETS;
        p2p.dial_frequency = Duration::from_millis(250);
        p2p.peer_connection_cooldown = Duration::from_millis(250);
        p2p.allowed_handshake_rate_per_ip = Quota::per_second(NZU32!(256));
        let (mut network, oracle) = Network::new(context.child("network"), p2p);
        let channels = std::array::from_fn::<_, CHANNELS, _>(|i| network.register(i as u64, QUOTAS[i]));
        let network_task = network.start();

        let outgrown = Arc::new(Notify::new());
        let parts = Parts {
            key,
            other_keys: config.other_keys,
            namespace,
            genesis: config.genesis,
            floor: config.floor,
            partition: PARTITION.into(),
            timing: config.timing,
            cache_pages: CACHE_PAGES,
            peers: oracle.clone(),
            track: track(oracle.clone(), most.get(), outgrown.clone()),
            blocker: oracle.clone(),
            channels,
        };
        let running = start(context.child("validator"), parts, ledger).await;
        let Running { mut tasks, left } = running.map_err(|e| ConsensusError::Files(e.to_string()))?;
        tasks.push(("network", network_task));
        let ends = tasks.into_iter().map(|(name, task)| task.map(move |_| name).boxed());
        tokio::select! {
            _ = stop => Ok(None),
            () = outgrown.notified() => Ok(Some(Left::Outgrown)),
            (name, _, _) = select_all(ends) => match left.get() {
                Some(left) if name == ROUNDS => Ok(Some(*left)),
                _ => Err(ConsensusError::Ended(name)),
            },
        }
    })
}

/// Keys that all validators have at once, at most: that of before, that which acts, that which is to follow.
const MOST_KEYS: usize = 3 * VALIDATORS;

/// How many peers the network has room for: a channel reserves memory for each.
fn most_peers(now: usize) -> usize {
    (2 * now + 8).min(MOST_KEYS)
}

/// Whether so many peers are to have a network with more room.
fn outgrows(peers: usize, most: usize) -> bool {
    peers > most && most < MOST_KEYS
}

/// Tells the network who may connect, or whoever waits for it that they outgrow it.
fn track(mut oracle: Oracle<PublicKey>, most: usize, outgrown: Arc<Notify>) -> Track {
    Box::new(move |peers: Peers| {
        let mut addresses: BTreeMap<PublicKey, Address> = BTreeMap::new();
        for peer in peers.peers {
            if let Ok(key) = PublicKey::decode(Copying(&peer.key)) {
                addresses.insert(key, Address::from(peer.address));
            }
        }
        if outgrows(addresses.len(), most) {
            return outgrown.notify_one();
        }
        let addresses: Vec<_> = addresses.into_iter().take(most).collect();
        if let Ok(addresses) = Map::try_from(addresses) {
            oracle.track(peers.version, addresses);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_started_anew_has_room() {
        assert!((1..=MOST_KEYS + 1).all(|peers| !outgrows(peers, most_peers(peers))));
        assert!(outgrows(most_peers(4) + 1, most_peers(4)));
    }

    #[test]
    fn votes_are_where_others_look_for_them() {
        assert_eq!(crate::engine::folder_of_votes(PARTITION), VOTES);
    }
}
