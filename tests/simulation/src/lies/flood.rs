//! It says everything twenty times.

use super::{Dice, Pen, Tell, Word};

const TIMES: usize = 20;

pub(super) struct Flood;

impl Tell for Flood {
    fn tell(&mut self, word: Word, _: &Pen, _: &mut Dice) -> Vec<Word> {
        vec![word; TIMES]
    }
}
