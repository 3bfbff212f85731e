//! The peers that a node fetches from, and what it thinks of them.

use crate::client::Client;
use futures::future::join_all;
use std::{future::Future, net::SocketAddr, time::Duration};
use stint_proto::{
    Hash,
    v1::{self, ledger_client::LedgerClient},
};
use stint_store::Results;
use stint_verifier::{Fact, Handover, Trust, verify};
use tokio::time::{Instant, timeout};
use tonic::transport::Channel;

use super::{history::Lie, state::FetchError};

/// How long an answer may take. A piece of a state has about a megabyte. Tests of this crate have less time.
pub const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });
/// How long there may be nobody to ask since something was last fetched, before fetching is given up for now.
const LONELY: Duration = Duration::from_secs(if cfg!(test) { 3 } else { 60 });
/// Time between two rounds of asking those again that were silent.
const ROUND: Duration = Duration::from_secs(1);
/// How long a node waits to hear whether its peers are ahead, before it starts.
const GREETING: Duration = Duration::from_secs(1);
/// The largest piece of a state with its proof.
const PIECE_BYTES: usize = 16 << 20;
/// Snapshots that a peer may offer at once.
const OFFERED: usize = 1_000;
/// Failures in a row after which a peer is left alone for a while.
const STRIKES: u32 = 3;

/// A peer.
pub struct Peer {
    /// Its name in the configuration.
    pub name: String,
    address: SocketAddr,
    client: Option<Client>,
    strikes: u32,
    lied: bool,
    /// It has not what is being fetched.
    lacks: bool,
    /// Something is being fetched from it.
    pub busy: bool,
    /// How often it was asked for blocks.
    turns: u64,
    /// Heights of the snapshots that it says it offers, and how often one of them could not be fetched.
    offered: Vec<u64>,
    pub broken: u32,
}

/// Why a peer gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It lied.
    #[error("{0}")]
    Lie(#[from] Lie),
    /// It has not what was asked.
    #[error("{0}")]
    Missing(String),
    /// It did not answer.
    #[error("{0}")]
    Silent(String),
}

/// All of them.
pub struct Peers {
    /// In the order of the configuration.
    pub all: Vec<Peer>,
    chain_id: Hash,
}

impl Peers {
    /// Nobody is connected yet.
    pub fn new(chain_id: Hash, addresses: impl IntoIterator<Item = (String, SocketAddr)>) -> Peers {
        let peer = |(name, address)| Peer {
            name,
            address,
            client: None,
            strikes: 0,
            lied: false,
            lacks: false,
            busy: false,
            turns: 0,
            offered: Vec::new(),
            broken: 0,
        };
        Peers { all: addresses.into_iter().map(peer).collect(), chain_id }
    }

    /// Connects to those that can be asked now; answers with how many that are.
    pub async fn connect(&mut self) -> usize {
        let chain_id = self.chain_id;
        let missing = self.all.iter_mut().filter(|p| p.client.is_none() && !p.lied);
        join_all(missing.map(async |peer| {
            if let Ok(Ok(client)) = timeout(GREETING, Client::connect(peer.address)).await
                && client.chain_id == chain_id
            {
                peer.client = Some(client);
            }
        }))
        .await;
        self.usable().count()
    }

    /// Begins to fetch something else: whoever had not the last may have this.
    pub async fn begin(&mut self) {
        self.all.iter_mut().for_each(|p| (p.lacks, p.busy) = (false, false));
        self.connect().await;
    }

    /// Places of the peers that may be asked, the most reliable first.
    pub fn usable(&self) -> impl Iterator<Item = usize> + '_ {
        let may = |i: &usize| {
            let peer = &self.all[*i];
            peer.client.is_some() && !peer.lied && !peer.lacks && peer.strikes < STRIKES
        };
        let mut usable: Vec<usize> = (0..self.all.len()).filter(may).collect();
        usable.sort_by_key(|i| self.all[*i].strikes);
        usable.into_iter()
    }

    /// The peer whose turn it is: of those that may be asked, the one that was asked least.
    pub fn next_turn(&mut self) -> Option<(usize, Client)> {
        let next = self.usable().min_by_key(|i| (self.all[*i].turns, *i))?;
        self.all[next].turns += 1;
        Some((next, self.client(next)?))
    }

    /// A connection to a peer.
    pub fn client(&self, peer: usize) -> Option<Client> {
        self.all[peer].client.clone()
    }

    /// All that may be asked now, connected.
    pub fn clients(&self) -> Vec<(usize, Client)> {
        self.usable().filter_map(|i| Some((i, self.client(i)?))).collect()
    }

    /// Notes how asking a peer went.
    pub fn judge(&mut self, peer: usize, error: Option<&PeerError>) {
        let peer = &mut self.all[peer];
        match error {
            None => peer.strikes = 0,
            Some(PeerError::Lie(lie)) => {
                tracing::warn!("{} is not asked any more, for it lied: {lie}", peer.name);
                peer.lied = true;
            }
            // No fault: others have let it go too, or never had it.
            Some(PeerError::Missing(why)) => {
                tracing::info!("{}: {why}", peer.name);
                peer.lacks = true;
            }
            Some(PeerError::Silent(why)) => {
                tracing::info!("{}: {why}", peer.name);
                peer.strikes += 1;
            }
        }
    }

    /// Notes which snapshots a peer says that it offers.
    pub fn offers(&mut self, peer: usize, offered: Vec<u64>) -> u32 {
        self.all[peer].offered = offered;
        self.all[peer].broken
    }

    /// Notes that a snapshot could not be fetched: next time those of others are preferred to what these offer.
    pub fn broke(&mut self, height: u64) {
        self.all.iter_mut().filter(|p| p.offered.contains(&height)).for_each(|p| p.broken += 1);
    }

    /// Gives those that were silent another chance, with new connections.
    pub async fn forgive(&mut self) -> usize {
        for peer in self.all.iter_mut().filter(|p| p.strikes > 0) {
            (peer.strikes, peer.client) = (0, None);
        }
        self.connect().await
    }

    /// What the peers that answer say of themselves.
    pub async fn statuses(&mut self) -> Vec<v1::GetStatusResponse> {
        self.connect().await;
        let asked = self.clients().into_iter();
        let asked = asked.map(async |(_, c)| timeout(GREETING, c.status()).await.ok()?.ok());
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// The newest height that peers say they have.
    pub async fn heights(&mut self) -> Option<u64> {
        self.statuses().await.into_iter().map(|s| s.height).max()
    }
}

