//! New code for a contract that serves already: at once, and in steps.

mod common;

use common::{Ledger, named};
use stint_proto::{
    Hash, Refusal,
    v1::{self, migrate_response::Stage},
};

/// Version `n` answers with the byte `n`; `migrate` is the body of its `stint_migrate`, if any.
fn version(n: u8, migrate: Option<&str>) -> Vec<u8> {
    let migrate = migrate.map_or(String::new(), |body| {
        format!(
            r#"(func (export "stint_migrate") (param i32 i32) (result i64) (local $page i64) (local $n i32) {body})"#
        )
    });
    named(
        "Test",
        &format!(
            r#"(module
            (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
            (import "stint_v1" "delete" (func $delete (param i32 i32)))
            (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
            (import "stint_v1" "scan" (func $scan (param i32 i32 i32 i32 i32 i32) (result i64)))
            (memory (export "memory") 2)
            (global $next (mut i32) (i32.const 4096))
            (data (i32.const 0) "{}")
            (data (i32.const 16) "\08\01")
            (data (i32.const 32) "\12\01x")
            (data (i32.const 48) "\08\09\12\02no")
            (data (i32.const 64) "new")
            (func (export "stint_alloc") (param $n i32) (result i32)
                (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
            (func $version (result i64) (i64.const 1))
            (func (export "stint_call") (param i32 i32 i32) (result i64)
                ;; Do keeps its request under itself.
                (if (i32.eqz (local.get 0)) (then
                    (call $put (local.get 1) (local.get 2) (local.get 1) (local.get 2))))
                (call $version))
            {migrate})"#,
            (b'0' + n) as char
        ),
    )
}

/// The answer `done`.
const DONE: &str = "(i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 2))";
/// The answer "more, from x".
const MORE: &str = "(i64.or (i64.shl (i64.const 32) (i64.const 32)) (i64.const 3))";
/// A refusal by the rule "no".
const REFUSE: &str =
    "(i64.or (i64.const 0x8000000000000000) (i64.or (i64.shl (i64.const 48) (i64.const 32)) (i64.const 6)))";
/// Writes under "new".
const WRITE: &str = "(call $put (i32.const 64) (i32.const 3) (i32.const 0) (i32.const 1))";
/// True in the first step: the request has no cursor, field 2.
const MODE_IS: fn(u8) -> String = |mode| {
    // The last byte of the request is the mode, field 3, when it is not 0.
    format!("(i32.eq (i32.load8_u (i32.sub (i32.add (local.get 0) (local.get 1)) (i32.const 1))) (i32.const {mode}))")
};

fn serving(ledger: &Ledger) -> Vec<u8> {
    ledger.ask("Ask", b"").expect("it answers")
}

fn step(ledger: &mut Ledger) -> Result<(Stage, u64), Refusal> {
    let request = v1::MigrateRequest { service: "test.v1.Test".into() };
    let answer: v1::MigrateResponse = ledger.0.kernel("forge", "Migrate", &request)?;
    Ok((answer.stage(), answer.steps))
}

fn with_v1() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.deploy(&version(1, None));
    for key in [b"a", b"b", b"c"] {
        assert_eq!(ledger.call("Do", key).refusal, None);
    }
    ledger
}

#[test]
fn code_without_a_migration_takes_the_state_as_it_is() {
    let mut ledger = with_v1();
    assert_eq!(serving(&ledger), b"1");
    let done = ledger.0.upgrade("forge", &version(2, None), false).expect("upgraded");
    assert!(done.done);
    assert_eq!(serving(&ledger), b"2");
    assert_eq!(ledger.0.kept("forge", "test.v1.Test").len(), 3);
    let again = ledger.0.upgrade("forge", &version(2, None), false).expect_err("it serves already");
    assert_eq!(again.rule, "code");
    let steps = ledger.0.upgrade("forge", &version(3, None), true).expect_err("nothing to do in steps");
    assert_eq!(steps.rule, "no-migration");
}

#[test]
fn a_migration_in_one_call_is_done_whole_or_not_at_all() {
    let mut ledger = with_v1();
    let before = ledger.0.kept("forge", "test.v1.Test");
    for (migrate, rule) in [
        (format!("{WRITE} {REFUSE}"), "no"),
        (format!("{WRITE} unreachable"), "contract-stopped"),
        (format!("{WRITE} (loop (br 0)) (i64.const 0)"), "fuel"),
        (format!("{WRITE} {MORE}"), "unfinished"),
        (format!("{WRITE} (i64.const 0x7fffffff)"), "contract-stopped"),
    ] {
        let refusal = ledger.0.upgrade("forge", &version(2, Some(&migrate)), false).expect_err(rule);
        assert_eq!(refusal.rule, rule, "{}", refusal.message);
        assert_eq!(serving(&ledger), b"1");
        assert_eq!(ledger.0.kept("forge", "test.v1.Test"), before);
        assert_eq!(ledger.call("Do", b"a").refusal, None, "the old version goes on");
    }
    ledger.0.upgrade("forge", &version(2, Some(&format!("{WRITE} {DONE}"))), false).expect("upgraded");
    assert_eq!(serving(&ledger), b"2");
    assert_eq!(ledger.0.kept("forge", "test.v1.Test").len(), 4);
}

/// Two steps that each write one key, then a check that finds it.
fn in_steps(check: &str) -> String {
    let first = "(i32.ne (i32.load8_u (i32.add (local.get 0) (i32.const 34))) (i32.const 18))";
    format!(
        r#"(if (result i64) {} (then
            (if (result i64) (i64.eq (call $get (i32.const 64) (i32.const 3)) (i64.const -1)) (then {REFUSE}) (else {check})))
        (else (if (result i64) {first} (then {MORE})
            ;; The second step sees nothing of what the steps write, and the old state whole.
            (else (if (result i64) (i64.ne (call $get (i32.const 64) (i32.const 3)) (i64.const -1))
                (then {REFUSE}) (else {WRITE} {DONE}))))))"#,
        MODE_IS(2)
    )
}

