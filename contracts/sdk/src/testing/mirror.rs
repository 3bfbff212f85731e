//! The ledger's own runtime beside the native run: a process that is told every step.

use super::Event;
use crate::{Refusal, refusal::Encoded};
use prost::Message;
use std::{
    env,
    io::{Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Names the program that runs modules: `stint`.
const HOST: &str = "STINT_TEST_HOST";

/// One step of a test, as `stint contract host` reads it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Step {
    #[prost(string, tag = "1")]
    pub op: String,
    #[prost(string, tag = "2")]
    pub commons: String,
    #[prost(string, tag = "3")]
    pub service: String,
    #[prost(string, tag = "4")]
    pub method: String,
    #[prost(string, tag = "5")]
    pub agent: String,
    #[prost(string, repeated, tag = "6")]
    pub roles: Vec<String>,
    #[prost(bytes = "vec", tag = "7")]
    pub request: Vec<u8>,
    #[prost(uint64, tag = "8")]
    pub height: u64,
    #[prost(uint64, tag = "9")]
    pub time_ms: u64,
    #[prost(uint64, tag = "10")]
    pub call: u64,
    /// The package of the module and its version.
    #[prost(string, tag = "11")]
    pub package: String,
    #[prost(bool, tag = "12")]
    pub in_steps: bool,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct WireEvent {
    #[prost(string, tag = "1")]
    commons: String,
    #[prost(string, tag = "2")]
    service: String,
    #[prost(string, tag = "3")]
    ty: String,
    #[prost(bytes = "vec", tag = "4")]
    body: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct WireReply {
    #[prost(bytes = "vec", tag = "1")]
    response: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    refusal: Option<Encoded>,
    #[prost(message, repeated, tag = "3")]
    events: Vec<WireEvent>,
    #[prost(bytes = "vec", tag = "4")]
    code_hash: Vec<u8>,
    /// The step could not be made at all.
    #[prost(string, tag = "5")]
    failure: String,
}

/// What the runtime answered.
pub(super) struct Reply {
    pub result: Result<Vec<u8>, Refusal>,
    pub events: Vec<Event>,
    pub code_hash: Vec<u8>,
}

/// How many cases a property tries: as many as asked for natively, and a few when every step also runs on the ledger's
/// runtime, which is a process of its own for each [`World`](super::World).
pub fn cases(natively: u32) -> u32 {
    const BESIDE: u32 = 2;
    if env::var_os(HOST).is_some() { natively.min(BESIDE) } else { natively }
}

pub(super) struct Mirror {
    process: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Mirror {
    /// Starts the runtime when `stint contract test` asks for it.
    pub fn start() -> Option<Mirror> {
        let program = env::var_os(HOST)?;
        let mut process = Command::new(program)
            .args(["contract", "host"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program that STINT_TEST_HOST names starts");
        let to = process.stdin.take().expect("its input");
        let from = process.stdout.take().expect("its output");
        Some(Mirror { process, to, from })
    }

    pub fn step(&mut self, step: &Step) -> Reply {
        let bytes = step.encode_to_vec();
        self.to.write_all(&(bytes.len() as u32).to_le_bytes()).expect("the test runtime reads");
        self.to.write_all(&bytes).and_then(|()| self.to.flush()).expect("the test runtime reads");
        let mut size = [0; 4];
        self.from.read_exact(&mut size).expect("the test runtime answers");
        let mut bytes = vec![0; u32::from_le_bytes(size) as usize];
        self.from.read_exact(&mut bytes).expect("the test runtime answers");
        let reply = WireReply::decode(bytes.as_slice()).expect("an answer");
        assert!(reply.failure.is_empty(), "the test runtime: {}", reply.failure);
        let event = |e: WireEvent| Event { commons: e.commons, service: e.service, ty: e.ty, body: e.body };
        Reply {
            result: reply.refusal.map_or(Ok(reply.response), |r| Err(r.into())),
            events: reply.events.into_iter().map(event).collect(),
            code_hash: reply.code_hash,
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // It ends by itself when its input does.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
