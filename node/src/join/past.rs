//! Blocks, one after the other, from whichever peer tells them truly.

use super::{
    Progress,
    history::History,
    peers::{PATIENCE, PeerError, Peers},
    state::FetchError,
};
use crate::core::Node;
use std::{sync::Arc, time::Duration};
use stint_proto::v1;
use stint_store::{Joining, StoreError};
use tokio::time::timeout;
use tonic::Streaming;

/// Rounds without any peer to ask, a second apart, after which fetching is given up for now.
const LONELY: u32 = 30;
/// So many new blocks in one look are few: the engine fetches the rest.
const FEW: u64 = 50;
/// Time between looks for new blocks.
const PAUSE: Duration = Duration::from_millis(200);

/// What may come of the blocks that were taken.
enum Taken {
    /// More are wanted.
    More,
    /// All there is to do is done.
    Done,
}

/// Fetches the blocks up to that of the state which was fetched, with what they led to.
pub async fn fetch(
    peers: &mut Peers,
    history: &mut History,
    joining: &mut Joining,
    progress: &Progress,
) -> Result<(), FetchError> {
    let target = joining.target();
    // The last ones are certified by headers behind them.
    let mut keep = |history: &mut History| {
        while joining.next_block().0 <= target.height {
            let Some(past) = history.pop_certified() else { return Ok(Taken::More) };
            // The one before the first is there to bear out what the first led to.
            if past.block.header.height < target.from {
                continue;
            }
            if past.block.header.height == target.height && past.results != target.results {
                // The committee certified both; that takes more than a third of it.
                return Err(StoreError::Damaged("two results of one block are certified".into()).into());
            }
            joining.record(&past)?;
            progress.add(1);
        }
        Ok(Taken::Done)
    };
    stream(peers, history, &mut keep).await
}

/// Executes the blocks behind the newest one here, until peers have few that are new and `enough` says so too.
pub async fn follow(
    peers: &mut Peers,
    history: &mut History,
    node: &Arc<Node>,
    progress: &Progress,
    enough: impl Fn() -> Result<bool, StoreError>,
) -> Result<(), FetchError> {
    loop {
        let before = node.tip().height;
        let mut execute = |history: &mut History| {
            while let Some((block, certificate)) = history.pop_final() {
                // Blocks the thread for as long as a block takes; nothing else is to be done meanwhile.
                tokio::task::block_in_place(|| node.follow(&block, certificate.as_ref()))
                    .map_err(FetchError::Failed)?;
                progress.add(1);
            }
            Ok(Taken::More)
        };
        stream(peers, history, &mut execute).await?;
        if node.tip().height < before + FEW && enough()? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes blocks until no peer has more, or `take` is done.
async fn stream(
    peers: &mut Peers,
    history: &mut History,
    take: &mut impl FnMut(&mut History) -> Result<Taken, FetchError>,
) -> Result<(), FetchError> {
    let mut lonely = 0;
    loop {
        let Some(peer) = peers.usable().next() else {
            lonely += 1;
            if peers.all_lied() || lonely == LONELY {
                return Err(FetchError::Alone);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            peers.forgive().await;
            continue;
        };
        let Some(client) = peers.client(peer) else { return Err(FetchError::Alone) };
        let request = v1::GetHistoryRequest { from: history.next(), to: 0 };
        let mut ledger = client.ledger();
        let outcome = match super::peers::ask(ledger.get_history(request)).await {
            Err(e) => Err(e),
            Ok(mut blocks) => loop {
                match next(&mut blocks, history).await {
                    Ok(true) => match take(history)? {
                        Taken::Done => return Ok(()),
                        Taken::More => {}
                    },
                    Ok(false) => break Ok(()),
                    Err(e) => break Err(e),
                }
            },
        };
        peers.judge(peer, outcome.as_ref().err());
        match outcome {
            Ok(()) => return Ok(()),
            Err(PeerError::Missing(_)) if peers.usable().next().is_none() => return Err(FetchError::Gone),
            // What waits may have come of a liar.
            Err(_) => history.rewind(),
        }
    }
}

/// Takes one block; false at the end of the stream.
async fn next(blocks: &mut Streaming<v1::GetHistoryResponse>, history: &mut History) -> Result<bool, PeerError> {
    match timeout(PATIENCE, blocks.message()).await {
        Err(_) => Err(PeerError::Silent("it stopped in the middle of its blocks".into())),
        Ok(Err(status)) if status.code() == tonic::Code::NotFound => Err(PeerError::Missing(status.message().into())),
        Ok(Err(status)) => Err(PeerError::Silent(status.message().into())),
        Ok(Ok(None)) => Ok(false),
        Ok(Ok(Some(block))) => {
            history.take(block)?;
            Ok(true)
        }
    }
}
