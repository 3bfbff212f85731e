//! R1 to R12, each with what is taken and what is refused.

use crate::support::*;
use book::proto::{self, *};
use stint_sdk::{Code, testing::host};

#[test]
fn r1_lots_and_serialized_things_go_as_a_whole_or_to_a_named_resource() {
    book();
    raise("L", "batch", "100 kg");
    raise("M", "machine", "1 one");
    raise("S", "steel", "100 kg");
    for action in ["transfer", "transferAllRights", "transferCustody"] {
        assert_eq!(no(e("x", action, "40 kg").of("L").by("ana", "bo")), "R1", "{action}");
    }
    // The place is the resource's, of a stock too.
    assert_eq!(no(e("x", "move", "40 kg").of("L").by("ana", "ana").going("yard")), "R1");
    assert_eq!(no(e("x", "move", "40 kg").of("S").by("ana", "ana").going("yard")), "R1");
    assert_eq!(no(e("x", "transfer", "2 one").of("M").by("ana", "bo")), "R1");
    assert_eq!(no(e("x", "raise", "1 one").of("M").by("ana", "ana")), "R1");
    assert_eq!(no(e("x", "raise", "2 one").of("M2").by("ana", "ana").creating("machine")), "R1");
    yes(e("1", "transfer", "40 kg").of("L").to("L2").by("ana", "bo").creating("batch"));
    // A part that leaves the network, says so.
    yes(Event { boundary: Boundary::Export.into(), ..e("2", "transfer", "10 kg").of("L").by("ana", "bo") });
    yes(e("3", "transfer", "50 kg").of("L").by("ana", "bo"));
    assert_eq!((shown("L").as_str(), shown("L2").as_str()), ("50/50 bo bo", "40/40 bo bo"));
    // A handed-over lot comes back to the receiver in whole, or to a resource of its own.
    yes(e("4", "accept", "50 kg").of("L").by("bo", "cy").into_process("P"));
    assert_eq!(no(e("x", "modify", "20 kg").of("L").by("cy", "dee").out_of("P")), "R1");
    assert!(rebuilt("L") && rebuilt("L2"));
}

#[test]
fn r2_the_order_of_an_implied_transfer_never_counts_twice() {
    book();
    raise("A", "steel", "230 kg");
    yes(e("1", "pickup", "30 kg").of("A").by("ana", "cy").into_process("P"));
    assert_eq!(shown("A"), "230/200 ana ana");
    yes(e("2", "dropoff", "30 kg").of("A").by("cy", "ana").out_of("P"));
    assert_eq!(shown("A"), "230/230 ana ana");
    // Where no transfer is implied there is no other side.
    assert_eq!(no(e("x", "pickup", "30 kg").of("A").to("C").by("ana", "ana").creating("steel")), "resource");
    assert_eq!(no(e("x", "raise", "30 kg").of("A").to("C").by("ana", "bo").creating("steel")), "resource");
}

#[test]
fn r3_a_thing_away_is_on_hand_to_nobody() {
    book();
    raise("M", "machine", "1 one");
    yes(e("1", "pickup", "1 one").of("M").by("ana", "ana").into_process("P"));
    assert_eq!(shown("M"), "1/0 ana ana");
    assert_eq!(no(e("x", "transferCustody", "1 one").of("M").by("ana", "bo")), "R7");
    assert_eq!(no(e("x", "consume", "1 one").of("M").by("ana", "ana")), "R7");
    yes(e("2", "dropoff", "1 one").of("M").by("ana", "ana").out_of("P"));
    yes(e("3", "accept", "1 one").of("M").by("ana", "bo").into_process("P"));
    assert_eq!(no(e("x", "accept", "1 one").of("M").by("bo", "cy").into_process("Q")), "R9");
    assert!(rebuilt("M"));
}

