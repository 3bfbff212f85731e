use crate::{Bytes, Code, Refusal, host::side};
use prost::Message;
use std::marker::PhantomData;

/// A contract's service. Implemented by [`crate::contract!`].
pub trait Service {
    /// Full name, for example `my.rules.v1.Rules`.
    const NAME: &'static str;
    /// The encoded `FileDescriptorSet`.
    const DESCRIPTOR: &'static [u8];
    /// Names of the methods in their order, and whether they only read.
    const METHODS: &'static [(&'static str, bool)];
    /// What it keeps, one a line; see [`crate::state!`].
    const STATE: &'static str;
    /// The package that holds it and its version: versions of a service are told apart by it.
    const PACKAGE: &'static str = "";
    /// True when it brings an older version's state over.
    const MIGRATES: bool = false;

    /// Runs a method by its number.
    fn dispatch(method: u32, request: &[u8]) -> Result<Bytes, Refusal>;

    /// Brings an older version's state over; see [`crate::Migrate`].
    fn migrate(_request: &[u8]) -> Option<Result<Bytes, Refusal>> {
        None
    }
}

/// One method of a service: what it takes and what it gives. The build script makes one for each,
/// in the module `methods`.
pub struct Method<Q, R> {
    /// Full name of the service.
    pub service: &'static str,
    /// Its name in the service.
    pub name: &'static str,
    types: PhantomData<fn(Q) -> R>,
}

impl<Q: Message, R: Message + Default> Method<Q, R> {
    /// For generated code.
    pub const fn new(service: &'static str, name: &'static str) -> Self {
        Method { service, name, types: PhantomData }
    }

    /// Calls this method of a contract of `commons` and waits for its answer. It runs on this
    /// call's fuel. When it refuses, nothing of it remains, and this call may go on.
    pub fn call(&self, commons: &str, request: &Q) -> Result<R, Refusal> {
        self.call_with(commons, request, 0)
    }

    /// The same with at most `fuel` units; code that is not trusted then cannot burn the rest.
    pub fn call_with(&self, commons: &str, request: &Q, fuel: u64) -> Result<R, Refusal> {
        let method = format!("/{}/{}", self.service, self.name);
        read(&side::host_call(commons, &method, &request.encode_to_vec(), fuel as i64))
    }

    /// Calls this method of the pure rule whose module has this hash.
    pub fn rule(&self, code: &[u8; 32], request: &Q) -> Result<R, Refusal> {
        read(&side::host_rule(code, self.name, &request.encode_to_vec(), 0))
    }
}

/// A `stint.v1.CallAnswer`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CallAnswer {
    #[prost(oneof = "Outcome", tags = "1, 2")]
    pub outcome: Option<Outcome>,
}

#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(crate) enum Outcome {
    #[prost(bytes, tag = "1")]
    Response(Vec<u8>),
    #[prost(message, tag = "2")]
    Refusal(crate::refusal::Encoded),
}

fn read<R: Message + Default>(answer: &[u8]) -> Result<R, Refusal> {
    R::decode(outcome(answer)?.as_slice()).map_err(|_| unreadable())
}

/// The encoded response in an encoded answer, or the refusal in it.
pub(crate) fn outcome(answer: &[u8]) -> Result<Vec<u8>, Refusal> {
    match CallAnswer::decode(answer).map_err(|_| unreadable())?.outcome {
        Some(Outcome::Response(bytes)) => Ok(bytes),
        Some(Outcome::Refusal(refusal)) => Err(refusal.into()),
        None => Err(unreadable()),
    }
}

fn unreadable() -> Refusal {
    Refusal::new(Code::FailedPrecondition, "response", "the called contract's answer cannot be read")
}
