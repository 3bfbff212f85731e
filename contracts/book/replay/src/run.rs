//! Playing a plan on a book, wherever that is, and telling the first difference.

use crate::{
    names::{describes, words},
    plan::{Call, Look, Plan, Step, Verdict},
    read::is_given,
};
use book::proto::{
    EffortResponse, GetEventRequest, Node, ProcessRequest, ProcessResponse, ProcessStatus, Progress, PromiseRequest,
    PromiseResponse, Quantity, RebuildRequest, RebuildResponse, RecordedEvent, Resource, ResourceRequest,
    ResourceResponse, StockOfRequest, StockOfResponse, TraceResponse,
};
use prost::Message;
use std::fmt;
use stint_sdk::{Code, Decimal, Refusal};

/// Where a book is: in this process, on a runtime, on a network.
pub trait Executor {
    /// Founds a new, empty book, in which the caller is a steward.
    fn fresh(&mut self) -> Result<(), Refusal>;
    /// Runs a command of `stint.book.v1.Book` by its name.
    fn call(&mut self, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal>;
    /// Asks a query of it.
    fn query(&mut self, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal>;
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Commands and looks that were as they must be.
    pub steps: usize,
    /// What the book refused, as it had to: the command and the refusal.
    pub refused: Vec<(String, Refusal)>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All as the case says.
    Passed,
    /// The first difference, in words.
    Differs(String),
    /// The case says something that this program does not know.
    NotUnderstood(String),
}

impl Report {
    /// All as the case says.
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Passed => write!(f, "pass  {} ({} steps)", self.case, self.steps)?,
            Outcome::Differs(how) => write!(f, "FAIL  {}: {how}", self.case)?,
            Outcome::NotUnderstood(why) => write!(f, "FAIL  {}: {why}", self.case)?,
        }
        self.refused
            .iter()
            .try_for_each(|(what, refusal)| write!(f, "\n      {what} is refused, as it must be: {refusal}"))
    }
}

/// Plays a case on a fresh book.
pub fn run(plan: &Plan, on: &mut impl Executor) -> Report {
    let mut report = Report { case: plan.case.clone(), outcome: Outcome::Passed, steps: 0, refused: Vec::new() };
    if let Some(why) = &plan.not_understood {
        report.outcome = Outcome::NotUnderstood(why.clone());
        return report;
    }
    if let Err(refusal) = on.fresh() {
        report.outcome = Outcome::Differs(format!("no fresh book: {refusal}"));
        return report;
    }
    for step in &plan.steps {
        let result = match step {
            Step::Do(call) => command(call, on, &mut report.refused),
            Step::See(look) => see(look, on),
            Step::WasRefused(rule) => was_refused(rule.as_deref(), &report.refused),
        };
        if let Err(how) = result {
            report.outcome = Outcome::Differs(how);
            break;
        }
        report.steps += 1;
    }
    report
}

fn command(call: &Call, on: &mut impl Executor, refused: &mut Vec<(String, Refusal)>) -> Result<(), String> {
    match (on.call(call.method, &call.request), &call.verdict) {
        (Ok(_), Verdict::Accepted | Verdict::Open) => Ok(()),
        (Ok(_), Verdict::Refused(rule)) => {
            let by = rule.as_deref().map(|r| format!(" by {r}")).unwrap_or_default();
            Err(format!("{} is recorded; it must be refused{by}", call.words))
        }
        (Err(refusal), Verdict::Accepted) => Err(format!("{} is refused: {refusal}", call.words)),
        (Err(refusal), Verdict::Refused(Some(rule))) if *rule != refusal.rule => {
            Err(format!("{} is refused by {}, not by {rule}: {}", call.words, refusal.rule, refusal.message))
        }
        (Err(refusal), _) => {
            refused.push((call.words.clone(), refusal));
            Ok(())
        }
    }
}

fn was_refused(rule: Option<&str>, refused: &[(String, Refusal)]) -> Result<(), String> {
    match (refused.first(), rule) {
        (None, _) => Err("every event is recorded; one must be refused".into()),
        (Some((what, refusal)), Some(rule)) if refusal.rule != rule => {
            Err(format!("{what} is refused by {}, not by {rule}: {}", refusal.rule, refusal.message))
        }
        (Some((_, refusal)), _) if refusal.rule.is_empty() => Err("the refusal names no rule".into()),
        _ => Ok(()),
    }
}