#[test]
fn r4_the_outside_needs_no_resource() {
    book();
    yes(e("1", "transfer", "120 kg").to("VS").by("steelco", "forge").creating("steel"));
    yes(e("2", "transfer", "20 kg").of("VS").by("forge", "recycler"));
    assert_eq!(shown("VS"), "100/100 forge forge");
    let mut unseen = e("3", "transfer", "20 kg").by("ana", "bo");
    assert_eq!(no(unseen.clone()), "resource");
    unseen.resource_conforms_to = "steel".into();
    yes(unseen);
    assert_eq!(no(e("x", "transfer", "20 kg").to("new").by("ana", "bo")), "resource");
    assert_eq!(
        no(Event { new_resource: Some(NewResource::default()), ..e("x", "transfer", "2 kg").to("n").by("ana", "bo") }),
        "spec"
    );
}

#[test]
fn r5_quantities_are_above_zero_and_corrections_never_take_more_than_there_is() {
    book();
    raise("S", "steel", "10 kg");
    for amount in ["0 kg", "-3 kg", "-0 kg"] {
        assert_eq!(no(e("x", "lower", amount).of("S").by("ana", "ana")), "R5", "{amount}");
    }
    yes(e("1", "consume", "3 kg").of("S").by("ana", "ana").into_process("P"));
    let correct =
        |id: &str, amount: &str| e(id, "consume", amount).of("S").by("ana", "ana").into_process("P").correcting("1");
    assert_eq!(no(correct("x", "-4 kg")), "R5");
    assert_eq!(no(correct("x", "0 kg")), "R5");
    // The same action, resource, process, agents.
    assert_eq!(no(e("x", "produce", "-3 kg").of("S").by("ana", "ana").out_of("P").correcting("1")), "R5");
    assert_eq!(no(e("x", "consume", "-3 kg").of("S").by("ana", "ana").into_process("Q").correcting("1")), "R5");
    assert_eq!(no(e("x", "consume", "-3 kg").of("S").by("ana", "bo").into_process("P").correcting("1")), "R5");
    assert_eq!(no(correct("x", "-1 g")), "R6");
    yes(correct("2", "-1 kg"));
    assert_eq!(no(correct("x", "-2.5 kg")), "R5");
    assert_eq!(no(correct("x", "-1 kg").correcting("2")), "R5");
    assert_eq!(no(correct("x", "-1 kg").correcting("nothing")), "event");
    yes(correct("3", "0.5 kg"));
    assert_eq!(shown("S"), "7.5/7.5 ana ana");
    let of = ok(&methods::GET_EVENT, GetEventRequest { id: "1".into() });
    assert_eq!((of.net_quantity, of.event.unwrap().resource_quantity), (q("2.5", "kg"), q("3", "kg")));
    // The call that corrects fills in the links.
    let request = CorrectRequest {
        id: "4".into(),
        event: "1".into(),
        quantity: q("-2.5", "kg"),
        reason: "typed wrong".into(),
        ..Default::default()
    };
    ok(&methods::CORRECT, request.clone());
    assert!(ok(&methods::CORRECT, request).results[0].known);
    assert_eq!(shown("S"), "10/10 ana ana");
    assert!(rebuilt("S"));
}

#[test]
fn r5_a_whole_that_went_is_taken_back_as_a_whole() {
    book();
    raise("L", "batch", "100 kg");
    raise("M", "machine", "1 one");
    yes(e("1", "transfer", "100 kg").of("L").by("ana", "bo"));
    assert_eq!(no(e("x", "transfer", "-40 kg").of("L").by("ana", "bo").correcting("1")), "R1");
    yes(e("2", "transfer", "-100 kg").of("L").by("ana", "bo").correcting("1"));
    assert_eq!(shown("L"), "100/100 ana ana");
    yes(e("3", "transferCustody", "1 one").of("M").by("ana", "bo"));
    yes(e("4", "transferCustody", "-1 one").of("M").by("ana", "bo").correcting("3"));
    assert_eq!(shown("M"), "1/1 ana ana");
    yes(e("5", "accept", "1 one").of("M").by("ana", "bo").into_process("P"));
    yes(e("6", "accept", "-1 one").of("M").by("ana", "bo").into_process("P").correcting("5"));
    assert_eq!(shown("M"), "1/1 ana ana");
    yes(e("7", "transfer", "1 one").of("M").by("ana", "bo"));
    yes(e("8", "transfer", "1 one").of("M").by("bo", "cy"));
    assert_eq!(no(e("x", "transfer", "-1 one").of("M").by("ana", "bo").correcting("7")), "R5");
    assert!(rebuilt("L") && rebuilt("M"));
}

