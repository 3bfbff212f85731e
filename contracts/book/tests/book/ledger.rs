//! A commons keeps its book on a ledger: agents, roles and blocks. Under `stint contract test` each step also runs in the
//! ledger's own runtime, and must answer alike.

use crate::support::{Words, e, q};
use book::{Contract, proto::*};
use stint_sdk::{Code, Refusal, testing::World};

fn forge() -> World {
    let mut world = World::new();
    world.deploy::<Contract>("forge");
    world.member("forge", "ana", &["steward"]);
    world.member("forge", "bo", &["worker"]);
    let spec = |id: &str, mass: &str, kind: Identification| Spec {
        id: id.into(),
        mass_per_unit: mass.into(),
        identification: kind.into(),
        ..Spec::default()
    };
    for spec in [spec("steel", "", Identification::Stock), spec("machine", "28", Identification::Serialized)] {
        world.call("forge", "ana", &methods::DECLARE_SPEC, &DeclareSpecRequest { spec: Some(spec) }).expect("declared");
    }
    let process = Some(Process { id: "P-make".into(), in_scope_of: vec!["bo".into()], ..Process::default() });
    world.call("forge", "bo", &methods::OPEN_PROCESS, &OpenProcessRequest { process }).expect("opened");
    world
}

fn record(world: &mut World, agent: &str, events: Vec<Event>) -> Result<RecordResponse, Refusal> {
    world.call("forge", agent, &methods::RECORD, &RecordRequest { events })
}

fn amount(world: &mut World, id: &str) -> String {
    let request = ResourceRequest { id: id.into(), at: String::new() };
    let answer = world.query("forge", &methods::RESOURCE, &request).expect("an answer");
    answer.resource.and_then(|r| r.accounting_quantity).expect("a resource").value
}

#[test]
fn ten_machines_are_made_of_300_kg() {
    let mut world = forge();
    let mut events = vec![
        e("e01", "transfer", "120 kg").to("VS").by("steelco", "forge").creating("steel"),
        e("e11", "transfer", "180 kg").to("RSF").by("mend", "forge").creating("steel"),
        e("e14", "consume", "120 kg").of("VS").by("forge", "forge").into_process("P-make"),
        e("e15", "consume", "180 kg").of("RSF").by("forge", "forge").into_process("P-make"),
    ];
    for n in 1..=10 {
        let made = e(&format!("e21.{n}"), "produce", "1 one").of(&format!("DH-{n:02}"));
        events.push(made.by("forge", "forge").creating("machine").out_of("P-make"));
    }
    events.push(e("e22", "produce", "15 kg").of("SC").by("forge", "forge").creating("steel").out_of("P-make"));
    assert_eq!(record(&mut world, "ana", events.clone()).expect("a batch").results.len(), 15);
    assert_eq!(world.events().len(), 15);
    assert!(record(&mut world, "ana", events).expect("the same").results.iter().all(|r| r.known));
    assert!(world.events().is_empty());

    let close = CloseProcessRequest { id: "P-make".into(), balancing: Vec::new() };
    let refusal = world.call("forge", "bo", &methods::CLOSE_PROCESS, &close).expect_err("5 kg are missing");
    assert!(refusal.to_string().starts_with("R-mass: 5 kg (1.67 %) > 0.1 %"), "{refusal}");
    let dust = Balancing { spec: "dust".into(), quantity: q("5", "kg"), direction: Direction::Out.into() };
    let close = CloseProcessRequest { balancing: vec![dust], ..close };
    world.call("forge", "bo", &methods::CLOSE_PROCESS, &close).expect("closed");
    let closed: ProcessClosed = world.events()[0].read().expect("its announcement");
    assert_eq!((closed.r#in.as_str(), closed.out.as_str(), closed.residual.as_str()), ("300", "300", "0"));
}

#[test]
fn who_is_not_concerned_is_refused_and_nothing_remains() {
    let mut world = forge();
    record(&mut world, "ana", vec![e("1", "raise", "10 kg").of("S").by("ana", "ana").creating("steel")])
        .expect("raised");
    let lower = e("2", "lower", "4 kg").of("S").by("ana", "ana");
    let refusal = record(&mut world, "bo", vec![lower.clone()]).expect_err("bo is not concerned");
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::PermissionDenied, "R10"));
    let too_much = e("3", "lower", "7 kg").of("S").by("ana", "ana");
    assert_eq!(record(&mut world, "ana", vec![lower.clone(), too_much]).expect_err("too much").rule, "R7");
    assert_eq!(amount(&mut world, "S"), "10");
    record(&mut world, "ana", vec![lower]).expect("lowered");
    assert_eq!(amount(&mut world, "S"), "6");
    let rebuild = RebuildRequest { resource: "S".into(), ..RebuildRequest::default() };
    assert!(world.query("forge", &methods::REBUILD, &rebuild).expect("an answer").equal);
    // Tomorrow's date is today's soon.
    let late = e("4", "lower", "1 kg").of("S").by("ana", "ana").at("2026-01-04");
    assert_eq!(record(&mut world, "ana", vec![late.clone()]).expect_err("in the future").rule, "R12");
    world.days(3);
    record(&mut world, "ana", vec![late]).expect("now");
}
