//! The scenario on the contracts themselves, all together: every expected number, and every refusal.

mod common;

use book::proto::ResourceResponse;
use common::Native;
use orchard::{Failure, How, Ledger, Module, Outcome, Rule, Scenario, Told, play};
use prost::Message;
use stint_sdk::Refusal;

fn played(on: &mut Native, scenario: &Scenario) -> (Outcome, Vec<Told>) {
    let mut told = Vec::new();
    let outcome = play(on, scenario, &mut |line| {
        println!("{line}");
        told.push(line);
    });
    (outcome.unwrap(), told)
}

#[test]
fn every_number_of_the_scenario_comes_out() {
    let (outcome, told) = played(&mut Native::on("2026-12-01"), &Scenario::default());
    println!("{outcome}");
    assert!(outcome.all_equal(), "{:#?}", outcome.differences());
    // 24 resources by three fields, six processes by three, the events; and the rest.
    assert!(outcome.rows.len() > 140, "only {} rows", outcome.rows.len());
    for step in [0, 1, 3, 4, 5, 8] {
        assert!(told.iter().any(|line| line.step == step), "nothing was told of step {step}");
    }
}

#[test]
fn what_must_be_refused_is_refused_by_its_rule() {
    let (_, told) = played(&mut Native::on("2026-12-01"), &Scenario::default());
    let rules: Vec<&str> = told
        .iter()
        .filter_map(|line| match &line.how {
            How::Refused { rule, .. } => Some(rule.as_str()),
            How::Accepted => None,
        })
        .collect();
    let expected = [
        "action", "unit", "R7", "id", "R-mass", "R10", "R5", "C-4", "C-1", "C-1", "C-3", "event", "V3", "id", "G5",
        "G1", "G4", "G4", "G2", "delay", "G3", "G9", "G9",
    ];
    assert_eq!(rules, expected);
}

#[test]
fn on_a_ledger_whose_year_is_not_over_it_plays_in_the_year_before_and_in_seconds() {
    let scenario = Scenario { open_for_s: 20, delay_s: 10 };
    let (outcome, _) = played(&mut Native::on("2026-06-01T10:00:00Z"), &scenario);
    assert!(outcome.all_equal(), "{:#?}", outcome.differences());
}

#[test]
fn a_ledger_where_it_was_played_already_is_refused_and_not_spoilt() {
    let mut native = Native::on("2026-12-01");
    played(&mut native, &Scenario::default());
    let failure = play(&mut native, &Scenario::default(), &mut |_| {}).unwrap_err();
    assert_eq!(failure.step, 0, "{failure}");
}

/// A ledger that does not tell the truth: of the scrap at mend it says 1 kg more, or it takes whatever it is sent.
struct Untrue {
    native: Native,
    lax: bool,
}

impl Ledger for Untrue {
    fn found(&mut self, commons: &str, purpose: &str, members: &[(&str, &[&str])]) -> Result<(), Refusal> {
        self.native.found(commons, purpose, members)
    }

    fn deploy(&mut self, commons: &str, module: Module) -> Result<(), Refusal> {
        self.native.deploy(commons, module)
    }

    fn publish_rule(&mut self, rule: Rule) -> Result<[u8; 32], Refusal> {
        self.native.publish_rule(rule)
    }

    fn call(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let answer = self.native.call(commons, agent, method, request);
        if self.lax { Ok(answer.unwrap_or_default()) } else { answer }
    }

    fn query(&mut self, commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let answer = self.native.query(commons, method, request)?;
        if method != "/stint.book.v1.Book/Resource" {
            return Ok(answer);
        }
        let mut said = ResourceResponse::decode(answer.as_slice()).unwrap();
        let resource = said.resource.as_mut().filter(|r| r.id == "SCM");
        if let Some(quantity) = resource.and_then(|r| r.onhand_quantity.as_mut()) {
            quantity.value = "16".into();
        }
        Ok(said.encode_to_vec())
    }

    fn height(&mut self) -> u64 {
        self.native.height()
    }

    fn now(&mut self) -> String {
        self.native.now()
    }

    fn wait_until(&mut self, time: &str) {
        self.native.wait_until(time);
    }
}

fn untrue(lax: bool) -> Result<Outcome, Failure> {
    play(&mut Untrue { native: Native::on("2026-12-01"), lax }, &Scenario::default(), &mut |_| {})
}

#[test]
fn a_number_that_differs_shows_in_the_table_and_nowhere_else() {
    let outcome = untrue(false).unwrap();
    let rows: Vec<_> = outcome.differences().into_iter().map(|r| (r.what.as_str(), r.ours.as_str())).collect();
    assert_eq!(rows, [("SCM on hand", "16")]);
}

#[test]
fn a_ledger_that_takes_what_it_must_refuse_fails_at_the_first_of_it() {
    let failure = untrue(true).unwrap_err();
    assert_eq!((failure.step, failure.why.as_str()), (1, "it was accepted, and must be refused by action"));
}
