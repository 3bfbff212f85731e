//! `stint verify`: what a file proves, without asking anyone.

use super::{
    Failure, show,
    target::{Target, node_folders},
};
use clap::Args;
use prost::Message;
use std::path::{Path, PathBuf};
use stint_proto::{Block, Genesis, v1};
use stint_verifier::{Fact, Proven, Reader, Trust, tree::Value};

/// What an exported file begins with.
pub const EXPORT: &[u8] = b"stint export 1\n";
const LINES: usize = 20;

/// Checks proofs offline.
#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    target: Target,
    /// The genesis file whose validators are believed [default: that of the folder]
    #[arg(long)]
    genesis: Option<PathBuf>,
    /// Files of `stint prove` or `stint export`
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Verify {
    pub fn execute(&self) -> Result<(), Failure> {
        let trust = trust(&self.target, self.genesis.as_deref())?;
        for path in &self.files {
            let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            println!("{}: {} bytes", path.display(), bytes.len());
            let named = |e: Failure| format!("{}: {e}", path.display());
            match bytes.strip_prefix(EXPORT) {
                Some(proofs) => export(&trust, proofs).map_err(named)?,
                None => drop(show(&trust, &bytes).map_err(named)?),
            }
        }
        Ok(())
    }
}

/// The validators of a genesis file.
pub fn trust(target: &Target, genesis: Option<&Path>) -> Result<Trust, Failure> {
    let path = match genesis {
        Some(path) => path.to_path_buf(),
        None => node_folders(&target.dir)?.first().map(|f| f.genesis()).ok_or("no genesis file")?,
    };
    let file = std::fs::read(&path).map_err(|e| format!("cannot read the genesis file {}: {e}", path.display()))?;
    let (genesis, chain_id) = Genesis::parse(&file)?;
    Ok(genesis.trust(chain_id)?)
}

/// Checks one proof and says what it proves.
pub fn show(trust: &Trust, proof: &[u8]) -> Result<Proven, Failure> {
    let proven = stint_verifier::verify(trust, proof).map_err(|e| format!("this proves nothing: {e}"))?;
    println!("{}", signers(&proven));
    match &proven.fact {
        Fact::Block(transactions) => {
            println!("block {} holds {} calls", proven.header.height, transactions.len());
            let block = Block { header: proven.header.clone(), transactions: decode(transactions)? };
            for tx in block.transactions.iter().take(LINES) {
                println!("  {} {} {}", tx.id(), tx.call().commons, tx.call().method);
            }
        }
        Fact::Receipt(receipt) => {
            println!("the receipt of call {} of block {}:", receipt.index, receipt.led.height);
            receipt_line(&receipt.receipt, receipt.events as usize)?;
        }
        Fact::Event(receipt, event) => {
            println!("event {} of call {} of block {}:", event.index, receipt.index, receipt.led.height);
            receipt_line(&receipt.receipt, receipt.events as usize)?;
            let event = v1::Event::decode(&event.event[..])?;
            println!("  {} {} {}, {} bytes", event.commons, event.service, event.r#type, event.body.len());
        }
        Fact::Receipts(led, receipts) => {
            println!("block {} led to {} receipts", led.height, receipts.len());
            for receipt in receipts.iter().take(LINES) {
                receipt_line(&receipt.receipt, receipt.events.len())?;
            }
        }
        Fact::State(shown, led) => {
            println!("the state after block {}:", led.height);
            let rows = shown.leaves().filter_map(|(key, value)| match value {
                Value::Shown(value) => Some([show::fit(&key.escape_ascii().to_string(), 76), value.len().to_string()]),
                Value::Hashed(_) => None,
            });
            println!("{}", show::table(&["key", "bytes"], &rows.collect::<Vec<_>>()));
        }
    }
    Ok(proven)
}

fn receipt_line(receipt: &[u8], events: usize) -> Result<(), Failure> {
    let receipt = v1::Receipt::decode(receipt)?;
    let end = match &receipt.refusal {
        Some(refusal) => format!("refused by {}: {}", refusal.rule, show::fit(&refusal.message, 60)),
        None => format!("done, {events} events, fuel {}", receipt.fuel_used),
    };
    println!("  {} {end}", hex::encode(&receipt.id));
    Ok(())
}

fn decode(transactions: &[Vec<u8>]) -> Result<Vec<stint_proto::Transaction>, Failure> {
    let decode = |tx: &Vec<u8>| stint_proto::Transaction::decode(tx.clone().into());
    Ok(transactions.iter().map(decode).collect::<Result<_, _>>()?)
}

/// Under which header a fact stands.
pub fn signers(proven: &Proven) -> String {
    let (header, keys) = (&proven.header, proven.trust.committee.keys().len());
    format!(
        "proved under block {} of the ledger {}, signed by at least {} of {keys} validators",
        header.height,
        header.chain_id.short(),
        proven.trust.committee.quorum()
    )
}

/// Checks an exported file: every block from the first to the last, each the child of the one
/// before, with all of its receipts.
fn export(trust: &Trust, proofs: &[u8]) -> Result<(), Failure> {
    let mut r = Reader(proofs);
    let mut trust = trust.clone();
    let mut before: Option<stint_verifier::Header> = None;
    let (mut first, mut calls, mut events) = (0, 0, 0);
    while !r.0.is_empty() {
        let next = before.as_ref().map(|h| h.height + 1);
        let at = next.map_or("the first block".to_string(), |h| format!("block {h}"));
        let mut take = |what: &str| -> Result<Proven, Failure> {
            let proof = r.u32().and_then(|n| r.take(n as usize)).ok_or_else(|| format!("the file ends within {at}"))?;
            stint_verifier::verify(&trust, proof).map_err(|e| format!("{what} of {at}: {e}").into())
        };
        let (block, receipts) = (take("the proof")?, take("the receipts")?);
        let header = block.header.clone();
        let (Fact::Block(transactions), Fact::Receipts(led, receipts)) = (&block.fact, &receipts.fact) else {
            return Err(format!("{at}: the file holds other proofs than those of a block and its receipts").into());
        };
        if led.height != header.height || before.as_ref().is_some_and(|b| b.hash() != header.parent) {
            return Err(format!("block {} does not follow the one before", header.height).into());
        }
        if receipts.len() != transactions.len() {
            return Err(format!(
                "block {} has {} calls and {} receipts",
                header.height,
                transactions.len(),
                receipts.len()
            )
            .into());
        }
        first = if before.is_none() { header.height } else { first };
        calls += receipts.len();
        events += receipts.iter().map(|r| r.events.len()).sum::<usize>();
        trust = block.trust;
        before = Some(header);
    }
    let last = before.ok_or("the file holds no block")?;
    println!("blocks {first} to {}: complete, each signed; {calls} calls, {events} events", last.height);
    println!("the state after block {} has the root {}", last.executed_height, last.state_root);
    Ok(())
}