#[test]
fn r6_units_convert_exactly_or_not_at_all() {
    book();
    raise("S", "steel", "1 kg");
    yes(e("1", "consume", "250 g").of("S").by("ana", "ana"));
    assert_eq!(shown("S"), "0.75/0.75 ana ana");
    assert_eq!(no(e("x", "consume", "1 t").of("S").by("ana", "ana")), "R6");
    let conversion = Some(proto::Conversion { from: "third".into(), to: "kg".into(), num: 1, den: 3 });
    ok(&methods::DECLARE_CONVERSION, DeclareConversionRequest { conversion });
    assert_eq!(no(e("x", "consume", "1 third").of("S").by("ana", "ana")), "R6");
    yes(e("2", "raise", "6 third").of("S").by("ana", "ana"));
    assert_eq!(shown("S"), "2.75/2.75 ana ana");
    // Where only a kind is named, its unit holds.
    assert_eq!(no(Event { resource_conforms_to: "steel".into(), ..e("x", "consume", "1 kWh").by("ana", "ana") }), "R6");
    assert!(rebuilt("S"));
}

#[test]
fn r7_stock_never_falls_below_zero_unless_its_kind_may() {
    book();
    raise("RS", "steel", "100 kg");
    let refusal = record(e("x", "consume", "120 kg").of("RS").by("ana", "ana")).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.code), ("R7", Code::FailedPrecondition));
    assert!(refusal.message.starts_with("stock of RS would be -20 kg"), "{}", refusal.message);
    assert_eq!(refusal.details["event"], "x");
    yes(e("1", "transferCustody", "90 kg").of("RS").by("ana", "bo"));
    let refusal = record(e("x", "transfer", "20 kg").of("RS").by("ana", "bo")).unwrap_err();
    assert!(refusal.to_string().starts_with("R7: stock of RS on hand would be -10 kg"), "{refusal}");
    yes(e("2", "transferAllRights", "100 kg").of("RS").by("ana", "bo"));
    raise("W", "credit", "1 one");
    yes(e("3", "transfer", "50 one").of("W").by("ana", "bo"));
    assert_eq!(shown("W"), "-49/-49 ana ana");
    assert!(rebuilt("RS") && rebuilt("W"));
}

#[test]
fn r8_each_action_stands_on_its_side_of_a_process() {
    book();
    raise("S", "steel", "10 kg");
    assert_eq!(no(e("x", "consume", "1 kg").of("S").by("ana", "ana").out_of("P")), "R8");
    assert_eq!(no(e("x", "produce", "1 kg").of("S").by("ana", "ana").into_process("P")), "R8");
    assert_eq!(no(e("x", "transfer", "1 kg").of("S").by("ana", "bo").into_process("P")), "R8");
    assert_eq!(no(e("x", "raise", "1 kg").of("S").by("ana", "ana").out_of("P")), "R8");
    assert_eq!(no(e("x", "consume", "1 kg").of("S").by("ana", "ana").into_process("nowhere")), "process");
    let mut service = e("1", "deliverService", "1 one").by("ana", "bo").into_process("P").out_of("Q");
    service.resource_conforms_to = "machining".into();
    yes(service);
    yes(e("2", "consume", "1 kg").of("S").by("ana", "ana").into_process("P"));
    yes(e("3", "produce", "1 kg").of("S").by("ana", "ana").out_of("P"));
    ok(&methods::CLOSE_PROCESS, CloseProcessRequest { id: "P".into(), balancing: Vec::new() });
    assert_eq!(no(e("x", "consume", "1 kg").of("S").by("ana", "ana").into_process("P")), "R8");
    yes(e("4", "consume", "-1 kg").of("S").by("ana", "ana").into_process("P").correcting("2"));
}

