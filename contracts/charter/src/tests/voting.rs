//! Who votes, when, and what it comes to: the scenario's vote and its near miss.

use super::*;
use crate::proto::proposal::Status as At;

const SCENARIO: &str = include_str!("../../vectors/scenario-vote-and-fork.json");

/// Casts the ballots of the scenario.
fn cast(world: &mut World, id: &str, ballots: &Json) {
    for (agent, choice) in ballots.as_object().unwrap() {
        let choice = Choice::from_str_name(&choice.as_str().unwrap().to_uppercase()).unwrap();
        vote(world, agent, id, choice).unwrap();
    }
}

fn tally(world: &mut World, id: &str) -> TallyResponse {
    world.query("forge", &methods::TALLY, &TallyRequest { proposal: id.into() }).unwrap()
}

fn with_value() -> World {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    world
}

#[test]
fn the_vote_of_the_scenario_is_passed_queued_and_executed() {
    let scenario: Json = serde_json::from_str(SCENARIO).unwrap();
    let vector = &scenario["vote"];
    let mut world = with_value();
    let request = care(&mut world, "care", "1.5");
    let opened = propose(&mut world, &request).unwrap();
    assert_eq!((opened.closes.as_str(), opened.executable.as_str()), ("2026-01-15", "2026-01-22"));
    cast(&mut world, "care", &vector["ballots"]);
    let now = tally(&mut world, "care");
    assert_eq!((now.turnout_basis_points, now.quorum, now.passing), (10_000, true, true));
    assert_eq!(now.reason, "turnout 6/6, yes 4/5 reaches 2/3");
    assert_eq!(vector["expect"]["turnout"], "6/6");
    assert_eq!(vector["expect"]["yes_share"], "4/5");
    assert_eq!(rule(close(&mut world, "care")), "open");
    assert_eq!(rule(execute(&mut world, "care")), "open");
    world.days(14);
    let closed = close(&mut world, "care").unwrap();
    assert_eq!((closed.status(), closed.reason), (At::Queued, now.reason));
    assert_eq!(rule(execute(&mut world, "care")), "delay");
    world.days(7);
    assert_eq!(execute(&mut world, "care").unwrap().version, 2);
    assert_eq!(status(&mut world, "care"), At::Executed);
    // Incomes before that date keep the rule as it was.
    let at = |world: &mut World, at: &str| {
        let request = GetRuleRequest { slot: "valuation".into(), at: at.into() };
        let rule = world.query("forge", &methods::GET_RULE, &request).unwrap();
        (rule.version, rule.params.iter().find(|p| p.path == "buckets.4.care_weight").unwrap().value.clone())
    };
    assert_eq!(at(&mut world, "2026-01-21T23:59:59Z"), (1, "1.0".into()));
    assert_eq!(at(&mut world, "2026-01-22"), (2, "1.5".into()));
    assert_eq!(at(&mut world, ""), (2, "1.5".into()));
    assert_eq!(rule(execute(&mut world, "care")), "status");
}

#[test]
fn the_near_miss_is_rejected() {
    let scenario: Json = serde_json::from_str(SCENARIO).unwrap();
    let mut world = with_value();
    let request = care(&mut world, "care", "1.5");
    propose(&mut world, &request).unwrap();
    cast(&mut world, "care", &scenario["vote"]["near_miss"]["ballots"]);
    world.days(14);
    let closed = close(&mut world, "care").unwrap();
    assert_eq!((closed.status(), closed.reason.as_str()), (At::Rejected, "turnout 6/6, yes 3/5 does not reach 2/3"));
    assert_eq!(world.events()[0].read::<Rejected>().unwrap().reason, closed.reason);
    assert_eq!(refused(execute(&mut world, "care")), (Code::FailedPrecondition, "G2".into()));
}

