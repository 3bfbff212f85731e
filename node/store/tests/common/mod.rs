//! A ledger of one validator, whose key is known.

use ed25519_dalek::SigningKey;
use stint_proto::{Block, Genesis, GenesisAgent, GenesisValidator, Hash, Header};
use stint_store::Store;

pub const CHAIN: Hash = Hash([7; 32]);

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

pub fn genesis() -> Genesis {
    let key = key().verifying_key().to_bytes();
    Genesis {
        name: "test".into(),
        time_ms: 0,
        protocol_version: 1,
        epoch_blocks: Genesis::EPOCH_BLOCKS,
        validators: vec![GenesisValidator { name: "v1".into(), key }],
        consortium: "consortium".into(),
        stewards: vec![GenesisAgent { agent: "ana".into(), key }],
    }
}

/// The next block, which certifies the results of `executed`.
pub fn block(store: &Store, executed: u64) -> Block {
    let tip = store.tip();
    let results = store.results(executed).expect("readable").expect("executed");
    let header = Header {
        chain_id: CHAIN,
        epoch: 0,
        view: tip.height + 1,
        parent_view: tip.height,
        height: tip.height + 1,
        leader: [1; 32],
        parent: tip.block,
        time_ms: tip.results.outcome.time_ms + 5,
        transactions_root: Hash::ZERO,
        transaction_count: 0,
        protocol_version: 1,
        executed_height: executed,
        state_root: results.outcome.state_root,
        results_root: results.results_root,
        next_committee: Hash::ZERO,
    };
    Block { header, transactions: Vec::new() }
}
