//! Winding up.

use super::*;
use crate::proto::Status as At;

const SUNSET: &str = "/stint.charter.v1.Charter/Sunset";

fn dissolve(world: &mut World) -> Result<DissolveResponse, Refusal> {
    world.call("forge", "ana", &methods::DISSOLVE, &DissolveRequest {})
}

#[test]
fn a_commons_ends_by_a_decision_and_is_dissolved_when_nothing_is_left() {
    let mut world = founded();
    world.deploy::<stubs::Value>("forge");
    world.deploy::<stubs::Book>("forge");
    assert_eq!(rule(world.call("forge", "ana", &methods::SUNSET, &SunsetRequest::default())), "decision");
    assert_eq!(rule(dissolve(&mut world)), "status");
    assert_eq!(rule(propose(&mut world, &calling("lax", "spending", SUNSET, Vec::new()))), "subject");
    carry(&mut world, &calling("end", "decisions", SUNSET, Vec::new())).unwrap();
    assert_eq!(charter(&mut world).status(), At::Sunset);
    // Nothing else is changed any more; calls that wind it up are decided still.
    let purpose = patch(&mut world, "/purpose", "Other");
    assert_eq!(rule(propose(&mut world, &proposal("p", "decisions", vec![purpose]))), "status");
    assert_eq!(rule(accept(&mut world, "eve", "w1")), "status");
    assert_eq!(refused(dissolve(&mut world)), (Code::FailedPrecondition, "resources".into()));
    carry(&mut world, &calling("move", "spending", "/stint.book.v1.Book/Move", Vec::new())).unwrap();
    let owe = calling("owe", "spending", "/stint.value.v1.Value/Owe", b"cy".to_vec());
    carry(&mut world, &owe).unwrap();
    let refusal = dissolve(&mut world).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.details["claim"].as_str()), ("claims", "work/cy"));
    world.call("forge", "cy", &methods::LEAVE, &LeaveRequest::default()).unwrap();
    assert_eq!(rule(world.call("forge", "eve", &methods::DISSOLVE, &DissolveRequest {})), "seat");
    dissolve(&mut world).unwrap();
    assert_eq!(charter(&mut world).status(), At::Dissolved);
    assert_eq!(rule(propose(&mut world, &owe_again())), "status");
    assert_eq!(
        rule(world.call("forge", "ana", &methods::FOUND, &FoundRequest { min_members: 3, ..example() })),
        "founded"
    );
}

fn owe_again() -> ProposeRequest {
    calling("owe2", "spending", "/stint.value.v1.Value/Owe", b"cy".to_vec())
}

#[test]
fn without_a_book_and_incomes_there_is_nothing_to_settle() {
    let mut world = founded();
    carry(&mut world, &calling("end", "decisions", SUNSET, Vec::new())).unwrap();
    dissolve(&mut world).unwrap();
}
