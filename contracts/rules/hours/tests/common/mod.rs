//! What the cases share: contributions in a line, payouts as texts, and a commons that goes from income to income.
#![allow(dead_code)]

use hours::Hours;
use serde_json::Value;
use std::collections::BTreeMap;
use stint_rule::{
    Native, Totals,
    proto::{Contribution, Distribution, Income, Param, Settled, Weight},
    whole,
};
use stint_sdk::{Decimal, Refusal};

/// `agent did quantity unit`, with facts.
pub fn did(agent: &str, kind: &str, quantity: &str, facts: &[(&str, &str)]) -> Contribution {
    let (value, unit) = quantity.split_once(' ').unwrap_or((quantity, ""));
    Contribution {
        id: format!("{agent}-{kind}-{value}"),
        agent: agent.into(),
        kind: kind.into(),
        stream: kind.into(),
        quantity: value.into(),
        unit: unit.into(),
        attributes: facts.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        ..Contribution::default()
    }
}

/// What a ledger keeps between incomes.
#[derive(Default)]
pub struct Commons {
    pub params: Vec<Param>,
    pub done: Vec<Contribution>,
    settled: BTreeMap<(String, String, i32), Settled>,
}

impl Commons {
    pub fn new<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> Commons {
        Commons { params: stint_rule::params(params), ..Commons::default() }
    }

    pub fn income(&mut self, cents: i64) -> Result<(Distribution, Vec<Weight>), Refusal> {
        let income = Income { id: "i".into(), amount: cents, date: "2026-03-01".into(), ..Income::default() };
        let settled: Vec<Settled> = self.settled.values().cloned().collect();
        let settled = Totals::read_settled(&settled)?;
        let answer = whole(&Native::<Hours>::default(), &self.params, &income, &self.done, settled, 3)?;
        for s in &answer.0.settled {
            self.settled.insert((s.stream.clone(), s.agent.clone(), s.claim), s.clone());
        }
        Ok(answer)
    }
}

/// Payouts as `name → 75.00`, with what nobody got as `undistributed` when there is some.
pub fn paid(distribution: &Distribution) -> BTreeMap<String, String> {
    let payouts = distribution.payouts.iter().map(|p| (p.agent.clone(), money(p.amount)));
    let rest = ("undistributed".to_string(), money(distribution.undistributed));
    payouts.chain((distribution.undistributed > 0).then_some(rest)).collect()
}

/// The shares of one pool in cents.
pub fn of_pool(distribution: &Distribution, pool: &str) -> BTreeMap<String, i64> {
    let shares = distribution.shares.iter().filter(|s| s.pool == pool);
    shares.map(|s| (s.agent.clone(), s.amount)).collect()
}

pub fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Cents of `75.00`.
pub fn cents(value: &Value) -> i64 {
    let decimal = Decimal::parse(value.as_str().expect("a decimal text"), 2).unwrap();
    decimal.at(2).and_then(|cents| cents.try_into().ok()).unwrap()
}

/// A JSON object of numbers or texts.
pub fn table<T>(value: &Value, read: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), read(value))).collect()
}
