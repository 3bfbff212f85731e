//! How a node comes to where the ledger is without having been there: the state of a recent block and the blocks before it
//! are fetched from peers, then the blocks behind it are executed, and only then the engine starts.
//!
//! ```text
//!         … ───────────────────────────┬───────────────────────────────────► newest
//!           blocks and receipts,       │ state S,        blocks,            the engine
//!           checked by votes           │ piece by piece  executed here      goes on from here
//!           (past.rs, history.rs)      │ (state.rs)      (past.rs)
//! ```
//!
//! Trust is the genesis file alone, or a block's hash that the operator pinned: every piece stands under signatures of
//! the validators.
//!
//! A validator whose votes are lost does not vote again before the others have made a block that begins after its own
//! start: every view in which it may have voted is over then, so it cannot vote twice in one.

mod away;
mod history;
mod past;
mod peers;
mod progress;
mod repair;
pub mod seal;
mod state;
#[cfg(test)]
mod tests;

pub use history::Pin;
use history::{Behind, History};
use peers::{Offer, PeerError, Peers};
use progress::Progress;
pub use repair::set_aside;
use state::FetchError;

use crate::{config::Folder, core::Node};
use futures::future::join_all;
use std::{
    cmp::Reverse,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use stint_consensus::Floor;
use stint_proto::{
    Genesis, GenesisError, Hash,
    limits::{CLOCK_SKEW_MS, FAR_BEHIND, KEPT_HEIGHTS, VALIDATOR_CLOCKS_MS, VALIDITY_WINDOW},
};
use stint_store::{Joining, Keep, Medium, Standing, Store, StoreError, Target, standing, trusts};
use stint_verifier::{Handover, Trust};

/// Times that another snapshot is chosen because peers no longer offer the one before.
const SNAPSHOTS: u32 = 10;

/// What the operator asks for at the start of a node.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Fetch the ledger from peers even if it is young.
    pub sync: bool,
    /// Check what is stored, and fetch from peers what is damaged.
    pub repair: bool,
    /// Vote at once though earlier votes are lost.
    pub forget_votes: bool,
    /// A block whose hash is known from elsewhere.
    pub pin: Option<Pin>,
}

/// Why a node did not come to where the ledger is.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be moved.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// There is nobody to fetch from.
    #[error("{0}")]
    Peers(String),
    /// Something is lost that only --repair brings back.
    #[error("{0}")]
    Lost(String),
    /// The ledger is not the one that the operator pinned.
    #[error("{0}")]
    Pinned(String),
}

/// A node that comes to where the ledger is.
pub struct Join {
    folder: Folder,
    genesis: Genesis,
    chain_id: Hash,
    trust: Trust,
    keep: Keep,
    wishes: Wishes,
    peers: Peers,
    /// The engine has no votes of before.
    without_votes: bool,
    /// The state was fetched.
    fetched: bool,
    /// Milliseconds since 1970.
    began: u64,
    /// How long it may stand still before it asks the others.
    patience: Duration,
}

impl Join {
    /// Looks at the folder and says what is amiss.
    pub fn new(
        folder: Folder,
        genesis: Genesis,
        chain_id: Hash,
        keep: Keep,
        wishes: Wishes,
        peers: impl IntoIterator<Item = (String, SocketAddr)>,
    ) -> Result<Join, GenesisError> {
        let without_votes = std::fs::read_dir(folder.engine()).map_or(true, |mut files| files.next().is_none());
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let peers = Peers::new(chain_id, peers);
        let trust = genesis.trust(chain_id)?;
        Ok(Join {
            folder,
            genesis,
            chain_id,
            trust,
            keep,
            wishes,
            peers,
            without_votes,
            fetched: false,
            began,
            patience: away::PATIENCE,
        })
    }

    fn medium(&self) -> Medium {
        Medium::Folder(self.folder.state())
    }

