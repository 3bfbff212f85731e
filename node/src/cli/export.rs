//! `stint export`: blocks and receipts of a range of heights, each with its proof, in one file that
//! `stint verify` checks offline.
//!
//! ```text
//! "stint export 1\n" | for each block: p [4] | proof of the block [p] | p [4] | proof of its receipts [p]
//! ```

use super::{Failure, at_terminal, target::Target, verify::EXPORT};
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{BufWriter, Write},
    path::PathBuf,
};
use stint_proto::v1::{self, prove_request::Fact};

/// Proofs asked for at once.
const AT_ONCE: usize = 16;

/// Writes blocks, receipts and their proofs into a file.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    target: Target,
    /// The first block [default: the oldest that is kept]
    #[arg(long)]
    from: Option<u64>,
    /// The last block [default: the newest whose results are certified]
    #[arg(long)]
    to: Option<u64>,
    /// Where they go
    #[arg(long, default_value = "ledger.export")]
    out: PathBuf,
}

impl Export {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let status = client.status().await?;
        let from = self.from.unwrap_or(status.oldest_block.max(1));
        let to = self.to.unwrap_or(status.certified_height);
        if from > to {
            return Err(format!("there is nothing from block {from} to {to}").into());
        }
        let failed = |e: std::io::Error| format!("cannot write {}: {e}", self.out.display());
        let mut out = BufWriter::new(std::fs::File::create(&self.out).map_err(failed)?);
        out.write_all(EXPORT).map_err(failed)?;
        let bar = if at_terminal() { ProgressBar::new(to - from + 1) } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{bar:40} block {msg}, {per_sec}, {eta} left")?);

        let facts = (from..=to).flat_map(|h| [Fact::Block(h), Fact::Receipts(h)]);
        let ledger = client.ledger();
        let mut proofs = futures::stream::iter(facts)
            .map(|fact| {
                let mut ledger = ledger.clone();
                async move { ledger.prove(v1::ProveRequest { fact: Some(fact) }).await }
            })
            .buffered(AT_ONCE)
            .map_err(crate::client::ClientError::from);
        let mut written = 0;
        while let Some(answer) = proofs.try_next().await? {
            let proof = answer.into_inner().proof;
            out.write_all(&(proof.len() as u32).to_be_bytes()).and_then(|()| out.write_all(&proof)).map_err(failed)?;
            written += 1;
            bar.set_position(written / 2);
            bar.set_message((from + written / 2).to_string());
        }
        out.flush().map_err(failed)?;
        bar.finish_and_clear();
        println!("{}: blocks {from} to {to}; check them with: stint verify {}", self.out.display(), self.out.display());
        Ok(())
    }
}
