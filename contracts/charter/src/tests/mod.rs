//! The contract in a world of several agents and contracts.

mod checking;
mod deciding;
mod ending;
mod executing;
mod forking;
mod founding;
mod looking;
mod objecting;
mod patching;
mod properties;
mod ruling;
mod sanctioning;
mod stubs;
mod voting;

use crate::{
    Contract,
    draft::value_hash,
    proto::{ballot::Choice, *},
};
use ed25519_zebra::{SigningKey, VerificationKey};
use serde_json::Value as Json;
use stint_sdk::{Code, Refusal, testing::World};

/// Who holds the seats of the example, in their order.
pub const SEATS: [(&str, &str); 6] =
    [("w1", "ana"), ("w2", "bo"), ("w3", "cy"), ("d1", "dee"), ("u1", "table-rep"), ("a1", "affected-1")];
const EXAMPLE: &str = include_str!("../../vectors/charter-forge.example.json");

/// Code and rule of a refusal.
pub fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (Code, String) {
    let refusal = result.unwrap_err();
    assert!(refusal.message.len() > 15, "{refusal} says too little");
    (refusal.code, refusal.rule)
}

/// The rule of a refusal.
pub fn rule<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    refused(result).1
}

/// The example charter as it is founded.
pub fn example() -> FoundRequest {
    let json: Json = serde_json::from_str(EXAMPLE).unwrap();
    FoundRequest { charter: Some(constitution(&json)), ..FoundRequest::default() }
}

fn constitution(json: &Json) -> Constitution {
    let text = |v: &Json| v.as_str().unwrap_or_default().to_string();
    let number = |v: &Json| v.as_u64().unwrap();
    let class = |v: &Json| seat::Class::from_str_name(&text(v).to_uppercase()).unwrap().into();
    let seat = |s: &Json| Seat {
        id: text(&s["id"]),
        class: class(&s["class"]),
        holder: text(&s["holder"]),
        weight: Some(number(&s["weight"]) as u32),
        ..Seat::default()
    };
    let decision = |(subject, d): (&String, &Json)| Decision {
        subject: subject.clone(),
        kind: decision::Kind::from_str_name(&text(&d["kind"]).to_uppercase()).unwrap().into(),
        quorum: number(&d["quorum"]) as u32,
        threshold_num: number(&d["threshold_num"]) as u32,
        threshold_den: number(&d["threshold_den"]) as u32,
        open_for_s: number(&d["open_for_days"]) * 86_400,
        delay_s: number(&d["delay_days"]) * 86_400,
        objectors: d["objectors"].as_array().unwrap().iter().map(class).collect(),
        ..Decision::default()
    };
    let rule = |(slot, r): (&String, &Json)| {
        let mut params = Vec::new();
        flatten("", &r["params"], &mut params);
        params.sort_by(|a, b| a.path.cmp(&b.path));
        Rule { slot: slot.clone(), params, from: "2025-01-01".into(), ..Rule::default() }
    };
    let step = |s: &Json| Step {
        n: number(&s["n"]) as u32,
        effect: step::Effect::from_str_name(&text(&s["effect"]).to_uppercase()).unwrap().into(),
        needs: text(&s["needs"]),
        ..Step::default()
    };
    Constitution {
        purpose: text(&json["purpose"]),
        seats: json["seats"].as_array().unwrap().iter().map(seat).collect(),
        rules: json["rules"].as_object().unwrap().iter().map(rule).collect(),
        decisions: json["decisions"].as_object().unwrap().iter().map(decision).collect(),
        sanctions: json["sanctions"].as_array().unwrap().iter().map(step).collect(),
        review_by: text(&json["review_by"]),
    }
}

/// Nested parameters as flat ones: lists are numbered from 1 on.
fn flatten(prefix: &str, json: &Json, into: &mut Vec<Param>) {
    let below = |name: &str| if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
    match json {
        Json::Object(fields) => fields.iter().for_each(|(name, v)| flatten(&below(name), v, into)),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| flatten(&below(&(i + 1).to_string()), v, into))
        }
        Json::String(text) => into.push(Param { path: prefix.into(), value: text.clone() }),
        other => into.push(Param { path: prefix.into(), value: other.to_string() }),
    }
}

/// A ledger with the contract in the commons forge, whose steward is ana.
pub fn empty() -> World {
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.member("forge", "ana", &["steward"]);
    world
}

/// The example, founded, with all six seats taken.
pub fn founded() -> World {
    founded_as(example())
}

