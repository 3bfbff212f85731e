//! `stint.v1.Ledger`.

use super::{
    status::status,
    submit::{blocking, submit},
};
use crate::core::{Node, Outcome, internal};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use prost::Message;
use std::{pin::Pin, sync::Arc};
use stint_proto::{
    Block, CallId, Code, Refusal, Transaction,
    limits::STREAM_CALLS,
    v1::{self, ledger_server::Ledger, submit_response},
};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

/// Answers for the ledger itself.
pub struct LedgerService {
    pub node: Arc<Node>,
    /// This validator's name and key.
    pub validator: (String, [u8; 32]),
    /// Bounds the queries that run at once.
    pub queries: Arc<Semaphore>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Ledger for LedgerService {
    async fn get_status(&self, request: Request<v1::GetStatusRequest>) -> Answer<v1::GetStatusResponse> {
        let copy = |b: &[u8]| Bytes::copy_from_slice(b);
        let tip = self.node.tip();
        let height = if request.get_ref().height == 0 { tip.height } else { request.get_ref().height };
        let missing = || {
            let message = format!("block {height} is not executed here; the newest is {}", tip.height);
            status(Refusal::new(Code::NotFound, "block", message))
        };
        let results = self.node.store.results(height).map_err(|e| status(internal(&e)))?.ok_or_else(missing)?;
        let validator = |v: &stint_proto::GenesisValidator| v1::Validator { name: v.name.clone(), key: copy(&v.key) };
        Ok(Response::new(v1::GetStatusResponse {
            chain_id: copy(&self.node.chain_id.0),
            chain_name: self.node.genesis.name.clone(),
            validator: self.validator.0.clone(),
            validator_key: copy(&self.validator.1),
            height,
            time_ms: results.time_ms,
            state_root: copy(&results.state_root.0),
            receipts_root: copy(&results.receipts_root.0),
            pending: self.node.pool().len() as u64,
            transactions: tip.transactions,
            validators: self.node.genesis.validators.iter().map(validator).collect(),
            version: env!("CARGO_PKG_VERSION").into(),
        }))
    }

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Answer<v1::SubmitResponse> {
        Ok(Response::new(submitted(&self.node, request.into_inner()).await))
    }

    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<v1::SubmitResponse, Status>> + Send>>;

    async fn submit_stream(&self, request: Request<Streaming<v1::SubmitRequest>>) -> Answer<Self::SubmitStreamStream> {
        let node = self.node.clone();
        // A broken request stream ends the answers too.
        let calls = request.into_inner().take_while(|r| std::future::ready(r.is_ok()));
        let answers = calls
            .map(move |request| {
                let node = node.clone();
                async move { Ok(submitted(&node, request?).await) }
            })
            .buffer_unordered(STREAM_CALLS);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_receipt(&self, request: Request<v1::GetReceiptRequest>) -> Answer<v1::GetReceiptResponse> {
        let id = call_id(&request.get_ref().key, &request.get_ref().id).map_err(status)?;
        let node = self.node.clone();
        let found = blocking(move || node.receipt(id)).await.map_err(status)?;
        let missing = || {
            let message =
                format!("there is no receipt of the call {id}: it is not final on this node, or was never handed in");
            status(Refusal::new(Code::NotFound, "receipt", message))
        };
        let receipt = decode(&found.ok_or_else(missing)?).map_err(status)?;
        Ok(Response::new(v1::GetReceiptResponse { receipt: Some(receipt) }))
    }

    async fn simulate(&self, request: Request<v1::SimulateRequest>) -> Answer<v1::SimulateResponse> {
        let answer = self.reading(move |node| node.simulate(request.get_ref())).await?;
        Ok(Response::new(answer))
    }

    async fn list_state(&self, request: Request<v1::ListStateRequest>) -> Answer<v1::ListStateResponse> {
        let answer = self.reading(move |node| node.list_state(request.get_ref())).await?;
        Ok(Response::new(answer))
    }

    async fn get_block(&self, request: Request<v1::GetBlockRequest>) -> Answer<v1::GetBlockResponse> {
        let height = request.get_ref().height;
        let node = self.node.clone();
        let block = blocking(move || {
            let bytes = match height {
                0 => return node.genesis_block().map_err(|e| internal(&e)),
                _ => node.store.block(height).map_err(|e| internal(&e))?,
            };
            let missing = || {
                let message = format!("there is no block {height} here; the newest is {}", node.tip().height);
                Refusal::new(Code::NotFound, "block", message)
            };
            Block::decode(bytes.ok_or_else(missing)?).map_err(|e| internal(&e))
        });
        let block = block.await.map_err(status)?;
        Ok(Response::new(v1::GetBlockResponse { block: Some((&block).into()) }))
    }
}

impl LedgerService {
    /// Runs something that reads state, as one of the queries that may run at once.
    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Node) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Status> {
        let stopping = |_| status(Refusal::new(Code::Unavailable, "node-stopped", "this node is stopping"));
        let permit = self.queries.clone().acquire_owned().await.map_err(stopping)?;
        let node = self.node.clone();
        let answer = blocking(move || {
            let _permit = permit;
            read(&node)
        });
        answer.await.map_err(status)
    }
}

async fn submitted(node: &Arc<Node>, request: v1::SubmitRequest) -> v1::SubmitResponse {
    use submit_response::Outcome as Wire;
    let named = request.transaction.as_ref().map(|t| (t.key.clone(), t.id.clone())).unwrap_or_default();
    let tx = request.transaction.ok_or_else(|| invalid("the request holds no transaction"));
    let tx = tx.and_then(|t| Transaction::try_from(t).map_err(|e| invalid(&e.to_string())));
    let outcome = match tx {
        Ok(tx) => submit(node, tx).await,
        Err(refusal) => Outcome::Refused(refusal),
    };
    let outcome = match outcome {
        Outcome::Receipt(bytes) => decode(&bytes).map_or_else(|r| Wire::Refused(r.into()), Wire::Receipt),
        Outcome::Refused(refusal) => Wire::Refused(refusal.into()),
        Outcome::Expired(height) => Wire::ExpiredAt(height),
    };
    v1::SubmitResponse { key: named.0, id: named.1, outcome: Some(outcome) }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(Code::InvalidArgument, "transaction", message)
}

pub(super) fn decode(receipt: &Bytes) -> Result<v1::Receipt, Refusal> {
    v1::Receipt::decode(receipt.clone()).map_err(|e| internal(&e))
}

fn call_id(key: &[u8], id: &[u8]) -> Result<CallId, Refusal> {
    let wrong = |_| {
        Refusal::new(Code::InvalidArgument, "call-id", "a call is named by its key, 32 bytes, and its id, 16 bytes")
    };
    Ok(CallId { key: key.try_into().map_err(wrong)?, id: id.try_into().map_err(wrong)? })
}
