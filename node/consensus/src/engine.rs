//! One validator's engine, put together over any runtime and any network.

use crate::{
    Floor, Ledger, Left, MakeLedger, Timing,
    application::{App, Delivery},
    block::{Ordered, digest},
    committees::Committees,
    env::{EngineEnv, OUTBOX},
    finality::finalization,
    patience::Patience,
    rounds::{Rounds, Track},
};
use bytes::Bytes;
use commonware_broadcast::buffered;
use commonware_consensus::{
    marshal::{
        self, Start,
        core::Actor as Marshal,
        resolver::p2p as backfill,
        standard::{Deferred, Standard},
    },
    simplex::{self, config, scheme::ed25519::Scheme},
    types::{FixedEpocher, ViewDelta},
};
use commonware_cryptography::{
    Digested, Digestible, Signer,
    certificate::Verifier,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{Blocker, Provider, Receiver, Recipients, Sender, max_message_size, utils::mux::prefixed};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock, Handle, Metrics, Quota, Spawner, Storage, Supervisor, buffer::paged::CacheRef};
use commonware_storage::{
    archive::{Archive as _, prunable},
    translator::EightCap,
};
use commonware_utils::{NZDuration, NZU16, NZU32, NZU64, NZUsize};
use rand_core::CryptoRng;
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::{Arc, OnceLock},
    time::Duration,
};
use stint_proto::{Block, limits::KERNEL_TRANSACTION_BYTES};
use tokio::sync::mpsc;

/// Channels of the network: votes, certificates, certificates asked for, blocks asked for, blocks
/// broadcast, calls gossiped.
pub const CHANNELS: usize = 6;

/// Messages a second on each channel. A channel reserves memory for its quota times the peers, so
/// bulky channels have small ones; a low quota for votes would cap the rate of blocks.
pub const QUOTAS: [Quota; CHANNELS] = [
    Quota::per_second(NZU32!(1024)),
    Quota::per_second(NZU32!(1024)),
    Quota::per_second(NZU32!(256)),
    Quota::per_second(NZU32!(64)),
    Quota::per_second(NZU32!(128)),
    Quota::per_second(NZU32!(1024)),
];

pub(crate) const MAILBOX: NonZeroUsize = NZUsize!(1024);
pub(crate) const BUFFER_BYTES: NonZeroUsize = NZUsize!(1024 * 1024);
const ITEMS_PER_SECTION: NonZeroU64 = NZU64!(1024);
/// Blocks of each validator that wait in memory until they are asked for.
const BLOCKS_PER_PEER: usize = 16;
/// Final blocks that are delivered and not yet acknowledged.
const UNACKNOWLEDGED: NonZeroUsize = NZUsize!(16);
const REPAIR: NonZeroUsize = NZUsize!(16);
pub(crate) const VIEWS_KEPT: ViewDelta = ViewDelta::new(256);
pub(crate) const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
pub(crate) const FETCH_RETRY: Duration = Duration::from_millis(200);

/// The largest message that `validators` send each other, bytes.
pub fn max_message_bytes(validators: u32) -> u32 {
    max_message_size(&[
        largest_round_message(validators),
        marshal::max_payload_size::<Standard<Ordered>, Scheme>(validators, &()),
        KERNEL_TRANSACTION_BYTES + 1024,
    ])
}

/// The largest vote, certificate, or answer that holds one, of so many validators, bytes.
pub(crate) fn largest_round_message(validators: u32) -> usize {
    prefixed(simplex::max_payload_size::<Scheme, <Ordered as Digestible>::Digest>(validators))
}

/// Where the engine keeps the votes of a partition.
pub(crate) fn folder_of_votes(partition: &str) -> String {
    format!("{partition}-simplex")
}

/// What one validator's engine is made of.
pub struct Parts<P, B, S, R> {
    /// This validator's key, by which the network knows it too.
    pub key: PrivateKey,
    /// Other keys of it, one of which is to count instead.
    pub other_keys: Vec<[u8; 32]>,
    /// What is signed says for which ledger.
    pub namespace: Vec<u8>,
    /// Block 0.
    pub genesis: Block,
    /// Where to begin instead, for an engine that lost what it had.
    pub floor: Option<Floor>,
    /// Prefix of what the engine stores.
    pub partition: String,
    /// Timeouts.
    pub timing: Timing,
    /// Pages of 4 KiB of its files that it keeps in memory.
    pub cache_pages: NonZeroUsize,
    /// Who the peers are.
    pub peers: P,
    /// Tells the network when they change.
    pub track: Track,
    /// Who shuts misbehaving peers out.
    pub blocker: B,
    /// Sender and receiver of each channel.
    pub channels: [(S, R); CHANNELS],
}