pub fn founded_as(request: FoundRequest) -> World {
    let mut world = empty();
    world.call("forge", "ana", &methods::FOUND, &request).unwrap();
    for (seat, agent) in &SEATS[1..] {
        accept(&mut world, agent, seat).unwrap();
    }
    world
}

pub fn accept(world: &mut World, agent: &str, seat: &str) -> Result<AcceptSeatResponse, Refusal> {
    world.call("forge", agent, &methods::ACCEPT_SEAT, &AcceptSeatRequest { seat: seat.into() })
}

pub fn charter(world: &mut World) -> GetCharterResponse {
    world.query("forge", &methods::GET_CHARTER, &GetCharterRequest::default()).unwrap()
}

pub fn field(world: &mut World, path: &str) -> String {
    world.query("forge", &methods::GET_FIELD, &GetFieldRequest { path: path.into() }).unwrap().value
}

/// A patch of a field as it stands.
pub fn patch(world: &mut World, path: &str, new: &str) -> Patch {
    Patch { path: path.into(), expected_old: value_hash(&field(world, path)), new: new.into() }
}

/// A proposal of patches.
pub fn proposal(id: &str, subject: &str, patches: Vec<Patch>) -> ProposeRequest {
    ProposeRequest {
        id: id.into(),
        subject: subject.into(),
        text: "because".into(),
        patches,
        ..ProposeRequest::default()
    }
}

/// A proposal of one call.
pub fn calling(id: &str, subject: &str, method: &str, request: Vec<u8>) -> ProposeRequest {
    let call = Call { commons: String::new(), method: method.into(), request };
    ProposeRequest { calls: vec![call], ..proposal(id, subject, Vec::new()) }
}

pub fn propose(world: &mut World, request: &ProposeRequest) -> Result<ProposeResponse, Refusal> {
    world.call("forge", "ana", &methods::PROPOSE, request)
}

pub fn vote(world: &mut World, agent: &str, id: &str, choice: Choice) -> Result<VoteResponse, Refusal> {
    let request = VoteRequest { proposal: id.into(), choice: choice.into(), ..VoteRequest::default() };
    world.call("forge", agent, &methods::VOTE, &request)
}

/// Everybody votes yes.
pub fn all_yes(world: &mut World, id: &str) {
    for (_, agent) in SEATS {
        vote(world, agent, id, Choice::Yes).unwrap();
    }
}

pub fn close(world: &mut World, id: &str) -> Result<CloseResponse, Refusal> {
    world.call("forge", "anybody", &methods::CLOSE, &CloseRequest { proposal: id.into() })
}

pub fn execute(world: &mut World, id: &str) -> Result<ExecuteResponse, Refusal> {
    world.call("forge", "anybody", &methods::EXECUTE, &ExecuteRequest { proposal: id.into() })
}

pub fn status(world: &mut World, id: &str) -> proposal::Status {
    get(world, id).status()
}

pub fn get(world: &mut World, id: &str) -> Proposal {
    let request = GetProposalRequest { proposal: id.into() };
    world.query("forge", &methods::GET_PROPOSAL, &request).unwrap().proposal.unwrap()
}

/// Puts something to the vote, has all say yes, waits as long as it takes, and carries it out.
pub fn carry(world: &mut World, request: &ProposeRequest) -> Result<ExecuteResponse, Refusal> {
    propose(world, request)?;
    all_yes(world, &request.id);
    let decision = get(world, &request.id).decision.unwrap();
    world.pass((decision.open_for_s + decision.delay_s) * 1000);
    execute(world, &request.id)
}

/// The patch of the scenario: care weighs more, as it was seen to come out.
pub fn care(world: &mut World, id: &str, weight: &str) -> ProposeRequest {
    let patches = vec![patch(world, stubs::CARE, weight)];
    let whatif = stubs::what_if(world, "valuation", &patches, "2025-01-01", "2026-01-01");
    ProposeRequest { whatif: vec![whatif], ..proposal(id, "rules", patches) }
}

/// An agent's signature, by a key made from its name.
pub fn sign(agent: &str, digest: &[u8]) -> Signature {
    let secret = SigningKey::from(stint_sdk::sha256(agent.as_bytes()));
    let key: [u8; 32] = VerificationKey::from(&secret).into();
    Signature { agent: agent.into(), key: key.to_vec(), signature: secret.sign(digest).to_bytes().to_vec() }
}
