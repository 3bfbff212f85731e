//! What the book answers: resources at a date, pages, stock, journal, effort, trails, exports.

use crate::support::*;
use book::proto::*;
use stint_sdk::Code;

fn at(id: &str, day: &str) -> Resource {
    ok(&methods::RESOURCE, ResourceRequest { id: id.into(), at: day.into() }).resource.unwrap()
}

#[test]
fn a_resource_as_it_stood() {
    book();
    yes(e("1", "produce", "100 kg").of("S").by("ana", "ana").creating("steel").going("shed").at("2026-03-01"));
    yes(e("2", "lower", "30 kg").of("S").by("ana", "ana").at("2026-03-05T12:00:00Z"));
    yes(e("3", "move", "70 kg").of("S").by("ana", "ana").going("yard").at("2026-04-01"));
    // Recorded late.
    yes(e("4", "lower", "10 kg").of("S").by("ana", "ana").at("2026-03-03"));
    let seen = |day: &str| {
        let r = at("S", day);
        (r.accounting_quantity.unwrap().value, r.current_location)
    };
    assert_eq!(seen("2026-03-01"), ("100".into(), "shed".into()));
    assert_eq!(seen("2026-03-04"), ("90".into(), "shed".into()));
    assert_eq!(seen("2026-03-05"), ("60".into(), "shed".into()));
    assert_eq!(seen("2026-04-01"), ("60".into(), "yard".into()));
    let before = ResourceRequest { id: "S".into(), at: "2026-02-28".into() };
    assert_eq!(refused(&methods::RESOURCE, before).0, Code::NotFound);
    assert_eq!(refused(&methods::RESOURCE, ResourceRequest { id: "T".into(), at: String::new() }).0, Code::NotFound);
}

#[test]
fn events_by_what_they_have_to_do_with_page_by_page() {
    book();
    raise("S", "steel", "1000 kg");
    raise("T", "steel", "1000 kg");
    for n in 0..30 {
        let (action, resource) = (["lower", "raise"][n % 2], ["S", "T"][n / 15]);
        yes(e(&format!("e{n:02}"), action, "1 kg")
            .of(resource)
            .by("ana", "ana")
            .at(&format!("2026-03-{:02}", 1 + n % 10)));
    }
    let walk = |request: EventsRequest| {
        let mut ids = Vec::new();
        let mut token = String::new();
        loop {
            let request = EventsRequest { page_size: 4, page_token: token, ..request.clone() };
            let page = ok(&methods::EVENTS, request);
            assert!(page.events.len() <= 4);
            ids.extend(page.events.into_iter().map(|r| r.event.unwrap().id));
            token = page.next_page_token;
            if token.is_empty() {
                return ids;
            }
        }
    };
    let all = walk(EventsRequest { from: "2026-03-01".into(), to: "2026-04-01".into(), ..Default::default() });
    assert_eq!(all.len(), 30);
    assert_eq!(all[..3], ["e00", "e10", "e20"]);
    assert_eq!(walk(EventsRequest { resource: "S".into(), ..Default::default() }).len(), 16);
    let lowered = walk(EventsRequest { resource: "S".into(), action: "lower".into(), ..Default::default() });
    assert_eq!(lowered, ["e00", "e10", "e02", "e12", "e04", "e14", "e06", "e08"]);
    assert_eq!(
        walk(EventsRequest {
            agent: "ana".into(),
            action: "raise".into(),
            to: "2026-03-03".into(),
            ..Default::default()
        })
        .len(),
        3
    );
    assert!(walk(EventsRequest { process: "P".into(), ..Default::default() }).is_empty());
    let broken = EventsRequest { page_token: "x".into(), ..Default::default() };
    assert_eq!(refused(&methods::EVENTS, broken).1, "page-token");
    let backwards = EventsRequest { from: "2026-03-02".into(), to: "2026-03-01".into(), ..Default::default() };
    assert_eq!(refused(&methods::EVENTS, backwards).1, "time");
}

