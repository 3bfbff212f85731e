//! The state of a height, piece by piece from several peers at once.
//!
//! ```text
//!   keys      |####|........|......................|..........................|
//!              done  gap, from its first key on:     marks: where large parts of
//!                    one request of one peer         the tree begin, which the
//!                                                    pieces before them show
//! ```
//!
//! Each piece is checked against the certified root before it is kept, so a peer can be slow and no worse. Only the
//! pieces under way are in memory.

use super::{
    Progress,
    history::Lie,
    peers::{Lonely, PeerError, Peers, chunk},
};
use crate::client::Client;
use futures::stream::{FuturesUnordered, StreamExt};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use stint_proto::{Hash, v1};
use stint_store::{END, Joining, StoreError};
use stint_verifier::{
    Reader,
    tree::{KEY_BYTES, Shown},
};
use tokio::time::timeout;

/// Marks that one piece adds: the largest parts behind it.
const NEW_MARKS: usize = 4;
/// After this time without an answer another peer is asked for the same piece.
const HEDGE: Duration = Duration::from_secs(1);

/// A piece of the state that was checked.
struct Piece {
    from: Vec<u8>,
    to: Vec<u8>,
    shown: Shown,
}

/// Why the state was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Peers no longer offer this height.
    #[error("no peer offers the snapshot any more")]
    Gone,
    /// Nobody can be asked.
    #[error("no peer answers")]
    Alone,
    /// A block cannot be executed.
    #[error("{0}")]
    Failed(String),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fetches all that is missing.
pub async fn fetch(peers: &mut Peers, joining: &mut Joining, progress: &Progress) -> Result<(), FetchError> {
    let target = joining.target();
    let (height, root) = (target.height, target.results.outcome.state_root);
    let mut marks: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut under_way = FuturesUnordered::new();
    // Where each piece under way begins, and how many were asked for it.
    let mut asked: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    let (mut lonely, mut waited) = (Lonely::new(), false);
    peers.begin().await;
    while !joining.gaps().is_empty() {
        let idle: Vec<usize> = peers.usable().filter(|i| !peers.all[*i].busy).collect();
        for peer in idle {
            let Some(client) = peers.client(peer) else { continue };
            // Nobody waits for a slow peer: what it was asked for is asked of another one too.
            let most = u32::from(waited);
            let open = |start: &Vec<u8>| asked.get(start).copied().unwrap_or(0);
            let Some(from) = starts(joining, &marks).filter(|s| open(s) <= most).min_by_key(open) else { break };
            *asked.entry(from.clone()).or_default() += 1;
            peers.all[peer].busy = true;
            under_way.push(async move {
                let piece = piece(client, height, from.clone(), root).await;
                (peer, from, piece)
            });
        }
        if under_way.is_empty() {
            lonely.wait(peers).await?;
            continue;
        }
        let next = timeout(HEDGE, under_way.next()).await;
        waited = next.is_err();
        let Ok(Some((peer, from, answer))) = next else { continue };
        if let Some(n) = asked.get_mut(&from) {
            *n -= 1;
        }
        asked.retain(|_, n| *n > 0);
        peers.all[peer].busy = false;
        peers.judge(peer, answer.as_ref().err());
        let Ok(piece) = answer else { continue };
        lonely.is_over();
        // Somebody else was faster.
        if !joining.gaps().iter().any(|gap| gap.contains(&piece.from)) {
            continue;
        }
        let entries: Vec<(&[u8], &[u8])> = piece.shown.range(&piece.from, &piece.to).flatten().collect();
        joining.fill(&(piece.from.clone()..piece.to.clone()), &entries)?;
        progress.add(entries.len() as u64);
        let behind: Vec<Vec<u8>> = piece.shown.hidden().filter(|key| *key > piece.to).collect();
        marks.extend(behind.into_iter().rev().take(NEW_MARKS));
        marks = marks.split_off(joining.gaps().first().map_or(END, |gap| &gap.start));
    }
    Ok(())
}

