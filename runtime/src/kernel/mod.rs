//! The native services that contracts cannot be: commons, agents and members, code, instances.
//!
//! Rules, by the names under which they refuse:
//!
//! - `steward`: only a steward of the called commons may found (on the consortium), admit, deploy.
//!   Any agent that is steward of some commons may publish code, on that commons.
//! - `last-steward`: a commons never loses its last steward.
//! - `key`: a key belongs to one agent, and its order is not small.
//! - `commons`, `agent`, `role`, `code`, `service`: what is named exists, or is new, as asked.

mod code;
mod commons;
mod records;

use crate::{BlockContext, Contract, Contracts, Overlay, RuntimeError, Writes, abi::price, keys};
use prost::Message;
use records::{Commons, Instance};
use std::sync::Arc;
use stint_proto::{Code, Genesis, Hash, Refusal, v1};

pub(crate) use commons::{agent_of_key, roles};

/// The agent of this ledger that holds a key.
pub fn agent_behind(state: Arc<dyn crate::State>, key: &[u8; 32]) -> Result<Option<String>, RuntimeError> {
    agent_of_key(&Overlay::new(state), key)
}

const PREFIX: &str = "/stint.v1.Kernel/";
/// The role that runs a commons.
const STEWARD: &str = "steward";

/// A command to the kernel: where it stands and who gave it.
pub(crate) struct Command<'a> {
    pub block: BlockContext,
    pub commons: &'a str,
    pub caller: &'a str,
    pub roles: &'a [String],
}

/// What came of a command. Its writes are in the overlay's newest layer.
pub(crate) struct Outcome {
    pub result: Result<Vec<u8>, Refusal>,
    pub fuel_used: u64,
}

/// An answer, or a refusal, or a failure of the node.
type Answer<T> = Result<Result<T, Refusal>, RuntimeError>;

/// Leaves a function that answers `Answer` with a refusal.
macro_rules! refuse {
    ($code:ident, $rule:literal, $($message:tt)*) => {
        return Ok(Err(Refusal::new(Code::$code, $rule, format!($($message)*))))
    };
}
/// The value of an inner result, or its refusal for the caller.
macro_rules! grant {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
use {grant, refuse};

/// The kernel's method in a full method name.
pub(crate) fn method_of(full: &str) -> Option<&str> {
    full.strip_prefix(PREFIX)
}

/// Executes a command.
pub(crate) fn execute(
    contracts: &Contracts,
    overlay: &mut Overlay,
    command: &Command<'_>,
    method: &str,
    request: &[u8],
    fuel: u64,
) -> Result<Outcome, RuntimeError> {
    let price = price::KERNEL + price::KEPT_BYTE * request.len() as u64;
    if price > fuel {
        let message = format!("the call costs {price} units of fuel and has {fuel}");
        return Ok(Outcome { result: Err(Refusal::new(Code::ResourceExhausted, "fuel", message)), fuel_used: fuel });
    }
    let result = match method {
        "Found" => answer(request, |r| commons::found(overlay, command, r))?,
        "Admit" => answer(request, |r| commons::admit(overlay, command, r))?,
        "Publish" => answer(request, |r| code::publish(contracts, overlay, command, r))?,
        "Deploy" => answer(request, |r| code::deploy(contracts, overlay, command, r))?,
        "GetCommons" | "ListCommons" | "GetCode" => Err(Refusal::new(
            Code::InvalidArgument,
            "query",
            format!("{PREFIX}{method} only reads: ask it as a query, unsigned"),
        )),
        _ => Err(no_method(method)),
    };
    Ok(Outcome { result, fuel_used: price })
}

/// Answers a query.
pub(crate) fn query(overlay: &Overlay, commons: &str, method: &str, request: &[u8]) -> Answer<Vec<u8>> {
    match method {
        "GetCommons" => answer(request, |_: v1::GetCommonsRequest| commons::get(overlay, commons)),
        "ListCommons" => answer(request, |r| commons::list(overlay, r)),
        "GetCode" => answer(request, |r| code::get(overlay, r)),
        "Found" | "Admit" | "Publish" | "Deploy" => {
            let message = format!("{PREFIX}{method} is a command: it must be signed and ordered, not asked");
            Ok(Err(Refusal::new(Code::Unauthenticated, "command", message)))
        }
        _ => Ok(Err(no_method(method))),
    }
}

fn no_method(method: &str) -> Refusal {
    Refusal::new(Code::Unimplemented, "method", format!("the kernel has no method {method}"))
}

/// Decodes a request, runs, and encodes the response.
fn answer<Q: Message + Default, R: Message>(request: &[u8], run: impl FnOnce(Q) -> Answer<R>) -> Answer<Vec<u8>> {
    match Q::decode(request) {
        Ok(q) => Ok(run(q)?.map(|r| r.encode_to_vec())),
        Err(e) => {
            Ok(Err(Refusal::new(Code::InvalidArgument, "request", format!("the request cannot be decoded: {e}"))))
        }
    }
}

fn steward(command: &Command<'_>, to: &str) -> Result<(), Refusal> {
    if command.roles.iter().any(|r| r == STEWARD) {
        return Ok(());
    }
    let message = format!("{} may not {to}: only a {STEWARD} of the commons {} may", command.caller, command.commons);
    Err(Refusal::new(Code::PermissionDenied, "steward", message))
}

fn read<T: Message + Default>(overlay: &Overlay, key: &[u8]) -> Result<Option<T>, RuntimeError> {
    let Some(bytes) = overlay.get(key)? else { return Ok(None) };
    let damaged = |e: prost::DecodeError| RuntimeError::Damaged { key: keys::show(key), reason: e.to_string() };
    T::decode(bytes.as_slice()).map(Some).map_err(damaged)
}

fn write(overlay: &mut Overlay, key: Vec<u8>, record: &impl Message) {
    overlay.put(key, record.encode_to_vec());
}

/// The state that a genesis file describes.
pub fn genesis_writes(genesis: &Genesis) -> Writes {
    let mut overlay = Overlay::new(Arc::new(crate::MemoryState::default()));
    let record = Commons { purpose: format!("The organisations that run {}.", genesis.name), founded: 0, root: true };
    write(&mut overlay, keys::commons(&genesis.consortium), &record);
    for s in &genesis.stewards {
        commons::enrol(&mut overlay, &s.agent, &s.key);
        commons::set_roles(&mut overlay, &genesis.consortium, &s.agent, vec![STEWARD.into()]);
    }
    overlay.into_writes()
}

/// A contract that serves a commons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRef {
    /// The commons it serves.
    pub commons: String,
    /// The service name it declares.
    pub service: String,
    /// Its code.
    pub code: Hash,
}

