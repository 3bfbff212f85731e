//! A running validator: the engine on a thread of its own, the gRPC edge on tokio, and what ends
//! them together.

use crate::{
    api::{self, ServeError},
    config::{ConfigError, Folder, NodeConfig},
    core::{Node, NodeLedger},
    join::{self, Join, JoinError, Wishes},
    keys::{self, KeyError},
};
use std::{net::SocketAddr, sync::Arc};
use stint_consensus::{Config, ConsensusError, Floor, Peer, Timing};
use stint_proto::{Genesis, Hash};
use stint_runtime::{Contracts, ContractsOptions, RuntimeError};
use stint_store::{Medium, StoreError};
use tokio::sync::oneshot;

/// Why a validator did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ValidatorError {
    /// Its folder.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its key is not the one that the genesis file names.
    #[error("{0}")]
    Identity(String),
    /// What it keeps.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It did not come to where the ledger is.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The Wasm engine.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The gRPC edge.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The consensus engine.
    #[error(transparent)]
    Consensus(#[from] ConsensusError),
    /// Execution stopped, and so must the node.
    #[error("the node stopped: {0}")]
    Failed(String),
    /// The address for peers cannot be opened.
    #[error(
        "cannot listen for validators on {address}: {error}; choose another address in node.toml, or stop what uses it"
    )]
    Listen {
        /// The address from the configuration.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}

/// The engine panics when its files fail it; what it says comes before.
const ENGINE_FAILED: &str = "the consensus engine failed; it says above why. If the disk is full, free some space and start again; if its files are damaged, start with --repair, and it begins anew behind what the other validators decided";

/// Runs the validator of a folder until `stop` ends or it must stop by itself. `started` learns the
/// gRPC address once it answers.
pub async fn run(
    folder: Folder,
    wishes: Wishes,
    started: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ValidatorError> {
    let (genesis, chain_id) = folder.read_genesis()?;
    let config = folder.read_config()?;
    let key = keys::read(&folder.key())?;
    let public = key.verifying_key().to_bytes();
    let named = genesis.validators.iter().find(|v| v.name == config.name);
    if named.is_none_or(|v| v.key != public) {
        let message = format!(
            "{}: the genesis file names no validator {} with the key {}",
            folder.key().display(),
            config.name,
            hex::encode(public)
        );
        return Err(ValidatorError::Identity(message));
    }
    let peers = genesis.validators.iter().map(|v| {
        let address = config.peers.iter().find(|p| p.name == v.name).map(|p| p.p2p);
        let missing = || {
            ValidatorError::Identity(format!(
                "{}: there is no address of the validator {}",
                folder.config().display(),
                v.name
            ))
        };
        Ok(Peer { key: v.key, address: address.ok_or_else(missing)? })
    });
    let peers: Vec<Peer> = peers.collect::<Result<_, ValidatorError>>()?;
    // The engine panics on a taken port; say it in words before it does.
    let probe = std::net::TcpListener::bind(config.p2p);
    drop(probe.map_err(|error| ValidatorError::Listen { address: config.p2p, error })?);
    let server = api::Server::open(config.grpc).await?;

    let mut stop = std::pin::pin!(stop);
    let (node, floor) = tokio::select! {
        () = &mut stop => return Ok(()),
        joined = join(&folder, genesis, chain_id, &config, wishes) => joined?,
    };
    crate::config::make_folder(&folder.engine())?;
    let engine = Config {
        key: key.to_bytes(),
        chain_id,
        genesis: node.genesis_block(),
        floor,
        peers,
        listen: config.p2p,
        folder: folder.engine(),
        timing: Timing::default(),
    };
    let (stop_engine, engine_stops) = oneshot::channel();
    let (ended, engine_ended) = oneshot::channel();
    let for_ledger = node.clone();
    let thread = std::thread::Builder::new().name("engine".into()).spawn(move || {
        let result =
            stint_consensus::run(engine, engine_stops, Box::new(move |env| NodeLedger::start(for_ledger, env)));
        let _ = ended.send(result);
    });
    let thread = thread.map_err(|e| ValidatorError::Failed(format!("no thread for the engine: {e}")))?;

    let (close, closed) = oneshot::channel::<()>();
    let (grpc, validator) = (server.address, (config.name.clone(), public));
    let mut serving = tokio::spawn(api::serve(server, node.clone(), validator, async { drop(closed.await) }));
    started(grpc);
    tracing::info!("{} answers on {grpc}, height {}", config.name, node.tip().height);

    let result = tokio::select! {
        () = &mut stop => Ok(()),
        ended = engine_ended => match node.failure() {
            Some(why) => Err(ValidatorError::Failed(why)),
            None => ended.map_err(|_| ValidatorError::Failed(ENGINE_FAILED.into())).and_then(|r| Ok(r?)),
        },
        why = node.failed() => Err(ValidatorError::Failed(why)),
        served = &mut serving => served.map_err(|e| ValidatorError::Failed(e.to_string())).and_then(|r| Ok(r?)),
    };
    let _ = close.send(());
    let _ = stop_engine.send(());
    // Open streams must not keep a stopped node alive.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), &mut serving).await;
    serving.abort();
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    if result.is_ok() && matches!(ended, Ok(Ok(()))) {
        join::seal::set(&folder)?;
    }
    result
}

/// Opens what the node has, after fetching what it has not.
async fn join(
    folder: &Folder,
    genesis: Genesis,
    chain_id: Hash,
    config: &NodeConfig,
    wishes: Wishes,
) -> Result<(Arc<Node>, Option<Floor>), ValidatorError> {
    let keep = config.keep.keep().map_err(|what| ConfigError::Value { path: folder.config(), what })?;
    if wishes.repair {
        let (folder, genesis) = (folder.clone(), genesis.clone());
        on_thread(move || Ok(join::set_aside(&folder, &genesis, chain_id, keep)?)).await?;
    }
    let others = config.peers.iter().filter(|p| p.name != config.name);
    let peers: Vec<_> = others.filter_map(|p| Some((p.name.clone(), p.grpc?))).collect();
    join::seal::open(folder)?;
    let pin = wishes.pin;
    let mut join =
        Join::new(folder.clone(), genesis.clone(), chain_id, keep, wishes, peers).map_err(ConfigError::from)?;
    join.fetch_state().await?;
    crate::config::make_folder(&folder.state())?;
    let place = folder.clone();
    let node = on_thread(move || {
        let options = ContractsOptions { folder: Some(place.code()), ..Default::default() };
        let node = Node::open(&Medium::Folder(place.state()), genesis, chain_id, Contracts::with(options)?, keep)?;
        pin.map_or(Ok(()), |pin| node.pin(pin.height, pin.hash)).map_err(JoinError::Pinned)?;
        Ok(node)
    });
    let node = node.await?;
    let floor = join.catch_up(&node).await?;
    Ok((node, floor))
}

/// Runs what takes long and waits for the disk.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ValidatorError> + Send + 'static,
) -> Result<T, ValidatorError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| ValidatorError::Failed(e.to_string()))?
}
