//! What is malformed, unknown, too much or somebody else's: refused by its rule.

use crate::support::*;
use book::proto::*;
use stint_sdk::{Code, testing::host};

#[test]
fn malformed_events_are_refused_by_field() {
    book();
    raise("S", "steel", "10 kg");
    let good = e("x", "lower", "1 kg").of("S").by("ana", "ana");
    let rule = |change: &dyn Fn(&mut Event)| {
        let mut event = good.clone();
        change(&mut event);
        let refusal = record(event).unwrap_err();
        assert!(refusal.code == Code::InvalidArgument, "{refusal}");
        refusal.rule
    };
    assert_eq!(rule(&|e| e.action = "give".into()), "action");
    assert_eq!(rule(&|e| e.action = String::new()), "action");
    for id in ["", "a/b", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(rule(&|e| e.id = id.into()), "id", "{id}");
    }
    assert_eq!(rule(&|e| e.provider = "a b".into()), "id");
    assert_eq!(rule(&|e| e.resource_inventoried_as = "x".repeat(100)), "id");
    assert_eq!(rule(&|e| e.resource_quantity = None), "quantity");
    assert_eq!(rule(&|e| e.resource_quantity = q("1", "")), "unit");
    assert_eq!(rule(&|e| e.resource_quantity = q("1", "k g")), "unit");
    assert_eq!(rule(&|e| e.resource_quantity = q("1", &"k".repeat(33))), "unit");
    for amount in ["", "1e3", "NaN", "1,5", "one", "0.0000000000000000001", &"9".repeat(60)] {
        assert_eq!(rule(&|e| e.resource_quantity = q(amount, "kg")), "decimal", "{amount}");
    }
    assert_eq!(rule(&|e| e.note = "x".repeat(5000)), "text");
    assert_eq!(rule(&|e| e.to_location = "x".repeat(300)), "text");
    assert_eq!(rule(&|e| e.resource_classified_as = vec!["x".into(); 101]), "text");
    assert_eq!(rule(&|e| e.has_point_in_time = "yesterday".into()), "time");
    assert_eq!(rule(&|e| e.has_end = "2026-02-30".into()), "time");
    assert_eq!(rule(&|e| e.boundary = 99), "boundary");
    assert_eq!(rule(&|e| e.to_resource_inventoried_as = "S".into()), "resource");
    assert_eq!(rule(&|e| e.action = "move".into()), "resource");
    // Only a transfer may come from outside: what a process gives back, it took.
    let only_to = |e: &mut Event| {
        (e.action, e.receiver) = ("dropoff".into(), "bo".into());
        e.to_resource_inventoried_as = std::mem::take(&mut e.resource_inventoried_as);
    };
    assert_eq!(rule(&only_to), "resource");
    assert_eq!(rule(&|e| e.action = "copy".into()), "resource");
    for action in ["work", "use"] {
        let nothing = |e: &mut Event| (e.action, e.resource_quantity) = (action.into(), None);
        assert_eq!(rule(&nothing), "quantity");
    }
    yes(good);
}

#[test]
fn an_id_stands_for_one_event_for_ever() {
    book();
    raise("S", "steel", "10 kg");
    let one = e("1", "lower", "1 kg").of("S").by("ana", "ana");
    assert!(!yes(one.clone()).known);
    let before = host(|h| (h.state.clone(), h.events.len()));
    assert!(yes(one.clone()).known);
    assert_eq!(host(|h| (h.state.clone(), h.events.len())), before);
    let refusal = record(Event { note: "other".into(), ..one }).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::AlreadyExists, "id"));
}

#[test]
fn a_batch_is_all_or_nothing() {
    book();
    raise("S", "steel", "10 kg");
    let lower = |id: &str, amount: &str| e(id, "lower", amount).of("S").by("ana", "ana");
    let batch = |events: Vec<Event>| ask(&methods::RECORD, RecordRequest { events });
    let refusal = batch(vec![lower("1", "4 kg"), lower("2", "7 kg")]).unwrap_err();
    assert_eq!((refusal.rule.as_str(), refusal.details["event"].as_str()), ("R7", "2"));
    assert_eq!(shown("S"), "10/10 ana ana");
    let results = batch(vec![lower("1", "4 kg"), lower("2", "6 kg"), lower("1", "4 kg")]).unwrap().results;
    assert_eq!(results.iter().map(|r| r.known).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(batch(vec![]).unwrap_err().rule, "batch");
    let refusal = batch((0..51).map(|n| lower(&n.to_string(), "1 kg")).collect()).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::ResourceExhausted, "batch"));
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    book();
    let most = format!("{} kg", i128::MAX);
    raise("S", "steel", &most);
    let refusal = record(e("x", "raise", "1 kg").of("S").by("ana", "ana")).unwrap_err();
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::OutOfRange, "overflow"));
    let refusal = record(e("x", "raise", "0.1 kg").of("S").by("ana", "ana")).unwrap_err();
    assert_eq!(refusal.rule, "overflow");
    let refusal = record(e("x", "consume", &most).of("S").by("ana", "ana").into_process("P")).map(|_| ());
    assert_eq!(refusal, Ok(()));
    assert!(rebuilt("S"));
}

