//! Step 1, the material loop: the events of the file in the books of three commons, what must be refused on the way, and six
//! processes that close.

use crate::{
    extras,
    ledger::Ledger,
    player::{FORGE, Player, STEWARD},
    posting::{Posting, with, without},
    told::Failure,
    trials::Trial,
};
use book::proto::{
    Balancing, CloseProcessRequest, DeclareSpecRequest, Event, EventsRequest, Identification, NewResource,
    OpenProcessRequest, Process, ProcessRequest, Quantity, RebuildRequest, RecordRequest, ResourceRequest, Spec,
    methods,
};
use book_replay::{Json, balancing, event};
use std::collections::{BTreeMap, BTreeSet};

/// Events that one call records: a call that is refused names one of few.
const BATCH: usize = 20;
/// Commons in the order of the story.
const BOOKS: [&str; 3] = ["mend", FORGE, "table"];
/// The days of the long work of e18, e19 and e20, of which the file names the last only.
const LONG: [&str; 3] = ["e18", "e19", "e20"];
const LONG_FROM: &str = "02-01";
/// The file says nothing of its mass; what went in came out.
const REPAIR: &str = "P-repair";

struct Book<'a> {
    commons: &'a str,
    posting: &'a Posting,
    known: BTreeSet<String>,
    balancing: BTreeMap<String, Vec<Balancing>>,
    /// Waiting to be recorded together, by one signer.
    batch: Vec<Event>,
    signer: String,
    /// It takes part in the repair.
    repairs: bool,
}

pub(crate) fn keep<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    player.step = 1;
    let posting = Posting::new(player.year);
    for commons in BOOKS {
        let mut book = Book {
            commons,
            posting: &posting,
            known: BTreeSet::new(),
            balancing: BTreeMap::new(),
            batch: Vec::new(),
            signer: String::new(),
            repairs: false,
        };
        let events: Vec<Json> = player.year.all().iter().filter_map(|e| posting.in_book(e, commons)).collect();
        book.open(player, &events)?;
        for (n, json) in events.iter().enumerate() {
            if let Some((process, item)) = balancing(json) {
                book.balancing.entry(process).or_default().push(item);
                continue;
            }
            if !book.trial(player, json)? {
                book.add(player, n, &dated(player, json))?;
            }
        }
        book.flush(player)?;
        book.close(player)?;
    }
    Ok(())
}

