//! A fact under signatures: the one message that carries it, and its check.
//!
//! ```text
//! proof      version 1 [1] | kind [1] | h [2] | h times: handover | chain | votes | body
//! handover   chain | votes | next committee     the last header of an epoch that names other validators
//! chain      n [1] | n times: header [281]      the header meant, then its descendants; n >= 1
//! votes      n [1] | view [8] | parent view [8] | one bit for each of n validators [n / 8, rounded up]
//!            | 64 bytes for each bit that is set; over the last header of the chain
//! committee  n [1] | n times: key [32], ascending
//!
//! body of kind 0, a block        t [4] | transaction [t] …, as many as the header counts
//!         kind 1, state          led | part of the tree ([`crate::tree::Writer`])
//!         kind 2, a receipt      led | index [4] | path | e [4] | r [4] | events root [32] | receipt [r]
//!         kind 3, an event       as kind 2 | index [4] | path | v [4] | event [v]
//!         kind 4, all receipts   led | for each receipt: r [4] | receipt [r] | e [4] | e times: v [4] | event [v]
//!
//! led        height [8] | results before [32] | l [1] | l times: outcome [76]
//!            what that height and those after it led to, up to the one that the header certifies
//! path       n [1] | n times: hash [32], lowest first
//! ```

use crate::{Certificate, Committee, Hash, Header, Outcome, Reader, merkle, receipt_item, tree::Shown};
use alloc::{borrow::ToOwned, vec::Vec};
use core::fmt;

/// The largest proof, bytes.
pub const PROOF_BYTES: usize = 16 << 20;
/// The layout of proofs that is read and written here.
const VERSION: u8 = 1;

/// Whom the reader of a proof believes from the start: the validators of one epoch, as the genesis
/// file or an earlier proof names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The ledger.
    pub chain_id: Hash,
    /// The epoch of `committee`.
    pub epoch: u64,
    /// Its validators.
    pub committee: Committee,
}

impl Trust {
    /// The canonical bytes: `chain id [32] | epoch [8] | n [1] | n times: key [32]`, ascending.
    pub fn encode(&self) -> Vec<u8> {
        [&self.chain_id.0[..], &self.epoch.to_be_bytes(), &self.committee.encode()].concat()
    }

    /// Reads the canonical bytes.
    pub fn decode(bytes: &[u8]) -> Option<Trust> {
        let mut r = Reader(bytes);
        let trust = Trust { chain_id: Hash(r.array()?), epoch: r.u64()?, committee: Committee::read(&mut r)? };
        r.0.is_empty().then_some(trust)
    }
}

/// A proof as it is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// From the trusted epoch to that of the header, one for each change of the validators.
    pub handovers: Vec<Handover>,
    /// The header under which the fact stands, and its signatures.
    pub signed: SignedChain,
    /// The fact.
    pub body: Body,
}

/// A header with the descendants up to one that was signed: what makes that one final makes it
/// final too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedChain {
    /// The header meant first, each one followed by a child.
    pub headers: Vec<Header>,
    /// Over the last one.
    pub certificate: Certificate,
}

/// The end of an epoch after which others validate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// Its last header, and its signatures.
    pub signed: SignedChain,
    /// Who follows, as that header says.
    pub next: Committee,
}

/// What a proof is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The block of the header: its transactions.
    Block(Vec<Vec<u8>>),
    /// Keys of the state after a block, as [`crate::tree::Writer`] wrote them.
    State(Led, Vec<u8>),
    /// A receipt.
    Receipt(Receipt),
    /// An event of a receipt.
    Event(Receipt, Event),
    /// All receipts of a block, with their events.
    Receipts(Led, Vec<Whole>),
}

/// A receipt with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// `stint.v1.Receipt` without its events.
    pub receipt: Vec<u8>,
    /// `stint.v1.Event`, in their order.
    pub events: Vec<Vec<u8>>,
}

/// What a block led to, and the way up to the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Led {
    /// The block.
    pub height: u64,
    /// [`Outcome::chain`] of the block before that one.
    pub before: Hash,
    /// Of that block and those after it, up to the header's executed height.
    pub outcomes: Vec<Outcome>,
}

