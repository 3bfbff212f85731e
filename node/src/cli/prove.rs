//! `stint prove`: facts with their proofs; and queries that prove themselves.

use super::{Failure, parts::Parts, target::Target, verify};
use crate::client::{Client, ClientError};
use bytes::Bytes;
use clap::{Args, Subcommand};
use prost::Message;
use std::{path::PathBuf, sync::Arc};
use stint_proto::v1::{self, prove_request};
use stint_runtime::{Contracts, ProvenState, Query};
use stint_verifier::{Fact, Led, Proven};

/// Fetches the proof of a fact.
#[derive(Args)]
pub struct Prove {
    #[command(flatten)]
    target: Target,
    /// Where the proof goes
    #[arg(long, default_value = "fact.proof")]
    out: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A block and its calls
    Block {
        /// Its height
        height: u64,
    },
    /// All receipts of a block, with their events
    Receipts {
        /// The block's height
        height: u64,
    },
    /// The receipt of a call
    Receipt {
        /// The caller's public key, hexadecimal
        key: String,
        /// The call's id, hexadecimal
        id: String,
    },
    /// One event of a call
    Event {
        /// The caller's public key, hexadecimal
        key: String,
        /// The call's id, hexadecimal
        id: String,
        /// The event's place, from 0
        index: u32,
    },
    /// Keys of the state that are there or not
    State {
        /// Keys, with \xNN for what cannot be typed
        keys: Vec<String>,
        /// A range with nothing left out: the first key, two dots, the first key behind it
        #[arg(long)]
        range: Vec<String>,
        /// Of the state after this block, one of the newest [default: the newest that can be proved]
        #[arg(long, default_value_t = 0)]
        height: u64,
    },
}

impl What {
    fn fact(&self) -> Result<prove_request::Fact, Failure> {
        use prove_request::Fact as Asked;
        let call = |key: &str, id: &str| -> Result<v1::CallName, Failure> {
            Ok(v1::CallName { key: hex::decode(key)?.into(), id: hex::decode(id)?.into() })
        };
        Ok(match self {
            What::Block { height } => Asked::Block(*height),
            What::Receipts { height } => Asked::Receipts(*height),
            What::Receipt { key, id } => Asked::Receipt(call(key, id)?),
            What::Event { key, id, index } => Asked::Event(v1::EventName { call: Some(call(key, id)?), index: *index }),
            What::State { keys, range, height } => Asked::State(Parts::parse(keys, range)?.of_state(*height)),
        })
    }

    /// Whether what a node proved is what it was asked; of a state, with what the proof says of each part.
    fn answers(&self, proven: &Proven) -> Result<Vec<String>, Failure> {
        let call = |receipt: &stint_verifier::Receipt| -> Result<(String, String), Failure> {
            let receipt = v1::Receipt::decode(&receipt.receipt[..])?;
            Ok((hex::encode(receipt.key), hex::encode(receipt.id)))
        };
        let names = |key: &String, id: &String| (key.to_lowercase(), id.to_lowercase());
        let same = match (self, &proven.fact) {
            (What::Block { height }, Fact::Block(_)) => proven.header.height == *height,
            (What::Receipts { height }, Fact::Receipts(led, _)) => led.height == *height,
            (What::Receipt { key, id }, Fact::Receipt(receipt)) => call(receipt)? == names(key, id),
            (What::Event { key, id, index }, Fact::Event(receipt, event)) => {
                call(receipt)? == names(key, id) && event.index == *index
            }
            (What::State { keys, range, height }, Fact::State(shown, led)) if is_at(*height, led) => {
                return Parts::parse(keys, range)?.answers(shown);
            }
            _ => false,
        };
        match same {
            true => Ok(Vec::new()),
            false => Err("the node proved another fact than the one that was asked; ask another node".into()),
        }
    }
}

/// Whether a state is that of the asked height; 0 asks for any.
fn is_at(height: u64, led: &Led) -> bool {
    height == 0 || led.height == height
}

impl Prove {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let answer = ask(&client, self.what.fact()?).await?;
        let proven = verify::check(&verify::trust(&self.target.dir, None)?, &answer.proof)?;
        let said = self.what.answers(&proven)?;
        std::fs::write(&self.out, &answer.proof).map_err(|e| format!("cannot write {}: {e}", self.out.display()))?;
        println!("{}: {} bytes", self.out.display(), answer.proof.len());
        verify::show(&proven)?;
        said.iter().for_each(|line| println!("{line}"));
        Ok(())
    }
}

async fn ask(client: &Client, fact: prove_request::Fact) -> Result<v1::ProveResponse, ClientError> {
    Ok(client.ledger().prove(v1::ProveRequest { fact: Some(fact) }).await?.into_inner())
}

