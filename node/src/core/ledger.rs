use super::{
    Addresses, Node, announce, draft,
    ear::{Ear, ear},
    execute, prune, spread,
    standing::{self, Standing},
    verify,
};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures::future::BoxFuture;
use std::sync::Arc;
use stint_consensus::{Ack, Ancestors, Draft, Env, Heard, Ledger, Peers};
use stint_proto::{Block, Epochs, Hash, Header};
use tokio::sync::mpsc;

/// A node as the consensus engine sees it.
pub struct NodeLedger {
    node: Arc<Node>,
    env: Arc<dyn Env>,
    addresses: Addresses,
    final_blocks: mpsc::UnboundedSender<(Arc<Block>, Ack)>,
    ear: Ear,
}

impl NodeLedger {
    /// Starts the node's tasks in an environment. With its keys a validator tells the consortium what is to be told.
    pub fn start(node: Arc<Node>, env: Arc<dyn Env>, addresses: Addresses, keys: Arc<[SigningKey]>) -> Arc<dyn Ledger> {
        // The engine delivers only a few blocks ahead of their acknowledgement.
        let (final_blocks, to_execute) = mpsc::unbounded_channel();
        let (ear, to_check) = ear();
        env.spawn_dedicated("execute", Box::pin(execute::run(node.clone(), env.clone(), to_execute)));
        env.spawn_dedicated("check", Box::pin(spread::check(node.clone(), env.clone(), to_check)));
        env.spawn_dedicated("prune", Box::pin(prune::run(node.clone(), env.clone())));
        env.spawn("spread", Box::pin(spread::run(node.clone(), env.clone())));
        env.spawn("standing", Box::pin(standing::tell(node.clone(), env.clone())));
        env.spawn("announce", Box::pin(announce::run(node.clone(), env.clone(), keys)));
        Arc::new(NodeLedger { node, env, addresses, final_blocks, ear })
    }

    /// What can be read, or else the node stops.
    fn read<T>(&self, read: Result<T, impl std::error::Error + 'static>) -> Option<T> {
        read.map_err(|e| self.node.fail(format!("who validates cannot be read: {e}"))).ok()
    }
}

impl Ledger for NodeLedger {
    fn executed_height(&self) -> u64 {
        self.node.tip().height
    }

    fn epochs(&self) -> Epochs {
        self.node.epochs()
    }

    fn committee(&self, epoch: u64) -> Option<Vec<[u8; 32]>> {
        let (_, committee) = self.read(self.node.committee(epoch))??;
        Some(committee.keys().to_vec())
    }

    fn before(&self, epoch: u64) -> Option<Hash> {
        self.read(self.node.before(epoch))?
    }

    fn peers(&self) -> Peers {
        self.read(self.node.peers(&self.addresses)).unwrap_or(Peers { version: 0, peers: Vec::new() })
    }

    fn peers_version(&self) -> u64 {
        self.node.peers_version()
    }

    fn propose(&self, ancestors: Ancestors) -> BoxFuture<'_, Option<Draft>> {
        Box::pin(draft::propose(&self.node, &*self.env, ancestors))
    }

    fn verify(&self, block: Arc<Block>, parent: Header) -> BoxFuture<'_, bool> {
        Box::pin(verify::verify(&self.node, &*self.env, block, parent))
    }

    fn finalized(&self, block: Arc<Block>, ack: Ack) {
        self.node.heard_of(block.header.height);
        // When execution has stopped, the block is not acknowledged and the engine stops too.
        let _ = self.final_blocks.send((block, ack));
    }

    fn tip(&self, height: u64) {
        self.node.heard_of(height);
    }

    fn heard(&self, heard: Heard) {
        self.node.heard(heard, self.env.now_ms());
    }

    fn gossip(&self, from: [u8; 32], message: Bytes) {
        if standing::is_one(&message) {
            if let Some(standing) = Standing::decode(&message) {
                self.node.heard_standing(from, standing, self.env.now_ms());
            }
            return;
        }
        self.ear.hear(from, message);
    }
}