/// A receipt and the way up to the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The block that led to it.
    pub led: Led,
    /// Its place in the block.
    pub index: u32,
    /// Its siblings under the receipts root, lowest first.
    pub path: Vec<Hash>,
    /// Events of the call.
    pub events: u32,
    /// The root over them.
    pub events_root: Hash,
    /// `stint.v1.Receipt` without its events.
    pub receipt: Vec<u8>,
}

/// An event and the way up to its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place among the receipt's events.
    pub index: u32,
    /// Its siblings under the events root, lowest first.
    pub path: Vec<Hash>,
    /// `stint.v1.Event`.
    pub event: Vec<u8>,
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The final header under which the fact stands.
    pub header: Header,
    /// Whom to believe from here on: the validators of the header's epoch.
    pub trust: Trust,
    /// How it led to them.
    pub handovers: Vec<Handover>,
    /// The fact.
    pub fact: Fact,
}

/// A fact that holds on the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The header's block holds these transactions, in this order.
    Block(Vec<Vec<u8>>),
    /// The state after a block, as far as it is shown; and that block.
    State(Shown, Led),
    /// The receipt of a call: `stint.v1.Receipt` without its events.
    Receipt(Receipt),
    /// One event of the receipt of a call.
    Event(Receipt, Event),
    /// All receipts of a block, with their events.
    Receipts(Led, Vec<Whole>),
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// The bytes are not laid out as a proof.
    Malformed,
    /// It is about another ledger.
    OtherLedger,
    /// It does not lead from the trusted epoch to that of its header.
    OtherEpoch,
    /// A header is not the parent of the next one.
    BrokenChain,
    /// Too few validators signed, others did, or a signature is wrong.
    Signatures,
    /// The next committee is not the one that the epoch's last header names.
    OtherCommittee,
    /// The fact is not under the header.
    OtherFact,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invalid::Malformed => "the bytes are not a proof of layout 1",
            Invalid::OtherLedger => "the proof is about another ledger",
            Invalid::OtherEpoch => "the proof does not lead from the trusted validators to those who signed",
            Invalid::BrokenChain => "the proof's headers do not follow one another",
            Invalid::Signatures => "the block was not signed by enough of the validators",
            Invalid::OtherCommittee => "the new validators are not those whom the old ones named",
            Invalid::OtherFact => "what the proof shows is not what the signed header names",
        })
    }
}

impl core::error::Error for Invalid {}

impl Proof {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.body {
            Body::Block(_) => 0,
            Body::State(..) => 1,
            Body::Receipt(_) => 2,
            Body::Event(..) => 3,
            Body::Receipts(..) => 4,
        };
        let mut out = [&[VERSION, kind][..], &(self.handovers.len() as u16).to_be_bytes()].concat();
        self.handovers.iter().for_each(|h| out.extend_from_slice(&h.encode()));
        self.signed.write(&mut out);
        match &self.body {
            Body::Block(transactions) => transactions.iter().for_each(|tx| sized(tx, &mut out)),
            Body::State(led, part) => {
                led.write(&mut out);
                out.extend_from_slice(part);
            }
            Body::Receipt(receipt) => receipt.write(&mut out),
            Body::Event(receipt, event) => {
                receipt.write(&mut out);
                out.extend_from_slice(&event.index.to_be_bytes());
                path(&event.path, &mut out);
                sized(&event.event, &mut out);
            }
            Body::Receipts(led, receipts) => {
                led.write(&mut out);
                receipts.iter().for_each(|r| r.write(&mut out));
            }
        }
        out
    }
}

impl SignedChain {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.headers.len() as u8);
        self.headers.iter().for_each(|h| out.extend_from_slice(&h.encode()));
        out.extend_from_slice(&self.certificate.encode());
    }

    fn read(r: &mut Reader<'_>) -> Option<SignedChain> {
        let headers = (0..r.u8()?).map(|_| Header::read(r)).collect::<Option<Vec<_>>>()?;
        Some(SignedChain { headers, certificate: Certificate::read(r)? })
    }

    /// The header meant, once it is known to be final. Epochs may end on the way, but not the time of the validators:
    /// whose header names others has no descendants of theirs.
    fn check(&self, trust: &Trust) -> Result<&Header, Invalid> {
        let (first, last) = self.headers.first().zip(self.headers.last()).ok_or(Invalid::Malformed)?;
        for header in &self.headers {
            if header.chain_id != trust.chain_id {
                return Err(Invalid::OtherLedger);
            }
            if header.epoch < trust.epoch {
                return Err(Invalid::OtherEpoch);
            }
        }
        if self.headers.iter().rev().skip(1).any(|h| h.next_committee != Hash::ZERO) {
            return Err(Invalid::OtherEpoch);
        }
        let follows =
            |pair: &[Header]| pair[1].parent == pair[0].hash() && pair[0].height.checked_add(1) == Some(pair[1].height);
        if !self.headers.windows(2).all(follows) {
            return Err(Invalid::BrokenChain);
        }
        match self.certificate.certifies(last, &trust.committee) {
            true => Ok(first),
            false => Err(Invalid::Signatures),
        }
    }
}

