//! A commons that acts through its charter: who may ask, what those who are called see, and what is
//! undone.

mod common;

use common::{Ledger, named};
use prost::Message;
use std::collections::BTreeMap;
use stint_proto::{Refusal, limits::CALL_FUEL, v1};
use stint_testkit::STEWARD;

const IMPORTS: &str = r#"
    (import "stint_v1" "act" (func $act (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
    (import "stint_v1" "call" (func $call (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
    (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
    (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
    (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
    (import "stint_v1" "context" (func $context (result i64)))
    (import "stint_v1" "has_role" (func $has_role (param i32 i32) (result i32)))
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 4096))
    (data (i32.const 0) "forge")
    (data (i32.const 16) "steward")
    (data (i32.const 32) "/test.v1.Charter/Ask")
    (data (i32.const 64) "/test.v1.Charter/Do")
    (data (i32.const 96) "\08\09\12\02no")
    (data (i32.const 112) "/stint.v1.Kernel/Upgrade")
    (func (export "stint_alloc") (param $n i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
    (func $at (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
    (func $size (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
    ;; The refusal in an answer, behind its tag and its size, as an answer of one's own.
    (func $refusal (param i64) (result i64) (local i32)
        (local.set 1 (i32.add (i32.const 2) (i32.shr_u (i32.load8_u offset=1 (call $at (local.get 0))) (i32.const 7))))
        (i64.or (i64.const 0x8000000000000000)
            (i64.add (local.get 0) (i64.sub (i64.shl (i64.extend_i32_u (local.get 1)) (i64.const 32)) (i64.extend_i32_u (local.get 1))))))"#;

const REFUSE: &str =
    "(i64.or (i64.const 0x8000000000000000) (i64.or (i64.shl (i64.const 96) (i64.const 32)) (i64.const 6)))";

fn contract(name: &str, body: &str, more: &str) -> Vec<u8> {
    let call = r#"(func (export "stint_call") (param i32 i32 i32) (result i64) (local i64)"#;
    named(name, &format!("(module {IMPORTS} {more} {call} {body}))"))
}

/// Announces "forge", then does every act of its request: three sizes, then commons, method and request,
/// again and again. It refuses with what refused the first of them that was refused. A query answers
/// with the context.
const ACTS: &str = r#"
    (if (i32.eqz (local.get 0)) (then
        (call $emit (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 0))
        (local.set 2 (i32.add (local.get 1) (local.get 2)))
        (block $done (loop $more
            (br_if $done (i32.ge_u (local.get 1) (local.get 2)))
            (local.set 3 (call $act
                (i32.add (local.get 1) (i32.const 3)) (i32.load8_u (local.get 1))
                (i32.add (i32.add (local.get 1) (i32.const 3)) (i32.load8_u (local.get 1))) (i32.load8_u offset=1 (local.get 1))
                (i32.add (i32.add (i32.add (local.get 1) (i32.const 3)) (i32.load8_u (local.get 1))) (i32.load8_u offset=1 (local.get 1)))
                (i32.load8_u offset=2 (local.get 1)) (i64.const 0)))
            (if (i32.eq (i32.load8_u (call $at (local.get 3))) (i32.const 0x12)) (then (return (call $refusal (local.get 3)))))
            (local.set 1 (i32.add (i32.add (i32.add (i32.add (local.get 1) (i32.const 3))
                (i32.load8_u (local.get 1))) (i32.load8_u offset=1 (local.get 1))) (i32.load8_u offset=2 (local.get 1))))
            (br $more)))))
    (call $context)"#;

/// Keeps under its request: whether the caller is a steward, the context, and what the charter
/// answers to a query. Then it announces its request, and refuses the request "no".
fn book() -> Vec<u8> {
    let body = format!(
        r#"
        (i32.store8 (i32.const 2048) (call $has_role (i32.const 16) (i32.const 7)))
        (i32.store8 (i32.const 2049) (i32.load8_u (local.get 1)))
        (i32.store8 (i32.const 2050) (i32.const 0x72))
        (call $put (i32.const 2049) (i32.const 2) (i32.const 2048) (i32.const 1))
        (i32.store8 (i32.const 2050) (i32.const 0x63))
        (local.set 3 (call $context))
        (call $put (i32.const 2049) (i32.const 2) (call $at (local.get 3)) (call $size (local.get 3)))
        (i32.store8 (i32.const 2050) (i32.const 0x61))
        (local.set 3 (call $call (i32.const 0) (i32.const 5) (i32.const 32) (i32.const 20) (i32.const 0) (i32.const 0) (i64.const 200000)))
        (call $put (i32.const 2049) (i32.const 2) (call $at (local.get 3)) (call $size (local.get 3)))
        (call $emit (local.get 1) (local.get 2) (i32.const 0) (i32.const 0))
        (if (result i64) (i32.eq (local.get 2) (i32.const 2)) (then {REFUSE}) (else (i64.const 0)))"#
    );
    contract("Book", &body, "")
}

fn act(commons: &str, method: &str, request: &[u8]) -> Vec<u8> {
    let sizes = [commons.len() as u8, method.len() as u8, request.len() as u8];
    [&sizes, commons.as_bytes(), method.as_bytes(), request].concat()
}

fn constitute() -> Vec<u8> {
    act("", "/stint.v1.Kernel/Constitute", b"")
}

fn note(word: &[u8]) -> Vec<u8> {
    act("", "/test.v1.Book/Do", word)
}

const CHARTER: &str = "/test.v1.Charter/Do";

/// The commons with a contract that may become its charter, a book, and the member bo.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.0.deploy("forge", &contract("Charter", ACTS, ""));
    ledger.0.deploy("forge", &book());
    ledger.0.admit("forge", "bo", &["member"]);
    ledger
}

/// The same, and it is its charter.
fn constituted() -> Ledger {
    let mut ledger = ledger();
    assert_eq!(ledger.0.call("forge", "ana", CHARTER, &constitute()).refusal, None);
    ledger
}

fn rule(receipt: &v1::Receipt) -> &str {
    receipt.refusal.as_ref().map_or("", |r| &r.rule)
}

fn charter(ledger: &Ledger) -> String {
    let asked = ledger.0.query("forge", "/stint.v1.Kernel/GetCommons", b"").expect("an answer");
    v1::GetCommonsResponse::decode(&asked[..]).expect("an answer").charter
}

fn kept(ledger: &Ledger, commons: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
    ledger.0.kept(commons, "test.v1.Book")
}

fn context(bytes: &[u8]) -> v1::CallContext {
    v1::CallContext::decode(bytes).expect("a context")
}

fn announced(receipt: &v1::Receipt) -> Vec<(&str, &str, &str)> {
    receipt.events.iter().map(|e| (e.commons.as_str(), e.service.as_str(), e.r#type.as_str())).collect()
}

#[test]
fn only_the_charter_acts_for_its_commons() {
    let mut ledger = ledger();
    // Nobody is yet.
    let early = ledger.0.call("forge", "ana", CHARTER, &note(b"a"));
    assert_eq!(rule(&early), "act");
    assert!(early.refusal.expect("refused").message.contains("forge has no charter yet"));
    let mut ledger = constituted();
    assert_eq!(rule(&ledger.0.call("forge", "bo", CHARTER, &note(b"a"))), "", "whom it hears is the charter's affair");
    assert!(kept(&ledger, "forge").contains_key(&b"ac"[..]));
    // Nor does another contract of the commons, whoever calls it.
    let other = contract("Other", ACTS, "");
    let code_hash = ledger.0.publish(&other).0.to_vec();
    let deploy = v1::DeployRequest { code_hash: code_hash.into() }.encode_to_vec();
    let deployed = ledger.0.call("forge", "ana", CHARTER, &act("", "/stint.v1.Kernel/Deploy", &deploy));
    assert_eq!(deployed.refusal, None, "the charter deploys");
    for agent in ["ana", STEWARD] {
        for asked in [note(b"b"), constitute()] {
            assert_eq!(rule(&ledger.0.call("forge", agent, "/test.v1.Other/Do", &asked)), "act");
        }
    }
    assert!(!kept(&ledger, "forge").contains_key(&b"bc"[..]));
    assert_eq!(charter(&ledger), "test.v1.Charter");
}

#[test]
fn a_contract_that_a_steward_calls_becomes_the_charter() {
    let mut ledger = ledger();
    let by_a_member = ledger.0.call("forge", "bo", CHARTER, &constitute());
    assert_eq!((rule(&by_a_member), charter(&ledger).as_str()), ("act", ""));
    // Only itself, and that first.
    let request = v1::ConstituteRequest { service: "test.v1.Book".into() }.encode_to_vec();
    let for_another = ledger.0.call("forge", "ana", CHARTER, &act("", "/stint.v1.Kernel/Constitute", &request));
    assert_eq!((rule(&for_another), charter(&ledger).as_str()), ("act", ""));
    let too_early = ledger.0.call("forge", "ana", CHARTER, &[note(b"a"), constitute()].concat());
    assert_eq!((rule(&too_early), charter(&ledger).as_str()), ("act", ""));
    assert_eq!(ledger.0.call("forge", "ana", CHARTER, &[constitute(), note(b"a")].concat()).refusal, None);
    assert_eq!(charter(&ledger), "test.v1.Charter");
    // It may hand over.
    let handed = ledger.0.call("forge", "bo", CHARTER, &act("", "/stint.v1.Kernel/Constitute", &request));
    assert_eq!((rule(&handed), charter(&ledger).as_str()), ("", "test.v1.Book"));
}

#[test]
fn while_a_commons_has_a_charter_its_stewards_only_publish_and_migrate() {
    let mut ledger = constituted();
    let code = contract("Third", ACTS, "");
    let refused = |ledger: &mut Ledger, method: &str, request: &[u8]| {
        let receipt = ledger.0.call("forge", "ana", &format!("/stint.v1.Kernel/{method}"), request);
        assert_eq!(rule(&receipt), "charter", "{method}");
    };
    // Publishing works, or this panics.
    let code_hash = bytes::Bytes::copy_from_slice(&ledger.0.publish(&code).0);
    let before = ledger.0.state.clone();
    refused(&mut ledger, "Deploy", &v1::DeployRequest { code_hash: code_hash.clone() }.encode_to_vec());
    refused(&mut ledger, "Upgrade", &v1::UpgradeRequest { code_hash, in_steps: false }.encode_to_vec());
    let admit = v1::AdmitRequest { agent: "bo".into(), roles: vec!["elder".into()], ..Default::default() };
    refused(&mut ledger, "Admit", &admit.encode_to_vec());
    refused(&mut ledger, "Constitute", &v1::ConstituteRequest { service: "test.v1.Book".into() }.encode_to_vec());
    refused(&mut ledger, "AbortUpgrade", &v1::AbortUpgradeRequest { service: "test.v1.Book".into() }.encode_to_vec());
    assert_eq!(ledger.0.state, before);
    let publish = ledger.0.call(
        "forge",
        "ana",
        "/stint.v1.Kernel/Publish",
        &v1::PublishRequest { module: contract("Fourth", ACTS, "").into() }.encode_to_vec(),
    );
    assert_eq!(publish.refusal, None);
    let migrate = v1::MigrateRequest { service: "test.v1.Book".into() }.encode_to_vec();
    assert_eq!(ledger.0.call("forge", "ana", "/stint.v1.Kernel/Migrate", &migrate).refusal, None);
    // And the charter admits.
    let done = ledger.0.call("forge", "bo", CHARTER, &act("", "/stint.v1.Kernel/Admit", &admit.encode_to_vec()));
    assert_eq!(done.refusal, None);
}

#[test]
fn who_is_called_sees_the_charter_as_a_steward_and_may_ask_it_back() {
    let mut ledger = constituted();
    let receipt = ledger.0.call("forge", "bo", CHARTER, &note(b"a"));
    assert_eq!(receipt.refusal, None);
    let kept = kept(&ledger, "forge");
    assert_eq!(kept[&b"ar"[..]], [1], "has the role steward");
    let seen = context(&kept[&b"ac"[..]]);
    assert_eq!((seen.commons.as_str(), seen.caller.as_str()), ("forge", "forge/test.v1.Charter"));
    assert_eq!((seen.via.as_str(), seen.signer.as_str()), ("forge/test.v1.Charter", "bo"));
    // The charter is in the middle of a call, and its query is answered.
    let asked = v1::CallAnswer::decode(&kept[&b"aa"[..]][..]).expect("an answer").outcome;
    let Some(v1::call_answer::Outcome::Response(of_charter)) = asked else { panic!("{asked:?}") };
    assert_eq!(context(&of_charter).via, "forge/test.v1.Book");
    // What it answered itself stands in the receipt: it was called by bo.
    assert_eq!(context(&receipt.response).caller, "bo");
    assert_eq!(announced(&receipt), [("forge", "test.v1.Charter", "forge"), ("forge", "test.v1.Book", "a")]);
}

#[test]
fn a_charter_that_passes_a_refusal_on_undoes_all_its_acts() {
    let mut ledger = constituted();
    let before = ledger.0.state.clone();
    for last in [note(b"no"), act("", "/test.v1.Nobody/Do", b""), act("mill", "/test.v1.Book/Do", b"")] {
        let receipt = ledger.0.call("forge", "bo", CHARTER, &[note(b"a"), note(b"b"), last].concat());
        assert!(["no", "service", "commons"].contains(&rule(&receipt)), "{receipt:?}");
        assert!(receipt.events.is_empty() && receipt.response.is_empty());
        assert!(receipt.fuel_used > 50_000 && receipt.fuel_used < CALL_FUEL, "{}", receipt.fuel_used);
        assert_eq!(ledger.0.state, before);
    }
    // The next call goes on.
    assert_eq!(ledger.0.call("forge", "bo", CHARTER, &note(b"a")).refusal, None);
}

#[test]
fn acts_of_outer_and_inner_contracts_never_mix() {
    let mut ledger = constituted();
    ledger.0.found("mill", &[]);
    ledger.0.deploy("mill", &contract("Charter", ACTS, ""));
    ledger.0.deploy("mill", &book());
    let constitute = v1::ConstituteRequest { service: "test.v1.Charter".into() };
    ledger.0.admit("mill", "forge/test.v1.Charter", &["partner"]);
    ledger.0.kernel::<v1::ConstituteResponse>("mill", "Constitute", &constitute).expect("constituted");
    // One commons' charter acts in another one, whose charter acts there.
    let inner = act("mill", CHARTER, &[note(b"x"), note(b"y")].concat());
    let receipt = ledger.0.call("forge", "bo", CHARTER, &[note(b"a"), inner, note(b"b")].concat());
    assert_eq!(receipt.refusal, None);
    let order: Vec<_> = announced(&receipt).into_iter().filter(|e| e.1 == "test.v1.Book").map(|e| (e.0, e.2)).collect();
    assert_eq!(order, [("forge", "a"), ("mill", "x"), ("mill", "y"), ("forge", "b")]);
    assert_eq!(context(&kept(&ledger, "mill")[&b"xc"[..]]).caller, "mill/test.v1.Charter");
    assert_eq!(context(&kept(&ledger, "forge")[&b"bc"[..]]).caller, "forge/test.v1.Charter");
    // The other charter is no steward there, and cannot be made to act as one.
    let foreign = act(
        "mill",
        "/stint.v1.Kernel/Admit",
        &v1::AdmitRequest { agent: "bo".into(), ..Default::default() }.encode_to_vec(),
    );
    assert_eq!(rule(&ledger.0.call("forge", "bo", CHARTER, &foreign)), "act");

    // Another contract calls the charter: what that asked has happened when it is answered.
    let gate = r#"
        (drop (call $call (i32.const 0) (i32.const 5) (i32.const 64) (i32.const 19) (local.get 1) (local.get 2) (i64.const 5000000)))
        (call $emit (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 0))
        (i64.const 0)"#;
    let code_hash = ledger.0.publish(&contract("Gate", gate, "")).0.to_vec();
    let deploy = act("", "/stint.v1.Kernel/Deploy", &v1::DeployRequest { code_hash: code_hash.into() }.encode_to_vec());
    assert_eq!(ledger.0.call("forge", "bo", CHARTER, &deploy).refusal, None);
    let receipt = ledger.0.call("forge", "bo", "/test.v1.Gate/Do", &note(b"c"));
    let order: Vec<_> = announced(&receipt).into_iter().map(|e| e.1).collect();
    assert_eq!(order, ["test.v1.Charter", "test.v1.Book", "test.v1.Gate"]);
    // And when one is refused, it is the charter's call that is, and the outer one goes on.
    let receipt = ledger.0.call("forge", "bo", "/test.v1.Gate/Do", &[note(b"d"), note(b"no")].concat());
    assert_eq!(receipt.refusal, None);
    assert_eq!(announced(&receipt), [("forge", "test.v1.Gate", "forge")]);
    assert!(!kept(&ledger, "forge").contains_key(&b"dc"[..]));
}

/// Constitutes a contract whose calls do what `body` says.
fn acting(body: &str, more: &str) -> Ledger {
    let mut ledger = Ledger::new();
    ledger.0.deploy("forge", &contract("Charter", body, more));
    let constitute = v1::ConstituteRequest { service: "test.v1.Charter".into() };
    ledger.0.kernel::<v1::ConstituteResponse>("forge", "Constitute", &constitute).expect("constituted");
    ledger
}

#[test]
fn a_charter_that_acts_answers_queries_and_takes_no_commands() {
    let mut ledger = constituted();
    assert_eq!(rule(&ledger.0.call("forge", "ana", CHARTER, &act("", CHARTER, b""))), "re-entrancy");
}

/// Once, a charter that asked for its own upgrade from its `stint_migrate` went on until its fuel was
/// used up: two thousand calls in one another on the native stack, and no counter saw them.
#[test]
fn a_charter_that_upgrades_itself_from_its_migration_ends_by_the_depth_of_calls() {
    // What is called keeps its request and upgrades by it; the migration finds it and does the same.
    let upgrade = "(drop (call $act (i32.const 0) (i32.const 0) (i32.const 112) (i32.const 24)";
    let body = format!(
        "(call $put (i32.const 0) (i32.const 5) (local.get 1) (local.get 2)) {upgrade} (local.get 1) (local.get 2) (i64.const 0))) (i64.const 0)"
    );
    let migrate = format!(
        r#"(func (export "stint_migrate") (param i32 i32) (result i64) (local i64)
            (local.set 2 (call $get (i32.const 0) (i32.const 5)))
            {upgrade} (call $at (local.get 2)) (call $size (local.get 2)) (i64.const 0)))
            (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const 2)))
           (data (i32.const 1024) "\08\01")"#
    );
    let mut ledger = acting(&body, "");
    let code_hash = bytes::Bytes::copy_from_slice(&ledger.0.publish(&contract("Charter", &body, &migrate)).0);
    let request = v1::UpgradeRequest { code_hash, in_steps: false }.encode_to_vec();
    let receipt = ledger.0.call("forge", "ana", CHARTER, &request);
    // The innermost is refused, and all others go on.
    assert_eq!(receipt.refusal, None);
    assert!(receipt.fuel_used < 1_000_000, "{}", receipt.fuel_used);
}

#[test]
fn a_query_does_not_act() {
    let ledger = acting(
        "(call $act (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 19) (local.get 1) (local.get 2) (i64.const 0))",
        "",
    );
    let refusal: Refusal = ledger.0.query("forge", "/test.v1.Charter/Ask", b"").expect_err("it acts");
    assert!(refusal.message.contains("act in a query"), "{refusal}");
}