/// Where pieces may begin: at the beginning of each gap, and at each mark within one.
fn starts<'a>(joining: &'a Joining, marks: &'a BTreeSet<Vec<u8>>) -> impl Iterator<Item = Vec<u8>> + 'a {
    joining.gaps().iter().flat_map(move |gap| {
        let within = marks.range(gap.clone()).filter(move |mark| **mark != gap.start);
        std::iter::once(&gap.start).chain(within).cloned()
    })
}

/// Asks a peer for a piece and checks it.
async fn piece(client: Client, height: u64, from: Vec<u8>, root: Hash) -> Result<Piece, PeerError> {
    let request = v1::GetChunkRequest { height, from: from.clone().into() };
    let told = chunk(client, request).await?;
    let checked = tokio::task::spawn_blocking(move || check(&told.part, &told.next, from, root));
    Ok(checked.await.map_err(|e| PeerError::Silent(e.to_string()))??)
}

/// A piece shows all keys from its first one up to the next one, under the certified root.
fn check(part: &[u8], next: &[u8], from: Vec<u8>, root: Hash) -> Result<Piece, Lie> {
    let lie = |what: &str| Lie(format!("a piece of the state: {what}"));
    let mut r = Reader(part);
    let (shown, found) = Shown::read(&mut r).ok_or_else(|| lie("it cannot be read"))?;
    if !r.0.is_empty() || found != root {
        return Err(lie("it is not under the certified root"));
    }
    if next.len() > KEY_BYTES {
        return Err(lie("its end is no key"));
    }
    let to = if next.is_empty() { END.to_vec() } else { next.to_vec() };
    let mut keys = 0;
    for entry in shown.range(&from, &to) {
        entry.map_err(|_| lie("it leaves keys out"))?;
        keys += 1;
    }
    // Whoever shows an empty piece and says that more follows wants to keep us busy.
    match to > from && (keys > 0 || to == END) {
        true => Ok(Piece { from, to, shown }),
        false => Err(lie("it shows nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_store::Tree;
    use stint_verifier::tree::value_hash;

    fn tree() -> Tree {
        let entries = (0..100u8).map(|n| (vec![b'k', n], value_hash(&[n])));
        Tree::of_sorted(entries)
    }

    fn part(from: &[u8], to: &[u8]) -> Vec<u8> {
        let shown = tree().show(&[from.to_vec()..to.to_vec()], |key| Ok::<_, ()>(vec![key[1]]));
        shown.expect("all values are there")
    }

    #[test]
    fn a_piece_is_what_it_says_or_a_lie() {
        let root = tree().root();
        let (from, to) = (vec![b'k', 10], vec![b'k', 20]);
        let whole = part(&from, &to);
        let piece = check(&whole, &to, from.clone(), root).expect("true");
        let keys: Vec<u8> = piece.shown.range(&from, &to).flatten().map(|(key, _)| key[1]).collect();
        assert_eq!(keys, (10..20).collect::<Vec<_>>());
        // Where the rest begins can be seen, so that others fetch it meanwhile.
        assert!(piece.shown.hidden().any(|key| key > to));

        let lies =
            |part: &[u8], next: &[u8], from: &[u8]| check(part, next, from.to_vec(), root).err().map(|lie| lie.0);
        let said = |lie: Option<String>| lie.expect("a lie");
        assert!(said(lies(&whole, &[b'k', 30], &from)).contains("leaves keys out"));
        assert!(said(lies(&whole, &[], &from)).contains("leaves keys out"));
        assert!(said(lies(&whole, &to, b"k")).contains("leaves keys out"));
        assert!(said(lies(&whole, &from, &from)).contains("shows nothing"));
        // Behind the true end, and longer than what is kept of an end.
        let long = [&to[..], &[0; KEY_BYTES]].concat();
        assert!(said(lies(&whole, &long, &from)).contains("no key"));
        // True, and of no use: no key stands between.
        let nothing = part(&[b'k', 9, 1], &from);
        assert!(said(lies(&nothing, &from, &[b'k', 9, 1])).contains("shows nothing"));
        assert!(said(lies(&whole[..whole.len() - 1], &to, &from)).contains("cannot be read"));
        assert!(said(lies(&[&whole[..], &[0]].concat(), &to, &from)).contains("not under the certified root"));
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(lies(&changed, &to, &from).is_some(), "byte {at}");
        }
    }
}
