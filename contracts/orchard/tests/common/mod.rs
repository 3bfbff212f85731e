//! A ledger in memory, with all contracts in it.

use orchard::{Ledger, Module, Rule};
use std::collections::BTreeSet;
use stint_sdk::{Code, Refusal, Time, testing::World};

pub struct Native(pub World, BTreeSet<String>);

impl Native {
    /// On that day.
    pub fn on(day: &str) -> Native {
        let mut native = Native(World::new(), BTreeSet::new());
        native.wait_until(day);
        native
    }
}

impl Ledger for Native {
    fn found(&mut self, commons: &str, _: &str, members: &[(&str, &[&str])]) -> Result<(), Refusal> {
        if !self.1.insert(commons.into()) {
            let why = format!("the commons {commons} is founded already");
            return Err(Refusal::new(Code::AlreadyExists, "commons", why));
        }
        for (agent, roles) in members {
            self.0.member(commons, agent, roles);
        }
        Ok(())
    }

    fn deploy(&mut self, commons: &str, module: Module) -> Result<(), Refusal> {
        match module {
            Module::Book => self.0.deploy::<book::Contract>(commons),
            Module::Charter => self.0.deploy::<charter::Contract>(commons),
            Module::Contribute => self.0.deploy::<contribute::Contract>(commons),
            Module::Value => self.0.deploy::<value::Contract>(commons),
        }
        Ok(())
    }

    fn publish_rule(&mut self, Rule::Hours: Rule) -> Result<[u8; 32], Refusal> {
        Ok(self.0.publish_rule::<hours::Hours>())
    }

    fn call(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.0.call_bytes(commons, agent, method, request)
    }

    fn query(&mut self, commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.0.query_bytes(commons, method, request)
    }

    fn height(&mut self) -> u64 {
        self.0.height()
    }

    fn now(&mut self) -> String {
        self.0.now().to_string()
    }

    fn wait_until(&mut self, time: &str) {
        let (until, now) = (Time::parse(time).unwrap(), self.0.now());
        self.0.pass(until.to_key().saturating_sub(now.to_key()) * 1000);
    }
}