/// Finds contracts by commons and service.
pub struct Directory<'a> {
    contracts: &'a Contracts,
    overlay: &'a Overlay,
}

impl<'a> Directory<'a> {
    /// Looks things up in this overlay.
    pub fn new(contracts: &'a Contracts, overlay: &'a Overlay) -> Directory<'a> {
        Directory { contracts, overlay }
    }

    /// The contract and the number of the method that `/package.Service/Method` means in a
    /// commons, or why there is none.
    #[allow(clippy::type_complexity)]
    pub fn resolve(&self, commons: &str, method: &str) -> Result<Result<(Arc<Contract>, u32), Refusal>, RuntimeError> {
        let Some((service, name)) = method.strip_prefix('/').and_then(|m| m.rsplit_once('/')) else {
            refuse!(Unimplemented, "method", "{method:?} is no method; a method is written /package.Service/Method");
        };
        if self.overlay.get(&keys::commons(commons))?.is_none() {
            let hint = "name the commons in the metadata stint-commons";
            refuse!(NotFound, "commons", "there is no commons {commons:?} on this ledger; {hint}");
        }
        let Some(instance) = read::<Instance>(self.overlay, &keys::instance(commons, service))? else {
            refuse!(Unimplemented, "service", "no contract serves the commons {commons} as {service}");
        };
        let contract = self.load(&instance.code)?;
        match contract.descriptor.method(name) {
            Some((number, _)) => Ok(Ok((contract, number))),
            None => refuse!(Unimplemented, "method", "{service} has no method {name}"),
        }
    }

    /// Every contract that serves some commons, in the order of commons and service.
    pub fn instances(&self) -> Result<Vec<InstanceRef>, RuntimeError> {
        let prefix = b"k/instance/".to_vec();
        let mut found = Vec::new();
        for (key, value) in self.overlay.scan(&prefix, &keys::end_of(&prefix), usize::MAX / 2, false)?.0 {
            let damaged = |reason: &str| RuntimeError::Damaged { key: keys::show(&key), reason: reason.into() };
            let name = std::str::from_utf8(&key[prefix.len()..]).map_err(|_| damaged("not UTF-8"))?;
            let (commons, service) = name.split_once('/').ok_or_else(|| damaged("no service"))?;
            let code = Instance::decode(value.as_slice()).ok().and_then(|i| Hash::try_from(i.code.as_slice()).ok());
            let code = code.ok_or_else(|| damaged("no code hash"))?;
            found.push(InstanceRef { commons: commons.into(), service: service.into(), code });
        }
        Ok(found)
    }

    /// The contract behind a code hash.
    pub fn load(&self, code: &[u8]) -> Result<Arc<Contract>, RuntimeError> {
        let damaged = |reason: &str| RuntimeError::Damaged { key: keys::show(code), reason: reason.into() };
        let hash = Hash::try_from(code).map_err(|_| damaged("not a code hash"))?;
        self.contracts.load(hash, || self.overlay.get(&keys::code(code))?.ok_or_else(|| damaged("no such code")))
    }
}
