//! A commons that keeps a book, has its work validated and shares its income; and what each of its calls burns.

use ::book::proto::{self as book, methods as of_book};
use ::contribute::proto::{self as log, methods as of_log};
use ::value::proto::{self as value, methods as of_value};
use prost::Message;
use stint_proto::{limits::CALL_FUEL, v1};
use stint_sdk::Method;
use stint_testkit::{Ledger, STEWARD};

pub const BOOK: &[u8] = include_bytes!("../../../contracts/dist/book.wasm");
pub const CHARTER: &[u8] = include_bytes!("../../../contracts/dist/charter.wasm");
pub const CONTRIBUTE: &[u8] = include_bytes!("../../../contracts/dist/contribute.wasm");
pub const VALUE: &[u8] = include_bytes!("../../../contracts/dist/value.wasm");
pub const HOURS: &[u8] = include_bytes!("../../../contracts/dist/hours.wasm");

/// 2026-12-01: after all that is recorded.
const NOW_MS: u64 = 1_796_083_200_000;
const FORGE: &str = "forge";
const PEER: &str = "peer";
/// Work at 20.00 an hour, after a tenth for the fund.
const RULE: [(&str, &str); 10] = [
    ("buckets.1.agent", "fund"),
    ("buckets.1.name", "fund"),
    ("buckets.1.pct", "1000"),
    ("buckets.2.name", "work"),
    ("digits", "2"),
    ("rate", "20.00"),
    ("rules.1.claim", "once"),
    ("rules.1.equation", "quantity * rate"),
    ("rules.1.kind", "work"),
    ("rules.1.stream", "work"),
];

/// `/package.Service/Method`.
pub fn path<Q: Message, R: Message + Default>(method: &Method<Q, R>) -> String {
    format!("/{}/{}", method.service, method.name)
}

pub struct Forge {
    pub ledger: Ledger,
    /// The most fuel that one call of a block of many has burnt.
    pub dearest: u64,
}

impl Forge {
    /// With an empty book, on 2026-12-01.
    pub fn new() -> Forge {
        let mut ledger = Ledger::new();
        ledger.time_ms = NOW_MS;
        ledger.found(FORGE, &[(PEER, &["worker"])]);
        for module in [BOOK, CONTRIBUTE, VALUE] {
            ledger.deploy(FORGE, module);
        }
        let rule = ledger.publish(HOURS).0.to_vec();
        let mut forge = Forge { ledger, dearest: 0 };
        let pair = |(path, value): (&str, &str)| log::Param { path: path.into(), value: value.into() };
        let params = [("circle", "worker"), ("k", "1"), ("window_days", "3000")].map(pair).into();
        forge.does(&of_log::CONFIGURE, &log::ConfigureRequest { params });
        let params = RULE.map(|(path, value)| value::Param { path: path.into(), value: value.into() }).into();
        forge.does(&of_value::SET_RULE, &value::SetRuleRequest { module: rule, params, from: "2026-01-01".into() });
        forge
    }

    /// A steward's call as a block of its own; it must be accepted. Gives its answer and the fuel that it burnt.
    pub fn does<Q: Message, R: Message + Default>(&mut self, method: &Method<Q, R>, request: &Q) -> (R, u64) {
        let receipt = self.ledger.call(FORGE, STEWARD, &path(method), &request.encode_to_vec());
        assert_eq!(receipt.refusal, None, "{}", method.name);
        (R::decode(receipt.response).expect("a response"), receipt.fuel_used)
    }

    /// Calls in blocks of so many; all must be accepted.
    pub fn all<Q: Message, R: Message + Default>(
        &mut self,
        agent: &str,
        method: &Method<Q, R>,
        requests: impl IntoIterator<Item = Q>,
        in_block: usize,
    ) {
        let path = path(method);
        let calls: Vec<_> =
            requests.into_iter().map(|r| self.ledger.sign(FORGE, agent, &path, &r.encode_to_vec())).collect();
        for block in calls.chunks(in_block) {
            for receipt in self.ledger.execute(block).receipts {
                let receipt = v1::Receipt::decode(receipt).expect("a receipt");
                assert_eq!(receipt.refusal, None, "{}", method.name);
                self.dearest = self.dearest.max(receipt.fuel_used);
            }
        }
        assert!(self.dearest < CALL_FUEL);
    }

