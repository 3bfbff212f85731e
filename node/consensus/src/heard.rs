use stint_verifier::{DoubleSign, Kind};

/// What a validator hears of the others while rounds go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A vote, on the word of the connection that it came by: its signature is not checked yet.
    Vote {
        /// Whose.
        key: [u8; 32],
        /// The epoch.
        epoch: u64,
        /// The round.
        view: u64,
        /// What it says.
        kind: Kind,
    },
    /// Enough votes came together, and the next round begins.
    Over {
        /// The epoch.
        epoch: u64,
        /// The round that is over.
        view: u64,
    },
    /// Rounds are waited for so many times as long as usual from now on.
    Patience(u32),
    /// Two votes that no honest validator gives together; both signatures are checked.
    DoubleSign(Box<DoubleSign>),
}
