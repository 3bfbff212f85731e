//! `stint.v1.Ledger`.

use super::{
    batch, diagnose,
    door::Visit,
    facts::facts,
    lists,
    places::Places,
    submit::{Ended, blocking},
    watch::{self, Watches, watch},
    weigh::{weighed, weighed_at},
    whatif,
};
use crate::core::{Node, Unproved, WhatIf, internal, missing_receipt};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use prost::Message;
use std::{pin::Pin, sync::Arc, time::Duration};
use stint_client::wire::{metadata::HEIGHT, status};
use stint_proto::{
    Block, CallId, Code, Refusal,
    limits::{ANSWER_MS, STREAM_CALLS, WHAT_IF_MS},
    v1::{self, ledger_server::Ledger},
};
use stint_store::StoreError;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

/// Answers for the ledger itself.
pub struct LedgerService {
    pub node: Arc<Node>,
    /// This validator's name.
    pub name: String,
    /// Bounds the queries that run at once.
    pub queries: Arc<Semaphore>,
    /// Bounds the what-ifs.
    pub what_ifs: Places,
    /// What streams share.
    pub watches: Arc<Watches>,
    /// Bounds streams of calls, and of history.
    pub submit_streams: Places,
    pub histories: Places,
}

/// The connection of a request; there is none in tests.
fn visit<T>(request: &Request<T>) -> Option<Visit> {
    request.extensions().get().cloned()
}

