//! Drafting a block.

use super::{Node, verify::no_results};
use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};
use stint_consensus::{Ancestors, Draft, Env};
use stint_proto::{CallId, Header, limits::EXECUTION_LAG};

/// Time between two blocks while there is work: a block costs each validator about as much as
/// some hundred calls, so a few calls wait for each other.
pub const PACE_MS: u64 = 50;
/// Time between two blocks while there is none.
pub const HEARTBEAT_MS: u64 = 1_000;

/// Waits until there is something to order, or to certify, or the heartbeat; then drafts.
pub async fn propose(node: &Node, env: &dyn Env, ancestors: Ancestors) -> Option<Draft> {
    let Ancestors { parent, unexecuted } = ancestors;
    let height = parent.height + 1;
    let ordered: BTreeSet<CallId> = unexecuted.iter().flat_map(|b| b.transactions.iter().map(|t| t.id())).collect();
    let newest_with_calls = unexecuted.iter().filter(|b| !b.transactions.is_empty()).map(|b| b.header.height).max();

    // Another validator's clock may run ahead: never wait longer than the interval itself.
    let began = env.now_ms();
    let pace = (parent.time_ms + PACE_MS).min(began + PACE_MS);
    let heartbeat = (parent.time_ms + HEARTBEAT_MS).min(began + HEARTBEAT_MS);
    loop {
        let (tip, arrivals) = (node.tip(), node.arrivals.get());
        let now = env.now_ms();
        if may_certify(tip.height, &parent) && now >= pace {
            let to_order = node.pool().has_draft(height, &ordered);
            // Results that no header certifies yet: of executed blocks, or of some to come.
            let uncertified = node.last_with_calls.load(Ordering::Relaxed) > parent.executed_height
                && newest_with_calls.is_none_or(|h| h <= tip.height);
            if to_order || uncertified || now >= heartbeat {
                let quota = |commons: &str| node.affordable_calls_of(commons);
                let transactions = node.pool().draft(height, &ordered, node.affordable_calls(), quota);
                // The tip may be ahead of the parent when this validator's turn is already over.
                let executed_height = tip.height.min(parent.height);
                let results = node.store.results(executed_height);
                let results = results.and_then(|r| r.ok_or_else(|| no_results(executed_height)));
                let results = results.map_err(|e| e.to_string());
                let read = results.and_then(|r| Ok((r, node.next_committee(height).map_err(|e| e.to_string())?)));
                let (results, next_committee) = match read {
                    Ok(read) => read,
                    Err(why) => {
                        node.fail(format!("block {height} cannot be drafted: {why}"));
                        return None;
                    }
                };
                return Some(Draft {
                    time_ms: now.max(parent.time_ms + 1),
                    transactions,
                    executed_height,
                    state_root: results.outcome.state_root,
                    results_root: results.results_root,
                    next_committee,
                });
            }
        }
        // Behind the heartbeat only execution is waited for.
        let next = [pace, heartbeat].into_iter().find(|t| *t > now).unwrap_or(now + HEARTBEAT_MS);
        tokio::select! {
            biased;
            () = node.find(|t| (t.height > tip.height).then_some(())) => {}
            () = node.arrivals.find(|n| (n != arrivals).then_some(())) => {}
            () = env.sleep(Duration::from_millis(next - now)) => {}
        }
    }
}

/// True when a block on `parent` could certify what this node has executed: not too far behind it,
/// and not behind what the parent certifies already.
fn may_certify(executed: u64, parent: &Header) -> bool {
    executed >= parent.executed_height && executed + EXECUTION_LAG > parent.height
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_proto::Hash;

    /// A validator that lagged behind its parent's certified height once would have drafted a block
    /// that certifies less than its parent, which no other validator accepts.
    #[test]
    fn a_draft_never_certifies_less_than_its_parent_nor_too_little() {
        let parent = |height, executed_height| Header {
            chain_id: Hash::ZERO,
            epoch: 0,
            view: 0,
            parent_view: 0,
            height,
            leader: [0; 32],
            parent: Hash::ZERO,
            time_ms: 0,
            transactions_root: Hash::ZERO,
            transaction_count: 0,
            protocol_version: 1,
            executed_height,
            state_root: Hash::ZERO,
            results_root: Hash::ZERO,
            next_committee: Hash::ZERO,
        };
        assert!(may_certify(9, &parent(9, 8)));
        assert!(may_certify(8, &parent(9, 8)));
        assert!(!may_certify(7, &parent(9, 8)), "the parent certifies 8 already");
        assert!(may_certify(6, &parent(9, 5)), "10 - 6 = K");
        assert!(!may_certify(5, &parent(9, 5)), "10 - 5 > K");
        assert!(may_certify(0, &parent(0, 0)));
    }
}
