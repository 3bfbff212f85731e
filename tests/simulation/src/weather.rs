use crate::Dice;

/// What happens to messages on the way from one validator to another. Chances are in a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// One-way delay, milliseconds, at least and at most. Each message draws its own, so they overtake each other.
    pub delay_ms: (u64, u64),
    /// Lost messages.
    pub loss: u64,
    /// Messages that come twice.
    pub twice: u64,
    /// Messages that come as late as `late_ms`.
    pub late: u64,
    /// How late at most, milliseconds.
    pub late_ms: u64,
    /// Nothing comes through.
    pub cut: bool,
    /// What is sent comes when this time has come, milliseconds since the start.
    pub clogged_until_ms: u64,
}

impl Weather {
    /// A calm day in one country.
    pub const CALM: Weather =
        Weather { delay_ms: (15, 25), loss: 0, twice: 0, late: 0, late_ms: 0, cut: false, clogged_until_ms: 0 };

    /// When copies of a message that is sent now arrive, microseconds since the start.
    pub(crate) fn arrivals(&self, now_us: u64, dice: &mut Dice) -> Vec<u64> {
        if self.cut || dice.chance(self.loss) {
            return Vec::new();
        }
        let copies = 1 + u64::from(dice.chance(self.twice));
        let mut arrival = || {
            let late = if dice.chance(self.late) { dice.below(self.late_ms * 1000 + 1) } else { 0 };
            let delay = dice.between(self.delay_ms.0 * 1000, self.delay_ms.1 * 1000).max(late);
            (now_us + delay).max(self.clogged_until_ms * 1000)
        };
        (0..copies).map(|_| arrival()).collect()
    }
}
