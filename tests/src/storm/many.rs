use super::{Odds, Report, storm};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Storms that a search for a shorter one tries, seconds.
const SHORTER: [u64; 6] = [1, 2, 4, 7, 10, 15];

/// What many storms led to.
#[derive(Default)]
pub struct Tally {
    /// How many there were.
    pub runs: u64,
    blocks: u64,
    calls: u64,
    messages: u64,
    faults: u64,
    decisions: u64,
    evidence: u64,
    provable: u64,
    /// Recovery of each, simulated milliseconds.
    recovery_ms: Vec<u64>,
    lasted_ms: u64,
    took: Duration,
    /// Seeds of storms that broke something, ascending.
    pub failed: Vec<u64>,
}

impl Tally {
    fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.blocks += report.height;
        self.calls += report.calls;
        self.messages += report.messages;
        self.faults += report.faults;
        self.decisions += report.decisions;
        self.evidence += report.evidence;
        self.provable += report.provable;
        self.lasted_ms += report.lasted_ms;
        self.recovery_ms.push(report.recovery_ms);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at =
            |share: usize| self.recovery_ms.get(self.recovery_ms.len() * share / 1000).copied().unwrap_or_default();
        let seconds = |ms: u64| ms as f64 / 1000.0;
        writeln!(
            f,
            "{} storms, {:.1} simulated hours in {:.0} s: {} blocks, {} calls, {} messages, {} faults, {} decisions about validators, {} double signs recorded, {} that the network saw",
            self.runs,
            seconds(self.lasted_ms) / 3600.0,
            self.took.as_secs_f64(),
            self.blocks,
            self.calls,
            self.messages,
            self.faults,
            self.decisions,
            self.evidence,
            self.provable
        )?;
        let worst = self.recovery_ms.last().copied().unwrap_or_default();
        writeln!(
            f,
            "recovered after the storm: half within {:.1} s, 99 of 100 within {:.1} s, all within {:.1} s",
            seconds(at(500)),
            seconds(at(990)),
            seconds(worst)
        )?;
        match self.failed.as_slice() {
            [] => write!(f, "nothing was broken"),
            seeds => write!(f, "{} storms broke something: seeds {seeds:?}", seeds.len()),
        }
    }
}

/// Runs seeds from one on, on all cores: so many, or for so long and until one breaks something.
pub fn seeds(first: u64, runs: Option<u64>, limit: Option<Duration>, nodes: Option<usize>, odds: &Odds) -> Tally {
    let began = Instant::now();
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} storms, {eta} left {msg}");
    let bar = ProgressBar::new(runs.unwrap_or(u64::MAX));
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let over = |seed: u64| {
        let found = limit.is_some() && !tally.lock().expect("no panic").failed.is_empty();
        found || runs.is_some_and(|runs| seed >= first + runs) || limit.is_some_and(|limit| began.elapsed() >= limit)
    };
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if over(seed) {
            return;
        }
        let report = survived(seed, nodes, odds);
        let mut tally = tally.lock().expect("no panic");
        tally.add(&report);
        if !report.broken.is_empty() {
            tally.failed.push(seed);
            bar.suspend(|| report.broken.iter().for_each(|what| println!("seed {seed}: {what}")));
        }
        bar.inc(1);
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| drop(scope.spawn(work)));
    });
    bar.finish_and_clear();
    let mut tally = tally.into_inner().expect("no panic");
    tally.took = began.elapsed();
    tally.recovery_ms.sort_unstable();
    tally.failed.sort_unstable();
    tally
}

/// A storm; one in which a node panics is broken.
fn survived(seed: u64, nodes: Option<usize>, odds: &Odds) -> Report {
    std::panic::catch_unwind(|| storm(seed, nodes, odds))
        .unwrap_or_else(|_| Report { broken: vec!["a node panicked".into()], ..Default::default() })
}

/// The shortest storm of a seed that breaks something.
pub fn shortest(seed: u64, nodes: Option<usize>, odds: &Odds) -> (Odds, Report) {
    for storm_ms in SHORTER.map(|seconds| seconds * 1000).into_iter().filter(|ms| *ms < odds.storm_ms) {
        let shorter = Odds { storm_ms, ..odds.clone() };
        let report = survived(seed, nodes, &shorter);
        if !report.broken.is_empty() {
            return (shorter, report);
        }
    }
    (odds.clone(), survived(seed, nodes, odds))
}
