//! A book of a hundred thousand events: what it costs to add one, to look, and to share for ten thousand works.

use crate::{
    forge::{Forge, work},
    shared,
};
use book::proto::{methods::*, *};
use stint_proto::limits::CALL_FUEL;
use stint_sdk::{Day, Method, prost::Message};

/// Enough that a page of every list is full.
const SMALL: u64 = 5_000;
/// So many more: every tenth is work.
const MORE: u64 = 100_000;
/// So much cheaper or dearer may the last be than the first, in percent.
const WITHIN: u64 = 20;
/// The day of all that is measured; others were there before and come after.
const DAY: &str = "2026-03-01";

/// What was measured: in a new book, and in a large one.
type Figures = Vec<(String, u64)>;

#[test]
fn a_large_book_costs_what_a_new_one_does_and_ten_thousand_works_are_shared_to_the_cent() {
    let mut forge = Forge::new();
    open(&mut forge);
    let solo = forge.one_work("solo-1");
    let first = record_each_kind(&mut forge, "1");

    fill(&mut forge, 0..SMALL);
    let few = contribute(&mut forge, 0..SMALL);
    let looked = look(&mut forge);
    forge.earns("small", 1_000_000, 0);
    let calls = forge.shares("small");
    println!("{} contributions are shared in {} calls", few.len(), calls.len());
    let explained = explain(&mut forge, "small", "early");

    fill(&mut forge, SMALL..SMALL + MORE);
    let many = contribute(&mut forge, SMALL..SMALL + MORE);
    assert_eq!(many.len(), 10_000);
    forge.earns("large", 12_445_678, 100_008);
    let calls = forge.shares("large");
    let dearest = calls.iter().max().copied().unwrap_or(0);
    println!("{} contributions are shared in {} calls of at most {dearest} fuel", many.len(), calls.len());
    assert!(calls.len() > 1 && dearest < CALL_FUEL);
    shared::to_the_cent(&mut forge, "large", &many);

    let mut slower = compare("recording one more event", &first, &record_each_kind(&mut forge, "2"));
    slower += compare("from the book to the money", &named(solo), &named(forge.one_work("solo-2")));
    slower += compare("explaining", &explained, &explain(&mut forge, "large", "later"));
    slower += compare("explaining the small one again", &explained, &explain(&mut forge, "small", "early"));
    slower += compare("looking", &looked, &look(&mut forge));
    assert_eq!(slower, 0, "so many cost more than {WITHIN} % more in a large book");
    println!("a batch of 50 burns at most {}", forge.dearest);
}

/// Prints the figures and counts those that differ by too much.
fn compare(what: &str, first: &Figures, last: &Figures) -> u64 {
    println!("{what}");
    let mut over = 0;
    for ((name, first), (_, last)) in first.iter().zip(last) {
        let percent = *last as i64 * 100 / *first as i64 - 100;
        let is_over = *last * 100 > *first * (100 + WITHIN);
        println!("  {name:<40} {first:>12} {last:>12} {percent:>+5} %{}", if is_over { "  !" } else { "" });
        over += u64::from(is_over);
    }
    over
}

fn named(figures: Vec<(&str, u64)>) -> Figures {
    figures.into_iter().map(|(name, fuel)| (name.into(), fuel)).collect()
}

fn quantity(value: &str, unit: &str) -> Option<Quantity> {
    Some(Quantity { value: value.into(), unit: unit.into() })
}

/// What the events are about: steel of two agents, a machine and a design of ana's, a process, and a promise to bo.
fn open(forge: &mut Forge) {
    for (id, unit, identification) in [
        ("steel", "kg", Identification::Stock),
        ("machine", "one", Identification::Serialized),
        ("design", "one", Identification::Stock),
    ] {
        let mass_per_unit = if id == "machine" { "28".into() } else { String::new() };
        let identification = identification.into();
        let spec = Spec { id: id.into(), unit: unit.into(), identification, mass_per_unit, ..Default::default() };
        forge.does(&DECLARE_SPEC, &DeclareSpecRequest { spec: Some(spec) });
    }
    let process = Some(Process { id: "P".into(), ..Default::default() });
    forge.does(&OPEN_PROCESS, &OpenProcessRequest { process });
    let agreement = Some(Agreement { id: "A".into(), ..Default::default() });
    forge.does(&AGREE, &AgreeRequest { agreement });
    let commitment = Commitment {
        id: "C".into(),
        action: "transfer".into(),
        provider: "ana".into(),
        receiver: "bo".into(),
        resource_conforms_to: "steel".into(),
        resource_quantity: quantity("1000000", "kg"),
        clause_of: "A".into(),
        ..Default::default()
    };
    forge.does(&COMMIT, &CommitRequest { commitment: Some(commitment) });
    let raise = |id: &str, agent: &str, spec: &str, amount: &str| {
        let mut raise = event(&format!("raise-{id}"), "raise", (agent, agent), (id, ""), "2026-01-01");
        let unit = if spec == "steel" { "kg" } else { "one" };
        raise.resource_quantity = quantity(amount, unit);
        raise.resource_conforms_to = spec.into();
        raise.new_resource = Some(NewResource::default());
        raise
    };
    let events = vec![
        raise("S", "ana", "steel", "9000000"),
        raise("T", "bo", "steel", "1000000"),
        raise("M", "ana", "machine", "1"),
        raise("D", "ana", "design", "1"),
    ];
    forge.does(&RECORD, &RecordRequest { events });
}

