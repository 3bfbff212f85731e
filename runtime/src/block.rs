//! A block's calls, one after the other.

use crate::{
    Contracts, Overlay, RuntimeError, State, Writes,
    command::{self, Command},
    invoke::Invoked,
    kernel,
    session::Session,
};
use bytes::Bytes;
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use stint_proto::{
    CallId, Code, Hash, Refusal, Transaction, hash_parts,
    limits::{BLOCK_FUEL, BLOCK_RECEIPT_BYTES},
    merkle, quoted,
    receipt::apart,
    v1,
};

/// Where and when a block is executed.
#[derive(Clone, Copy, Debug)]
pub struct BlockContext {
    /// Its height.
    pub height: u64,
    /// Its time, milliseconds since 1970, UTC.
    pub time_ms: u64,
}

/// What a block did.
#[derive(Debug, Default, PartialEq)]
pub struct BlockResult {
    /// One for each call, in order; encoded as they are stored.
    pub receipts: Vec<Bytes>,
    /// Their leaves under the receipts root.
    pub leaves: Vec<Hash>,
    /// Calls that took effect or were refused for good: all but repetitions.
    pub effective: Vec<(CallId, u32)>,
    /// All writes.
    pub writes: Writes,
    /// Fuel of all calls.
    pub fuel_used: u64,
}

impl BlockResult {
    /// The root over the receipts.
    pub fn receipts_root(&self) -> Hash {
        merkle::of_leaves(&self.leaves)
    }
}

/// Executes the calls of a final block over the state of its parent. `executed_before` says whether
/// a call already has a receipt from an earlier block.
pub fn execute_block(
    contracts: &Contracts,
    state: Arc<dyn State>,
    context: BlockContext,
    transactions: &[Transaction],
    executed_before: impl Fn(CallId) -> Result<bool, RuntimeError>,
) -> Result<BlockResult, RuntimeError> {
    let mut overlay = Overlay::new(state);
    let mut result = BlockResult::default();
    let mut in_this_block = BTreeSet::new();
    let mut receipt_bytes = 0;
    let mut quotas = BTreeMap::new();
    for (index, tx) in transactions.iter().enumerate() {
        let index = index as u32;
        let repeated = !in_this_block.insert(tx.id()) || executed_before(tx.id())?;
        let fuel_left = BLOCK_FUEL - result.fuel_used;
        let commons = &tx.call().commons;
        if !quotas.contains_key(commons) {
            quotas.insert(commons, kernel::quota(&overlay, commons)?.block_fuel);
        }
        let quota_left = quotas.get(commons).copied().unwrap_or(fuel_left);
        let receipt = if repeated {
            refused(repetition(tx), 0)
        } else if fuel_left == 0 {
            refused(block_full("block-fuel", &format!("{BLOCK_FUEL} units of fuel")), 0)
        } else if receipt_bytes >= BLOCK_RECEIPT_BYTES {
            refused(block_full("block-receipts", &format!("{BLOCK_RECEIPT_BYTES} bytes of receipts")), 0)
        } else if quota_left == 0 {
            refused(quota_used_up(commons), 0)
        } else {
            let (after, done) = execute(contracts, overlay, context, tx, fuel_left.min(quota_left))?;
            overlay = after;
            done
        };
        result.fuel_used += receipt.fuel_used;
        quotas.insert(commons, quota_left.saturating_sub(receipt.fuel_used));
        if !repeated {
            result.effective.push((tx.id(), index));
        }
        let receipt = finish(receipt, tx, context, index);
        let encoded = receipt.encode_to_vec();
        receipt_bytes += encoded.len();
        result.receipts.push(encoded.into());
        result.leaves.push(apart(receipt).leaf());
    }
    kernel::elect(&mut overlay, context.height)?;
    result.writes = overlay.into_writes();
    Ok(result)
}