impl Handover {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.signed.write(&mut out);
        out.extend_from_slice(&self.next.encode());
        out
    }

    /// Reads the canonical bytes at the front of others.
    pub fn read(r: &mut Reader<'_>) -> Option<Handover> {
        Some(Handover { signed: SignedChain::read(r)?, next: Committee::read(r)? })
    }

    /// The epoch that ended.
    pub fn epoch(&self) -> Option<u64> {
        self.signed.headers.first().map(|h| h.epoch)
    }

    /// Whom to believe after it.
    pub fn check(&self, trust: &Trust) -> Result<Trust, Invalid> {
        let header = self.signed.check(trust)?;
        let epoch = header.epoch.checked_add(1).ok_or(Invalid::Malformed)?;
        match header.next_committee == self.next.hash() {
            true => Ok(Trust { chain_id: trust.chain_id, epoch, committee: self.next.clone() }),
            false => Err(Invalid::OtherCommittee),
        }
    }
}

impl Led {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.height.to_be_bytes());
        out.extend_from_slice(&self.before.0);
        out.push(self.outcomes.len() as u8);
        self.outcomes.iter().for_each(|o| out.extend_from_slice(&o.encode()));
    }

    fn read(r: &mut Reader<'_>) -> Option<Led> {
        let (height, before) = (r.u64()?, Hash(r.array()?));
        let outcomes = (0..r.u8()?).map(|_| Outcome::read(r)).collect::<Option<Vec<_>>>()?;
        Some(Led { height, before, outcomes })
    }

    /// What the block led to, if the header certifies it.
    pub fn under(&self, header: &Header) -> Option<&Outcome> {
        let last = self.height.checked_add(self.outcomes.len() as u64)?.checked_sub(1)?;
        let heights = self.height..;
        let chain = self.outcomes.iter().zip(heights).fold(self.before, |before, (o, height)| o.chain(before, height));
        let certified = chain == header.results_root && last == header.executed_height;
        self.outcomes.first().filter(|_| certified)
    }
}

impl Receipt {
    fn write(&self, out: &mut Vec<u8>) {
        self.led.write(out);
        out.extend_from_slice(&self.index.to_be_bytes());
        path(&self.path, out);
        out.extend_from_slice(&self.events.to_be_bytes());
        out.extend_from_slice(&(self.receipt.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.events_root.0);
        out.extend_from_slice(&self.receipt);
    }

    fn read(r: &mut Reader<'_>) -> Option<Receipt> {
        let led = Led::read(r)?;
        let (index, path) = (r.u32()?, read_path(r)?);
        let (events, size) = (r.u32()?, r.u32()?);
        let events_root = Hash(r.array()?);
        let receipt = r.take(size as usize)?.to_owned();
        Some(Receipt { led, index, path, events, events_root, receipt })
    }

    /// Whether the header certifies it.
    fn stands_under(&self, header: &Header) -> bool {
        let Some(outcome) = self.led.under(header) else { return false };
        let item = receipt_item(&self.receipt, self.events_root, self.events);
        root_of(&item, self.index, outcome.receipts, &self.path) == Some(outcome.receipts_root)
    }
}

impl Whole {
    /// Its leaf under the receipts root.
    pub fn leaf(&self) -> Hash {
        merkle::leaf(&receipt_item(&self.receipt, merkle::root(&self.events), self.events.len() as u32))
    }

    fn write(&self, out: &mut Vec<u8>) {
        sized(&self.receipt, out);
        out.extend_from_slice(&(self.events.len() as u32).to_be_bytes());
        self.events.iter().for_each(|e| sized(e, out));
    }

