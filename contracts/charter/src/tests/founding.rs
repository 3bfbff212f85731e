//! From a text to a charter in force.

use super::*;
use crate::{Contract, proto::Status as At};
use stint_sdk::testing::KernelCall;

fn found(world: &mut World, agent: &str, request: &FoundRequest) -> Result<FoundResponse, Refusal> {
    world.call("forge", agent, &methods::FOUND, request)
}

fn types(world: &World) -> Vec<String> {
    world.events().into_iter().map(|e| e.ty.rsplit('.').next().unwrap().to_string()).collect()
}

#[test]
fn the_example_is_founded_by_its_members() {
    let mut world = empty();
    let drafted = found(&mut world, "ana", &FoundRequest { min_members: 3, ..example() }).unwrap();
    assert_eq!((drafted.known, drafted.status()), (false, At::Draft));
    assert_eq!(types(&world), ["Drafted", "SeatTaken"]);
    assert_eq!(accept(&mut world, "bo", "w2").unwrap().status(), At::Draft);
    assert!(world.kernel_calls().is_empty());
    assert_eq!(accept(&mut world, "cy", "w3").unwrap().status(), At::Founded);
    assert_eq!(types(&world), ["SeatTaken", "Founded"]);
    // From here on the kernel takes commands for the forge from its charter only.
    let constitute = KernelCall { commons: "forge".into(), method: "Constitute".into(), request: Vec::new() };
    assert_eq!(world.kernel_calls(), [constitute]);
    let stands = charter(&mut world);
    assert_eq!((stands.version, stands.status(), stands.founder.as_str()), (1, At::Founded, "ana"));
    let text = stands.charter.unwrap();
    assert_eq!(text.seats.len(), 6);
    assert_eq!(text.seats.iter().filter(|s| !s.holder.is_empty()).count(), 3);
    assert_eq!(text.seats.iter().find(|s| s.id == "d1").unwrap().invited, "dee");
    assert_eq!(text.decisions.len(), 4);
    assert_eq!(text.rules.len(), 5);
    assert_eq!(text.review_by, "2028-01-01");
    assert_eq!(field(&mut world, stubs::CARE), "1.0");
    assert_eq!(field(&mut world, "/decisions/rules/delay_s"), "604800");
    assert_eq!(field(&mut world, "/sanctions/4"), "effect: exclude\nneeds: decisions");
}

#[test]
fn founding_again_changes_nothing_and_nobody_founds_over_a_charter() {
    let mut world = empty();
    let first = found(&mut world, "ana", &example()).unwrap();
    let again = found(&mut world, "ana", &example()).unwrap();
    assert_eq!((again.known, again.digest), (true, first.digest));
    // The founder replaces a draft; another steward does not.
    let other = FoundRequest { min_members: 4, ..example() };
    world.member("forge", "zoe", &["steward"]);
    assert_eq!(refused(found(&mut world, "zoe", &other)), (Code::AlreadyExists, "founded".into()));
    accept(&mut world, "bo", "w2").unwrap();
    assert_eq!(rule(found(&mut world, "ana", &other)), "founded");
}

#[test]
fn a_draft_may_be_replaced_and_given_up_by_its_founder() {
    let mut world = empty();
    let mut request = FoundRequest { min_members: 6, ..example() };
    found(&mut world, "ana", &request).unwrap();
    accept(&mut world, "bo", "w2").unwrap();
    let text = request.charter.as_mut().unwrap();
    text.seats.retain(|s| s.id != "a1");
    text.rules.retain(|r| r.slot != "credit");
    text.purpose = "Something else".into();
    request.min_members = 5;
    found(&mut world, "ana", &request).unwrap();
    let stands = charter(&mut world).charter.unwrap();
    assert_eq!((stands.seats.len(), stands.rules.len(), stands.purpose.as_str()), (5, 4, "Something else"));
    // Who had signed the other text has not signed this one.
    assert!(stands.seats.iter().all(|s| s.holder.is_empty() || s.holder == "ana"));
    assert_eq!(rule(world.call("forge", "bo", &methods::SUNSET, &SunsetRequest::default())), "decision");
    world.call("forge", "ana", &methods::SUNSET, &SunsetRequest::default()).unwrap();
    assert_eq!(charter(&mut world).status(), At::None);
    world.member("forge", "zoe", &["steward"]);
    found(&mut world, "zoe", &example()).unwrap();
    assert_eq!(charter(&mut world).founder, "zoe");
}

