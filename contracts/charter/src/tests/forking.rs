//! Forks (G9): the scenario's, and those that are none.

use super::*;
use crate::{Contract, proto::Status as At};

fn fork(world: &mut World, agent: &str, height: u64, members: &[&str]) -> Result<ForkResponse, Refusal> {
    let request = ForkRequest {
        id: "forge-b".into(),
        height,
        members: members.iter().map(|m| m.to_string()).collect(),
        signatures: Vec::new(),
    };
    world.call("forge", agent, &methods::FORK, &request)
}

fn found_fork(world: &mut World) -> Result<FoundResponse, Refusal> {
    let request = FoundRequest { parent: "forge".into(), ..FoundRequest::default() };
    world.call("forge-b", "bo", &methods::FOUND, &request)
}

/// The forge after its rule was amended, and the height before that.
fn amended() -> (World, u64) {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    let before = world.height();
    let request = care(&mut world, "care", "1.5");
    carry(&mut world, &request).unwrap();
    world.deploy::<Contract>("forge-b");
    world.member("forge-b", "bo", &["steward"]);
    (world, before)
}

#[test]
fn a_fork_continues_from_the_charter_as_it_stood_at_a_height() {
    let (mut world, before) = amended();
    let first = fork(&mut world, "bo", before, &["bo", "cy"]).unwrap();
    assert_eq!((first.known, first.agreed), (false, false));
    assert!(fork(&mut world, "bo", before, &["cy", "bo"]).unwrap().known);
    assert_eq!(rule(found_fork(&mut world)), "G9");
    assert!(fork(&mut world, "cy", before, &["bo", "cy"]).unwrap().agreed);
    assert_eq!(found_fork(&mut world).unwrap().status(), At::Founded);

    let b = world.query("forge-b", &methods::GET_CHARTER, &GetCharterRequest::default()).unwrap();
    assert_eq!((b.version, b.parent), (1, Some(Parent { commons: "forge".into(), height: before })));
    let text = b.charter.unwrap();
    let holders: Vec<(&str, &str)> = text.seats.iter().map(|s| (s.id.as_str(), s.holder.as_str())).collect();
    assert_eq!(holders, [("a1", ""), ("d1", ""), ("u1", ""), ("w1", ""), ("w2", "bo"), ("w3", "cy")]);
    // Valuation v1 goes on there, v2 here.
    let weight = |world: &mut World, commons: &str| {
        let request = GetFieldRequest { path: stubs::CARE.into() };
        world.query(commons, &methods::GET_FIELD, &request).unwrap().value
    };
    assert_eq!((weight(&mut world, "forge-b"), weight(&mut world, "forge")), ("1.0".into(), "1.5".into()));
    // Whoever goes along stays here until it leaves, and its claims with it.
    assert_eq!(field(&mut world, "/seats/w2/holder"), "bo");
    // It is a charter of its own.
    let purpose = Patch { path: "/purpose".into(), expected_old: value_hash(&text.purpose), new: "Smaller".into() };
    world.call("forge-b", "cy", &methods::PROPOSE, &proposal("p", "decisions", vec![purpose])).unwrap();
}

#[test]
fn before_it_branched_off_a_forks_history_is_that_of_its_parent() {
    let (mut world, before) = amended();
    for agent in ["bo", "cy"] {
        fork(&mut world, agent, before, &["bo", "cy"]).unwrap();
    }
    found_fork(&mut world).unwrap();
    let at = |world: &mut World, commons: &str, height: u64| {
        world.query(commons, &methods::GET_CHARTER, &GetCharterRequest { version: 0, height })
    };
    for height in [before, before - 1] {
        let shared = at(&mut world, "forge-b", height).unwrap();
        assert_eq!((shared.commons.as_str(), &shared.parent), ("forge", &None));
        assert_eq!(shared, at(&mut world, "forge", height).unwrap());
    }
    // What forge did after that is no history of the fork's, and it was not founded yet.
    assert_eq!(rule(at(&mut world, "forge-b", before + 1)), "charter at height");
    let now = world.height();
    assert_eq!(at(&mut world, "forge-b", now).unwrap().commons, "forge-b");
    // Nor is there anything before both.
    assert_eq!(rule(at(&mut world, "forge-b", 1)), "charter at height");
}

