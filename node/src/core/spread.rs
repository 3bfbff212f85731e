//! Telling the other validators of calls, and hearing of theirs.
//!
//! A message is a list of transactions, each behind its size in 4 bytes. Nothing is promised: a
//! call that is lost on the way still waits in the pool of the validator that took it, and is
//! ordered when its turn to lead comes.
//!
//! Signatures take long to check: who tells of a call that its sender did not sign is not listened to any more, for an
//! honest validator has checked what it tells (`ear.rs`).

use super::{Node, ear::Queue};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::{sync::Arc, time::Duration};
use stint_consensus::Env;
use stint_proto::{Transaction, limits::KERNEL_TRANSACTION_BYTES, signature};

/// A message is sent when it has this many bytes; only a single large call makes it larger.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Time between messages, so that calls travel together under load.
const PAUSE: Duration = Duration::from_millis(2);

/// Spreads what comes in here.
pub async fn run(node: Arc<Node>, env: Arc<dyn Env>) {
    // The task of an engine that was put together anew waits for the end of the one before.
    let mut calls = node.spread.lock().await;
    while let Some(first) = calls.recv().await {
        let mut message = BytesMut::new();
        let mut next = Some(first);
        while let Some(tx) = next {
            message.put_u32(tx.bytes().len() as u32);
            message.put_slice(tx.bytes());
            next = if message.len() < MESSAGE_BYTES { calls.try_recv().ok() } else { None };
        }
        env.broadcast(message.freeze());
        env.sleep(PAUSE).await;
    }
}

/// Checks what came from others and takes what is right.
pub async fn check(node: Arc<Node>, env: Arc<dyn Env>, mut queue: Queue) {
    while let Some((from, message)) = queue.next().await {
        let mut new = decode(message);
        {
            let pool = node.pool();
            new.retain(|t| !pool.holds(t.id(), t.hash()));
        }
        let height = node.tip().height + 1;
        new.retain(|t| super::node::check_envelope(t, node.chain_id, height).is_ok());
        // Keys are free, so that nobody fills the pool with calls of keys that the ledger does not know. One that it came
        // to know just now waits in the pool of the validator that took its call.
        new.retain(|t| node.knows_key(&t.id().key).unwrap_or(false));
        // Executed before: not to be ordered again, nor worth a check.
        let is_new = |t: &Transaction| match node.store.locate(t.id()) {
            Ok(found) => found.is_none(),
            Err(e) => {
                node.unreadable(&e);
                false
            }
        };
        new.retain(is_new);
        // The first that is not signed tells enough of its teller.
        if !new.is_empty()
            && !signature::verify_all(new.iter(), &mut env.rng())
            && let Some(forged) = new.iter().position(|t| signature::verify(t).is_err())
        {
            new.truncate(forged);
            queue.shut_out(from);
        }
        // Nor what was executed meanwhile.
        new.retain(is_new);
        for tx in new {
            // A full pool here leaves the call to the validator that took it.
            let _ = node.take(vec![tx], false);
        }
    }
}

/// The calls of a message, up to the first that is none.
fn decode(mut message: Bytes) -> Vec<Transaction> {
    let mut out = Vec::new();
    while message.len() >= 4 {
        let size = message.get_u32() as usize;
        if size > message.len() || size > KERNEL_TRANSACTION_BYTES {
            break;
        }
        match Transaction::decode(message.split_to(size)) {
            Ok(tx) => out.push(tx),
            Err(_) => break,
        }
    }
    out
}
