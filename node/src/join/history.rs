//! Blocks of the past as a peer tells them, believed as far as validators signed them.

use super::peers::PeerError;
use prost::Message;
use std::collections::VecDeque;
use stint_proto::{Block, Certificate, Hash, limits::BLOCK_TRANSACTIONS, v1};
use stint_store::{Past, Results, Trusts};
use stint_verifier::{Committee, Handover, Reader, SignedChain, merkle};

/// Blocks that may wait for votes over one of them, and for a header that certifies what they led to.
const WAITING: usize = 128;
/// And their bytes, with their receipts.
const WAITING_BYTES: usize = 256 << 20;

/// What a peer said is not so. It is not asked again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lie(pub String);

/// A block whose hash the operator knows from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its height.
    pub height: u64,
    /// Hash of its header.
    pub hash: Hash,
}

impl std::str::FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Pin, String> {
        let parts = text.split_once(':');
        let pin = parts.and_then(|(h, hash)| Some(Pin { height: h.parse().ok()?, hash: hash.parse().ok()? }));
        pin.ok_or_else(|| "a pinned block is written HEIGHT:HASH, the hash in hexadecimal".into())
    }
}

/// A block under way.
struct Item {
    block: Block,
    hash: Hash,
    certificate: Option<Certificate>,
    receipts: Vec<bytes::Bytes>,
    results: Option<Results>,
    bytes: usize,
}

/// Behind which block the next one comes.
#[derive(Clone, Copy, Debug)]
pub struct Behind {
    /// The next height.
    pub next: u64,
    /// Hash of the header before it, where that is known.
    pub parent: Option<Hash>,
    /// What all blocks before it led to, where that is known.
    pub results: Option<Hash>,
}

/// Takes blocks in the order of their heights and gives them on once they are known to be true.
pub struct History {
    trusts: Trusts,
    pin: Option<Pin>,
    /// Whether what blocks led to is wanted too.
    with_results: bool,
    /// Before all that waits, and behind it.
    base: Behind,
    end: Behind,
    waiting: VecDeque<Item>,
    /// How many of them are final, and of how many the results are certified.
    final_ones: usize,
    certified: usize,
}

impl History {
    /// Begins behind a block.
    pub fn new(trusts: Trusts, pin: Option<Pin>, with_results: bool, base: Behind) -> History {
        let waiting = VecDeque::new();
        History { trusts, pin, with_results, base, end: base, waiting, final_ones: 0, certified: 0 }
    }

    /// The next height that is taken.
    pub fn next(&self) -> u64 {
        self.end.next
    }

