//! A running validator: the engine on a thread of its own, the gRPC edge on tokio, and what ends
//! them together.

use crate::{
    api::{self, ServeError},
    config::{ConfigError, Folder, NodeConfig},
    core::{Addresses, Node, NodeLedger},
    identity::Identity,
    join::{self, Join, JoinError, Wishes},
    keys::KeyError,
};
use std::{net::SocketAddr, sync::Arc};
use stint_consensus::{Config, ConsensusError, Floor, Left, Timing};
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
    /// The consortium knows none of its keys.
    #[error("{0}")]
    Unknown(String),
    /// The consortium removed it.
    #[error(
        "the consortium removed the validator {name}: it signs nothing from epoch {epoch} on, and has stopped; what it has stays readable"
    )]
    Removed {
        /// The validator.
        name: String,
        /// The first epoch without it.
        epoch: u64,
    },
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
    let identity = Identity::read(&folder)?;
    let mut wishes = wishes;
    // Whom the genesis file does not name learns from peers whether the consortium does.
    wishes.sync |= !genesis.validators.iter().any(|v| identity.public().contains(&v.key));
    // The engine panics on a taken port; say it in words before it does.
    let probe = std::net::TcpListener::bind(config.p2p);
    drop(probe.map_err(|error| ValidatorError::Listen { address: config.p2p, error })?);
    let server = api::Server::open(config.grpc).await?;

    let mut stop = std::pin::pin!(stop);
    let (node, mut join, floor) = tokio::select! {
        () = &mut stop => return Ok(()),
        joined = join(&folder, genesis, chain_id, &config, wishes) => joined?,
    };
    crate::config::make_folder(&folder.engine())?;
    if identity.acting(&node)?.is_none() {
        return Err(ValidatorError::Unknown(unknown(&folder, &config, &identity)));
    }

    let (close, closed) = oneshot::channel::<()>();
    let grpc = server.address;
    let serving = api::serve(server, node.clone(), config.name.clone(), async { drop(closed.await) });
    let mut serving = tokio::spawn(serving);
    started(grpc);
    tracing::info!("{} answers on {grpc}, height {}", config.name, node.tip().height);

    let removed = |epoch| Err(ValidatorError::Removed { name: config.name.clone(), epoch });
    let mut floor = Ok(floor);
    let (result, orderly) = loop {
        let mut engine = match floor.and_then(|floor| Engine::start(&folder, &config, &node, &identity, floor)) {
            Ok(engine) => engine,
            Err(e) => break (Err(e), true),
        };
        let result = tokio::select! {
            () = &mut stop => Ok(Ended::Asked),
            ended = &mut engine.ended => match node.failure() {
                Some(why) => Err(ValidatorError::Failed(why)),
                None => ended
                    .map_err(|_| ValidatorError::Failed(ENGINE_FAILED.into()))
                    .and_then(|r| Ok(r?.map_or(Ended::Asked, Ended::Left))),
            },
            why = node.failed() => Err(ValidatorError::Failed(why)),
            served = &mut serving => {
                served.map_err(|e| ValidatorError::Failed(e.to_string())).and_then(|r| Ok(r?)).map(|()| Ended::Asked)
            }
            () = join.left_behind(&node) => Ok(Ended::LeftBehind),
        };
        let orderly = engine.stop().await;
        match result {
            Ok(Ended::Left(Left::OtherKey(epoch))) => {
                tracing::info!(
                    "from epoch {epoch} on another key of this validator counts: the engine starts anew with it"
                );
                floor = node.floor().map_err(ValidatorError::from);
            }
            Ok(Ended::Left(Left::Outgrown)) => {
                tracing::info!("there are more validators than this one has room for: the engine starts anew");
                floor = node.floor().map_err(ValidatorError::from);
            }
            Ok(Ended::Left(Left::Removed(epoch))) => break (removed(epoch), orderly),
            Ok(Ended::LeftBehind) => {
                tracing::warn!(
                    "the others are beyond block {} and their votes do not come: this validator fetches what they are ahead and starts its engine anew",
                    node.tip().height
                );
                let begins = tokio::select! {
                    () = &mut stop => break (Ok(()), orderly),
                    begins = join.come_back(&node) => begins,
                };
                floor = begins.map_err(ValidatorError::from);
                match identity.acting(&node) {
                    Ok(Some(_)) => {}
                    Ok(None) => break (removed(node.epochs().of(node.tip().height + 1)), orderly),
                    Err(e) => break (Err(e.into()), orderly),
                }
            }
            Ok(Ended::Asked) => break (Ok(()), orderly),
            Err(e) => break (Err(e), orderly),
        }
    };
    let _ = close.send(());
    // Open streams must not keep a stopped node alive.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), &mut serving).await;
    serving.abort();
    if orderly && matches!(result, Ok(()) | Err(ValidatorError::Removed { .. })) {
        join::seal::set(&folder)?;
    }
    result
}

