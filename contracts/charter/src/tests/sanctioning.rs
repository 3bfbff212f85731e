//! Graduated sanctions and appeals (G8).

use super::*;
use case::Status as At;
use prost::Message;
use step::Effect;

fn sanction(world: &mut World, by: &str, id: &str, agent: &str, step: u32) -> Result<SanctionResponse, Refusal> {
    world.call("forge", by, &methods::SANCTION, &against(id, agent, step))
}

fn against(id: &str, agent: &str, step: u32) -> SanctionRequest {
    SanctionRequest {
        id: id.into(),
        agent: agent.into(),
        step,
        evidence: vec!["ev:1".into()],
        reason: "took twice".into(),
    }
}

fn effects(world: &mut World, agent: &str) -> Vec<Effect> {
    let request = GetStandingRequest { agent: agent.into() };
    world.query("forge", &methods::GET_STANDING, &request).unwrap().suspended().collect()
}

fn appeal(world: &mut World, agent: &str, case: &str) -> Result<AppealResponse, Refusal> {
    world.call("forge", agent, &methods::APPEAL, &AppealRequest { case: case.into(), text: "it was not me".into() })
}

fn case(world: &mut World, id: &str) -> Case {
    world.query("forge", &methods::GET_CASE, &GetCaseRequest { case: id.into() }).unwrap().case.unwrap()
}

/// Decides a call of the charter under `decisions`, by those who may vote.
fn decide(world: &mut World, id: &str, method: &str, request: Vec<u8>) -> Result<ExecuteResponse, Refusal> {
    let method = format!("/stint.charter.v1.Charter/{method}");
    propose(world, &calling(id, "decisions", &method, request))?;
    for (_, agent) in SEATS.iter().filter(|(_, agent)| *agent != "bo") {
        vote(world, agent, id, Choice::Yes).unwrap();
    }
    world.days(42);
    execute(world, id)
}

fn resolve(world: &mut World, id: &str, case: &str, upheld: bool) -> Result<ExecuteResponse, Refusal> {
    let request = ResolveAppealRequest { case: case.into(), upheld, note: "we looked".into() };
    decide(world, id, "ResolveAppeal", request.encode_to_vec())
}

/// Three steps against bo, the last of which suspends its vote.
fn suspended() -> World {
    let mut world = founded();
    for step in 1..=3 {
        sanction(&mut world, "ana", &format!("c{step}"), "bo", step).unwrap();
    }
    world
}

#[test]
fn sanctions_go_one_step_at_a_time() {
    let mut world = founded();
    assert_eq!(refused(sanction(&mut world, "ana", "c", "bo", 2)), (Code::FailedPrecondition, "G8".into()));
    sanction(&mut world, "ana", "c1", "bo", 1).unwrap();
    assert_eq!(effects(&mut world, "bo"), [Effect::Notice]);
    assert!(sanction(&mut world, "ana", "c1", "bo", 1).unwrap().known);
    assert_eq!(refused(sanction(&mut world, "ana", "c1", "cy", 1)), (Code::AlreadyExists, "id".into()));
    assert_eq!(rule(sanction(&mut world, "ana", "c", "bo", 1)), "G8");
    assert_eq!(rule(sanction(&mut world, "ana", "c", "bo", 3)), "G8");
    sanction(&mut world, "cy", "c2", "bo", 2).unwrap();
    assert_eq!(effects(&mut world, "bo"), [Effect::Notice, Effect::SuspendClaims]);
    assert!(effects(&mut world, "cy").is_empty());
}

#[test]
fn holders_of_seats_take_steps_but_not_against_themselves() {
    let mut world = founded();
    assert_eq!(rule(sanction(&mut world, "eve", "c", "bo", 1)), "seat");
    assert_eq!(refused(sanction(&mut world, "bo", "c", "bo", 1)), (Code::PermissionDenied, "G8".into()));
    let mut with = |request: SanctionRequest| rule(world.call("forge", "ana", &methods::SANCTION, &request));
    assert_eq!(with(SanctionRequest { id: "a/b".into(), ..against("c", "bo", 1) }), "id");
    assert_eq!(with(against("c", "b o", 1)), "agent");
    assert_eq!(with(SanctionRequest { reason: String::new(), ..against("c", "bo", 1) }), "reason");
    assert_eq!(with(SanctionRequest { evidence: vec!["a b".into()], ..against("c", "bo", 1) }), "evidence");
    assert_eq!(with(SanctionRequest { evidence: vec!["e".into(); 33], ..against("c", "bo", 1) }), "evidence");
    // Also of somebody without a seat: a designer outside has claims.
    sanction(&mut world, "ana", "c", "outsider", 1).unwrap();
}

#[test]
fn who_is_suspended_does_not_vote() {
    let mut world = suspended();
    let purpose = patch(&mut world, "/purpose", "Other");
    propose(&mut world, &proposal("p", "decisions", vec![purpose])).unwrap();
    assert_eq!(refused(vote(&mut world, "bo", "p", Choice::No)), (Code::PermissionDenied, "G8".into()));
    // An appeal suspends the effect until it is resolved.
    assert_eq!(rule(appeal(&mut world, "cy", "c3")), "appeal");
    assert_eq!(rule(appeal(&mut world, "bo", "c9")), "case");
    appeal(&mut world, "bo", "c3").unwrap();
    assert_eq!(effects(&mut world, "bo"), [Effect::Notice, Effect::SuspendClaims]);
    vote(&mut world, "bo", "p", Choice::No).unwrap();
    assert_eq!(rule(appeal(&mut world, "bo", "c3")), "appeal");
    let none = AppealRequest { case: "c2".into(), text: String::new() };
    assert_eq!(rule(world.call("forge", "bo", &methods::APPEAL, &none)), "text");
}