fn ask<R: Message + Default>(on: &mut impl Executor, method: &str, request: &impl Message) -> Result<R, Refusal> {
    let bytes = on.query(method, &request.encode_to_vec())?;
    let unreadable =
        |_| Refusal::new(Code::FailedPrecondition, "response", format!("the answer of {method} cannot be read"));
    R::decode(bytes.as_slice()).map_err(unreadable)
}

fn see(look: &Look, on: &mut impl Executor) -> Result<(), String> {
    let told = |refusal: Refusal| refusal.to_string();
    match look {
        Look::Resource { id, fields } => {
            let request = ResourceRequest { id: id.clone(), at: String::new() };
            let answer: ResourceResponse = ask(on, "Resource", &request).map_err(told)?;
            let resource = answer.resource.unwrap_or_default();
            fields
                .iter()
                .try_for_each(|(field, must)| equal(&format!("{field} of {id}"), &field_of(&resource, field), must))
        }
        Look::NoResource { id } => {
            let request = ResourceRequest { id: id.clone(), at: String::new() };
            match ask::<ResourceResponse>(on, "Resource", &request) {
                Err(refusal) if refusal.code == Code::NotFound => Ok(()),
                _ => Err(format!("there is a resource {id}; there must be none")),
            }
        }
        Look::Rebuilt { id } => rebuilt(id, on),
        Look::Promise { id, fields } => {
            let answer: PromiseResponse = ask(on, "Promise", &PromiseRequest { id: id.clone() }).map_err(told)?;
            let progress = progress_of(answer);
            fields
                .iter()
                .try_for_each(|(f, must)| equal(&format!("{f} of {id}"), &field_of_progress(&progress, f), must))
        }
        Look::Effort { words, request, value } => {
            let answer: EffortResponse = ask(on, "Effort", request).map_err(told)?;
            let sum = answer.sums.iter().try_fold(Decimal::ZERO, |sum, q| sum.plus(number(&q.value)));
            equal(words, &sum.map_err(told)?.to_string(), value)
        }
        Look::Net { event, effort, value } => {
            let answer: RecordedEvent = ask(on, "GetEvent", &GetEventRequest { id: event.clone() }).map_err(told)?;
            let net = if *effort { answer.net_effort } else { answer.net_quantity };
            equal(&format!("what is left of {event}"), &amount(&net), value)
        }
        Look::Flows { process, inputs, events } => {
            let request = ProcessRequest { id: process.clone(), page_size: 1000, page_token: String::new() };
            let answer: ProcessResponse = ask(on, "Process", &request).map_err(told)?;
            let seen = if *inputs { answer.inputs } else { answer.outputs };
            let seen = seen.iter().filter_map(|r| r.event.as_ref()).filter(|e| e.corrects.is_empty()).map(words);
            let what = if *inputs { "inputs" } else { "outputs" };
            same_set(&format!("{what} of {process}"), &seen.collect::<Vec<_>>(), events)
        }
        Look::Mass { process, into, out, closes } => mass(process, (into, out), *closes, on),
        Look::Trail { method, request, nodes } => {
            let answer: TraceResponse = ask(on, method, request).map_err(told)?;
            let shown = answer.nodes.iter().filter(|n| !is_given(&n.id)).map(words_of);
            same_set(&format!("{method} of {}", request.id), &shown.collect::<Vec<_>>(), nodes)
        }
        Look::Stock { agent, resources } => {
            let request = StockOfRequest { agent: agent.clone(), page_size: 1000, page_token: String::new() };
            let answer: StockOfResponse = ask(on, "StockOf", &request).map_err(told)?;
            let seen = answer.resources.iter().map(|r| vec![r.id.clone()]);
            same_set(&format!("stock of {agent}"), &seen.collect::<Vec<_>>(), resources)
        }
    }
}

fn words_of(node: &Node) -> Vec<String> {
    let all = [&node.id, &node.action, &node.resource, &node.agent];
    all.into_iter().filter(|w| !w.is_empty()).cloned().collect()
}