    /// Fetches the state of a recent block, and the blocks before it, where the folder needs that.
    pub async fn fetch_state(&mut self) -> Result<(), JoinError> {
        let medium = self.medium();
        let here = tokio::task::spawn_blocking(move || standing(&medium)).await;
        let here = here.map_err(|e| JoinError::Peers(e.to_string()))??;
        match here {
            Standing::Whole(0) | Standing::Empty if self.without_votes => {
                let heights = self.peers.heights().await.unwrap_or(0);
                let wanted = self.wishes.sync || self.wishes.repair;
                let old = heights >= FAR_BEHIND || wanted && heights > 0;
                // A ledger without snapshots is young enough to be executed from its beginning.
                if !old || !self.is_proven(heights.min(FAR_BEHIND)).await || !self.is_offered().await {
                    return Ok(());
                }
            }
            Standing::Empty if !self.wishes.repair => {
                return Err(JoinError::Lost(format!(
                    "{} is empty, and the votes in {} are of a node that had been further; if the disk was replaced, start with --repair to fetch the ledger from peers",
                    self.folder.state().display(),
                    self.folder.engine().display()
                )));
            }
            Standing::Empty | Standing::Joining => {}
            Standing::Whole(tip) => {
                // Only peers that keep the next block can tell how the ledger went on. What they say is not enough to
                // give up a state that is in order.
                let heights = self.peers.heights().await.unwrap_or(0);
                let far = tip + FAR_BEHIND;
                if heights < far || !self.is_proven(far).await || self.is_given(tip + 1).await? {
                    return Ok(());
                }
                tracing::info!("no peer keeps block {} any more: the state is fetched anew", tip + 1);
            }
        }
        self.fetch_whole().await
    }

    /// Whether some peer can prove a block of at least this height.
    async fn is_proven(&self, height: u64) -> bool {
        let clients = self.peers.clients().into_iter();
        let proven = join_all(clients.map(|(_, c)| peers::newest(c, &self.trust))).await;
        proven.into_iter().flatten().any(|newest| newest >= height)
    }

    /// Whether some peer offers a snapshot, or one cannot tell.
    async fn is_offered(&self) -> bool {
        let clients = self.peers.clients().into_iter();
        let offers = join_all(clients.map(|(_, c)| peers::snapshot(c, &self.trust))).await;
        !offers.iter().all(|offer| matches!(offer, Err(PeerError::Missing(_))))
    }

    /// Whether some peer still has a block, the next one here.
    async fn is_given(&self, height: u64) -> Result<bool, JoinError> {
        let (medium, genesis, trust) = (self.medium(), self.genesis.clone(), self.trust.clone());
        let here = tokio::task::spawn_blocking(move || trusts(&medium, &genesis, trust)).await;
        let trusts = here.map_err(|e| JoinError::Peers(e.to_string()))??;
        let clients = self.peers.clients().into_iter();
        let given = join_all(clients.map(|(_, c)| past::gives(c, &trusts, height))).await;
        Ok(given.into_iter().any(|given| given.is_ok_and(|given| given)))
    }

    async fn fetch_whole(&mut self) -> Result<(), JoinError> {
        crate::config::make_folder(&self.folder.state())?;
        for _ in 0..SNAPSHOTS {
            match self.fetch_one().await {
                Ok(()) => {
                    self.fetched = true;
                    return Ok(());
                }
                Err(FetchError::Gone) => {
                    tracing::info!("the snapshot is no longer offered; another one is chosen");
                    // What was fetched of it is of no use for another height.
                    repair::remove(&self.folder.state())?;
                }
                Err(FetchError::Alone) => return Err(JoinError::Peers(self.alone())),
                Err(FetchError::Failed(why)) => return Err(JoinError::Peers(why)),
                Err(FetchError::Store(e)) => return Err(e.into()),
            }
        }
        Err(JoinError::Peers(format!(
            "{SNAPSHOTS} snapshots in a row were no longer offered before they were fetched; ask the peers' operators for a larger snapshot_every, or start again at a quieter time"
        )))
    }

    fn alone(&self) -> String {
        let names: Vec<&str> = self.peers.all.iter().map(|p| p.name.as_str()).collect();
        match names.is_empty() {
            true => format!(
                "{} names no peer to fetch from; give at least one of its peers a line: grpc = \"address:port\"",
                self.folder.config().display()
            ),
            false => format!(
                "none of the peers {} gives what is needed; start again when some of them answer: what was fetched is kept",
                names.join(", ")
            ),
        }
    }

