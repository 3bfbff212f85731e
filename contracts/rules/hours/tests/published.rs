//! The rule behind its hash answers as it does beside the caller, refusals too.

mod common;

use common::did;
use hours::Hours;
use stint_rule::{Machine, Native, Published, Totals, params, proto::Income, whole};
use stint_sdk::testing::World;

#[test]
fn a_published_rule_is_asked_by_its_hash() {
    let mut world = World::new();
    let published = Published(world.publish_rule::<Hours>());
    let native = Native::<Hours>::default();
    assert_eq!(published.manifest(), native.manifest());

    let income = Income { id: "i".into(), amount: 1000, ..Income::default() };
    let done = [did("ana", "work", "2 h", &[]), did("bo", "work", "1 h", &[])];
    let both = |pairs: &[(&'static str, &'static str)]| {
        let params = params(pairs.iter().copied());
        let answer = whole(&published, &params, &income, &done, Totals::default(), 1);
        assert_eq!(answer, whole(&native, &params, &income, &done, Totals::default(), 1));
        answer
    };
    assert_eq!(both(&[]).unwrap().0.payouts[0].amount, 667);
    assert_eq!(both(&[("care", "1")]).unwrap_err().rule, "params");
    assert_eq!(Published([9; 32]).manifest().unwrap_err().rule, "code");
}