/// Asks a query, checks what it read against the validators' signatures, and runs it again here.
/// Answers with the response and what was proved.
pub async fn query(target: &Target, client: &Client, question: v1::Question) -> Result<(Bytes, Proven), Failure> {
    let answer = ask(client, prove_request::Fact::Query(question.clone())).await?;
    let proven = stint_verifier::verify(&verify::trust(&target.dir, None)?, &answer.proof)?;
    let Fact::State(shown, led) = proven.fact.clone() else { return Err("the node proved something else".into()) };
    if !is_at(question.height, &led) {
        let (asked, got) = (question.height, led.height);
        return Err(format!("the node answered on the state after block {got}, and not {asked}").into());
    }
    let time_ms = led.outcomes.first().map_or(0, |o| o.time_ms);
    let mut state = ProvenState::new(shown);
    for code in state.code() {
        let asked = v1::GetCodeRequest { code_hash: Bytes::copy_from_slice(&code.0), facts_only: false };
        let found = client.query(&question.commons, "/stint.v1.Kernel/GetCode", asked.encode_to_vec().into()).await?;
        state.add_module(v1::GetCodeResponse::decode(found)?.module.to_vec());
    }
    let (commons, method) = (question.commons.as_str(), question.method.as_str());
    let query = Query { height: led.height, time_ms, commons, method, request: &question.request };
    let ours = stint_runtime::query(&Contracts::new()?, Arc::new(state), &query)?;
    let theirs = match answer.refusal {
        Some(refusal) => Err(refusal.message),
        None => Ok(answer.response.to_vec()),
    };
    let ours = ours.result.map_err(|r| r.message);
    if ours != theirs {
        return Err(format!(
            "the node answered otherwise than the query does on the proven state: {theirs:?}, and not {ours:?}"
        )
        .into());
    }
    Ok((ours?.into(), proven))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_verifier::{Committee, Event, Hash, Header, Receipt, Trust, tree::Shown};

    fn led(height: u64) -> Led {
        Led { height, before: Hash::ZERO, outcomes: Vec::new() }
    }

    fn receipt(id: u8) -> Receipt {
        let receipt = v1::Receipt { key: vec![1; 32].into(), id: vec![id; 16].into(), ..Default::default() };
        let (led, receipt) = (led(6), receipt.encode_to_vec());
        Receipt { led, index: 0, path: Vec::new(), events: 1, events_root: Hash::ZERO, receipt }
    }

    /// What was verified of a fact, under block 7.
    fn proven(fact: Fact) -> Proven {
        let genesis = stint_proto::Genesis {
            name: "test".into(),
            time_ms: 0,
            protocol_version: 1,
            epoch_blocks: stint_proto::Genesis::EPOCH_BLOCKS,
            validators: vec![stint_proto::GenesisValidator { name: "v1".into(), key: [1; 32] }],
            consortium: "consortium".into(),
            stewards: Vec::new(),
        };
        let header = Header { height: 7, ..genesis.block(Hash::ZERO, Hash::ZERO, Hash::ZERO).header };
        let committee = Committee::new(vec![[1; 32]]).expect("a committee");
        Proven { header, trust: Trust { chain_id: Hash::ZERO, epoch: 0, committee }, handovers: Vec::new(), fact }
    }

    /// A node that proved another block or receipt than the one asked for once was believed.
    #[test]
    fn another_fact_than_was_asked_is_refused() {
        let (key, id) = (hex::encode([1; 32]), hex::encode([5; 16]).to_uppercase());
        let event = |index| Event { index, path: Vec::new(), event: Vec::new() };
        let asked = [
            (What::Block { height: 7 }, Fact::Block(vec![])),
            (What::Receipts { height: 6 }, Fact::Receipts(led(6), vec![])),
            (What::Receipt { key: key.clone(), id: id.clone() }, Fact::Receipt(receipt(5))),
            (What::Event { key: key.clone(), id: id.clone(), index: 1 }, Fact::Event(receipt(5), event(1))),
            (What::State { keys: vec![], range: vec![], height: 6 }, Fact::State(Shown::default(), led(6))),
        ];
        for (n, (what, _)) in asked.iter().enumerate() {
            for (m, (_, fact)) in asked.iter().enumerate() {
                assert_eq!(what.answers(&proven(fact.clone())).is_ok(), n == m, "{n} by {m}");
            }
        }
        let refused = |what: What, fact: Fact| what.answers(&proven(fact)).is_err();
        assert!(refused(What::Block { height: 8 }, Fact::Block(vec![])));
        assert!(refused(What::Receipts { height: 7 }, Fact::Receipts(led(6), vec![])));
        assert!(refused(What::Receipt { key: key.clone(), id: id.clone() }, Fact::Receipt(receipt(4))));
        assert!(refused(What::Event { key: key.clone(), id: id.clone(), index: 0 }, Fact::Event(receipt(5), event(1))));
        let state = |height| What::State { keys: vec!["k".into()], range: vec![], height };
        assert!(refused(state(5), Fact::State(Shown::default(), led(6))));
        assert_eq!(
            state(0).answers(&proven(Fact::State(Shown::default(), led(6)))).expect("shown"),
            ["k is not there"]
        );
    }
}
