//! Whether ballots pass a proposal, and by which numbers (G2).
//!
//! - Turnout is the weight of all ballots, abstentions included, of the weight of the seats that were held when
//!   the vote opened; the quorum is compared with it whatever the kind.
//! - `majority`: yes / (yes + no) reaches the threshold, and somebody said yes.
//! - `consent`: the same with 1/1, so nobody said no.
//! - Everything else is decided by a pure module, which sees all ballots.

use crate::{
    proto::{Ballot, Decision, Field, Proposal, Sums, ballot::Choice, decision::Kind},
    rule_proto::{
        DecideRequest, DescribeRequest, decide_request::Ballot as RuleBallot, decide_request::Choice as RuleChoice,
        decide_request::Param as RuleParam, methods,
    },
    state::BALLOTS,
    words,
};
use stint_sdk::{Key, Params, Refusal, Time};

/// What a count comes to.
pub struct Outcome {
    pub passed: bool,
    pub quorum: bool,
    /// In words, with the numbers.
    pub reason: String,
    /// A module's own numbers.
    pub figures: Vec<Field>,
}

/// The outcome if the vote closed at a time.
pub fn outcome(proposal: &Proposal, at: Time) -> Result<Outcome, Refusal> {
    let decision = proposal.decision.clone().unwrap_or_default();
    let sums = proposal.sums.unwrap_or_default();
    let votes = proposal.electorate_weight;
    let cast = cast(&sums);
    let turnout = format!("turnout {cast}/{votes}");
    let quorum = u128::from(cast) * 10_000 >= u128::from(decision.quorum) * u128::from(votes);
    if !quorum {
        let reason = format!("{turnout} does not reach the quorum of {} basis points", decision.quorum);
        return Ok(Outcome { passed: false, quorum, reason, figures: Vec::new() });
    }
    let (passed, reason, figures) = match Kind::try_from(decision.kind) {
        Ok(Kind::Majority | Kind::Consent) => by_threshold(&decision, &sums),
        _ => by_module(&decision, proposal, at)?,
    };
    Ok(Outcome { passed, quorum, reason: format!("{turnout}, {reason}"), figures })
}

/// Weight of all ballots.
pub fn cast(sums: &Sums) -> u64 {
    sums.yes + sums.no + sums.abstain
}

fn by_threshold(decision: &Decision, sums: &Sums) -> (bool, String, Vec<Field>) {
    let Decision { threshold_num: num, threshold_den: den, .. } = decision;
    let (yes, said) = (sums.yes, sums.yes + sums.no);
    let passed = yes > 0 && u128::from(yes) * u128::from(*den) >= u128::from(said) * u128::from(*num);
    let verb = if passed { "reaches" } else { "does not reach" };
    (passed, format!("yes {yes}/{said} {verb} {num}/{den}"), Vec::new())
}

fn by_module(decision: &Decision, proposal: &Proposal, at: Time) -> Result<(bool, String, Vec<Field>), Refusal> {
    let module = words::hash32("module", &decision.module)?;
    let request = DecideRequest {
        params: decision.params.iter().map(|p| RuleParam { path: p.path.clone(), value: p.value.clone() }).collect(),
        ballots: ballots(proposal).into_iter().map(rule_ballot).collect(),
        electorate: proposal.electorate_weight,
        opened_s: second(&proposal.opened),
        now_s: at.to_key(),
        requested: proposal.requested,
    };
    let answer = methods::DECIDE.rule(&module, &request)?;
    let figures = answer.figures.into_iter().map(|f| Field { path: f.name, value: f.value }).collect();
    Ok((answer.passed, answer.reason, figures))
}

fn rule_ballot(ballot: Ballot) -> RuleBallot {
    let choice = match Choice::try_from(ballot.choice) {
        Ok(Choice::Yes) => RuleChoice::Yes,
        Ok(Choice::No) => RuleChoice::No,
        _ => RuleChoice::Abstain,
    };
    let cast_s = second(&ballot.cast);
    RuleBallot { seat: ballot.seat, weight: ballot.weight, choice: choice.into(), stake: ballot.stake, cast_s }
}

/// A time that this contract wrote.
fn second(text: &str) -> u64 {
    Time::parse(text).unwrap_or_default().to_key()
}

/// Ballots of the vote that is open or was the last, in the order of their seats.
pub fn ballots(proposal: &Proposal) -> Vec<Ballot> {
    let mut prefix = Vec::new();
    (crate::path::Name(proposal.id.clone()), proposal.round).write(&mut prefix);
    let mut end = prefix.clone();
    end.push(0xff);
    BALLOTS.range(&prefix, &end).map(|(_, ballot)| ballot).collect()
}

/// Refuses a module that is not published as a way to decide, or does not know the parameters.
pub fn check_module(decision: &Decision) -> Result<(), Refusal> {
    let module = words::hash32("module", &decision.module)?;
    let about = methods::DESCRIBE.rule(&module, &DescribeRequest {})?;
    let params = Params::new(decision.params.iter().map(|p| (p.path.as_str(), p.value.as_str())))?;
    let known: Vec<&str> = about.parameters.iter().map(|p| p.path.as_str()).collect();
    params.only(&known)?;
    for needed in about.parameters.iter().filter(|p| p.default.is_empty()) {
        params.text(&needed.path)?;
    }
    Ok(())
}
