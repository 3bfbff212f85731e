//! Executing final blocks.

use super::{Node, verify::certifies};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use stint_consensus::{Ack, Env};
use stint_proto::{Block, Certificate, Hash, Header};
use stint_runtime::{BlockContext, RuntimeError, changes_validators, execute_block};
use stint_verifier::{Handover, SignedChain};
use tokio::sync::mpsc;

/// How long votes that must be there are waited for before they are asked for again.
const VOTES_RETRY: Duration = Duration::from_millis(200);

/// Executes blocks as they come; ends when the node must stop. A block that cannot be executed is
/// not acknowledged, which stops the engine.
pub async fn run(node: Arc<Node>, env: Arc<dyn Env>, mut blocks: mpsc::UnboundedReceiver<(Arc<Block>, Ack)>) {
    while let Some((block, ack)) = blocks.recv().await {
        let height = block.header.height;
        if height > node.tip().height {
            let certificate = certificate(&*env, &block).await;
            if let Err(why) = execute(&node, &block, certificate.as_ref()) {
                node.fail(format!("block {height} cannot be executed: {why}"));
                return;
            }
        }
        ack();
    }
}

/// The votes over a block, if they are known. Those over a block that names other validators are waited for: whoever
/// believes the validators of before needs them to believe those who follow.
async fn certificate(env: &dyn Env, block: &Block) -> Option<Certificate> {
    let height = block.header.height;
    loop {
        let known = env.certificate(height).await;
        if known.is_some() || block.header.next_committee == Hash::ZERO {
            return known;
        }
        env.fetch_certificate(height);
        env.sleep(VOTES_RETRY).await;
    }
}

impl Node {
    /// Executes a final block that did not come from the engine.
    pub fn follow(&self, block: &Block, certificate: Option<&Certificate>) -> Result<(), String> {
        let failed = |why| format!("block {} cannot be executed: {why}", block.header.height);
        execute(self, block, certificate).map_err(failed).inspect_err(|why| self.fail(why.clone()))
    }
}

fn execute(node: &Node, block: &Block, certificate: Option<&Certificate>) -> Result<(), String> {
    let header = &block.header;
    let before = node.tip();
    if header.height != before.height + 1 {
        return Err(format!(
            "the newest block here is {}; the data folder is older than the engine's: something was lost from it; start with --repair to fetch that from peers",
            before.height
        ));
    }
    node.check_pinned(header)?;
    // What more than two thirds of the validators certify must be what happened here.
    if let Some(ours) = node.store.results(header.executed_height).map_err(|e| e.to_string())?
        && !certifies(header, &ours)
    {
        return Err(format!(
            "the validators certify that block {} led to state {}, and here it led to {}; stop, keep the data folder, and report it",
            header.executed_height, header.state_root, ours.outcome.state_root
        ));
    }
    hand_over(node, header, certificate)?;
    let state = Arc::new(node.store.state_at(before.height));
    let context = BlockContext { height: header.height, time_ms: header.time_ms };
    let executed_before = |id| node.store.repeats(id, header.height).map_err(|e| RuntimeError::State(e.into()));
    let result = execute_block(&node.contracts, state, context, &block.transactions, executed_before)
        .map_err(|e| e.to_string())?;
    let tip = node.store.commit(block, certificate, &result).map_err(|e| e.to_string())?;
    node.keep_pinned(header.height)?;

    if changes_validators(&result.writes) {
        node.peers_version.store(header.height, Ordering::Relaxed);
    }
    node.burnt(result.fuel_used, block.transactions.len() as u64);
    if !block.transactions.is_empty() {
        node.last_with_calls.store(header.height, Ordering::Relaxed);
    }
    node.pool().settle(block.transactions.iter().map(|t| t.id()), header.height);
    // First the block can be read, then its calls are told to be final: whoever hears of the end of
    // a call and asks a query next sees what it did.
    node.executed.set(tip);
    result.effective.iter().for_each(|(id, _)| node.waiters.tell(*id));
    node.waiters.expire(header.height);
    Ok(())
}

/// Keeps what leads from the validators of before to those whom a header names, if it does.
fn hand_over(node: &Node, header: &Header, certificate: Option<&Certificate>) -> Result<(), String> {
    if header.next_committee == Hash::ZERO {
        return Ok(());
    }
    let certificate = certificate.ok_or("it names other validators, and the votes over it are not known")?.clone();
    let (_, next) = node
        .committee(header.epoch + 1)
        .map_err(|e| e.to_string())?
        .ok_or("it names other validators before they are decided")?;
    if next.hash() != header.next_committee {
        return Err(format!(
            "it names the next validators {}, and here they are {}",
            header.next_committee,
            next.hash()
        ));
    }
    let signed = SignedChain { headers: vec![header.clone()], certificate };
    node.store.keep_handover(&Handover { signed, next }).map_err(|e| e.to_string())
}
