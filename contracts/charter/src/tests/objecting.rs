//! Objections (G6).

use super::*;
use crate::proto::proposal::Status as At;

const FACTORS: &str = "/rules/eco/params/factor_set";

fn object(world: &mut World, agent: &str, reason: &str) -> Result<ObjectResponse, Refusal> {
    let request = ObjectRequest { proposal: "p".into(), seat: String::new(), reason: reason.into() };
    world.call("forge", agent, &methods::OBJECT, &request)
}

fn resolve(world: &mut World, agent: &str, request: ResolveRequest) -> Result<ResolveResponse, Refusal> {
    world.call("forge", agent, &methods::RESOLVE, &ResolveRequest { proposal: "p".into(), ..request })
}

fn note(text: &str) -> ResolveRequest {
    ResolveRequest { note: text.into(), ..ResolveRequest::default() }
}

/// A change of the ecological rule, to which the affected seat may object, in a commons without a value contract's
/// interest in it.
fn proposed() -> World {
    let mut request = example();
    request.charter.as_mut().unwrap().rules.retain(|rule| rule.slot != "eco");
    let mut world = founded_as(request);
    let factors = patch(&mut world, FACTORS, "demo-2027");
    propose(&mut world, &proposal("p", "ecological", vec![factors])).unwrap();
    all_yes(&mut world, "p");
    world
}

#[test]
fn only_named_classes_object_and_they_say_why() {
    let mut world = proposed();
    for agent in ["ana", "dee", "table-rep"] {
        assert_eq!(refused(object(&mut world, agent, "harm")), (Code::PermissionDenied, "G6".into()));
    }
    assert_eq!(rule(object(&mut world, "eve", "harm")), "seat");
    assert_eq!(refused(object(&mut world, "affected-1", " ")), (Code::InvalidArgument, "G6".into()));
    assert_eq!(object(&mut world, "affected-1", "the river").unwrap().status(), At::Open);
    assert_eq!(rule(object(&mut world, "affected-1", "again")), "G6");
    // Under a subject without objectors nobody does.
    let digits = patch(&mut world, "/rules/credit/params/digits", "3");
    propose(&mut world, &proposal("q", "rules", vec![digits])).unwrap();
    let request = ObjectRequest { proposal: "q".into(), seat: String::new(), reason: "harm".into() };
    assert_eq!(rule(world.call("forge", "affected-1", &methods::OBJECT, &request)), "G6");
}

#[test]
fn while_an_objection_stands_nothing_is_executed() {
    let mut world = proposed();
    object(&mut world, "affected-1", "the river").unwrap();
    world.days(14);
    assert_eq!(close(&mut world, "p").unwrap().status(), At::Blocked);
    world.days(7);
    assert_eq!(refused(execute(&mut world, "p")), (Code::FailedPrecondition, "G6".into()));
    // It is the objector's to say that it is met.
    assert_eq!(rule(resolve(&mut world, "ana", note("never mind"))), "G6");
    assert_eq!(refused(resolve(&mut world, "affected-1", note(""))), (Code::InvalidArgument, "note".into()));
    let answer = resolve(&mut world, "affected-1", note("measured, and it is fine")).unwrap();
    assert_eq!((answer.status(), answer.reopened), (At::Passed, false));
    assert_eq!(rule(resolve(&mut world, "affected-1", note("again"))), "status");
    execute(&mut world, "p").unwrap();
    assert_eq!(field(&mut world, FACTORS), "demo-2027");
    assert_eq!(rule(object(&mut world, "affected-1", "too late")), "status");
}

#[test]
fn an_objection_during_the_delay_blocks_what_has_passed() {
    let mut world = proposed();
    world.days(15);
    assert_eq!(close(&mut world, "p").unwrap().status(), At::Queued);
    assert_eq!(object(&mut world, "affected-1", "the river").unwrap().status(), At::Blocked);
    let answer = resolve(&mut world, "affected-1", note("fine")).unwrap();
    assert_eq!(answer.status(), At::Queued);
    assert_eq!(rule(execute(&mut world, "p")), "delay");
    world.days(6);
    execute(&mut world, "p").unwrap();
}