#[test]
fn stock_is_what_an_agent_answers_for_or_holds() {
    book();
    for id in ["A", "B", "C"] {
        raise(id, "machine", "1 one");
    }
    yes(e("1", "transferCustody", "1 one").of("A").by("ana", "bo"));
    yes(e("2", "transfer", "1 one").of("B").by("ana", "bo"));
    yes(e("3", "lower", "1 one").of("C").by("ana", "ana"));
    let stock = |agent: &str, page_size| {
        let request = StockOfRequest { agent: agent.into(), page_size, page_token: String::new() };
        let page = ok(&methods::STOCK_OF, request);
        (page.resources.into_iter().map(|r| r.id).collect::<Vec<_>>(), page.next_page_token)
    };
    assert_eq!(stock("ana", 0).0, ["A"]);
    assert_eq!(stock("bo", 0).0, ["A", "B"]);
    assert_eq!(stock("bo", 1), (vec!["A".into()], "A".into()));
}

#[test]
fn the_journal_balances() {
    book();
    raise("S", "steel", "100 kg");
    raise("M", "machine", "1 one");
    yes(e("1", "transfer", "30 kg").of("S").to("T").by("ana", "bo").creating("steel"));
    yes(e("2", "consume", "20 kg").of("S").by("ana", "ana").into_process("P"));
    yes(e("3", "transfer", "1 one").of("M").by("ana", "bo"));
    yes(e("4", "transferCustody", "1 one").of("M").by("bo", "ana"));
    let mut work = e("5", "work", "").by("ana", "bo").into_process("P");
    work.effort_quantity = q("7", "h");
    yes(work);
    yes(e("6", "consume", "-20 kg").of("S").by("ana", "ana").into_process("P").correcting("2"));
    let request = JournalRequest { agent: "ana".into(), page_size: 1000, ..Default::default() };
    let lines = ok(&methods::JOURNAL, request).lines;
    let of = |event: &str| {
        let l = lines.iter().find(|l| l.event == event).unwrap();
        let quantity = l.quantity.clone().unwrap();
        (l.debit.clone(), l.credit.clone(), format!("{} {}", quantity.value, quantity.unit))
    };
    let line = |debit: &str, credit: &str, quantity: &str| (debit.into(), credit.into(), quantity.into());
    assert_eq!(of("raise-S"), line("ana:steel:S", "adjustment", "100 kg"));
    assert_eq!(of("1"), line("bo:steel:T", "ana:steel:S", "30 kg"));
    assert_eq!(of("2"), line("process:P", "ana:steel:S", "20 kg"));
    assert_eq!(of("3"), line("bo:machine:M", "ana:machine:M", "1 one"));
    assert_eq!(of("5"), line("process:P", "effort:ana", "7 h"));
    assert_eq!(of("6"), line("ana:steel:S", "process:P", "20 kg"));
    let custody = lines.iter().find(|l| l.event == "4").unwrap();
    assert_eq!(custody.dimension(), Dimension::Custody);
    assert!(lines.iter().all(|l| !l.debit.is_empty() && !l.credit.is_empty()));
}

#[test]
fn effort_is_summed_by_day_and_process() {
    book();
    raise("M", "machine", "1 one");
    let work = |id: &str, hours: &str, day: &str| Event {
        effort_quantity: q(hours, "h"),
        ..e(id, "work", "").by("ana", "forge").into_process("P").at(day)
    };
    yes(work("1", "7", "2026-03-01"));
    yes(work("2", "5.5", "2026-03-02"));
    yes(Event { effort_quantity: q("-1", "h"), corrects: "1".into(), ..work("3", "7", "2026-03-02") });
    yes(Event { effort_quantity: q("40", "h"), ..e("4", "use", "").of("M").by("ana", "ana").into_process("P") });
    let sum = |request: EffortRequest| ok(&methods::EFFORT, request).sums;
    let of = |agent: &str, from: &str, to: &str| EffortRequest {
        agent: agent.into(),
        action: "work".into(),
        from: from.into(),
        to: to.into(),
        ..Default::default()
    };
    assert_eq!(sum(of("ana", "", "")), [q("11.5", "h").unwrap()]);
    assert_eq!(sum(of("ana", "2026-03-01", "2026-03-02")), [q("7", "h").unwrap()]);
    assert_eq!(sum(EffortRequest { process: "P".into(), ..of("ana", "", "") }), [q("11.5", "h").unwrap()]);
    assert_eq!(sum(EffortRequest { resource: "M".into(), ..Default::default() }), [q("40", "h").unwrap()]);
    assert_eq!(sum(EffortRequest { process: "P".into(), ..Default::default() }), [q("51.5", "h").unwrap()]);
    assert_eq!(refused(&methods::EFFORT, EffortRequest::default()).1, "subject");
}

