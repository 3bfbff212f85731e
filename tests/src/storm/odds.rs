use serde::{Deserialize, Serialize};

/// Every probability of a storm, in one place; a liar chooses evenly among what it may say. Chances are in a thousand, times in milliseconds; what is called *at most*
/// is drawn anew for each run, from nothing up to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Odds {
    /// Numbers of validators; one is drawn.
    pub nodes: Vec<usize>,
    /// How long it storms; twice as long where validators come and go, which takes epochs.
    pub storm_ms: u64,
    /// Time from one call to the next.
    pub call_every_ms: u64,
    /// Time from one fault to the next, on average.
    pub fault_every_ms: u64,
    /// How long a fault lasts, at most.
    pub fault_lasts_ms: u64,
    /// Runs in which as many validators lie as may.
    pub liars: u64,
    /// Runs in which validators join, leave and change their keys.
    pub members: u64,
    /// Time from one such decision to the next.
    pub decision_every_ms: u64,
    /// Runs whose weather is calm but for single faults.
    pub calm: u64,
    /// Lost messages, at most.
    pub loss: u64,
    /// Messages that come twice, at most.
    pub twice: u64,
    /// Messages that come late, at most, and how late, at most.
    pub late: u64,
    pub late_ms: u64,
    /// One-way delay, at most.
    pub delay_ms: u64,
    /// How far a clock is off, at most, ahead or behind.
    pub skew_ms: u64,
    /// How much longer a block takes to become durable on a slow disk, at most.
    pub slow_ms: u64,
    /// How often each fault is drawn, beside the others.
    pub clog: u64,
    pub one_way_cut: u64,
    pub partition: u64,
    pub ring: u64,
    pub crash: u64,
    pub crash_of_all: u64,
    pub pause: u64,
    pub skew: u64,
    pub slow_disk: u64,
    pub full_disk: u64,
    /// Time within which all must have recovered when it is calm again.
    pub recovery_ms: u64,
}

impl Default for Odds {
    fn default() -> Odds {
        Odds {
            nodes: vec![4, 4, 4, 4, 4, 5, 6, 7, 10],
            storm_ms: 20_000,
            call_every_ms: 300,
            fault_every_ms: 1_700,
            fault_lasts_ms: 4_000,
            liars: 500,
            members: 150,
            decision_every_ms: 4_000,
            calm: 300,
            loss: 300,
            twice: 100,
            late: 100,
            late_ms: 500,
            delay_ms: 150,
            skew_ms: 10_000,
            slow_ms: 500,
            clog: 20,
            one_way_cut: 20,
            partition: 15,
            ring: 5,
            crash: 25,
            crash_of_all: 3,
            pause: 15,
            skew: 10,
            slow_disk: 10,
            full_disk: 8,
            recovery_ms: 60_000,
        }
    }
}
