//! Processes: R-mass, closing, flagging, neighbours.

use crate::support::*;
use book::proto::*;
use stint_sdk::{
    Code,
    prost::{Message, Name},
    testing::host,
};

/// The scenario's P-make: 120 + 180 kg in, ten machines of 28 kg, 15 kg of scrap and, with dust, 5 kg more out.
fn make(dust: bool) {
    book();
    raise("VS", "steel", "120 kg");
    raise("RS", "steel", "180 kg");
    yes(e("v", "consume", "120 kg").of("VS").by("ana", "ana").into_process("P"));
    yes(e("r", "consume", "180000 g").of("RS").by("ana", "ana").into_process("P"));
    let mut power = e("p", "consume", "400 kWh").by("grid", "ana").into_process("P");
    power.resource_conforms_to = "machining".into();
    yes(power);
    for n in 0..10 {
        yes(e(&format!("m{n}"), "produce", "1 one")
            .of(&format!("DH-{n}"))
            .by("ana", "ana")
            .creating("machine")
            .out_of("P"));
    }
    yes(e("s", "produce", "15 kg").of("SC").by("ana", "ana").creating("steel").out_of("P"));
    if dust {
        yes(e("d", "produce", "5 kg").of("LF").by("ana", "ana").creating("steel").out_of("P"));
    }
}

fn close(balancing: Vec<Balancing>) -> CloseProcessRequest {
    CloseProcessRequest { id: "P".into(), balancing }
}

fn dust(amount: &str, unit: &str) -> Vec<Balancing> {
    vec![Balancing { spec: "dust".into(), quantity: q(amount, unit), direction: Direction::Out.into() }]
}

fn announced<M: Message + Name + Default>() -> M {
    let (ty, body) = host(|h| h.events.last().cloned()).expect("an event");
    assert_eq!(ty, M::full_name());
    M::decode(body.as_slice()).expect("its message")
}

#[test]
fn what_balances_closes() {
    make(true);
    let process = ok(&methods::CLOSE_PROCESS, close(Vec::new())).process.unwrap();
    assert_eq!((process.mass_in.as_str(), process.mass_out.as_str(), process.residual.as_str()), ("300", "300", "0"));
    assert_eq!((process.status(), process.finished, process.unweighed), (ProcessStatus::Closed, true, 1));
    assert!(ok(&methods::CLOSE_PROCESS, close(Vec::new())).known);
    assert_eq!(refused(&methods::CLOSE_PROCESS, close(dust("1", "kg"))).0, Code::AlreadyExists);
    assert_eq!(announced::<ProcessClosed>().out, "300");
}

#[test]
fn without_the_dust_it_is_refused() {
    make(false);
    let refusal = ask(&methods::CLOSE_PROCESS, close(Vec::new())).unwrap_err();
    assert!(refusal.to_string().starts_with("R-mass: 5 kg (1.67 %) > 0.1 %"), "{refusal}");
    assert_eq!(refused(&methods::CLOSE_PROCESS, close(dust("4.6", "kg"))).1, "R-mass");
    assert_eq!(refused(&methods::CLOSE_PROCESS, close(dust("5.4", "kg"))).1, "R-mass");
    assert_eq!(refused(&methods::CLOSE_PROCESS, close(dust("5", "kWh"))).1, "balancing");
    assert_eq!(refused(&methods::CLOSE_PROCESS, close(dust("-5", "kg"))).1, "R5");
    // Within 1/1000, and said where.
    let process = ok(&methods::CLOSE_PROCESS, close(dust("4.8", "kg"))).process.unwrap();
    assert_eq!(process.residual, "0.2");
}

#[test]
fn the_bucket_example_loses_25_kg_of_925() {
    book();
    raise("A", "steel", "925 kg");
    yes(e("1", "consume", "925 kg").of("A").by("ana", "ana").into_process("P"));
    yes(e("2", "produce", "900 kg").of("B").by("ana", "ana").creating("steel").out_of("P"));
    let refusal = ask(&methods::CLOSE_PROCESS, close(Vec::new())).unwrap_err();
    assert!(refusal.to_string().starts_with("R-mass: 25 kg (2.7 %) > 0.1 %"), "{refusal}");
    let nothing = CloseProcessRequest { id: "Q".into(), balancing: dust("1", "kg") };
    assert!(ask(&methods::CLOSE_PROCESS, nothing).unwrap_err().message.contains("nothing went in"));
}

