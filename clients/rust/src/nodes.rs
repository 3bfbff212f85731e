//! The nodes of a ledger: one is asked, and when it does not answer, the next.
//!
//! 1. What is asked may be asked twice: a query changes nothing, and a signed call is executed at most once.
//! 2. With patience, an answer to a query is never older than one that was given before: a node that lags is passed over.
//! 3. A node that is reached but silent is left after [`ATTEMPT`]; the question goes to another one.

use crate::{
    ClientError, Refused,
    wire::{RawCodec, metadata},
};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::uri::PathAndQuery;
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};
use stint_proto::{Code, Refusal, limits::MODULE_BYTES};
use tokio::time::{Instant, sleep, timeout};
use tonic::{
    Request,
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

/// How long a caller waits unless it says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long one node may be silent: a busy ledger is final within one second, a change of leader takes a few.
pub const ATTEMPT: Duration = Duration::from_secs(15);
/// Between two attempts: so long at first, twice as long each time, but no longer than the second.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that leads nowhere is noticed without traffic.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// A page of state, or a simulation with all that it read and wrote.
pub(crate) const LARGEST_ANSWER: usize = 80 << 20;

/// What is asked, encoded.
pub(crate) struct Question {
    /// `/package.Service/Method`
    pub path: PathAndQuery,
    pub message: Bytes,
    pub metadata: MetadataMap,
    /// An answer from a state older than one that was seen counts as none.
    pub fresh: bool,
}

impl Question {
    pub fn new(method: &str, message: Bytes) -> Result<Question, ClientError> {
        let shape = || ClientError::Meaningless(format!("{method:?} is no method; /package.Service/Method is one"));
        let path = Some(method).filter(|m| m.starts_with('/')).and_then(|m| PathAndQuery::try_from(m).ok());
        Ok(Question { path: path.ok_or_else(shape)?, message, metadata: MetadataMap::new(), fresh: false })
    }
}

/// What a node answered, encoded.
pub(crate) struct Reply {
    pub message: Bytes,
    pub metadata: MetadataMap,
}

impl Reply {
    /// Of a command its block; of a query the state that was read; 0 where neither is told.
    pub fn height(&self) -> u64 {
        metadata::height(&self.metadata).unwrap_or(0)
    }
}

/// Connections to all nodes that are known; each is made when it is needed.
pub(crate) struct Nodes {
    all: Vec<(String, Channel)>,
    current: AtomicUsize,
    newest: AtomicU64,
}

impl Nodes {
    pub fn new(addresses: Vec<String>) -> Result<Nodes, ClientError> {
        let open = |address: String| {
            let shape = |e: tonic::transport::Error| {
                let error = format!("it is no address and port, for example 127.0.0.1:36981: {}", root_cause(&e));
                ClientError::Unreachable { address: address.clone(), error }
            };
            let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(shape)?;
            let endpoint =
                endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).http2_keep_alive_interval(KEEPALIVE);
            Ok((address, endpoint.connect_lazy()))
        };
        let all = addresses.into_iter().map(open).collect::<Result<Vec<_>, ClientError>>()?;
        if all.is_empty() {
            let what = "no node is named; name one or more, for example 127.0.0.1:36981";
            return Err(ClientError::Meaningless(what.into()));
        }
        Ok(Nodes { all, current: AtomicUsize::new(0), newest: AtomicU64::new(0) })
    }

    pub fn addresses(&self) -> Vec<String> {
        self.all.iter().map(|(address, _)| address.clone()).collect()
    }

    /// The address and the connection that are used now.
    pub fn current(&self) -> (&str, Channel) {
        let (address, channel) = &self.all[self.current.load(Ordering::Relaxed)];
        (address, channel.clone())
    }

    /// The newest height of which any answer told.
    pub fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Remembers that a height is final.
    pub fn saw(&self, height: u64) {
        self.newest.fetch_max(height, Ordering::Relaxed);
    }

    /// Asks the next node from now on, unless another task has moved on already.
    pub fn leave(&self, address: &str) {
        let at = self.current.load(Ordering::Relaxed);
        if self.all[at].0 == address {
            let next = (at + 1) % self.all.len();
            let _ = self.current.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Asks one node after the other until one answers; without patience, one node once.
    pub async fn ask(&self, question: &Question, patience: Option<Duration>) -> Result<Reply, ClientError> {
        self.try_each(patience, |channel| {
            Box::pin(async move {
                let reply = unary(channel, question).await?;
                let lags = question.fresh && patience.is_some() && reply.height() < self.newest();
                self.saw(reply.height());
                Ok((!lags).then_some(reply))
            })
        })
        .await
    }

    /// Does something with one node after the other until it has an answer; `None` stands for one that lags. Without
    /// patience, with one node once.
    pub async fn try_each<'a, T>(
        &'a self,
        patience: Option<Duration>,
        once: impl Fn(Channel) -> BoxFuture<'a, Result<Option<T>, Refused>>,
    ) -> Result<T, ClientError> {
        let Some(patience) = patience else {
            let lags = || ClientError::Protocol("it lags behind what was seen".into());
            return once(self.current().1).await.map_err(ClientError::Refused)?.ok_or_else(lags);
        };
        let end = Instant::now() + patience;
        let (mut pause, mut doubts, mut last) = (PAUSE, 0, "none of them was reached".to_string());
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ClientError::Unanswered { patience, last, call: None });
            }
            let (address, channel) = self.current();
            match timeout(left.min(ATTEMPT), once(channel)).await {
                Ok(Ok(Some(answer))) => return Ok(answer),
                Ok(Ok(None)) => last = format!("{address} lags behind"),
                Err(_) => last = format!("{address} is silent"),
                Ok(Err(refused)) => {
                    doubts += usize::from(refused.is_of_one_node());
                    let doubtful = refused.is_of_one_node() && doubts < self.all.len();
                    // What every node says is so.
                    if !refused.is_transient() && !doubtful {
                        return Err(ClientError::Refused(refused));
                    }
                    last = format!("{address}: {refused}");
                }
            }
            self.leave(address);
            sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}

