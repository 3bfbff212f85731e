//! Queries: the charter at any time, differences, lists, and Ostrom's principles.

use super::*;
use crate::proto::proposal::Status as At;

fn at(world: &mut World, version: u32, height: u64) -> Result<GetCharterResponse, Refusal> {
    world.query("forge", &methods::GET_CHARTER, &GetCharterRequest { version, height })
}

fn amended() -> World {
    let mut world = founded();
    for (id, purpose) in [("first", "First"), ("second", "Second")] {
        let patches = vec![patch(&mut world, "/purpose", purpose)];
        carry(&mut world, &proposal(id, "decisions", patches)).unwrap();
    }
    world
}

#[test]
fn the_charter_is_read_as_it_stood() {
    let mut world = empty();
    world.call("forge", "ana", &methods::FOUND, &example()).unwrap();
    let drafted = world.height();
    accept(&mut world, "bo", "w2").unwrap();
    accept(&mut world, "cy", "w3").unwrap();
    let now = charter(&mut world);
    assert_eq!(at(&mut world, 1, 0).unwrap(), now);
    assert_eq!(at(&mut world, 0, drafted + 1_000).unwrap(), now);
    let then = at(&mut world, 0, drafted).unwrap();
    assert_eq!(then.status(), Status::Draft);
    assert_ne!(then.hash, now.hash);
    let holders = |r: GetCharterResponse| r.charter.unwrap().seats.iter().filter(|s| !s.holder.is_empty()).count();
    assert_eq!((holders(then), holders(now)), (1, 3));
    assert_eq!(rule(at(&mut world, 0, drafted - 1)), "charter at height");
    assert_eq!(rule(at(&mut world, 2, 0)), "version");
    assert_eq!(rule(at(&mut world, 1, 1)), "version");
}

#[test]
fn versions_are_compared_field_by_field() {
    let mut world = amended();
    let mut diff = |from_version: u32, to_version: u32| {
        let request = DiffRequest { from_version, to_version };
        world.query("forge", &methods::DIFF, &request).map(|r| r.changes)
    };
    let change = |old: &str, new: &str| Change { path: "/purpose".into(), old: old.into(), new: new.into() };
    assert_eq!(diff(2, 3).unwrap(), [change("First", "Second")]);
    assert_eq!(diff(3, 2).unwrap(), [change("Second", "First")]);
    assert_eq!(diff(1, 3).unwrap().len(), 1);
    assert!(diff(3, 3).unwrap().is_empty());
    assert_eq!(rule(diff(1, 4)), "version");
    assert_eq!(rule(diff(0, 1)), "version");
    let purposes: Vec<String> = (1..=3).map(|v| at(&mut world, v, 0).unwrap().charter.unwrap().purpose).collect();
    assert_eq!(&purposes[1..], ["First", "Second"]);
}

