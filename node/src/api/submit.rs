//! A call from the edge to its end.

use super::{facts::of_call, ledger::decode};
use crate::core::{End, Node, Outcome, Submitted, internal};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use stint_proto::{
    CallId, Code, Refusal, Transaction, commons_name,
    limits::UNKNOWN_KEYS,
    quoted, signature,
    v1::{self, submit_response},
};
use stint_runtime::{State, key_of_commons};
use tokio::sync::Semaphore;

/// How long an unknown key or commons is given to become known: what made it may be final on another
/// node and not yet executed here.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Places for those who wait for that.
static WAITING: Semaphore = Semaphore::const_new(UNKNOWN_KEYS);

/// Hands a call in and waits until it is final. Dropping the future loses nothing: the call goes
/// on, and its receipt can be asked for.
pub async fn submit(node: &Arc<Node>, tx: Transaction) -> Outcome {
    let id = tx.id();
    match ended(node, tx).await {
        Ok(end) => node.outcome(id, end),
        Err(refusal) => Outcome::Refused(refusal),
    }
}

/// The same for those who read the receipt later.
async fn ended(node: &Arc<Node>, tx: Transaction) -> Result<End, Refusal> {
    match hand_in(node, tx).await? {
        Submitted::Final => Ok(End::Final),
        Submitted::Waiting(end) => end.await.map_err(|_| stopping()),
    }
}

/// How a call ended, its receipt left where it is kept: who waits for many, or does not read what it asked for, holds no
/// large ones.
pub struct Ended {
    /// As it was named, also by what is no call.
    named: (Bytes, Bytes),
    end: Result<(CallId, End), Refusal>,
}

impl Ended {
    /// Hands a call in and waits.
    pub async fn of(node: &Arc<Node>, request: v1::SubmitRequest) -> Ended {
        let named = request.transaction.as_ref().map(|t| (t.key.clone(), t.id.clone())).unwrap_or_default();
        let tx = request.transaction.ok_or_else(|| invalid("the request holds no transaction"));
        let tx = tx.and_then(|t| Transaction::try_from(t).map_err(|e| invalid(&e.to_string())));
        let end = match tx {
            Ok(tx) => {
                let id = tx.id();
                ended(node, tx).await.map(|end| (id, end))
            }
            Err(refusal) => Err(refusal),
        };
        Ended { named, end }
    }

    /// Reads the receipt.
    pub fn answer(self, node: &Node) -> v1::SubmitResponse {
        use submit_response::Outcome as Wire;
        let outcome = match self.end {
            Ok((id, end)) => node.outcome(id, end),
            Err(refusal) => Outcome::Refused(refusal),
        };
        let outcome = match outcome {
            Outcome::Receipt(bytes) => decode(&bytes).map_or_else(|r| Wire::Refused(r.into()), Wire::Receipt),
            Outcome::Refused(refusal) => Wire::Refused(refusal.into()),
            Outcome::Expired(height) => Wire::ExpiredAt(height),
        };
        let (key, id) = self.named;
        v1::SubmitResponse { key, id, outcome: Some(outcome) }
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(Code::InvalidArgument, "transaction", message)
}

async fn hand_in(node: &Arc<Node>, tx: Transaction) -> Result<Submitted, Refusal> {
    if let Some(why) = node.failure() {
        return Err(Refusal::new(Code::Unavailable, "node-stopped", format!("this node has stopped: {why}")));
    }
    commons_name(&tx.call().commons).map_err(|m| Refusal::new(Code::InvalidArgument, "commons", m))?;
    if let Some(refusal) = unknown(node, &tx)? {
        // Only a caller who holds the key may make a node wait.
        signature::verify(&tx)?;
        // With many waiting already, what nobody knows is most likely what nobody will.
        let Ok(_waiting) = WAITING.try_acquire() else { return Err(refusal) };
        let known = node.find(|_| unknown(node, &tx).is_ok_and(|u| u.is_none()).then_some(()));
        if tokio::time::timeout(PATIENCE, known).await.is_err() {
            return Err(unknown(node, &tx)?.unwrap_or(refusal));
        }
    }
    let valid_until = tx.call().valid_until;
    node.submit(tx).map_err(|refusal| of_call(node, refusal, valid_until))
}

/// What of a call the ledger does not know: its key, or its commons.
fn unknown(node: &Node, tx: &Transaction) -> Result<Option<Refusal>, Refusal> {
    let (key, commons) = (tx.id().key, &tx.call().commons);
    if !node.knows_key(&key)? {
        return Ok(Some(unknown_key(&key)));
    }
    let founded = node.store.state_at(node.tip().height).get(&key_of_commons(commons));
    Ok(founded.map_err(|e| node.unreadable(&e))?.is_none().then(|| unknown_commons(commons)))
}

fn unknown_commons(commons: &str) -> Refusal {
    let message = format!(
        "there is no commons {} on this ledger; stint.v1.Kernel/ListCommons lists those that there are",
        quoted(commons)
    );
    let mut refusal = Refusal::new(Code::NotFound, "commons", message);
    refusal.details = [("commons".to_string(), commons.to_string())].into();
    refusal
}

fn unknown_key(key: &[u8; 32]) -> Refusal {
    let message = format!(
        "no agent of this ledger holds the key {}; a steward admits agents with stint.v1.Kernel/Admit",
        hex::encode(key)
    );
    Refusal::new(Code::Unauthenticated, "unknown-key", message)
}

fn stopping() -> Refusal {
    let message = "this node is stopping; send the same call to another node: it is executed at most once";
    Refusal::new(Code::Unavailable, "node-stopped", message)
}

/// Runs something that computes or reads from disk where it does not hold up the edge.
pub async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(f).await.unwrap_or_else(|e| Err(internal(&e)))
}

/// The same, as one of those that may run at once. For streams: a reader that takes nothing is not asked whether it goes
/// on, so what it waits for must neither keep a turn nor hold one up; a task of its own does not.
pub async fn in_turn<T: Send + 'static>(
    turns: Arc<Semaphore>,
    f: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let task = tokio::spawn(async move {
        let turn = turns.acquire_owned().await.map_err(|_| stopping())?;
        blocking(move || {
            let _turn = turn;
            f()
        })
        .await
    });
    task.await.unwrap_or_else(|e| Err(internal(&e)))
}