#[test]
fn trails_go_through_transfers_processes_and_repairs() {
    book();
    let day = |n: u32| format!("2026-03-{n:02}");
    yes(e("eol", "transfer", "200 kg").to("EOL").by("house", "mend").creating("steel").at(&day(1)));
    yes(e("dis", "consume", "200 kg").of("EOL").by("mend", "mend").into_process("P").at(&day(2)));
    yes(e("rs", "produce", "180 kg").of("RS").by("mend", "mend").creating("steel").out_of("P").at(&day(3)));
    yes(e("sell", "transfer", "180 kg").of("RS").to("RSF").by("mend", "forge").creating("steel").at(&day(4)));
    yes(e("use", "consume", "28 kg").of("RSF").by("forge", "forge").into_process("Q").at(&day(5)));
    yes(e("dh", "produce", "1 one").of("DH").by("forge", "forge").creating("machine").out_of("Q").at(&day(6)));
    // What comes into the stock after it was used is no source.
    yes(e("late", "transfer", "5 kg").to("RSF").by("shop", "forge").at(&day(7)));
    // What goes out is no source either.
    yes(e("out", "transfer", "2 kg").of("RSF").by("forge", "friend").at(&day(4)));
    let open = |id: &str| {
        let process = Some(Process { id: id.into(), ..Process::default() });
        ok(&methods::OPEN_PROCESS, OpenProcessRequest { process });
    };
    open("VAN");
    raise("OTHER", "box", "1 one");
    for (n, thing) in [("1", "DH"), ("2", "OTHER")] {
        let agent = if thing == "DH" { "forge" } else { "ana" };
        yes(e(&format!("pick{n}"), "pickup", "1 one").of(thing).by(agent, agent).into_process("VAN").at(&day(8)));
        yes(e(&format!("drop{n}"), "dropoff", "1 one").of(thing).by(agent, agent).out_of("VAN").at(&day(9)));
    }
    // What goes over as itself keeps its past.
    yes(e("gift", "transfer", "1 one").of("DH").by("forge", "table").at(&day(10)));
    let trail = |method, id: &str| -> Vec<String> {
        let answer: TraceResponse = ok(method, TraceRequest { id: id.into(), limit: 1000, ..Default::default() });
        assert!(answer.cut.is_empty());
        let mut ids: Vec<String> = answer.nodes.into_iter().map(|n| n.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(
        trail(&methods::TRACE, "DH"),
        ["DH", "EOL", "P", "Q", "RS", "RSF", "VAN", "dh", "dis", "drop1", "eol", "gift", "pick1", "rs", "sell", "use"]
    );
    assert_eq!(
        trail(&methods::TRACK, "EOL"),
        ["DH", "EOL", "P", "Q", "RS", "RSF", "VAN", "dh", "dis", "drop1", "gift", "out", "pick1", "rs", "sell", "use"]
    );
    assert_eq!(trail(&methods::TRACE, "OTHER"), ["OTHER", "VAN", "drop2", "pick2", "raise-OTHER"]);
    let cut: TraceResponse = ok(&methods::TRACE, TraceRequest { id: "DH".into(), depth: 2, ..Default::default() });
    assert!(!cut.cut.is_empty() && cut.nodes.iter().all(|n| n.depth <= 2));
    let few: TraceResponse = ok(&methods::TRACE, TraceRequest { id: "DH".into(), limit: 3, ..Default::default() });
    assert!(!few.cut.is_empty() && few.nodes.len() == 3);
    assert_eq!(refused(&methods::TRACE, TraceRequest { id: "none".into(), ..Default::default() }).0, Code::NotFound);
}

#[test]
fn a_rebuild_goes_on_where_it_stopped() {
    book();
    raise("S", "steel", "100 kg");
    for n in 0..20 {
        yes(e(&n.to_string(), "lower", "1 kg").of("S").by("ana", "ana"));
    }
    let mut request = RebuildRequest { resource: "S".into(), page_size: 6, page_token: String::new() };
    let mut pages = 0;
    loop {
        let answer = ok(&methods::REBUILD, request.clone());
        pages += 1;
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            assert!(answer.equal);
            break;
        }
        assert!(!answer.equal);
    }
    assert_eq!(pages, 4);
    for token in ["zz", "00", "a"] {
        let forged = RebuildRequest { resource: "S".into(), page_size: 6, page_token: token.into() };
        assert_eq!(refused(&methods::REBUILD, forged).1, "page-token");
    }
}

#[test]
fn the_book_as_text() {
    book();
    yes(Event {
        note: "a \"note\", with\nlines".into(),
        ..e("1", "transfer", "120.50 kg").to("VS").by("steelco", "forge").creating("steel").at("2026-01-10")
    });
    yes(Event {
        boundary: Boundary::Dpo.into(),
        ..e("2", "transfer", "0.5 kg").of("VS").by("forge", "landfill").at("2026-01-11")
    });
    raise("M", "machine", "1 one");
    let text = |kind: ExportKind, page_size| {
        let request = ExportRequest { kind: kind.into(), page_size, ..Default::default() };
        ok(&methods::EXPORT, request)
    };
    let csv = text(ExportKind::Csv, 0).text;
    assert_eq!(csv.lines().filter(|l| l.starts_with("id,")).count(), 1);
    assert!(csv.contains("2,2026-01-11,transfer,forge,landfill,,,VS,,,0.5,kg,,,,,,dpo,,"), "{csv}");
    assert!(csv.contains("\"a \"\"note\"\", with\nlines\""), "{csv}");
    let hledger = text(ExportKind::Hledger, 0).text;
    assert!(hledger.contains("2026-01-10 (1) transfer  ; a \"note\", with lines\n    forge:steel:VS  120.5 \"kg steel\"\n    steelco:steel  -120.5 \"kg steel\"\n"), "{hledger}");
    let jsonld = text(ExportKind::VfJsonld, 0).text;
    assert!(
        jsonld.contains("\"vf:action\":\"vf:transfer\"") && jsonld.contains("\"om2:hasNumericalValue\":120.50"),
        "{jsonld}"
    );
    assert!(jsonld.contains("a \\\"note\\\", with\\nlines"), "{jsonld}");
    let epcis = text(ExportKind::Epcis, 0).text;
    assert!(
        epcis.contains("\"epcList\":[\"urn:stint:resource:M\"]") && epcis.contains("\"quantity\":120.50"),
        "{epcis}"
    );
    let first = text(ExportKind::Csv, 1);
    assert_eq!(first.text.matches(",transfer,").count(), 1);
    let next = ExportRequest {
        kind: ExportKind::Csv.into(),
        page_size: 1,
        page_token: first.next_page_token,
        ..Default::default()
    };
    assert!(!ok(&methods::EXPORT, next).text.starts_with("id,"));
    assert_eq!(refused(&methods::EXPORT, ExportRequest { kind: 9, ..Default::default() }).1, "kind");
}

#[test]
fn what_was_declared_is_listed() {
    book();
    let list = |kind: &str, page_size| {
        ok(&methods::DECLARATIONS, DeclarationsRequest { kind: kind.into(), page_size, ..Default::default() })
    };
    assert_eq!(list("spec", 0).specs.len(), 6);
    let first = list("spec", 4);
    assert_eq!((first.specs.len(), first.next_page_token.as_str()), (4, "machine"));
    assert_eq!(list("conversion", 0).conversions.len(), 2);
    assert_eq!(
        refused(&methods::DECLARATIONS, DeclarationsRequest { kind: "x".into(), ..Default::default() }).1,
        "kind"
    );
}