#[test]
fn a_fork_has_two_members_and_a_height_that_there_is() {
    let (mut world, before) = amended();
    let now = world.height();
    assert_eq!(refused(fork(&mut world, "bo", before, &["bo"])), (Code::FailedPrecondition, "G9".into()));
    assert_eq!(rule(fork(&mut world, "bo", before, &["bo", "bo"])), "G9");
    assert_eq!(rule(fork(&mut world, "bo", now + 10, &["bo", "cy"])), "G9");
    assert_eq!(refused(fork(&mut world, "bo", before, &["bo", "eve"])), (Code::PermissionDenied, "G9".into()));
    assert_eq!(refused(fork(&mut world, "ana", before, &["bo", "cy"])), (Code::PermissionDenied, "G9".into()));
    // Before there was a charter there was nothing to fork.
    assert_eq!(refused(fork(&mut world, "bo", 1, &["bo", "cy"])), (Code::NotFound, "charter at height".into()));
    let other = ForkRequest { id: "Forge B".into(), ..ForkRequest::default() };
    assert_eq!(rule(world.call("forge", "bo", &methods::FORK, &other)), "commons");
    fork(&mut world, "bo", before, &["bo", "cy"]).unwrap();
    assert_eq!(refused(fork(&mut world, "cy", before + 1, &["bo", "cy"])), (Code::AlreadyExists, "id".into()));
}

#[test]
fn a_fork_without_a_height_takes_over_what_stands() {
    let (mut world, _) = amended();
    fork(&mut world, "bo", 0, &["bo", "cy"]).unwrap();
    fork(&mut world, "cy", 0, &["bo", "cy"]).unwrap();
    found_fork(&mut world).unwrap();
    let rules = world.query(
        "forge-b",
        &methods::LIST_RULES,
        &ListRulesRequest { slot: "valuation".into(), ..Default::default() },
    );
    let rules = rules.unwrap().rules;
    // Of the two versions, the one that holds.
    assert_eq!(rules.iter().map(|r| (r.version, r.from.as_str())).collect::<Vec<_>>(), [(1, "2026-01-22")]);
}

#[test]
fn nobody_founds_a_fork_that_was_not_agreed() {
    let (mut world, before) = amended();
    assert_eq!(refused(found_fork(&mut world)), (Code::NotFound, "fork".into()));
    fork(&mut world, "bo", before, &["bo", "cy"]).unwrap();
    fork(&mut world, "cy", before, &["bo", "cy"]).unwrap();
    let text = FoundRequest { parent: "forge".into(), ..example() };
    assert_eq!(rule(world.call("forge-b", "bo", &methods::FOUND, &text)), "parent");
    let nowhere = FoundRequest { parent: "nowhere".into(), ..FoundRequest::default() };
    assert_eq!(rule(world.call("forge-b", "bo", &methods::FOUND, &nowhere)), "commons");
    // A draft is not forked.
    let mut world = empty();
    world.call("forge", "ana", &methods::FOUND, &example()).unwrap();
    assert_eq!(rule(fork(&mut world, "ana", 0, &["ana", "bo"])), "status");
}

#[test]
fn a_member_who_cannot_call_agrees_by_a_signature() {
    let (mut world, before) = amended();
    let digest = fork(&mut world, "bo", before, &["bo", "cy"]).unwrap().digest;
    let with = |signatures: Vec<Signature>| ForkRequest {
        id: "forge-b".into(),
        height: before,
        members: vec!["bo".into(), "cy".into()],
        signatures,
    };
    let wrong = with(vec![sign("cy", b"something else")]);
    assert_eq!(rule(world.call("forge", "bo", &methods::FORK, &wrong)), "signature");
    let stranger = with(vec![sign("dee", &digest)]);
    assert_eq!(rule(world.call("forge", "bo", &methods::FORK, &stranger)), "G9");
    let right = with(vec![sign("cy", &digest)]);
    assert!(world.call("forge", "bo", &methods::FORK, &right).unwrap().agreed);
    let first = found_fork(&mut world).unwrap();
    let again = found_fork(&mut world).unwrap();
    assert_eq!((again.known, again.digest), (true, first.digest));
}

#[test]
fn a_fork_has_bounds() {
    let (mut world, before) = amended();
    let members: Vec<String> = (0..257).map(|n| format!("m{n}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    assert_eq!(refused(fork(&mut world, "bo", before, &members)), (Code::ResourceExhausted, "G9".into()));
}
