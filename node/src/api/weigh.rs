//! What requests and answers under way weigh, all together: a client that sends half of many large messages, or reads
//! no answers, costs a node a bounded amount of memory.
//!
//! Questions of one connection are answered a few at once, so that one client's many are not before another's few.
//!
//! A request and its answer weigh what they have above [`LIGHT_BYTES`], so that whoever fills the scales does not keep
//! others from usual calls. Streams have bounds of their own, message by message, and are not weighed.

use super::door::Visit;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use prost::Message;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use stint_client::wire::{
    metadata::{HEIGHT, SIGNATURE},
    status,
};
use stint_proto::{
    Code, Refusal,
    limits::{ANSWER_MS, LIGHT_BYTES, REQUEST_MS, UNDER_WAY_BYTES},
};
use tokio::time::{Sleep, sleep};
use tonic::Status;

/// Bytes of an answer, told by whoever gives it.
#[derive(Clone, Copy)]
pub struct Weight(pub usize);

/// A unary answer with its weight.
pub fn weighed<M: Message>(message: M) -> tonic::Response<M> {
    let weight = Weight(message.encoded_len());
    let mut response = tonic::Response::new(message);
    response.extensions_mut().insert(weight);
    response
}

/// The same of a query, with the height up to which the ledger was read.
pub fn weighed_at<M: Message>(height: u64, message: M) -> tonic::Response<M> {
    let mut response = weighed(message);
    response.metadata_mut().insert(HEIGHT, height.into());
    response
}

/// All that is under way on a node.
#[derive(Clone, Default)]
pub struct Scales(Arc<AtomicUsize>);

/// What one call has on them; it is taken off in the end.
struct Load {
    scales: Scales,
    /// Of the call, so far.
    bytes: AtomicUsize,
}

impl Load {
    fn new(scales: Scales) -> Arc<Load> {
        Arc::new(Load { scales, bytes: AtomicUsize::new(0) })
    }

    /// Bytes above the light ones.
    fn heavy(bytes: usize) -> usize {
        bytes.saturating_sub(LIGHT_BYTES)
    }

    fn add(&self, more: usize) -> Result<(), Refusal> {
        let before = self.bytes.fetch_add(more, Ordering::Relaxed);
        let heavier = Load::heavy(before + more) - Load::heavy(before);
        let all = self.scales.0.fetch_add(heavier, Ordering::Relaxed) + heavier;
        if heavier == 0 || all <= UNDER_WAY_BYTES {
            return Ok(());
        }
        let message = format!(
            "{UNDER_WAY_BYTES} bytes of large requests and answers are under way on this node; ask another node, or again later, or for less: up to {LIGHT_BYTES} bytes are always taken"
        );
        Err(Refusal::new(Code::ResourceExhausted, "under-way", message))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        self.scales.0.fetch_sub(Load::heavy(bytes), Ordering::Relaxed);
    }
}

/// Streams that clients send.
fn is_stream(path: &str) -> bool {
    path == "/stint.v1.Ledger/SubmitStream" || path.starts_with("/grpc.")
}

/// Calls that wait to be final; each costs little until then.
fn is_command(request: &Request) -> bool {
    let submits = ["/stint.v1.Ledger/Submit", "/stint.v1.Ledger/SubmitBatch"];
    request.headers().contains_key(SIGNATURE) || submits.contains(&request.uri().path())
}

/// Weighs a request as it comes, and its answer until it is taken.
pub async fn weigh(State(scales): State<Scales>, request: Request, next: Next) -> Response {
    if is_stream(request.uri().path()) {
        return next.run(request).await;
    }
    let visit = request.extensions().get::<Visit>().cloned();
    // Its body is not read before: what waits stays with the client. The turns are never closed.
    let _turn = match visit.as_ref().filter(|_| !is_command(&request)) {
        Some(visit) => visit.turns.clone().acquire_owned().await.ok(),
        None => None,
    };
    let load = Load::new(scales);
    let patience = Duration::from_millis(REQUEST_MS);
    let counted = load.clone();
    let response = next.run(request.map(|body| Weighed::body(body, counted, true, patience))).await;
    let Some(Weight(bytes)) = response.extensions().get::<Weight>().copied() else { return response };
    let patience = Duration::from_millis(ANSWER_MS);
    match load.add(bytes) {
        Ok(()) => {
            visit.filter(|_| Load::heavy(bytes) > 0).inspect(|visit| visit.must_take(&load, patience));
            response.map(|body| Weighed::body(body, load, false, patience))
        }
        Err(refusal) => status(refusal).into_http(),
    }
}

/// A body with what it weighs.
struct Weighed {
    body: Body,
    load: Arc<Load>,
    /// Whether its bytes are counted as they come.
    counts: bool,
    /// When it must have ended.
    end: Pin<Box<Sleep>>,
}

impl Weighed {
    fn body(body: Body, load: Arc<Load>, counts: bool, patience: Duration) -> Body {
        Body::new(Weighed { body, load, counts, end: Box::pin(sleep(patience)) })
    }
}

impl http_body::Body for Weighed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().filter(|_| this.counts).map_or(0, Bytes::len);
                Poll::Ready(Some(this.load.add(bytes).map(|()| frame).map_err(status)))
            }
            Poll::Ready(Some(Err(e))) => Poll::Ready(Some(Err(Status::from_error(e.into())))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match this.end.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(status(slow())))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn slow() -> Refusal {
    let message = format!("the message was not through after {} s", REQUEST_MS.max(ANSWER_MS) / 1000);
    Refusal::new(Code::DeadlineExceeded, "slow", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_ones_always_pass_and_heavy_ones_until_the_scales_are_full() {
        let scales = Scales::default();
        let heavy: Vec<_> = (0..3).map(|_| Load::new(scales.clone())).collect();
        for load in &heavy[..2] {
            load.add(UNDER_WAY_BYTES / 2).expect("there is room");
        }
        assert_eq!(heavy[2].add(2 * LIGHT_BYTES + UNDER_WAY_BYTES / 2).unwrap_err().rule, "under-way");
        let light = Load::new(scales.clone());
        light.add(LIGHT_BYTES).expect("usual calls pass");
        assert!(light.add(1).is_err());
        drop((heavy, light));
        assert_eq!(scales.0.load(Ordering::Relaxed), 0, "all is taken off");
    }
}