/// A started engine. Each handle ends only when the validator must stop.
pub struct Running {
    /// The tasks to watch.
    pub tasks: Vec<(&'static str, Handle<()>)>,
    /// Why the first of them ended in order, if it did.
    pub left: Arc<OnceLock<Left>>,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A block or a certificate.
    #[error("what it shall begin with cannot be read: {0:?}")]
    Codec(commonware_codec::Error),
    /// Its own files.
    #[error("{0}")]
    Archive(String),
    /// The last block of the epoch before is not here.
    #[error("the last block before epoch {0} is not kept here")]
    Before(u64),
}

impl From<commonware_codec::Error> for StartError {
    fn from(e: commonware_codec::Error) -> StartError {
        StartError::Codec(e)
    }
}

/// The task of the epochs' engines.
pub(crate) const ROUNDS: &str = "engine";

/// Starts a validator's engine. `ledger` is made from the environment it shall live in.
pub async fn start<E, P, B, S, R>(
    context: E,
    parts: Parts<P, B, S, R>,
    ledger: MakeLedger,
) -> Result<Running, StartError>
where
    E: CryptoRng + Spawner + Metrics + Clock + Storage + Supervisor + Send + Sync + 'static,
    P: Provider<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey>,
    S: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let Parts {
        key,
        other_keys,
        namespace,
        genesis,
        floor,
        partition,
        timing,
        cache_pages,
        peers,
        track,
        blocker,
        channels,
    } = parts;
    let [votes, certificates, certificate_requests, block_requests, broadcast, gossip] = channels;
    let me = key.public_key();
    let chain_id = genesis.header.chain_id;
    let (outbox, to_send) = mpsc::channel(OUTBOX);
    let marshal_mailbox = Arc::new(OnceLock::new());
    let known_committees = Arc::new(OnceLock::new());
    let env = EngineEnv {
        context: context.child("ledger"),
        outbox,
        marshal: marshal_mailbox.clone(),
        committees: known_committees.clone(),
    };
    let ledger = ledger(Arc::new(env));
    let committees = Committees::new(&ledger, &namespace, key);
    let _ = known_committees.set(committees.clone());
    let epochs = ledger.epochs();
    let page_cache = CacheRef::new(NZU16!(4096), cache_pages);

    let (buffer_engine, buffer) = buffered::Engine::new(
        context.child("broadcast"),
        buffered::Config {
            public_key: me.clone(),
            mailbox_size: MAILBOX,
            deque_size: BLOCKS_PER_PEER,
            priority: true,
            codec_config: (),
            peer_provider: peers.clone(),
            strategy: Sequential,
        },
    );
    let buffer_task = buffer_engine.start(broadcast);
    let resolver = backfill::init(
        context.child("backfill"),
        backfill::Config {
            public_key: me.clone(),
            peer_provider: peers,
            blocker: blocker.clone(),
            mailbox_size: MAILBOX,
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: FETCH_RETRY,
            priority_requests: false,
            priority_responses: false,
        },
        block_requests,
    );

    let archive_error = |e| StartError::Archive(format!("{e}"));
    let finalizations = prunable::Archive::init(
        context.child("finalizations"),
        archive(&partition, "finalizations", &page_cache, Scheme::certificate_codec_config_unbounded()),
    );
    let mut finalizations = finalizations.await.map_err(archive_error)?;
    let blocks = prunable::Archive::init(context.child("blocks"), archive(&partition, "blocks", &page_cache, ()));
    let mut blocks = blocks.await.map_err(archive_error)?;