/// How long a proof waits for the validators' signatures.
const CERTIFICATION_PATIENCE: Duration = Duration::from_secs(5);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Ledger for LedgerService {
    async fn get_status(&self, request: Request<v1::GetStatusRequest>) -> Answer<v1::GetStatusResponse> {
        let copy = |b: &[u8]| Bytes::copy_from_slice(b);
        let tip = self.node.tip();
        let height = if request.get_ref().height == 0 { tip.height } else { request.get_ref().height };
        let missing = || {
            let message = format!("block {height} is not executed here; the newest is {}", tip.height);
            status(facts(&self.node, Refusal::new(Code::NotFound, "block", message)))
        };
        let results =
            self.node.store.results(height).map_err(|e| status(self.node.unreadable(&e)))?.ok_or_else(missing)?;
        let certified = self.node.store.certified_height().map_err(|e| status(self.node.unreadable(&e)))?;
        let known = self.node.validators().map_err(|e| status(self.node.unreadable(&e)))?;
        let own = known.iter().find(|v| v.name == self.name);
        let epoch = self.node.epochs().of(height);
        let committee = self.node.committee(epoch).map_err(|e| status(self.node.unreadable(&e)))?;
        let members = committee.map(|(_, c)| c.keys().to_vec()).unwrap_or_default();
        let name = |key: &[u8; 32]| {
            let held = |v: &&stint_runtime::Peer| v.key == *key || v.old_key == Some(*key);
            known.iter().find(held).map(|v| v.name.clone()).unwrap_or_default()
        };
        let validator = |key: &[u8; 32]| v1::Validator { name: name(key), key: copy(key) };
        let told = v1::GetStatusResponse {
            chain_id: copy(&self.node.chain_id.0),
            chain_name: self.node.genesis.name.clone(),
            validator: self.name.clone(),
            validator_key: own.map(|v| copy(&v.key)).unwrap_or_default(),
            height,
            time_ms: results.outcome.time_ms,
            state_root: copy(&results.outcome.state_root.0),
            receipts_root: copy(&results.outcome.receipts_root.0),
            results_root: copy(&results.results_root.0),
            certified_height: certified,
            oldest_block: self.node.store.oldest().block,
            oldest_receipts: self.node.store.oldest().receipts,
            oldest_state: self.node.store.oldest().state,
            pending: self.node.pool().len() as u64,
            transactions: tip.transactions,
            counted_from: self.node.store.counted_from(),
            validators: members.iter().map(validator).collect(),
            epoch,
            epoch_ends: self.node.epochs().last(epoch),
            consortium: self.node.genesis.consortium.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let mut response = Response::new(told);
        response.metadata_mut().insert(HEIGHT, height.into());
        Ok(response)
    }

    async fn diagnose(&self, _: Request<v1::DiagnoseRequest>) -> Answer<v1::DiagnoseResponse> {
        let name = self.name.clone();
        Ok(weighed(self.reading(move |node| diagnose::answer(node, &name)).await?))
    }

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Answer<v1::SubmitResponse> {
        Ok(weighed(Ended::of(&self.node, request.into_inner()).await.answer(&self.node)))
    }

    type SubmitStreamStream = Pin<Box<dyn Stream<Item = Result<v1::SubmitResponse, Status>> + Send>>;

    async fn submit_stream(&self, request: Request<Streaming<v1::SubmitRequest>>) -> Answer<Self::SubmitStreamStream> {
        let place = self.submit_streams.take().map_err(status)?;
        let (node, answering) = (self.node.clone(), self.node.clone());
        // A broken request stream ends the answers too.
        let calls = request.into_inner().take_while(|r| std::future::ready(r.is_ok()));
        let answers = calls
            .map(move |request| {
                let node = node.clone();
                async move { Ok(Ended::of(&node, request?).await) }
            })
            .buffer_unordered(STREAM_CALLS);
        // One receipt is read when it is wanted, and not before.
        let answers = answers.map(move |ended: Result<Ended, Status>| Ok(ended?.answer(&answering)));
        Ok(Response::new(Box::pin(answers.inspect(move |_| _ = &place))))
    }

    async fn submit_batch(&self, request: Request<v1::SubmitBatchRequest>) -> Answer<v1::SubmitBatchResponse> {
        Ok(weighed(batch::answer(&self.node, request.into_inner()).await.map_err(status)?))
    }

    async fn list_agents(&self, request: Request<v1::ListAgentsRequest>) -> Answer<v1::ListAgentsResponse> {
        let page = self.reading(move |node| lists::agents(node, request.get_ref())).await?;
        Ok(weighed_at(page.height, page))
    }

    async fn list_code(&self, request: Request<v1::ListCodeRequest>) -> Answer<v1::ListCodeResponse> {
        let page = self.reading(move |node| lists::code(node, request.get_ref())).await?;
        Ok(weighed_at(page.height, page))
    }

    type WatchEventsStream = watch::Told<v1::WatchEventsResponse>;

    async fn watch_events(&self, request: Request<v1::WatchRequest>) -> Answer<Self::WatchEventsStream> {
        self.watching(request, watch::Events).await
    }

    type WatchReceiptsStream = watch::Told<v1::WatchReceiptsResponse>;

    async fn watch_receipts(&self, request: Request<v1::WatchRequest>) -> Answer<Self::WatchReceiptsStream> {
        self.watching(request, watch::Receipts).await
    }

    type WatchBlocksStream = watch::Told<v1::WatchBlocksResponse>;

    async fn watch_blocks(&self, request: Request<v1::WatchRequest>) -> Answer<Self::WatchBlocksStream> {
        let blocks = watch::Blocks { headers_only: request.get_ref().headers_only };
        self.watching(request, blocks).await
    }

    async fn get_receipt(&self, request: Request<v1::GetReceiptRequest>) -> Answer<v1::GetReceiptResponse> {
        let id = CallId::from_bytes(&request.get_ref().key, &request.get_ref().id).map_err(status)?;
        let (node, height) = (self.node.clone(), self.node.tip().height);
        let found = blocking(move || node.receipt(id)).await.map_err(status)?;
        let receipt = decode(&found.ok_or_else(|| status(missing_receipt(id)))?).map_err(status)?;
        Ok(weighed_at(height.max(receipt.height), v1::GetReceiptResponse { receipt: Some(receipt) }))
    }

    async fn simulate(&self, request: Request<v1::SimulateRequest>) -> Answer<v1::SimulateResponse> {
        let answer = self.reading(move |node| node.simulate(request.get_ref())).await?;
        Ok(weighed_at(answer.height, answer))
    }

    type WhatIfStream = whatif::Told;

    async fn what_if(&self, request: Request<v1::WhatIfRequest>) -> Answer<Self::WhatIfStream> {
        let place = self.what_ifs.take().map_err(status)?;
        let begun = self.reading(move |node| WhatIf::begin(node, request.into_inner())).await?;
        let patience = Duration::from_millis(WHAT_IF_MS);
        Ok(Response::new(whatif::tell(self.node.clone(), self.queries.clone(), place, begun, patience)))
    }

    async fn list_state(&self, request: Request<v1::ListStateRequest>) -> Answer<v1::ListStateResponse> {
        let answer = self.reading(move |node| node.list_state(request.get_ref())).await?;
        Ok(weighed_at(answer.height, answer))
    }

    async fn get_block(&self, request: Request<v1::GetBlockRequest>) -> Answer<v1::GetBlockResponse> {
        let height = request.get_ref().height;
        let node = self.node.clone();
        let block = blocking(move || {
            let bytes = match height {
                0 => return Ok(node.genesis_block()),
                _ => node.store.block(height).map_err(|e| node.unreadable(&e))?,
            };
            let missing = || {
                let message = format!("there is no block {height} here; the newest is {}", node.tip().height);
                facts(&node, Refusal::new(Code::NotFound, "block", message))
            };
            let damaged = |e| StoreError::Damaged(format!("block {height}: {e}"));
            Block::decode(bytes.ok_or_else(missing)?).map_err(|e| node.unreadable(&damaged(e)))
        });
        let newest = self.node.tip().height;
        let block = block.await.map_err(status)?;
        Ok(weighed_at(newest, v1::GetBlockResponse { block: Some((&block).into()) }))
    }

    async fn prove(&self, request: Request<v1::ProveRequest>) -> Answer<v1::ProveResponse> {
        let nothing = || {
            let message = "say what to prove: a block, a receipt, an event, a part of the state, or a query";
            status(Refusal::new(Code::InvalidArgument, "fact", message))
        };
        let fact = Arc::new(request.into_inner().fact.ok_or_else(nothing)?);
        let newest = self.node.tip().height;
        let answer = self.once_certified(move |node| node.prove(&fact)).await?;
        Ok(weighed_at(newest, answer))
    }

    type GetHistoryStream = Pin<Box<dyn Stream<Item = Result<v1::GetHistoryResponse, Status>> + Send>>;

    async fn get_history(&self, request: Request<v1::GetHistoryRequest>) -> Answer<Self::GetHistoryStream> {
        let place = self.histories.take().map_err(status)?;
        let visit = visit(&request);
        let newest = self.node.tip().height;
        let v1::GetHistoryRequest { from, to } = request.into_inner();
        let heights = from..=if to == 0 { newest } else { to };
        let node = self.node.clone();
        // A block is read when the reader has taken the one before it.
        let blocks = futures::stream::iter(heights).then(move |height| {
            let node = node.clone();
            async move {
                let read = blocking(move || node.history(height).map_err(|refusal| facts(&node, refusal)));
                read.await.map_err(status)
            }
        });
        // After the first one that is missing there are no others.
        let blocks = blocks.scan(false, |over, block| {
            let item = (!*over).then_some(block);
            *over |= matches!(item, Some(Err(_)));
            std::future::ready(item)
        });
        let blocks = Box::pin(blocks.inspect(move |_| _ = &place));
        Ok(Response::new(match visit {
            Some(visit) => Box::pin(visit.attended(blocks, Duration::from_millis(ANSWER_MS))),
            None => blocks,
        }))
    }

    async fn get_snapshot(&self, request: Request<v1::GetSnapshotRequest>) -> Answer<v1::GetSnapshotResponse> {
        let height = request.get_ref().height;
        let answer = self.once_certified(move |node| node.snapshot(height)).await?;
        Ok(weighed(answer))
    }

    async fn get_chunk(&self, request: Request<v1::GetChunkRequest>) -> Answer<v1::GetChunkResponse> {
        let asked = request.into_inner();
        let answer = self.once_certified(move |node| node.chunk(&asked)).await?;
        Ok(weighed(answer))
    }
}

impl LedgerService {
    /// A stream of what happens.
    async fn watching<K: watch::Kind>(
        &self,
        request: Request<v1::WatchRequest>,
        kind: K,
    ) -> Answer<watch::Told<K::Message>> {
        let visit = visit(&request);
        watch(&self.watches, request.into_inner(), kind, visit).await.map(Response::new).map_err(status)
    }

    /// Asks for a proof, and again after each block while the validators have not certified it.
    async fn once_certified<T: Send + 'static>(
        &self,
        prove: impl Fn(&Node) -> Result<T, Unproved> + Clone + Send + 'static,
    ) -> Result<T, Status> {
        let deadline = tokio::time::Instant::now() + CERTIFICATION_PATIENCE;
        loop {
            let seen = self.node.tip().height;
            let prove = prove.clone();
            let tried = self.reading(move |node| match prove(node) {
                Ok(proof) => Ok(Ok(proof)),
                Err(Unproved::NotYet(refusal)) => Ok(Err(refusal)),
                Err(Unproved::Refused(refusal)) => Err(refusal),
                Err(Unproved::Unreadable(e)) => Err(node.unreadable(&e)),
            });
            match tried.await? {
                Ok(proof) => return Ok(proof),
                Err(refusal) => {
                    let next = self.node.find(|tip| (tip.height > seen).then_some(()));
                    if tokio::time::timeout_at(deadline, next).await.is_err() {
                        return Err(status(refusal));
                    }
                }
            }
        }
    }

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
            read(&node).map_err(|refusal| facts(&node, refusal))
        });
        answer.await.map_err(status)
    }
}

pub(super) fn decode(receipt: &Bytes) -> Result<v1::Receipt, Refusal> {
    v1::Receipt::decode(receipt.clone()).map_err(|e| internal(&e))
}
