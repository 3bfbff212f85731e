//! What passed is carried out whole or not at all, and the commons itself is who acts.

use super::*;
use crate::{Contract, proto::proposal::Status as At};
use prost::Message;
use stint_sdk::testing::KernelCall;

const PAY: &str = "/stint.value.v1.Value/Pay";

fn paying() -> World {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    world
}

#[test]
fn the_commons_acts_by_what_it_has_decided() {
    let mut world = paying();
    let done = carry(&mut world, &calling("pay", "spending", PAY, b"100".to_vec())).unwrap();
    let caller = String::from_utf8(done.responses[0].clone()).unwrap();
    assert_eq!(caller, "forge/stint.charter.v1.Charter for anybody");
    // Nothing of the charter's text changed.
    assert_eq!(done.version, 1);
    let event = world.events()[0].read::<Passed>().unwrap();
    assert_eq!((event.proposal.as_str(), event.status()), ("pay", At::Passed));
    assert_eq!(world.events()[1].read::<Executed>().unwrap().methods, [PAY]);
}

#[test]
fn a_refused_call_leaves_everything_as_it_was_and_says_why() {
    let mut world = paying();
    let mut request = calling("pay", "decisions", PAY, b"100".to_vec());
    request.calls.push(Call { request: b"too much".to_vec(), ..request.calls[0].clone() });
    request.patches = vec![patch(&mut world, "/purpose", "Other")];
    let before = charter(&mut world);
    let refusal = carry(&mut world, &request).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "V9"));
    assert_eq!((refusal.details["left"].as_str(), refusal.details["call"].as_str()), ("5", "2"));
    assert!(refusal.message.contains("there is not so much"), "{refusal}");
    assert!(world.events().is_empty());
    assert_eq!(charter(&mut world).charter, before.charter);
    assert_eq!(close(&mut world, "pay").unwrap().status(), At::Passed);
    assert_eq!(rule(execute(&mut world, "pay")), "V9");
    // Until it expires.
    world.days(30);
    assert_eq!(close(&mut world, "pay").unwrap().status(), At::Expired);
}

#[test]
fn patches_and_calls_are_carried_out_together() {
    let mut world = paying();
    let mut request = calling("both", "decisions", PAY, b"100".to_vec());
    request.patches = vec![patch(&mut world, "/purpose", "Other"), patch(&mut world, "/seats/w1/weight", "2")];
    let done = carry(&mut world, &request).unwrap();
    assert_eq!((done.version, done.responses.len()), (2, 1));
    let event = world.events().iter().find_map(|e| e.read::<Executed>()).unwrap();
    assert_eq!((event.version, event.paths), (2, vec!["/purpose".into(), "/seats/w1/weight".to_string()]));
    let shown = get(&mut world, "both");
    assert_eq!((shown.version, shown.executed_version), (1, 2));
}

#[test]
fn the_kernel_is_called_under_its_own_subject_or_the_strictest() {
    let mut world = founded();
    let call = calling("deploy", "spending", "/stint.v1.Kernel/Deploy", b"code".to_vec());
    assert_eq!(rule(propose(&mut world, &call)), "subject");
    carry(&mut world, &ProposeRequest { subject: "decisions".into(), ..call }).unwrap();
    let deploy = KernelCall { commons: "forge".into(), method: "Deploy".into(), request: b"code".to_vec() };
    assert_eq!(world.kernel_calls().last(), Some(&deploy));
}

#[test]
fn in_another_commons_the_commons_is_who_it_was_admitted_as() {
    let mut world = paying();
    world.deploy::<stubs::Value>("mend");
    let mut abroad = calling("abroad", "spending", "/stint.value.v1.Value/Owe", b"dee".to_vec());
    abroad.calls[0].commons = "mend".into();
    assert_eq!(rule(carry(&mut world, &abroad)), "foreign-contract");
    world.member("mend", "forge/stint.charter.v1.Charter", &["client"]);
    execute(&mut world, "abroad").unwrap();
    // A steward it is at home only.
    let mut pay = calling("pay", "spending", PAY, b"1".to_vec());
    pay.calls[0].commons = "mend".into();
    assert_eq!(rule(carry(&mut world, &pay)), "role");
}

