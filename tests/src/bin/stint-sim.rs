//! A whole ledger in one process under faults that a seed draws. The same seed does the same on every machine.

use clap::Parser;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use stint_tests::{
    finality,
    storm::{Odds, Report, Tally, seeds, shortest, storm},
};

/// Runs a ledger of real nodes through a storm of faults, and checks what must hold
#[derive(Parser)]
#[command(name = "stint-sim", version)]
struct Args {
    /// The storm; with --runs or --find the first one
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Validators [default: as the seed says]
    #[arg(long)]
    nodes: Option<usize>,
    /// A TOML file of odds; what it leaves out stays as --odds shows it
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// How long it storms, simulated seconds [default: as the odds say]
    #[arg(long)]
    seconds: Option<u64>,
    /// Run so many seeds, and count
    #[arg(long, conflicts_with = "find")]
    runs: Option<u64>,
    /// Search seeds for so many seconds, and show the shortest storm that fails
    #[arg(long, value_name = "SECONDS")]
    find: Option<u64>,
    /// Measure the time from a call to its receipt, in calm weather
    #[arg(long)]
    finality: bool,
    /// Show what nodes and engines say, too, as RUST_LOG has it
    #[arg(long)]
    verbose: bool,
    /// Show the odds and end
    #[arg(long)]
    odds: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.execute() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

impl Args {
    fn execute(&self) -> Result<bool, String> {
        if self.verbose {
            let filter = tracing_subscriber::EnvFilter::from_default_env();
            tracing_subscriber::fmt().with_env_filter(filter).without_time().with_writer(std::io::stderr).init();
        }
        let odds = self.read_odds()?;
        if self.odds {
            print!("{}", toml::to_string(&odds).map_err(|e| e.to_string())?);
            return Ok(true);
        }
        if self.finality {
            let figures = finality::table();
            println!("{}", finality::show(&figures));
            return Ok(figures.iter().all(finality::Figure::holds));
        }
        if self.nodes.is_some_and(|n| !(4..=50).contains(&n)) {
            return Err("--nodes takes 4 to 50 validators".into());
        }
        Ok(match (self.runs, self.find) {
            (Some(runs), _) => good(&seeds(self.seed, Some(runs), None, self.nodes, &odds)),
            (_, Some(seconds)) => {
                let limit = Duration::from_secs(seconds);
                let tally = seeds(self.seed, None, Some(limit), self.nodes, &odds);
                if let Some(seed) = tally.failed.first() {
                    let (odds, report) = shortest(*seed, self.nodes, &odds);
                    show(&report);
                    let nodes = self.nodes.map(|n| format!(" --nodes {n}")).unwrap_or_default();
                    let faults = self.faults.iter().map(|path| format!(" --faults {}", path.display()));
                    let given = nodes + &faults.collect::<String>();
                    println!("\nagain: stint-sim --seed {seed} --seconds {}{given}", odds.storm_ms / 1000);
                }
                good(&tally)
            }
            _ => {
                let report = storm(self.seed, self.nodes, &odds);
                show(&report);
                report.broken.is_empty()
            }
        })
    }

    fn read_odds(&self) -> Result<Odds, String> {
        let mut odds = match &self.faults {
            None => Odds::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
            }
        };
        if odds.nodes.is_empty() || odds.nodes.iter().any(|n| !(4..=50).contains(n)) {
            return Err("the odds' nodes are numbers from 4 to 50".into());
        }
        if let Some(seconds) = self.seconds {
            odds.storm_ms = seconds * 1000;
        }
        Ok(odds)
    }
}

fn show(report: &Report) {
    report.log.iter().for_each(|line| println!("{line}"));
    println!(
        "block {}, {} calls, {} messages, {} faults, {} decisions, {} double signs recorded; recovered after {:.1} s; trace {}",
        report.height,
        report.calls,
        report.messages,
        report.faults,
        report.decisions,
        report.evidence,
        report.recovery_ms as f64 / 1000.0,
        report.trace
    );
}

fn good(tally: &Tally) -> bool {
    println!("{tally}");
    tally.failed.is_empty()
}
