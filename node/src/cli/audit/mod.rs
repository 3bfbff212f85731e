//! `stint audit`: a ledger executed again from an export alone, and the money and the books of one commons recomputed.
//!
//! ```text
//!  genesis file ──► state 0 ──► block 1 ──► block 2 ──► … ──► newest state ──► Recompute, Rebuild
//!                                  │           │
//!                   receipts, roots, results: what comes out, beside what the validators signed
//! ```
//!
//! A proof says that validators signed; this says that what they signed is what the rules lead to. It believes no node,
//! and of the validators nothing but that these blocks are the ledger.
//!
//! | file | idea |
//! |---|---|
//! | `blocks.rs` | the blocks of files, as a node would accept them |
//! | `again.rs` | executing and comparing them |
//! | `standing.rs` | the state that comes out, and questions to it |
//! | `distributions.rs`, `book.rs` | the commons' own recomputation |
//! | `different.rs`, `told.rs` | the first difference, in words |

mod again;
mod blocks;
mod book;
mod different;
mod distributions;
mod standing;
mod told;

#[cfg(test)]
mod tests;

use super::{Failure, bar::Bar, show, suite::money::amount, verify::read_genesis};
use again::Again;
use blocks::{Accepted, Blocks};
use clap::Args;
use different::Different;
use distributions::{Announced, Audited};
use standing::Standing;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::PathBuf,
    sync::mpsc::{SyncSender, sync_channel},
};
use stint_proto::{Genesis, Hash};
use stint_runtime::Contracts;
use stint_store::genesis_block;

/// Blocks that are read and checked ahead of their execution.
const AHEAD: usize = 4;

/// Executes an exported ledger again, recomputes what a commons distributed and what its book holds, and compares.
#[derive(Args)]
pub struct Audit {
    /// The commons
    commons: String,
    /// A file of `stint export`, from block 1 on; may be repeated for files that follow one another
    #[arg(long, default_value = "ledger.export")]
    export: Vec<PathBuf>,
    /// Folder that `stint init` or `stint devnet` made, for its genesis file
    #[arg(long, env = "STINT_DIR", default_value = "stint-data")]
    dir: PathBuf,
    /// The genesis file of the ledger [default: that of the folder]
    #[arg(long)]
    genesis: Option<PathBuf>,
}

impl Audit {
    pub async fn execute(self) -> Result<(), Failure> {
        // On a thread with the stack that contracts need.
        tokio::task::spawn_blocking(move || {
            let ledger = read_genesis(&self.dir, self.genesis.as_deref())?;
            let open = |path: PathBuf| {
                let name = path.display().to_string();
                let file = File::open(path).map_err(|e| format!("cannot read {name}: {e}"))?;
                Ok::<_, String>((name, BufReader::new(file)))
            };
            let files = self.export.into_iter().map(open).collect::<Result<_, _>>()?;
            audit(ledger, files, &self.commons, Contracts::new()?, &mut |line| println!("{line}"))
        })
        .await?
    }
}

/// The whole audit, told line by line.
fn audit<R: Read + Send>(
    (genesis, chain_id): (Genesis, Hash),
    files: Vec<(String, R)>,
    commons: &str,
    contracts: Contracts,
    told: &mut dyn FnMut(String),
) -> Result<(), Failure> {
    let first = genesis_block(&genesis, chain_id).header;
    let trust = genesis.trust(chain_id)?;
    let (quorum, all) = (trust.committee.quorum(), trust.committee.keys().len());
    let blocks = Blocks::open(files, trust, first, genesis.epochs())?;
    let last = blocks.last;
    let mut again = Again::from_genesis(&genesis, chain_id, contracts);
    let announced = execute(blocks, &mut again, commons)?;
    told(format!(
        "{last} blocks of the ledger {}, each signed by at least {quorum} of {all} validators, executed again: \
         {} calls, {} events",
        chain_id.short(),
        again.calls,
        again.events
    ));
    told(format!("the same receipts, the same states; that after block {last} has the root {}", again.root()));

    let at = &again.at;
    let services = at.services(commons)?;
    let serves = |service: &str| services.iter().any(|s| s == service);
    let mut distributions = 0;
    if serves(distributions::SERVICE) {
        distributions = shares(at, commons, announced, told)?;
    }
    if serves(book::SERVICE) {
        books(at, commons, told)?;
    }
    told(format!("equal: {last} blocks, {} calls, {distributions} distributions of {commons}", again.calls));
    Ok(())
}

/// Executes all blocks, while another thread reads and checks the next ones.
fn execute<R: Read + Send>(blocks: Blocks<R>, again: &mut Again, commons: &str) -> Result<Announced, Failure> {
    let bar = Bar::new("executing again", "blocks", blocks.last)?;
    let mut announced = Announced::default();
    let done = std::thread::scope(|scope| {
        let (sender, accepted) = sync_channel(AHEAD);
        scope.spawn(move || read(blocks, &sender));
        for block in accepted {
            let receipts = again.block(&block?)?;
            announced.hear(commons, &receipts);
            bar.show(again.at.height, || format!("{} calls", again.calls));
        }
        Ok(())
    });
    bar.end();
    done.map(|()| announced)
}

/// Hands the blocks over, until the first that is wrong or nobody wants more.
fn read<R: Read>(mut blocks: Blocks<R>, to: &SyncSender<Result<Accepted, Failure>>) {
    while let Some(block) = blocks.block().transpose() {
        let wrong = block.is_err();
        if to.send(block).is_err() || wrong {
            return;
        }
    }
}

/// A table of the distributions; how many there are, when all of them come out again.
fn shares(at: &Standing, commons: &str, announced: Announced, told: &mut dyn FnMut(String)) -> Result<usize, Failure> {
    let bar = Bar::new("running the rule again", "distributions", announced.len())?;
    let audited = distributions::audit(at, commons, announced, &mut |n| bar.show(n, String::new));
    bar.end();
    let audited = audited?.map_err(|why| Different::new(format!("the distributions of {commons}"), why))?;
    if audited.is_empty() {
        told(format!("{commons} has distributed nothing"));
        return Ok(0);
    }
    let row = |a: &Audited| {
        let end = a.different.clone().unwrap_or_else(|| "equal".into());
        let end = show::fit(&end, 80);
        [show::fit(&a.id, 64), a.contributions.to_string(), a.agents.to_string(), amount(a.paid), end]
    };
    let rows: Vec<_> = audited.iter().map(row).collect();
    told(format!("\n{}\n", show::table(&["distribution", "contributions", "agents", "paid out", "run again"], &rows)));
    match audited.iter().find_map(|a| Some((a.id.as_str(), a.different.clone()?))) {
        Some((id, why)) => Err(Different::new(format!("distribution {id} of {commons}"), why).into()),
        None => Ok(audited.len()),
    }
}

/// A line on the book, when all of it comes out again.
fn books(at: &Standing, commons: &str, told: &mut dyn FnMut(String)) -> Result<(), Failure> {
    let mut bar = None;
    let rebuilt = book::audit(at, commons, &mut |n, all| {
        bar = bar.take().or_else(|| Bar::new("rebuilding", "resources", all).ok());
        bar.iter().for_each(|bar| bar.show(n, String::new));
    });
    bar.iter().for_each(Bar::end);
    let rebuilt = rebuilt?.map_err(|why| Different::new(format!("the book of {commons}"), why))?;
    told(format!("book: {} resources rebuilt from {} events, each as it is kept", rebuilt.resources, rebuilt.events));
    Ok(())
}
