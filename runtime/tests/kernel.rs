//! Commons and their members.

mod common;

use common::Ledger;
use prost::Message;
use stint_proto::{Refusal, v1};
use stint_testkit::STEWARD;

fn admit(ledger: &mut Ledger, agent: &str, roles: &[&str]) -> Result<v1::AdmitResponse, Refusal> {
    ledger.0.enrol(agent);
    let roles = roles.iter().map(|r| r.to_string()).collect();
    ledger.0.kernel("forge", "Admit", &v1::AdmitRequest { agent: agent.into(), roles, ..Default::default() })
}

fn members(ledger: &Ledger, after: &str, page_size: u32) -> (Vec<String>, String) {
    let request = v1::GetCommonsRequest { after: after.into(), page_size }.encode_to_vec();
    let answer = ledger.0.query("forge", "/stint.v1.Kernel/GetCommons", &request).expect("an answer");
    let answer = v1::GetCommonsResponse::decode(&answer[..]).expect("an answer");
    assert_eq!(answer.commons, "forge");
    (answer.members.into_iter().map(|m| m.agent).collect(), answer.next)
}

#[test]
fn members_come_in_pages() {
    let mut ledger = Ledger::new();
    for n in 0..250 {
        admit(&mut ledger, &format!("m{n:03}"), &["member"]).expect("admitted");
    }
    let (first, next) = members(&ledger, "", 0);
    assert_eq!((first.len(), first[0].as_str(), next.as_str()), (100, "ana", "m098"));
    let (second, next) = members(&ledger, &next, 150);
    assert_eq!((second.len(), second[0].as_str(), next.as_str()), (150, "m099", "m248"));
    let (last, next) = members(&ledger, &next, 150);
    assert_eq!((last, next.as_str()), (vec!["m249".to_string(), STEWARD.to_string()], ""));
    let (all, next) = members(&ledger, "", 5_000);
    assert_eq!((all.len(), next.as_str()), (252, ""));
}

/// The stewards of "forge" as its record counts them: field 5, the last one.
fn counted(ledger: &Ledger) -> Option<u8> {
    let record = &ledger.0.state.0[&b"k/commons/forge"[..]];
    record.strip_suffix(&record[record.len() - 1..]).filter(|r| r.ends_with(&[0x28])).map(|_| record[record.len() - 1])
}

/// Once, every call of Admit read all members to see whether a steward is left, at a fixed price.
#[test]
fn a_commons_counts_its_stewards_and_keeps_the_last_one() {
    let mut ledger = Ledger::new();
    // Ana and the testkit's own.
    assert_eq!(counted(&ledger), Some(2));
    for (agent, roles, stewards) in [
        ("bo", &["member"][..], 2),
        ("bo", &["member", "steward"], 3),
        ("bo", &["steward"], 3),
        ("bo", &[], 2),
        ("bo", &[], 2),
        ("ana", &["member"], 1),
        ("ana", &[], 1),
    ] {
        admit(&mut ledger, agent, roles).expect("admitted");
        assert_eq!(counted(&ledger), Some(stewards), "{agent} {roles:?}");
    }
    for roles in [&["member"][..], &[]] {
        assert_eq!(admit(&mut ledger, STEWARD, roles).expect_err("the last one").rule, "last-steward");
    }
    assert_eq!(counted(&ledger), Some(1));
    admit(&mut ledger, "bo", &["steward"]).expect("admitted");
    admit(&mut ledger, STEWARD, &["steward"]).expect("admitted");

    // A founding counts each member once.
    let twice = |roles: &[&str]| v1::AdmitRequest {
        agent: "bo".into(),
        roles: roles.iter().map(|r| r.to_string()).collect(),
        ..Default::default()
    };
    let request = v1::FoundRequest {
        commons: "mill".into(),
        members: vec![twice(&["steward"]), twice(&["member"])],
        ..Default::default()
    };
    let refusal = ledger.0.kernel::<v1::FoundResponse>("consortium", "Found", &request).expect_err("no steward");
    assert_eq!(refusal.rule, "last-steward");
}