#[test]
fn a_signature_takes_the_seats_that_name_who_signed() {
    let mut world = empty();
    let digest = found(&mut world, "ana", &example()).unwrap().digest;
    let signatures = vec![sign("bo", &digest), sign("cy", &digest)];
    let signed = found(&mut world, "ana", &FoundRequest { signatures, ..example() }).unwrap();
    assert_eq!((signed.status(), &signed.digest), (At::Founded, &digest));
    let seats = charter(&mut world).charter.unwrap().seats;
    let held: Vec<&str> = seats.iter().filter(|s| !s.holder.is_empty()).map(|s| s.holder.as_str()).collect();
    assert_eq!(held, ["ana", "bo", "cy"]);
}

#[test]
fn a_signature_over_something_else_is_refused() {
    let mut world = empty();
    let digest = found(&mut world, "ana", &example()).unwrap().digest;
    let mut with = |signature: Signature, request: FoundRequest| {
        rule(found(&mut world, "ana", &FoundRequest { signatures: vec![signature], ..request }))
    };
    assert_eq!(with(sign("bo", b"something else"), example()), "signature");
    // Of this text with other terms, it is not a signature.
    assert_eq!(with(sign("bo", &digest), FoundRequest { min_members: 3, ..example() }), "signature");
    let mut swapped = sign("bo", &digest);
    swapped.key = sign("cy", &digest).key;
    assert_eq!(with(swapped, example()), "signature");
    assert_eq!(with(Signature { signature: vec![0; 63], ..sign("bo", &digest) }, example()), "signature");
    // Somebody for whom there is no seat.
    assert_eq!(with(sign("zoe", &digest), example()), "signature");
}

#[test]
fn only_a_steward_founds() {
    let mut world = empty();
    assert_eq!(refused(found(&mut world, "bo", &example())), (Code::PermissionDenied, "role".into()));
}

