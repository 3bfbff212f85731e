//! Which contract serves which commons.

use super::{Answer, read, records::Instance, refuse};
use crate::{Contract, Contracts, Overlay, RuntimeError, invoke::Keyspace, keys};
use prost::Message;
use std::sync::Arc;
use stint_proto::{Code, Hash, Refusal, quoted};

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

    /// What `/package.Service/Method` means in a commons, or why it means nothing.
    pub fn resolve(&self, commons: &str, method: &str) -> Answer<Serving> {
        let Some((service, name)) = method.strip_prefix('/').and_then(|m| m.rsplit_once('/')) else {
            refuse!(
                Unimplemented,
                "method",
                "{} is no method; a method is written /package.Service/Method",
                quoted(method)
            );
        };
        if self.overlay.get(&keys::commons(commons))?.is_none() {
            let hint = "name the commons in the metadata stint-commons";
            refuse!(NotFound, "commons", "there is no commons {} on this ledger; {hint}", quoted(commons));
        }
        let Some(instance) = read::<Instance>(self.overlay, &keys::instance(commons, service))? else {
            refuse!(Unimplemented, "service", "no contract serves the commons {commons} as {service}");
        };
        let contract = self.load(&instance.code)?;
        match contract.descriptor.method(name) {
            Some((number, _)) => Ok(Ok(Serving { contract, method: number, instance })),
            None => refuse!(Unimplemented, "method", "{service} has no method {name}"),
        }
    }

    /// What every state key of a contract begins with, when it serves the commons.
    pub fn prefix(&self, commons: &str, service: &str) -> Result<Option<Vec<u8>>, RuntimeError> {
        let instance = read::<Instance>(self.overlay, &keys::instance(commons, service))?;
        Ok(instance.map(|i| keys::contract(commons, service, i.generation)))
    }

    /// The code that serves a commons under a service name.
    pub fn code(&self, commons: &str, service: &str) -> Result<Option<Hash>, RuntimeError> {
        let instance = read::<Instance>(self.overlay, &keys::instance(commons, service))?;
        Ok(instance.and_then(|i| Hash::try_from(i.code.as_slice()).ok()))
    }

    /// Every contract that serves some commons, in the order of commons and service.
    pub fn instances(&self) -> Result<Vec<InstanceRef>, RuntimeError> {
        let prefix = b"k/instance/".to_vec();
        let mut found = Vec::new();
        for (key, value) in self.overlay.scan(&prefix, &keys::end_of(&prefix), usize::MAX, false)? {
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
        let module = || self.overlay.get(&keys::code(code))?.ok_or_else(|| damaged("no such code"));
        self.contracts.load(hash, module)
    }
}

/// A method of a contract that serves a commons.
pub struct Serving {
    /// Its code.
    pub contract: Arc<Contract>,
    /// The method's number.
    pub method: u32,
    instance: Instance,
}

impl Serving {
    /// True when the method only reads.
    pub fn is_query(&self) -> bool {
        self.contract.descriptor.methods[self.method as usize].query
    }

    /// Refuses while an upgrade in steps is under way.
    pub(crate) fn takes_commands(&self) -> Result<(), Refusal> {
        match &self.instance.upgrade {
            None => Ok(()),
            Some(upgrade) => {
                let service = &self.contract.descriptor.service;
                let message = format!(
                    "{service} is being upgraded ({} steps so far) and takes no commands until that ends; queries are answered",
                    upgrade.steps
                );
                Err(Refusal::new(Code::Unavailable, "upgrading", message))
            }
        }
    }

    pub(crate) fn keys(&self, commons: &str) -> Keyspace {
        Keyspace::one(keys::contract(commons, &self.contract.descriptor.service, self.instance.generation))
    }
}
