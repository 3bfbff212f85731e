//! The command line.
//!
//! | file | command |
//! |---|---|
//! | `init.rs` | `stint init`: keys, genesis and folders of a consortium on this machine |
//! | `run.rs`, `devnet.rs` | `stint run`, `stint devnet`: one validator, or all of a folder |
//! | `status.rs` | `stint status` |
//! | `why.rs` | `stint why`: which validators are ill, and what everyone waits for |
//! | `evidence.rs` | `stint evidence`: double signs on the ledger, as files that anyone can check |
//! | `validators.rs` | `stint validator`: who validates, by the consortium's decision |
//! | `commons.rs` | `stint found`: a commons with the contract `contribute` |
//! | `call.rs`, `ask/` | `stint call`, `stint query`: any method of any contract, its request as flags or JSON |
//! | `watch.rs`, `receipts.rs` | `stint watch`, `stint receipts`: what happens, and what became of calls |
//! | `keystore.rs`, `completions.rs` | `stint key`: keys by name; `stint completions` |
//! | `import.rs`, `git.rs`, `feed.rs` | `stint import git` |
//! | `contract/` | `stint contract`: write, test, check, deploy, upgrade, verify |
//! | `simulate.rs`, `state.rs`, `kept.rs` | `stint simulate`, `stint state`: what a call would do; what a contract keeps |
//! | `prove.rs`, `verify.rs`, `parts.rs`, `export.rs` | facts with their proofs, and their check |
//! | `exported.rs`, `audit/` | reading exported files; `stint audit`: a ledger executed again from them alone |
//! | `fsck.rs` | `stint fsck`: whether what a stopped node keeps is whole |
//! | `suite/` | `stint book`, `explain`, `whatif`, `demo`: books and money of commons |
//! | `report.rs`, `show.rs`, `bar.rs`, `wait.rs`, `paint.rs`, `pipe.rs` | tables, bars, waiting, colours, readers that leave |
//! | `advice.rs` | the next step after a failure |

mod advice;
mod ask;
mod audit;
mod bar;
mod call;
mod commons;
mod completions;
pub mod contract;
mod devnet;
mod evidence;
mod export;
mod exported;
mod feed;
mod fsck;
mod git;
mod import;
mod init;
mod kept;
mod keystore;
mod paint;
mod parts;
mod pipe;
mod prove;
mod receipts;
mod report;
mod run;
mod show;
mod simulate;
mod state;
mod status;
pub mod suite;
mod target;
mod validators;
mod verify;
mod wait;
mod watch;
mod why;

use clap::{Parser, Subcommand};
use std::{io::IsTerminal, process::ExitCode};
use target::Target;

pub use stint_client::contracts::contribute;

/// What went wrong, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A ledger that commons share.
#[derive(Parser)]
#[command(name = "stint", version)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make keys, genesis and folders for validators on this machine
    Init(init::Init),
    /// Run one validator until Ctrl-C
    Run(run::Run),
    /// Run all validators of a folder until Ctrl-C; makes the folder when it is new
    Devnet(devnet::Devnet),
    /// Show where each validator stands
    Status(Target),
    /// Show which validators are behind, silent or disagree, since when, and what each waits for
    Why(Target),
    /// Show who signed twice, or write the proof of it into files
    Evidence(evidence::Evidence),
    /// Show and change who validates
    #[command(subcommand)]
    Validator(validators::Validators),
    /// Found a commons with the contract `contribute`
    Found(commons::Found),
    /// Call a command of a contract: signed, ordered, executed by every validator
    Call(call::Call),
    /// Ask a query of a contract
    Query(call::Query),
    /// Show what a call would do; nothing is ordered, nothing written
    Simulate(simulate::Simulate),
    /// Show what happens in a commons, as it happens
    Watch(watch::Watch),
    /// Show what became of the calls of a commons
    Receipts(receipts::Receipts),
    /// Show what a contract keeps
    State(state::State),
    /// Fetch a fact with the proof of it, for whoever trusts the validators and not a node
    Prove(prove::Prove),
    /// Check proofs and exported files offline, and say what they prove
    Verify(verify::Verify),
    /// Write blocks and receipts with their proofs into a file
    Export(export::Export),
    /// Execute an exported ledger again, recompute a commons' distributions and book, and say equal or the first
    /// difference; asks no node
    Audit(audit::Audit),
    /// Check what a stopped node keeps: roots, receipts and indexes computed again, blocks executed again
    Fsck(fsck::Fsck),
    /// Write, test and deploy contracts
    #[command(subcommand)]
    Contract(contract::Contract),
    /// Keys by name
    #[command(subcommand)]
    Key(keystore::Key),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Completions),
    /// Bring in history from elsewhere
    #[command(subcommand)]
    Import(Import),
    /// Show contributors, contributions and shares of a commons
    Shares(report::Shares),
    /// Books of commons
    #[command(subcommand)]
    Book(Book),
    /// Show why an agent got what it got, from the amount down to each contribution
    Explain(suite::explain::Explain),
    /// Show what another rule would have given; nothing is written
    #[command(name = "whatif")]
    WhatIf(suite::whatif::WhatIf),
    /// Play a sample on a running network
    #[command(subcommand)]
    Demo(Demo),
}

