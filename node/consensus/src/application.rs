//! The adapter between the engine's questions and the ledger's answers.

use crate::{
    Ancestors, Ledger,
    block::{Context, Ordered, hash},
};
use commonware_actor::Feedback;
use commonware_consensus::{
    Application, Epochable, Reporter, Viewable,
    marshal::{Update, ancestry::Ancestry},
    simplex::scheme::ed25519::Scheme,
};
use commonware_cryptography::Digested;
use commonware_parallel::Sequential;
use commonware_runtime::{Clock, Metrics, Spawner};
use commonware_utils::Acknowledgement;
use futures::StreamExt;
use std::sync::Arc;
use stint_proto::{Block, Genesis, Header};
use tokio::sync::mpsc;

/// The engine asks it for proposals and verdicts.
#[derive(Clone)]
pub struct App(pub Arc<dyn Ledger>);

impl<E: Spawner + Clock + Metrics> Application<E> for App {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Ordered;
    type Input = ();

    async fn propose(
        &mut self,
        (_, context): (E, Context),
        mut ancestry: impl Ancestry<Ordered>,
        _: (),
    ) -> Option<Digested<Ordered>> {
        let first = ancestry.next().await?;
        let parent = first.inner().block.header.clone();
        let mut unexecuted = Vec::new();
        let mut next = Some(first);
        while let Some(ancestor) = next {
            let block = &ancestor.inner().block;
            if block.header.height <= self.0.executed_height() {
                break;
            }
            unexecuted.push(block.clone());
            next = ancestry.next().await;
        }
        let draft = self.0.propose(Ancestors { parent: parent.clone(), unexecuted }).await?;
        let header = Header {
            chain_id: parent.chain_id,
            epoch: context.epoch().get(),
            view: context.view().get(),
            parent_view: context.parent.0.get(),
            height: parent.height + 1,
            leader: context.leader.as_ref().try_into().ok()?,
            parent: hash(&context.parent.1),
            time_ms: draft.time_ms,
            transactions_root: Block::transactions_root(&draft.transactions),
            transaction_count: draft.transactions.len() as u32,
            protocol_version: Genesis::PROTOCOL_VERSION,
            executed_height: draft.executed_height,
            state_root: draft.state_root,
            results_root: draft.results_root,
            next_committee: draft.next_committee,
        };
        let block = Ordered::new(Block { header, transactions: draft.transactions }).ok()?;
        Some(Digested::compute(block, &Sequential).await)
    }

    async fn verify(&mut self, _: (E, Context), mut ancestry: impl Ancestry<Ordered>) -> bool {
        let Some(block) = ancestry.next().await else { return false };
        let Some(parent) = ancestry.next().await else { return false };
        self.0.verify(block.inner().block.clone(), parent.inner().block.header.clone()).await
    }
}

/// The engine delivers final blocks to it.
#[derive(Clone)]
pub struct Delivery {
    pub ledger: Arc<dyn Ledger>,
    /// Learns of each height that is executed. There are never more of them than blocks that may be under way.
    pub executed: mpsc::UnboundedSender<u64>,
}

impl Reporter for Delivery {
    type Activity = Update<Ordered>;

    fn report(&mut self, update: Update<Ordered>) -> Feedback {
        match update {
            Update::Tip(_, height, _) => self.ledger.tip(height.get()),
            Update::Block(block, ack) => {
                let (executed, height) = (self.executed.clone(), block.inner().block.header.height);
                let ack = move || {
                    ack.acknowledge();
                    let _ = executed.send(height);
                };
                self.ledger.finalized(block.inner().block.clone(), Box::new(ack));
            }
        }
        Feedback::Ok
    }
}
