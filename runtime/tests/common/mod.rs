//! A ledger of one commons in memory, and modules from text.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions,
    ServiceDescriptorProto, method_options::IdempotencyLevel,
};
use std::sync::Arc;
use stint_proto::{Call, CallId, Genesis, GenesisAgent, GenesisValidator, Hash, Refusal, Transaction, v1};
use stint_runtime::{BlockContext, BlockResult, Contracts, MemoryState, Query, execute_block, genesis_writes, query};

/// The service of every test module: `Do` is a command, `Ask` a query.
pub const TEST_SERVICE: &str = "test.v1.Test";

/// A module from text, with the descriptor of [`TEST_SERVICE`].
pub fn module(wat: &str) -> Vec<u8> {
    let method = |name: &str, query: bool| MethodDescriptorProto {
        name: Some(name.into()),
        input_type: Some(".test.v1.Nothing".into()),
        output_type: Some(".test.v1.Nothing".into()),
        options: query.then(|| MethodOptions {
            idempotency_level: Some(IdempotencyLevel::NoSideEffects as i32),
            ..Default::default()
        }),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Test".into()),
        method: vec![method("Do", false), method("Ask", true)],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test.proto".into()),
        package: Some("test.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Nothing".into()), ..Default::default() }],
        service: vec![service],
        ..Default::default()
    };
    let mut wasm = wat::parse_str(wat).unwrap_or_else(|e| panic!("{e}"));
    let name = b"stint.descriptor";
    let data = FileDescriptorSet { file: vec![file] }.encode_to_vec();
    wasm.push(0);
    leb(&mut wasm, 1 + name.len() + data.len());
    wasm.push(name.len() as u8);
    wasm.extend_from_slice(name);
    wasm.extend_from_slice(&data);
    wasm
}

fn leb(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A ledger with the commons "forge" and its steward.
pub struct Ledger {
    contracts: Contracts,
    pub state: MemoryState,
    steward: SigningKey,
    height: u64,
    calls: u64,
}

impl Ledger {
    pub fn new() -> Ledger {
        let steward = SigningKey::from_bytes(&[1; 32]);
        let key = steward.verifying_key().to_bytes();
        let genesis = Genesis {
            name: "test".into(),
            time_ms: 0,
            protocol_version: 1,
            validators: vec![GenesisValidator { name: "v1".into(), key }],
            consortium: "consortium".into(),
            stewards: vec![GenesisAgent { agent: "ana".into(), key }],
        };
        let mut state = MemoryState::default();
        state.apply(&genesis_writes(&genesis));
        let mut ledger =
            Ledger { contracts: Contracts::new().expect("an engine"), state, steward, height: 0, calls: 0 };
        let member = v1::AdmitRequest { agent: "ana".into(), key: Bytes::new(), roles: vec!["steward".into()] };
        let found = v1::FoundRequest { commons: "forge".into(), purpose: String::new(), members: vec![member] };
        ledger.kernel("consortium", "Found", &found);
        ledger
    }

    fn kernel(&mut self, commons: &str, method: &str, request: &impl Message) -> Bytes {
        let tx = self.sign_for(commons, &format!("/stint.v1.Kernel/{method}"), request.encode_to_vec());
        let result = self.execute(&[tx]);
        let receipt = v1::Receipt::decode(result.receipts[0].clone()).expect("a receipt");
        assert_eq!(receipt.refusal, None, "{method}");
        receipt.response
    }

    /// Publishes a module and lets it serve "forge", instead of what served it before.
    pub fn deploy(&mut self, module: &[u8]) {
        let published = self.kernel("forge", "Publish", &v1::PublishRequest { module: Bytes::copy_from_slice(module) });
        let code_hash = v1::PublishResponse::decode(published).expect("a response").code_hash;
        self.state.0.retain(|k, _| !k.starts_with(b"k/instance/"));
        self.kernel("forge", "Deploy", &v1::DeployRequest { code_hash });
    }

    pub fn sign(&mut self, method: &str, request: &[u8]) -> Transaction {
        self.sign_for("forge", &format!("/{TEST_SERVICE}/{method}"), request.to_vec())
    }

    fn sign_for(&mut self, commons: &str, method: &str, request: Vec<u8>) -> Transaction {
        self.calls += 1;
        let call = Call {
            chain_id: Hash::ZERO,
            commons: commons.into(),
            method: method.into(),
            request: request.into(),
            call_id: CallId { key: self.steward.verifying_key().to_bytes(), id: u128::from(self.calls).to_be_bytes() },
            valid_until: 1_000_000,
            fuel_limit: 0,
        };
        call.sign(&self.steward).expect("a call")
    }

    /// Executes calls as the next block.
    pub fn execute(&mut self, calls: &[Transaction]) -> BlockResult {
        self.height += 1;
        let context = BlockContext { height: self.height, time_ms: self.height * 1000 };
        let state = Arc::new(self.state.clone());
        let result = execute_block(&self.contracts, state, context, calls, |_| Ok(false)).expect("a result");
        self.state.apply(&result.writes);
        result
    }

    /// One call as a block of its own.
    pub fn call(&mut self, method: &str, request: &[u8]) -> v1::Receipt {
        let tx = self.sign(method, request);
        v1::Receipt::decode(self.execute(&[tx]).receipts[0].clone()).expect("a receipt")
    }

    /// Asks a query.
    pub fn ask(&self, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let method = format!("/{TEST_SERVICE}/{method}");
        let q = Query { height: self.height, time_ms: 0, commons: "forge", method: &method, request };
        query(&self.contracts, Arc::new(self.state.clone()), &q).expect("an answer").result
    }
}
