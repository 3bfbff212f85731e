/// How long a node has stood at one block, by a clock of the caller's.
#[derive(Clone, Copy, Debug)]
pub struct Standstill {
    height: u64,
    since_ms: u64,
}

impl Standstill {
    /// Begins now.
    pub fn new(height: u64, now_ms: u64) -> Standstill {
        Standstill { height, since_ms: now_ms }
    }

    /// How long by now, milliseconds; nothing, when it has got on since it was asked last.
    pub fn lasts_ms(&mut self, height: u64, now_ms: u64) -> u64 {
        if height != self.height {
            *self = Standstill::new(height, now_ms);
        }
        now_ms.saturating_sub(self.since_ms)
    }
}