    let genesis = Ordered::new(genesis)?;
    // The first epoch that is not over here, and what its first block stands on.
    let epoch = epochs.of(ledger.executed_height() + 1);
    let before = match epoch {
        0 => genesis.digest(),
        epoch => ledger.before(epoch).map(digest).ok_or(StartError::Before(epoch))?,
    };
    let (start, first_round) = match floor {
        None => (Start::Genesis(Digested::compute(genesis, &Sequential).await), config::Floor::Genesis(before)),
        Some(Floor { block, certificate }) => {
            let finalization = finalization(&block.header, &certificate)?;
            // The engine would ask peers for the block; it is here.
            let height = block.header.height;
            let key = digest(block.header.hash());
            let goes_on = block.header.epoch == epoch;
            if blocks.last_index().is_none_or(|last| last < height) {
                let anchor = Arc::new(Ordered::new(block)?);
                blocks = blocks.put_sync(height, key, &anchor).await.map_err(archive_error)?;
                finalizations = finalizations.put_sync(height, key, &finalization).await.map_err(archive_error)?;
            }
            let first_round = match goes_on {
                true => config::Floor::Finalized(finalization.clone()),
                false => config::Floor::Genesis(before),
            };
            (Start::Floor(finalization), first_round)
        }
    };
    let epocher = FixedEpocher::new(NonZeroU64::new(epochs.blocks()).unwrap_or(NonZeroU64::MIN));
    let (marshal, mailbox, _) = Marshal::<_, Standard<Ordered>, _, _, _, _, _>::init(
        context.child("marshal"),
        finalizations,
        blocks,
        marshal::Config {
            provider: committees.clone(),
            epocher: epocher.clone(),
            start,
            partition_prefix: partition.clone(),
            mailbox_size: MAILBOX,
            view_retention: VIEWS_KEPT,
            prunable_items_per_section: ITEMS_PER_SECTION,
            page_cache: page_cache.clone(),
            replay_buffer: BUFFER_BYTES,
            key_write_buffer: BUFFER_BYTES,
            value_write_buffer: BUFFER_BYTES,
            block_codec_config: (),
            max_repair: REPAIR,
            max_pending_acks: UNACKNOWLEDGED,
            strategy: Sequential,
        },
    )
    .await;
    let _ = marshal_mailbox.set(mailbox.clone());
    let adapter = Deferred::new(context.child("application"), App(ledger.clone()), mailbox.clone(), epocher);
    let (executed, heights) = mpsc::unbounded_channel();
    let marshal_task = marshal.start(Delivery { ledger: ledger.clone(), executed }, buffer, resolver);
    let left = Arc::new(OnceLock::new());
    let rounds = Rounds {
        context: context.child("rounds"),
        chain_id,
        ledger: ledger.clone(),
        committees,
        adapter,
        marshal: mailbox,
        blocker,
        partition,
        timing,
        patience: Patience::default(),
        page_cache,
        track,
        executed: heights,
        other_keys,
        left: left.clone(),
        had_a_part: false,
    };
    let channels = [votes, certificates, certificate_requests];
    let rounds_task = context.child("epochs").spawn(move |_| rounds.run(epoch, first_round, channels));
    let gossip_task = context.child("gossip").spawn(move |_| carry(ledger, gossip, to_send));
    Ok(Running {
        tasks: vec![
            (ROUNDS, rounds_task),
            ("marshal", marshal_task),
            ("broadcast", buffer_task),
            ("gossip", gossip_task),
        ],
        left,
    })
}

fn archive<C>(prefix: &str, name: &str, page_cache: &CacheRef, codec_config: C) -> prunable::Config<EightCap, C> {
    prunable::Config {
        translator: EightCap,
        metadata_partition: format!("{prefix}-{name}-metadata"),
        key_partition: format!("{prefix}-{name}-key"),
        key_page_cache: page_cache.clone(),
        value_partition: format!("{prefix}-{name}-value"),
        compression: None,
        codec_config,
        items_per_section: ITEMS_PER_SECTION,
        key_write_buffer: BUFFER_BYTES,
        value_write_buffer: BUFFER_BYTES,
        replay_buffer: BUFFER_BYTES,
    }
}

/// Carries gossip both ways until the network or the ledger is gone.
async fn carry<S, R>(ledger: Arc<dyn Ledger>, (mut sender, mut receiver): (S, R), mut to_send: mpsc::Receiver<Bytes>)
where
    S: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    loop {
        tokio::select! {
            biased;
            received = receiver.recv() => match received {
                Ok((from, message)) => {
                    if let Ok(from) = from.as_ref().try_into() {
                        ledger.gossip(from, message.into());
                    }
                }
                Err(_) => return,
            },
            message = to_send.recv() => match message {
                Some(message) => drop(sender.send(Recipients::All, message, false)),
                None => return,
            },
        }
    }
}
