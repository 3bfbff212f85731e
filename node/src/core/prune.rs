//! Letting go of the past, beside the blocks.

use super::Node;
use std::sync::Arc;
use stint_consensus::Env;
use stint_proto::limits::ENGINE_HEIGHTS;

/// Heights between two looks.
const EVERY: u64 = 100;

/// Looks now and then for what is older than is to be kept; ends when the disk fails, and the node with it.
pub async fn run(node: Arc<Node>, env: Arc<dyn Env>) {
    let mut seen = node.tip().height;
    loop {
        node.find(|tip| (tip.height >= seen + EVERY).then_some(())).await;
        seen = node.tip().height;
        env.prune(seen.saturating_sub(ENGINE_HEIGHTS));
        if let Err(why) = node.store.prune() {
            node.fail(format!("old blocks cannot be let go: {why}"));
            return;
        }
    }
}
