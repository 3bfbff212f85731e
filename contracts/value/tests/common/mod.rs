//! Forge, a commons on a ledger in memory: its contributions are validated by one peer, its incomes distributed by
//! the rule `hours`.
#![allow(dead_code)]

pub mod many;
#[path = "../../../contribute/tests/mocks/mod.rs"]
pub mod mocks;

use contribute::proto as log;
use hours::Hours;
use stint_sdk::{Code, Refusal, testing::World};
use value::{Contract, proto::*};

pub struct Forge {
    pub world: World,
    pub rule: [u8; 32],
}

/// Reimbursement first, then fund and design of what that left, and work takes the rest.
pub const FORGE: [(&str, &str); 29] = [
    ("rate", "20.00"),
    ("care_weight", "1.0"),
    ("rules.1.kind", "purchase"),
    ("rules.1.equation", "value"),
    ("rules.1.stream", "reimbursement"),
    ("rules.1.claim", "debt"),
    ("rules.2.kind", "cite"),
    ("rules.2.equation", "quantity"),
    ("rules.2.stream", "design"),
    ("rules.2.claim", "once"),
    ("rules.3.kind", "work"),
    ("rules.3.unit", "h"),
    ("rules.3.equation", "quantity * rate"),
    ("rules.3.stream", "work"),
    ("rules.3.claim", "once"),
    ("rules.4.kind", "care"),
    ("rules.4.unit", "h"),
    ("rules.4.equation", "quantity * rate * care_weight"),
    ("rules.4.stream", "work"),
    ("rules.4.claim", "once"),
    ("buckets.1.name", "reimbursement"),
    ("buckets.2.name", "fund"),
    ("buckets.2.agent", "fund"),
    ("buckets.2.pct", "1000"),
    ("buckets.3.name", "design"),
    ("buckets.3.pct", "500"),
    ("buckets.3.of", "reimbursement"),
    ("buckets.4.name", "work"),
    ("digits", "2"),
];

/// The same with another value at some paths.
pub fn with(changes: &[(&str, &str)]) -> Vec<Param> {
    let kept = FORGE.iter().filter(|(path, _)| !changes.iter().any(|(changed, _)| changed == path));
    params(&kept.chain(changes).copied().collect::<Vec<_>>())
}

pub fn params(pairs: &[(&str, &str)]) -> Vec<Param> {
    pairs.iter().map(|(path, value)| Param { path: (*path).into(), value: (*value).into() }).collect()
}

impl Forge {
    /// On 2026-01-01, with these parameters from that day on.
    pub fn new(params: Vec<Param>) -> Forge {
        let mut world = World::new();
        world.deploy::<Contract>("forge");
        world.deploy::<contribute::Contract>("forge");
        world.member("forge", "steward", &["steward"]);
        world.member("forge", "peer", &["worker"]);
        let rule = world.publish_rule::<Hours>();
        let pairs = [("k", "1"), ("circle", "worker"), ("window_days", "3000")];
        let pair = |(path, value): &(&str, &str)| log::Param { path: (*path).into(), value: (*value).into() };
        let request = log::ConfigureRequest { params: pairs.iter().map(pair).collect() };
        world.call("forge", "steward", &log::methods::CONFIGURE, &request).unwrap();
        let mut forge = Forge { world, rule };
        forge.set_rule(params, "2026-01-01").unwrap();
        forge
    }

    pub fn set_rule(&mut self, params: Vec<Param>, from: &str) -> Result<u32, Refusal> {
        let request = SetRuleRequest { module: self.rule.into(), params, from: from.into() };
        self.world.call("forge", "steward", &methods::SET_RULE, &request).map(|r| r.version)
    }

    /// Lets time pass until a day.
    pub fn until(&mut self, day: &str) {
        while self.world.today().to_string().as_str() < day {
            self.world.days(1);
        }
    }

    /// Logs a contribution of a kind, `120 h`, and has it accepted.
    pub fn did(&mut self, id: &str, agent: &str, kind: &str, quantity: &str, facts: &[(&str, &str)]) {
        let date = self.world.today();
        let (value, unit) = quantity.split_once(' ').unwrap_or((quantity, "one"));
        // Long work is spread over the days before.
        let from = if unit == "h" { date.plus(-20) } else { date };
        let request = log::LogRequest {
            id: id.into(),
            author: agent.into(),
            stream: kind.into(),
            kind: kind.into(),
            quantity: Some(log::Quantity { value: value.into(), unit: unit.into() }),
            from: from.to_string(),
            date: date.to_string(),
            attributes: facts.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            ..Default::default()
        };
        self.world.call("forge", "steward", &log::methods::LOG, &request).unwrap();
        let request = log::ValidateRequest { log: id.into(), accepted: value.into(), note: String::new() };
        self.world.call("forge", "peer", &log::methods::VALIDATE, &request).unwrap();
    }