#[test]
fn without_a_quorum_nothing_passes() {
    let mut world = with_value();
    let request = care(&mut world, "care", "1.5");
    propose(&mut world, &request).unwrap();
    vote(&mut world, "ana", "care", Choice::Yes).unwrap();
    vote(&mut world, "cy", "care", Choice::Yes).unwrap();
    assert_eq!(tally(&mut world, "care").reason, "turnout 2/6 does not reach the quorum of 5000 basis points");
    // Who abstains takes part.
    vote(&mut world, "dee", "care", Choice::Abstain).unwrap();
    assert!(tally(&mut world, "care").passing);
    vote(&mut world, "cy", "care", Choice::Abstain).unwrap();
    vote(&mut world, "ana", "care", Choice::Abstain).unwrap();
    assert_eq!(tally(&mut world, "care").reason, "turnout 3/6, yes 0/0 does not reach 2/3");
    world.days(14);
    assert_eq!(close(&mut world, "care").unwrap().status(), At::Rejected);
}

#[test]
fn a_ballot_is_changed_until_the_vote_closes() {
    let mut world = with_value();
    let request = care(&mut world, "care", "1.5");
    propose(&mut world, &request).unwrap();
    vote(&mut world, "ana", "care", Choice::No).unwrap();
    let sums = vote(&mut world, "ana", "care", Choice::Yes).unwrap().sums.unwrap();
    assert_eq!((sums.yes, sums.no, sums.ballots), (1, 0, 1));
    assert_eq!(tally(&mut world, "care").ballots[0].choice(), Choice::Yes);
    world.days(14);
    assert_eq!(refused(vote(&mut world, "ana", "care", Choice::No)), (Code::FailedPrecondition, "G3".into()));
    // The refused ballot settled nothing.
    assert_eq!(status(&mut world, "care"), At::Open);
}

#[test]
fn who_votes_is_fixed_when_the_vote_opens() {
    let mut world = with_value();
    let leave = LeaveRequest { seat: "w2".into(), ..LeaveRequest::default() };
    world.call("forge", "bo", &methods::LEAVE, &leave).unwrap();
    let request = care(&mut world, "care", "1.5");
    propose(&mut world, &request).unwrap();
    let invite = |seat: &str, agent: &str| InviteRequest { seat: seat.into(), agent: agent.into() };
    world.call("forge", "ana", &methods::INVITE, &invite("w2", "eve")).unwrap();
    accept(&mut world, "eve", "w2").unwrap();
    assert_eq!(refused(vote(&mut world, "eve", "care", Choice::Yes)), (Code::PermissionDenied, "electorate".into()));
    // A seat that was held keeps its vote when another takes it over, and one ballot.
    vote(&mut world, "cy", "care", Choice::No).unwrap();
    world.call("forge", "cy", &methods::LEAVE, &LeaveRequest::default()).unwrap();
    world.call("forge", "ana", &methods::INVITE, &invite("w3", "flo")).unwrap();
    accept(&mut world, "flo", "w3").unwrap();
    let sums = vote(&mut world, "flo", "care", Choice::Yes).unwrap().sums.unwrap();
    assert_eq!((sums.yes, sums.no, sums.ballots), (1, 0, 1));
    let now = tally(&mut world, "care");
    assert_eq!((now.electorate_weight, now.electorate_seats), (5, 5));
}

#[test]
fn a_seat_votes_with_the_weight_that_it_had_when_the_vote_opened() {
    let mut world = founded();
    let heavy = patch(&mut world, "/seats/w1/weight", "3");
    let purpose = patch(&mut world, "/purpose", "Other");
    propose(&mut world, &proposal("heavy", "decisions", vec![heavy])).unwrap();
    all_yes(&mut world, "heavy");
    world.days(20);
    propose(&mut world, &proposal("before", "decisions", vec![purpose.clone()])).unwrap();
    world.days(22);
    execute(&mut world, "heavy").unwrap();
    propose(&mut world, &proposal("after", "decisions", vec![purpose])).unwrap();
    let yes = |world: &mut World, id: &str| vote(world, "ana", id, Choice::Yes).unwrap().sums.unwrap().yes;
    assert_eq!((yes(&mut world, "before"), yes(&mut world, "after")), (1, 3));
    assert_eq!(tally(&mut world, "after").electorate_weight, 8);
}

