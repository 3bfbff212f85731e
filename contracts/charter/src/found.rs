//! Founding: from a text that a steward brings to a charter that enough members have signed.
//!
//! Until then it is a draft, which its founder may replace. From then on the kernel takes commands for this commons
//! from its charter only: the charter tells it so, once, by `Constitute`.

use crate::{
    commit,
    draft::Draft,
    fork, history, limits, parts,
    path::{Kind, Name, Place},
    proto::{
        About, Constitution, Drafted, FoundRequest, FoundResponse, Founded, Head, Parent, Part, Rule, Seat, Signature,
        Status, part::Part as Is,
    },
    seats,
    state::{HEAD, RULES},
    view,
    words::{self, forbidden, too_many},
};
use prost::Message;
use std::collections::BTreeSet;
use stint_sdk::{Code, Refusal, Time, act, announce, context, ed25519_verify, require_role, sha256};

/// What is founded: the text, and who has agreed to it already.
struct Plan {
    charter: Constitution,
    min_members: u32,
    parent: Option<Parent>,
    agreed: BTreeSet<String>,
    digest: [u8; 32],
}

pub fn found(request: FoundRequest) -> Result<FoundResponse, Refusal> {
    let head = history::head();
    let founding = sha256(&request.encode_to_vec()).to_vec();
    let founder = context().caller;
    if head.founding == founding && head.founder == founder {
        return Ok(FoundResponse { known: true, status: head.status, digest: head.digest });
    }
    require_role("steward", "found a charter")?;
    may_found(&head, &founder)?;
    let signatures = request.signatures.clone();
    let plan = plan(request, &founder)?;
    let digest = plan.digest.to_vec();
    write(&plan, Head { founder: founder.clone(), founding, signatures, digest, ..head })?;
    announce(&Drafted { founder, min_members: plan.min_members, digest: plan.digest.to_vec() });
    sign(&plan)?;
    complete()?;
    Ok(FoundResponse { known: false, status: history::head().status, digest: plan.digest.to_vec() })
}

fn may_found(head: &Head, founder: &str) -> Result<(), Refusal> {
    match head.status() {
        Status::None => Ok(()),
        Status::Draft if head.founder == founder => Ok(()),
        Status::Draft => {
            let message =
                format!("{} has a draft of a charter by {}, who may replace it", context().commons, head.founder);
            Err(Refusal::new(Code::AlreadyExists, "founded", message))
        }
        _ => {
            let message = format!("{} has a charter; it changes by proposals", context().commons);
            Err(Refusal::new(Code::AlreadyExists, "founded", message))
        }
    }
}

fn plan(request: FoundRequest, founder: &str) -> Result<Plan, Refusal> {
    if !request.parent.is_empty() {
        return from_fork(request);
    }
    let digest = digest_of(&request);
    let missing = || Refusal::invalid("charter", "the request holds no charter; give one, or the commons of a fork");
    let charter = request.charter.ok_or_else(missing)?;
    let min_members = if request.min_members == 0 { 2 } else { request.min_members };
    if min_members as usize > charter.seats.len() {
        let message = format!("{min_members} members are needed, and there are {} seats for them", charter.seats.len());
        return Err(Refusal::invalid("min_members", message));
    }
    let mut agreed = signed(&request.signatures, &digest)?;
    agreed.insert(founder.into());
    Ok(Plan { charter, min_members, parent: None, agreed, digest })
}

/// What the members of a fork agreed on in the commons that they leave.
fn from_fork(request: FoundRequest) -> Result<Plan, Refusal> {
    words::commons(&request.parent)?;
    if request.charter.is_some() || request.min_members > 0 || !request.signatures.is_empty() {
        let message = "a fork takes over the charter that its members agreed on; give the parent and nothing else";
        return Err(Refusal::invalid("parent", message));
    }
    let answer = fork::of_parent(&request.parent)?;
    let record = answer.fork.unwrap_or_default();
    let parent = Parent { commons: request.parent.clone(), height: record.height };
    Ok(Plan {
        charter: answer.charter.unwrap_or_default(),
        min_members: fork::MEMBERS as u32,
        digest: fork::digest(&request.parent, &record),
        parent: Some(parent),
        agreed: record.agreed.into_iter().collect(),
    })
}

/// What founders sign: commons, number of members, and the charter.
fn digest_of(request: &FoundRequest) -> [u8; 32] {
    let charter = request.charter.clone().unwrap_or_default();
    let commons = context().commons;
    let mut bytes = b"stint charter founding v1\0".to_vec();
    bytes.push(commons.len() as u8);
    bytes.extend_from_slice(commons.as_bytes());
    bytes.extend_from_slice(&request.min_members.to_be_bytes());
    bytes.extend_from_slice(&view::hash(&view::fields(&weighted(charter))));
    sha256(&bytes)
}

/// A seat weighs 1 when nothing is said.
fn weighted(mut charter: Constitution) -> Constitution {
    for seat in &mut charter.seats {
        seat.weight.get_or_insert(1);
    }
    charter
}

