//! Blocks, one after the other, from the peers in turns: whoever gives nothing, or too little, costs its turn and no
//! more.

use super::{
    Progress,
    history::{Behind, History},
    peers::{Lonely, PATIENCE, PeerError, Peers, ask, within},
    state::FetchError,
};
use crate::{client::Client, core::Node};
use prost::Message;
use std::{sync::Arc, time::Duration};
use stint_proto::v1;
use stint_store::{Joining, StoreError, Trusts};
use tokio::time::{Instant, timeout};
use tonic::Streaming;

/// Blocks of one turn. More than may wait for votes, so that each turn brings some of them to an end.
const TURN: u32 = 1_000;
/// The largest answer about a block: with its calls, receipts and votes.
const BLOCK_ANSWER_BYTES: usize = 8 << 20;
/// What a peer gives at least while it is waited for as long as for one answer: as many blocks as a busy ledger makes
/// meanwhile, or as many bytes as one piece of a state has.
const LEAST_BLOCKS: u32 = 100;
const LEAST_BYTES: usize = 1 << 20;
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

/// How a turn ended.
enum Turn {
    /// All there is to do is done.
    Done,
    /// This peer has no more blocks.
    Ended(usize),
    /// It is another one's turn.
    Over,
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
    let mut lonely = Lonely::new();
    peers.begin().await;
    if let Taken::Done = keep(history)? {
        return Ok(());
    }
    loop {
        match turn(peers, history, &mut lonely, &mut keep).await? {
            Turn::Done => return Ok(()),
            Turn::Over => {}
            // It may only lag; others may not.
            Turn::Ended(peer) => {
                let why = format!("its blocks end before what certifies block {}", target.height);
                peers.judge(peer, Some(&PeerError::Silent(why)));
            }
        }
    }
}

/// Executes the blocks behind the newest one here, until all peers have few that are new and `enough` says so too.
pub async fn follow(
    peers: &mut Peers,
    history: &mut History,
    node: &Arc<Node>,
    progress: &Progress,
    enough: impl Fn() -> Result<bool, StoreError>,
) -> Result<(), FetchError> {
    let mut execute = |history: &mut History| {
        while let Some((block, certificate)) = history.pop_final() {
            // Blocks the thread for as long as a block takes; nothing else is to be done meanwhile.
            tokio::task::block_in_place(|| node.follow(&block, certificate.as_ref())).map_err(FetchError::Failed)?;
            progress.add(1);
        }
        Ok(Taken::More)
    };
    let mut lonely = Lonely::new();
    // Turns in a row that brought few new blocks.
    let mut quiet = 0;
    peers.begin().await;
    loop {
        let before = node.tip().height;
        if let Turn::Ended(peer) = turn(peers, history, &mut lonely, &mut execute).await? {
            peers.judge(peer, None);
            quiet += 1;
        }
        if node.tip().height >= before + FEW {
            quiet = 0;
        }
        if quiet > 0 && quiet >= peers.usable().count() {
            if enough()? {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether a peer gives a block and what makes it final.
pub async fn gives(client: Client, trusts: &Trusts, height: u64) -> Result<bool, PeerError> {
    let mut history = History::new(trusts.clone(), None, false, Behind { next: height, parent: None, results: None });
    let mut blocks = Blocks::ask(client, height).await?;
    while blocks.next(&mut history).await? {
        if history.pop_final().is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes blocks of the peer whose turn it is, until it has no more, had enough of them, fails, or `take` is done.
async fn turn(
    peers: &mut Peers,
    history: &mut History,
    lonely: &mut Lonely,
    take: &mut impl FnMut(&mut History) -> Result<Taken, FetchError>,
) -> Result<Turn, FetchError> {
    // What waits may have come of a liar: it is asked of another peer again.
    history.rewind();
    let before = history.next();
    let Some((peer, client)) = peers.next_turn() else {
        lonely.wait(peers).await?;
        return Ok(Turn::Over);
    };
    let mut taken = 0;
    let outcome = match Blocks::ask(client, before).await {
        Err(e) => Err(e),
        Ok(mut blocks) => loop {
            match blocks.next(history).await {
                Ok(true) => {}
                Ok(false) => break Ok(Turn::Ended(peer)),
                Err(e) => break Err(e),
            }
            if let Taken::Done = take(history)? {
                return Ok(Turn::Done);
            }
            taken += 1;
            if taken == TURN {
                break Ok(Turn::Over);
            }
        },
    };
    history.rewind();
    if history.next() > before {
        lonely.is_over();
    }
    match outcome {
        Ok(Turn::Over) => peers.judge(peer, None),
        Ok(ended) => return Ok(ended),
        Err(e) => peers.judge(peer, Some(&e)),
    }
    Ok(Turn::Over)
}

/// Blocks as they come from a peer, as long as they come fast enough.
struct Blocks {
    stream: Streaming<v1::GetHistoryResponse>,
    /// What came since, and how long it was waited for.
    blocks: u32,
    bytes: usize,
    waited: Duration,
}

impl Blocks {
    /// Asks for all from a height on.
    async fn ask(client: Client, from: u64) -> Result<Blocks, PeerError> {
        let mut ledger = within(client, BLOCK_ANSWER_BYTES);
        let stream = ask(ledger.get_history(v1::GetHistoryRequest { from, to: 0 })).await?;
        Ok(Blocks { stream, blocks: 0, bytes: 0, waited: Duration::ZERO })
    }

    /// Takes one block; false at the end of the stream.
    async fn next(&mut self, history: &mut History) -> Result<bool, PeerError> {
        let began = Instant::now();
        let told = match timeout(PATIENCE, self.stream.message()).await {
            Err(_) => return Err(PeerError::Silent("it stopped in the middle of its blocks".into())),
            Ok(Err(status)) if status.code() == tonic::Code::NotFound => {
                return Err(PeerError::Missing(status.message().into()));
            }
            Ok(Err(status)) => return Err(PeerError::Silent(status.message().into())),
            Ok(Ok(None)) => return Ok(false),
            Ok(Ok(Some(block))) => block,
        };
        self.waited += began.elapsed();
        self.blocks += 1;
        self.bytes += told.encoded_len();
        history.take(told)?;
        if self.waited >= PATIENCE {
            if self.blocks < LEAST_BLOCKS && self.bytes < LEAST_BYTES {
                let (blocks, seconds) = (self.blocks, PATIENCE.as_secs());
                let why = format!("{blocks} blocks in {seconds} s are too few; at least {LEAST_BLOCKS} are expected");
                return Err(PeerError::Silent(why));
            }
            (self.blocks, self.bytes, self.waited) = (0, 0, Duration::ZERO);
        }
        Ok(true)
    }
}