/// Of one kilogram.
fn event(id: &str, action: &str, by: (&str, &str), of: (&str, &str), day: &str) -> Event {
    Event {
        id: id.into(),
        action: action.into(),
        provider: by.0.into(),
        receiver: by.1.into(),
        resource_inventoried_as: of.0.into(),
        to_resource_inventoried_as: of.1.into(),
        resource_quantity: quantity("1", "kg"),
        has_point_in_time: day.into(),
        ..Default::default()
    }
}

/// One of ten kinds by turns, all of them about the same few things: whatever grows with their number shows.
fn of_kind(kind: u64, id: &str, day: &str) -> Event {
    let (ana, to_bo) = (("ana", "ana"), ("ana", "bo"));
    let steel = |action: &str, by, of| event(id, action, by, of, day);
    let input = |e: Event| Event { input_of: "P".into(), ..e };
    match kind {
        1 => steel("transfer", to_bo, ("S", "T")),
        2 => Event { fulfills: "C".into(), ..steel("transfer", to_bo, ("S", "T")) },
        3 => steel("transferCustody", to_bo, ("S", "T")),
        4 => input(steel("consume", ana, ("S", ""))),
        5 => Event { output_of: "P".into(), ..steel("produce", ana, ("S", "")) },
        6 => steel("raise", ana, ("S", "")),
        7 => steel("lower", ana, ("S", "")),
        8 => {
            let effort_quantity = quantity("1", "h");
            input(Event { effort_quantity, resource_quantity: None, ..steel("use", ana, ("M", "")) })
        }
        9 => input(Event { resource_quantity: quantity("1", "one"), ..steel("cite", ana, ("D", "")) }),
        _ => work(id, "ana", 1, day),
    }
}

/// The work that is every tenth event: its agent, hours and day. One agent does half of it, three works a day, a hundred
/// others do the rest, and two work but once.
fn worker(n: u64) -> (String, u64, String) {
    let m = n / 10;
    let agent = match n + 10 {
        SMALL => "early".into(),
        end if end == SMALL + MORE => "later".into(),
        _ if m.is_multiple_of(2) => "busy".into(),
        _ => format!("a{:02}", m / 2 % 100),
    };
    (agent, 1 + m % 7, day_after("2022-01-01", m / 6))
}

fn day_after(first: &str, n: u64) -> String {
    Day::parse(first).expect("a day").plus(n as i32).to_string()
}

fn id(n: u64) -> String {
    format!("e{n:06}")
}

fn fill(forge: &mut Forge, events: std::ops::Range<u64>) {
    forge.records(events.map(|n| match n % 10 {
        0 => {
            let (agent, hours, on) = worker(n);
            work(&id(n), &agent, hours, &on)
        }
        kind => of_kind(kind, &id(n), &day_after("2026-01-01", n % 100)),
    }));
}

/// The works of a part of the book: event, agent, hours.
fn contribute(forge: &mut Forge, events: std::ops::Range<u64>) -> Vec<(String, String, u64)> {
    let one = |n| {
        let (agent, hours, _) = worker(n);
        (id(n), agent, hours)
    };
    let works: Vec<_> = events.step_by(10).map(one).collect();
    forge.contributes(&works);
    works
}

/// One more event of each kind, alone in its call; and what only the book's own calls do.
fn record_each_kind(forge: &mut Forge, run: &str) -> Figures {
    let mut figures = Vec::new();
    let mut record = |name: &str, events: Vec<Event>| {
        let (answer, fuel) = forge.does(&RECORD, &RecordRequest { events });
        assert!(answer.results.iter().all(|r| !r.known && !r.pending), "{name}");
        figures.push((name.into(), fuel));
    };
    for kind in 0..10 {
        let one = of_kind(kind, &format!("one-{run}-{kind}"), DAY);
        let what = if one.fulfills.is_empty() { one.action.clone() } else { format!("{}, fulfilling", one.action) };
        record(&what, vec![one]);
    }
    let (to_bo, ana) = (("ana", "bo"), ("ana", "ana"));
    let mut made = event(&format!("one-{run}-made"), "produce", ana, (&format!("DH-{run}"), ""), DAY);
    made.output_of = "P".into();
    made.resource_quantity = quantity("1", "one");
    made.resource_conforms_to = "machine".into();
    made.new_resource = Some(NewResource::default());
    record("produce, a new thing", vec![made]);
    let through = |action: &str, by, input: &str, output: &str| Event {
        input_of: input.into(),
        output_of: output.into(),
        resource_quantity: quantity("1", "one"),
        ..event(&format!("one-{run}-{action}"), action, by, ("M", ""), DAY)
    };
    record("pickup", vec![through("pickup", to_bo, "P", "")]);
    record("dropoff", vec![through("dropoff", ("bo", "ana"), "", "P")]);
    record("accept", vec![through("accept", to_bo, "P", "")]);
    record("modify", vec![through("modify", ("bo", "ana"), "", "P")]);
    record("fifty transfers", (0..50).map(|n| of_kind(1, &format!("one-{run}-of-{n:02}"), DAY)).collect());
    let correct = CorrectRequest {
        id: format!("one-{run}-less"),
        event: format!("one-{run}-1"),
        quantity: quantity("-0.5", "kg"),
        reason: "weighed again".into(),
        ..Default::default()
    };
    figures.push(("correct".into(), forge.does(&CORRECT, &correct).1));
    figures
}

