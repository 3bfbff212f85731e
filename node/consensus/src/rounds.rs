//! One engine of votes an epoch, one after the other, over channels that they share.
//!
//! ```text
//!  epoch e     … ── last block, final and executed ──┐
//!  epoch e+1                                         └── first round, upon the last block of e
//! ```
//!
//! 1. The engine of an epoch starts when the last block before it is executed here, and its committee is known.
//! 2. What other validators send for the next epoch before that is kept for its engine.
//! 3. Whoever hears of the next epoch and does not get there by itself fetches the last block of its own: the validators
//!    that have gone on no longer answer in the old one.
//! 4. Votes of an epoch are forgotten when its last block is executed: none of its rounds can come again.

use crate::{
    Heard, Ledger, Timing,
    application::App,
    block::{Ordered, digest},
    committees::Committees,
    early::Early,
    engine::{BUFFER_BYTES, FETCH_RETRY, FETCH_TIMEOUT, MAILBOX, VIEWS_KEPT, folder_of_votes, largest_round_message},
    overheard::Overheard,
    patience::Patience,
    patient::Patient,
    small::Small,
    witness::Witness,
};
use commonware_consensus::{
    marshal::{
        core::Mailbox,
        standard::{Deferred, Standard},
    },
    simplex::{
        self, SkipBudget,
        config::{Floor, ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
        scheme::ed25519::Scheme,
    },
    types::{Epoch, FixedEpocher, Height},
};
use commonware_cryptography::{Sha256, certificate::Scheme as _, ed25519::PublicKey, sha256::Digest};
use commonware_p2p::{
    Blocker, Message, Receiver, Sender,
    utils::mux::{Builder, MuxHandle, Muxer, SubReceiver, SubSender},
};
use commonware_parallel::Sequential;
use commonware_runtime::{Clock, Handle, Metrics, Spawner, Storage, Supervisor, buffer::paged::CacheRef};
use commonware_utils::{NZDuration, channel, ordered::Set, vec::NonEmptyVec};
use rand_core::CryptoRng;
use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};
use stint_proto::{Hash, limits::VALIDATORS};
use tokio::sync::mpsc;

/// How long others may be an epoch ahead before the last block of this one is fetched from them, and until it is asked for
/// again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why a validator stops by itself, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The consortium removed it: it is of no committee from this epoch on.
    Removed(u64),
    /// Another key of its own counts from this epoch on.
    OtherKey(u64),
    /// There are more peers than its network has room for.
    Outgrown,
}

/// Tells the network who may connect.
pub type Track = Box<dyn FnMut(crate::Peers) + Send>;

/// What the engines of all epochs share.
pub(crate) struct Rounds<E: Spawner + Metrics + Clock, B> {
    pub context: E,
    pub chain_id: Hash,
    pub ledger: Arc<dyn Ledger>,
    pub committees: Committees,
    pub adapter: Deferred<E, Scheme, App, Ordered, FixedEpocher>,
    pub marshal: Mailbox<Scheme, Standard<Ordered>>,
    pub blocker: B,
    pub partition: String,
    pub timing: Timing,
    pub patience: Patience,
    pub page_cache: CacheRef,
    pub track: Track,
    /// Heights as they are executed.
    pub executed: mpsc::UnboundedReceiver<u64>,
    /// Other keys of this validator.
    pub other_keys: Vec<[u8; 32]>,
    pub left: Arc<OnceLock<Left>>,
    /// It was of a committee, or was to be, at some time since the start.
    pub had_a_part: bool,
}

/// The channels of all epochs: votes, certificates, certificates asked for.
struct Shared<S: Sender>([MuxHandle<S>; 3]);

/// Votes of epochs that nobody reads here.
type Beyond = channel::mpsc::Receiver<(u64, Message<PublicKey>)>;

/// Those of one epoch.
type Channel<S> = (SubSender<S>, Early<SubReceiver<PublicKey>>);
type Channels<S> = [Channel<S>; 3];

