//! Epochs: spans of blocks whose committee does not change.

use crate::limits::{EXECUTION_LAG, KEPT_HEIGHTS};

/// Epochs of a ledger, all of one length; block 0 counts as the first block of epoch 0.
///
/// ```text
///  epoch e:  first ……………… decision(e + 1) ……… last        last - decision = K
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs {
    blocks: u64,
}

impl Epochs {
    /// Fewest blocks of an epoch: the next committee is decided in its second half.
    pub const MIN_BLOCKS: u64 = 10;
    /// Most blocks of an epoch: every node keeps the last block of the epoch before.
    pub const MAX_BLOCKS: u64 = KEPT_HEIGHTS / 2;

    /// Epochs of so many blocks, at least [`Epochs::MIN_BLOCKS`].
    pub fn new(blocks: u64) -> Epochs {
        Epochs { blocks: blocks.max(Epochs::MIN_BLOCKS) }
    }

    /// Blocks of an epoch.
    pub fn blocks(self) -> u64 {
        self.blocks
    }

    /// The epoch of a height.
    pub fn of(self, height: u64) -> u64 {
        height / self.blocks
    }

    /// The last height of an epoch.
    pub fn last(self, epoch: u64) -> u64 {
        epoch.saturating_mul(self.blocks).saturating_add(self.blocks - 1)
    }

    /// True for the last height of an epoch.
    pub fn ends_with(self, height: u64) -> bool {
        self.last(self.of(height)) == height
    }

    /// The epoch whose committee is what stands after the block of this height, if there is one: whoever
    /// signs the last block of the epoch before has executed this one.
    pub fn decided_at(self, height: u64) -> Option<u64> {
        let epoch = self.of(height);
        (height + EXECUTION_LAG == self.last(epoch)).then_some(epoch + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_epoch_is_decided_once_and_before_it_begins() {
        let epochs = Epochs::new(10);
        let decided: Vec<_> = (0..40).filter_map(|h| Some((h, epochs.decided_at(h)?))).collect();
        assert_eq!(decided, [(5, 1), (15, 2), (25, 3), (35, 4)]);
        assert!(decided.iter().all(|(h, e)| epochs.of(*h) + 1 == *e));
        let lasts: Vec<_> = (0..40).filter(|h| epochs.ends_with(*h)).collect();
        assert_eq!(lasts, [9, 19, 29, 39]);
        assert!(lasts.iter().all(|h| epochs.of(*h) + 1 == epochs.of(h + 1)));
        assert_eq!(Epochs::new(0).blocks(), Epochs::MIN_BLOCKS);
        assert_eq!(Epochs::new(10).last(u64::MAX), u64::MAX);
    }
}
