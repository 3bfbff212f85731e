//! Logging: a claim to have contributed.

use crate::{
    ask::{self, Recorded},
    effort,
    fields::{at_most, word},
    logs,
    params::{self, Params},
    proto::{Citation, LogEntry, LogRequest, LogResponse, Logged, Quantity, Status},
    state::{LOG_OF, LOGS},
};
use std::collections::BTreeSet;
use stint_sdk::{Code, Day, Decimal, Refusal, Time, announce, by_the_commons, context, has_role};

/// Earlier logs that one log names at most, and further facts that it holds at most.
const MOST_FACTS: usize = 16;
/// Bytes of a further fact at most.
const FACT_BYTES: usize = 64;
/// Bytes of a note at most.
const NOTE_BYTES: usize = 4096;

stint_sdk::refusals! {
    /// Why something is not logged.
    pub enum Wrong {
        /// An id stands for one log.
        Id { id: String } => AlreadyExists, "id", "{id} was logged with other content; an id stands for one log for ever";
        /// An event is claimed once.
        Event { event: String, log: String } => AlreadyExists, "event", "the event {event} is logged already, as {log}";
        /// What the book does not hold for good is not claimed.
        Pending { event: String } => FailedPrecondition, "event", "the event {event} waits for its second signature";
        /// Corrections change what was contributed; they are no contributions.
        Correction { event: String } => FailedPrecondition, "event", "{event} corrects another event; log that one";
        /// The book was corrected to nothing.
        Nothing { event: String } => FailedPrecondition, "event", "nothing is left of the event {event} after its corrections";
        /// Quantities stand in one place.
        Own { field: String } => InvalidArgument, "event", "the event says the {field}; leave it empty";
        /// What there is a book for stands in it.
        Book {} => FailedPrecondition, "event", "this commons keeps a book: record the event there, and name it here";
        /// Somebody else's work is claimed by stewards only.
        Author { caller: String, author: String } => PermissionDenied, "author",
            "{caller} may not log for {author}: the provider of the event, the author in person, or a steward does";
        /// Strangers do not claim.
        Stranger { author: String } => PermissionDenied, "author",
            "{author} stands in none of this commons' seats or roles; a steward may log for {author}";
        /// A sanction holds.
        Suspended { author: String } => PermissionDenied, "standing", "the right of {author} to claim is suspended";
        /// Nothing is dated ahead.
        Future { date: Day, last: Day } => FailedPrecondition, "future", "{date} is in the future; the last day accepted now is {last}";
        /// Credit flows to what was there before.
        Cites { id: String } => NotFound, "cites", "no log {id} stands here yet; only earlier logs can be named";
        /// Each once.
        CitesTwice { id: String } => InvalidArgument, "cites", "{id} is named twice; name it once, with the sum of its weights";
    }
}

pub fn log(request: LogRequest) -> Result<LogResponse, Refusal> {
    let caller = context().caller;
    let author = if request.author.is_empty() { caller.clone() } else { request.author.clone() };
    shape(&request, &author)?;
    if let Some(known) = LOGS.get(&request.id) {
        return match same(&known, &request, &author) {
            true => Ok(LogResponse { known: true, flags: known.flags }),
            false => Err(Wrong::Id { id: request.id })?,
        };
    }
    let params = params::now()?;
    let what = claimed(&request)?;
    may_log(&caller, &author, &what, &params)?;
    for cited in &request.cites {
        if !LOGS.has(&cited.id) {
            Err(Wrong::Cites { id: cited.id.clone() })?;
        }
    }
    enter(entry(request, author, what, &params)?, &params)
}

/// Puts a log on the record: its days, its lists, and the word of it.
fn enter(mut log: LogEntry, params: &Params) -> Result<LogResponse, Refusal> {
    let days = logs::days(&log)?;
    let effort = effort::of(&log);
    log.flags = effort::check(&log.author, &days, effort, params.day_limit_ms(), &params.sisters)?;
    effort::change(&log.author, &days, 0, effort)?;
    if !log.event.is_empty() {
        LOG_OF.put(&log.event, &log.id);
    }
    let log = logs::enter(log);
    let flags = log.flags.clone();
    announce(&Logged { log: Some(log) });
    Ok(LogResponse { known: false, flags })
}

/// What is claimed, from the book or from the request.
struct Claimed {
    /// By the book.
    provider: String,
    kind: String,
    logged: Quantity,
    from: Day,
    date: Day,
}

fn claimed(request: &LogRequest) -> Result<Claimed, Refusal> {
    let found = match request.event.as_str() {
        "" if ask::has_book()? => Err(Wrong::Book {})?,
        "" => return own(request),
        id => ask::event(id)?,
    };
    let no_book =
        || Refusal::new(Code::FailedPrecondition, "event", "this commons keeps no book; log a quantity and a date");
    of_book(request, found.ok_or_else(no_book)?)
}

fn own(request: &LogRequest) -> Result<Claimed, Refusal> {
    let missing = || Refusal::invalid("quantity", "the log holds no quantity; without an event it says how much");
    let logged = request.quantity.clone().ok_or_else(missing)?;
    let date = Day::parse(&request.date)?;
    let from = if request.from.is_empty() { date } else { Day::parse(&request.from)? };
    let kind = if request.kind.is_empty() { "work" } else { &request.kind };
    Ok(Claimed { provider: String::new(), kind: kind.into(), logged, from, date })
}