    /// A query's answer, and its fuel.
    pub fn asks<Q: Message, R: Message + Default>(&mut self, method: &Method<Q, R>, request: &Q) -> (R, u64) {
        let answer = self.ledger.measure(FORGE, &path(method), &request.encode_to_vec());
        let response = answer.result.unwrap_or_else(|refusal| panic!("{}: {refusal}", method.name));
        (R::decode(&response[..]).expect("an answer"), answer.fuel_used)
    }

    /// Records events, 50 a call.
    pub fn records(&mut self, events: impl IntoIterator<Item = book::Event>) {
        let events: Vec<_> = events.into_iter().collect();
        let batches = events.chunks(50).map(|batch| book::RecordRequest { events: batch.to_vec() });
        self.all(STEWARD, &of_book::RECORD, batches.collect::<Vec<_>>(), 2);
    }

    /// Has works of the book, each with its hours, logged and accepted in full.
    pub fn contributes(&mut self, works: &[(String, String, u64)]) {
        let logs = works.iter().map(|(id, agent, _)| logged(id, agent));
        self.all(STEWARD, &of_log::LOG, logs, 50);
        let accepted = works.iter().map(|(id, _, hours)| accepted(id, *hours));
        self.all(PEER, &of_log::VALIDATE, accepted, 50);
    }

    /// Registers an income of that day.
    pub fn earns(&mut self, id: &str, amount: i64, purchases: i64) -> u64 {
        let date = "2026-12-01".into();
        let income = value::Income { id: id.into(), amount, purchases, date, unit: "EUR".into(), ..Default::default() };
        self.does(&of_value::REGISTER_INCOME, &value::RegisterIncomeRequest { income: Some(income) }).1
    }

    /// Shares it out, in as many calls as it takes. Gives the fuel of each.
    pub fn shares(&mut self, income: &str) -> Vec<u64> {
        let request = value::DistributeRequest { income: income.into(), ..Default::default() };
        let mut calls = Vec::new();
        loop {
            let (answer, fuel) = self.does(&of_value::DISTRIBUTE, &request);
            calls.push(fuel);
            if answer.done {
                return calls;
            }
        }
    }

    pub fn explains(&mut self, distribution: &str, agent: &str, page_size: u32) -> (value::ExplainResponse, u64) {
        let (distribution, agent) = (distribution.into(), agent.into());
        let request = value::ExplainRequest { distribution, agent, page_size, page_token: String::new() };
        self.asks(&of_value::EXPLAIN, &request)
    }

    /// One work all the way from the book to the money, alone. Gives what each step burnt.
    pub fn one_work(&mut self, id: &str) -> Vec<(&'static str, u64)> {
        let event = work(id, "solo", 3, "2026-11-20");
        let mut steps =
            vec![("record it", self.does(&of_book::RECORD, &book::RecordRequest { events: vec![event] }).1)];
        steps.push(("log it", self.does(&of_log::LOG, &logged(id, "solo")).1));
        let tx = accepted(id, 3).encode_to_vec();
        let receipt = self.ledger.call(FORGE, PEER, &path(&of_log::VALIDATE), &tx);
        assert_eq!(receipt.refusal, None);
        steps.push(("validate it", receipt.fuel_used));
        let income = format!("income-{id}");
        steps.push(("register an income", self.earns(&income, 10_000, 0)));
        let calls = self.shares(&income);
        assert_eq!(calls.len(), 1);
        steps.push(("share it", calls[0]));
        steps
    }
}

/// So many hours of work of an agent, as it stands in the book.
pub fn work(id: &str, agent: &str, hours: u64, day: &str) -> book::Event {
    book::Event {
        id: id.into(),
        action: "work".into(),
        provider: agent.into(),
        receiver: FORGE.into(),
        input_of: "P".into(),
        effort_quantity: Some(book::Quantity { value: hours.to_string(), unit: "h".into() }),
        has_point_in_time: day.into(),
        ..Default::default()
    }
}

fn logged(id: &str, agent: &str) -> log::LogRequest {
    let (id, author, stream) = (id.to_string(), agent.into(), "work".into());
    log::LogRequest { event: id.clone(), id, author, stream, ..Default::default() }
}

fn accepted(log: &str, hours: u64) -> log::ValidateRequest {
    log::ValidateRequest { log: log.into(), accepted: hours.to_string(), note: String::new() }
}
