//! Executing kept blocks again: what they led to must come out once more.

use super::Node;
use std::{ops::RangeInclusive, sync::Arc};
use stint_proto::Block;
use stint_runtime::{BlockContext, RuntimeError, execute_block};
use stint_store::{Oldest, Store, StoreError};

/// Why blocks did not lead again to what is stored.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Something cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A block cannot be executed.
    #[error("block {height} cannot be executed again: {error}")]
    Runtime {
        /// The block's height.
        height: u64,
        /// What stopped it.
        error: RuntimeError,
    },
    /// A block leads to something else.
    #[error("executed again, block {height} leads to {what}")]
    Differs {
        /// The block's height.
        height: u64,
        /// The first difference.
        what: String,
    },
}

/// Blocks that can be executed again: they are kept, with the state before them and the receipts that they led to.
pub fn heights(store: &Store) -> RangeInclusive<u64> {
    let Oldest { block, receipts, state } = store.oldest();
    block.max(receipts).max(state + 1)..=store.tip().height
}

/// Executes them; `progress` hears of each. The store must have passed its check.
pub fn replay(node: &Node, progress: &mut dyn FnMut(u64)) -> Result<(), ReplayError> {
    let store = &node.store;
    let heights = heights(store);
    if heights.is_empty() {
        return Ok(());
    }
    let mut tree = store.tree_at(heights.start() - 1)?;
    for height in heights {
        let damaged = |what: String| StoreError::Damaged(format!("block {height}: {what}"));
        let bytes = store.block(height)?.ok_or_else(|| damaged("it is missing".into()))?;
        let Block { header, transactions } = Block::decode(bytes).map_err(|e| damaged(e.to_string()))?;
        let state = Arc::new(store.state_at(height - 1));
        let context = BlockContext { height, time_ms: header.time_ms };
        // Every receipt but that of a repetition has its entry. So a call without one was executed in a block whose
        // receipts were let go since.
        let executed_before = |id| match store.locate(id) {
            Ok(found) => Ok(found.is_none_or(|at| at.height < height)),
            Err(e) => Err(RuntimeError::State(e.into())),
        };
        let result = execute_block(&node.contracts, state, context, &transactions, executed_before)
            .map_err(|error| ReplayError::Runtime { height, error })?;
        let differs = |what: String| Err(ReplayError::Differs { height, what });
        let kept = store.receipts(height)?;
        if let Some(index) = (0..transactions.len()).find(|i| result.receipts.get(*i) != kept.get(*i)) {
            return differs(format!("another receipt of call {index} than is stored"));
        }
        tree = tree.with(result.writes.iter().map(|(key, value)| (&key[..], value.as_deref())));
        let led = store.results(height)?.ok_or_else(|| damaged("its results are missing".into()))?;
        if tree.root() != led.outcome.state_root {
            return differs(format!("the state {}, and {} is stored", tree.root(), led.outcome.state_root));
        }
        progress(height);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use ed25519_dalek::SigningKey;
    use prost::Message;
    use stint_proto::{
        Call, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Header, Transaction, receipt::apart, v1,
    };
    use stint_runtime::{BlockResult, Contracts};
    use stint_store::{Keep, Medium, genesis_block};

    const CHAIN: Hash = Hash([7; 32]);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn public(seed: u8) -> [u8; 32] {
        key(seed).verifying_key().to_bytes()
    }

    fn genesis() -> Genesis {
        Genesis {
            name: "test".into(),
            time_ms: 0,
            protocol_version: 1,
            epoch_blocks: Genesis::EPOCH_BLOCKS,
            validators: vec![GenesisValidator { name: "v1".into(), key: public(1) }],
            consortium: "consortium".into(),
            stewards: vec![GenesisAgent { agent: "ana".into(), key: public(1) }],
        }
    }

    /// The call that admits agent n.
    fn admit(n: u8) -> Transaction {
        let request = v1::AdmitRequest {
            agent: format!("agent{n}"),
            key: public(n).to_vec().into(),
            roles: vec!["member".into()],
        };
        let call = Call {
            chain_id: CHAIN,
            commons: "consortium".into(),
            method: "/stint.v1.Kernel/Admit".into(),
            request: request.encode_to_vec().into(),
            call_id: CallId { key: public(1), id: [n; 16] },
            valid_until: 1_000,
            fuel_limit: 0,
        };
        call.sign(&key(1)).expect("a call within its limits")
    }

    /// Executes the next block as a node does and keeps what `change` makes of that.
    fn commit(node: &Node, transactions: Vec<Transaction>, change: impl FnOnce(&mut BlockResult)) {
        let store = &node.store;
        let tip = store.tip();
        let (height, time_ms) = (tip.height + 1, tip.results.outcome.time_ms + 5);
        let state = Arc::new(store.state_at(tip.height));
        let context = BlockContext { height, time_ms };
        let executed_before = |id| Ok(store.locate(id).expect("readable").is_some());
        let result = execute_block(&node.contracts, state, context, &transactions, executed_before);
        let mut result = result.expect("executed");
        change(&mut result);
        let first = genesis_block(&node.genesis, CHAIN).header;
        let parent = if tip.height == 0 { first.hash() } else { tip.block };
        let header = Header {
            height,
            time_ms,
            parent,
            transactions_root: Block::transactions_root(&transactions),
            transaction_count: transactions.len() as u32,
            executed_height: tip.height,
            state_root: tip.results.outcome.state_root,
            results_root: tip.results.results_root,
            ..first
        };
        node.executed.set(store.commit(&Block { header, transactions }, None, &result).expect("committed"));
    }

    fn node() -> Arc<Node> {
        node_that_keeps(Keep::ARCHIVE)
    }

    fn node_that_keeps(keep: Keep) -> Arc<Node> {
        let (medium, contracts) = (Medium::memory().expect("memory"), Contracts::new().expect("an engine"));
        Node::open(&medium, genesis(), CHAIN, contracts, keep).expect("a node")
    }

    /// Passes the check, then replays.
    fn again(node: &Node) -> Result<u64, ReplayError> {
        node.store.check(&node.genesis, &mut |_| ()).expect("it agrees with itself");
        let mut blocks = 0;
        replay(node, &mut |_| blocks += 1)?;
        Ok(blocks)
    }

    #[test]
    fn blocks_lead_again_to_what_they_led_to() {
        let node = node();
        assert_eq!(again(&node).expect("nothing to do"), 0);
        commit(&node, vec![admit(2), admit(3)], |_| ());
        commit(&node, vec![], |_| ());
        // Ordered twice, in another block and in the same one; the third is refused, for the agent has another key.
        let mut other_key = admit(3).call().clone();
        other_key.call_id.id = [9; 16];
        other_key.request = v1::AdmitRequest { agent: "agent3".into(), key: public(4).to_vec().into(), roles: vec![] }
            .encode_to_vec()
            .into();
        let other_key = other_key.sign(&key(1)).expect("a call within its limits");
        commit(&node, vec![admit(2), admit(4), admit(4), other_key], |result| {
            let refused = |r: &&Bytes| v1::Receipt::decode((*r).clone()).expect("a receipt").refusal.is_some();
            assert_eq!(result.receipts.iter().filter(refused).count(), 3);
        });
        assert_eq!(again(&node).expect("the same again"), 3);
    }

    #[test]
    fn what_blocks_did_not_lead_to_is_found_even_where_the_store_agrees_with_itself() {
        let another_receipt = node();
        commit(&another_receipt, vec![admit(2)], |_| ());
        commit(&another_receipt, vec![admit(3), admit(4)], |result| {
            let mut receipt = v1::Receipt::decode(result.receipts[1].clone()).expect("a receipt");
            receipt.fuel_used += 1;
            result.receipts[1] = receipt.encode_to_vec().into();
            result.leaves[1] = apart(receipt).leaf();
        });
        let found = again(&another_receipt).expect_err("another receipt").to_string();
        assert_eq!(found, "executed again, block 2 leads to another receipt of call 1 than is stored");

        let another_state = node();
        commit(&another_state, vec![admit(2)], |result| {
            result.writes.insert(b"z".to_vec(), Some(b"out of nowhere".to_vec()));
        });
        let found = again(&another_state).expect_err("another state").to_string();
        assert!(found.starts_with("executed again, block 1 leads to the state "), "{found}");
    }

    /// A simulation reads the state after any block whose state is kept, and says why it reads no other.
    #[test]
    fn what_a_call_would_have_done_is_told_for_every_state_that_is_kept() {
        const BLOCKS: u8 = 12;
        let node = node_that_keeps(Keep { states: 4, ..Keep::ARCHIVE });
        // Each block admits the agent after its height.
        (1..=BLOCKS).for_each(|n| commit(&node, vec![admit(n + 1)], |_| ()));
        let simulate = |height, caller: &str, method: &str, request: Vec<u8>| {
            let (method, request) = (format!("/stint.v1.Kernel/{method}"), request.into());
            let caller = caller.into();
            let commons = "consortium".into();
            node.simulate(&v1::SimulateRequest { commons, method, request, caller, height, fuel_limit: 0 })
        };
        let members = |height| {
            let answer = simulate(height, "", "GetCommons", Vec::new())?;
            let known = v1::GetCommonsResponse::decode(answer.response).expect("a commons").members.len();
            Ok::<_, stint_proto::Refusal>((answer.height, known as u64))
        };
        // The name of the agent that block 9 admitted, with another key: only before that is it free.
        let taken = v1::AdmitRequest { agent: "agent10".into(), key: public(99).to_vec().into(), roles: vec![] };
        let refused = |height| {
            let answer = simulate(height, "ana", "Admit", taken.encode_to_vec()).expect("an answer");
            answer.refusal.map(|r| r.rule)
        };
        assert_eq!((members(3), members(0)), (Ok((3, 4)), Ok((12, 13))));
        assert_eq!((refused(8), refused(9), refused(0)), (None, Some("key".into()), Some("key".into())));

        node.store.prune().expect("pruned");
        let oldest = node.store.oldest().state;
        assert!(oldest > 3 && oldest <= 9, "{oldest}");
        assert_eq!(members(oldest), Ok((oldest, oldest + 1)));
        let gone = members(oldest - 1).expect_err("pruned");
        assert_eq!((gone.code, gone.rule.as_str()), (stint_proto::Code::OutOfRange, "height"));
        assert!(gone.message.contains(&format!("the oldest is that after {oldest}")), "{gone}");
        let future = members(13).expect_err("not final");
        assert_eq!((future.code, future.rule.as_str()), (stint_proto::Code::OutOfRange, "height"));
        assert!(future.message.contains("the newest is 12"), "{future}");
        // Nothing of all that was kept.
        assert_eq!((node.tip().height, members(0)), (12, Ok((12, 13))));
    }
}