#[test]
fn resources_are_created_on_purpose_and_of_a_declared_kind() {
    book();
    raise("S", "steel", "10 kg");
    let new = |id: &str, spec: &str| e("x", "raise", "1 kg").of(id).by("ana", "ana").creating(spec);
    assert_eq!(no(new("T", "unobtainium")), "spec");
    assert_eq!(no(new("T", "")), "spec");
    let again = record(new("S", "steel")).unwrap_err();
    assert_eq!((again.code, again.rule.as_str()), (Code::AlreadyExists, "resource"));
    let missing = record(e("x", "raise", "1 kg").of("T").by("ana", "ana")).unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    assert!(missing.message.contains("new_resource"), "{}", missing.message);
    // What only takes creates nothing.
    assert_eq!(no(e("x", "consume", "1 kg").of("T").by("ana", "ana").creating("steel")), "resource");
    // Apples do not become steel.
    raise("B", "batch", "1 kg");
    assert_eq!(no(e("x", "move", "1 kg").of("B").to("S").by("ana", "ana")), "spec");
    assert_eq!(
        no(Event { resource_conforms_to: "batch".into(), ..e("x", "lower", "1 kg").of("S").by("ana", "ana") }),
        "spec"
    );
}

#[test]
fn only_stewards_declare_and_what_is_declared_stays() {
    book();
    let spec = |id: &str, name: &str| DeclareSpecRequest {
        spec: Some(Spec { id: id.into(), name: name.into(), ..Spec::default() }),
    };
    assert!(!ok(&methods::DECLARE_SPEC, spec("new", "a")).known);
    assert!(ok(&methods::DECLARE_SPEC, spec("new", "a")).known);
    assert_eq!(refused(&methods::DECLARE_SPEC, spec("new", "b")), (Code::AlreadyExists, "id".into()));
    let bad = |change: &dyn Fn(&mut Spec)| {
        let mut request = spec("y", "");
        change(request.spec.as_mut().unwrap());
        refused(&methods::DECLARE_SPEC, request).1
    };
    assert_eq!(bad(&|s| s.identification = 9), "R1");
    assert_eq!(bad(&|s| s.mass_per_unit = "-1".into()), "mass");
    assert_eq!(bad(&|s| s.mass_per_unit = "x".into()), "decimal");
    assert_eq!(bad(&|s| s.unit = "a b".into()), "unit");
    assert_eq!(bad(&|s| s.name = "x".repeat(300)), "text");
    let conversion = |from: &str, to: &str, num, den| DeclareConversionRequest {
        conversion: Some(Conversion { from: from.into(), to: to.into(), num, den }),
    };
    for (from, to, num, den) in [("a", "a", 1, 1), ("a", "b", 0, 1), ("a", "b", 1, 0), ("a", "b", u64::MAX, 1)] {
        assert_eq!(refused(&methods::DECLARE_CONVERSION, conversion(from, to, num, den)).1, "R6");
    }
    assert!(ok(&methods::DECLARE_CONVERSION, conversion("g", "kg", 1, 1000)).known);
    assert_eq!(refused(&methods::DECLARE_CONVERSION, conversion("g", "kg", 1, 100)).0, Code::AlreadyExists);
    let process_spec = Some(ProcessSpec { id: "p".into(), tolerance: Some(10_001), ..ProcessSpec::default() });
    assert_eq!(refused(&methods::DECLARE_PROCESS_SPEC, DeclareProcessSpecRequest { process_spec }).1, "R-mass");
    caller("ana", &["recorder"]);
    let refusal = (Code::PermissionDenied, "role".to_string());
    assert_eq!(refused(&methods::DECLARE_SPEC, spec("z", "")), refusal);
    assert_eq!(refused(&methods::DECLARE_PROCESS_SPEC, DeclareProcessSpecRequest::default()), refusal);
    assert_eq!(refused(&methods::DECLARE_CONVERSION, DeclareConversionRequest::default()), refusal);
    assert_eq!(refused(&methods::CONFIGURE, ConfigureRequest::default()), refusal);
    steward();
    assert_eq!(refused(&methods::CONFIGURE, ConfigureRequest::default()).1, "settings");
    assert_eq!(refused(&methods::DECLARE_SPEC, DeclareSpecRequest::default()).1, "spec");
    set(Settings { mass_unit: "t".into(), ..Settings::default() });
    assert_eq!(ok(&methods::GET_SETTINGS, GetSettingsRequest {}).mass_unit, "t");
}

#[test]
fn containers_in_containers_end() {
    book();
    for n in 0..20 {
        raise(&format!("C{n}"), "machine", "1 one");
    }
    let mut refusal = None;
    for n in 0..19 {
        let put =
            e(&format!("put{n}"), "combine", "1 one").of(&format!("C{n}")).to(&format!("C{}", n + 1)).by("ana", "ana");
        refusal = refusal.or(record(put).err());
    }
    // From the outside in there is no end to see; from the inside out there is.
    raise("D", "machine", "1 one");
    let deep = record(e("x", "combine", "1 one").of("D").to("C0").by("ana", "ana")).unwrap_err();
    assert_eq!((refusal, deep.rule.as_str()), (None, "R11"));
}
