//! Calls of contracts and of the kernel under their own service names.

use super::{
    facts::{facts, of_query},
    ledger::decode,
    metadata,
    submit::{blocking, submit},
    weigh::Weight,
};
use crate::core::{Node, Outcome};
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use prost::Message;
use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};
use stint_client::wire::{LEDGER, RawCodec, metadata as wire, status_of};
use stint_proto::{
    Code, Refusal,
    limits::{KERNEL_REQUEST_BYTES, MODULE_BYTES, RESPONSE_BYTES},
    v1,
};
use tokio::sync::Semaphore;
use tonic::{
    Request, Response, Status,
    metadata::{MetadataMap, MetadataValue},
    server::{Grpc, UnaryService},
};

/// Whatever is no service of the node's own is asked of the contracts.
#[derive(Clone)]
pub struct ContractCalls {
    pub node: Arc<Node>,
    /// Bounds the queries that run at once.
    pub queries: Arc<Semaphore>,
}

impl ContractCalls {
    /// Answers one HTTP request.
    pub async fn serve(self, request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
        let method = request.uri().path().to_string();
        let receipt = Arc::new(std::sync::Mutex::new(None));
        let call = OneCall { calls: self, method, receipt: receipt.clone() };
        let mut grpc = Grpc::new(RawCodec)
            .max_decoding_message_size(KERNEL_REQUEST_BYTES)
            .max_encoding_message_size(RESPONSE_BYTES.max(MODULE_BYTES) + 1024);
        let response = grpc.unary(call, request).await;
        let receipt = receipt.lock().ok().and_then(|mut r| r.take());
        Ok(response.map(|body| match receipt {
            None => Body::new(body),
            // The receipt travels in the trailers, behind the response.
            Some(receipt) => Body::new(body.map_frame(move |frame| match frame.into_trailers() {
                Ok(mut trailers) => {
                    trailers.extend(trailers_of(&receipt).into_headers());
                    http_body::Frame::trailers(trailers)
                }
                Err(frame) => frame,
            })),
        }))
    }

    async fn answer(&self, method: &str, request: Request<Bytes>) -> Result<Answer, Refused> {
        let (metadata, _, body) = request.into_parts();
        if metadata.get_bin(wire::SIGNATURE).is_some() {
            return self.command(&metadata, method, body).await;
        }
        let refused = Refused::by_ledger;
        let commons = match metadata.contains_key(wire::COMMONS) {
            true => Some(metadata::commons(&metadata).map_err(refused)?.to_string()),
            false => None,
        };
        let height = metadata::height(&metadata).map_err(refused)?;
        let busy = |_| Refused::by_ledger(Refusal::new(Code::Unavailable, "node-stopped", "this node is stopping"));
        let permit = self.queries.clone().acquire_owned().await.map_err(busy)?;
        let (node, asked) = (self.node.clone(), method.to_string());
        let answer = blocking(move || {
            let _permit = permit;
            let answer = node.query(commons.as_deref(), &asked, &body, height).map_err(|r| facts(&node, r))?;
            Ok((answer, commons))
        });
        let ((answer, height), commons) = answer.await.map_err(refused)?;
        let fuel = answer.fuel_used;
        let by_whom = |r: Refusal| {
            let domain = domain(method, &r, fuel);
            let refusal = if domain == LEDGER { of_query(explain_command(r), commons.as_deref()) } else { r };
            Refused { refusal, domain, receipt: None }
        };
        let response = answer.result.map_err(by_whom)?.into();
        Ok(Answer { response, height, receipt: None })
    }

