//! Voting.
//!
//! Who votes is fixed when the vote opens: the seats that were held then, each with its weight of then, by whoever
//! holds it when the ballot is cast. So turnout never passes the whole, and nobody packs a vote that is under way.

use crate::{
    history,
    path::Name,
    propose::{decision, save},
    proto::{
        Ballot, Proposal, Sums, VoteRequest, VoteResponse, Voted, ballot::Choice, decision::Kind,
        proposal::Status as At, step::Effect,
    },
    settle, standing,
    state::BALLOTS,
    who,
    words::{denied, forbidden},
};
use stint_sdk::{Refusal, announce, context};

pub fn vote(request: VoteRequest) -> Result<VoteResponse, Refusal> {
    let mut proposal = settle::load(&request.proposal)?;
    if proposal.status() != At::Open {
        let message = format!(
            "{} is {}; ballots are cast and changed until a vote closes",
            proposal.id,
            settle::shown(proposal.status())
        );
        return Err(forbidden("G3", message).with("closes", &proposal.closes));
    }
    let ballot = ballot(&proposal, &request)?;
    let mut sums = proposal.sums.unwrap_or_default();
    let key = (Name(proposal.id.clone()), proposal.round, ballot.seat.clone());
    if let Some(old) = BALLOTS.get(&key) {
        add(&mut sums, &old, -1);
    }
    add(&mut sums, &ballot, 1);
    BALLOTS.put(&key, &ballot);
    proposal.sums = Some(sums);
    save(&proposal, At::Open);
    announce(&Voted { proposal: proposal.id, ballot: Some(ballot), sums: Some(sums) });
    Ok(VoteResponse { sums: Some(sums) })
}

fn ballot(proposal: &Proposal, request: &VoteRequest) -> Result<Ballot, Refusal> {
    let agent = context().caller;
    let seat = who::own_seat(&request.seat, "vote")?;
    standing::refuse_if(&agent, Effect::SuspendVote, "vote")?;
    let then = history::seat(&seat.id, proposal.revision).filter(|seat| !seat.holder.is_empty());
    let Some(then) = then else {
        let message =
            format!("{} was not held when the vote on {} opened; it votes on later proposals", seat.id, proposal.id);
        return Err(denied("electorate", message));
    };
    let choice = Choice::try_from(request.choice).unwrap_or_default();
    if choice == Choice::Unspecified {
        return Err(Refusal::invalid("choice", "the ballot says nothing; it says YES, NO or ABSTAIN"));
    }
    Ok(Ballot {
        seat: seat.id,
        agent,
        choice: choice.into(),
        stake: stake(proposal, choice, request.stake)?,
        weight: then.weight(),
        cast: history::now().to_string(),
    })
}

/// A stake, where the way to decide takes one.
fn stake(proposal: &Proposal, choice: Choice, stake: u64) -> Result<u64, Refusal> {
    let takes = !matches!(Kind::try_from(decision(proposal).kind), Ok(Kind::Majority | Kind::Consent));
    match (takes && choice != Choice::Abstain, stake) {
        (true, 0) => Err(Refusal::invalid("stake", "this decision counts stakes; put in 1 or more")),
        (false, 1..) => Err(Refusal::invalid("stake", "this ballot takes no stake; leave it out")),
        _ => Ok(stake),
    }
}

fn add(sums: &mut Sums, ballot: &Ballot, sign: i64) {
    let weight = sign * i64::from(ballot.weight);
    let sum = match Choice::try_from(ballot.choice) {
        Ok(Choice::Yes) => &mut sums.yes,
        Ok(Choice::No) => &mut sums.no,
        _ => &mut sums.abstain,
    };
    *sum = sum.saturating_add_signed(weight);
    sums.ballots = sums.ballots.saturating_add_signed(sign as i32);
}
