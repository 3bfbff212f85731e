//! It repeats old votes, and gives votes for rounds that are far ahead.

use super::{Dice, Pen, Tell, Word, vote_message};
use commonware_consensus::types::{Epoch, Round, View};
use commonware_runtime::IoBuf;

/// Votes that it remembers.
const REMEMBERED: usize = 64;

#[derive(Default)]
pub(super) struct StaleVotes {
    said: Vec<IoBuf>,
}

impl Tell for StaleVotes {
    fn tell(&mut self, word: Word, pen: &Pen, dice: &mut Dice) -> Vec<Word> {
        let Some((epoch, vote)) = word.vote() else { return vec![word] };
        if self.said.len() < REMEMBERED {
            self.said.push(word.message.clone());
        } else {
            self.said[dice.below(REMEMBERED as u64) as usize] = word.message.clone();
        }
        let mut words = vec![Word { message: dice.pick(&self.said).clone(), ..word.clone() }];
        let ahead = dice.between(1, 300);
        let later = pen.vote_for(&vote, |p| {
            p.round = Round::new(Epoch::new(epoch), View::new(p.round.view().get() + ahead));
        });
        words.extend(later.map(|vote| Word { message: vote_message(epoch, &vote), ..word.clone() }));
        words.push(word);
        words
    }
}