    async fn command(&self, metadata: &MetadataMap, method: &str, body: Bytes) -> Result<Answer, Refused> {
        let refused = Refused::by_ledger;
        let tx = metadata::transaction(metadata, self.node.chain_id, method, body).map_err(refused)?;
        match submit(&self.node, tx).await {
            Outcome::Receipt(bytes) => {
                let receipt = decode(&bytes).map_err(refused)?;
                match &receipt.refusal {
                    None => {
                        let (response, height) = (receipt.response.clone(), receipt.height);
                        Ok(Answer { response, height, receipt: Some(receipt) })
                    }
                    Some(refusal) => {
                        let refusal: Refusal = refusal.clone().into();
                        let domain = domain(method, &refusal, receipt.fuel_used);
                        Err(Refused { refusal, domain, receipt: Some(receipt) })
                    }
                }
            }
            Outcome::Refused(refusal) => Err(refused(refusal)),
            Outcome::Expired(height) => {
                let message = format!(
                    "the call expired at height {height}: it was not executed and never will be; sign it again with a later valid-until"
                );
                let mut refusal = Refusal::new(Code::DeadlineExceeded, "expired", message);
                refusal.details = [("height".to_string(), height.to_string())].into();
                Err(refused(refusal))
            }
        }
    }
}

/// A refusal, whose rule it is by, and the receipt if it was ordered.
struct Refused {
    refusal: Refusal,
    domain: String,
    receipt: Option<v1::Receipt>,
}

impl Refused {
    fn by_ledger(refusal: Refusal) -> Refused {
        Refused { refusal, domain: LEDGER.into(), receipt: None }
    }
}

/// What the ledger itself refuses while a contract runs. All else that it refuses, it does before anything ran.
const WHILE_RUNNING: [&str; 3] = ["fuel", "memory", "contract-stopped"];

/// Whose rule refused a call: the ledger's, or the contract's, named by its service. The kernel is the ledger's own.
fn domain(method: &str, refusal: &Refusal, fuel_used: u64) -> String {
    let service = method.trim_start_matches('/').split('/').next().unwrap_or_default();
    let own = fuel_used == 0 || service == "stint.v1.Kernel" || WHILE_RUNNING.contains(&refusal.rule.as_str());
    if own { LEDGER.into() } else { service.into() }
}

/// A command that came without a signature: say what makes it one.
fn explain_command(refusal: Refusal) -> Refusal {
    if refusal.rule != "command" {
        return refusal;
    }
    let how = "sign it and send the signature as metadata (stint-key-bin, stint-id-bin, stint-valid-until, stint-signature-bin)";
    Refusal::new(Code::Unauthenticated, "unsigned", format!("{}; {how}", refusal.message))
}

fn trailers_of(receipt: &v1::Receipt) -> MetadataMap {
    let mut out = MetadataMap::new();
    // Response and events may be larger than what clients accept as trailers.
    let short = v1::Receipt { response: Bytes::new(), events: Vec::new(), ..receipt.clone() };
    out.insert_bin(wire::RECEIPT, MetadataValue::from_bytes(&short.encode_to_vec()));
    out.insert(wire::HEIGHT, receipt.height.into());
    out
}

/// What a method answers, and after which block.
struct Answer {
    response: Bytes,
    height: u64,
    /// Of a command.
    receipt: Option<v1::Receipt>,
}

struct OneCall {
    calls: ContractCalls,
    method: String,
    receipt: Arc<std::sync::Mutex<Option<v1::Receipt>>>,
}

impl UnaryService<Bytes> for OneCall {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (calls, method, slot) = (self.calls.clone(), self.method.clone(), self.receipt.clone());
        Box::pin(async move {
            match calls.answer(&method, request).await {
                Ok(Answer { response, height, receipt }) => {
                    let weight = Weight(response.len());
                    let mut response = Response::new(response);
                    response.extensions_mut().insert(weight);
                    if receipt.is_none() {
                        response.metadata_mut().insert(wire::HEIGHT, height.into());
                    }
                    if let Ok(mut slot) = slot.lock() {
                        *slot = receipt;
                    }
                    Ok(response)
                }
                Err(Refused { refusal, domain, receipt }) => {
                    let mut refused = status_of(refusal, &domain);
                    if let Some(receipt) = receipt {
                        refused.metadata_mut().as_mut().extend(trailers_of(&receipt).into_headers());
                    }
                    Err(refused)
                }
            }
        })
    }
}