#[test]
fn a_decision_invites_to_a_seat() {
    let mut world = founded();
    world.call("forge", "dee", &methods::LEAVE, &LeaveRequest::default()).unwrap();
    let request = InviteRequest { seat: "d1".into(), agent: "dora".into() }.encode_to_vec();
    carry(&mut world, &calling("invite", "spending", "/stint.charter.v1.Charter/Invite", request.clone())).unwrap_err();
    propose(&mut world, &calling("invite", "decisions", "/stint.charter.v1.Charter/Invite", request)).unwrap();
    for (_, agent) in SEATS.iter().filter(|(_, agent)| *agent != "dee") {
        vote(&mut world, agent, "invite", Choice::Yes).unwrap();
    }
    world.days(42);
    execute(&mut world, "invite").unwrap();
    accept(&mut world, "dora", "d1").unwrap();
}

#[test]
fn the_consortium_is_a_commons_like_any_other() {
    let mut world = World::new();
    world.deploy::<Contract>("consortium");
    for (org, role) in [("org-a", "steward"), ("org-b", "member"), ("org-c", "member"), ("org-d", "member")] {
        world.member("consortium", org, &[role]);
    }
    let seat = |n: usize, org: &str| Seat { id: format!("v{n}"), class: 4, holder: org.into(), ..Seat::default() };
    let charter = Constitution {
        purpose: "Keeps the ledger".into(),
        seats: ["org-a", "org-b", "org-c", "org-d"].iter().enumerate().map(|(n, org)| seat(n, org)).collect(),
        decisions: vec![Decision {
            subject: "kernel".into(),
            kind: decision::Kind::Majority.into(),
            quorum: 7500,
            threshold_num: 3,
            threshold_den: 4,
            open_for_s: 3600,
            ..Decision::default()
        }],
        ..Constitution::default()
    };
    let request = FoundRequest { charter: Some(charter), ..FoundRequest::default() };
    world.call("consortium", "org-a", &methods::FOUND, &request).unwrap();
    for (seat, org) in [("v1", "org-b"), ("v2", "org-c"), ("v3", "org-d")] {
        world.call("consortium", org, &methods::ACCEPT_SEAT, &AcceptSeatRequest { seat: seat.into() }).unwrap();
    }
    let admit = calling("admit", "kernel", "/stint.v1.Kernel/Admit", b"org-e".to_vec());
    world.call("consortium", "org-b", &methods::PROPOSE, &admit).unwrap();
    for org in ["org-a", "org-b", "org-c"] {
        let ballot = VoteRequest { proposal: "admit".into(), choice: Choice::Yes.into(), ..VoteRequest::default() };
        world.call("consortium", org, &methods::VOTE, &ballot).unwrap();
    }
    world.pass(3_600_000);
    world.call("consortium", "org-d", &methods::EXECUTE, &ExecuteRequest { proposal: "admit".into() }).unwrap();
    assert_eq!(world.kernel_calls().iter().map(|c| c.method.as_str()).collect::<Vec<_>>(), ["Constitute", "Admit"]);
}

#[test]
fn nobody_but_the_charter_acts_for_the_commons() {
    let mut world = paying();
    const STEAL: stint_sdk::Method<(), ()> = stint_sdk::Method::new("stint.value.v1.Value", "Steal");
    assert_eq!(refused(world.call("forge", "ana", &STEAL, &())), (Code::PermissionDenied, "act".into()));
    // Not even when the commons itself calls.
    let steal = calling("steal", "spending", "/stint.value.v1.Value/Steal", Vec::new());
    assert_eq!(rule(carry(&mut world, &steal)), "act");
}

#[test]
fn of_a_refused_execution_the_kernel_hears_nothing() {
    let mut world = paying();
    let before = world.kernel_calls();
    let mut request = calling("p", "decisions", "/stint.v1.Kernel/Deploy", b"code".to_vec());
    request.calls.push(Call { method: PAY.into(), request: b"too much".to_vec(), ..Call::default() });
    assert_eq!(rule(carry(&mut world, &request)), "V9");
    assert_eq!(world.kernel_calls(), before);
}

#[test]
fn a_call_of_the_charter_that_cannot_be_read_is_refused_like_any_other() {
    let mut world = founded();
    let garbled = calling("p", "decisions", "/stint.charter.v1.Charter/Invite", vec![0xff]);
    let refusal = carry(&mut world, &garbled).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.details["call"].as_str()), ("request", "1"));
}
