//! Every action on resources: what it adds, takes, sets.

use crate::support::*;

#[test]
fn produced_consumed_raised_lowered() {
    book();
    yes(e("1", "produce", "120 kg").of("S").by("ana", "ana").creating("steel").going("shed"));
    assert_eq!((shown("S"), resource("S").current_location), ("120/120 ana ana".into(), "shed".into()));
    yes(e("2", "consume", "20 kg").of("S").by("ana", "ana"));
    yes(e("3", "raise", "5 kg").of("S").by("ana", "ana"));
    yes(e("4", "lower", "15 kg").of("S").by("ana", "ana").going("nowhere"));
    assert_eq!((shown("S"), resource("S").current_location), ("90/90 ana ana".into(), "shed".into()));
    assert!(rebuilt("S"));
}

#[test]
fn mentioned_and_unchanged() {
    book();
    raise("S", "steel", "10 kg");
    yes(e("1", "use", "1 kg").of("S"));
    yes(e("2", "cite", "1 kg").of("S"));
    let mut work = e("3", "work", "").by("bo", "forge");
    work.effort_quantity = q("7", "h");
    yes(work);
    let mut service = e("4", "deliverService", "1 one").by("ana", "bo");
    service.resource_conforms_to = "machining".into();
    yes(service);
    assert_eq!(shown("S"), "10/10 ana ana");
    assert!(rebuilt("S"));
}

