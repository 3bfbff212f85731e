//! The twin in the SDK's test world: natively, and under `stint contract test` also on the ledger's
//! runtime, which must answer alike. It is the test world's own test.

use crate::{Contract, proto::*};
use stint_sdk::{Code, testing::World};

fn world() -> World {
    let mut world = World::new();
    world.deploy::<Contract>("kit");
    world.deploy::<Contract>("other");
    world.member("kit", "ana", &["steward"]);
    world
}

fn call(commons: &str, method: &str) -> CallRequest {
    CallRequest {
        commons: commons.into(),
        method: format!("/stint.conformance.v1.Conformance/{method}"),
        request: vec![],
    }
}

#[test]
fn state_events_and_refusals() {
    let mut world = world();
    let put = PutRequest { key: b"a".to_vec(), value: b"1".to_vec() };
    world.call("kit", "ana", &methods::PUT, &put).unwrap();
    let got = world.query("kit", &methods::GET, &KeyRequest { key: b"a".to_vec() }).unwrap();
    assert_eq!(got, GetResponse { found: true, value: b"1".to_vec() });
    // Another commons has a state of its own.
    assert!(!world.query("other", &methods::GET, &KeyRequest { key: b"a".to_vec() }).unwrap().found);

    world.call("kit", "bo", &methods::SAY, &Text { text: "hello".into() }).unwrap();
    assert_eq!(world.events()[0].read(), Some(Said { text: "hello".into() }));

    let told = RefuseRequest { code: 5, rule: "gone".into(), message: "nothing there".into() };
    let refusal = world.call("kit", "ana", &methods::REFUSE, &told).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str(), refusal.details["asked"].as_str()), (Code::NotFound, "gone", "5"));
    assert!(world.events().is_empty());
    assert!(!world.query("kit", &methods::GET, &KeyRequest { key: b"refused".to_vec() }).unwrap().found);
    let entries = world.query("kit", &methods::SCAN, &ScanRequest { limit: 10, ..Default::default() }).unwrap().entries;
    assert_eq!(entries, [put]);
}

#[test]
fn who_calls_when_and_with_which_roles() {
    let mut world = world();
    let who = world.call("kit", "ana", &methods::WHO, &Nothing {}).unwrap();
    assert_eq!((who.caller.as_str(), who.signer.as_str(), who.via.as_str(), who.call_id_size), ("ana", "ana", "", 48));
    assert_eq!(who.time_ms, 1_767_225_600_000);
    world.days(2);
    assert_eq!(world.query("kit", &methods::ASK, &Nothing {}).unwrap().time_ms, 1_767_225_600_000 + 2 * 86_400_000);
    let steward = Text { text: "steward".into() };
    assert!(world.call("kit", "ana", &methods::HAS_ROLE, &steward).unwrap().truth);
    assert!(!world.call("kit", "bo", &methods::HAS_ROLE, &steward).unwrap().truth);
    world.member("kit", "bo", &["steward"]);
    assert!(world.call("kit", "bo", &methods::HAS_ROLE, &steward).unwrap().truth);
}

#[test]
fn contracts_that_call_one_another() {
    let mut world = world();
    let refused_by = |world: &mut World, request: &CallRequest| {
        world.call("kit", "ana", &methods::CALL, request).unwrap().refused_by
    };
    assert_eq!(refused_by(&mut world, &call("kit", "Ask")), "re-entrancy");
    assert_eq!(refused_by(&mut world, &call("other", "Who")), "foreign-contract");
    assert_eq!(refused_by(&mut world, &call("other", "Nonsense")), "method");
    assert_eq!(refused_by(&mut world, &call("nowhere", "Who")), "commons");
    // Queries are everybody's; commands are for those whom the other commons admitted.
    assert_eq!(refused_by(&mut world, &call("other", "Ask")), "");
    world.member("other", "kit/stint.conformance.v1.Conformance", &["guest"]);
    let heard = world.call("kit", "ana", &methods::CALL, &call("other", "Who")).unwrap().response;
    let who: WhoResponse = stint_sdk::prost::Message::decode(heard.as_slice()).unwrap();
    assert_eq!((who.commons.as_str(), who.signer.as_str()), ("other", "ana"));
    assert_eq!(who.caller, "kit/stint.conformance.v1.Conformance");
    // What a called contract announces stands with the rest; what a refused one does not.
    let said = CallRequest {
        request: stint_sdk::prost::Message::encode_to_vec(&Text { text: "hi".into() }),
        ..call("other", "Say")
    };
    assert_eq!(refused_by(&mut world, &said), "");
    assert_eq!(world.events().len(), 1);
    // One that stops burns all the fuel there is.
    let stopped = world.call("kit", "ana", &methods::CALL, &call("other", "Trap")).unwrap_err();
    assert_eq!(stopped.rule, "fuel");
}