/// Waiting for somebody to ask.
pub struct Lonely {
    since: Instant,
}

impl Lonely {
    /// Begins now.
    pub fn new() -> Lonely {
        Lonely { since: Instant::now() }
    }

    /// Something was fetched.
    pub fn is_over(&mut self) {
        self.since = Instant::now();
    }

    /// Nobody can be asked: waits a little, and gives those that were silent another chance.
    pub async fn wait(&self, peers: &mut Peers) -> Result<(), FetchError> {
        let hopeless = peers.all.iter().all(|p| p.lied || p.lacks);
        if hopeless || self.since.elapsed() >= LONELY {
            let gone = peers.all.iter().any(|p| p.lacks);
            return Err(if gone { FetchError::Gone } else { FetchError::Alone });
        }
        tokio::time::sleep(ROUND).await;
        peers.forgive().await;
        Ok(())
    }
}

/// Asks for a piece of a state.
pub async fn chunk(client: Client, request: v1::GetChunkRequest) -> Result<v1::GetChunkResponse, PeerError> {
    ask(within(client, PIECE_BYTES).get_chunk(request)).await
}

/// A client that reads no larger answer than that.
pub fn within(client: Client, bytes: usize) -> LedgerClient<Channel> {
    client.ledger().max_decoding_message_size(bytes)
}

/// Asks a peer, for as long as patience lasts.
pub async fn ask<T>(answer: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>) -> Result<T, PeerError> {
    match timeout(PATIENCE, answer).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) if status.code() == tonic::Code::NotFound => Err(PeerError::Missing(status.message().into())),
        Ok(Err(status)) => Err(PeerError::Silent(status.message().into())),
        Err(_) => Err(PeerError::Silent(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// A snapshot that a peer offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The block after which the state stands so, and what that led to; proven.
    pub height: u64,
    pub results: Results,
    /// All snapshots that it offers, as it says.
    pub offered: Vec<u64>,
    /// Who followed whom as a validator before it.
    pub handovers: Vec<Handover>,
}

/// What a peer offers as its newest snapshot, checked.
pub async fn snapshot(client: Client, trust: &Trust) -> Result<Offer, PeerError> {
    let told = ask(within(client, PIECE_BYTES).get_snapshot(v1::GetSnapshotRequest { height: 0 })).await?;
    let proven = verify(trust, &told.proof).map_err(|e| Lie(format!("the snapshot: {e}")))?;
    let lie = || Lie("the proof of the snapshot is about something else".into());
    let Fact::State(_, led) = proven.fact else { return Err(lie().into()) };
    let outcome = led.outcomes.first().copied().filter(|_| led.height == told.height).ok_or_else(lie)?;
    let results = Results { outcome, results_root: outcome.chain(led.before, led.height) };
    let mut offered = told.offered;
    offered.truncate(OFFERED);
    if !offered.contains(&told.height) {
        offered.push(told.height);
    }
    Ok(Offer { height: told.height, results, offered, handovers: proven.handovers })
}

/// The newest final header that a peer can prove.
pub async fn newest(client: Client, trust: &Trust) -> Result<u64, PeerError> {
    use v1::prove_request::Fact as Asked;
    let request = v1::ProveRequest { fact: Some(Asked::State(v1::StateParts::default())) };
    let answer = ask(within(client, PIECE_BYTES).prove(request)).await?;
    let proven = verify(trust, &answer.proof).map_err(|e| Lie(format!("its newest block: {e}")))?;
    Ok(proven.header.height)
}
