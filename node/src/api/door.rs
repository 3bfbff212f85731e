//! The door: how many connections there are, and how long one may stand in it without a word.
//!
//! Open files are what a node needs to read and write its own data, so connections never take all of them.

use futures::{Stream, StreamExt};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use stint_proto::limits::{CONNECTIONS, GREETING_MS, QUERIES_OF_ONE};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
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
}

/// A connection with its place.
pub struct Guest {
    stream: TcpStream,
    /// Until its first words are read: how many bytes came, and when it is sent away.
    greeting: Option<(usize, Pin<Box<Sleep>>)>,
    visit: Visit,
    _place: OwnedSemaphorePermit,
}

impl Guest {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Guest {
        // As a listener of tonic's own would.
        let _ = stream.set_nodelay(true);
        let patience = Box::pin(sleep(Duration::from_millis(GREETING_MS)));
        let visit = Visit { turns: Arc::new(Semaphore::new(QUERIES_OF_ONE)) };
        Guest { stream, greeting: Some((0, patience)), visit, _place: place }
    }
}

impl AsyncRead for Guest {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
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
