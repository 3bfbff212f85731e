//! A ledger of four validators whose keys are known, as long as a test likes, without an engine.

use crate::core::Node;
use ed25519_dalek::{Signer, SigningKey};
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    Block, Call, CallId, Certificate, Genesis, GenesisAgent, GenesisValidator, Hash, Header, Transaction, v1,
};
use stint_runtime::Contracts;
use stint_store::{Keep, Medium, Tip};

/// Long after any clock of today: no block was begun before a test began.
pub const BEGIN_MS: u64 = 4_000_000_000_000;

/// Those of the validators; the first one is also the steward's.
pub fn keys() -> Vec<SigningKey> {
    let mut keys: Vec<_> = (1..5u8).map(|n| SigningKey::from_bytes(&[n; 32])).collect();
    keys.sort_by_key(|k| k.verifying_key().to_bytes());
    keys
}

/// Its description and its name.
pub fn genesis() -> (Genesis, Hash) {
    let public = |key: &SigningKey| key.verifying_key().to_bytes();
    let validator = |(n, key)| GenesisValidator { name: format!("v{n}"), key: public(key) };
    let genesis = Genesis {
        name: "test".into(),
        time_ms: BEGIN_MS,
        protocol_version: Genesis::PROTOCOL_VERSION,
        epoch_blocks: Genesis::EPOCH_BLOCKS,
        validators: keys().iter().enumerate().map(validator).collect(),
        consortium: "consortium".into(),
        stewards: vec![GenesisAgent { agent: "ana".into(), key: public(&keys()[0]) }],
    };
    Genesis::parse(&genesis.to_file().expect("a genesis")).expect("a genesis")
}

/// A node at genesis.
pub fn node(medium: &Medium, keep: Keep) -> Arc<Node> {
    let (genesis, chain_id) = genesis();
    Node::open(medium, genesis, chain_id, Contracts::new().expect("an engine"), keep).expect("a node")
}

/// A node in memory.
pub fn in_memory(keep: Keep) -> Arc<Node> {
    node(&Medium::memory().expect("memory"), keep)
}

/// Blocks with their votes.
pub type Chain = Vec<(Block, Certificate)>;

/// A call of the steward, under a number.
pub fn call(number: u64, commons: &str, method: &str, request: &impl Message) -> Transaction {
    let key = keys().remove(0);
    let call = Call {
        chain_id: genesis().1,
        commons: commons.into(),
        method: method.into(),
        request: request.encode_to_vec().into(),
        call_id: CallId { key: key.verifying_key().to_bytes(), id: u128::from(number).to_be_bytes() },
        valid_until: 10_000,
        fuel_limit: 0,
    };
    call.sign(&key).expect("a call within its limits")
}

/// The header of the next block, which certifies what the newest one led to.
pub fn header_on(tip: &Tip, genesis: Header, time_ms: u64, transactions: &[Transaction]) -> Header {
    Header {
        epoch: stint_proto::Epochs::new(Genesis::EPOCH_BLOCKS).of(tip.height + 1),
        view: tip.height + 1,
        parent_view: tip.height,
        height: tip.height + 1,
        parent: if tip.height == 0 { genesis.hash() } else { tip.block },
        time_ms,
        transactions_root: Block::transactions_root(transactions),
        transaction_count: transactions.len() as u32,
        executed_height: tip.height,
        state_root: tip.results.outcome.state_root,
        results_root: tip.results.results_root,
        ..genesis
    }
}

/// A header of no ledger, for blocks that nobody verifies.
pub fn node_header() -> Header {
    Header {
        chain_id: Hash::ZERO,
        epoch: 0,
        view: 0,
        parent_view: 0,
        height: 0,
        leader: [0; 32],
        parent: Hash::ZERO,
        time_ms: 0,
        transactions_root: Hash::ZERO,
        transaction_count: 0,
        protocol_version: 1,
        executed_height: 0,
        state_root: Hash::ZERO,
        results_root: Hash::ZERO,
        next_committee: Hash::ZERO,
    }
}

/// A block with the votes of three validators.
pub fn signed(header: Header, transactions: Vec<Transaction>) -> (Block, Certificate) {
    let message = stint_verifier::signed(&header, header.view, header.parent_view);
    let votes = keys().iter().take(3).enumerate().map(|(i, k)| (i as u8, k.sign(&message).to_bytes())).collect();
    let certificate = Certificate::new(&header, 4, votes);
    (Block { header, transactions }, certificate)
}

/// The call that admits an agent.
fn admit(height: u64) -> Transaction {
    let request = v1::AdmitRequest {
        agent: format!("agent{height}"),
        key: SigningKey::from_bytes(&[height as u8; 32]).verifying_key().to_bytes().to_vec().into(),
        roles: vec!["member".into()],
    };
    call(height, "consortium", "/stint.v1.Kernel/Admit", &request)
}

/// So many blocks, of which every tenth has a call; each certifies what the one before led to.
pub fn chain(blocks: u64) -> Chain {
    let node = in_memory(Keep::default());
    let calls = |height| if height % 10 == 0 { vec![admit(height)] } else { Vec::new() };
    (1..=blocks).map(|height| add(&node, calls(height))).collect()
}

/// Has a node execute the next block, with these calls and certified by three.
pub fn add(node: &Node, transactions: Vec<Transaction>) -> (Block, Certificate) {
    let tip = node.tip();
    let time_ms = BEGIN_MS + (tip.height + 1) * 100;
    let header = header_on(&tip, node.genesis_block().header, time_ms, &transactions);
    let block = signed(header, transactions);
    extend(node, std::slice::from_ref(&block));
    block
}

/// Executes the blocks of a part of a chain.
pub fn extend(node: &Node, chain: &[(Block, Certificate)]) {
    chain.iter().for_each(|(block, votes)| node.follow(block, Some(votes)).expect("a good block"));
}
