//! As a leader it tells some validators of one block and the others of another, or of one with a parent that is none.

use super::{BLOCKS, Dice, Pen, Tell, VOTES, Word, read_vote, vote_message};
use bytes::Bytes;
use commonware_codec::{Encode, RangeCfg, Read};
use commonware_consensus::simplex::types::Vote;
use commonware_cryptography::sha256::Digest;
use commonware_runtime::IoBuf;
use std::collections::BTreeMap;
use stint_proto::{Block, Hash, Header};

/// Blocks of its own that it remembers.
const REMEMBERED: usize = 64;

pub(super) struct Proposals {
    change: fn(&mut Header),
    /// Places that hear of the changed block.
    deceived: Vec<usize>,
    /// Its own blocks and what it made of them.
    changed: BTreeMap<Digest, Digest>,
    /// A vote whose block, if it is its own, comes next.
    held: Option<Word>,
}

impl Proposals {
    /// Both blocks are good.
    pub fn two_blocks(places: usize, dice: &mut Dice) -> Proposals {
        // If they are few the others make their block final, and its votes tell the deceived of the lie.
        let count = dice.between(1, places as u64 / 2) as usize;
        let deceived = dice.some(count, places);
        Proposals { change: |header| header.time_ms += 1, deceived, changed: BTreeMap::new(), held: None }
    }

    /// Nobody hears of the good one.
    pub fn wrong_parent(places: usize) -> Proposals {
        let change = |header: &mut Header| header.parent = Hash([13; 32]);
        Proposals { change, deceived: (0..places).collect(), changed: BTreeMap::new(), held: None }
    }

    /// The changed block, as a message.
    fn changed_block(&mut self, message: &IoBuf) -> Option<IoBuf> {
        let bytes = Bytes::read_cfg(&mut message.clone(), &RangeCfg::from(0..=Block::MAX_BYTES)).ok()?;
        let mut block = Block::decode(bytes).ok()?;
        let before = Digest::from(block.header.hash().0);
        (self.change)(&mut block.header);
        if self.changed.len() == REMEMBERED {
            self.changed.pop_first();
        }
        self.changed.insert(before, Digest::from(block.header.hash().0));
        Some(IoBuf::from(Bytes::from(block.encode()).encode()))
    }

    /// Its vote for the changed block.
    fn changed_vote(&self, message: &IoBuf, pen: &Pen) -> Option<IoBuf> {
        let (epoch, vote) = read_vote(message)?;
        let Vote::Notarize(notarize) = &vote else { return None };
        let instead = *self.changed.get(&notarize.proposal.payload)?;
        Some(vote_message(epoch, &pen.vote_for(&vote, |p| p.payload = instead)?))
    }
}

impl Proposals {
    fn split(&self, word: Word, changed: Option<IoBuf>) -> Vec<Word> {
        let Some(message) = changed else { return vec![word] };
        let (deceived, others) = word.to.iter().partition(|place| self.deceived.contains(place));
        vec![Word { to: others, ..word.clone() }, Word { to: deceived, message, ..word }]
    }
}

impl Tell for Proposals {
    fn tell(&mut self, word: Word, pen: &Pen, _: &mut Dice) -> Vec<Word> {
        let changed = match word.channel {
            BLOCKS => self.changed_block(&word.message),
            VOTES => self.changed_vote(&word.message, pen),
            _ => None,
        };
        // The engine votes for its block before it sends it.
        if word.channel == VOTES && changed.is_none() {
            return self.held.replace(word).into_iter().collect();
        }
        let mut words = self.split(word, changed);
        if let Some(held) = self.held.take() {
            let changed = self.changed_vote(&held.message, pen);
            words.extend(self.split(held, changed));
        }
        words
    }
}