#[test]
fn a_kind_may_flag_instead_and_tolerate_more() {
    book();
    let process_spec = Some(ProcessSpec {
        id: "loose".into(),
        tolerance: Some(300),
        unbalanced: Unbalanced::Flag.into(),
        ..Default::default()
    });
    ok(&methods::DECLARE_PROCESS_SPEC, DeclareProcessSpecRequest { process_spec });
    for id in ["L1", "L2"] {
        let process = Some(Process {
            id: id.into(),
            based_on: "loose".into(),
            in_scope_of: vec!["ana".into()],
            ..Process::default()
        });
        ok(&methods::OPEN_PROCESS, OpenProcessRequest { process });
    }
    raise("A", "steel", "200 kg");
    yes(e("1", "consume", "100 kg").of("A").by("ana", "ana").into_process("L1"));
    yes(e("2", "produce", "97 kg").of("B").by("ana", "ana").creating("steel").out_of("L1"));
    yes(e("3", "consume", "100 kg").of("A").by("ana", "ana").into_process("L2"));
    yes(e("4", "produce", "90 kg").of("B").by("ana", "ana").out_of("L2"));
    let close = |id: &str, balancing| ask(&methods::CLOSE_PROCESS, CloseProcessRequest { id: id.into(), balancing });
    caller("eve", &[]);
    assert_eq!(close("L1", vec![]).unwrap_err().rule, "R10");
    caller("ana", &[]);
    assert_eq!(close("L1", vec![]).unwrap().process.unwrap().status(), ProcessStatus::Closed);
    assert_eq!(close("L2", vec![]).unwrap().process.unwrap().status(), ProcessStatus::Flagged);
    assert_eq!(announced::<ProcessFlagged>().residual, "10");
    // A flagged one is closed again with what was missing.
    let process = close("L2", dust("10", "kg")).unwrap().process.unwrap();
    assert_eq!((process.status(), process.mass_out.as_str()), (ProcessStatus::Closed, "100"));
    // A correction afterwards may flag it again.
    yes(e("5", "consume", "-50 kg").of("A").by("ana", "ana").into_process("L2").correcting("3"));
    let process = ok(&methods::PROCESS, ProcessRequest { id: "L2".into(), ..Default::default() }).process.unwrap();
    assert_eq!((process.status(), process.residual.as_str()), (ProcessStatus::Flagged, "-50"));
}

#[test]
fn a_process_knows_its_flows_and_neighbours() {
    make(true);
    yes(e("q", "consume", "3 kg").of("SC").by("ana", "ana").into_process("Q"));
    yes(e("t", "accept", "1 one").of("DH-3").by("ana", "bo").into_process("Q"));
    let p = ok(&methods::PROCESS, ProcessRequest { id: "P".into(), page_size: 1000, ..Default::default() });
    assert_eq!((p.inputs.len(), p.outputs.len()), (3, 12));
    assert_eq!((p.previous, p.next), (vec![], vec!["Q".to_string()]));
    let q = ok(&methods::PROCESS, ProcessRequest { id: "Q".into(), ..Default::default() });
    assert_eq!(q.previous, ["P"]);
    assert_eq!(q.open_pairs.len(), 1);
    assert_eq!((q.open_pairs[0].resource.as_str(), q.open_pairs[0].action.as_str()), ("DH-3", "accept"));
}

#[test]
fn opening_is_for_its_scope_and_for_once() {
    book();
    let open = |id: &str, name: &str| OpenProcessRequest {
        process: Some(Process {
            id: id.into(),
            name: name.into(),
            in_scope_of: vec!["ana".into()],
            ..Process::default()
        }),
    };
    caller("eve", &[]);
    assert_eq!(refused(&methods::OPEN_PROCESS, open("R", "a")).1, "R10");
    caller("ana", &[]);
    assert!(!ok(&methods::OPEN_PROCESS, open("R", "a")).known);
    assert!(ok(&methods::OPEN_PROCESS, open("R", "a")).known);
    assert_eq!(refused(&methods::OPEN_PROCESS, open("R", "b")).0, Code::AlreadyExists);
    let mut unknown = open("S", "a");
    unknown.process.as_mut().unwrap().based_on = "nothing".into();
    assert_eq!(refused(&methods::OPEN_PROCESS, unknown).1, "process-spec");
    let mut backwards = open("S", "a");
    backwards.process.as_mut().unwrap().has_beginning = "2026-02-01".into();
    backwards.process.as_mut().unwrap().has_end = "2026-01-01".into();
    assert_eq!(refused(&methods::OPEN_PROCESS, backwards).1, "R12");
    assert_eq!(refused(&methods::OPEN_PROCESS, OpenProcessRequest::default()).1, "process");
}
