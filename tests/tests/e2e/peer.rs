//! Peers that tell what a real node tells them, in ways of their own.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use stint_node::client::Client;
use stint_proto::v1::{
    self,
    ledger_server::{Ledger, LedgerServer},
};
use tonic::{Request, Response, Status, Streaming, transport::Server};

/// How a peer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Honest,
    /// It changes a bit of every piece of a state.
    Lies,
    /// It answers after a minute.
    Stalls,
    /// It breaks off after some pieces.
    Vanishes,
}

/// A peer that passes on what a node says.
#[derive(Clone)]
pub struct Peer {
    upstream: Client,
    manner: Manner,
    /// Pieces of a state that it was asked for, and those from the first key on.
    pub pieces: Arc<AtomicUsize>,
    pub first_pieces: Arc<AtomicUsize>,
}

/// Pieces that a vanishing peer gives.
const FEW: usize = 5;

impl Peer {
    /// Starts one on a port of its own.
    pub async fn start(upstream: Client, manner: Manner) -> (Peer, SocketAddr) {
        let peer = Peer { upstream, manner, pieces: Arc::default(), first_pieces: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = LedgerServer::new(peer.clone());
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        (peer, address)
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn not_here<T>() -> Answer<T> {
    Err(Status::unimplemented("peers are not asked for this"))
}

#[tonic::async_trait]
impl Ledger for Peer {
    async fn get_status(&self, request: Request<v1::GetStatusRequest>) -> Answer<v1::GetStatusResponse> {
        self.upstream.ledger().get_status(request.into_inner()).await
    }

    async fn diagnose(&self, request: Request<v1::DiagnoseRequest>) -> Answer<v1::DiagnoseResponse> {
        self.upstream.ledger().diagnose(request.into_inner()).await
    }

    async fn prove(&self, request: Request<v1::ProveRequest>) -> Answer<v1::ProveResponse> {
        self.upstream.ledger().prove(request.into_inner()).await
    }

    async fn get_snapshot(&self, request: Request<v1::GetSnapshotRequest>) -> Answer<v1::GetSnapshotResponse> {
        self.upstream.ledger().get_snapshot(request.into_inner()).await
    }

    async fn get_chunk(&self, request: Request<v1::GetChunkRequest>) -> Answer<v1::GetChunkResponse> {
        let asked = request.into_inner();
        self.first_pieces.fetch_add(usize::from(asked.from.is_empty()), Ordering::Relaxed);
        let before = self.pieces.fetch_add(1, Ordering::Relaxed);
        match self.manner {
            Manner::Stalls => tokio::time::sleep(Duration::from_secs(60)).await,
            Manner::Vanishes if before >= FEW => return Err(Status::unavailable("gone")),
            _ => {}
        }
        let mut answer = self.upstream.ledger().get_chunk(asked).await?;
        if self.manner == Manner::Lies {
            let mut part = answer.get_ref().part.to_vec();
            let middle = part.len() / 2;
            part[middle] ^= 1;
            answer.get_mut().part = part.into();
        }
        Ok(answer)
    }

    type GetHistoryStream = Streaming<v1::GetHistoryResponse>;

    async fn get_history(&self, request: Request<v1::GetHistoryRequest>) -> Answer<Self::GetHistoryStream> {
        self.upstream.ledger().get_history(request.into_inner()).await
    }

    type WhatIfStream = Streaming<v1::WhatIfResponse>;

    async fn what_if(&self, _: Request<v1::WhatIfRequest>) -> Answer<Self::WhatIfStream> {
        not_here()
    }

    type SubmitStreamStream = Pin<Box<dyn futures::Stream<Item = Result<v1::SubmitResponse, Status>> + Send>>;

    async fn submit_stream(&self, _: Request<Streaming<v1::SubmitRequest>>) -> Answer<Self::SubmitStreamStream> {
        not_here()
    }

    async fn submit(&self, _: Request<v1::SubmitRequest>) -> Answer<v1::SubmitResponse> {
        not_here()
    }

    async fn submit_batch(&self, _: Request<v1::SubmitBatchRequest>) -> Answer<v1::SubmitBatchResponse> {
        not_here()
    }

    async fn list_agents(&self, _: Request<v1::ListAgentsRequest>) -> Answer<v1::ListAgentsResponse> {
        not_here()
    }

    async fn list_code(&self, _: Request<v1::ListCodeRequest>) -> Answer<v1::ListCodeResponse> {
        not_here()
    }

    type WatchEventsStream = Streaming<v1::WatchEventsResponse>;

    async fn watch_events(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchEventsStream> {
        not_here()
    }

    type WatchReceiptsStream = Streaming<v1::WatchReceiptsResponse>;

    async fn watch_receipts(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchReceiptsStream> {
        not_here()
    }

    type WatchBlocksStream = Streaming<v1::WatchBlocksResponse>;

    async fn watch_blocks(&self, _: Request<v1::WatchRequest>) -> Answer<Self::WatchBlocksStream> {
        not_here()
    }

    async fn get_receipt(&self, _: Request<v1::GetReceiptRequest>) -> Answer<v1::GetReceiptResponse> {
        not_here()
    }

    async fn simulate(&self, _: Request<v1::SimulateRequest>) -> Answer<v1::SimulateResponse> {
        not_here()
    }

    async fn list_state(&self, _: Request<v1::ListStateRequest>) -> Answer<v1::ListStateResponse> {
        not_here()
    }

    async fn get_block(&self, _: Request<v1::GetBlockRequest>) -> Answer<v1::GetBlockResponse> {
        not_here()
    }
}