/// A page of everything that a book tells.
fn look(forge: &mut Forge) -> Figures {
    let mut figures = Vec::new();
    let page = EventsRequest { page_size: 50, ..Default::default() };
    let by = |change: fn(&mut EventsRequest)| {
        let mut request = page.clone();
        change(&mut request);
        request
    };
    for (name, request) in [
        ("all events", page.clone()),
        ("events of an agent", by(|r| r.agent = "ana".into())),
        ("events of a resource", by(|r| r.resource = "S".into())),
        ("events of a process", by(|r| r.process = "P".into())),
        ("events of an action", by(|r| r.action = "transfer".into())),
        ("events for a commitment", by(|r| r.promise = "C".into())),
        ("events from a day on", by(|r| r.from = DAY.into())),
        ("events of which none is asked for", by(|r| (r.resource, r.action) = ("S".into(), "copy".into()))),
    ] {
        figures.push((name.into(), forge.asks(&EVENTS, &request).1));
    }
    let mut ask = |name: &str, fuel: u64| figures.push((name.into(), fuel));
    ask("an event", one(forge, &GET_EVENT, GetEventRequest { id: "e004321".into() }));
    ask("a resource", one(forge, &RESOURCE, ResourceRequest { id: "S".into(), at: String::new() }));
    ask("a resource on a day", one(forge, &RESOURCE, ResourceRequest { id: "S".into(), at: DAY.into() }));
    let (id, page_token) = (String::from("P"), String::new());
    ask("a process", one(forge, &PROCESS, ProcessRequest { id, page_size: 50, page_token }));
    let (id, page_token) = (String::from("A"), String::new());
    ask("an agreement", one(forge, &AGREEMENT, AgreementRequest { id, page_size: 50, page_token }));
    ask("a commitment", one(forge, &PROMISE, PromiseRequest { id: "C".into() }));
    ask("an agent's stock", one(forge, &STOCK_OF, StockOfRequest { agent: "bo".into(), ..Default::default() }));
    let journal = JournalRequest { agent: "ana".into(), page_size: 50, ..Default::default() };
    ask("an agent's journal", one(forge, &JOURNAL, journal));
    for (name, kind) in [
        ("export, JSON-LD", ExportKind::VfJsonld),
        ("export, EPCIS", ExportKind::Epcis),
        ("export, hledger", ExportKind::Hledger),
        ("export, CSV", ExportKind::Csv),
    ] {
        ask(name, one(forge, &EXPORT, ExportRequest { kind: kind.into(), page_size: 50, ..Default::default() }));
    }
    let rebuild = RebuildRequest { resource: "S".into(), page_size: 50, ..Default::default() };
    ask("rebuilding a resource", one(forge, &REBUILD, rebuild));
    let trace = |limit| TraceRequest { id: "S".into(), limit, ..Default::default() };
    ask("where something came from", one(forge, &TRACE, trace(200)));
    ask("what became of something", one(forge, &TRACK, trace(200)));
    let (agent, from, to) = ("busy".into(), "2022-01-02".into(), "2022-01-04".into());
    ask("an agent's hours of two days", one(forge, &EFFORT, EffortRequest { agent, from, to, ..Default::default() }));
    ask("declarations", one(forge, &DECLARATIONS, DeclarationsRequest { kind: "spec".into(), ..Default::default() }));
    figures
}

fn one<Q: Message, R: Message + Default>(forge: &mut Forge, method: &Method<Q, R>, request: Q) -> u64 {
    forge.asks(method, &request).1
}

/// Why somebody with one contribution got what it got, and a page of why somebody with many did.
fn explain(forge: &mut Forge, distribution: &str, once: &str) -> Figures {
    let (answer, alone) = forge.explains(distribution, once, 0);
    assert_eq!(answer.pools.iter().map(|p| p.contributions.len()).sum::<usize>(), 1, "{answer:?}");
    let (answer, page) = forge.explains(distribution, "busy", 100);
    assert_eq!(answer.pools.iter().map(|p| p.contributions.len()).sum::<usize>(), 100, "{answer:?}");
    assert_ne!(answer.next_page_token, "");
    vec![("one contribution".into(), alone), ("a page of a hundred of very many".into(), page)]
}