/// Why an engine is stopped that did not fail.
enum Ended {
    /// The operator wants it, or nobody serves any more.
    Asked,
    /// By itself.
    Left(Left),
    /// The others went on without it.
    LeftBehind,
}

/// A running consensus engine, on a thread of its own.
struct Engine {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<Option<Left>, ConsensusError>>,
    thread: std::thread::JoinHandle<()>,
}

impl Engine {
    fn start(
        folder: &Folder,
        config: &NodeConfig,
        node: &Arc<Node>,
        identity: &Identity,
        floor: Option<Floor>,
    ) -> Result<Engine, ValidatorError> {
        let addresses: Addresses = config.peers.iter().map(|p| (p.name.clone(), p.p2p)).collect();
        let unknown = || ValidatorError::Unknown(unknown(folder, config, identity));
        let key = identity.acting(node)?.ok_or_else(unknown)?;
        let own = key.verifying_key().to_bytes();
        let engine = Config {
            key: key.to_bytes(),
            other_keys: identity.public().into_iter().filter(|k| *k != own).collect(),
            chain_id: node.chain_id,
            genesis: node.genesis_block(),
            floor,
            peers: node.peers(&addresses)?,
            listen: config.p2p,
            folder: folder.engine(),
            timing: Timing::default(),
        };
        let (stop, stops) = oneshot::channel();
        let (tell, ended) = oneshot::channel();
        let (node, keys) = (node.clone(), identity.keys());
        let thread = std::thread::Builder::new().name("engine".into()).spawn(move || {
            let ledger = Box::new(move |env| NodeLedger::start(node, env, addresses, keys));
            let _ = tell.send(stint_consensus::run(engine, stops, ledger));
        });
        let thread = thread.map_err(|e| ValidatorError::Failed(format!("no thread for the engine: {e}")))?;
        Ok(Engine { stop, ended, thread })
    }

    /// Stops it and says whether it had not failed.
    async fn stop(self) -> bool {
        let _ = self.stop.send(());
        let thread = self.thread;
        matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(())))
    }
}

fn unknown(folder: &Folder, config: &NodeConfig, identity: &Identity) -> String {
    let key = identity.public().first().map(hex::encode).unwrap_or_default();
    format!(
        "the consortium knows no validator with the key {key} of {}; ask it to call stint.v1.Kernel/AddValidator with the name {}, this key, and the addresses p2p {} and grpc {} as others reach them; then start again",
        folder.key().display(),
        config.name,
        config.p2p,
        config.grpc
    )
}

/// Opens what the node has, after fetching what it has not.
async fn join(
    folder: &Folder,
    genesis: Genesis,
    chain_id: Hash,
    config: &NodeConfig,
    wishes: Wishes,
) -> Result<(Arc<Node>, Join, Option<Floor>), ValidatorError> {
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
    Ok((node, join, floor))
}

/// Runs what takes long and waits for the disk.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ValidatorError> + Send + 'static,
) -> Result<T, ValidatorError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| ValidatorError::Failed(e.to_string()))?
}
