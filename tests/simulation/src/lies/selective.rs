//! It talks to some validators and never to the others.

use super::{Dice, Pen, Tell, Word};

pub(super) struct Selective {
    hears: Vec<usize>,
}

impl Selective {
    pub fn new(places: usize, dice: &mut Dice) -> Selective {
        let count = dice.between(1, places as u64 - 1) as usize;
        Selective { hears: dice.some(count, places) }
    }
}

impl Tell for Selective {
    fn tell(&mut self, mut word: Word, _: &Pen, _: &mut Dice) -> Vec<Word> {
        word.to.retain(|place| self.hears.contains(place));
        vec![word]
    }
}