impl Book<'_> {
    /// Declares what the events are about, opens their processes, and raises what was there before.
    fn open<L: Ledger>(&mut self, player: &mut Player<L>, events: &[Json]) -> Result<(), Failure> {
        let mut specs: BTreeSet<String> = events.iter().map(|e| self.posting.spec_of(e)).collect();
        specs.extend(extras::specs(self.commons).iter().map(|spec| spec.to_string()));
        specs.remove("");
        for spec in &specs {
            self.declare(player, spec)?;
        }
        let sides = |e: &Json| ["inputOf", "outputOf"].map(|side| e.text_of(side).to_string());
        let mut processes: BTreeSet<String> = events.iter().flat_map(sides).collect();
        processes.remove("");
        self.repairs = processes.contains(REPAIR);
        for id in &processes {
            let process = Process { id: id.clone(), in_scope_of: vec![self.commons.into()], ..Process::default() };
            let request = OpenProcessRequest { process: Some(process) };
            player.call(&format!("opening {id}"), (self.commons, STEWARD), &methods::OPEN_PROCESS, &request)?;
        }
        player.tell(format!("{}: {} kinds of things and {} processes", self.commons, specs.len(), processes.len()));
        for (resource, given) in player.year.part("given").fields() {
            if self.posting.home(resource) == self.commons {
                self.given(player, resource, given)?;
            }
        }
        Ok(())
    }

    fn declare<L: Ledger>(&self, player: &mut Player<L>, id: &str) -> Result<(), Failure> {
        let kind = if self.posting.is_serialized(id) { Identification::Serialized } else { Identification::Stock };
        let spec = Spec {
            id: id.into(),
            identification: kind.into(),
            mass_per_unit: self.posting.mass(id).into(),
            medium_of_exchange: id == "EUR",
            ..Spec::default()
        };
        let request = DeclareSpecRequest { spec: Some(spec) };
        player.call(&format!("declaring {id}"), (self.commons, STEWARD), &methods::DECLARE_SPEC, &request)?;
        Ok(())
    }

    /// What is there at the beginning was raised by whoever answers for it.
    fn given<L: Ledger>(&mut self, player: &mut Player<L>, resource: &str, given: &Json) -> Result<(), Failure> {
        let owner = given.text_of("primaryAccountable");
        let raise = Event {
            id: format!("given:{resource}"),
            action: "raise".into(),
            provider: owner.into(),
            receiver: owner.into(),
            resource_inventoried_as: resource.into(),
            resource_conforms_to: "design".into(),
            resource_quantity: Some(Quantity { value: given.text_of("accounting").into(), unit: "one".into() }),
            has_point_in_time: player.year.day("01-01"),
            new_resource: Some(NewResource::default()),
            ..Event::default()
        };
        let what = format!("{}: {owner} shows {resource}", self.commons);
        player.must(&what, (self.commons, owner), &methods::RECORD, &RecordRequest { events: vec![raise] })?;
        self.known.insert(resource.into());
        Ok(())
    }

    /// Adds an event to the batch of its signer: persons sign for themselves, stewards for the rest.
    fn add<L: Ledger>(&mut self, player: &mut Player<L>, n: usize, json: &Json) -> Result<(), Failure> {
        let provider = json.text_of("provider");
        let signer = if player.year.is_person(provider) { provider } else { STEWARD };
        if signer != self.signer || self.batch.len() == BATCH {
            self.flush(player)?;
        }
        self.signer = signer.into();
        self.batch.push(event(json, n + 1, &mut self.known));
        Ok(())
    }

    fn flush<L: Ledger>(&mut self, player: &mut Player<L>) -> Result<(), Failure> {
        let events = std::mem::take(&mut self.batch);
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        let what = match events.len() {
            1 => format!("{}: {} records {}, {}", self.commons, self.signer, first.id, first.action),
            n => format!("{}: {} records {} to {}, {n} events", self.commons, self.signer, first.id, last.id),
        };
        player.must(&what, (self.commons, &self.signer), &methods::RECORD, &RecordRequest { events })?;
        Ok(())
    }

    /// What must be refused before this event is recorded; true when it is this event itself.
    fn trial<L: Ledger>(&mut self, player: &mut Player<L>, json: &Json) -> Result<bool, Failure> {
        let id = json.text_of("id");
        let trials: Vec<Trial> = match (self.commons, id) {
            ("mend", "e03") => vec![Trial::action(json), Trial::unit(json)],
            ("mend", "e11") => vec![Trial::stock(json)],
            (FORGE, "e14") => vec![Trial::known(&player.year.all()[0])],
            (FORGE, "e24") => vec![Trial::stranger(json)],
            (_, "e41") => vec![Trial::of("e41, lower by 0: a correction that says nothing", json.clone(), "R5")],
            (FORGE, "e23") => {
                self.flush(player)?;
                let what = "forge: closing P-make without the 5 kg of dust";
                let request = CloseProcessRequest { id: "P-make".into(), balancing: Vec::new() };
                player.must_not(what, (FORGE, STEWARD), &methods::CLOSE_PROCESS, &request, "R-mass")?;
                Vec::new()
            }
            _ => Vec::new(),
        };
        if !trials.is_empty() {
            self.flush(player)?;
        }
        let itself = trials.iter().any(|trial| trial.json.text_of("id") == id && trial.rule == "R5");
        for Trial { what, json, rule, agent } in trials {
            let posted = self.posting.in_book(&json, self.commons).unwrap_or(json);
            let request = RecordRequest { events: vec![event(&posted, 0, &mut self.known.clone())] };
            let what = format!("{}: {what}", self.commons);
            player.must_not(&what, (self.commons, agent), &methods::RECORD, &request, rule)?;
        }
        Ok(itself)
    }

    /// Closes the processes of which the file knows the masses, and those that it only names.
    fn close<L: Ledger>(&mut self, player: &mut Player<L>) -> Result<(), Failure> {
        let commons = self.commons;
        let expected = player.year.part("expect_process_mass");
        for (id, mass) in expected.fields() {
            let here = player.on.query(commons, "/stint.book.v1.Book/Process", &asked(id)).is_ok();
            if !here {
                continue;
            }
            let balancing = self.balancing.remove(id).unwrap_or_default();
            let what = format!("{commons}: {id} closes, {} kg in and out", mass.text_of("in"));
            let request = CloseProcessRequest { id: id.clone(), balancing };
            player.must(&what, (commons, STEWARD), &methods::CLOSE_PROCESS, &request)?;
            let request = ProcessRequest { id: id.clone(), ..ProcessRequest::default() };
            let process = player.ask(commons, &methods::PROCESS, &request)?.process.unwrap_or_default();
            player.compare(format!("{id} kg in"), mass.text_of("in"), &process.mass_in);
            player.compare(format!("{id} kg out"), mass.text_of("out"), &process.mass_out);
            let closes = if mass.get("closes").is_some_and(Json::is_true) { "CLOSED" } else { "OPEN" };
            player.compare(format!("{id} status"), closes, process.status().as_str_name());
        }
        if self.repairs {
            let request = CloseProcessRequest { id: REPAIR.into(), balancing: Vec::new() };
            let what = format!("{commons}: {REPAIR} closes");
            player.must(&what, (commons, STEWARD), &methods::CLOSE_PROCESS, &request)?;
        }
        Ok(())
    }
}