#[test]
fn only_who_holds_a_seat_votes_and_by_that_seat() {
    let mut request = example();
    let seats = &mut request.charter.as_mut().unwrap().seats;
    seats.push(Seat { id: "u2".into(), class: 2, holder: "ana".into(), ..Seat::default() });
    let mut world = founded_as(request);
    let purpose = patch(&mut world, "/purpose", "Other");
    propose(&mut world, &proposal("p", "decisions", vec![purpose])).unwrap();
    let by = |world: &mut World, agent: &str, seat: &str, choice: i32, stake: u64| {
        let request = VoteRequest { proposal: "p".into(), seat: seat.into(), choice, stake };
        rule(world.call("forge", agent, &methods::VOTE, &request))
    };
    assert_eq!(by(&mut world, "eve", "", 1, 0), "seat");
    assert_eq!(by(&mut world, "bo", "w1", 1, 0), "seat");
    assert_eq!(by(&mut world, "bo", "w9", 1, 0), "seat");
    // With two seats one is named.
    assert_eq!(by(&mut world, "ana", "", 1, 0), "seat");
    assert_eq!(by(&mut world, "bo", "", 0, 0), "choice");
    assert_eq!(by(&mut world, "bo", "", 9, 0), "choice");
    assert_eq!(by(&mut world, "bo", "", 1, 5), "stake");
    assert_eq!(refused(vote(&mut world, "bo", "q", Choice::Yes)), (Code::NotFound, "proposal".into()));
    for seat in ["w1", "u2"] {
        let request = VoteRequest { proposal: "p".into(), seat: seat.into(), choice: Choice::Yes.into(), stake: 0 };
        world.call("forge", "ana", &methods::VOTE, &request).unwrap();
    }
    assert_eq!(tally(&mut world, "p").sums.unwrap().ballots, 2);
}

#[test]
fn consent_is_when_nobody_says_no() {
    let mut world = founded();
    let purpose = patch(&mut world, "/purpose", "Other");
    for (id, last, expected) in [("no", Choice::No, At::Rejected), ("abstain", Choice::Abstain, At::Queued)] {
        propose(&mut world, &proposal(id, "decisions", vec![purpose.clone()])).unwrap();
        for (_, agent) in &SEATS[1..] {
            vote(&mut world, agent, id, Choice::Yes).unwrap();
        }
        vote(&mut world, "ana", id, last).unwrap();
        world.days(28);
        assert_eq!(close(&mut world, id).unwrap().status(), expected);
    }
}

#[test]
fn what_passed_and_is_not_carried_out_expires() {
    let mut world = with_value();
    let request = care(&mut world, "care", "1.5");
    propose(&mut world, &request).unwrap();
    all_yes(&mut world, "care");
    world.days(14 + 7 + 30);
    // Though nobody closed it before.
    assert_eq!(close(&mut world, "care").unwrap().status(), At::Expired);
    assert_eq!(world.events().len(), 2);
    assert_eq!(rule(execute(&mut world, "care")), "expired");
}

#[test]
fn only_its_author_takes_a_proposal_back_and_only_before_it_has_passed() {
    let mut world = with_value();
    let request = care(&mut world, "care", "1.5");
    propose(&mut world, &request).unwrap();
    let withdraw = WithdrawRequest { proposal: "care".into() };
    assert_eq!(rule(world.call("forge", "bo", &methods::WITHDRAW, &withdraw)), "author");
    world.call("forge", "ana", &methods::WITHDRAW, &withdraw).unwrap();
    assert_eq!(status(&mut world, "care"), At::Withdrawn);
    assert_eq!(rule(vote(&mut world, "ana", "care", Choice::Yes)), "G3");
    assert_eq!(rule(execute(&mut world, "care")), "status");
    let request = care(&mut world, "again", "1.5");
    propose(&mut world, &request).unwrap();
    all_yes(&mut world, "again");
    world.days(14);
    let withdraw = WithdrawRequest { proposal: "again".into() };
    assert_eq!(rule(world.call("forge", "ana", &methods::WITHDRAW, &withdraw)), "status");
}
