//! With each vote for a block it gives another one, for a block that does not exist.

use super::{Dice, Pen, Tell, Word, vote_message};
use commonware_cryptography::sha256::Digest;

pub(super) struct DoubleVotes;

impl Tell for DoubleVotes {
    fn tell(&mut self, word: Word, pen: &Pen, dice: &mut Dice) -> Vec<Word> {
        let other = word.vote().and_then(|(epoch, vote)| {
            let mut made_up = [0; 32];
            made_up[..8].copy_from_slice(&dice.next().to_le_bytes());
            Some(vote_message(epoch, &pen.vote_for(&vote, |p| p.payload = Digest::from(made_up))?))
        });
        let mut words = vec![word];
        words.extend(other.map(|message| Word { message, ..words[0].clone() }));
        // Who hears which first is different each time.
        if words.len() == 2 && dice.chance(500) {
            words.swap(0, 1);
        }
        words
    }
}
