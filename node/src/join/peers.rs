//! The peers that a node fetches from, and what it thinks of them.

use crate::client::Client;
use futures::future::join_all;
use std::{future::Future, net::SocketAddr, time::Duration};
use stint_proto::{Hash, v1};
use stint_verifier::{Fact, Proven, Trust, verify};
use tokio::time::timeout;

use super::history::Lie;

/// How long an answer may take. A piece of a state has about a megabyte.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long a node waits to hear whether its peers are ahead, before it starts.
const GREETING: Duration = Duration::from_secs(1);
/// The largest piece of a state with its proof.
const PIECE_BYTES: usize = 16 << 20;
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
    /// Something is being fetched from it.
    pub busy: bool,
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
        let peer = |(name, address)| Peer { name, address, client: None, strikes: 0, lied: false, busy: false };
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

    /// Places of the peers that may be asked, the most reliable first.
    pub fn usable(&self) -> impl Iterator<Item = usize> + '_ {
        let may = |i: &usize| {
            let peer = &self.all[*i];
            peer.client.is_some() && !peer.lied && peer.strikes < STRIKES
        };
        let mut usable: Vec<usize> = (0..self.all.len()).filter(may).collect();
        usable.sort_by_key(|i| self.all[*i].strikes);
        usable.into_iter()
    }

    /// A connection to a peer.
    pub fn client(&self, peer: usize) -> Option<Client> {
        self.all[peer].client.clone()
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
            Some(PeerError::Silent(why) | PeerError::Missing(why)) => {
                tracing::info!("{}: {why}", peer.name);
                peer.strikes += 1;
            }
        }
    }

    /// Gives those that were silent another chance, with new connections.
    pub async fn forgive(&mut self) -> usize {
        for peer in self.all.iter_mut().filter(|p| p.strikes > 0) {
            (peer.strikes, peer.client) = (0, None);
        }
        self.connect().await
    }

    /// True when every peer lied.
    pub fn all_lied(&self) -> bool {
        self.all.iter().all(|p| p.lied)
    }

    /// The newest height that peers say they have.
    pub async fn heights(&mut self) -> Option<u64> {
        self.connect().await;
        let clients = self.usable().filter_map(|i| self.client(i));
        let asked = join_all(clients.map(async |c| timeout(GREETING, c.status()).await.ok()?.ok())).await;
        asked.into_iter().flatten().map(|s| s.height).max()
    }
}

/// Asks for a piece of a state.
pub async fn chunk(client: Client, request: v1::GetChunkRequest) -> Result<v1::GetChunkResponse, PeerError> {
    ask(client.ledger().max_decoding_message_size(PIECE_BYTES).get_chunk(request)).await
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

/// What a peer offers as a snapshot, checked.
pub async fn snapshot(client: Client, trust: &Trust) -> Result<(Proven, u64), PeerError> {
    let offer = ask(client.ledger().get_snapshot(v1::GetSnapshotRequest { height: 0 })).await?;
    let proven = verify(trust, &offer.proof).map_err(|e| Lie(format!("the snapshot: {e}")))?;
    match &proven.fact {
        Fact::State(_, led) if led.height == offer.height => Ok((proven, offer.transactions)),
        _ => Err(Lie("the proof of the snapshot is about something else".into()).into()),
    }
}

/// The newest final header that a peer can prove.
pub async fn newest(client: Client, trust: &Trust) -> Result<u64, PeerError> {
    use v1::prove_request::Fact as Asked;
    let request = v1::ProveRequest { fact: Some(Asked::State(v1::StateParts::default())) };
    let answer = ask(client.ledger().prove(request)).await?;
    let proven = verify(trust, &answer.proof).map_err(|e| Lie(format!("its newest block: {e}")))?;
    Ok(proven.header.height)
}