#[test]
fn proposals_are_listed_the_newest_first_by_status_and_page() {
    let mut world = founded();
    let purpose = patch(&mut world, "/purpose", "Other");
    for n in 0..25 {
        propose(&mut world, &proposal(&format!("p{n:02}"), "decisions", vec![purpose.clone()])).unwrap();
    }
    for id in ["p03", "p07"] {
        world.call("forge", "ana", &methods::WITHDRAW, &WithdrawRequest { proposal: id.into() }).unwrap();
    }
    let mut walk = |status: At, page_size: u32| {
        let (mut ids, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListProposalsRequest { status: status.into(), page_size, page_token };
            let page = world.query("forge", &methods::LIST_PROPOSALS, &request).unwrap();
            ids.extend(page.proposals.into_iter().map(|p| p.id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return ids;
            }
        }
    };
    let all: Vec<String> = (0..25).rev().map(|n| format!("p{n:02}")).collect();
    assert_eq!(walk(At::Unspecified, 4), all);
    assert_eq!(walk(At::Withdrawn, 1), ["p07", "p03"]);
    assert_eq!(walk(At::Open, 0).len(), 23);
    world.days(28);
    let request = ListProposalsRequest { status: At::Open.into(), page_size: 1, ..ListProposalsRequest::default() };
    let page = world.query("forge", &methods::LIST_PROPOSALS, &request).unwrap();
    // Nobody settled it yet; it says where it would stand.
    assert_eq!((page.proposals[0].status(), page.proposals[0].due()), (At::Open, At::Rejected));
    let broken = ListProposalsRequest { page_token: "x".into(), ..ListProposalsRequest::default() };
    assert_eq!(rule(world.query("forge", &methods::LIST_PROPOSALS, &broken)), "page-token");
    let no_status = ListProposalsRequest { status: 300, ..ListProposalsRequest::default() };
    assert_eq!(rule(world.query("forge", &methods::LIST_PROPOSALS, &no_status)), "status");
    let none = GetProposalRequest { proposal: "none".into() };
    assert_eq!(refused(world.query("forge", &methods::GET_PROPOSAL, &none)), (Code::NotFound, "proposal".into()));
}

#[test]
fn rules_are_listed_by_slot_and_page() {
    let mut world = founded();
    let digits = patch(&mut world, "/rules/credit/params/digits", "3");
    carry(&mut world, &proposal("p", "rules", vec![digits])).unwrap();
    let mut walk = |slot: &str| {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListRulesRequest { slot: slot.into(), page_size: 1, page_token };
            let page = world.query("forge", &methods::LIST_RULES, &request).unwrap();
            all.extend(page.rules.into_iter().map(|r| format!("{} {} {}", r.slot, r.version, r.proposal)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    };
    assert_eq!(walk("credit"), ["credit 1 ", "credit 2 p"]);
    assert_eq!(walk("").len(), 6);
    let mut broken = |slot: &str, token: &str| {
        let request = ListRulesRequest { slot: slot.into(), page_size: 0, page_token: token.into() };
        rule(world.query("forge", &methods::LIST_RULES, &request))
    };
    assert_eq!(broken("", "credit"), "page-token");
    assert_eq!(broken("a/b", ""), "slot");
}

#[test]
fn ostrom_s_principles_are_answered_and_blanks_are_visible() {
    let mut world = founded();
    let ask = |world: &mut World| world.query("forge", &methods::OSTROM, &OstromRequest {}).unwrap().principles;
    let principles = ask(&mut world);
    assert_eq!(principles.iter().map(|p| p.n).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(principles.iter().all(|p| !p.blank));
    let sanctions: Vec<&str> = principles[4].answers.iter().map(|a| a.value.as_str()).collect();
    assert_eq!(sanctions, ["notice", "suspend_claims", "suspend_vote", "exclude"]);
    let nested: Vec<(&str, &str)> = principles[7].answers.iter().map(|a| (a.path.as_str(), a.value.as_str())).collect();
    assert!(nested.contains(&("/parent", "")) && nested.contains(&("/seats/u1/user", "table-rep")), "{nested:?}");

    let mut request = example();
    let text = request.charter.as_mut().unwrap();
    text.sanctions.clear();
    text.rules.clear();
    text.review_by.clear();
    let blanks: Vec<u32> = ask(&mut founded_as(request)).iter().filter(|p| p.blank).map(|p| p.n).collect();
    assert_eq!(blanks, [2, 4, 5]);
}

#[test]
fn a_member_s_standing_is_its_seats_and_what_is_suspended() {
    let mut world = founded();
    let standing = world.query("forge", &methods::GET_STANDING, &GetStandingRequest { agent: "cy".into() }).unwrap();
    assert_eq!(
        (standing.seats[0].id.as_str(), standing.seats[0].class(), standing.seats[0].weight()),
        ("w3", seat::Class::Worker, 1)
    );
    let nobody = world.query("forge", &methods::GET_STANDING, &GetStandingRequest { agent: "eve".into() }).unwrap();
    assert_eq!(nobody, GetStandingResponse::default());
}
