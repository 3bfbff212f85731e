//! `stint verify`: what a file proves, without asking anyone.

use super::{
    Failure, export,
    exported::{HEAD, KIND},
    parts::{Parts, text},
    show,
    target::node_folders,
};
use clap::Args;
use prost::Message;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};
use stint_proto::{Block, Genesis, Hash, v1};
use stint_verifier::{DoubleSign, Fact, PROOF_BYTES, Proven, Trust, tree::Value};

const LINES: usize = 20;

/// Checks proofs offline.
#[derive(Args)]
pub struct Verify {
    /// Folder that `stint init` or `stint devnet` made
    #[arg(long, env = "STINT_DIR", default_value = "stint-data")]
    dir: PathBuf,
    /// The genesis file whose validators are believed [default: that of the folder]
    #[arg(long)]
    genesis: Option<PathBuf>,
    /// A key of the state, with \xNN for what cannot be typed: is it there, and with which value? May be repeated
    #[arg(long)]
    key: Vec<String>,
    /// A range of the state, first..behind: are these all of its keys? May be repeated
    #[arg(long)]
    range: Vec<String>,
    /// Files of `stint prove`, `stint export` or `stint evidence`
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Verify {
    pub fn execute(&self) -> Result<(), Failure> {
        let trust = trust(&self.dir, self.genesis.as_deref())?;
        let parts = Parts::parse(&self.key, &self.range)?;
        for path in &self.files {
            let failed = |e: std::io::Error| format!("cannot read {}: {e}", path.display());
            let file = File::open(path).map_err(failed)?;
            println!("{}: {} bytes", path.display(), file.metadata().map_err(failed)?.len());
            verify(&trust, &mut BufReader::new(file), &parts).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(())
    }
}

/// Checks a file of either kind, and says what it proves.
fn verify(trust: &Trust, file: &mut impl Read, parts: &Parts) -> Result<(), Failure> {
    let no_state = "it proves no state; leave out --key and --range, or ask `stint prove state` for its proof";
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD.len() as u64).read_to_end(&mut bytes)?;
    if bytes.starts_with(KIND) {
        if !parts.is_empty() {
            return Err(no_state.into());
        }
        println!("{}", export::check(trust, &bytes, file)?);
        return Ok(());
    }
    // One byte more than any proof has tells a file that is none.
    file.by_ref().take((PROOF_BYTES + 1 - bytes.len()) as u64).read_to_end(&mut bytes)?;
    if let Some(found) = DoubleSign::decode(&bytes) {
        println!("{}", accuses(trust, &found)?);
        return Ok(());
    }
    let proven = check(trust, &bytes)?;
    show(&proven)?;
    match &proven.fact {
        Fact::State(shown, _) => parts.answers(shown)?.iter().for_each(|line| println!("{line}")),
        _ if !parts.is_empty() => return Err(no_state.into()),
        _ => {}
    }
    Ok(())
}

/// Checks evidence of a double sign, and says what it proves.
fn accuses(trust: &Trust, found: &DoubleSign) -> Result<String, Failure> {
    if found.chain_id != trust.chain_id {
        return Err(format!("the evidence is of the ledger {}, not of {}", found.chain_id, trust.chain_id).into());
    }
    if !found.proves() {
        return Err("this proves nothing: the two votes are no lie, or the key did not sign them".into());
    }
    let DoubleSign { epoch, view, key, votes: [first, second], .. } = found;
    let whose = match trust.committee.keys().contains(key) {
        true => "a validator of the genesis file",
        false => "which the ledger knows by its committees: see stint validator list",
    };
    let what = |vote: &stint_verifier::Vote| match vote.hash {
        Hash::ZERO => vote.kind.to_string(),
        hash => format!("{} block {}", vote.kind, hash.short()),
    };
    Ok(format!(
        "proved: the key {}, {whose}, signed both '{}' and '{}' in round {view} of epoch {epoch}",
        hex::encode(key),
        what(first),
        what(second)
    ))
}

/// The validators of a genesis file.
pub fn trust(dir: &Path, genesis: Option<&Path>) -> Result<Trust, Failure> {
    let (genesis, chain_id) = read_genesis(dir, genesis)?;
    Ok(genesis.trust(chain_id)?)
}

/// A genesis file, or that of a folder, and the name of its ledger.
pub fn read_genesis(dir: &Path, genesis: Option<&Path>) -> Result<(Genesis, Hash), Failure> {
    Ok(Genesis::parse(&genesis_file(dir, genesis)?)?)
}

/// A genesis file, or that of a folder, as it was written.
pub fn genesis_file(dir: &Path, genesis: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let path = match genesis {
        Some(path) => path.to_path_buf(),
        None => node_folders(dir)?.first().map(|f| f.genesis()).ok_or("no genesis file")?,
    };
    Ok(std::fs::read(&path).map_err(|e| format!("cannot read the genesis file {}: {e}", path.display()))?)
}

/// Checks one proof.
pub fn check(trust: &Trust, proof: &[u8]) -> Result<Proven, Failure> {
    Ok(stint_verifier::verify(trust, proof).map_err(|e| format!("this proves nothing: {e}"))?)
}

/// Says what was proved.
pub fn show(proven: &Proven) -> Result<(), Failure> {
    println!("{}", signers(proven));
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
            let rows = shown.leaves().map(|(key, value)| match value {
                Value::Shown(value) => [show::fit(&text(key), 76), value.len().to_string()],
                Value::Hashed(_) => [show::fit(&text(key), 76), "hidden".into()],
            });
            println!("{}", show::table(&["key", "bytes"], &rows.collect::<Vec<_>>()));
            println!("{} other parts of the state are hidden", shown.hidden_parts().count());
        }
    }
    Ok(())
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