fn asked(process: &str) -> Vec<u8> {
    use prost::Message;
    ProcessRequest { id: process.into(), ..ProcessRequest::default() }.encode_to_vec()
}

/// An event with its days, where the file has the last one only and it cannot have been one day.
fn dated<L: Ledger>(player: &Player<L>, json: &Json) -> Json {
    if !LONG.contains(&json.text_of("id")) {
        return json.clone();
    }
    let ended = with(&without(json, &["date"]), "hasEnd", json.text_of("date"));
    with(&ended, "hasBeginning", &player.year.day(LONG_FROM))
}

/// What became of the events of the file: recorded, declared at a closing, or refused.
fn counted<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    let mut stand = BTreeSet::new();
    for commons in BOOKS {
        let mut request = EventsRequest { page_size: 1000, ..EventsRequest::default() };
        loop {
            let page = player.ask(commons, &methods::EVENTS, &request)?;
            stand.extend(page.events.into_iter().filter_map(|e| e.event).map(|e| e.id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
    }
    let mut declared = 0;
    for (id, _) in player.year.part("expect_process_mass").fields() {
        let (commons, process) = closed(player, id)?;
        declared += player.ask(&commons, &methods::PROCESS, &process)?.process.unwrap_or_default().balancing.len();
    }
    let all = player.year.all();
    let said = all.iter().filter(|json| balancing(json).is_some()).count();
    let events: Vec<&str> =
        all.iter().filter(|json| balancing(json).is_none()).map(|json| json.text_of("id")).collect();
    let trap = player.year.part("vf_note").text().contains("e41 must be rejected");
    let ours = events.iter().filter(|id| stand.contains(**id)).count();
    player.compare("events of the file in the books", events.len() - usize::from(trap), ours);
    player.compare("events of the file refused", usize::from(trap), events.len() - ours);
    player.compare("balancing declared at closings", said, declared);
    Ok(())
}

/// The book in which a process is, and how to ask for it.
fn closed<L: Ledger>(player: &mut Player<L>, id: &str) -> Result<(String, ProcessRequest), Failure> {
    for commons in BOOKS {
        if player.on.query(commons, "/stint.book.v1.Book/Process", &asked(id)).is_ok() {
            return Ok((commons.into(), ProcessRequest { id: id.into(), ..ProcessRequest::default() }));
        }
    }
    player.fail(format!("looking for {id}"), "no book has it")
}

/// Every resource as it stands at the end, each equal to what its events make of it.
pub(crate) fn compare<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    counted(player)?;
    let posting = Posting::new(player.year);
    let expected = player.year.part("expect_resources");
    for (id, is) in expected.fields() {
        let home = posting.home(id);
        let request = ResourceRequest { id: id.clone(), at: String::new() };
        let found = player.ask(home, &methods::RESOURCE, &request)?.resource.unwrap_or_default();
        let value = |quantity: &Option<Quantity>| quantity.clone().unwrap_or_default().value;
        player.compare(format!("{id} accounting"), is.text_of("accounting"), value(&found.accounting_quantity));
        player.compare(format!("{id} on hand"), is.text_of("onhand"), value(&found.onhand_quantity));
        player.compare(format!("{id} accountable"), is.text_of("primaryAccountable"), &found.primary_accountable);
        let request = RebuildRequest { resource: id.clone(), ..RebuildRequest::default() };
        if !player.ask(home, &methods::REBUILD, &request)?.equal {
            return player.fail(format!("rebuilding {id}"), "it is not what its events make of it");
        }
    }
    let count = expected.fields().len();
    player.tell(format!("all {count} resources stand where they stood, and are what their events make of them"));
    Ok(())
}