#[derive(Subcommand)]
enum Demo {
    /// Three commons through a year: books, contributions, incomes, a vote, a fork; every number compared
    Orchard(suite::orchard::Orchard),
}

#[derive(Subcommand)]
enum Book {
    /// Play cases of Valueflows against the book on the ledger's own runtime
    Replay(suite::replay::Replay),
}

#[derive(Subcommand)]
enum Import {
    /// The commits of a git repository, each a contribution of its author
    Git(import::Git),
}

/// Runs a command.
pub fn main(args: Args) -> ExitCode {
    // Calls of contracts run on these threads; the engine gives them 1 MB of native stack.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_stack_size(4 << 20).enable_all().build();
    let result = runtime.map_err(Failure::from).and_then(|r| {
        let result = r.block_on(dispatch(args.command));
        r.shutdown_timeout(std::time::Duration::from_secs(1));
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("stint: {e}");
            if let Some(next) = advice::next(&e) {
                eprintln!("next: {next}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<(), Failure> {
    // A validator runs on, whoever reads what it prints.
    if !matches!(command, Command::Run(_) | Command::Devnet(_)) {
        pipe::end_quietly();
    }
    match command {
        Command::Init(c) => c.execute(),
        Command::Run(c) => c.execute().await,
        Command::Devnet(c) => c.execute().await,
        Command::Status(t) => status::show(&t).await,
        Command::Why(t) => why::show(&t).await,
        Command::Evidence(c) => c.execute().await,
        Command::Validator(c) => c.execute().await,
        Command::Found(c) => c.execute().await,
        Command::Call(c) => c.execute().await,
        Command::Query(c) => c.execute().await,
        Command::Simulate(c) => c.execute().await,
        Command::Watch(c) => c.execute().await,
        Command::Receipts(c) => c.execute().await,
        Command::Key(c) => c.execute(),
        Command::Completions(c) => c.execute(),
        Command::State(c) => c.execute().await,
        Command::Prove(c) => c.execute().await,
        Command::Verify(c) => c.execute(),
        Command::Export(c) => c.execute().await,
        Command::Audit(c) => c.execute().await,
        Command::Fsck(c) => c.execute().await,
        Command::Contract(c) => c.execute().await,
        Command::Import(Import::Git(c)) => c.execute().await,
        Command::Shares(c) => c.execute().await,
        Command::Book(Book::Replay(c)) => c.execute(),
        Command::Explain(c) => c.execute().await,
        Command::WhatIf(c) => c.execute().await,
        Command::Demo(Demo::Orchard(c)) => c.execute().await,
    }
}

/// Colours and moving bars are for people at a terminal.
fn at_terminal() -> bool {
    std::io::stderr().is_terminal()
}
