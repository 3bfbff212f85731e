//! Real processes under load that are killed, stopped, wiped and cut off, again and again; nothing acknowledged may be
//! lost and nobody may have to help.

mod load;
mod strike;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use load::Load;
use std::{process::ExitCode, time::Duration};
use stint_simulation::Dice;
use stint_tests::Devnet;
use strike::{Network, Strike};

/// How long all validators may take to stand at one place again.
const RECOVERY: Duration = Duration::from_secs(90);
/// Epochs so short that many end.
const EPOCH_BLOCKS: u64 = 100;

/// Kills, stops, wipes and cuts off validators under load, and checks that nothing acknowledged is lost
#[derive(Parser)]
struct Args {
    /// How many times something happens
    #[arg(long, default_value_t = 300)]
    rounds: u64,
    /// Validators
    #[arg(long, default_value_t = 4)]
    validators: usize,
    /// What the strikes are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The network is this process's own and may be broken: set by scripts/torture
    #[arg(long)]
    own_network: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Args::parse().execute().await {
        Ok(words) => {
            println!("{words}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

impl Args {
    async fn execute(&self) -> Result<String, String> {
        let mut dice = Dice::new(self.seed);
        let network = Network::of(self.own_network);
        println!("{network}");
        let mut devnet = Devnet::start_with_epochs(self.validators, EPOCH_BLOCKS);
        let load = Load::start(&devnet);
        let bar = ProgressBar::new(self.rounds);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} strikes, {eta} left: {msg}") {
            bar.set_style(style);
        }
        let mut recoveries = Vec::new();
        let mut counts = std::collections::BTreeMap::<&str, u64>::new();
        for round in 0..self.rounds {
            let strike = Strike::draw(self.validators, &network, &mut dice);
            *counts.entry(strike.name()).or_default() += 1;
            bar.set_message(format!("{strike:?}"));
            strike.befall(&mut devnet, &network).await.map_err(|why| format!("round {round}, {strike:?}: {why}"))?;
            let began = std::time::Instant::now();
            load.goes_on(RECOVERY).await.map_err(|why| format!("round {round}, {strike:?}: {why}"))?;
            recoveries.push(began.elapsed());
            if round % 10 == 9 {
                load.check(&devnet, RECOVERY).await.map_err(|why| format!("round {round}, {strike:?}: {why}"))?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let acknowledged = load.end(&devnet, RECOVERY).await?;
        recoveries.sort_unstable();
        let at =
            |share: usize| recoveries.get(recoveries.len() * share / 100).copied().unwrap_or_default().as_secs_f64();
        let kinds: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
        Ok(format!(
            "{} strikes ({}): {acknowledged} calls acknowledged, none lost, none twice, no manual step; a call went through again after {:.1} s in half of them, {:.1} s in 99 of 100",
            self.rounds,
            kinds.join(", "),
            at(50),
            at(99)
        ))
    }
}