#[test]
fn a_stock_is_transferred_in_part() {
    book();
    raise("A", "steel", "100 kg");
    yes(e("1", "transfer", "30 kg").of("A").to("B").by("ana", "bo").creating("steel").going("yard"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("70/70 ana ana", "30/30 bo bo"));
    assert_eq!((resource("A").current_location.as_str(), resource("B").current_location.as_str()), ("", "yard"));
    yes(e("2", "transferAllRights", "20 kg").of("A").to("B").by("ana", "bo"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("50/70 ana ana", "50/30 bo bo"));
    yes(e("3", "transferCustody", "20 kg").of("A").to("B").by("ana", "bo"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("50/50 ana ana", "50/50 bo bo"));
    // R4: out of the book, and in.
    yes(e("4", "transfer", "50 kg").of("B").by("bo", "outside"));
    yes(e("5", "transfer", "7 kg").to("A").by("outside", "ana"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("57/57 ana ana", "0/0 bo bo"));
    // Custody of a part, out and back.
    yes(e("6", "transferCustody", "7 kg").of("A").by("ana", "bo"));
    assert_eq!(shown("A"), "57/50 ana ana");
    yes(e("7", "transferCustody", "7 kg").of("A").by("bo", "ana"));
    assert_eq!(shown("A"), "57/57 ana ana");
    assert!(rebuilt("A") && rebuilt("B"));
}

#[test]
fn a_lot_goes_as_a_whole() {
    book();
    raise("L", "batch", "100 kg");
    yes(e("1", "transfer", "100 kg").of("L").by("ana", "bo").going("yard"));
    assert_eq!((shown("L"), resource("L").current_location), ("100/100 bo bo".into(), "yard".into()));
    yes(e("2", "transferCustody", "100 kg").of("L").by("bo", "cy"));
    assert_eq!(shown("L"), "100/0 bo cy");
    yes(e("3", "transferCustody", "100 kg").of("L").by("cy", "dee"));
    assert_eq!(shown("L"), "100/0 bo dee");
    yes(e("4", "transferCustody", "100 kg").of("L").by("dee", "bo"));
    assert_eq!(shown("L"), "100/100 bo bo");
    // The table leaves what is on hand alone.
    yes(e("5", "transferAllRights", "100 kg").of("L").by("bo", "ana"));
    assert_eq!(shown("L"), "100/100 ana bo");
    yes(e("6", "transferCustody", "100 kg").of("L").by("bo", "ana"));
    assert!(shown("L").ends_with("ana ana"));
    assert!(rebuilt("L"));
}

#[test]
fn a_serialized_thing_is_on_hand_where_its_accountable_holds_it() {
    book();
    raise("M", "machine", "1 one");
    yes(e("1", "transferCustody", "1 one").of("M").by("ana", "bo"));
    assert_eq!(shown("M"), "1/0 ana bo");
    yes(e("2", "transferAllRights", "1 one").of("M").by("ana", "bo"));
    assert_eq!(shown("M"), "1/1 bo bo");
    yes(e("3", "transferAllRights", "1 one").of("M").by("bo", "ana"));
    assert_eq!(shown("M"), "1/0 ana bo");
    yes(e("4", "transferCustody", "1 one").of("M").by("bo", "ana"));
    assert_eq!(shown("M"), "1/1 ana ana");
    yes(e("5", "transfer", "1 one").of("M").by("ana", "cy"));
    assert_eq!(shown("M"), "1/1 cy cy");
    assert!(rebuilt("M"));
}

#[test]
fn repair_takes_a_thing_in_and_gives_it_back() {
    book();
    raise("M", "machine", "1 one");
    let mut broken = e("1", "accept", "1 one").of("M").by("ana", "mend").into_process("P");
    broken.state = "broken".into();
    yes(broken);
    assert_eq!((shown("M"), resource("M").state), ("1/0 ana mend".into(), "broken".into()));
    yes(e("2", "modify", "1 one").of("M").by("mend", "ana").out_of("P"));
    assert_eq!(shown("M"), "1/1 ana ana");
    assert!(rebuilt("M"));
}

#[test]
fn what_is_moved_keeps_its_agents() {
    book();
    raise("A", "steel", "10 kg");
    yes(e("1", "move", "10 kg").of("A").by("ana", "ana").going("yard"));
    assert_eq!((shown("A"), resource("A").current_location), ("10/10 ana ana".into(), "yard".into()));
    yes(e("2", "move", "4 kg").of("A").to("B").by("ana", "ana").creating("steel").going("shed"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("6/6 ana ana", "4/4 ana ana"));
    assert_eq!((resource("A").current_location.as_str(), resource("B").current_location.as_str()), ("yard", "shed"));
    assert!(rebuilt("A") && rebuilt("B"));
}

#[test]
fn a_copy_leaves_its_original() {
    book();
    raise("A", "box", "1 one");
    yes(e("1", "copy", "2 one").of("A").to("B").by("ana", "bo").creating("box").going("there"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("1/1 ana ana", "2/2 bo bo"));
    assert!(rebuilt("A") && rebuilt("B"));
}

#[test]
fn transport_carries_custody_through_the_carriers_resource() {
    book();
    raise("A", "steel", "230 kg");
    yes(e("b", "raise", "1 kg").of("B").by("bo", "bo").creating("steel"));
    yes(e("1", "pickup", "30 kg").of("A").to("C").by("ana", "cy").creating("steel").into_process("P"));
    assert_eq!((shown("A").as_str(), shown("C").as_str()), ("230/200 ana ana", "0/0 ana cy"));
    yes(e("2", "dropoff", "30 kg").of("C").by("cy", "cy").out_of("P").going("hub"));
    assert_eq!((shown("C"), resource("C").current_location), ("0/30 ana cy".into(), "hub".into()));
    yes(e("3", "pickup", "30 kg").of("C").by("cy", "cy").into_process("Q"));
    yes(e("4", "dropoff", "30 kg").of("C").to("B").by("cy", "bo").out_of("Q").going("yard"));
    yes(e("5", "transferAllRights", "30 kg").of("A").to("B").by("ana", "bo"));
    assert_eq!(
        (shown("A").as_str(), shown("B").as_str(), shown("C").as_str()),
        ("200/200 ana ana", "31/31 bo bo", "0/0 ana cy")
    );
    assert_eq!(resource("B").current_location, "yard");
    assert!(rebuilt("A") && rebuilt("B") && rebuilt("C"));
}

#[test]
fn different_agents_imply_a_transfer_of_what_is_produced_and_consumed() {
    book();
    yes(e("1", "produce", "6 kg").of("N").by("grower", "ana").creating("steel"));
    assert_eq!(shown("N"), "6/6 ana ana");
    raise("A", "steel", "10 kg");
    // Produced into the maker's own stock and gone with its receiver.
    yes(e("2", "produce", "4 kg").of("A").by("ana", "bo"));
    assert_eq!(shown("A"), "10/10 ana ana");
    yes(e("3", "produce", "4 kg").of("A").to("B").by("ana", "bo").creating("steel"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("10/10 ana ana", "4/4 bo bo"));
    yes(e("4", "consume", "3 kg").of("A").by("ana", "bo"));
    yes(e("5", "consume", "1 kg").of("A").to("B").by("ana", "bo"));
    assert_eq!((shown("A").as_str(), shown("B").as_str()), ("6/6 ana ana", "4/4 bo bo"));
    assert!(rebuilt("A") && rebuilt("B") && rebuilt("N"));
}

#[test]
fn contained_things_go_with_their_container() {
    book();
    raise("KIT", "machine", "1 one");
    raise("M", "machine", "1 one");
    yes(e("1", "combine", "1 one").of("M").to("KIT").by("ana", "ana").into_process("P"));
    assert_eq!((shown("M"), resource("M").contained_in), ("1/0 ana ana".into(), "KIT".into()));
    yes(e("2", "move", "1 one").of("KIT").by("ana", "ana").going("van"));
    assert_eq!(resource("M").current_location, "van");
    yes(e("3", "separate", "1 one").of("M").by("ana", "ana").out_of("Q"));
    assert_eq!((shown("M"), resource("M").contained_in), ("1/1 ana ana".into(), String::new()));
    assert!(rebuilt("M") && rebuilt("KIT"));
}

#[test]
fn the_one_thing_that_a_process_accepted_is_its_container() {
    book();
    raise("KIT", "machine", "1 one");
    raise("S", "steel", "10 kg");
    yes(e("1", "accept", "1 one").of("KIT").by("ana", "ana").into_process("P"));
    yes(e("2", "combine", "4 kg").of("S").by("ana", "ana").into_process("P"));
    assert_eq!((shown("S"), resource("S").contained_in), ("10/6 ana ana".into(), "KIT".into()));
    assert!(rebuilt("S"));
}

#[test]
fn stage_is_the_kind_of_the_last_process() {
    book();
    let process_spec = Some(book::proto::ProcessSpec { id: "testing".into(), ..Default::default() });
    ok(&book::proto::methods::DECLARE_PROCESS_SPEC, book::proto::DeclareProcessSpecRequest { process_spec });
    let process = Some(book::proto::Process { id: "T".into(), based_on: "testing".into(), ..Default::default() });
    ok(&book::proto::methods::OPEN_PROCESS, book::proto::OpenProcessRequest { process });
    raise("M", "machine", "1 one");
    yes(e("1", "accept", "1 one").of("M").by("ana", "ana").into_process("T"));
    let mut tested = e("2", "modify", "1 one").of("M").by("ana", "ana").out_of("T");
    tested.state = "pass".into();
    yes(tested);
    let m = resource("M");
    assert_eq!((m.stage.as_str(), m.state.as_str()), ("testing", "pass"));
    assert!(rebuilt("M"));
}
