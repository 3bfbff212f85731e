use bytes::Bytes;
use futures::future::BoxFuture;
use std::{net::SocketAddr, sync::Arc};
use stint_proto::{Block, Epochs, Hash, Header, Transaction};

/// To be called once a final block is durable. Dropping it uncalled stops the node.
pub type Ack = Box<dyn FnOnce() + Send>;

/// Makes a validator's ledger in the environment it shall live in. Boxed, so that the engine is
/// compiled in this crate and not again in whichever calls it.
pub type MakeLedger = Box<dyn FnOnce(Arc<dyn crate::Env>) -> Arc<dyn Ledger> + Send>;

/// What a new block stands on.
pub struct Ancestors {
    /// The block to build on.
    pub parent: Header,
    /// The parent and its ancestors down to the newest executed block, without that one, newest
    /// first.
    pub unexecuted: Vec<Arc<Block>>,
}

/// What the ledger puts into a block; the engine adds the round, the leader and the parent.
pub struct Draft {
    /// Milliseconds since 1970, UTC; not before the parent's.
    pub time_ms: u64,
    /// The calls.
    pub transactions: Vec<Transaction>,
    /// The height whose results are certified.
    pub executed_height: u64,
    /// The state after that height.
    pub state_root: Hash,
    /// What that height and all before it led to.
    pub results_root: Hash,
    /// Hash of the next epoch's committee, where the block is the last of its epoch and others follow; zero elsewhere.
    pub next_committee: Hash,
}

/// A key that may connect to this validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// An ed25519 public key.
    pub key: [u8; 32],
    /// Where it listens for peers.
    pub address: SocketAddr,
    /// True when it counted in the epoch before, and no more.
    pub left: bool,
}

/// Who may connect to this validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    /// Grows with each change.
    pub version: u64,
    /// All of them, this one too.
    pub peers: Vec<Peer>,
}

/// What the engine asks of the ledger.
pub trait Ledger: Send + Sync + 'static {
    /// The newest block whose results are durable here.
    fn executed_height(&self) -> u64;

    /// Which heights are of which epoch; for ever the same.
    fn epochs(&self) -> Epochs;

    /// Keys of the validators of an epoch, once that is decided here.
    fn committee(&self, epoch: u64) -> Option<Vec<[u8; 32]>>;

    /// Hash of the last block before an epoch, once that is executed here.
    fn before(&self, epoch: u64) -> Option<Hash>;

    /// Who may connect, and where they are found.
    fn peers(&self) -> Peers;

    /// The version of [`Ledger::peers`]; asked at every block.
    fn peers_version(&self) -> u64;

    /// Builds a block, waiting for something to put into it up to a heartbeat; `None` leaves the
    /// turn to the next leader. The future may be dropped at any time.
    fn propose(&self, ancestors: Ancestors) -> BoxFuture<'_, Option<Draft>>;

    /// Says whether a block is valid on its parent. All honest validators give the same answer, so
    /// what cannot be decided yet is waited for. The future may be dropped at any time.
    fn verify(&self, block: Arc<Block>, parent: Header) -> BoxFuture<'_, bool>;

    /// Takes a final block; must not block. See the invariants of this crate.
    fn finalized(&self, block: Arc<Block>, ack: Ack);

    /// Learns of a final height that may not have been delivered yet.
    fn tip(&self, height: u64);

    /// Learns what the engine hears of the validators; must not block.
    fn heard(&self, heard: crate::Heard);

    /// Takes a message that another validator broadcast by [`crate::Env::broadcast`].
    fn gossip(&self, from: [u8; 32], message: Bytes);
}