/// Agents whose signatures over a digest are right.
pub fn signed(signatures: &[Signature], digest: &[u8; 32]) -> Result<BTreeSet<String>, Refusal> {
    if signatures.len() > limits::FORK_MEMBERS {
        let message =
            format!("{} signatures are more than the {} taken at once", signatures.len(), limits::FORK_MEMBERS);
        return Err(too_many("signature", message));
    }
    for signature in signatures {
        let bytes = signature.signature.as_slice().try_into().ok();
        let key = signature.key.as_slice().try_into().ok();
        let right = key.zip(bytes).is_some_and(|(key, bytes)| ed25519_verify(key, bytes, digest));
        if !right {
            let message = format!("the signature of {} is not over the digest {}", signature.agent, words::hex(digest));
            return Err(Refusal::invalid("signature", message).with("digest", words::hex(digest)));
        }
    }
    Ok(signatures.iter().map(|signature| signature.agent.clone()).collect())
}

/// Writes the draft. Seats are offered to whom they name.
fn write(plan: &Plan, mut head: Head) -> Result<(), Refusal> {
    for slot in history::ids(Kind::Rule) {
        for rule in history::versions(&slot, history::NOW) {
            RULES.delete(&(Name(slot.clone()), parts::rule_from(&rule), rule.version));
        }
    }
    let charter = weighted(plan.charter.clone());
    let mut draft = Draft::founding();
    let mut places = BTreeSet::new();
    for (place, part) in places_of(&charter)? {
        if !places.insert(place.clone()) {
            return Err(Refusal::invalid("charter", format!("{} stands twice in the charter", place.id)));
        }
        draft.set(place, parts::leaves(&part));
    }
    let mut amendment = draft.finish(Time::MIN)?;
    amendment.rules = rules(&charter.rules, plan.parent.is_some())?;
    (head.version, head.min_members, head.parent) = (1, plan.min_members, plan.parent.clone());
    head.set_status(Status::Draft);
    HEAD.put(&head);
    commit::write(amendment, "");
    Ok(())
}

fn places_of(charter: &Constitution) -> Result<Vec<(Place, Part)>, Refusal> {
    let about = About { purpose: charter.purpose.clone(), review_by: charter.review_by.clone(), status: 0 };
    let mut all = vec![(Place::about(), Is::About(about))];
    for seat in &charter.seats {
        words::word("seat", &seat.id)?;
        let invited = if seat.holder.is_empty() { seat.invited.clone() } else { seat.holder.clone() };
        let offered = Seat { holder: String::new(), invited, ..seat.clone() };
        all.push((Place::new(Kind::Seat, &seat.id), Is::Seat(offered)));
    }
    for decision in &charter.decisions {
        words::word("subject", &decision.subject)?;
        all.push((Place::new(Kind::Decision, &decision.subject), Is::Decision(decision.clone())));
    }
    for step in &charter.sanctions {
        all.push((Place::new(Kind::Step, step.n.to_string()), Is::Step(step.clone())));
    }
    Ok(all.into_iter().map(|(place, part)| (place, Part { part: Some(part) })).collect())
}

/// The first versions. Only a fork brings more than one of a slot: one that holds, and those that follow.
fn rules(given: &[Rule], forked: bool) -> Result<Vec<Rule>, Refusal> {
    let mut rules: Vec<Rule> = Vec::new();
    for rule in given {
        words::word("slot", &rule.slot)?;
        let from = if rule.from.is_empty() { history::now().to_string() } else { rule.from.clone() };
        let leaves = parts::rule_leaves(&Rule { from, ..rule.clone() });
        let read = parts::read_rule(&Place::new(Kind::Rule, &rule.slot), &leaves)?;
        let before = rules.iter().filter(|other| other.slot == rule.slot).count() as u32;
        if before > 0 && !forked {
            return Err(Refusal::invalid("charter", format!("the slot {} stands twice in the charter", rule.slot)));
        }
        rules.push(Rule { version: before + 1, ..read });
    }
    let slots: BTreeSet<&String> = rules.iter().map(|rule| &rule.slot).collect();
    if slots.len() > limits::SLOTS {
        return Err(too_many(
            "rules",
            format!("{} slots are more than the {} there may be", slots.len(), limits::SLOTS),
        ));
    }
    Ok(rules)
}

/// Those who have agreed take their seats.
fn sign(plan: &Plan) -> Result<(), Refusal> {
    let offered = history::seats(history::NOW);
    for agent in &plan.agreed {
        let theirs: Vec<Seat> = offered.iter().filter(|seat| seat.invited == *agent).cloned().collect();
        if theirs.is_empty() {
            // A steward may found a commons without a seat in it; a signature without a seat signs nothing.
            match *agent == context().caller {
                true => continue,
                false => {
                    return Err(forbidden(
                        "signature",
                        format!("{agent} has signed, and the charter names no seat for {agent}"),
                    ));
                }
            }
        }
        seats::take(theirs, agent)?;
    }
    Ok(())
}

/// Makes a draft a founded charter once enough members have signed.
pub fn complete() -> Result<(), Refusal> {
    let head = history::head();
    if head.status() != Status::Draft || head.members < head.min_members {
        return Ok(());
    }
    commit::status(Status::Founded);
    act("", "/stint.v1.Kernel/Constitute", &[])?;
    let hash = view::hash(&view::fields(&view::constitution(history::NOW)));
    announce(&Founded { members: head.members, parent: head.parent, hash: hash.to_vec() });
    Ok(())
}
