//! The verdict on a block. Every honest validator must come to the same one, so nothing here
//! depends on what only this node knows: the pool only saves work, and what cannot be decided yet
//! is waited for.

use super::{Node, node::check_envelope};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use stint_consensus::Env;
use stint_proto::{
    Block, Epochs, Genesis, Hash, Header,
    limits::{BLOCK_BYTES, BLOCK_TRANSACTIONS, CLOCK_SKEW_MS, EXECUTION_LAG},
    signature,
};
use stint_store::{Results, StoreError};

/// How long the votes over earlier blocks are waited for before they are asked for, and until they are again.
const PATIENCE: Duration = Duration::from_millis(300);

/// Says whether a block is valid on its parent.
pub async fn verify(node: &Node, env: &dyn Env, block: Arc<Block>, parent: Header) -> bool {
    let height = block.header.height;
    let checked = check_block(&block, &parent, node.chain_id, node.epochs());
    if let Err(why) = checked.and_then(|()| check_signatures(node, env, &block)) {
        tracing::warn!("block {height} is refused: {why}");
        return false;
    }
    // A clock that runs ahead is no proof of a lie: wait until the block's time has come here too.
    let ahead = block.header.time_ms.saturating_sub(env.now_ms() + CLOCK_SKEW_MS);
    if ahead > 0 {
        env.sleep(Duration::from_millis(ahead)).await;
    }
    reach(node, env, &block.header).await;
    results_agree(node, &block.header).await && names_who_follow(node, &block.header).await
}

/// Waits until this node has executed what a header certifies. Whoever drafted it has the votes that made that final, and
/// may be the last to tell: if each of too many others lacked them, none would vote for the block that tells. So they are
/// asked for.
async fn reach(node: &Node, env: &dyn Env, header: &Header) {
    loop {
        tokio::select! {
            biased;
            () = node.find(|tip| (tip.height >= header.executed_height).then_some(())) => return,
            () = env.sleep(PATIENCE) => {}
        }
        // What made one of these final made all before it final: K of them at most.
        (header.executed_height..header.height).for_each(|height| env.fetch_certificate(height));
    }
}

/// What can be said of a block on its parent without any state, but for the signatures of its calls.
pub(crate) fn check_block(block: &Block, parent: &Header, chain_id: Hash, epochs: Epochs) -> Result<(), String> {
    check_header(block, parent, chain_id, epochs).and_then(|()| check_calls(block, chain_id))
}

fn check_header(block: &Block, parent: &Header, chain_id: Hash, epochs: Epochs) -> Result<(), String> {
    let h = &block.header;
    let refuse = |ok: bool, why: &str| if ok { Ok(()) } else { Err(why.to_string()) };
    refuse(h.chain_id == chain_id, "it is of another ledger")?;
    refuse(h.epoch == epochs.of(h.height), "it is of another epoch")?;
    refuse(
        h.next_committee == Hash::ZERO || epochs.ends_with(h.height),
        "it names other validators before the end of its epoch",
    )?;
    refuse(h.height == parent.height + 1 && h.parent == parent.hash(), "it does not follow its parent")?;
    refuse(h.protocol_version == Genesis::PROTOCOL_VERSION, "it is of another protocol version")?;
    refuse(h.time_ms > parent.time_ms, "its time does not come after its parent's")?;
    refuse(h.transaction_count as usize == block.transactions.len(), "it counts its calls wrongly")?;
    refuse(block.transactions.len() <= BLOCK_TRANSACTIONS, "it has too many calls")?;
    refuse(
        block.transactions.iter().map(Block::bytes_of).sum::<usize>() <= BLOCK_BYTES,
        "its calls have too many bytes",
    )?;
    let e = h.executed_height;
    refuse(e < h.height && e + EXECUTION_LAG >= h.height, "it certifies results outside the window")?;
    refuse(e >= parent.executed_height, "it certifies older results than its parent")
}

/// For this ledger, not expired, no call twice.
fn check_calls(block: &Block, chain_id: Hash) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for tx in &block.transactions {
        check_envelope(tx, chain_id, block.header.height).map_err(|r| r.to_string())?;
        if !seen.insert(tx.id()) {
            return Err(format!("the call {} stands twice", tx.id()));
        }
    }
    Ok(())
}

/// Those that the pool did not check.
fn check_signatures(node: &Node, env: &dyn Env, block: &Block) -> Result<(), String> {
    let pool = node.pool();
    let unchecked: Vec<_> = block.transactions.iter().filter(|t| !pool.holds(t.id(), t.hash())).cloned().collect();
    drop(pool);
    match unchecked.is_empty() || signature::verify_all(unchecked.iter(), &mut env.rng()) {
        true => Ok(()),
        false => Err("a call's signature is wrong".into()),
    }
}

/// Whether the results that a header names are these.
pub(super) fn certifies(header: &Header, results: &Results) -> bool {
    (header.state_root, header.results_root) == (results.outcome.state_root, results.results_root)
}

/// What was executed has results.
pub(super) fn no_results(height: u64) -> StoreError {
    StoreError::Damaged(format!("the results of block {height} are missing"))
}

/// Whether a header says of the next committee what the state does; what the header certifies must be executed here.
async fn names_who_follow(node: &Node, header: &Header) -> bool {
    match node.next_committee(header.height) {
        Ok(next) if next == header.next_committee => true,
        Ok(next) => {
            let found = header.next_committee;
            tracing::warn!("block {} is refused: it names the next committee {found}, not {next}", header.height);
            false
        }
        // As below: the verdict is left to others.
        Err(why) => {
            node.fail(format!("block {} cannot be judged: {why}", header.height));
            std::future::pending().await
        }
    }
}

/// Whether what the header certifies is what it led to here, where it is executed.
pub(super) async fn results_agree(node: &Node, header: &Header) -> bool {
    match node.store.results(header.executed_height) {
        Ok(Some(ours)) if certifies(header, &ours) => true,
        Ok(Some(ours)) => {
            tracing::error!(
                "block {} says that block {} led to the state {} and all to {}; here it led to {} and {}",
                header.height,
                header.executed_height,
                header.state_root,
                header.results_root,
                ours.outcome.state_root,
                ours.results_root
            );
            false
        }
        // The node cannot read what it wrote: it leaves the verdict to others, and stops.
        missing => {
            let why = missing.err().unwrap_or_else(|| no_results(header.executed_height));
            node.fail(format!("block {} cannot be judged: {why}", header.height));
            std::future::pending().await
        }
    }
}