    async fn fetch_one(&mut self) -> Result<(), FetchError> {
        let (medium, keep) = (self.medium(), self.keep);
        let standing = standing(&medium)?;
        let mut joining = match standing {
            Standing::Joining => Joining::resume(&medium, &self.genesis, self.chain_id, keep)?,
            Standing::Empty | Standing::Whole(_) => {
                let above = if let Standing::Whole(tip) = standing { tip } else { 0 };
                let (target, handovers) = self.target(above).await?;
                if let Standing::Whole(1..) = standing {
                    let aside = repair::move_aside(&self.folder.state());
                    aside
                        .and_then(|()| crate::config::make_folder(&self.folder.state()))
                        .map_err(|e| FetchError::Failed(e.to_string()))?;
                }
                Joining::begin(&medium, &self.genesis, self.chain_id, keep, target, &handovers)?
            }
        };
        self.peers.begin().await;
        let target = joining.target();
        tracing::info!("fetching the state after block {} from {} peers", target.height, self.peers.usable().count());
        let keys = self.keys(target.height).await;
        let progress = Progress::new("state", keys);
        let fetched = state::fetch(&mut self.peers, &mut joining, &progress).await;
        drop(progress);
        if let Err(FetchError::Gone) = fetched {
            self.peers.broke(target.height);
        }
        fetched?;
        // Each try begins later, where another peer says that its blocks begin.
        while let Err(e) = self.fetch_past(&mut joining).await {
            let later = match e {
                FetchError::Gone => self.first_block(target.height, joining.target().from + 1).await?,
                e => return Err(e),
            };
            if later <= joining.target().from {
                return Err(FetchError::Gone);
            }
            tracing::warn!("no peer that answers keeps the blocks before {later}: they are left out");
            joining.begin_blocks_at(later)?;
        }
        tokio::task::block_in_place(|| joining.finish())?;
        Ok(())
    }

    /// Fetches the blocks up to that of the state.
    async fn fetch_past(&mut self, joining: &mut Joining) -> Result<(), FetchError> {
        let target = joining.target();
        let (next, parent) = joining.next_block();
        tracing::info!("fetching blocks {next} to {}", target.height);
        let results = joining.results_before()?;
        // What the block before the first one led to bears out what the first led to.
        let first = if results.is_none() { next.saturating_sub(1).max(1) } else { next };
        let trusts = joining.trusts(self.trust.clone())?;
        let mut history = History::new(trusts, self.wishes.pin, true, Behind { next: first, parent, results });
        let progress = Progress::new("blocks", target.height + 1 - next);
        past::fetch(&mut self.peers, &mut history, joining, &progress).await
    }

    /// The first block to fetch before a state, as far as peers keep them: an archive wants all, a node that repairs
    /// itself what it kept, any other what peers may ask of it, and no days of fetching. An hour at least, by which
    /// repeated calls are told. Never before `least`, as far as the hour allows.
    async fn first_block(&mut self, height: u64, least: u64) -> Result<u64, FetchError> {
        let back = |heights: u64| (height + 1).saturating_sub(heights).max(1);
        let all = self.wishes.repair || self.keep.receipts == Keep::ARCHIVE.receipts;
        let heights = if all { self.keep.receipts } else { KEPT_HEIGHTS };
        let (wanted, hour) = (back(heights.max(VALIDITY_WINDOW)), back(VALIDITY_WINDOW));
        let latest = self.wishes.pin.map_or(hour, |pin| hour.min(pin.height.max(1)));
        // The block before the first one is asked for too, but for that before block 1.
        let begins = |s: stint_proto::v1::GetStatusResponse| match s.oldest_block.max(s.oldest_receipts) {
            0 | 1 => 1,
            oldest => oldest.saturating_add(1),
        };
        self.peers.begin().await;
        let kept: Vec<u64> = self.peers.statuses().await.into_iter().map(begins).collect();
        if let (Some(pin), Some(oldest)) = (self.wishes.pin, kept.iter().min())
            && pin.height < *oldest
            && pin.height <= height
        {
            return Err(FetchError::Failed(format!(
                "no peer keeps the pinned block {} any more; pin one from {oldest} on",
                pin.height
            )));
        }
        let first = kept.into_iter().map(|begins| begins.max(wanted)).filter(|first| *first >= least).min();
        Ok(first.unwrap_or(latest).min(latest))
    }

    /// How many keys the peers say that the state has.
    async fn keys(&self, height: u64) -> u64 {
        use stint_proto::v1::GetSnapshotRequest;
        let clients = self.peers.clients().into_iter();
        let asked =
            clients.map(async |(_, c)| peers::ask(c.ledger().get_snapshot(GetSnapshotRequest { height })).await);
        join_all(asked).await.into_iter().flatten().map(|s| s.keys).max().unwrap_or(0)
    }