#[test]
fn r9_what_went_in_comes_out() {
    book();
    raise("S", "steel", "10 kg");
    assert_eq!(no(e("x", "dropoff", "1 kg").of("S").by("ana", "ana").out_of("P")), "R9");
    yes(e("1", "pickup", "5 kg").of("S").by("ana", "ana").into_process("P"));
    assert_eq!(no(e("x", "dropoff", "6 kg").of("S").by("ana", "ana").out_of("P")), "R9");
    assert_eq!(no(e("x", "modify", "5 kg").of("S").by("ana", "ana").out_of("P")), "R9");
    assert_eq!(no(e("x", "dropoff", "5 kg").of("S").by("ana", "ana").out_of("Q")), "R9");
    yes(e("2", "dropoff", "3 kg").of("S").by("ana", "ana").out_of("P"));
    let close = || CloseProcessRequest { id: "P".into(), balancing: Vec::new() };
    assert_eq!(refused(&methods::CLOSE_PROCESS, close()).1, "R9");
    assert_eq!(no(e("x", "pickup", "-3 kg").of("S").by("ana", "ana").into_process("P").correcting("1")), "R9");
    yes(e("3", "dropoff", "2 kg").of("S").by("ana", "ana").out_of("P"));
    ok(&methods::CLOSE_PROCESS, close());
    assert_eq!(no(e("x", "dropoff", "-2 kg").of("S").by("ana", "ana").out_of("P").correcting("3")), "R9");
    // Outside of processes there is no pair.
    yes(e("4", "pickup", "1 kg").of("S").by("ana", "ana"));
    assert!(rebuilt("S"));
}

#[test]
fn r10_who_may_record() {
    book();
    raise("S", "steel", "10 kg");
    caller("eve", &[]);
    let refusal = record(e("x", "transfer", "1 kg").of("S").by("ana", "bo")).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::PermissionDenied, "R10"));
    assert!(refusal.message.contains("ana, bo, or a member with the role recorder or steward"), "{}", refusal.message);
    for (n, (agent, roles)) in
        [("ana", vec![]), ("bo", vec![]), ("rec", vec!["recorder"]), ("stew", vec!["steward"])].iter().enumerate()
    {
        caller(agent, roles);
        yes(e(&n.to_string(), "transfer", "1 kg").of("S").by("ana", "bo"));
    }
    let of = ok(&methods::GET_EVENT, GetEventRequest { id: "0".into() });
    assert_eq!((of.signer.as_str(), of.recorded_height, of.created.as_str()), ("ana", 7, "2026-11-22T10:00:00Z"));
    set(Settings { only_recorders: true, ..Settings::default() });
    caller("ana", &[]);
    assert_eq!(no(e("x", "transfer", "1 kg").of("S").by("ana", "bo")), "R10");
}