async fn unary(channel: Channel, question: &Question) -> Result<Reply, Refused> {
    let mut grpc = tonic::client::Grpc::new(channel)
        .max_decoding_message_size(LARGEST_ANSWER)
        .max_encoding_message_size(2 * MODULE_BYTES);
    grpc.ready().await.map_err(|e| Refused::from(Refusal::new(Code::Unavailable, "", root_cause(&e))))?;
    let mut request = Request::new(question.message.clone());
    *request.metadata_mut() = question.metadata.clone();
    let answer = grpc.unary(request, question.path.clone(), RawCodec).await;
    let (metadata, message, _) = answer.map_err(|status| of_status(&status))?.into_parts();
    Ok(Reply { message, metadata })
}

/// A status; where the way broke, with what broke it.
pub(crate) fn of_status(status: &tonic::Status) -> Refused {
    let mut refused = Refused::from(status);
    if refused.rule.is_empty() && std::error::Error::source(status).is_some() {
        refused.message = root_cause(status);
    }
    refused
}

fn root_cause(e: &dyn std::error::Error) -> String {
    let mut cause = e;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(count: usize) -> Nodes {
        Nodes::new((1..=count).map(|n| format!("127.0.0.1:{n}")).collect()).unwrap()
    }

    fn refused(code: Code, rule: &str) -> Refused {
        Refusal::new(code, rule, "no").into()
    }

    /// How often three nodes are asked that say so, and how it ends.
    async fn ask(says: impl Fn(usize) -> Result<Option<u8>, Refused>) -> (usize, Result<u8, ClientError>) {
        let (nodes, asked) = (nodes(3), AtomicUsize::new(0));
        let end = nodes.try_each(Some(Duration::from_secs(600)), |_| {
            let said = says(asked.fetch_add(1, Ordering::Relaxed));
            Box::pin(std::future::ready(said))
        });
        let end = end.await;
        (asked.load(Ordering::Relaxed), end)
    }

    #[tokio::test]
    async fn others_are_asked_for_as_long_as_they_may_say_otherwise() {
        let broken = |n| if n < 4 { Err(refused(Code::Unavailable, "")) } else { Ok(Some(7)) };
        assert!(matches!(ask(broken).await, (5, Ok(7))));
        let lags = |n| Ok((n > 1).then_some(7));
        assert!(matches!(ask(lags).await, (3, Ok(7))));
        // What one node says that lags behind is believed when all say so.
        let (asked, end) = ask(|_| Err(refused(Code::Unauthenticated, "unknown-key"))).await;
        assert!(asked == 3 && matches!(end, Err(ClientError::Refused(r)) if r.rule == "unknown-key"));
        let (asked, end) = ask(|_| Err(refused(Code::NotFound, "service"))).await;
        assert!(asked == 1 && matches!(end, Err(ClientError::Refused(r)) if r.rule == "service"));
    }

    #[tokio::test]
    async fn a_silent_node_is_left_and_patience_ends() {
        let nodes = nodes(2);
        assert_eq!(nodes.current().0, "127.0.0.1:1");
        let none = nodes.try_each::<()>(Some(Duration::from_millis(50)), |_| Box::pin(std::future::pending()));
        let Err(ClientError::Unanswered { last, call: None, .. }) = none.await else { panic!("nobody answered") };
        assert_eq!((last.as_str(), nodes.current().0), ("127.0.0.1:1 is silent", "127.0.0.1:2"));
        nodes.leave("127.0.0.1:1");
        assert_eq!(nodes.current().0, "127.0.0.1:2", "another task moved on already");
        assert!(Nodes::new(vec!["no address".into()]).is_err() && Nodes::new(Vec::new()).is_err());
    }
}
