//! A book for a test, and short words for its events.

use book::{Contract, proto::*};
use stint_sdk::{
    Code, Method, Refusal, Service,
    prost::Message,
    testing::{Host, call, host},
};

/// 2026-11-22.
pub const NOW_MS: u64 = 1_795_341_600_000;

/// An empty book of the commons forge, called by a steward. These are declared: steel, a stock in kg; batch, a lot in kg; box, a
/// stock of one; machine, serialized, 28 kg each; credit, which may be overdrawn; and 1000 g = 1 kg.
pub fn book() {
    host(|h| {
        *h = Host::default();
        h.context.commons = "forge".into();
        h.context.time_ms = NOW_MS;
        h.context.height = 7;
    });
    steward();
    let spec = |id: &str, unit: &str, identification: Identification| Spec {
        id: id.into(),
        unit: unit.into(),
        identification: identification.into(),
        mass_per_unit: if id == "machine" { "28".into() } else { String::new() },
        overdraft: id == "credit",
        ..Spec::default()
    };
    for spec in [
        spec("steel", "kg", Identification::Stock),
        spec("batch", "kg", Identification::Lot),
        spec("box", "one", Identification::Stock),
        spec("machine", "one", Identification::Serialized),
        spec("credit", "one", Identification::Stock),
        spec("machining", "", Identification::Stock),
    ] {
        ok(&methods::DECLARE_SPEC, DeclareSpecRequest { spec: Some(spec) });
    }
    let conversion = Some(Conversion { from: "kg".into(), to: "g".into(), num: 1000, den: 1 });
    ok(&methods::DECLARE_CONVERSION, DeclareConversionRequest { conversion });
    for id in ["P", "Q"] {
        let process = Some(Process { id: id.into(), ..Process::default() });
        ok(&methods::OPEN_PROCESS, OpenProcessRequest { process });
    }
}

/// Who calls from now on.
pub fn caller(agent: &str, roles: &[&str]) {
    host(|h| {
        h.context.caller = agent.into();
        h.roles = roles.iter().map(|r| r.to_string()).collect();
    });
}

pub fn steward() {
    caller("stew", &["steward"]);
}

pub fn set(settings: Settings) {
    ok(&methods::CONFIGURE, ConfigureRequest { settings: Some(settings) });
}

/// Calls a method as the ledger does: by its number, and undone when it is refused.
pub fn ask<Q: Message, R: Message + Default>(method: &Method<Q, R>, request: Q) -> Result<R, Refusal> {
    let number = Contract::METHODS.iter().position(|(name, _)| *name == method.name).expect("a method");
    let query = Contract::METHODS[number].1;
    host(|h| h.read_only = query);
    let run = || Contract::dispatch(number as u32, &request.encode_to_vec());
    // A query writes nothing that would have to be undone; the host sees to that.
    let result = if query { run() } else { call(run) };
    result.map(|bytes| R::decode(bytes.as_slice()).expect("an answer"))
}

pub fn ok<Q: Message, R: Message + Default>(method: &Method<Q, R>, request: Q) -> R {
    ask(method, request).unwrap_or_else(|refusal| panic!("{}: {refusal}", method.name))
}

pub fn refused<Q: Message, R: Message + Default + std::fmt::Debug>(
    method: &Method<Q, R>,
    request: Q,
) -> (Code, String) {
    let refusal = ask(method, request).expect_err("a refusal");
    (refusal.code, refusal.rule)
}

pub fn record(event: Event) -> Result<Outcome, Refusal> {
    ask(&methods::RECORD, RecordRequest { events: vec![event] }).map(|mut r| r.results.remove(0))
}

/// Records what must be taken.
pub fn yes(event: Event) -> Outcome {
    let what = format!("{event:?}");
    record(event).unwrap_or_else(|refusal| panic!("{refusal}\n{what}"))
}

/// Records what must be refused, and gives the rule.
pub fn no(event: Event) -> String {
    record(event).expect_err("a refusal").rule
}

pub fn resource(id: &str) -> Resource {
    ok(&methods::RESOURCE, ResourceRequest { id: id.into(), at: String::new() }).resource.expect("a resource")
}

/// Accounting and on-hand quantity, who answers and who holds: `100/80 ana bo`.
pub fn shown(id: &str) -> String {
    let r = resource(id);
    let amount = |q: Option<Quantity>| q.unwrap_or_default().value;
    format!("{}/{} {} {}", amount(r.accounting_quantity), amount(r.onhand_quantity), r.primary_accountable, r.custodian)
}

/// That a resource is what its events make of it.
pub fn rebuilt(id: &str) -> bool {
    let answer = ok(&methods::REBUILD, RebuildRequest { resource: id.into(), ..RebuildRequest::default() });
    if !answer.equal {
        eprintln!("{:?}\n{:?}", answer.stored, answer.rebuilt);
    }
    answer.equal
}

pub fn q(amount: &str, unit: &str) -> Option<Quantity> {
    Some(Quantity { value: amount.into(), unit: unit.into() })
}

/// An event with an amount: `20 kg`.
pub fn e(id: &str, action: &str, amount: &str) -> Event {
    let (value, unit) = amount.split_once(' ').unwrap_or(("", ""));
    let resource_quantity = if amount.is_empty() { None } else { q(value, unit) };
    Event { id: id.into(), action: action.into(), resource_quantity, ..Event::default() }
}

/// Ana's inventory of a kind.
pub fn raise(resource: &str, spec: &str, amount: &str) {
    yes(e(&format!("raise-{resource}"), "raise", amount).of(resource).by("ana", "ana").creating(spec));
}

/// The rest of an event in short words.
pub trait Words {
    fn of(self, resource: &str) -> Event;
    fn to(self, resource: &str) -> Event;
    fn by(self, provider: &str, receiver: &str) -> Event;
    fn creating(self, spec: &str) -> Event;
    fn into_process(self, process: &str) -> Event;
    fn out_of(self, process: &str) -> Event;
    fn at(self, time: &str) -> Event;
    fn correcting(self, event: &str) -> Event;
    fn going(self, place: &str) -> Event;
}

impl Words for Event {
    fn of(self, resource: &str) -> Event {
        Event { resource_inventoried_as: resource.into(), ..self }
    }
    fn to(self, resource: &str) -> Event {
        Event { to_resource_inventoried_as: resource.into(), ..self }
    }
    fn by(self, provider: &str, receiver: &str) -> Event {
        Event { provider: provider.into(), receiver: receiver.into(), ..self }
    }
    fn creating(self, spec: &str) -> Event {
        Event { resource_conforms_to: spec.into(), new_resource: Some(NewResource::default()), ..self }
    }
    fn into_process(self, process: &str) -> Event {
        Event { input_of: process.into(), ..self }
    }
    fn out_of(self, process: &str) -> Event {
        Event { output_of: process.into(), ..self }
    }
    fn at(self, time: &str) -> Event {
        Event { has_point_in_time: time.into(), ..self }
    }
    fn correcting(self, event: &str) -> Event {
        Event { corrects: event.into(), ..self }
    }
    fn going(self, place: &str) -> Event {
        Event { to_location: place.into(), ..self }
    }
}