impl<E, B> Rounds<E, B>
where
    E: CryptoRng + Spawner + Metrics + Clock + Storage + Supervisor + Send + Sync + 'static,
    B: Blocker<PublicKey = PublicKey>,
{
    /// Runs until the validator is no longer needed, which [`Rounds::left`] tells, or something fails.
    pub async fn run<S, R>(mut self, mut epoch: u64, mut floor: Floor<Scheme, Digest>, channels: [(S, R); 3])
    where
        S: Sender<PublicKey = PublicKey>,
        R: Receiver<PublicKey = PublicKey>,
    {
        let largest = largest_round_message(VALIDATORS as u32);
        let [votes, certificates, requests] = channels.map(|(sender, r)| (sender, Small::new(r, largest)));
        let (muxer, votes, mut beyond) =
            Muxer::builder(self.context.child("votes"), votes.0, votes.1).with_backup().build();
        muxer.start();
        let (muxer, certificates) = Muxer::new(self.context.child("certificates"), certificates.0, certificates.1);
        muxer.start();
        let (muxer, requests) = Muxer::new(self.context.child("requests"), requests.0, requests.1);
        muxer.start();
        let mut shared = Shared([votes, certificates, requests]);
        let mut tracked = self.tell_who_may_connect(None);
        self.ledger.heard(Heard::Patience(1));
        let Some(mut next) = shared.open(epoch).await else { return };
        loop {
            if let Some(left) = self.leaves(epoch) {
                let _ = self.left.set(left);
                return;
            }
            let now = next;
            let Some(opened) = shared.open(epoch + 1).await else { return };
            next = opened;
            let Some(mut engine) = self.start(epoch, floor, now) else { return };
            let later = Later { next: &mut next[0].1, beyond: &mut beyond };
            if !self.until_the_last_block(epoch, &mut engine, later, &mut tracked).await {
                return;
            }
            engine.abort();
            let _ = engine.await;
            let _ = self.context.remove(&self.votes(epoch), None).await;
            epoch += 1;
            // Who has executed the last block has its hash.
            let Some(before) = self.ledger.before(epoch) else { return };
            floor = Floor::Genesis(digest(before));
        }
    }

    fn votes(&self, epoch: u64) -> String {
        format!("{}-{epoch}", folder_of_votes(&self.partition))
    }

    /// Whether this validator had a part and has none in an epoch, not even the one of a joining validator, which follows.
    fn leaves(&mut self, epoch: u64) -> Option<Left> {
        let members = self.committees.members(epoch)?;
        let me = self.committees.me();
        if members.position(&me).is_some() || self.ledger.peers().peers.iter().any(|p| p.key[..] == *me && !p.left) {
            self.had_a_part = true;
        } else if self.had_a_part {
            return Some(self.how_it_leaves(&members, epoch));
        }
        None
    }

    fn how_it_leaves(&self, members: &Set<PublicKey>, epoch: u64) -> Left {
        let is_member = |key: &[u8; 32]| members.iter().any(|m| **m == key[..]);
        match self.other_keys.iter().any(is_member) {
            true => Left::OtherKey(epoch),
            false => Left::Removed(epoch),
        }
    }

    /// Tells the network who may connect, if that is another version than it was told; answers with the version.
    fn tell_who_may_connect(&mut self, told: Option<u64>) -> u64 {
        match told {
            Some(told) if told >= self.ledger.peers_version() => told,
            _ => {
                let peers = self.ledger.peers();
                let version = peers.version;
                (self.track)(peers);
                version
            }
        }
    }

    /// Starts the engine of an epoch.
    fn start<S: Sender<PublicKey = PublicKey>>(
        &self,
        epoch: u64,
        floor: Floor<Scheme, Digest>,
        channels: Channels<S>,
    ) -> Option<Handle<()>> {
        let scheme = self.committees.scheme(epoch)?;
        tracing::debug!("epoch {epoch} begins");
        let Timing { leader, certification, retry, skip } = self.timing;
        let context = self.context.child("simplex").with_attribute("epoch", epoch);
        let witness = Witness::new(
            self.chain_id,
            epoch,
            scheme.participants().clone(),
            self.ledger.clone(),
            self.patience.clone(),
            self.adapter.clone(),
        );
        let engine = simplex::Engine::new(
            Patient::new(context, self.patience.clone()),
            simplex::Config {
                scheme: scheme.as_ref().clone(),
                elector: RoundRobin::<Sha256>::default(),
                blocker: self.blocker.clone(),
                automaton: self.adapter.clone(),
                relay: self.adapter.clone(),
                reporter: witness.clone(),
                strategy: Sequential,
                partition: self.votes(epoch),
                mailbox_size: MAILBOX,
                epoch: Epoch::new(epoch),
                floor,
                replay_buffer: BUFFER_BYTES,
                write_buffer: BUFFER_BYTES,
                page_cache: self.page_cache.clone(),
                leader_timeout: leader,
                certification_timeout: certification,
                timeout_retry: retry,
                view_retention: VIEWS_KEPT,
                skip: SkipPolicy::Enabled { timeout: skip, budget: SkipBudget::Participants },
                fetch_timeout: NZDuration!(FETCH_TIMEOUT),
                fetch_retry_delay: FETCH_RETRY,
                forward: ForwardPolicy::SilentLeader,
                // What was overheard is remembered apart.
                track_historical_votes: false,
            },
        );
        let [(sender, votes), certificates, requests] = channels;
        let votes = Overheard::new(votes, witness, self.blocker.clone());
        Some(engine.start((sender, votes), certificates, requests))
    }

    /// Waits until the last block of an epoch is executed; `false` when the engine ended before.
    async fn until_the_last_block(
        &mut self,
        epoch: u64,
        engine: &mut Handle<()>,
        mut later: Later<'_>,
        tracked: &mut u64,
    ) -> bool {
        let last = self.committees.epochs().last(epoch);
        let mut ahead = BTreeSet::new();
        let mut since = None;
        loop {
            let patience = since.map(|since| since + PATIENCE);
            let waited = async {
                match patience {
                    Some(end) => self.context.sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = &mut *engine => return false,
                height = self.executed.recv() => match height {
                    None => return false,
                    Some(height) => {
                        *tracked = self.tell_who_may_connect(Some(*tracked));
                        if height == last {
                            return true;
                        }
                    }
                },
                from = later.listen(epoch) => match from {
                    None => return false,
                    Some(from) => {
                        ahead.insert(from);
                        since.get_or_insert(self.context.current());
                    }
                },
                () = waited => {
                    let peers: Vec<PublicKey> = std::mem::take(&mut ahead).into_iter().collect();
                    since = None;
                    if let Ok(peers) = NonEmptyVec::try_from(peers) {
                        self.marshal.hint_finalized(Height::new(last), peers);
                    }
                }
            }
        }
    }
}

/// Votes of epochs that have not begun here.
struct Later<'a> {
    /// Of the next one.
    next: &'a mut Early<SubReceiver<PublicKey>>,
    /// Of those behind it, with their epochs.
    beyond: &'a mut Beyond,
}

impl Later<'_> {
    /// Waits for one of an epoch behind this one, and says whose it is. `None` when the network is gone.
    async fn listen(&mut self, epoch: u64) -> Option<PublicKey> {
        loop {
            tokio::select! {
                biased;
                from = self.next.listen() => return from,
                message = self.beyond.recv() => match message? {
                    (of, (from, _)) if of > epoch => return Some(from),
                    _ => {}
                },
            }
        }
    }
}

impl<S: Sender<PublicKey = PublicKey>> Shared<S> {
    /// The channels of an epoch; `None` when the network is gone.
    async fn open(&mut self, epoch: u64) -> Option<Channels<S>> {
        let mut opened = Vec::new();
        for handle in &mut self.0 {
            let (sender, receiver) = handle.register(epoch).await.ok()?;
            opened.push((sender, Early::new(receiver)));
        }
        opened.try_into().ok()
    }
}
