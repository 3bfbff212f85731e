use crate::core::Node;
use prost::Message;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};
use stint_proto::{Block, v1};
use stint_store::StoreError;

/// A block with what came of it.
pub struct Happened {
    pub block: Block,
    /// In the order of its calls; none where receipts are no longer kept.
    pub receipts: Vec<v1::Receipt>,
    /// The agents who signed, by their keys.
    pub agents: BTreeMap<[u8; 32], String>,
    /// What it takes, about.
    pub bytes: usize,
}

impl Happened {
    /// Reads it; `None` when the block is not kept.
    pub fn read(node: &Node, height: u64) -> Result<Option<Happened>, StoreError> {
        let damaged = |what: &str, e: String| StoreError::Damaged(format!("{what} of block {height}: {e}"));
        let Some(block) = node.store.block(height)? else { return Ok(None) };
        let mut bytes = block.len();
        let block = Block::decode(block).map_err(|e| damaged("the bytes", e.to_string()))?;
        let kept = height >= node.store.oldest().receipts;
        let stored = if kept { node.store.receipts(height)? } else { Vec::new() };
        bytes += stored.iter().map(|r| r.len()).sum::<usize>();
        let receipts =
            stored.into_iter().map(|r| v1::Receipt::decode(r).map_err(|e| damaged("a receipt", e.to_string())));
        let receipts: Vec<_> = receipts.collect::<Result<_, _>>()?;
        let agents = agents(node, &block)?;
        Ok(Some(Happened { block, receipts, agents, bytes }))
    }

    /// The agent that signed a call.
    pub fn agent(&self, key: &[u8]) -> &str {
        key.try_into().ok().and_then(|key: [u8; 32]| self.agents.get(&key)).map_or("", String::as_str)
    }
}

/// Who signed, by the state after the block or the oldest one that is kept.
fn agents(node: &Node, block: &Block) -> Result<BTreeMap<[u8; 32], String>, StoreError> {
    let height = block.header.height.max(node.store.oldest().state);
    let state = Arc::new(node.store.state_at(height));
    let mut found = BTreeMap::new();
    for tx in &block.transactions {
        if let Entry::Vacant(place) = found.entry(tx.id().key) {
            let agent = stint_runtime::agent_behind(state.clone(), place.key());
            let agent = agent.map_err(|e| StoreError::Damaged(format!("the agent of a key: {e}")))?;
            place.insert(agent.unwrap_or_default());
        }
    }
    Ok(found)
}
