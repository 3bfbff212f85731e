//! The door: how many connections there are, and how long one may stand in it without a word.
//!
//! Open files are what a node needs to read and write its own data, so connections never take all of them.

use futures::{Stream, StreamExt};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use stint_proto::limits::{CONNECTIONS, GREETING_MS, QUERIES_OF_ONE};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, futures::OwnedNotified},
    time::{Sleep, sleep},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::server::Connected;

/// Open files that a node needs beside its connections: RocksDB's 1,024, the engine's, code, peers.
const OWN_FILES: u64 = 2_048;
/// Connections that are taken however few files may be open.
const LEAST: usize = 64;
/// What every client sends first, by RFC 9113.
const PREFACE_BYTES: usize = 24;

/// Connections as they come; those above the bound are closed at once, so that their clients try another node.
pub fn incoming(listener: TcpListener) -> impl Stream<Item = io::Result<Guest>> {
    let places = Arc::new(Semaphore::new(places()));
    TcpListenerStream::new(listener).filter_map(move |stream| {
        let guest = match stream {
            Ok(stream) => places.clone().try_acquire_owned().ok().map(|place| Ok(Guest::new(stream, place))),
            Err(e) => Some(Err(e)),
        };
        std::future::ready(guest)
    })
}

/// How many there may be, after asking the system for as many open files as it gives.
fn places() -> usize {
    let wanted = OWN_FILES + CONNECTIONS as u64;
    let files = rlimit::increase_nofile_limit(wanted).unwrap_or(OWN_FILES);
    let places = (files.saturating_sub(OWN_FILES) as usize).clamp(LEAST, CONNECTIONS);
    if places < CONNECTIONS {
        tracing::warn!(
            "{files} files may be open, so {places} connections are taken; for {CONNECTIONS}: ulimit -n {wanted}"
        );
    }
    places
}

/// What all requests of one connection share.
#[derive(Clone)]
pub struct Visit {
    /// Of its questions; who asks more at once waits for itself and not for others.
    pub turns: Arc<Semaphore>,
    /// Told when it does not take what it asked for: it is sent away.
    late: Arc<Notify>,
}

impl Visit {
    /// Sends it away when an answer is still held after so long: a body that nobody reads is asked for nothing, so it
    /// cannot see the time pass.
    pub fn must_take<T: Send + Sync + 'static>(&self, answer: &Arc<T>, patience: Duration) {
        let (late, held) = (self.late.clone(), Arc::downgrade(answer));
        tokio::spawn(async move {
            sleep(patience).await;
            if held.strong_count() > 0 {
                late.notify_one();
            }
        });
    }

    /// A stream of large messages, each of which is to be taken before so long has passed twice.
    pub fn attended<S: Stream + Unpin>(self, mut stream: S, patience: Duration) -> impl Stream<Item = S::Item> {
        let attention = self.attend(patience);
        futures::stream::poll_fn(move |cx| {
            attention.take();
            let next = stream.poll_next_unpin(cx);
            if next.is_ready() {
                attention.give();
            }
            next
        })
    }

    /// The same for whoever gives them itself.
    pub fn attend(self, patience: Duration) -> Arc<Attention> {
        let attention = Arc::new(Attention::default());
        let (watched, late) = (Arc::downgrade(&attention), self.late);
        tokio::spawn(async move {
            let mut before = 0;
            loop {
                sleep(patience).await;
                let Some(attention) = watched.upgrade() else { return };
                let now = attention.untaken.load(Ordering::Relaxed);
                if now != 0 && now == before {
                    return late.notify_one();
                }
                before = now;
            }
        });
        attention
    }
}

/// Whether one stream's client takes what it is given, one message after the other.
#[derive(Default)]
pub struct Attention {
    given: AtomicU64,
    /// The number of the message that is not taken yet, or 0.
    untaken: AtomicU64,
}

impl Attention {
    /// One is on its way to the client.
    pub fn give(&self) {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        self.untaken.store(number, Ordering::Relaxed);
    }

    /// The client took it.
    pub fn take(&self) {
        self.untaken.store(0, Ordering::Relaxed);
    }
}

/// A connection with its place.
pub struct Guest {
    stream: TcpStream,
    /// Until its first words are read: how many bytes came, and when it is sent away.
    greeting: Option<(usize, Pin<Box<Sleep>>)>,
    visit: Visit,
    late: Pin<Box<OwnedNotified>>,
    _place: OwnedSemaphorePermit,
}

impl Guest {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Guest {
        // As a listener of tonic's own would.
        let _ = stream.set_nodelay(true);
        let patience = Box::pin(sleep(Duration::from_millis(GREETING_MS)));
        let visit = Visit { turns: Arc::new(Semaphore::new(QUERIES_OF_ONE)), late: Arc::default() };
        let late = Box::pin(visit.late.clone().notified_owned());
        Guest { stream, greeting: Some((0, patience)), visit, late, _place: place }
    }
}

impl AsyncRead for Guest {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.late.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some((heard, patience)) = &mut self.greeting {
            *heard += buf.filled().len() - before;
            if *heard >= PREFACE_BYTES {
                self.greeting = None;
            } else if patience.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        read
    }
}

impl AsyncWrite for Guest {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Guest {
    type ConnectInfo = Visit;

    fn connect_info(&self) -> Visit {
        self.visit.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn guest() -> (TcpStream, Guest) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        let mut guest = Guest::new(listener.accept().await.expect("a guest").0, place);
        client.write_all(&[1; PREFACE_BYTES]).await.expect("sent");
        guest.read_exact(&mut [0; PREFACE_BYTES]).await.expect("read");
        (client, guest)
    }

    const SHORT: Duration = Duration::from_millis(1);
    const LONGER: Duration = Duration::from_millis(20);
    /// Within which whoever is to be sent away is.
    const LIMIT: Duration = Duration::from_secs(30);

    /// Waits until a guest is sent away.
    async fn sent_away(guest: &mut Guest) {
        let read = tokio::time::timeout(LIMIT, guest.read_u8()).await.expect("sent away");
        assert_eq!(read.expect_err("nothing to read").kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_does_not_take_an_answer_is_sent_away_and_who_took_it_stays() {
        let ((_silent, mut idle), (mut client, mut guest)) = (guest().await, guest().await);
        let (held, taken) = (Arc::new(()), Arc::new(()));
        guest.visit.must_take(&taken, SHORT);
        drop(taken);
        idle.visit.must_take(&held, LONGER);
        sent_away(&mut idle).await;
        client.write_u8(7).await.expect("sent");
        assert_eq!(guest.read_u8().await.expect("still there"), 7);
    }

    #[tokio::test]
    async fn who_takes_no_more_of_a_stream_is_sent_away_and_who_waits_for_more_stays() {
        let ((_silent, mut idle), (mut client, mut guest)) = (guest().await, guest().await);
        let waits = futures::stream::iter([1]).chain(futures::stream::pending());
        let mut waits = Box::pin(guest.visit.clone().attended(Box::pin(waits), SHORT));
        assert_eq!(waits.next().await, Some(1));
        assert!(futures::poll!(waits.next()).is_pending());
        let mut ignored = Box::pin(idle.visit.clone().attended(futures::stream::iter([1, 2]), LONGER));
        assert_eq!(ignored.next().await, Some(1));
        sent_away(&mut idle).await;
        client.write_u8(7).await.expect("sent");
        assert_eq!(guest.read_u8().await.expect("still there"), 7);
    }
}
