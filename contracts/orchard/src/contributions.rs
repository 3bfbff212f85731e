//! Step 3: who did what, and what peers accept of it.

use crate::{
    extras::{self, Extra},
    ledger::Ledger,
    player::{FORGE, Player},
    scenario::number,
    told::Failure,
};
use book::proto::{CorrectRequest, Event, Quantity, RecordRequest, methods as books};
use book_replay::Json;
use contribute::proto::{GetLogRequest, LogRequest, ValidateRequest, methods};

const PEERS: [&str; 3] = ["ana", "bo", "cy"];
/// Work of the file that is shared by: event, author, kind, hours.
const WORK: [(&str, &str, &str, &str); 3] =
    [("e18", "ana", "work", "130"), ("e19", "bo", "work", "80"), ("e20", "cy", "care", "40")];

pub(crate) fn validate<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    player.step = 3;
    slip(player)?;
    for (event, author, kind, hours) in WORK {
        log(player, &LogRequest { kind: kind.into(), ..logged(event, "work") }, author, hours)?;
        if event == "e18" {
            wrong(player)?;
        }
        let accepted = accepted(player, event, hours);
        for peer in PEERS.into_iter().filter(|peer| *peer != author) {
            say(player, event, peer, &accepted)?;
        }
    }
    let year = player.year;
    for extra in extras::contributions(|day| year.day(day)) {
        extra_one(player, extra)?;
    }
    checked(player)
}

/// Work of one day that has more hours than a day; then it is taken back.
fn slip<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    let slip = extras::slip(player.year.day("02-20"));
    record(player, slip, "ana writes 30 hours on one day, by a slip")?;
    let what = "ana logs them";
    player.must_not(what, (FORGE, "ana"), &methods::LOG, &logged("slip", "work"), "C-4")?;
    let effort = Some(Quantity { value: "-30".into(), unit: "h".into() });
    let request = CorrectRequest {
        id: "slip.back".into(),
        event: "slip".into(),
        effort,
        reason: "written on the wrong day".into(),
        ..CorrectRequest::default()
    };
    player.must("ana takes them back, by a correction", (FORGE, "ana"), &books::CORRECT, &request)?;
    Ok(())
}

/// What peers may not do with e18.
fn wrong<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    for (what, who, hours, rule) in [
        ("ana validates her own hours", "ana", "130", "C-1"),
        ("dee, whose seat is not of the circle, validates them", "dee", "130", "C-1"),
        ("bo accepts more than was logged", "bo", "131", "C-3"),
    ] {
        player.must_not(what, (FORGE, who), &methods::VALIDATE, &validation("e18", hours), rule)?;
    }
    let what = "e18 once more, under another name";
    let again = LogRequest { id: "e18.again".into(), ..logged("e18", "work") };
    player.must_not(what, (FORGE, "ana"), &methods::LOG, &again, "event")
}

/// What the file says that peers accept; what it says nothing of is accepted as it was logged.
fn accepted<L: Ledger>(player: &Player<L>, event: &str, logged: &str) -> String {
    let part = player.year.part("contribution_validation");
    part.get(event).map_or(logged, |e| e.text_of("accepted_h")).into()
}

fn extra_one<L: Ledger>(player: &mut Player<L>, extra: Extra) -> Result<(), Failure> {
    let Extra { event, kind, stream, facts } = extra;
    let (id, author) = (event.id.clone(), event.provider.clone());
    let quantity = event.resource_quantity.clone().or(event.effort_quantity.clone()).unwrap_or_default();
    let words = format!("{author} records {id}, {kind}: {} {}", quantity.value, quantity.unit);
    record(player, event, &words)?;
    let attributes = facts.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let request = LogRequest { kind: kind.into(), attributes, ..logged(&id, stream) };
    log(player, &request, &author, &quantity.value)?;
    let peers = PEERS.into_iter().filter(|peer| *peer != author).take(2);
    for peer in peers {
        say(player, &id, peer, &quantity.value)?;
    }
    Ok(())
}

fn record<L: Ledger>(player: &mut Player<L>, event: Event, what: &str) -> Result<(), Failure> {
    let author = event.provider.clone();
    player.must(what, (FORGE, &author), &books::RECORD, &RecordRequest { events: vec![event] })?;
    Ok(())
}

fn logged(event: &str, stream: &str) -> LogRequest {
    LogRequest { id: event.into(), event: event.into(), stream: stream.into(), ..LogRequest::default() }
}

fn log<L: Ledger>(player: &mut Player<L>, request: &LogRequest, author: &str, amount: &str) -> Result<(), Failure> {
    let what = format!("{author} logs {}: {amount} for {}", request.id, request.stream);
    player.must(&what, (FORGE, author), &methods::LOG, request)?;
    Ok(())
}

fn validation(log: &str, accepted: &str) -> ValidateRequest {
    ValidateRequest { log: log.into(), accepted: accepted.into(), note: String::new() }
}

fn say<L: Ledger>(player: &mut Player<L>, log: &str, peer: &str, accepted: &str) -> Result<(), Failure> {
    let what = format!("{peer} accepts {accepted} of {log}");
    player.must(&what, (FORGE, peer), &methods::VALIDATE, &validation(log, accepted))?;
    Ok(())
}

/// What the file says of a log, beside what the ledger says.
fn checked<L: Ledger>(player: &mut Player<L>) -> Result<(), Failure> {
    for (id, expected) in player.year.part("contribution_validation").fields() {
        let log = player.ask(FORGE, &methods::GET_LOG, &GetLogRequest { log: id.clone() })?.log.unwrap_or_default();
        let said = log.logged.unwrap_or_default();
        player.compare(format!("{id} hours logged"), expected.text_of("logged_h"), said.value);
        player.compare(format!("{id} hours accepted"), expected.text_of("accepted_h"), log.accepted);
        for by in expected.get("validations").map(Json::items).unwrap_or_default() {
            let peer = by.text_of("by");
            let ours = log.validations.iter().find(|v| v.validator == peer).map_or("", |v| &v.accepted);
            player.compare(format!("{id} accepted by {peer}"), number(by, "h"), ours);
        }
    }
    Ok(())
}
