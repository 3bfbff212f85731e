//! `stint export`: blocks and receipts of a range of heights, each with its proof, in one file that
//! `stint verify` checks offline.
//!
//! ```text
//! "stint export 2\n" | first height [8] | last height [8]
//!   | for each block: p [4] | proof of the block [p] | p [4] | proof of its receipts [p]
//! ```
//!
//! Both ways the file goes through memory block by block. Its head says where it ends, so that one
//! which was cut between two blocks is told.

use super::{
    Failure, at_terminal,
    exported::{ExportedFile, HEAD},
    target::Target,
};
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{BufWriter, Read, Write},
    path::PathBuf,
};
use stint_client::ClientError;
use stint_proto::v1::{self, prove_request::Fact as Asked};
use stint_verifier::Trust;

/// Proofs asked for at once.
const AT_ONCE: usize = 16;

/// Writes blocks, receipts and their proofs into a file.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    target: Target,
    /// The first block [default: the oldest that is kept with its receipts]
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
        let from = self.from.unwrap_or(status.oldest_block.max(status.oldest_receipts).max(1));
        let to = self.to.unwrap_or(status.certified_height);
        if from > to {
            return Err(format!("there is nothing from block {from} to {to}").into());
        }
        let failed = |e: std::io::Error| format!("cannot write {}: {e}", self.out.display());
        let mut out = BufWriter::new(std::fs::File::create(&self.out).map_err(failed)?);
        out.write_all(&head(from, to)).map_err(failed)?;
        let bar = if at_terminal() { ProgressBar::new(to - from + 1) } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{bar:40} block {msg}, {per_sec}, {eta} left")?);

        let facts = (from..=to).flat_map(|h| [Asked::Block(h), Asked::Receipts(h)]);
        let ledger = client.ledger();
        let mut proofs = futures::stream::iter(facts)
            .map(|fact| {
                let mut ledger = ledger.clone();
                async move { ledger.prove(v1::ProveRequest { fact: Some(fact) }).await }
            })
            .buffered(AT_ONCE)
            .map_err(ClientError::from);
        let mut written = 0;
        while let Some(answer) = proofs.try_next().await? {
            write(&mut out, &answer.into_inner().proof).map_err(failed)?;
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

/// What a file of these blocks begins with.
pub fn head(first: u64, last: u64) -> Vec<u8> {
    [HEAD, &first.to_be_bytes(), &last.to_be_bytes()].concat()
}

/// Writes a proof into it.
pub fn write(out: &mut impl Write, proof: &[u8]) -> std::io::Result<()> {
    out.write_all(&(proof.len() as u32).to_be_bytes()).and_then(|()| out.write_all(proof))
}

/// Checks what follows an exported file's first line: every block that the head names, each the child of the one
/// before, with all of its receipts. Answers with what that proves.
pub fn check(trust: &Trust, line: &[u8], file: &mut impl Read) -> Result<String, Failure> {
    let mut file = ExportedFile::open(line, file, trust.clone())?;
    let mut last = None;
    let (mut calls, mut events) = (0, 0);
    while let Some(block) = file.block()? {
        calls += block.receipts.len();
        events += block.receipts.iter().map(|r| r.events.len()).sum::<usize>();
        last = Some(block.header);
    }
    let last = last.ok_or("the file holds no block")?;
    let (first, height, executed, root) = (file.first, last.height, last.executed_height, last.state_root);
    Ok(format!(
        "blocks {first} to {height}: complete, each signed; {calls} calls, {events} events\n\
         the state after block {executed} has the root {root}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use std::sync::Arc;
    use stint_proto::{Block, Certificate, Genesis, GenesisAgent, GenesisValidator, Hash};
    use stint_runtime::BlockResult;
    use stint_store::{Keep, Medium, Store, genesis_block};
    use stint_verifier::{Header, signed};

    const CHAIN: Hash = Hash([7; 32]);

    /// Six empty blocks of one validator; the results of the last one are not certified.
    fn ledger() -> (Arc<Store>, Trust) {
        let key = SigningKey::from_bytes(&[1; 32]);
        let public = key.verifying_key().to_bytes();
        let genesis = Genesis {
            name: "test".into(),
            time_ms: 0,
            protocol_version: 1,
            epoch_blocks: Genesis::EPOCH_BLOCKS,
            validators: vec![GenesisValidator { name: "v1".into(), key: public }],
            consortium: "consortium".into(),
            stewards: vec![GenesisAgent { agent: "ana".into(), key: public }],
        };
        let medium = Medium::memory().expect("memory");
        let store = Store::open(&medium, &genesis, CHAIN, Keep::ARCHIVE).expect("a store");
        let first = genesis_block(&genesis, CHAIN).header;
        for height in 1..=6 {
            let tip = store.tip();
            let header = Header {
                height,
                parent: if height == 1 { first.hash() } else { tip.block },
                time_ms: height,
                executed_height: tip.height,
                state_root: tip.results.outcome.state_root,
                results_root: tip.results.results_root,
                ..first.clone()
            };
            let certificate = Certificate::new(
                &header,
                1,
                vec![(0, key.sign(&signed(&header, header.view, header.parent_view)).to_bytes())],
            );
            let block = Block { header, transactions: Vec::new() };
            store.commit(&block, Some(&certificate), &BlockResult::default()).expect("committed");
        }
        (store, genesis.trust(CHAIN).expect("validators"))
    }

    /// A file that was cut between two blocks once passed for a whole one.
    #[test]
    fn a_file_holds_exactly_the_blocks_that_its_head_names() {
        let (store, trust) = ledger();
        let block = |height| {
            let mut out = Vec::new();
            write(&mut out, &store.prove_block(height).expect("a proof")).expect("written");
            write(&mut out, &store.prove_receipts(height).expect("a proof")).expect("written");
            out
        };
        let file =
            |first, last, held: &[u64]| [head(first, last), held.iter().flat_map(|h| block(*h)).collect()].concat();
        let check = |file: &[u8]| {
            let (line, mut rest) = file.split_at(HEAD.len().min(file.len()));
            super::check(&trust, line, &mut rest).map_err(|e| e.to_string())
        };
        let whole = file(2, 4, &[2, 3, 4]);
        let said = check(&whole).expect("whole");
        assert!(
            said.starts_with("blocks 2 to 4: complete, each signed; 0 calls, 0 events\nthe state after block 3"),
            "{said}"
        );
        let refused = |file: &[u8], why: &str| {
            let said = check(file).expect_err(why);
            assert!(said.contains(why), "{said}\ninstead of: {why}");
        };
        refused(&file(2, 4, &[2, 3]), "the file ends within block 4; its head says that it goes up to block 4");
        refused(&file(2, 4, &[]), "the file ends within block 2");
        refused(&file(2, 3, &[2, 3, 4]), "something follows block 3");
        refused(&file(2, 4, &[2, 4, 3]), "what stands where block 3 should");
        refused(&file(2, 4, &[1, 2, 3]), "what stands where block 2 should");
        refused(&file(4, 2, &[]), "blocks 4 to 2: that is no range");
        refused(b"stint export 1\n", "export it again");
        for end in HEAD.len()..whole.len() {
            refused(&whole[..end], "the file ends within");
        }
    }
}
