//! Facts under the validators' signatures: a node that lies is found out.
//!
//! With the genesis file a client believes the validators whom it names, and those whom they named, and so on up to who
//! signed: each proof leads over every change of them, and is followed from the start.

use crate::{Client, ClientError};
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    CallId, Genesis,
    v1::{self, prove_request::Fact as Asked},
};
use stint_verifier::{Fact, Led, Proven, Receipt, Trust, tree::NotShown};

/// A fact, and what the node answered with it.
pub struct Proved {
    /// The answer: the proof's bytes, and of a query its response.
    pub answer: v1::ProveResponse,
    /// What they prove.
    pub proven: Proven,
}

/// Checks a proof, and that it is of the fact that was asked. Which parts of a state it shows is left to who reads them.
pub fn check(trust: &Trust, asked: &Asked, proof: &[u8]) -> Result<Proven, ClientError> {
    let proven = stint_verifier::verify(trust, proof)?;
    match is_asked(asked, &proven) {
        true => Ok(proven),
        false => Err(other_fact()),
    }
}

fn other_fact() -> ClientError {
    ClientError::Protocol("it proved another fact than the one that was asked; ask another node".into())
}

/// Whether a fact is the one that was asked.
fn is_asked(asked: &Asked, proven: &Proven) -> bool {
    let call = |receipt: &Receipt, name: &v1::CallName| {
        let told = v1::Receipt::decode(&receipt.receipt[..]);
        told.is_ok_and(|told| (told.key, told.id) == (name.key.clone(), name.id.clone()))
    };
    // 0 asks for any height.
    let is_at = |height: u64, led: &Led| height == 0 || led.height == height;
    match (asked, &proven.fact) {
        (Asked::Block(height), Fact::Block(_)) => proven.header.height == *height,
        (Asked::Receipts(height), Fact::Receipts(led, _)) => led.height == *height,
        (Asked::Receipt(name), Fact::Receipt(receipt)) => call(receipt, name),
        (Asked::Event(v1::EventName { call: Some(name), index }), Fact::Event(receipt, event)) => {
            call(receipt, name) && event.index == *index
        }
        (Asked::State(parts), Fact::State(_, led)) => is_at(parts.height, led),
        (Asked::Query(question), Fact::State(_, led)) => is_at(question.height, led),
        _ => false,
    }
}

fn named(id: CallId) -> v1::CallName {
    v1::CallName { key: id.key.to_vec().into(), id: id.id.to_vec().into() }
}

fn strange(e: prost::DecodeError) -> ClientError {
    ClientError::Protocol(format!("what it proved cannot be read: {e}"))
}

impl Client {
    /// The same client, believing the validators of a genesis file, given as it was written, and no node.
    pub fn trusting(self, genesis: &[u8]) -> Result<Client, ClientError> {
        let wrong = |e: stint_proto::GenesisError| ClientError::Meaningless(e.to_string());
        let (genesis, chain_id) = Genesis::parse(genesis).map_err(wrong)?;
        if chain_id != self.chain_id {
            let (address, ours) = (self.current(), self.chain_id);
            return Err(ClientError::Protocol(format!("{address} is of the ledger {ours}; the file is of {chain_id}")));
        }
        let trust = Some(Arc::new(genesis.trust(chain_id).map_err(wrong)?));
        Ok(Client { trust, ..self })
    }

    /// Any fact, checked. The ones below are read, too.
    pub async fn prove(&self, fact: Asked) -> Result<Proved, ClientError> {
        let whom =
            || ClientError::Meaningless("proofs need whom to believe: Client::trusting takes a genesis file".into());
        let trust = self.trust.clone().ok_or_else(whom)?;
        let request = v1::ProveRequest { fact: Some(fact.clone()) };
        let answer: v1::ProveResponse = self.ask("Prove", &request).await?;
        let proven = check(&trust, &fact, &answer.proof)?;
        Ok(Proved { answer, proven })
    }

