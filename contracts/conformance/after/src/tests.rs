use crate::{BAD, Contract, proto::*};
use conformance_before as before;
use conformance_rule::{Rule, proto::HoursRequest};
use stint_sdk::{Code, prost::Message, testing::World};

/// A commons whose older contract keeps the points 1, 2, 3 and so on.
fn world(entries: u64) -> World {
    let mut world = World::new();
    world.deploy::<before::Contract>("mill");
    for number in 0..entries {
        set(&mut world, number, number + 1);
    }
    world
}

fn set(world: &mut World, number: u64, points: u64) {
    world.call("mill", "ana", &before::proto::methods::SET, &before::proto::Entry { number, points }).unwrap();
}

fn points(world: &mut World, number: u64) -> u64 {
    world.query("mill", &methods::GET, &Entry { number, points: 0 }).unwrap().points
}

fn moved(world: &World) -> Vec<u64> {
    world.events().iter().filter_map(|e| e.read::<Moved>()).map(|m| m.entries).collect()
}

/// Once, a world that upgraded left the runtime behind, and only whole migrations ran at all.
#[test]
fn an_upgrade_in_one_call_brings_the_state_over() {
    let mut world = world(7);
    world.upgrade::<Contract>("mill").unwrap();
    assert_eq!(moved(&world), [7]);
    assert_eq!((points(&mut world, 6), points(&mut world, 7)), (7, 0));
    world.call("mill", "ana", &methods::SET, &Entry { number: 7, points: 1 }).unwrap();
    assert_eq!(points(&mut world, 7), 1);
}

#[test]
fn what_does_not_fit_one_call_is_brought_over_in_steps() {
    let mut world = world(25);
    let refusal = world.upgrade::<Contract>("mill").unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::FailedPrecondition, "unfinished"));
    assert_eq!(points(&mut world, 24), 25, "the old version serves");
    // Three steps and the check.
    assert_eq!(world.upgrade_in_steps::<Contract>("mill").unwrap(), 4);
    assert_eq!(moved(&world), [10, 10, 5]);
    assert_eq!((points(&mut world, 0), points(&mut world, 24)), (1, 25));
}

#[test]
fn a_refused_migration_leaves_the_old_version_as_it_was() {
    let mut world = world(12);
    set(&mut world, 11, BAD);
    for in_steps in [false, true] {
        let refused = match in_steps {
            false => world.upgrade::<Contract>("mill"),
            true => world.upgrade_in_steps::<Contract>("mill").map(|_| ()),
        };
        let rule = refused.unwrap_err().rule;
        // In one call the second page is never looked at.
        assert_eq!(rule, if in_steps { "bad" } else { "unfinished" });
        assert!(world.events().is_empty());
        assert_eq!((points(&mut world, 0), points(&mut world, 11)), (1, BAD));
        set(&mut world, 0, 1);
    }
    // Mended, it goes through.
    set(&mut world, 11, 12);
    assert_eq!(world.upgrade_in_steps::<Contract>("mill").unwrap(), 3);
    assert_eq!(points(&mut world, 11), 12);
}

#[test]
fn a_check_that_refuses_and_code_that_brings_nothing_over() {
    let mut world = world(0);
    assert_eq!(world.upgrade_in_steps::<Contract>("mill").unwrap_err().rule, "empty");
    let mut world = World::new();
    assert_eq!(world.upgrade::<Contract>("mill").unwrap_err().rule, "service");
    world.deploy::<Contract>("mill");
    assert_eq!(world.upgrade_in_steps::<before::Contract>("mill").unwrap_err().rule, "no-migration");
    world.upgrade::<before::Contract>("mill").unwrap();
    assert_eq!(points(&mut world, 0), 0);
}

/// Once, no rule could be tested beside the runtime: a development build speaks to its author, and
/// was no rule for that.
#[test]
fn a_contract_asks_a_rule() {
    let mut world = World::new();
    world.deploy::<Contract>("mill");
    let rule = world.publish_rule::<Rule>();
    let ask = |world: &mut World, rule: &[u8], hours| {
        let request = HoursRequest { hours, night: true }.encode_to_vec();
        world.call("mill", "ana", &methods::SET_HOURS, &SetHoursRequest { number: 1, rule: rule.to_vec(), request })
    };
    assert_eq!(ask(&mut world, &rule, 8).unwrap().points, 120);
    assert_eq!(points(&mut world, 1), 120);
    assert_eq!(ask(&mut world, &rule, 25).unwrap_err().rule, "day");
    assert_eq!(ask(&mut world, &[7; 32], 8).unwrap_err().rule, "code");
    assert_eq!(points(&mut world, 1), 120);
}
