//! A ledger of four validators in one process, exported as a node exports it; its validators may lie.

use crate::{
    cli::export,
    tests::{BEGIN_MS, genesis, header_on, keys, signed},
};
use ed25519_dalek::SigningKey;
use prost::Message;
use std::sync::{Arc, OnceLock};
use stint_proto::{Call, CallId, Header, Transaction, hash_parts, v1};
use stint_runtime::{BlockContext, BlockResult, Contracts, execute_block};
use stint_store::{Keep, Medium, Store, genesis_block};

/// The time and the calls of a block.
pub type Calls = (u64, Vec<Transaction>);

/// What dishonest validators make of a block's header, by its height, and of what it led to.
pub struct Lie<'a> {
    pub header: &'a dyn Fn(&mut Header),
    pub result: &'a dyn Fn(u64, &mut BlockResult),
}

pub const HONEST: Lie<'static> = Lie { header: &|_| (), result: &|_, _| () };

/// Contracts are compiled once for all tests.
pub fn contracts() -> Contracts {
    static CONTRACTS: OnceLock<Contracts> = OnceLock::new();
    CONTRACTS.get_or_init(|| Contracts::new().expect("an engine")).clone()
}

/// The key of an agent. The first validator's is the steward's.
pub fn key(agent: &str) -> SigningKey {
    match agent {
        "ana" => keys().remove(0),
        other => SigningKey::from_bytes(&hash_parts(&[other.as_bytes()]).0),
    }
}

/// A call by an agent, with an id of its own.
pub fn call(agent: &str, commons: &str, method: &str, request: &impl Message, id: u64) -> Transaction {
    let key = key(agent);
    let call = Call {
        chain_id: genesis().1,
        commons: commons.into(),
        method: format!("/{method}"),
        request: request.encode_to_vec().into(),
        call_id: CallId { key: key.verifying_key().to_bytes(), id: u128::from(id).to_be_bytes() },
        valid_until: 1_000,
        fuel_limit: 0,
    };
    call.sign(&key).expect("a call within its limits")
}

pub struct Ledger {
    store: Arc<Store>,
    pub blocks: Vec<Calls>,
    pub time_ms: u64,
    ids: u64,
}

impl Ledger {
    pub fn new() -> Ledger {
        let (genesis, chain_id) = genesis();
        let medium = Medium::memory().expect("memory");
        let store = Store::open(&medium, &genesis, chain_id, Keep::ARCHIVE).expect("a store");
        Ledger { store, blocks: Vec::new(), time_ms: BEGIN_MS, ids: 0 }
    }

    /// One call as a block of its own; it must succeed.
    pub fn does<R: Message + Default>(
        &mut self,
        agent: &str,
        commons: &str,
        method: &str,
        request: &impl Message,
    ) -> R {
        let tx = self.call(agent, commons, method, request);
        let receipt = self.block(vec![tx], &HONEST).remove(0);
        assert_eq!(receipt.refusal, None, "{method}");
        R::decode(receipt.response).expect("a response")
    }

    /// The next call of an agent.
    pub fn call(&mut self, agent: &str, commons: &str, method: &str, request: &impl Message) -> Transaction {
        self.ids += 1;
        call(agent, commons, method, request, self.ids)
    }

    /// The next block, a second later.
    pub fn block(&mut self, calls: Vec<Transaction>, lie: &Lie<'_>) -> Vec<v1::Receipt> {
        let tip = self.store.tip();
        self.time_ms += 1000;
        self.blocks.push((self.time_ms, calls.clone()));
        let first = genesis_block(&genesis().0, genesis().1).header;
        let mut header = header_on(&tip, first, self.time_ms, &calls);
        (lie.header)(&mut header);
        let context = BlockContext { height: header.height, time_ms: header.time_ms };
        let state = Arc::new(self.store.state_at(tip.height));
        let before = |id| Ok(self.store.locate(id).expect("readable").is_some());
        let mut result = execute_block(&contracts(), state, context, &calls, before).expect("executed");
        (lie.result)(header.height, &mut result);
        let (block, votes) = signed(header, calls);
        self.store.commit(&block, Some(&votes), &result).expect("committed");
        result.receipts.iter().map(|r| v1::Receipt::decode(r.clone()).expect("a receipt")).collect()
    }

    /// The same calls at the same times, with these validators.
    pub fn again(blocks: &[Calls], lie: &Lie<'_>) -> Ledger {
        let mut ledger = Ledger::new();
        for (time_ms, calls) in blocks {
            ledger.time_ms = time_ms - 1000;
            ledger.block(calls.clone(), lie);
        }
        ledger
    }

    /// The newest block whose results are certified.
    pub fn certified(&self) -> u64 {
        self.store.tip().height - 1
    }

    /// An exported file of these blocks.
    pub fn export(&self, first: u64, last: u64) -> Vec<u8> {
        let mut out = export::head(first, last);
        for height in first..=last {
            export::write(&mut out, &self.store.prove_block(height).expect("a proof")).expect("written");
            export::write(&mut out, &self.store.prove_receipts(height).expect("a proof")).expect("written");
        }
        out
    }

    /// All of it.
    pub fn exported(&self) -> Vec<u8> {
        self.export(1, self.certified())
    }
}

/// Puts another receipt into what a block led to.
pub fn replace(result: &mut BlockResult, index: usize, change: impl FnOnce(&mut v1::Receipt)) {
    let mut receipt = v1::Receipt::decode(result.receipts[index].clone()).expect("a receipt");
    change(&mut receipt);
    result.receipts[index] = receipt.encode_to_vec().into();
    result.leaves[index] = stint_proto::receipt::apart(receipt).leaf();
}