#[test]
fn r10_only_who_answers_or_holds_may_give() {
    book();
    raise("S", "steel", "10 kg");
    raise("M", "machine", "1 one");
    yes(e("c", "raise", "5 kg").of("C").by("cy", "cy").creating("steel"));
    for action in ["transfer", "transferAllRights", "transferCustody", "consume", "pickup", "combine", "lower", "raise"]
    {
        assert_eq!(no(e("x", action, "1 kg").of("S").by("bo", "dee")), "R10", "{action}");
    }
    assert_eq!(no(e("x", "produce", "1 kg").of("S").by("bo", "bo")), "R10");
    // Nothing is put among what is another's.
    assert_eq!(no(e("x", "transfer", "1 kg").of("S").to("C").by("ana", "bo")), "R10");
    assert_eq!(no(e("x", "transferCustody", "1 kg").of("S").to("C").by("ana", "bo")), "R10");
    assert_eq!(no(e("x", "move", "1 kg").of("S").to("C").by("ana", "ana")), "R10");
    assert_eq!(no(e("x", "move", "10 kg").of("S").by("ana", "bo").going("yard")), "R10");
    // Who holds it hands it on, and gives no rights; who answers gives rights, and not what another holds.
    yes(e("1", "transferCustody", "1 one").of("M").by("ana", "bo"));
    assert_eq!(no(e("x", "transferAllRights", "1 one").of("M").by("bo", "cy")), "R10");
    assert_eq!(no(e("x", "transfer", "1 one").of("M").by("ana", "cy")), "R10");
    yes(e("2", "transferCustody", "1 one").of("M").by("bo", "cy"));
    yes(e("3", "transferAllRights", "1 one").of("M").by("ana", "cy"));
    assert_eq!(shown("M"), "1/1 cy cy");
}

#[test]
fn r10_two_signatures() {
    book();
    raise("S", "steel", "10 kg");
    set(Settings { two_signatures: true, ..Settings::default() });
    caller("ana", &[]);
    assert!(yes(e("1", "transfer", "4 kg").of("S").by("ana", "bo")).pending);
    assert_eq!(shown("S"), "10/10 ana ana");
    // Within one agent there is nobody else to ask.
    assert!(!yes(e("2", "consume", "1 kg").of("S").by("ana", "ana")).pending);
    let cosign = || CosignRequest { event: "1".into() };
    assert_eq!(refused(&methods::COSIGN, cosign()), (Code::PermissionDenied, "R10".into()));
    caller("eve", &[]);
    assert_eq!(refused(&methods::COSIGN, cosign()), (Code::PermissionDenied, "R10".into()));
    let waiting = || EventsRequest { agent: "bo".into(), pending: true, ..EventsRequest::default() };
    assert_eq!(ok(&methods::EVENTS, waiting()).events.len(), 1);
    caller("bo", &[]);
    assert!(!ok(&methods::COSIGN, cosign()).known);
    assert!(ok(&methods::COSIGN, cosign()).known);
    assert_eq!(shown("S"), "5/5 ana ana");
    assert_eq!(ok(&methods::EVENTS, waiting()).events.len(), 0);
    // A pending event is checked when it has effect.
    caller("ana", &[]);
    yes(e("3", "transfer", "5 kg").of("S").by("ana", "bo"));
    yes(e("4", "consume", "1 kg").of("S").by("ana", "ana"));
    caller("bo", &[]);
    assert_eq!(refused(&methods::COSIGN, CosignRequest { event: "3".into() }).1, "R7");
    // Another recorder may be the second, for those who are not here.
    caller("rec", &["recorder"]);
    yes(e("5", "transfer", "1 kg").to("S").by("outside", "ana"));
    caller("stew", &["steward"]);
    ok(&methods::COSIGN, CosignRequest { event: "5".into() });
    assert_eq!(shown("S"), "5/5 ana ana");
    caller("bo", &[]);
    assert_eq!(refused(&methods::COSIGN, CosignRequest { event: "2".into() }).1, "R10");
    assert!(rebuilt("S"));
}

