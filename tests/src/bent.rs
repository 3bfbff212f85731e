use bytes::Bytes;
use futures::future::BoxFuture;
use std::sync::Arc;
use stint_consensus::{Ack, Ancestors, Draft, Heard, Ledger, Peers};
use stint_proto::{Block, Epochs, Hash, Header};

/// Stands between an engine and its ledger, and changes what passes.
pub trait Between: Send + Sync {
    /// Waits for as long as the node does nothing.
    fn awake(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// What becomes of a draft.
    fn draft(&self, draft: Draft) -> Draft {
        draft
    }

    /// Delivers a final block.
    fn deliver(&self, block: Arc<Block>, ack: Ack, ledger: &Arc<dyn Ledger>) {
        ledger.finalized(block, ack);
    }
}

/// A ledger with somebody between it and its engine.
pub struct Bent<B> {
    pub ledger: Arc<dyn Ledger>,
    pub between: B,
}

impl<B: Between + 'static> Ledger for Bent<B> {
    fn executed_height(&self) -> u64 {
        self.ledger.executed_height()
    }

    fn epochs(&self) -> Epochs {
        self.ledger.epochs()
    }

    fn committee(&self, epoch: u64) -> Option<Vec<[u8; 32]>> {
        self.ledger.committee(epoch)
    }

    fn before(&self, epoch: u64) -> Option<Hash> {
        self.ledger.before(epoch)
    }

    fn peers(&self) -> Peers {
        self.ledger.peers()
    }

    fn peers_version(&self) -> u64 {
        self.ledger.peers_version()
    }

    fn propose(&self, ancestors: Ancestors) -> BoxFuture<'_, Option<Draft>> {
        Box::pin(async {
            self.between.awake().await;
            self.ledger.propose(ancestors).await.map(|draft| self.between.draft(draft))
        })
    }

    fn verify(&self, block: Arc<Block>, parent: Header) -> BoxFuture<'_, bool> {
        Box::pin(async {
            self.between.awake().await;
            self.ledger.verify(block, parent).await
        })
    }

    fn finalized(&self, block: Arc<Block>, ack: Ack) {
        self.between.deliver(block, ack, &self.ledger);
    }

    fn tip(&self, height: u64) {
        self.ledger.tip(height);
    }

    fn heard(&self, heard: Heard) {
        self.ledger.heard(heard);
    }

    fn gossip(&self, from: [u8; 32], message: Bytes) {
        self.ledger.gossip(from, message);
    }
}