#[test]
fn what_stops_a_contract_is_a_refusal() {
    let mut world = world();
    for refusal in [
        world.call("kit", "ana", &methods::TRAP, &Nothing {}).unwrap_err(),
        world.query("kit", &methods::CHEAT, &Nothing {}).unwrap_err(),
    ] {
        assert_eq!((refusal.code, refusal.rule.as_str()), (Code::Aborted, "contract-stopped"));
    }
    assert_eq!(world.query("kit", &methods::HASH, &Bytes { bytes: b"abc".to_vec() }).unwrap().bytes[..2], [0xba, 0x78]);
}

/// Once, what the ledger stops went through in native tests, and a contract natively called what only
/// agents may.
#[test]
fn the_ledgers_bounds_hold_natively() {
    let mut world = world();
    let put = |key: usize, value: usize| PutRequest { key: vec![7; key], value: vec![1; value] };
    world.call("kit", "ana", &methods::PUT, &put(256, 64 << 10)).unwrap();
    let stopped = [
        world.call("kit", "ana", &methods::PUT, &put(257, 1)).unwrap_err(),
        world.call("kit", "ana", &methods::PUT, &put(1, (64 << 10) + 1)).unwrap_err(),
        world.call("kit", "ana", &methods::DELETE, &KeyRequest { key: vec![7; 257] }).unwrap_err(),
        world.query("kit", &methods::GET, &KeyRequest { key: vec![7; 257] }).unwrap_err(),
        world.call("kit", "ana", &methods::SAY, &Text { text: "x".repeat(16 << 10) }).unwrap_err(),
        world.query("kit", &methods::SCAN, &ScanRequest { limit: 1001, ..Default::default() }).unwrap_err(),
        world.call("kit", "ana", &methods::HAS_ROLE, &Text { text: "x".repeat(257) }).unwrap_err(),
        world.call("kit", "ana", &methods::CALL, &call(&"x".repeat(64), "Ask")).unwrap_err(),
    ];
    assert!(stopped.iter().all(|r| r.rule == "contract-stopped"), "{stopped:?}");
    assert_eq!(world.call("kit", "ana", &methods::PUT, &put(1, 128 << 10)).unwrap_err().rule, "request-size");

    // A page of a scan ends before a megabyte.
    for key in 0..17 {
        world.call("kit", "ana", &methods::PUT, &PutRequest { key: vec![key], value: vec![key; 64 << 10] }).unwrap();
    }
    let page = world.query("kit", &methods::SCAN, &ScanRequest { limit: 100, ..Default::default() }).unwrap().entries;
    assert_eq!(page.len(), 15);

    let told = RefuseRequest { code: 9, rule: "r".repeat(65), message: "ä".repeat(1000) };
    let refusal = world.call("kit", "ana", &methods::REFUSE, &told).unwrap_err();
    assert_eq!((refusal.rule.len(), refusal.message.len()), (64, 1024));

    let kernel = CallRequest { commons: "kit".into(), method: "/stint.v1.Kernel/Admit".into(), request: vec![] };
    assert_eq!(world.call("kit", "ana", &methods::CALL, &kernel).unwrap().refused_by, "kernel");
}