fn rebuilt(id: &str, on: &mut impl Executor) -> Result<(), String> {
    let mut request = RebuildRequest { resource: id.into(), page_size: 500, page_token: String::new() };
    loop {
        let answer: RebuildResponse = match ask(on, "Rebuild", &request) {
            Ok(answer) => answer,
            // What the case never creates, nobody can rebuild.
            Err(refusal) if refusal.code == Code::NotFound => return Ok(()),
            Err(refusal) => return Err(format!("{id} cannot be rebuilt: {refusal}")),
        };
        if !answer.next_page_token.is_empty() {
            request.page_token = answer.next_page_token;
            continue;
        }
        return match answer.equal {
            true => Ok(()),
            false => Err(format!("{id} is {:?}, and its events make it {:?}", answer.stored, answer.rebuilt)),
        };
    }
}

fn mass(process: &str, (into, out): (&str, &str), closes: bool, on: &mut impl Executor) -> Result<(), String> {
    let request = ProcessRequest { id: process.into(), page_size: 1, page_token: String::new() };
    let answer: ProcessResponse = ask(on, "Process", &request).map_err(|r: Refusal| r.to_string())?;
    let seen = answer.process.unwrap_or_default();
    equal(&format!("mass into {process}"), &seen.mass_in, into)?;
    equal(&format!("mass out of {process}"), &seen.mass_out, out)?;
    let closed = seen.status() == ProcessStatus::Closed;
    if closed == closes { Ok(()) } else { Err(format!("{process} is closed: {closed}; it must be: {closes}")) }
}

/// Numbers are compared as numbers, everything else as text.
fn equal(what: &str, is: &str, must: &str) -> Result<(), String> {
    let same = match (Decimal::parse(is, 18), Decimal::parse(must, 18)) {
        (Ok(a), Ok(b)) => a == b,
        _ => is == must,
    };
    if same { Ok(()) } else { Err(format!("{what} is {is:?}; it must be {must:?}")) }
}

/// Each described thing is there, and nothing else; one thing for each description.
fn same_set(what: &str, seen: &[Vec<String>], must: &[String]) -> Result<(), String> {
    let mut left: Vec<&Vec<String>> = seen.iter().collect();
    // Those with more words first: they fit fewer.
    let mut descriptions: Vec<&String> = must.iter().collect();
    descriptions.sort_by_key(|d| std::cmp::Reverse(d.split(' ').count()));
    for description in descriptions {
        let Some(place) = left.iter().position(|words| describes(description, words)) else {
            return Err(format!("{what}: {description} is missing among {}", list(seen)));
        };
        left.remove(place);
    }
    match left.first() {
        None => Ok(()),
        Some(more) => Err(format!("{what}: {} is there, and is not expected", more.join(" "))),
    }
}

fn list(things: &[Vec<String>]) -> String {
    things.iter().map(|t| t.join(" ")).collect::<Vec<_>>().join(", ")
}

fn number(text: &str) -> Decimal {
    Decimal::parse(text, 18).unwrap_or_default()
}

fn amount(quantity: &Option<Quantity>) -> String {
    quantity.as_ref().map(|q| q.value.clone()).unwrap_or_default()
}

fn field_of(resource: &Resource, field: &str) -> String {
    match field {
        "accountingQuantity" => amount(&resource.accounting_quantity),
        "onhandQuantity" => amount(&resource.onhand_quantity),
        "primaryAccountable" => resource.primary_accountable.clone(),
        "custodian" => resource.custodian.clone(),
        "currentLocation" => resource.current_location.clone(),
        "containedIn" => resource.contained_in.clone(),
        "stage" => resource.stage.clone(),
        "state" => resource.state.clone(),
        "trackingIdentifier" => resource.tracking_identifier.clone(),
        "conformsTo" => resource.conforms_to.clone(),
        _ => String::new(),
    }
}

fn progress_of(promise: PromiseResponse) -> Progress {
    let commitment = promise.commitment.and_then(|c| c.progress);
    let intent = promise.intent.and_then(|i| i.progress);
    commitment.or(intent).or(promise.claim.and_then(|c| c.progress)).unwrap_or_default()
}

fn field_of_progress(progress: &Progress, field: &str) -> String {
    match field {
        "done" => {
            amount(if progress.done_quantity.is_some() { &progress.done_quantity } else { &progress.done_effort })
        }
        "open" => {
            amount(if progress.open_quantity.is_some() { &progress.open_quantity } else { &progress.open_effort })
        }
        "finished" => progress.finished.to_string(),
        "over" => progress.over.to_string(),
        _ => String::new(),
    }
}
