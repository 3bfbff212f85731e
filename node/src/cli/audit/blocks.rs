//! The blocks of exported files in their order, from the ledger's first one on, as a node would accept them: signed by
//! the validators, each the child of the one before, its calls signed by their callers.

use super::different::Different;
use crate::{
    cli::{
        Failure,
        exported::{Exported, ExportedFile, HEAD, KIND},
    },
    core::check_block,
};
use std::{io::Read, vec};
use stint_proto::{Block, Epochs, Hash, Header, Transaction, signature};
use stint_verifier::{Led, Trust, Whole};

/// A block that a node would accept, and what the validators say that it led to.
pub struct Accepted {
    pub block: Block,
    pub led: Led,
    pub receipts: Vec<Whole>,
}

/// Files of one ledger, one after the other, with their names.
pub struct Blocks<R> {
    files: vec::IntoIter<(String, ExportedFile<R>)>,
    now: Option<(String, ExportedFile<R>)>,
    chain_id: Hash,
    epochs: Epochs,
    trust: Trust,
    before: Header,
    /// The last block of the last file.
    pub last: u64,
}

impl<R: Read> Blocks<R> {
    /// Reads the heads of the files. `genesis` is the header of block 0.
    pub fn open(files: Vec<(String, R)>, trust: Trust, genesis: Header, epochs: Epochs) -> Result<Blocks<R>, Failure> {
        let mut opened: Vec<(String, ExportedFile<R>)> = Vec::new();
        for (name, file) in files {
            let file = open(file, &trust).map_err(|e| format!("{name}: {e}"))?;
            match opened.last() {
                None if file.first != 1 => return Err(not_the_first(&name, file.first).into()),
                Some((before, previous)) if previous.last.checked_add(1) != Some(file.first) => {
                    let (last, first) = (previous.last, file.first);
                    return Err(
                        format!("{name} begins with block {first}, and {before} before it ends with block {last}; name files that follow one another").into()
                    );
                }
                _ => opened.push((name, file)),
            }
        }
        let last = opened.last().map_or(0, |(_, file)| file.last);
        let chain_id = trust.chain_id;
        Ok(Blocks { files: opened.into_iter(), now: None, chain_id, epochs, trust, before: genesis, last })
    }

    /// The next block; none behind the last one of the last file.
    pub fn block(&mut self) -> Result<Option<Accepted>, Failure> {
        loop {
            if self.now.is_none() {
                let Some((name, mut file)) = self.files.next() else { return Ok(None) };
                // What block 1 follows is looked at below.
                file.follow(self.trust.clone(), Some(self.before.clone()).filter(|before| before.height > 0));
                self.now = Some((name, file));
            }
            let Some((name, file)) = &mut self.now else { continue };
            match file.block().map_err(|e| format!("{name}: {e}"))? {
                Some(exported) => return self.accept(exported).map(Some),
                None => {
                    self.trust = file.trust().clone();
                    self.now = None;
                }
            }
        }
    }

    fn accept(&mut self, exported: Exported) -> Result<Accepted, Failure> {
        let Exported { header, transactions, led, receipts } = exported;
        let (height, genesis) = (header.height, self.before.hash());
        if height == 1 && header.parent != genesis {
            let row = ["block 0".into(), header.parent.to_string(), genesis.to_string()];
            let why = "it follows another block than the one that the genesis file describes";
            return Err(Different::with("block 1".into(), why, vec![row]).into());
        }
        let refused = |why| Different::new(format!("block {height}"), format!("no node may accept it: {why}"));
        let decode = |(index, bytes): (usize, Vec<u8>)| {
            Transaction::decode(bytes.into()).map_err(|e| refused(format!("call {index}: {e}")))
        };
        let transactions = transactions.into_iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?;
        let block = Block { header, transactions };
        check_block(&block, &self.before, self.chain_id, self.epochs).map_err(refused)?;
        for (index, tx) in block.transactions.iter().enumerate() {
            signature::verify(tx).map_err(|e| refused(format!("call {index}: {}", e.message)))?;
        }
        self.before = block.header.clone();
        Ok(Accepted { block, led, receipts })
    }
}

fn open<R: Read>(mut file: R, trust: &Trust) -> Result<ExportedFile<R>, Failure> {
    let mut line = Vec::new();
    file.by_ref().take(HEAD.len() as u64).read_to_end(&mut line)?;
    match line.starts_with(KIND) {
        true => ExportedFile::open(&line, file, trust.clone()),
        false => Err("this is no exported file; stint export writes one".into()),
    }
}

fn not_the_first(name: &str, first: u64) -> String {
    format!(
        "{name} begins with block {first}, and an audit runs every block from the first one on; export them all with: \
         stint export --from 1, on a node that kept them (archive = true in its node.toml), or name the files of the \
         blocks before it first"
    )
}
