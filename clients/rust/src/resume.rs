//! A stream that goes on whatever happens to the node it reads from: from the cursor of the last message, on the next
//! node that answers.
//!
//! A node that dies, stops, is silent, or has no place for another reader is left for the next one. What a node refuses
//! for good, such as a filter that means nothing, ends the stream with that refusal; what it no longer keeps does when
//! no node keeps it.

use crate::{Client, ClientError};
use futures::{Stream, future::BoxFuture};
use std::time::Duration;
use stint_proto::{Code, Refusal, limits::WATCH_PROGRESS_MS, v1};
use tonic::{Status, Streaming};

/// A node that says nothing for so long is taken for dead: it would have told its progress twice.
const SILENCE: Duration = Duration::from_millis(3 * WATCH_PROGRESS_MS);
/// Pause before the nodes are tried again, when none would have the stream: doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A message of a stream that resumes.
pub trait Resumable: Sized + Send + 'static {
    /// Where to go on behind it.
    fn next(&self) -> Option<v1::Cursor>;

    /// Begins such a stream at one node.
    fn open(client: &Client, asked: v1::WatchRequest) -> BoxFuture<'_, Result<Streaming<Self>, Status>>;
}

macro_rules! resumable {
    ($message:ident, $method:ident) => {
        impl Resumable for v1::$message {
            fn next(&self) -> Option<v1::Cursor> {
                self.next
            }

            fn open(client: &Client, asked: v1::WatchRequest) -> BoxFuture<'_, Result<Streaming<Self>, Status>> {
                Box::pin(async move { Ok(client.ledger().$method(asked).await?.into_inner()) })
            }
        }
    };
}

resumable!(WatchEventsResponse, watch_events);
resumable!(WatchReceiptsResponse, watch_receipts);
resumable!(WatchBlocksResponse, watch_blocks);

/// Reads from the first of these nodes that answers, and from the next one when that fails: each thing once and in
/// order, for ever. Messages of progress come too. Ends with an error when what is asked is refused.
pub fn resume<M: Resumable>(
    nodes: impl IntoIterator<Item: ToString>,
    asked: v1::WatchRequest,
) -> impl Stream<Item = Result<M, ClientError>> + Send {
    let nodes = nodes.into_iter().map(|n| n.to_string()).collect();
    let reader = Reader { nodes, asked, node: 0, open: None, pause: PAUSE, let_go: 0, over: false };
    futures::stream::unfold(reader, |mut reader| async move {
        if reader.over {
            return None;
        }
        let message = reader.message().await;
        reader.over = message.is_err();
        Some((message, reader))
    })
}

struct Reader<M> {
    nodes: Vec<String>,
    /// Its cursor moves with each message.
    asked: v1::WatchRequest,
    /// The one that is read, or tried next.
    node: usize,
    open: Option<Streaming<M>>,
    pause: Duration,
    /// Nodes in a row that no longer keep what is asked.
    let_go: usize,
    over: bool,
}

impl<M: Resumable> Reader<M> {
    async fn message(&mut self) -> Result<M, ClientError> {
        loop {
            let failed = match self.take().await {
                Ok(message) => {
                    // A message without a cursor is of a server that is no node.
                    let missing = || ClientError::Protocol("a message of a stream has no cursor".into());
                    self.asked.from = Some(message.next().ok_or_else(missing)?);
                    (self.pause, self.let_go) = (PAUSE, 0);
                    return Ok(message);
                }
                Err(failed) => failed,
            };
            self.open = None;
            match &failed {
                ClientError::Refused(r) if r.code == Code::OutOfRange => {
                    self.let_go += 1;
                    if self.let_go >= self.nodes.len() {
                        return Err(failed);
                    }
                }
                failed if failed.is_transient() => self.let_go = 0,
                _ => return Err(failed),
            }
            if self.nodes.is_empty() {
                return Err(failed);
            }
            self.node = (self.node + 1) % self.nodes.len();
            tokio::time::sleep(self.pause).await;
            self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        }
    }

    /// The next message of the open stream, which is opened if it is not.
    async fn take(&mut self) -> Result<M, ClientError> {
        if self.open.is_none() {
            let address = self.nodes.get(self.node).ok_or_else(|| ended("no node is named"))?;
            let opened = async {
                let client = Client::connect(address).await?;
                Ok::<_, ClientError>(M::open(&client, self.asked.clone()).await?)
            };
            let opened = tokio::time::timeout(SILENCE, opened).await.unwrap_or_else(|_| Err(ended("it is silent")));
            self.open = Some(opened?);
        }
        let Some(stream) = &mut self.open else { return Err(ended("it is not open")) };
        match tokio::time::timeout(SILENCE, stream.message()).await {
            Ok(Ok(Some(message))) => Ok(message),
            Ok(Ok(None)) => Err(ended("it ended")),
            Ok(Err(status)) => Err(status.into()),
            Err(_) => Err(ended("it is silent")),
        }
    }
}

fn ended(how: &str) -> ClientError {
    ClientError::Refused(Refusal::new(Code::Unavailable, "", format!("the node's stream: {how}")).into())
}