    /// Takes the next block as a peer tells it.
    pub fn take(&mut self, told: v1::GetHistoryResponse) -> Result<(), PeerError> {
        let height = self.end.next;
        let lie = |what: &str| Lie(format!("block {height}: {what}"));
        if told.receipts.len() > BLOCK_TRANSACTIONS {
            return Err(lie("it has more receipts than a block has calls").into());
        }
        let bytes = told.encoded_len();
        let block = Block::decode(told.block).map_err(|e| lie(&e.to_string()))?;
        let header = &block.header;
        let hash = header.hash();
        let follows = header.height == height && self.end.parent.is_none_or(|before| header.parent == before);
        let trust = self.trusts.of(header.epoch);
        if told.height != height || header.chain_id != trust.chain_id || !follows {
            return Err(lie("it does not follow the one before it").into());
        }
        if Block::transactions_root(&block.transactions) != header.transactions_root
            || block.transactions.len() != header.transaction_count as usize
        {
            return Err(lie("its transactions are not those of its header").into());
        }
        if let Some(pin) = self.pin.filter(|p| p.height == height && p.hash != hash) {
            return Err(lie(&format!("its hash is {hash}; the pinned one is {}", pin.hash)).into());
        }
        let certificate = match told.certificate.is_empty() {
            true => None,
            false => Some(votes(&told.certificate).ok_or_else(|| lie("its votes cannot be read"))?),
        };
        if certificate.as_ref().is_some_and(|c| !c.certifies(header, &trust.committee)) {
            return Err(lie("too few validators signed it").into());
        }
        if header.next_committee != Hash::ZERO {
            let missing = || PeerError::Missing(format!("it does not tell who validates after block {height}"));
            let certificate = certificate.clone().ok_or_else(missing)?;
            let next = committee(&told.next_committee).ok_or_else(missing)?;
            let signed = SignedChain { headers: vec![header.clone()], certificate };
            self.trusts.learn(&Handover { signed, next }).map_err(|e| lie(&e.to_string()))?;
        }
        let results = match (self.with_results, told.results.is_empty()) {
            (false, _) => None,
            (true, true) => return Err(PeerError::Missing(format!("it no longer has the receipts of block {height}"))),
            (true, false) => Some(self.results(&told.results, &told.receipts, header.time_ms, height)?),
        };
        self.end = Behind { next: height + 1, parent: Some(hash), results: results.map(|r| r.results_root) };
        let signed = certificate.is_some();
        let receipts = if self.with_results { told.receipts } else { Vec::new() };
        self.waiting.push_back(Item { block, hash, certificate, receipts, results, bytes });
        if signed {
            self.final_ones = self.waiting.len();
            self.certify()?;
        }
        let (waiting, bytes) = (self.waiting.len(), self.waiting.iter().map(|i| i.bytes).sum::<usize>());
        match waiting > WAITING || bytes > WAITING_BYTES {
            // No lie: a node that caught up over a gap has them without votes, and others have those.
            true => Err(PeerError::Silent(format!("it has no votes over the {waiting} blocks up to {height}"))),
            false => Ok(()),
        }
    }

    /// What a block led to, as far as its receipts and the block before it say so too.
    fn results(&self, told: &[u8], receipts: &[bytes::Bytes], time_ms: u64, height: u64) -> Result<Results, Lie> {
        let lie = |what: &str| Lie(format!("what block {height} led to: {what}"));
        let results = Results::decode(told).ok_or_else(|| lie("it cannot be read"))?;
        let leaf = |receipt: &bytes::Bytes| {
            let decoded = v1::Receipt::decode(receipt.clone()).map_err(|e| lie(&e.to_string()))?;
            // Stored bytes must be those that a leaf is made of.
            match decoded.encode_to_vec() == receipt[..] {
                true => Ok(stint_proto::receipt::apart(decoded).leaf()),
                false => Err(lie("a receipt is not in canonical bytes")),
            }
        };
        let leaves: Vec<Hash> = receipts.iter().map(leaf).collect::<Result<_, _>>()?;
        let outcome = &results.outcome;
        let same = outcome.receipts_root == merkle::of_leaves(&leaves)
            && outcome.receipts as usize == leaves.len()
            && outcome.time_ms == time_ms;
        if !same {
            return Err(lie("its receipts are not those that it names"));
        }
        match self.end.results.is_none_or(|before| outcome.chain(before, height) == results.results_root) {
            true => Ok(results),
            false => Err(lie("it does not follow what the block before led to")),
        }
    }

    /// Looks which results the final headers certify.
    fn certify(&mut self) -> Result<(), Lie> {
        let Some(first) = self.waiting.front().map(|i| i.block.header.height) else { return Ok(()) };
        for at in 0..self.final_ones {
            let header = &self.waiting[at].block.header;
            let executed = header.executed_height;
            let Some(of) = executed.checked_sub(first).map(|n| n as usize) else { continue };
            let Some(Item { results: Some(ours), .. }) = self.waiting.get(of) else { continue };
            if (ours.outcome.state_root, ours.results_root) != (header.state_root, header.results_root) {
                return Err(Lie(format!("what block {executed} led to is not what the validators certified")));
            }
            self.certified = self.certified.max(of + 1);
        }
        Ok(())
    }

    /// The next block that is final.
    pub fn pop_final(&mut self) -> Option<(Block, Option<Certificate>)> {
        self.final_ones = self.final_ones.checked_sub(1)?;
        self.certified = self.certified.saturating_sub(1);
        self.pop().map(|item| (item.block, item.certificate))
    }