#[test]
fn r11_what_is_contained_stays_and_nothing_contains_itself() {
    book();
    for id in ["A", "B", "C"] {
        raise(id, "machine", "1 one");
    }
    let put = |id: &str, what: &str, into: &str| e(id, "combine", "1 one").of(what).to(into).by("ana", "ana");
    yes(put("1", "A", "B"));
    yes(put("2", "B", "C"));
    assert_eq!(no(put("x", "C", "A")), "R11");
    assert_eq!(no(put("x", "A", "C")), "R11");
    for event in [
        e("x", "move", "1 one").of("A").by("ana", "ana").going("yard"),
        e("x", "transfer", "1 one").of("A").by("ana", "bo"),
        e("x", "transferCustody", "1 one").of("A").by("ana", "bo"),
        e("x", "consume", "1 one").of("A").by("ana", "ana"),
        e("x", "accept", "1 one").of("A").by("ana", "ana"),
    ] {
        assert_eq!(no(event.clone()), "R11", "{event:?}");
    }
    // Rights move nothing.
    yes(e("3", "transferAllRights", "1 one").of("A").by("ana", "bo"));
    yes(e("4", "move", "1 one").of("C").by("ana", "ana").going("yard"));
    assert_eq!(resource("A").current_location, "yard");
    let inside = ok(&methods::RESOURCE, ResourceRequest { id: "C".into(), at: String::new() }).contains;
    assert_eq!(inside, ["B"]);
    yes(e("5", "separate", "1 one").of("A").by("bo", "bo").out_of("P"));
    yes(e("6", "transferCustody", "1 one").of("A").by("ana", "bo"));
    assert_eq!(shown("A"), "1/1 bo bo");
    assert!(rebuilt("A") && rebuilt("B") && rebuilt("C"));
}

#[test]
fn r12_nothing_is_ahead_of_time_backwards_or_in_a_closed_period() {
    book();
    raise("S", "steel", "10 kg");
    let lower = |id: &str| e(id, "lower", "1 kg").of("S").by("ana", "ana");
    yes(lower("1").at("2026-11-23T10:00:00Z"));
    assert_eq!(no(lower("x").at("2026-11-23T10:00:01Z")), "R12");
    let span = |from: &str, to: &str| Event { has_beginning: from.into(), has_end: to.into(), ..lower("x") };
    assert_eq!(no(span("2026-11-02", "2026-11-01")), "R12");
    assert_eq!(no(span("2026-11-01", "2026-11-02").at("2026-11-01")), "R12");
    yes(Event { id: "2".into(), ..span("2026-11-01", "2026-11-02") });
    set(Settings { tolerance_s: Some(0), ..Settings::default() });
    assert_eq!(no(lower("x").at("2026-11-23")), "R12");

    let close = |id: &str, from: &str, to: &str| ClosePeriodRequest { id: id.into(), from: from.into(), to: to.into() };
    ok(&methods::CLOSE_PERIOD, close("october", "2026-10-01", "2026-11-01"));
    assert!(ok(&methods::CLOSE_PERIOD, close("october", "2026-10-01", "2026-11-01")).known);
    assert_eq!(refused(&methods::CLOSE_PERIOD, close("october", "2026-10-01", "2026-10-02")).0, Code::AlreadyExists);
    for (from, to) in [
        ("2026-10-31", "2026-11-05"),
        ("2026-09-01", "2026-10-02"),
        ("2026-11-02", "2026-11-02"),
        ("2026-11-02", "2026-11-30"),
    ] {
        assert_eq!(refused(&methods::CLOSE_PERIOD, close("x", from, to)).1, "R12", "{from} {to}");
    }
    ok(&methods::CLOSE_PERIOD, close("september", "2026-09-01", "2026-10-01"));
    assert_eq!(no(lower("x").at("2026-10-31T23:59:59Z")), "R12");
    assert_eq!(no(lower("x").at("2026-10-01")), "R12");
    yes(lower("3").at("2026-11-01"));
    yes(lower("4").at("2026-08-31"));
    // What lies in a closed period is corrected now.
    ok(&methods::CLOSE_PERIOD, close("start", "2026-11-01", "2026-11-20"));
    yes(e("5", "lower", "-1 kg").of("S").by("ana", "ana").correcting("3"));
    caller("ana", &["recorder"]);
    assert_eq!(refused(&methods::CLOSE_PERIOD, close("x", "2026-07-01", "2026-08-01")).0, Code::PermissionDenied);
    host(|h| assert_eq!(h.events.last().unwrap().0, "stint.book.v1.Corrected"));
}
