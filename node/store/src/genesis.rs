//! What a ledger begins with.

use crate::{Results, Tree};
use stint_proto::{Block, Genesis, Hash, Outcome};
use stint_runtime::genesis_writes;

/// What the genesis file leads to.
pub(crate) fn results(genesis: &Genesis) -> Results {
    let writes = genesis_writes(genesis);
    let tree = Tree::default().with(writes.iter().map(|(k, v)| (&k[..], v.as_deref())));
    let outcome = Outcome { state_root: tree.root(), receipts_root: Hash::ZERO, receipts: 0, time_ms: genesis.time_ms };
    Results { outcome, results_root: outcome.chain(Hash::ZERO, 0) }
}

/// Block 0, which certifies the state that the genesis file describes.
pub fn genesis_block(genesis: &Genesis, chain_id: Hash) -> Block {
    let Results { outcome, results_root } = results(genesis);
    genesis.block(chain_id, outcome.state_root, results_root)
}
