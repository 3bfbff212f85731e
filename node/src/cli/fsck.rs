//! `stint fsck`: whether what a stopped node keeps is whole.

use super::{Failure, bar::Bar};
use crate::{
    config::Folder,
    core::{Node, ReplayError, replay, replayed},
};
use clap::Args;
use std::{path::PathBuf, sync::Arc};
use stint_runtime::{Contracts, ContractsOptions};
use stint_store::{Difference, Keep, Medium, Standing, standing};

const REPAIR: &str = "start the node with --repair to fetch the ledger anew from its peers";
/// Checks what a stopped node keeps.
#[derive(Args)]
pub struct Fsck {
    /// The validator's folder, for example stint-data/v1
    #[arg(long)]
    dir: PathBuf,
    /// Compare what is stored, and do not execute the blocks again
    #[arg(long)]
    quick: bool,
}

impl Fsck {
    pub async fn execute(self) -> Result<(), Failure> {
        // On a thread with the stack that contracts need.
        tokio::task::spawn_blocking(move || self.check()).await?
    }

    fn check(&self) -> Result<(), Failure> {
        let node = self.open()?;
        let (store, tip, oldest) = (&node.store, node.store.tip().height, node.store.oldest());

        let bar = Bar::new("checking", "blocks", (tip + 1).saturating_sub(oldest.block))?;
        let checked = store.check(&node.genesis, &mut |now| {
            bar.show(now.blocks, || format!("{} receipts, {} calls, {} keys", now.receipts, now.calls, now.keys));
        });
        bar.end();
        let checked = checked.map_err(of_difference)?;

        let heights = replayed(store);
        let again = (heights.end() + 1).saturating_sub(*heights.start());
        if !self.quick {
            let bar = Bar::new("executing again", "blocks", again)?;
            let first = *heights.start();
            let result = replay(&node, &mut |height| bar.show(height + 1 - first, || format!("block {height}")));
            bar.end();
            result.map_err(|e| self.of_replay(e))?;
        }

        println!("{}: all that is stored agrees", self.dir.display());
        println!("  {} blocks up to block {tip}, {} of them with votes of their own", checked.blocks, checked.votes);
        if checked.unproved > 0 {
            println!("  {} blocks cannot be proved here: no votes stand soon enough behind them", checked.unproved);
        }
        println!("  {} receipts, {} calls in their index", checked.receipts, checked.calls);
        println!("  {} keys of the states after blocks {} and {tip}", checked.keys, oldest.state);
        match self.quick {
            true => println!("  not executed again: leave out --quick for that"),
            false => println!("  {again} blocks executed again: the same receipts, the same states"),
        }
        Ok(())
    }

    fn open(&self) -> Result<Arc<Node>, Failure> {
        let folder = Folder(self.dir.clone());
        let (genesis, chain_id) = folder.read_genesis()?;
        let place = folder.state();
        if standing(&Medium::Folder(place.clone()))? == Standing::Empty {
            return Err(
                format!("there is nothing to check in {}: the node has kept nothing yet", place.display()).into()
            );
        }
        let contracts = Contracts::with(ContractsOptions { folder: Some(folder.code()), ..Default::default() })?;
        let node = Node::open(&Medium::Folder(place), genesis, chain_id, contracts, Keep::ARCHIVE);
        Ok(node?)
    }

    /// What is stored agrees with itself by then, so a repair would find nothing amiss.
    fn of_replay(&self, e: ReplayError) -> String {
        match e {
            ReplayError::Store(e) => e.to_string(),
            e => {
                let place = Folder(self.dir.clone()).state();
                format!("{e}; move {} aside and {REPAIR}, and report this if it is said again", place.display())
            }
        }
    }
}

fn of_difference(difference: Difference) -> String {
    match difference {
        // It says that itself.
        Difference::Store(e) => e.to_string(),
        other => format!("{other}; {REPAIR}"),
    }
}