    /// The next block that is final and whose results are certified.
    pub fn pop_certified(&mut self) -> Option<Past> {
        self.certified = self.certified.checked_sub(1)?;
        self.final_ones = self.final_ones.saturating_sub(1);
        let Item { block, certificate, receipts, results, .. } = self.pop()?;
        Some(Past { block, certificate, receipts, results: results? })
    }

    fn pop(&mut self) -> Option<Item> {
        let item = self.waiting.pop_front()?;
        let results = item.results.map(|r| r.results_root);
        self.base = Behind { next: item.block.header.height + 1, parent: Some(item.hash), results };
        Some(item)
    }

    /// Forgets what waits, to take it again from another peer.
    pub fn rewind(&mut self) {
        self.waiting.clear();
        (self.end, self.final_ones, self.certified) = (self.base, 0, 0);
    }
}

fn votes(bytes: &[u8]) -> Option<Certificate> {
    let mut r = Reader(bytes);
    let certificate = Certificate::read(&mut r)?;
    r.0.is_empty().then_some(certificate)
}

fn committee(bytes: &[u8]) -> Option<Committee> {
    let mut r = Reader(bytes);
    let committee = Committee::read(&mut r)?;
    r.0.is_empty().then_some(committee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use ed25519_dalek::{Signer, SigningKey};
    use stint_proto::{Header, Outcome};
    use stint_verifier::Trust;

    const CHAIN: Hash = Hash([9; 32]);

    fn keys() -> Vec<SigningKey> {
        let mut keys: Vec<_> = (1..5u8).map(|n| SigningKey::from_bytes(&[n; 32])).collect();
        keys.sort_by_key(|k| k.verifying_key().to_bytes());
        keys
    }

    fn trust() -> Trust {
        let keys = keys().iter().map(|k| k.verifying_key().to_bytes()).collect();
        Trust { chain_id: CHAIN, epoch: 0, committee: Committee::new(keys).expect("a committee") }
    }

    fn receipt(height: u64) -> v1::Receipt {
        v1::Receipt { height, fuel_used: height, ..Default::default() }
    }

    /// Blocks 1 to `n` as an honest peer tells them: each certifies what the one before led to; odd ones have no votes of
    /// their own.
    fn told(n: u64) -> Vec<v1::GetHistoryResponse> {
        let (mut parent, mut before) = (Hash::ZERO, Hash::ZERO);
        let mut state_root = Hash::ZERO;
        let mut all = Vec::new();
        for height in 1..=n {
            let header = Header {
                chain_id: CHAIN,
                epoch: 0,
                view: height,
                parent_view: height - 1,
                height,
                leader: [1; 32],
                parent,
                time_ms: height * 100,
                transactions_root: Block::transactions_root(&[]),
                transaction_count: 0,
                protocol_version: 1,
                executed_height: height - 1,
                state_root,
                results_root: before,
                next_committee: Hash::ZERO,
            };
            let message = stint_verifier::signed(&header, header.view, header.parent_view);
            let votes =
                keys().iter().take(3).enumerate().map(|(i, k)| (i as u8, k.sign(&message).to_bytes())).collect();
            let certificate = (height % 2 == 0).then(|| Certificate::new(&header, 4, votes).encode());
            state_root = Hash([height as u8; 32]);
            let leaf = stint_proto::receipt::apart(receipt(height)).leaf();
            let outcome =
                Outcome { state_root, receipts_root: merkle::of_leaves(&[leaf]), receipts: 1, time_ms: header.time_ms };
            before = outcome.chain(before, height);
            parent = header.hash();
            all.push(v1::GetHistoryResponse {
                height,
                block: Block { header, transactions: Vec::new() }.encode().into(),
                receipts: vec![receipt(height).encode_to_vec().into()],
                certificate: certificate.unwrap_or_default().into(),
                results: Results { outcome, results_root: before }.encode().into(),
                next_committee: Bytes::new(),
            });
        }
        all
    }

    fn history(pin: Option<Pin>) -> History {
        History::new(Trusts::new(trust()), pin, true, Behind { next: 1, parent: None, results: Some(Hash::ZERO) })
    }

    /// Takes all, gives the heights that came out, and the lie that ended it.
    fn taken(mut history: History, told: Vec<v1::GetHistoryResponse>) -> (Vec<u64>, Option<String>) {
        let mut heights = Vec::new();
        for block in told {
            if let Err(e) = history.take(block) {
                return (heights, Some(e.to_string()));
            }
            heights.extend(std::iter::from_fn(|| history.pop_certified()).map(|past| past.block.header.height));
        }
        (heights, None)
    }

    #[test]
    fn what_validators_certified_comes_out_and_nothing_else() {
        // Block 10 is final by its votes; what it led to is certified by none.
        assert_eq!(taken(history(None), told(10)), ((1..=9).collect(), None));
        let mut follow =
            History::new(Trusts::new(trust()), None, false, Behind { next: 1, parent: None, results: None });
        told(5).into_iter().for_each(|block| follow.take(block).expect("true"));
        let last = std::iter::from_fn(|| follow.pop_final()).last().expect("some").0;
        assert_eq!(last.header.height, 4, "block 5 has no votes yet");
        follow.rewind();
        assert_eq!(follow.next(), 5);
    }

    #[test]
    fn lies_are_told_apart() {
        type Change = fn(&mut v1::GetHistoryResponse);
        let lies: [(Change, &str); 9] = [
            (|b| b.height = 7, "does not follow"),
            (|b| b.block = Bytes::from(b.block[..b.block.len() - 1].to_vec()), "block 6"),
            (|b| b.certificate = b.certificate.slice(..b.certificate.len() - 1), "votes cannot be read"),
            (|b| b.certificate = flipped(&b.certificate, 40), "too few validators"),
            (|b| b.receipts.clear(), "receipts are not those"),
            (|b| b.receipts = vec![Bytes::new(); BLOCK_TRANSACTIONS + 1], "more receipts than a block has calls"),
            (|b| b.receipts = vec![receipt(5).encode_to_vec().into()], "receipts are not those"),
            (|b| b.results = flipped(&b.results, 107), "does not follow what the block before led to"),
            (|b| b.results = Bytes::new(), "no longer has the receipts"),
        ];
        for (change, expected) in lies {
            let mut blocks = told(10);
            change(&mut blocks[5]);
            let (heights, lie) = taken(history(None), blocks);
            assert!(lie.as_ref().is_some_and(|lie| lie.contains(expected)), "{expected}: {lie:?}");
            assert!(heights.iter().all(|h| *h < 6), "{heights:?}");
        }
        // Another state, with all that hangs on it: only the next header knows better.
        let mut blocks = told(10);
        let results = Results::decode(&blocks[5].results).expect("results");
        let outcome = Outcome { state_root: Hash([66; 32]), ..results.outcome };
        let before = Results::decode(&blocks[4].results).expect("results").results_root;
        blocks[5].results = Results { outcome, results_root: outcome.chain(before, 6) }.encode().into();
        let (heights, lie) = taken(history(None), blocks);
        assert!(lie.expect("a lie").contains("does not follow what the block before led to"));
        assert!(!heights.contains(&6));
    }

    #[test]
    fn a_pinned_block_must_be_there() {
        let hash = Block::decode(told(4)[3].block.clone()).expect("a block").header.hash();
        let good: Pin = format!("4:{hash}").parse().expect("a pin");
        assert_eq!(taken(history(Some(good)), told(10)).1, None);
        let other = Pin { hash: Hash([3; 32]), ..good };
        assert!(taken(history(Some(other)), told(10)).1.expect("a lie").contains("the pinned one is"));
        assert!("4".parse::<Pin>().is_err());
    }

    fn flipped(bytes: &[u8], at: usize) -> Bytes {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes.into()
    }
}