    pub fn register(&mut self, id: &str, amount: i64, purchases: i64) {
        let date = self.world.today().to_string();
        let income = Income { id: id.into(), amount, purchases, date, unit: "EUR".into(), ..Income::default() };
        self.world
            .call("forge", "steward", &methods::REGISTER_INCOME, &RegisterIncomeRequest { income: Some(income) })
            .unwrap();
    }

    pub fn distribute(&mut self, id: &str) -> Result<DistributeResponse, Refusal> {
        let request = DistributeRequest { income: id.into(), ..Default::default() };
        self.world.call("forge", "steward", &methods::DISTRIBUTE, &request)
    }

    /// Registers an income of today and distributes it.
    pub fn income(&mut self, id: &str, amount: i64, purchases: i64) -> Vec<(String, i64)> {
        self.register(id, amount, purchases);
        assert!(self.distribute(id).unwrap().done);
        self.payouts(id)
    }

    pub fn payouts(&mut self, id: &str) -> Vec<(String, i64)> {
        let request = GetDistributionRequest { distribution: id.into(), page_size: 1000, ..Default::default() };
        let found = self.world.query("forge", &methods::GET_DISTRIBUTION, &request).unwrap();
        found.payouts.into_iter().map(|p| (p.agent, p.amount)).collect()
    }

    pub fn distribution(&mut self, id: &str) -> Distribution {
        let request = GetDistributionRequest { distribution: id.into(), ..Default::default() };
        self.world.query("forge", &methods::GET_DISTRIBUTION, &request).unwrap().distribution.unwrap()
    }

    pub fn totals(&mut self, id: &str) -> Totals {
        self.distribution(id).totals.unwrap()
    }

    pub fn recompute(&mut self, id: &str) -> RecomputeResponse {
        self.world
            .query("forge", &methods::RECOMPUTE, &RecomputeRequest { distribution: id.into(), carry: Vec::new() })
            .unwrap()
    }

    pub fn what_if(&mut self, params: Vec<Param>, from: &str, to: &str) -> WhatIfResponse {
        let module = self.rule.into();
        let (from, to) = (from.into(), to.into());
        let request = WhatIfRequest { slot: "valuation".into(), module, params, from, to, ..Default::default() };
        in_parts(&mut self.world, request, || 0).unwrap().0
    }

    pub fn explain(&mut self, id: &str, agent: &str) -> ExplainResponse {
        let request = ExplainRequest { distribution: id.into(), agent: agent.into(), ..Default::default() };
        self.world.query("forge", &methods::EXPLAIN, &request).unwrap()
    }

    pub fn claims(&mut self, agent: &str) -> Vec<ClaimAccount> {
        self.world.query("forge", &methods::CLAIMS, &ClaimsRequest { agent: agent.into() }).unwrap().claims
    }

    /// What is owed to an agent.
    pub fn open(&mut self, agent: &str) -> i64 {
        self.claims(agent).iter().map(|c| c.open).sum()
    }
}

/// Asks in parts of so many steps each, and gives the whole report and how many parts there were.
pub fn in_parts(
    world: &mut World,
    mut request: WhatIfRequest,
    mut steps: impl FnMut() -> u32,
) -> Result<(WhatIfResponse, usize), Refusal> {
    let (mut rows, mut parts) = (Vec::new(), 0);
    loop {
        (request.at_most, parts) = (steps(), parts + 1);
        let answer = world.query("forge", &methods::WHAT_IF, &request)?;
        assert_eq!((answer.done, answer.carry.is_empty()), (!answer.report_hash.is_empty(), answer.done));
        rows.extend(answer.distributions.clone());
        if answer.done {
            return Ok((WhatIfResponse { distributions: rows, ..answer }, parts));
        }
        request.carry = answer.carry;
    }
}

/// Payouts as they are written in a test.
pub fn paid(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter().map(|(agent, amount)| (agent.to_string(), *amount)).collect()
}

pub fn rule<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (Code, String) {
    let refusal = result.unwrap_err();
    (refusal.code, refusal.rule)
}

pub fn refused(code: Code, rule: &str) -> (Code, String) {
    (code, rule.into())
}
