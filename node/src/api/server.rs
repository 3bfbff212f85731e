//! The port and what answers on it.

use super::{
    contracts::ContractCalls,
    door,
    ledger::LedgerService,
    named::named,
    places::Places,
    reflection::Reflection,
    watch::Watches,
    weigh::{Scales, weigh},
    whatif,
};
use crate::core::Node;
use axum::body::Body;
use http::{HeaderName, Method};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use stint_client::wire::metadata;
use stint_proto::{
    limits::{HISTORIES, KERNEL_TRANSACTION_BYTES, QUERIES, REFLECTION_BYTES, SUBMIT_STREAMS, WHAT_IFS},
    v1::ledger_server::LedgerServer,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tonic::service::Routes;
use tonic_reflection::pb::{
    v1::server_reflection_server::ServerReflectionServer as ReflectionV1,
    v1alpha::server_reflection_server::ServerReflectionServer as ReflectionV1Alpha,
};
use tonic_web::GrpcWebLayer;
use tower::service_fn;
use tower_http::cors::{Any, CorsLayer};

/// Streams of one connection at once.
const STREAMS: u32 = 4096;
/// What a client may send ahead of being read, on a stream and on all of a connection.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 512 * 1024;
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How long a browser remembers what a page may send.
const PREFLIGHT: Duration = Duration::from_secs(24 * 60 * 60);
const HEADER_BYTES: u32 = 32 * 1024;

/// The edge cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen for gRPC on {address}: {error}; choose another address in node.toml, or stop what uses it")]
    Listen {
        /// The address from the configuration.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The server failed while it ran.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// A page of state, or a simulation with all that it read and wrote.
const LARGEST_ANSWER: usize = 80 << 20;

/// An open port.
pub struct Server {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Opens the port.
    pub async fn open(address: SocketAddr) -> Result<Server, ServeError> {
        let refused = |error| ServeError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Server { listener, address })
    }
}

/// Any page may call: nothing that a browser adds by itself means anything here, and commands carry their own signature.
fn for_browsers() -> CorsLayer {
    let name = HeaderName::from_static;
    let sent = ["content-type", "x-grpc-web", "x-user-agent", "grpc-timeout"].into_iter().chain(metadata::SENT);
    let answered = ["grpc-status", "grpc-message", "grpc-status-details-bin"].into_iter().chain(metadata::ANSWERED);
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers(sent.map(name).collect::<Vec<_>>())
        .expose_headers(answered.map(name).collect::<Vec<_>>())
        .max_age(PREFLIGHT)
}

/// Answers on an open port until `stop` ends; calls under way are answered first.
pub async fn serve(
    server: Server,
    node: Arc<Node>,
    name: String,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", tonic_health::ServingStatus::Serving).await;
    health.set_service_status("stint.v1.Ledger", tonic_health::ServingStatus::Serving).await;
    let queries = Arc::new(Semaphore::new(QUERIES));
    let what_ifs = whatif::places(WHAT_IFS);
    let watches = Watches::new(node.clone());
    let stop = {
        let watches = watches.clone();
        async move {
            stop.await;
            watches.stop();
        }
    };
    let ledger = LedgerService {
        node: node.clone(),
        name,
        queries: queries.clone(),
        what_ifs,
        watches,
        submit_streams: Places::new("submit-streams", SUBMIT_STREAMS),
        histories: Places::new("histories", HISTORIES),
    };
    let ledger = LedgerServer::new(ledger)
        .max_decoding_message_size(KERNEL_TRANSACTION_BYTES + 1024)
        .max_encoding_message_size(LARGEST_ANSWER);
    let reflection = Reflection::new(node.clone(), queries.clone());
    let calls = ContractCalls { node, queries };
    let contracts = service_fn(move |request: http::Request<Body>| calls.clone().serve(request));
    let routes = Routes::new(ledger)
        .add_service(health_service)
        .add_service(ReflectionV1::new(reflection.clone()).max_decoding_message_size(REFLECTION_BYTES))
        .add_service(ReflectionV1Alpha::new(reflection).max_decoding_message_size(REFLECTION_BYTES))
        .into_axum_router()
        .fallback_service(contracts)
        .layer(axum::middleware::from_fn_with_state(Scales::default(), weigh))
        .layer(axum::middleware::from_fn(named));
    let mut builder = tonic::transport::Server::builder()
        // Browsers speak gRPC-web, over HTTP/1.1 too.
        .accept_http1(true)
        .layer(for_browsers())
        .layer(GrpcWebLayer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE));
    builder
        .add_routes(Routes::from(routes))
        .serve_with_incoming_shutdown(door::incoming(server.listener), stop)
        .await?;
    Ok(())
}