    /// The receipt of a call, without its events.
    pub async fn prove_receipt(&self, id: CallId) -> Result<v1::Receipt, ClientError> {
        match self.prove(Asked::Receipt(named(id))).await?.proven.fact {
            Fact::Receipt(receipt) => v1::Receipt::decode(&receipt.receipt[..]).map_err(strange),
            _ => Err(other_fact()),
        }
    }

    /// One event of a call, by its place from 0.
    pub async fn prove_event(&self, id: CallId, index: u32) -> Result<v1::Event, ClientError> {
        let name = v1::EventName { call: Some(named(id)), index };
        match self.prove(Asked::Event(name)).await?.proven.fact {
            Fact::Event(_, event) => v1::Event::decode(&event.event[..]).map_err(strange),
            _ => Err(other_fact()),
        }
    }

    /// The values of keys of the whole state, in their order; `None` where it is proved that the key is not there.
    pub async fn prove_state(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, ClientError> {
        let parts = v1::StateParts { keys: keys.iter().map(|k| k.to_vec().into()).collect(), ..Default::default() };
        let Fact::State(shown, _) = self.prove(Asked::State(parts)).await?.proven.fact else {
            return Err(other_fact());
        };
        let hidden = |NotShown| ClientError::Protocol("its proof hides a key that was asked".into());
        keys.iter().map(|k| shown.get(k).map(|v| v.map(<[u8]>::to_vec)).map_err(hidden)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_verifier::{Committee, Event, Hash, Header, tree::Shown};

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
        let genesis = Genesis {
            name: "test".into(),
            time_ms: 0,
            protocol_version: 1,
            epoch_blocks: Genesis::EPOCH_BLOCKS,
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
        let name = |id: u8| v1::CallName { key: vec![1; 32].into(), id: vec![id; 16].into() };
        let of_event = |id, index| Asked::Event(v1::EventName { call: Some(name(id)), index });
        let event = |index| Event { index, path: Vec::new(), event: Vec::new() };
        let state = |height| Asked::State(v1::StateParts { height, ..Default::default() });
        let asked = [
            (Asked::Block(7), Fact::Block(vec![])),
            (Asked::Receipts(6), Fact::Receipts(led(6), vec![])),
            (Asked::Receipt(name(5)), Fact::Receipt(receipt(5))),
            (of_event(5, 1), Fact::Event(receipt(5), event(1))),
            (state(6), Fact::State(Shown::default(), led(6))),
        ];
        for (n, (what, _)) in asked.iter().enumerate() {
            for (m, (_, fact)) in asked.iter().enumerate() {
                assert_eq!(is_asked(what, &proven(fact.clone())), n == m, "{n} by {m}");
            }
        }
        let refused = |what: Asked, fact: Fact| !is_asked(&what, &proven(fact));
        assert!(refused(Asked::Block(8), Fact::Block(vec![])));
        assert!(refused(Asked::Receipts(7), Fact::Receipts(led(6), vec![])));
        assert!(refused(Asked::Receipt(name(5)), Fact::Receipt(receipt(4))));
        assert!(refused(of_event(5, 0), Fact::Event(receipt(5), event(1))));
        assert!(refused(of_event(4, 1), Fact::Event(receipt(5), event(1))));
        let nameless = Asked::Event(v1::EventName { call: None, index: 1 });
        assert!(refused(nameless, Fact::Event(receipt(5), event(1))));
        assert!(refused(state(5), Fact::State(Shown::default(), led(6))));
        assert!(is_asked(&state(0), &proven(Fact::State(Shown::default(), led(6)))));
        let question = |height| Asked::Query(v1::Question { height, ..Default::default() });
        assert!(is_asked(&question(6), &proven(Fact::State(Shown::default(), led(6)))));
        assert!(refused(question(5), Fact::State(Shown::default(), led(6))));
    }
}
