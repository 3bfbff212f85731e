//! The time from a call to its receipt on an idle ledger, by how far the validators are from each other.

use crate::{Plan, World, simulate_unbegun};
use stint_node::core::Outcome;
use stint_proto::Genesis;

/// Numbers of validators.
const NODES: [usize; 3] = [4, 10, 25];
/// One-way delays between all of them, milliseconds.
const DELAYS: [u64; 3] = [5, 50, 150];
/// Calls of a figure, each of its own second.
const CALLS: usize = 21;
/// What half of the calls may take beside four delays, milliseconds.
const BESIDE: u64 = 50;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Validators.
    pub nodes: usize,
    /// One-way delay, milliseconds.
    pub delay_ms: u64,
    /// Simulated milliseconds, ascending.
    pub took: Vec<u64>,
}

impl Figure {
    /// Half of the calls took no longer, milliseconds.
    pub fn p50(&self) -> u64 {
        self.took[self.took.len() / 2]
    }

    /// What that may be: the call goes to the leader, the block to all, and two rounds of votes round.
    pub fn bound(&self) -> u64 {
        4 * self.delay_ms + BESIDE
    }

    /// Whether it is.
    pub fn holds(&self) -> bool {
        self.p50() <= self.bound()
    }
}

/// Measures all of them.
pub fn table() -> Vec<Figure> {
    let all = NODES.iter().flat_map(|nodes| DELAYS.iter().map(move |delay| (*nodes, *delay)));
    all.map(|(nodes, delay_ms)| Figure { nodes, delay_ms, took: measure(nodes, delay_ms) }).collect()
}

/// The table for people.
pub fn show(figures: &[Figure]) -> String {
    let mut out = String::from("validators  one-way delay  p50      worst    at most\n");
    for figure in figures {
        let worst = figure.took.last().copied().unwrap_or_default();
        let verdict = if figure.holds() { "" } else { "   TOO SLOW" };
        out += &format!(
            "{:>10}  {:>10} ms  {:>4} ms  {worst:>4} ms  {:>4} ms{verdict}\n",
            figure.nodes,
            figure.delay_ms,
            figure.p50(),
            figure.bound()
        );
    }
    out
}

fn measure(nodes: usize, delay_ms: u64) -> Vec<u64> {
    let plan = Plan { places: nodes, founders: nodes, epoch_blocks: Genesis::EPOCH_BLOCKS, announce: true };
    let (took, _) = simulate_unbegun(delay_ms, plan, move |mut world| async move {
        world.engines().everywhere(|w| w.delay_ms = (delay_ms, delay_ms));
        world.begin().await;
        world.sleep(5_000).await;
        let mut took = Vec::new();
        for n in 0..CALLS {
            took.push(one(&mut world, n % nodes).await);
            // No two calls meet the ledger at the same point of its heartbeat.
            world.sleep(1_000 + 37 * n as u64).await;
        }
        took.sort_unstable();
        took
    });
    took
}

/// A call through one of the validators, whether it is granted or not.
async fn one(world: &mut World, through: usize) -> u64 {
    let began = world.now_ms();
    let tx = world.sign("consortium", "/test.v1.Counter/Add", Vec::new());
    let end = world.submit(through, tx).expect("accepted").await;
    assert!(matches!(end, Some(Outcome::Receipt(_))), "{end:?}");
    world.now_ms() - began
}