#[test]
fn what_is_no_charter_is_refused() {
    let refusal = |change: &dyn Fn(&mut Constitution)| {
        let mut request = example();
        change(request.charter.as_mut().unwrap());
        rule(found(&mut empty(), "ana", &request))
    };
    assert_eq!(rule(found(&mut empty(), "ana", &FoundRequest::default())), "charter");
    assert_eq!(rule(found(&mut empty(), "ana", &FoundRequest { min_members: 7, ..example() })), "min_members");
    assert_eq!(refusal(&|c| c.purpose = " ".into()), "purpose");
    assert_eq!(refusal(&|c| c.purpose = "x".repeat(4097)), "purpose");
    assert_eq!(refusal(&|c| c.review_by = "soon".into()), "time");
    assert_eq!(refusal(&|c| c.seats[0].id = "a/b".into()), "seat");
    assert_eq!(refusal(&|c| c.seats[0].class = 0), "class");
    assert_eq!(refusal(&|c| c.seats[0].class = 77), "class");
    assert_eq!(refusal(&|c| c.seats[0].weight = Some(1_000_001)), "weight");
    assert_eq!(refusal(&|c| c.seats[0].holder = "a b".into()), "agent");
    assert_eq!(refusal(&|c| c.seats[1] = c.seats[0].clone()), "charter");
    assert_eq!(
        refusal(&|c| c.seats = (0..301).map(|n| Seat { id: n.to_string(), ..c.seats[0].clone() }).collect()),
        "seats"
    );
    assert_eq!(
        refusal(&|c| c.seats = (0..17).map(|n| Seat { id: n.to_string(), ..c.seats[0].clone() }).collect()),
        "seats"
    );
    assert_eq!(refusal(&|c| c.decisions.clear()), "decisions");
    assert_eq!(refusal(&|c| c.decisions[0].subject = String::new()), "subject");
    assert_eq!(refusal(&|c| c.decisions[0].kind = 0), "kind");
    assert_eq!(refusal(&|c| c.decisions[0].quorum = 10_001), "quorum");
    assert_eq!(refusal(&|c| c.decisions[0].threshold_den = 0), "threshold_den");
    assert_eq!(refusal(&|c| c.decisions[1].threshold_num = 0), "threshold_num");
    assert_eq!(refusal(&|c| c.decisions[0].open_for_s = 0), "open_for_s");
    assert_eq!(refusal(&|c| c.decisions[0].delay_s = 400 * 86_400), "delay_s");
    assert_eq!(refusal(&|c| c.decisions[0].objectors = vec![9]), "class");
    // Consent with a threshold is no consent; a module decides by its own.
    assert_eq!(
        refusal(
            &|c| c.decisions[0] = Decision { threshold_num: 1, threshold_den: 2, kind: 2, ..c.decisions[0].clone() }
        ),
        "threshold_num"
    );
    assert_eq!(refusal(&|c| c.decisions[0] = Decision { module: vec![7; 32], ..c.decisions[0].clone() }), "path");
    assert_eq!(refusal(&|c| c.decisions[0] = Decision { kind: 3, ..c.decisions[0].clone() }), "module");
    assert_eq!(refusal(&|c| c.sanctions[3].n = 5), "sanctions");
    assert_eq!(refusal(&|c| c.sanctions[3].needs = "nobody".into()), "sanctions");
    assert_eq!(refusal(&|c| c.sanctions[0].effect = 0), "effect");
    assert_eq!(refusal(&|c| c.sanctions[0].name = "a\nb".into()), "name");
    assert_eq!(refusal(&|c| c.rules[0].slot = "a b".into()), "slot");
    assert_eq!(refusal(&|c| c.rules[1] = c.rules[0].clone()), "charter");
    assert_eq!(refusal(&|c| c.rules[0].from = "yesterday".into()), "time");
    assert_eq!(refusal(&|c| c.rules[0].params[0].path = "a b".into()), "params");
    assert_eq!(refusal(&|c| c.rules[0].params[0].value = "a\nb".into()), "params");
    assert_eq!(
        refusal(&|c| c.rules = (0..33).map(|n| Rule { slot: n.to_string(), ..c.rules[0].clone() }).collect()),
        "rules"
    );
}

#[test]
fn a_seat_is_taken_by_who_is_invited() {
    let mut world = empty();
    found(&mut world, "ana", &example()).unwrap();
    assert_eq!(refused(accept(&mut world, "eve", "w2")), (Code::PermissionDenied, "seat".into()));
    assert_eq!(refused(accept(&mut world, "bo", "w9")), (Code::NotFound, "seat".into()));
    accept(&mut world, "bo", "w2").unwrap();
    assert!(accept(&mut world, "bo", "w2").unwrap().known);
    assert_eq!(rule(accept(&mut world, "eve", "w2")), "seat");
    let invite = |agent: &str, seat: &str| InviteRequest { seat: seat.into(), agent: agent.into() };
    // The founder until the first proposal, then peers: of the same class, or stewards.
    world.call("forge", "ana", &methods::INVITE, &invite("dora", "d1")).unwrap();
    assert!(world.call("forge", "ana", &methods::INVITE, &invite("dora", "d1")).unwrap().known);
    assert_eq!(rule(world.call("forge", "bo", &methods::INVITE, &invite("eve", "d1"))), "seat");
    world.call("forge", "bo", &methods::INVITE, &invite("eve", "w3")).unwrap();
    assert_eq!(rule(world.call("forge", "bo", &methods::INVITE, &invite("eve", "w1"))), "seat");
    assert_eq!(rule(accept(&mut world, "dee", "d1")), "seat");
    accept(&mut world, "dora", "d1").unwrap();
    let purpose = patch(&mut world, "/purpose", "Other");
    propose(&mut world, &proposal("p", "decisions", vec![purpose])).unwrap();
    assert_eq!(charter(&mut world).status(), At::Active);
    assert_eq!(rule(world.call("forge", "ana", &methods::INVITE, &invite("eve", "u1"))), "seat");
}

