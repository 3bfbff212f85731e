//! It votes for its blocks and withholds them: one validator gets a block, some get half of its bytes, and who asks gets
//! no answer.

use super::{BLOCKS, BLOCKS_ASKED, Dice, Pen, Tell, Word};

pub(super) struct HalfBlocks;

impl Tell for HalfBlocks {
    fn tell(&mut self, word: Word, _: &Pen, dice: &mut Dice) -> Vec<Word> {
        match word.channel {
            BLOCKS if !word.to.is_empty() => {
                let whole = *dice.pick(&word.to);
                let half = word.message.slice(..word.message.len() / 2);
                let others = word.to.iter().copied().filter(|place| *place != whole && dice.chance(500)).collect();
                vec![Word { to: vec![whole], ..word.clone() }, Word { to: others, message: half, ..word }]
            }
            BLOCKS_ASKED => Vec::new(),
            _ => vec![word],
        }
    }
}