    fn read(r: &mut Reader<'_>) -> Option<Whole> {
        let receipt = read_sized(r)?;
        let events = (0..r.u32()?).map(|_| read_sized(r)).collect::<Option<_>>()?;
        Some(Whole { receipt, events })
    }
}

fn root_of(item: &[u8], index: u32, count: u32, path: &[Hash]) -> Option<Hash> {
    merkle::root_of_path(merkle::leaf(item), index as usize, count as usize, path)
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn path(hashes: &[Hash], out: &mut Vec<u8>) {
    out.push(hashes.len() as u8);
    hashes.iter().for_each(|h| out.extend_from_slice(&h.0));
}

fn read_path(r: &mut Reader<'_>) -> Option<Vec<Hash>> {
    (0..r.u8()?).map(|_| r.array().map(Hash)).collect()
}

fn read_sized(r: &mut Reader<'_>) -> Option<Vec<u8>> {
    let size = r.u32()?;
    r.take(size as usize).map(<[u8]>::to_owned)
}

/// Checks a proof. What it answers holds on the ledger if at most a third of the validators of each
/// epoch concerned are faulty.
pub fn verify(trust: &Trust, proof: &[u8]) -> Result<Proven, Invalid> {
    let malformed = Invalid::Malformed;
    if proof.len() > PROOF_BYTES {
        return Err(malformed);
    }
    let mut r = Reader(proof);
    if r.u8() != Some(VERSION) {
        return Err(malformed);
    }
    let kind = r.u8().ok_or(malformed)?;
    let mut trust = trust.clone();
    let mut handovers = Vec::new();
    for _ in 0..r.u16().ok_or(malformed)? {
        let handover = Handover::read(&mut r).ok_or(malformed)?;
        // What led to the validators who are believed already needs no check.
        if handover.epoch().is_none_or(|epoch| epoch >= trust.epoch) {
            trust = handover.check(&trust)?;
            handovers.push(handover);
        }
    }
    let header = SignedChain::read(&mut r).ok_or(malformed)?.check(&trust)?.clone();
    trust.epoch = header.epoch;
    let (fact, holds) = match kind {
        0 => {
            let transactions = (0..header.transaction_count).map(|_| read_sized(&mut r));
            let transactions = transactions.collect::<Option<Vec<_>>>().ok_or(malformed)?;
            let holds = merkle::root(&transactions) == header.transactions_root;
            (Fact::Block(transactions), holds)
        }
        1 => {
            let led = Led::read(&mut r).ok_or(malformed)?;
            let (shown, root) = Shown::read(&mut r).ok_or(malformed)?;
            let holds = led.under(&header).is_some_and(|outcome| outcome.state_root == root);
            (Fact::State(shown, led), holds)
        }
        2 => {
            let receipt = Receipt::read(&mut r).ok_or(malformed)?;
            let holds = receipt.stands_under(&header);
            (Fact::Receipt(receipt), holds)
        }
        3 => {
            let receipt = Receipt::read(&mut r).ok_or(malformed)?;
            let index = r.u32().ok_or(malformed)?;
            let path = read_path(&mut r).ok_or(malformed)?;
            let event = read_sized(&mut r).ok_or(malformed)?;
            let root = root_of(&event, index, receipt.events, &path);
            let holds = root == Some(receipt.events_root) && receipt.stands_under(&header);
            (Fact::Event(receipt, Event { index, path, event }), holds)
        }
        4 => {
            let led = Led::read(&mut r).ok_or(malformed)?;
            // Without an outcome there is nothing to stand under.
            let count = led.under(&header).ok_or(Invalid::OtherFact)?.receipts;
            let receipts = (0..count).map(|_| Whole::read(&mut r)).collect::<Option<Vec<_>>>().ok_or(malformed)?;
            let leaves: Vec<Hash> = receipts.iter().map(Whole::leaf).collect();
            let holds = led.under(&header).is_some_and(|o| o.receipts_root == merkle::of_leaves(&leaves));
            (Fact::Receipts(led, receipts), holds)
        }
        _ => return Err(malformed),
    };
    match (r.0.is_empty(), holds) {
        (false, _) => Err(malformed),
        (true, false) => Err(Invalid::OtherFact),
        (true, true) => Ok(Proven { header, trust, handovers, fact }),
    }
}