#[test]
fn who_leaves_frees_all_seats_or_one() {
    let mut request = example();
    let seats = &mut request.charter.as_mut().unwrap().seats;
    seats.push(Seat { id: "u2".into(), class: 2, holder: "ana".into(), ..Seat::default() });
    let mut world = founded_as(request);
    let leave = |seat: &str| LeaveRequest { seat: seat.into(), reason: "moving on".into() };
    assert_eq!(rule(world.call("forge", "ana", &methods::LEAVE, &leave("w2"))), "seat");
    assert_eq!(world.call("forge", "ana", &methods::LEAVE, &leave("u2")).unwrap().seats, ["u2"]);
    assert_eq!(world.call("forge", "ana", &methods::LEAVE, &leave("")).unwrap().seats, ["w1"]);
    assert_eq!(types(&world), ["Left"]);
    assert_eq!(rule(world.call("forge", "ana", &methods::LEAVE, &leave(""))), "seat");
    assert!(charter(&mut world).charter.unwrap().seats.iter().all(|s| s.holder != "ana"));
}

#[test]
fn nobody_decides_anything_before_the_charter_is_in_force() {
    let mut world = empty();
    found(&mut world, "ana", &example()).unwrap();
    let purpose = patch(&mut world, "/purpose", "Other");
    assert_eq!(rule(propose(&mut world, &proposal("p", "decisions", vec![purpose]))), "status");
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    assert_eq!(rule(world.query("forge", &methods::GET_CHARTER, &GetCharterRequest::default())), "charter");
    assert_eq!(rule(accept(&mut world, "ana", "w1")), "status");
}

#[test]
fn a_charter_has_bounds() {
    let refusal = |change: &dyn Fn(&mut Constitution)| {
        let mut request = example();
        change(request.charter.as_mut().unwrap());
        refused(found(&mut empty(), "ana", &request))
    };
    let too_much = |rule: &str| (Code::ResourceExhausted, rule.to_string());
    let subject = |c: &Constitution, n: usize| Decision { subject: format!("s{n}"), ..c.decisions[0].clone() };
    assert_eq!(
        refusal(&|c| c.decisions.extend((0..29).map(|n| subject(c, n)).collect::<Vec<_>>())),
        too_much("decisions")
    );
    let step = |n: u32| Step { n, effect: 1, ..Step::default() };
    assert_eq!(refusal(&|c| c.sanctions = (1..18).map(step).collect()), too_much("sanctions"));
    let long = |n: usize| Param { path: format!("p{n:03}"), value: "x".repeat(1000) };
    assert_eq!(refusal(&|c| c.rules[0].params = (0..17).map(long).collect()), too_much("params"));
    let many = FoundRequest { signatures: vec![Signature::default(); 257], ..example() };
    assert_eq!(refused(found(&mut empty(), "ana", &many)), too_much("signature"));

    // Amendments have the same bounds.
    let mut request = example();
    let text = request.charter.as_mut().unwrap();
    text.rules = (0..32).map(|n| Rule { slot: format!("r{n}"), ..text.rules[0].clone() }).collect();
    text.seats.extend((0..294).map(|n| Seat { id: format!("x{n}"), class: 2, ..Seat::default() }));
    let mut world = founded_as(request);
    for (path, rule) in [("/rules/more/params/x", "rules"), ("/seats/more/class", "seats")] {
        let one_more = patch(&mut world, path, "user");
        assert_eq!(refused(propose(&mut world, &proposal("p", "decisions", vec![one_more]))), too_much(rule));
    }
    // As many as before are as many as may be.
    let swap = vec![patch(&mut world, "/seats/x0", ""), patch(&mut world, "/seats/more/class", "user")];
    propose(&mut world, &proposal("p", "decisions", swap)).unwrap();
}
