use crate::core::Node;
use prost::Message;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};
use stint_proto::{Block, Genesis, v1};
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

/// Who signed.
fn agents(node: &Node, block: &Block) -> Result<BTreeMap<[u8; 32], String>, StoreError> {
    let (oldest, height) = (node.store.oldest().state, block.header.height);
    let held = |height: u64, key: &[u8; 32]| {
        let state = Arc::new(node.store.state_at(height.max(oldest)));
        let agent = stint_runtime::agent_behind(state, key);
        agent.map_err(|e| StoreError::Damaged(format!("the agent of a key: {e}")))
    };
    let mut found = BTreeMap::new();
    for tx in &block.transactions {
        if let Entry::Vacant(place) = found.entry(tx.id().key) {
            let agent = signer(&node.genesis, height, place.key(), held)?;
            place.insert(agent);
        }
    }
    Ok(found)
}

/// Who held a key when a block's calls were executed. After the block is asked first: whoever was admitted in it may have
/// signed in it. A key that is given back in the block, by a validator that changes it, was held before. Where the state
/// of then is gone and the key as well, the genesis file may still know whose it was.
fn signer<E>(
    genesis: &Genesis,
    height: u64,
    key: &[u8; 32],
    held: impl Fn(u64, &[u8; 32]) -> Result<Option<String>, E>,
) -> Result<String, E> {
    for height in [height, height.saturating_sub(1)] {
        if let Some(agent) = held(height, key)? {
            return Ok(agent);
        }
    }
    let stewards = genesis.stewards.iter().map(|s| (&s.key, &s.agent));
    let mut first = stewards.chain(genesis.validators.iter().map(|v| (&v.key, &v.name)));
    Ok(first.find(|(held, _)| *held == key).map(|(_, agent)| agent.clone()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// A validator's calls were once told without its name as soon as it had changed its key.
    #[test]
    fn who_gave_a_key_back_is_told_by_it() {
        let (genesis, _) = crate::tests::genesis();
        let first = genesis.validators[2].key;
        let name = |height, key: &[u8; 32], held: &[(u64, &str)]| {
            let at = |asked: u64, _: &[u8; 32]| -> Result<Option<String>, Infallible> {
                Ok(held.iter().find(|(height, _)| *height == asked).map(|(_, name)| name.to_string()))
            };
            signer(&genesis, height, key, at).unwrap_or_default()
        };
        let other = [9; 32];
        assert_eq!(name(7, &other, &[(7, "bo")]), "bo", "admitted in the block");
        assert_eq!(name(7, &other, &[(6, "bo")]), "bo", "given back in the block");
        assert_eq!(name(7, &other, &[(6, "bo"), (7, "cy")]), "cy");
        assert_eq!(name(7, &other, &[(5, "bo")]), "");
        assert_eq!(name(7, &first, &[]), genesis.validators[2].name, "of the genesis file");
        assert_eq!(name(7, &genesis.stewards[0].key, &[]), "ana", "a steward's name goes before a validator's");
    }
}
