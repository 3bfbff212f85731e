//! A commons as a channel for generated stubs: `ContributeClient::new(forge)`.
//!
//! A stub writes its request into the channel as it would into a connection. Here the message is taken out, signed if its
//! method is a command, and handed to any node until the answer is known; the answer goes back as a connection would bring
//! it. Streams, and services that are no contract's, go to the current node as they are.

use crate::{Answer, ClientError, Commons, wire::metadata};
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use prost::Message;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use stint_proto::Call;
use tonic::{
    Status,
    body::Body,
    codegen::Service,
    metadata::{MetadataMap, MetadataValue},
};

/// In front of a message: whether it is compressed, and its size.
const PREFIX_BYTES: usize = 5;
/// Services of a node's own, which need no signature.
const OWN: [&str; 2] = ["/stint.v1.Ledger/", "/grpc."];

type Carried = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Status>> + Send>>;

impl Service<http::Request<Body>> for Commons {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Carried;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Carried {
        let commons = self.clone();
        Box::pin(async move {
            match OWN.iter().any(|own| request.uri().path().starts_with(own)) {
                true => pass(commons, request).await,
                false => carry(commons, request).await.map_err(Status::from),
            }
        })
    }
}

async fn pass(commons: Commons, request: http::Request<Body>) -> Result<http::Response<Body>, Status> {
    let mut channel = commons.client.channel();
    let failed = |e: tonic::transport::Error| Status::from_error(Box::new(e));
    std::future::poll_fn(|cx| Service::<http::Request<Body>>::poll_ready(&mut channel, cx)).await.map_err(failed)?;
    channel.call(request).await.map_err(failed)
}

async fn carry(commons: Commons, request: http::Request<Body>) -> Result<http::Response<Body>, ClientError> {
    let (parts, body) = request.into_parts();
    let asked = MetadataMap::from_headers(parts.headers);
    let commons = match patience(&asked) {
        Some(patience) => commons.with_patience(patience),
        None => commons,
    };
    let method = parts.uri.path();
    let message = message(method, body).await?;
    let is_query = commons.client.is_query(method).await?;
    let answer = match is_query {
        true => commons.query(method, message, metadata::height(&asked).unwrap_or(0)).await?,
        false => commons.command(method, message).await?,
    };
    Ok(response(answer))
}

/// The one message of a request.
async fn message(method: &str, body: Body) -> Result<Bytes, ClientError> {
    let wrong = |what: String| ClientError::Meaningless(format!("the request of {method} {what}"));
    let limit = Call::request_limit(method);
    let read = Limited::new(body, PREFIX_BYTES + limit).collect().await;
    let mut bytes = read.map_err(|e| wrong(format!("cannot be read: {e}; the limit is {limit} bytes")))?.to_bytes();
    if bytes.len() < PREFIX_BYTES {
        return Err(wrong("holds no message".into()));
    }
    let prefix = bytes.split_to(PREFIX_BYTES);
    if prefix[0] != 0 {
        return Err(wrong("is compressed; what is signed is sent as it is: leave compression off".into()));
    }
    match prefix[1..] == (bytes.len() as u32).to_be_bytes() {
        true => Ok(bytes),
        false => Err(wrong("holds more than one message; a contract's method takes one".into())),
    }
}

/// An answer as a connection would bring it.
fn response(answer: Answer) -> http::Response<Body> {
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + answer.response.len());
    bytes.put_u8(0);
    bytes.put_u32(answer.response.len() as u32);
    bytes.put(answer.response);
    let mut behind = MetadataMap::new();
    behind.insert(metadata::HEIGHT, answer.height.into());
    if let Some(receipt) = answer.receipt {
        behind.insert_bin(metadata::RECEIPT, MetadataValue::from_bytes(&receipt.encode_to_vec()));
    }
    let mut trailers = behind.into_headers();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let body = Full::new(bytes.freeze()).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = http::Response::new(Body::new(body));
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
    response
}

/// What a stub's caller says with `Request::set_timeout`: digits and a unit.
fn patience(asked: &MetadataMap) -> Option<Duration> {
    let text = asked.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number.saturating_mul(3_600)),
        "M" => Duration::from_secs(number.saturating_mul(60)),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_holds_one_plain_message() {
        let read = async |bytes: &'static [u8]| {
            let body = Body::new(Full::new(Bytes::from_static(bytes)));
            message("/a.v1.A/Do", body).await.map_err(|e| e.to_string())
        };
        assert_eq!(read(b"\0\0\0\0\x02ab").await, Ok(Bytes::from_static(b"ab")));
        assert_eq!(read(b"\0\0\0\0\0").await, Ok(Bytes::new()));
        for (bytes, says) in [
            (&b"\0\0\0\0\x02a"[..], "more than one"),
            (b"\0\0\0\0\x01a\0\0\0\0\x01b", "more than one"),
            (b"\x01\0\0\0\x01a", "leave compression off"),
            (b"\0\0", "holds no message"),
        ] {
            let said = read(bytes).await.unwrap_err();
            assert!(said.contains(says), "{bytes:?}: {said}");
        }
        let large = Body::new(Full::new(Bytes::from(vec![0; 200_000])));
        let said = message("/a.v1.A/Do", large).await.unwrap_err().to_string();
        assert!(said.contains("the limit is 131072 bytes"), "{said}");
    }

    #[test]
    fn a_stubs_timeout_is_the_patience() {
        let of = |text: &'static str| {
            let mut asked = MetadataMap::new();
            asked.insert("grpc-timeout", MetadataValue::from_static(text));
            patience(&asked)
        };
        assert_eq!(of("1500000u"), Some(Duration::from_millis(1_500)));
        assert_eq!((of("2M"), of("7S")), (Some(Duration::from_secs(120)), Some(Duration::from_secs(7))));
        assert_eq!((of("7"), of("S"), of("7x"), patience(&MetadataMap::new())), (None, None, None, None));
    }
}
