//! It sends bytes that mean nothing: random ones, messages cut short, and messages with a bit turned over.

use super::{Dice, Pen, Tell, Word};
use bytes::Bytes;
use commonware_runtime::IoBuf;

pub(super) struct Garbage;

impl Tell for Garbage {
    fn tell(&mut self, word: Word, _: &Pen, dice: &mut Dice) -> Vec<Word> {
        let mut bytes = word.message.as_ref().to_vec();
        match dice.below(3) {
            0 => bytes.iter_mut().take(4096).for_each(|b| *b = dice.next() as u8),
            1 => bytes.truncate(dice.below(bytes.len() as u64) as usize),
            _ if bytes.is_empty() => {}
            _ => {
                let at = dice.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << dice.below(8);
            }
        }
        vec![Word { message: IoBuf::from(Bytes::from(bytes)), ..word }]
    }
}