    /// The snapshot to fetch, of those above a height that peers offer.
    async fn target(&mut self, above: u64) -> Result<(Target, Vec<Handover>), FetchError> {
        let trust = self.trust.clone();
        for attempt in 0..2 {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                self.peers.forgive().await;
            }
            self.peers.begin().await;
            let asked = self.peers.clients().into_iter();
            let asked = asked.map(async |(i, c)| (i, peers::snapshot(c, &trust).await));
            let mut offers = Vec::new();
            for (peer, offer) in join_all(asked).await {
                self.peers.judge(peer, offer.as_ref().err());
                if let Ok(offer) = offer {
                    let broken = self.peers.offers(peer, offer.offered.clone());
                    offers.push((broken, offer));
                }
            }
            if let Some(Offer { height, results, handovers, .. }) = choose(&offers, above) {
                let from = self.first_block(height, 0).await?;
                return Ok((Target { height, results, from }, handovers));
            }
        }
        Err(FetchError::Alone)
    }

    /// Executes what peers are ahead, and says where the engine begins when it does not know that itself.
    pub async fn catch_up(&mut self, node: &Arc<Node>) -> Result<Option<Floor>, JoinError> {
        let tip = node.tip().height;
        let lost = self.without_votes && (tip > 0 || self.wishes.sync || self.wishes.repair);
        let heights = self.peers.heights().await.unwrap_or(0);
        // Alone there is nobody whose votes could contradict one's own.
        let waits = lost && self.genesis.validators.len() > 1;
        let far = tip + FAR_BEHIND;
        if self.fetched || waits || heights >= far && self.is_proven(far).await {
            self.follow(node, waits && !self.wishes.forget_votes, heights).await?;
        } else if !lost {
            return Ok(node.floor()?);
        }
        // The engine has not seen the blocks before, or not all of them.
        Ok(node.begin_anew()?)
    }

    async fn follow(&mut self, node: &Arc<Node>, lost_votes: bool, heights: u64) -> Result<(), JoinError> {
        let tip = node.tip();
        let parent = Some(tip.block).filter(|block| *block != Hash::ZERO);
        let behind = Behind { next: tip.height + 1, parent, results: None };
        let mut history = History::new(node.store.trusts(self.trust.clone())?, self.wishes.pin, false, behind);
        let progress = Progress::new("blocks", heights.saturating_sub(tip.height));
        let safe = self.began + VALIDATOR_CLOCKS_MS + CLOCK_SKEW_MS;
        tracing::info!("executing the blocks from {} on, to about {heights}", tip.height + 1);
        if lost_votes {
            tracing::info!(
                "the votes of before are lost: waiting for a block that the other validators begin after {} s from now",
                VALIDATOR_CLOCKS_MS / 1000
            );
        }
        let store = node.store.clone();
        let enough = move || Ok(!lost_votes || votes_are_over(&store, safe)?);
        let followed = past::follow(&mut self.peers, &mut history, node, &progress, enough).await;
        followed.map_err(|e| match e {
            FetchError::Store(e) => e.into(),
            FetchError::Failed(why) => JoinError::Peers(why),
            FetchError::Gone | FetchError::Alone => JoinError::Peers(self.alone()),
        })
    }
}

/// The best of the snapshots that were proved, each beside how often one of its peer's could not be fetched: rather one
/// that several peers offer, for anybody can prove an old state that no other has any more; then one that was not broken
/// off; then the newest.
fn choose(offers: &[(u32, Offer)], above: u64) -> Option<Offer> {
    let rank = |offer: &Offer| {
        let by = || offers.iter().filter(|(_, o)| o.offered.contains(&offer.height)).map(|(broken, _)| *broken);
        (by().count() > 1, Reverse(by().min()), offer.height)
    };
    let newer = offers.iter().map(|(_, offer)| offer).filter(|offer| offer.height > above);
    newer.max_by_key(|offer| rank(offer)).cloned()
}

/// Whether the newest block with votes of its own was begun after a time.
fn votes_are_over(store: &Store, safe: u64) -> Result<bool, StoreError> {
    let newest = store.newest_signed()?;
    let header = newest.map(|height| store.header(height)).transpose()?.flatten();
    Ok(header.is_some_and(|h| h.time_ms > safe))
}

impl From<PeerError> for FetchError {
    fn from(e: PeerError) -> FetchError {
        FetchError::Failed(e.to_string())
    }
}