/// One call: over a layer of its own, kept or dropped as a whole.
fn execute(
    contracts: &Contracts,
    mut overlay: Overlay,
    block: BlockContext,
    tx: &Transaction,
    fuel_left: u64,
) -> Result<(Overlay, v1::Receipt), RuntimeError> {
    let call = tx.call();
    if call.valid_until < block.height {
        let message = format!("the call was valid until height {}; this is height {}", call.valid_until, block.height);
        return Ok((overlay, refused(Refusal::new(Code::DeadlineExceeded, "expired", message), 0)));
    }
    let Some(signer) = kernel::agent_of_key(&overlay, &call.call_id.key)? else {
        return Ok((overlay, refused(unknown_key(tx), 0)));
    };
    overlay.open();
    let mut session = Session::of_signer(contracts, overlay, block, signer);
    session.call_id = [&call.call_id.key[..], &call.call_id.id].concat();
    session.chain_id = call.chain_id;
    let command = Command {
        commons: &call.commons,
        method: &call.method,
        request: &call.request,
        fuel_limit: call.fuel_limit,
        fuel_left,
    };
    let Invoked { session, result, fuel_used } = command::run(session, &command)?;
    Ok(close(session, result, fuel_used))
}

/// Keeps or drops the call's layer and writes the receipt's heart.
fn close(session: Session, result: Result<Vec<u8>, Refusal>, fuel_used: u64) -> (Overlay, v1::Receipt) {
    let Session { mut overlay, events, contracts, .. } = session;
    match result {
        Ok(response) => {
            let writes_hash = writes_hash(overlay.pending());
            kernel::prepare(&contracts, overlay.pending());
            overlay.keep();
            (overlay, v1::Receipt { response: response.into(), events, fuel_used, writes_hash, ..Default::default() })
        }
        Err(refusal) => {
            overlay.drop_layer();
            (overlay, refused(refusal, fuel_used))
        }
    }
}

/// SHA-256 over `key size [4] | key | 1 | value size [4] | value`, or `… | 0` for a deletion.
fn writes_hash(writes: &Writes) -> Bytes {
    if writes.is_empty() {
        return Bytes::new();
    }
    let mut all = Vec::new();
    for (key, value) in writes {
        all.extend_from_slice(&(key.len() as u32).to_be_bytes());
        all.extend_from_slice(key);
        match value {
            Some(v) => {
                all.push(1);
                all.extend_from_slice(&(v.len() as u32).to_be_bytes());
                all.extend_from_slice(v);
            }
            None => all.push(0),
        }
    }
    Bytes::copy_from_slice(&hash_parts(&[&all]).0)
}

fn refused(refusal: Refusal, fuel_used: u64) -> v1::Receipt {
    v1::Receipt { refusal: Some(refusal.into()), fuel_used, ..Default::default() }
}

fn finish(receipt: v1::Receipt, tx: &Transaction, block: BlockContext, index: u32) -> v1::Receipt {
    let copy = |b: &[u8]| Bytes::copy_from_slice(b);
    v1::Receipt {
        key: copy(&tx.id().key),
        id: copy(&tx.id().id),
        transaction_hash: copy(&tx.hash().0),
        height: block.height,
        index,
        ..receipt
    }
}

/// The rule that refuses a call which was ordered before.
const REPEATED: &str = "repeated";

/// True for the receipt of a call that was ordered before: the first one holds. A contract may name
/// its rules as it likes, but nothing that it does is free.
pub fn is_repetition(receipt: &v1::Receipt) -> bool {
    receipt.fuel_used == 0 && receipt.refusal.as_ref().is_some_and(|r| r.rule == REPEATED)
}

fn repetition(tx: &Transaction) -> Refusal {
    Refusal::new(
        Code::AlreadyExists,
        REPEATED,
        format!("the call {} was ordered before; its first receipt holds", tx.id()),
    )
}

fn block_full(rule: &str, what: &str) -> Refusal {
    let message = format!("the calls before this one used up the block's {what}; send it again under a new id");
    Refusal::new(Code::ResourceExhausted, rule, message)
}

fn quota_used_up(commons: &str) -> Refusal {
    let message = format!(
        "the calls before this one used up the fuel that {} may burn in a block; send it again under a new id, or ask the consortium for a larger quota",
        quoted(commons)
    );
    Refusal::new(Code::ResourceExhausted, "quota", message)
}

fn unknown_key(tx: &Transaction) -> Refusal {
    let key = Hash(tx.id().key);
    let message =
        format!("no agent of this ledger holds the key {key}; a steward admits agents with stint.v1.Kernel/Admit");
    Refusal::new(Code::Unauthenticated, "unknown-key", message)
}