#[test]
fn in_steps_the_old_code_answers_until_the_new_state_is_checked() {
    let mut ledger = with_v1();
    let begun = ledger.0.upgrade("forge", &version(2, Some(&in_steps(DONE))), true).expect("begun");
    assert!(!begun.done);
    assert_eq!(step(&mut ledger), Ok((Stage::Migrating, 1)));
    // Queries are answered by the old code on the old state; commands wait.
    assert_eq!(serving(&ledger), b"1");
    let refused = ledger.call("Do", b"d").refusal.expect("refused");
    assert_eq!((refused.code, refused.rule.as_str()), (14, "upgrading"));
    let twice = ledger.0.upgrade("forge", &version(3, None), false).expect_err("one at a time");
    assert_eq!(twice.rule, "upgrading");
    assert_eq!(step(&mut ledger), Ok((Stage::Checking, 2)));
    assert_eq!(serving(&ledger), b"1");
    assert_eq!(step(&mut ledger), Ok((Stage::Cleaning, 3)));
    assert_eq!(serving(&ledger), b"2");
    assert_eq!(ledger.0.kept("forge", "test.v1.Test").keys().collect::<Vec<_>>(), [b"new"]);
    assert_eq!(ledger.call("Do", b"d").refusal, None);
    assert_eq!(step(&mut ledger), Ok((Stage::Done, 0)));
    let old = ledger.0.state.0.keys().filter(|k| k.starts_with(b"c/forge/test.v1.Test/0/")).count();
    assert_eq!(old, 0, "what nobody reads is deleted");
}

#[test]
fn a_failing_check_or_step_leaves_the_old_version_and_can_be_given_up() {
    let mut ledger = with_v1();
    let before = ledger.0.kept("forge", "test.v1.Test");
    ledger.0.upgrade("forge", &version(2, Some(&in_steps(REFUSE))), true).expect("begun");
    assert_eq!(step(&mut ledger), Ok((Stage::Migrating, 1)));
    assert_eq!(step(&mut ledger), Ok((Stage::Checking, 2)));
    assert_eq!(step(&mut ledger).expect_err("the check fails").rule, "no");
    assert_eq!(serving(&ledger), b"1");
    let request = v1::AbortUpgradeRequest { service: "test.v1.Test".into() };
    ledger.0.kernel::<v1::AbortUpgradeResponse>("forge", "AbortUpgrade", &request).expect("given up");
    assert_eq!(ledger.call("Do", b"a").refusal, None);
    assert_eq!(ledger.0.kept("forge", "test.v1.Test"), before);
    // What the steps wrote goes before the next attempt in steps.
    let next = version(2, Some(&in_steps(DONE)));
    assert_eq!(ledger.0.upgrade("forge", &next, true).expect_err("cleaning").rule, "cleaning");
    assert_eq!(step(&mut ledger), Ok((Stage::Done, 0)));
    ledger.0.upgrade("forge", &next, true).expect("begun again");
    // A check that writes is ended.
    let mut cheating = with_v1();
    cheating.0.upgrade("forge", &version(2, Some(&in_steps(&format!("{WRITE} {DONE}")))), true).expect("begun");
    step(&mut cheating).expect("a step");
    step(&mut cheating).expect("a step");
    assert_eq!(step(&mut cheating).expect_err("it writes").rule, "contract-stopped");
}

#[test]
fn code_serves_when_validators_have_had_the_time_to_compile_it() {
    let mut ledger = Ledger::new();
    let module = version(1, None);
    let request = v1::PublishRequest { module: module.into() };
    let published: v1::PublishResponse = ledger.0.kernel("forge", "Publish", &request).expect("published");
    assert_eq!(published.ready_ms, ledger.0.time_ms + 8 * (request.module.len() as u64).div_ceil(1000));
    let deploy = v1::DeployRequest { code_hash: published.code_hash.clone() };
    let early = ledger.0.kernel::<v1::DeployResponse>("forge", "Deploy", &deploy).expect_err("too early");
    assert_eq!((early.rule.as_str(), early.details["wait_ms"].as_str()), ("not-ready", "8"));
    ledger.0.time_ms = published.ready_ms;
    ledger.0.kernel::<v1::DeployResponse>("forge", "Deploy", &deploy).expect("in time");
    // Publishing again changes nothing.
    let again: v1::PublishResponse = ledger.0.kernel("forge", "Publish", &request).expect("known");
    assert_eq!(again, published);
    assert!(Hash::try_from(&again.code_hash[..]).is_ok());
}
