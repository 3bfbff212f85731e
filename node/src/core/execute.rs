//! Executing final blocks.

use super::{Node, Outcome, verify::certifies};
use std::sync::{Arc, atomic::Ordering};
use stint_consensus::{Ack, Env};
use stint_proto::{Block, Certificate};
use stint_runtime::{BlockContext, RuntimeError, execute_block};
use tokio::sync::mpsc;

/// Executes blocks as they come; ends when the node must stop. A block that cannot be executed is
/// not acknowledged, which stops the engine.
pub async fn run(node: Arc<Node>, env: Arc<dyn Env>, mut blocks: mpsc::UnboundedReceiver<(Arc<Block>, Ack)>) {
    while let Some((block, ack)) = blocks.recv().await {
        let height = block.header.height;
        if height > node.tip().height {
            let certificate = env.certificate(height).await;
            if let Err(why) = execute(&node, &block, certificate.as_ref()) {
                node.fail(format!("block {height} cannot be executed: {why}"));
                return;
            }
        }
        ack();
    }
}

impl Node {
    /// Executes a final block that did not come from the engine.
    pub fn follow(&self, block: &Block, certificate: Option<&Certificate>) -> Result<(), String> {
        execute(self, block, certificate)
            .map_err(|why| format!("block {} cannot be executed: {why}", block.header.height))
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
    let state = Arc::new(node.store.state_at(before.height));
    let context = BlockContext { height: header.height, time_ms: header.time_ms };
    let executed_before = |id| node.store.repeats(id, header.height).map_err(|e| RuntimeError::State(e.into()));
    let result = execute_block(&node.contracts, state, context, &block.transactions, executed_before)
        .map_err(|e| e.to_string())?;
    let tip = node.store.commit(block, certificate, &result).map_err(|e| e.to_string())?;
    node.keep_pinned(header.height)?;

    node.burnt(result.fuel_used, block.transactions.len() as u64);
    if !block.transactions.is_empty() {
        node.last_with_calls.store(header.height, Ordering::Relaxed);
    }
    node.pool().settle(block.transactions.iter().map(|t| t.id()), header.height);
    // First the block can be read, then its calls are told to be final: whoever hears of the end of
    // a call and asks a query next sees what it did.
    node.executed.set(tip);
    for (id, index) in &result.effective {
        if node.waiters.has(*id) {
            node.waiters.tell(*id, Outcome::Receipt(result.receipts[*index as usize].clone()));
        }
    }
    node.waiters.expire(header.height);
    Ok(())
}
