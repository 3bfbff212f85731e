//! Forking (G9): members continue from this charter, as it stood at a height, in a commons of their own.
//!
//! Here only what they agree on is kept. The new commons' charter, which is this same contract, asks for it when it
//! is founded with this one as its parent. History stays readable from here, by its height; resources, credit and
//! open claims stay here until agreed events move them.

use crate::{
    found, history, limits,
    proto::{
        Constitution, ForkRecord, ForkRequest, ForkResponse, Forked, GetForkRequest, GetForkResponse, Seat, Status,
        methods,
    },
    state::FORKS,
    view,
    words::{self, denied, forbidden, too_many},
};
use std::collections::BTreeSet;
use stint_sdk::{Refusal, announce, context, sha256};

/// So many make a fork.
pub const MEMBERS: usize = 2;

pub fn fork(request: ForkRequest) -> Result<ForkResponse, Refusal> {
    let record = record(&request)?;
    let digest = digest(&context().commons, &record);
    let mut agreed = found::signed(&request.signatures, &digest)?;
    let caller = context().caller;
    agreed.insert(caller.clone());
    if let Some(stranger) = agreed.iter().find(|agent| !record.members.contains(agent)) {
        let message = format!("{stranger} is not among the members of this fork; only they agree to it");
        return Err(denied("G9", message));
    }
    let known = FORKS.get(&record.id);
    if known.as_ref().is_some_and(|known| (known.height, &known.members) != (record.height, &record.members)) {
        return Err(words::other_content("fork", &record.id));
    }
    let mut record = known.unwrap_or(record);
    let before: BTreeSet<String> = record.agreed.iter().cloned().collect();
    let all: BTreeSet<String> = before.union(&agreed).cloned().collect();
    let is_agreed = all.len() >= MEMBERS;
    if all == before {
        return Ok(ForkResponse { known: true, agreed: is_agreed, digest: digest.to_vec() });
    }
    record.agreed = all.into_iter().collect();
    record.signatures.extend(request.signatures);
    FORKS.put(&record.id, &record);
    announce(&Forked { fork: Some(record), agreed: is_agreed });
    Ok(ForkResponse { known: false, agreed: is_agreed, digest: digest.to_vec() })
}

/// What is asked for, with its height and members made definite.
fn record(request: &ForkRequest) -> Result<ForkRecord, Refusal> {
    words::commons(&request.id)?;
    let now = context().height;
    if matches!(history::head().status(), Status::None | Status::Draft) {
        return Err(forbidden("status", format!("{} has no charter in force that could be forked", context().commons)));
    }
    if request.height > now {
        let message =
            format!("the height {} lies ahead; a fork names a block that there is, at most {now}", request.height);
        return Err(forbidden("G9", message).with("height", now));
    }
    let known = FORKS.get(&request.id).map(|fork| fork.height);
    // Who joins a fork without a height joins at the height that it has.
    let height = if request.height > 0 { request.height } else { known.unwrap_or(now.saturating_sub(1)) };
    let members: BTreeSet<&String> = request.members.iter().collect();
    if members.len() < MEMBERS {
        let message =
            format!("{} would fork alone; a commons has at least {MEMBERS} members", request.members.join(", "));
        return Err(forbidden("G9", message));
    }
    if members.len() > limits::FORK_MEMBERS {
        let message = format!("{} members are more than the {} of one fork", members.len(), limits::FORK_MEMBERS);
        return Err(too_many("G9", message));
    }
    let then = history::seats(history::revision(0, height)?);
    if let Some(stranger) = members.iter().find(|agent| !then.iter().any(|seat| seat.holder == ***agent)) {
        let message = format!("{stranger} held no seat of {} at height {height}; only members fork", context().commons);
        return Err(denied("G9", message));
    }
    let members = members.into_iter().cloned().collect();
    Ok(ForkRecord { id: request.id.clone(), height, members, ..ForkRecord::default() })
}

/// What members sign who cannot call: both commons, the height, and who goes along.
pub fn digest(parent: &str, record: &ForkRecord) -> [u8; 32] {
    let mut bytes = b"stint charter fork v1\0".to_vec();
    let mut text = |text: &str| {
        bytes.push(text.len() as u8);
        bytes.extend_from_slice(text.as_bytes());
    };
    text(parent);
    text(&record.id);
    record.members.iter().for_each(|agent| text(agent));
    bytes.extend_from_slice(&record.height.to_be_bytes());
    sha256(&bytes)
}

pub fn get(request: GetForkRequest) -> Result<GetForkResponse, Refusal> {
    let fork = FORKS.get(&request.id).ok_or_else(|| words::missing("fork", &request.id))?;
    let revision = history::revision(0, fork.height)?;
    let charter = taken_over(view::constitution(revision), &fork);
    let hash = view::hash(&view::fields(&charter)).to_vec();
    let version = history::moment(revision).version;
    Ok(GetForkResponse { fork: Some(fork), charter: Some(charter), version, hash })
}

/// The seats go along with their holders; those of whom stays are vacant.
fn taken_over(charter: Constitution, fork: &ForkRecord) -> Constitution {
    let seat = |seat: Seat| {
        let holder = if fork.members.contains(&seat.holder) { seat.holder } else { String::new() };
        Seat { holder, invited: String::new(), ..seat }
    };
    Constitution { seats: charter.seats.into_iter().map(seat).collect(), ..charter }
}

/// What this commons was agreed on as, in the one that its members come from.
pub fn of_parent(parent: &str) -> Result<GetForkResponse, Refusal> {
    let id = context().commons;
    let answer = methods::GET_FORK.call(parent, &GetForkRequest { id: id.clone() })?;
    let agreed = answer.fork.as_ref().map_or(0, |fork| fork.agreed.len());
    if agreed >= MEMBERS {
        return Ok(answer);
    }
    let message = format!("{agreed} of at least {MEMBERS} members have agreed to the fork {id} in {parent}");
    Err(forbidden("G9", message))
}