#[test]
fn an_amended_proposal_that_meets_the_objection_opens_the_vote_anew() {
    let mut world = proposed();
    object(&mut world, "affected-1", "the river").unwrap();
    let better = patch(&mut world, FACTORS, "river-2027");
    let offer = ResolveRequest { amended: vec![better.clone()], ..note("with the river") };
    assert_eq!(rule(resolve(&mut world, "bo", offer.clone())), "author");
    let worse = ResolveRequest { amended: vec![Patch { expected_old: value_hash("else"), ..better }], ..note("x") };
    assert_eq!(rule(resolve(&mut world, "ana", worse)), "G1");
    resolve(&mut world, "ana", offer).unwrap();
    assert_eq!(get(&mut world, "p").objections[0].offer.clone().unwrap().note, "with the river");
    world.days(20);
    let answer = resolve(&mut world, "affected-1", note("good")).unwrap();
    assert_eq!((answer.status(), answer.reopened), (At::Open, true));
    let anew = get(&mut world, "p");
    assert_eq!((anew.round, anew.sums.unwrap().ballots, anew.closes.as_str()), (2, 0, "2026-02-04"));
    // The old ballots were on something else.
    world.days(14);
    assert_eq!(close(&mut world, "p").unwrap().status(), At::Rejected);
}

#[test]
fn the_objector_may_let_the_proposal_stand_whatever_was_offered() {
    let mut world = proposed();
    object(&mut world, "affected-1", "the river").unwrap();
    let amended = vec![patch(&mut world, FACTORS, "river-2027")];
    resolve(&mut world, "ana", ResolveRequest { amended, ..note("with the river") }).unwrap();
    let answer = resolve(&mut world, "affected-1", ResolveRequest { withdrawn: true, ..note("not needed") }).unwrap();
    assert_eq!((answer.status(), answer.reopened), (At::Open, false));
    world.days(21);
    execute(&mut world, "p").unwrap();
    assert_eq!(field(&mut world, FACTORS), "demo-2027");
}

#[test]
fn an_objection_of_a_seat_that_nobody_holds_is_answered_by_the_author() {
    let mut world = proposed();
    object(&mut world, "affected-1", "the river").unwrap();
    world.call("forge", "affected-1", &methods::LEAVE, &LeaveRequest::default()).unwrap();
    assert_eq!(rule(resolve(&mut world, "bo", note("moot"))), "G6");
    resolve(&mut world, "ana", note("they have moved away")).unwrap();
    world.days(21);
    execute(&mut world, "p").unwrap();
}

#[test]
fn objections_do_not_go_on_for_ever() {
    let mut world = proposed();
    for n in 0..32 {
        let request = ResolveRequest { objection: n, ..note("settled") };
        object(&mut world, "affected-1", "the river").unwrap();
        resolve(&mut world, "affected-1", request).unwrap();
    }
    assert_eq!(refused(object(&mut world, "affected-1", "the river")), (Code::ResourceExhausted, "G6".into()));
    let none = ResolveRequest { objection: 32, ..note("x") };
    assert_eq!(refused(resolve(&mut world, "affected-1", none)), (Code::NotFound, "objection".into()));
}

#[test]
fn a_blocked_proposal_may_be_taken_back_and_expires_as_others_do() {
    let mut world = proposed();
    object(&mut world, "affected-1", "the river").unwrap();
    world.days(14);
    close(&mut world, "p").unwrap();
    world.days(7 + 30);
    assert_eq!(close(&mut world, "p").unwrap().status(), At::Expired);
    let mut world = proposed();
    object(&mut world, "affected-1", "the river").unwrap();
    world.days(14);
    world.call("forge", "ana", &methods::WITHDRAW, &WithdrawRequest { proposal: "p".into() }).unwrap();
    assert_eq!(status(&mut world, "p"), At::Withdrawn);
}
