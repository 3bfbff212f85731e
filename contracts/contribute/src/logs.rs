//! Logs as they are kept: their lists, and their way from claimed to decided.

use crate::{
    effort,
    proto::{GetLogResponse, ListLogsRequest, ListLogsResponse, LogEntry, Status},
    state::{AS_VALIDATED, COUNTERS, LISTED, LOG_OF, LOGS, VALIDATED},
};
use prost::Message;
use stint_sdk::{Code, Day, Decimal, Refusal, context};

/// Bytes of the messages in one answer, which has at most 1 MB.
pub const MOST_ANSWERED: usize = 900_000;

/// The log of an id.
pub fn find(id: &str) -> Result<LogEntry, Refusal> {
    let missing = || {
        let shown: String = id.chars().take(80).collect();
        Refusal::new(Code::NotFound, "log", format!("no log {shown:?} stands here"))
    };
    LOGS.get(&id.to_string()).ok_or_else(missing)
}

/// The days over which its effort is spread.
pub fn days(log: &LogEntry) -> Result<Vec<u32>, Refusal> {
    effort::days(Day::parse(&log.from)?, Day::parse(&log.date)?)
}

/// Today, by the ledger's time.
pub fn today() -> Day {
    Day::of_time_ms(context().time_ms)
}

/// Gives a new log its place in the order, and lists it.
pub fn enter(mut log: LogEntry) -> LogEntry {
    let mut counters = COUNTERS.get().unwrap_or_default();
    counters.logs += 1;
    log.number = counters.logs;
    COUNTERS.put(&counters);
    for under in ["all".into(), by_author(&log.author), by_status(log.status()), by_stream(&log.stream)] {
        LISTED.put(&place(&under, log.number), &log.id);
    }
    LOGS.put(&log.id, &log);
    log
}

/// Writes a log whose status or accepted quantity may have changed, with all that follows from it: which lists it
/// stands in, whether it is a contribution, and how much of its author's days it occupies.
pub fn update(before: &LogEntry, log: &LogEntry) -> Result<(), Refusal> {
    if before.status != log.status {
        LISTED.delete(&place(&by_status(before.status()), log.number));
        LISTED.put(&place(&by_status(log.status()), log.number), &log.id);
    }
    match log.status() {
        Status::Validated => enlist(log)?,
        _ => strike(log)?,
    }
    let effort = if log.status() == Status::Expired { 0 } else { effort::of(log) };
    effort::change(&log.author, &days(log)?, effort::of(before), effort)?;
    if log.status() == Status::Expired {
        LOG_OF.delete(&log.event);
    }
    LOGS.put(&log.id, log);
    Ok(())
}

/// Decides how much is accepted: nothing is a rejection.
pub fn decide(log: &mut LogEntry, accepted: Decimal) {
    log.accepted = accepted.to_string();
    log.set_status(if accepted.is_zero() { Status::Rejected } else { Status::Validated });
}

fn enlist(log: &LogEntry) -> Result<(), Refusal> {
    let at = (Day::parse(&log.date)?.to_key(), log.id.clone());
    if !VALIDATED.has(&at) {
        let mut counters = COUNTERS.get().unwrap_or_default();
        counters.validated += 1;
        COUNTERS.put(&counters);
        AS_VALIDATED.put(&counters.validated, &log.id);
        VALIDATED.put(&at, &counters.validated);
    }
    Ok(())
}

fn strike(log: &LogEntry) -> Result<(), Refusal> {
    let at = (Day::parse(&log.date)?.to_key(), log.id.clone());
    if let Some(number) = VALIDATED.get(&at) {
        VALIDATED.delete(&at);
        AS_VALIDATED.delete(&number);
    }
    Ok(())
}

fn by_author(author: &str) -> String {
    format!("author/{author}")
}

/// Where logs of a status are listed.
pub fn by_status(status: Status) -> String {
    format!("status/{}", status as i32)
}

fn by_stream(stream: &str) -> String {
    format!("stream/{stream}")
}

/// Numbers in keys have one length, so that their order is that of the texts.
fn place(under: &str, number: u64) -> String {
    format!("{under}/{number:020}")
}

/// Up to `rows` logs of a list behind a number, and whether there may be more.
pub fn behind(under: &str, number: u64, rows: usize) -> (Vec<LogEntry>, bool) {
    let prefix = format!("{under}/");
    let from = place(under, number.saturating_add(1));
    let found = LISTED.page(prefix.as_bytes(), from.as_bytes(), rows);
    let full = found.len() == rows;
    (found.into_iter().filter_map(|(_, id)| LOGS.get(&id)).collect(), full)
}

/// How many messages of these sizes fit into an answer; at least one.
pub fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0;
    let fits = |size: &usize| {
        sum += size;
        sum <= MOST_ANSWERED
    };
    sizes.take_while(fits).count().max(1)
}

/// How many rows a page has.
pub fn rows(page_size: u32) -> usize {
    if page_size == 0 { 100 } else { page_size.min(1000) as usize }
}

/// The number that a page token names: of the last log of the page before.
pub fn number_in(token: &str) -> Result<u64, Refusal> {
    if token.is_empty() {
        return Ok(0);
    }
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    let number = token.parse().ok().filter(|_| digits);
    let why = "this is no page token; take it from next_page_token of the page before";
    number.ok_or_else(|| Refusal::invalid("page-token", why))
}

pub fn get(id: &str) -> Result<GetLogResponse, Refusal> {
    Ok(GetLogResponse { log: Some(find(id)?) })
}

pub fn list(request: ListLogsRequest) -> Result<ListLogsResponse, Refusal> {
    let wanted = [
        (!request.author.is_empty()).then(|| by_author(&request.author)),
        (request.status() != Status::Unspecified).then(|| by_status(request.status())),
        (!request.stream.is_empty()).then(|| by_stream(&request.stream)),
    ];
    let mut wanted = wanted.into_iter().flatten();
    let under = wanted.next().unwrap_or_else(|| "all".into());
    if wanted.next().is_some() {
        return Err(Refusal::invalid("list", "logs are listed by author, by status or by stream: name one of them"));
    }
    let rows = rows(request.page_size);
    let (mut logs, _) = behind(&under, number_in(&request.page_token)?, rows + 1);
    let fitting = fitting(logs.iter().map(Message::encoded_len)).min(rows);
    let more = logs.len() > fitting;
    logs.truncate(fitting);
    let next = logs.last().filter(|_| more).map(|log| log.number.to_string());
    Ok(ListLogsResponse { logs, next_page_token: next.unwrap_or_default() })
}
