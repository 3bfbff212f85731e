//! Hands many calls in over one stream, and goes on by another node when that one falls silent.
//! A call is sent again, as it was signed, until its end is known: it is executed at most once.

use crate::client::{Client, ClientError};
use futures::StreamExt;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};
use stint_proto::{
    CallId, Transaction,
    v1::{self, Receipt, submit_response::Outcome},
};
use tokio::sync::mpsc;

/// Calls under way. More would only wait in the pool.
const UNDER_WAY: usize = 512;
/// A node that is silent for this long while calls are under way is left for another.
const SILENCE: Duration = Duration::from_secs(10);
/// How long no node may answer before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(300);

/// How one call ended.
pub struct Ended {
    /// The number that the caller gave it.
    pub number: u64,
    /// Its receipt, or why there is none.
    pub receipt: Result<Box<Receipt>, String>,
    /// From the first sending to the answer.
    pub took: Duration,
}

/// A call that may have to be signed again: with a new id, or for later heights.
pub trait Source {
    /// The next call's number and signature, valid from `height` on; `None` at the end.
    fn next(&mut self, client: &Client, height: u64) -> Option<Result<(u64, Transaction), super::Failure>>;
    /// Signs a call of this number again, under a new id.
    fn again(&mut self, number: u64, client: &Client, height: u64) -> Result<Transaction, super::Failure>;
}

struct UnderWay {
    number: u64,
    tx: Transaction,
    since: Instant,
}

/// Feeds all calls of a source to the nodes; `ended` learns how each one ended.
pub async fn feed(
    nodes: &[SocketAddr],
    source: &mut impl Source,
    mut ended: impl FnMut(Ended),
) -> Result<(), super::Failure> {
    let mut under_way: BTreeMap<CallId, UnderWay> = BTreeMap::new();
    let mut at = 0;
    let mut last_progress = Instant::now();
    loop {
        let node = nodes[at % nodes.len()];
        let (progress, result) = session(node, source, &mut under_way, &mut ended).await;
        if progress {
            last_progress = Instant::now();
        }
        match result {
            Ok(()) => return Ok(()),
            Err(Interrupted::Fatal(e)) => return Err(e),
            Err(Interrupted::Node(why)) => {
                if last_progress.elapsed() > PATIENCE {
                    return Err(format!("no node answers any more; the last one, {node}: {why}").into());
                }
                tracing::debug!("{node}: {why}; going on by the next node");
                at += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

enum Interrupted {
    /// Another node may do.
    Node(String),
    Fatal(super::Failure),
}

impl From<ClientError> for Interrupted {
    fn from(e: ClientError) -> Self {
        Interrupted::Node(e.to_string())
    }
}

/// Feeds one node until all is done or it falls silent. Says whether any call ended.
async fn session(
    node: SocketAddr,
    source: &mut impl Source,
    under_way: &mut BTreeMap<CallId, UnderWay>,
    ended: &mut impl FnMut(Ended),
) -> (bool, Result<(), Interrupted>) {
    let mut progress = false;
    let result = async {
        let client = Client::connect(node).await?;
        let mut height = client.status().await?.height;
        let (to_send, sending) = mpsc::channel(UNDER_WAY);
        let stream = tokio_stream::wrappers::ReceiverStream::new(sending);
        let answers = client.ledger().submit_stream(stream).await.map_err(ClientError::from)?;
        let mut answers = answers.into_inner();
        for call in under_way.values() {
            send(&to_send, &call.tx).await?;
        }
        let mut more = true;
        loop {
            while more && under_way.len() < UNDER_WAY {
                match source.next(&client, height) {
                    None => more = false,
                    Some(call) => {
                        let (number, tx) = call.map_err(Interrupted::Fatal)?;
                        launch(&to_send, under_way, UnderWay { number, tx, since: Instant::now() }).await?;
                    }
                }
            }
            if under_way.is_empty() {
                return Ok(());
            }
            let answer = tokio::time::timeout(SILENCE, answers.next()).await;
            let answer = answer.map_err(|_| Interrupted::Node("it is silent".into()))?;
            let answer =
                answer.ok_or_else(|| Interrupted::Node("it closed the stream".into()))?.map_err(ClientError::from)?;
            let Some(call) = call_id(&answer).and_then(|id| under_way.remove(&id)) else { continue };
            let (number, since) = (call.number, call.since);
            match judge(answer, &mut height) {
                Verdict::Ended(receipt) => {
                    progress = true;
                    ended(Ended { number, receipt, took: since.elapsed() });
                }
                Verdict::SendAgain => {
                    tokio::time::sleep(PAUSE).await;
                    launch(&to_send, under_way, call).await?;
                }
                Verdict::SignAgain => {
                    let tx = source.again(number, &client, height).map_err(Interrupted::Fatal)?;
                    launch(&to_send, under_way, UnderWay { number, tx, since }).await?;
                }
                Verdict::OtherNode(why) => {
                    under_way.insert(call.tx.id(), call);
                    return Err(Interrupted::Node(why));
                }
            }
        }
    };
    let result = result.await;
    (progress, result)
}

/// A call is under way before it is sent: where sending fails, the next session sends it again.
async fn launch(
    to_send: &mpsc::Sender<v1::SubmitRequest>,
    under_way: &mut BTreeMap<CallId, UnderWay>,
    call: UnderWay,
) -> Result<(), Interrupted> {
    let tx = call.tx.clone();
    under_way.insert(tx.id(), call);
    send(to_send, &tx).await
}

async fn send(to_send: &mpsc::Sender<v1::SubmitRequest>, tx: &Transaction) -> Result<(), Interrupted> {
    let request = v1::SubmitRequest { transaction: Some(tx.into()) };
    to_send.send(request).await.map_err(|_| Interrupted::Node("it closed the stream".into()))
}

fn call_id(answer: &v1::SubmitResponse) -> Option<CallId> {
    Some(CallId { key: answer.key[..].try_into().ok()?, id: answer.id[..].try_into().ok()? })
}

enum Verdict {
    Ended(Result<Box<Receipt>, String>),
    /// The same call, a little later.
    SendAgain,
    /// The call is over without effect and may be made anew.
    SignAgain,
    OtherNode(String),
}

fn judge(answer: v1::SubmitResponse, height: &mut u64) -> Verdict {
    match answer.outcome {
        Some(Outcome::Receipt(receipt)) => {
            *height = receipt.height.max(*height);
            match &receipt.refusal {
                Some(r) if r.rule == "block-fuel" => Verdict::SignAgain,
                Some(r) => Verdict::Ended(Err(format!("{}: {}", r.rule, r.message))),
                None => Verdict::Ended(Ok(Box::new(receipt))),
            }
        }
        Some(Outcome::ExpiredAt(at)) => {
            *height = at.max(*height);
            Verdict::SignAgain
        }
        Some(Outcome::Refused(r)) => match r.rule.as_str() {
            "pool" => Verdict::SendAgain,
            "expired" => Verdict::SignAgain,
            "node-stopped" => Verdict::OtherNode(r.message),
            _ => Verdict::Ended(Err(format!("{}: {}", r.rule, r.message))),
        },
        None => Verdict::OtherNode("it answers without an outcome".into()),
    }
}