#[test]
fn an_appeal_is_resolved_by_a_decision() {
    let mut world = suspended();
    let resolve_directly = ResolveAppealRequest { case: "c3".into(), upheld: true, note: "no".into() };
    assert_eq!(rule(world.call("forge", "ana", &methods::RESOLVE_APPEAL, &resolve_directly)), "decision");
    appeal(&mut world, "bo", "c3").unwrap();
    // While it is open, no further step is taken.
    assert_eq!(rule(decide(&mut world, "ex", "Sanction", against("c4", "bo", 4).encode_to_vec())), "G8");
    resolve(&mut world, "up", "c3", true).unwrap();
    assert_eq!(case(&mut world, "c3").status(), At::Upheld);
    assert_eq!(effects(&mut world, "bo").last(), Some(&Effect::SuspendVote));
    assert_eq!(rule(appeal(&mut world, "bo", "c3")), "appeal");
    assert_eq!(rule(resolve(&mut world, "again", "c3", false)), "appeal");
    appeal(&mut world, "bo", "c2").unwrap();
    resolve(&mut world, "down", "c2", false).unwrap();
    assert_eq!(effects(&mut world, "bo"), [Effect::Notice, Effect::SuspendVote]);
}

#[test]
fn exclusion_needs_a_decision_and_frees_the_seat() {
    let mut world = suspended();
    let refusal = sanction(&mut world, "ana", "c4", "bo", 4).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.details["subject"].as_str()), ("G8", "decisions"));
    let lax = calling("lax", "spending", "/stint.charter.v1.Charter/Sanction", against("c4", "bo", 4).encode_to_vec());
    assert_eq!(rule(propose(&mut world, &lax)), "subject");
    decide(&mut world, "ex", "Sanction", against("c4", "bo", 4).encode_to_vec()).unwrap();
    let excluded = case(&mut world, "c4");
    assert_eq!((excluded.by.as_str(), excluded.freed.as_slice()), ("ex", ["w2".to_string()].as_slice()));
    assert_eq!(field(&mut world, "/seats/w2/holder"), "");
    let back = InviteRequest { seat: "w2".into(), agent: "bo".into() };
    assert_eq!(rule(world.call("forge", "ana", &methods::INVITE, &back)), "G8");
    let invited = patch(&mut world, "/seats/w2/invited", "bo");
    assert_eq!(rule(propose(&mut world, &proposal("p", "decisions", vec![invited]))), "G8");
    // An appeal gives the seat back until it is resolved; an upheld one takes it again.
    assert_eq!(appeal(&mut world, "bo", "c4").unwrap().seats, ["w2"]);
    assert_eq!(field(&mut world, "/seats/w2/holder"), "bo");
    resolve(&mut world, "up", "c4", true).unwrap();
    assert_eq!(field(&mut world, "/seats/w2/holder"), "");
    // There is no step behind the last.
    assert_eq!(rule(decide(&mut world, "more", "Sanction", against("c5", "bo", 5).encode_to_vec())), "G8");
}

#[test]
fn a_seat_that_was_taken_since_is_not_given_back() {
    let mut world = suspended();
    decide(&mut world, "ex", "Sanction", against("c4", "bo", 4).encode_to_vec()).unwrap();
    let invite = InviteRequest { seat: "w2".into(), agent: "eve".into() };
    world.call("forge", "ana", &methods::INVITE, &invite).unwrap();
    accept(&mut world, "eve", "w2").unwrap();
    assert!(appeal(&mut world, "bo", "c4").unwrap().seats.is_empty());
    assert_eq!(field(&mut world, "/seats/w2/holder"), "eve");
}

#[test]
fn a_sanction_is_lifted_by_who_imposed_it_or_by_a_decision() {
    let mut world = suspended();
    let lift = |case: &str, note: &str| LiftRequest { case: case.into(), note: note.into() };
    assert_eq!(rule(world.call("forge", "cy", &methods::LIFT, &lift("c3", "enough"))), "decision");
    assert_eq!(rule(world.call("forge", "ana", &methods::LIFT, &lift("c3", ""))), "note");
    world.call("forge", "ana", &methods::LIFT, &lift("c3", "made good")).unwrap();
    assert_eq!(rule(world.call("forge", "ana", &methods::LIFT, &lift("c3", "again"))), "status");
    // The next step is the third again.
    sanction(&mut world, "cy", "c3b", "bo", 3).unwrap();
    appeal(&mut world, "bo", "c3b").unwrap();
    resolve(&mut world, "up", "c3b", true).unwrap();
    // What a decision has upheld, a decision lifts.
    assert_eq!(rule(world.call("forge", "cy", &methods::LIFT, &lift("c3b", "enough"))), "decision");
    decide(&mut world, "lift", "Lift", lift("c3b", "enough").encode_to_vec()).unwrap();
    assert_eq!(effects(&mut world, "bo"), [Effect::Notice, Effect::SuspendClaims]);
}