fn of_book(request: &LogRequest, found: Recorded) -> Result<Claimed, Refusal> {
    let id = || request.event.clone();
    let given =
        [("quantity", request.quantity.is_some()), ("days", !(request.from.is_empty() && request.date.is_empty()))];
    if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
        Err(Wrong::Own { field: field.into() })?;
    }
    if found.pending {
        Err(Wrong::Pending { event: id() })?;
    }
    let event = found.event.clone().unwrap_or_default();
    if !event.corrects.is_empty() {
        Err(Wrong::Correction { event: id() })?;
    }
    if let Some(log) = LOG_OF.get(&request.event) {
        Err(Wrong::Event { event: id(), log })?;
    }
    let logged = found.net().cloned().ok_or_else(|| Wrong::Nothing { event: id() })?;
    if Decimal::parse(&logged.value, 18)?.is_zero() {
        Err(Wrong::Nothing { event: id() })?;
    }
    let (begin, end) = found.span();
    let kind = if request.kind.is_empty() { event.action } else { request.kind.clone() };
    Ok(Claimed {
        provider: event.provider,
        kind,
        logged,
        from: Time::parse(&begin)?.day(),
        date: Time::parse(&end)?.day(),
    })
}

/// The author in person, when the commons or its book knows it; stewards and the commons itself for anybody.
fn may_log(caller: &str, author: &str, what: &Claimed, params: &Params) -> Result<(), Refusal> {
    let standing = ask::standing(author)?;
    if standing.as_ref().is_some_and(|s| s.may_not_claim()) {
        Err(Wrong::Suspended { author: author.into() })?;
    }
    if by_the_commons() || has_role("steward") {
        return Ok(());
    }
    let provider = &what.provider;
    if caller != author || !(provider.is_empty() || provider == author) {
        Err(Wrong::Author { caller: caller.into(), author: author.into() })?;
    }
    let known = match standing {
        Some(standing) => standing.has_seat(""),
        None => !params.circle.is_empty() && has_role(&params.circle),
    };
    match known || provider == author {
        true => Ok(()),
        false => Err(Wrong::Stranger { author: author.into() })?,
    }
}

fn entry(request: LogRequest, author: String, what: Claimed, params: &Params) -> Result<LogEntry, Refusal> {
    let context = context();
    let today = Day::of_time_ms(context.time_ms);
    let last = today.plus(1);
    if what.date > last {
        Err(Wrong::Future { date: what.date, last })?;
    }
    word("kind", &what.kind)?;
    effort::quantity(&what.logged)?;
    Ok(LogEntry {
        id: request.id,
        author,
        event: request.event,
        kind: what.kind,
        stream: request.stream,
        claim_type: request.claim_type,
        logged: Some(what.logged),
        from: what.from.to_string(),
        date: what.date.to_string(),
        cites: request.cites,
        to: request.to,
        attributes: request.attributes,
        note: request.note,
        status: Status::Claimed.into(),
        k: params.k,
        closes: today.plus(params.window_days as i32).to_string(),
        logged_by: context.caller,
        logged_on: today.to_string(),
        logged_height: context.height,
        ..LogEntry::default()
    })
}

/// What can be seen without looking anywhere else.
fn shape(request: &LogRequest, author: &str) -> Result<(), Refusal> {
    word("id", &request.id)?;
    word("author", author)?;
    word("stream", &request.stream)?;
    for (what, text) in [("event", &request.event), ("kind", &request.kind), ("to", &request.to)] {
        if !text.is_empty() {
            word(what, text)?;
        }
    }
    if !(0..=3).contains(&request.claim_type) {
        let n = request.claim_type;
        return Err(Refusal::invalid(
            "claim-type",
            format!("{n} is no claim type; there are none, debt, equity and once"),
        ));
    }
    at_most("note", &request.note, NOTE_BYTES)?;
    few("cites", request.cites.len())?;
    few("attributes", request.attributes.len())?;
    for (name, value) in &request.attributes {
        word("attributes", name)?;
        at_most("attributes", value, FACT_BYTES)?;
    }
    cites(&request.cites)
}

fn cites(cites: &[Citation]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for cited in cites {
        word("cites", &cited.id)?;
        let weight = crate::fields::amount("weight", &cited.weight)?;
        if weight.is_zero() {
            return Err(Refusal::invalid("weight", format!("the weight of {} must be above zero", cited.id)));
        }
        if !seen.insert(&cited.id) {
            Err(Wrong::CitesTwice { id: cited.id.clone() })?;
        }
    }
    Ok(())
}

fn few(what: &str, count: usize) -> Result<(), Refusal> {
    match count <= MOST_FACTS {
        true => Ok(()),
        false => Err(Refusal::invalid(what, format!("{count} {what} are given; the limit is {MOST_FACTS}"))),
    }
}

/// The request that made this log, or one that would make the same.
fn same(log: &LogEntry, request: &LogRequest, author: &str) -> bool {
    let days = |text: &str, known: &str| text.is_empty() || text == known;
    log.author == author
        && log.event == request.event
        && log.stream == request.stream
        && log.claim_type == request.claim_type
        && days(&request.kind, &log.kind)
        && request.quantity.as_ref().is_none_or(|q| log.logged.as_ref() == Some(q))
        && days(&request.from, &log.from)
        && days(&request.date, &log.date)
        && log.cites == request.cites
        && log.to == request.to
        && log.attributes == request.attributes
        && log.note == request.note
}
