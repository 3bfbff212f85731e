//! Who plays: calls with what must come of them, lines told, rows compared.

use crate::{
    ledger::Ledger,
    outcome::Outcome,
    scenario::Year,
    told::{Failure, How, Told},
};
use prost::Message;
use stint_sdk::{Method, Refusal};

pub(crate) const STEWARD: &str = "steward";
pub(crate) const FORGE: &str = "forge";

pub(crate) struct Player<'a, L: Ledger> {
    pub on: &'a mut L,
    pub year: &'a Year,
    told: &'a mut dyn FnMut(Told),
    /// Of the scenario.
    pub step: u8,
    outcome: Outcome,
}

impl<'a, L: Ledger> Player<'a, L> {
    pub fn new(on: &'a mut L, year: &'a Year, told: &'a mut dyn FnMut(Told)) -> Player<'a, L> {
        Player { on, year, told, step: 0, outcome: Outcome::default() }
    }

    pub fn outcome(self) -> Outcome {
        self.outcome
    }

    /// One line.
    pub fn tell(&mut self, what: impl Into<String>) {
        (self.told)(Told { step: self.step, what: what.into(), how: How::Accepted });
    }

    /// One row.
    pub fn compare(&mut self, what: impl Into<String>, expected: impl ToString, ours: impl ToString) {
        self.outcome.compare(what.into(), expected.to_string(), ours.to_string());
    }

    pub fn fail<T>(&self, what: impl Into<String>, why: impl Into<String>) -> Result<T, Failure> {
        Err(Failure::new(self.step, what, why))
    }

    /// Something that must be done.
    pub fn done<T>(&self, what: &str, result: Result<T, Refusal>) -> Result<T, Failure> {
        result.or_else(|refusal| self.fail(what, format!("it was refused, and must be accepted: {refusal}")))
    }

    /// A call that must be accepted, without a line of its own.
    pub fn call<Q: Message, R: Message + Default>(
        &mut self,
        what: &str,
        (commons, agent): (&str, &str),
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Failure> {
        let answer = self.on.call(commons, agent, &path(method), &request.encode_to_vec());
        let bytes = self.done(what, answer)?;
        R::decode(bytes.as_slice()).or_else(|e| self.fail(what, format!("the answer cannot be read: {e}")))
    }

    /// A call that must be accepted, and is told.
    pub fn must<Q: Message, R: Message + Default>(
        &mut self,
        what: &str,
        at: (&str, &str),
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Failure> {
        let answer = self.call(what, at, method, request)?;
        self.tell(what);
        Ok(answer)
    }

    /// A call that must be refused, by this rule; it is told with the ledger's reason.
    pub fn must_not<Q: Message, R: Message + Default>(
        &mut self,
        what: &str,
        (commons, agent): (&str, &str),
        method: &Method<Q, R>,
        request: &Q,
        rule: &str,
    ) -> Result<(), Failure> {
        match self.on.call(commons, agent, &path(method), &request.encode_to_vec()) {
            Ok(_) => self.fail(what, format!("it was accepted, and must be refused by {rule}")),
            Err(refusal) if refusal.rule != rule => {
                self.fail(what, format!("it must be refused by {rule}, and was by another rule: {refusal}"))
            }
            Err(Refusal { rule, message: sentence, .. }) => {
                (self.told)(Told { step: self.step, what: what.into(), how: How::Refused { rule, sentence } });
                Ok(())
            }
        }
    }

    /// A question that must be answered.
    pub fn ask<Q: Message, R: Message + Default>(
        &mut self,
        commons: &str,
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Failure> {
        let what = format!("asking {} of {commons}", method.name);
        let answer = self.on.query(commons, &path(method), &request.encode_to_vec());
        let bytes = self.done(&what, answer)?;
        R::decode(bytes.as_slice()).or_else(|e| self.fail(what, format!("the answer cannot be read: {e}")))
    }
}

fn path<Q, R>(method: &Method<Q, R>) -> String {
    format!("/{}/{}", method.service, method.name)
}
