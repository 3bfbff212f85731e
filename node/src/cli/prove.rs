//! `stint prove`: facts with their proofs; and queries that prove themselves.

use super::{Failure, parts::Parts, target::Target, verify};
use bytes::Bytes;
use clap::{Args, Subcommand};
use prost::Message;
use std::{path::PathBuf, sync::Arc};
use stint_client::{Client, proofs::Proved};
use stint_proto::v1::{self, prove_request};
use stint_runtime::{Contracts, ProvenState, Query};
use stint_verifier::{Fact, Proven};

/// Fetches the proof of a fact.
#[derive(Args)]
pub struct Prove {
    #[command(flatten)]
    target: Target,
    /// Where the proof goes
    #[arg(long, default_value = "fact.proof", global = true)]
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

    /// Of a state: what the proof says of each part.
    fn parts(&self, fact: &Fact) -> Result<Vec<String>, Failure> {
        match (self, fact) {
            (What::State { keys, range, .. }, Fact::State(shown, _)) => Parts::parse(keys, range)?.answers(shown),
            _ => Ok(Vec::new()),
        }
    }
}

impl Prove {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = trusting(&self.target, self.target.connect().await?)?;
        let Proved { answer, proven } = client.prove(self.what.fact()?).await?;
        let said = self.what.parts(&proven.fact)?;
        std::fs::write(&self.out, &answer.proof).map_err(|e| format!("cannot write {}: {e}", self.out.display()))?;
        println!("{}: {} bytes", self.out.display(), answer.proof.len());
        verify::show(&proven)?;
        said.iter().for_each(|line| println!("{line}"));
        Ok(())
    }
}

/// The client, believing the validators of the folder's genesis file and no node.
fn trusting(target: &Target, client: Client) -> Result<Client, Failure> {
    Ok(client.trusting(&verify::genesis_file(&target.dir, None)?)?)
}

/// Asks a query, checks what it read against the validators' signatures, and runs it again here.
/// Answers with the response and what was proved.
pub async fn query(target: &Target, client: &Client, question: v1::Question) -> Result<(Bytes, Proven), Failure> {
    let client = trusting(target, client.clone())?;
    let Proved { answer, proven } = client.prove(prove_request::Fact::Query(question.clone())).await?;
    let Fact::State(shown, led) = proven.fact.clone() else { return Err("the node proved something else".into()) };
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
