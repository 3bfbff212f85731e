use super::{
    Host, host,
    limits::{CALL_DEPTH, REQUEST_BYTES, RESPONSE_BYTES, at_most},
    mirror::{Mirror, Reply, Step},
    refuse, writable,
};
use crate::{Bytes, CHARTER, CallContext, Code, Day, Method, Refusal, Service, Time};
use prost::{Message, Name};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What the ledger itself offers, to agents.
const KERNEL: &str = "/stint.v1.Kernel/";
/// Where the ledger's time begins: 2026-01-01 00:00 UTC.
const START_MS: u64 = 1_767_225_600_000;

/// Something that a contract announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it was announced.
    pub commons: String,
    /// The contract that announced it.
    pub service: String,
    /// Full name of its message.
    pub ty: String,
    /// The message, encoded.
    pub body: Vec<u8>,
}

impl Event {
    /// The event as a message of this type, if it is one.
    pub fn read<M: Message + Name + Default>(&self) -> Option<M> {
        (self.ty == M::full_name()).then(|| M::decode(self.body.as_slice()).ok()).flatten()
    }
}

/// What a commons asked of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelCall {
    /// The commons that was to be changed.
    pub commons: String,
    /// The method's name in `stint.v1.Kernel`.
    pub method: String,
    /// The request, encoded.
    pub request: Vec<u8>,
}

/// A contract in the world. Its functions are those of [`Service`].
#[derive(Clone)]
pub(super) struct Program {
    service: &'static str,
    pub package: &'static str,
    /// The hash of its module; without a module any name will do.
    pub code: [u8; 32],
    methods: &'static [(&'static str, bool)],
    dispatch: fn(u32, &[u8]) -> Result<Bytes, Refusal>,
}

impl Program {
    pub fn of<S: Service>(code: &[u8]) -> Program {
        let named = || super::host_sha256([S::NAME, " ", S::PACKAGE].concat().as_bytes());
        Program {
            service: S::NAME,
            package: S::PACKAGE,
            code: code.try_into().unwrap_or_else(|_| named()),
            methods: S::METHODS,
            dispatch: S::dispatch,
        }
    }

    fn method(&self, name: &str) -> Option<(u32, bool)> {
        let place = self.methods.iter().position(|(n, _)| *n == name)?;
        Some((place as u32, self.methods[place].1))
    }
}

type State = BTreeMap<Vec<u8>, Vec<u8>>;
/// A commons and a service.
pub(super) type At = (String, String);

/// What a test's ledger holds.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    pub commons: BTreeSet<String>,
    pub contracts: BTreeMap<At, (Program, State)>,
    rules: BTreeMap<[u8; 32], Program>,
    /// Roles by commons and member.
    members: BTreeMap<(String, String), Vec<String>>,
    pub height: u64,
    pub time_ms: u64,
    pub events: Vec<Event>,
    kernel_calls: Vec<KernelCall>,
    /// Who is running, the outermost first.
    running: Vec<At>,
    /// Commons that act, whose charters answer queries.
    acting: Vec<String>,
    calls: u64,
}

thread_local! {
    static LEDGER: RefCell<Ledger> = RefCell::default();
}

pub(super) fn ledger<R>(f: impl FnOnce(&mut Ledger) -> R) -> R {
    LEDGER.with_borrow_mut(f)
}

/// Events that the call under way has announced before the running contract.
pub(super) fn announced() -> usize {
    ledger(|l| l.events.len())
}

/// A ledger in memory. One at a time on a thread; `cargo test` gives every test its own.
///
/// ```ignore
/// let mut world = World::new();
/// world.deploy::<Contract>("forge");
/// world.member("forge", "ana", &["steward"]);
/// let answer = world.call("forge", "ana", &methods::RECORD, &RecordRequest { .. })?;
/// world.days(30);
/// let shares = world.query("forge", &methods::GET_SHARES, &GetSharesRequest { .. })?;
/// ```
pub struct World {
    mirror: Option<Mirror>,
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}

impl World {
    /// An empty ledger on 2026-01-01.
    pub fn new() -> World {
        ledger(|l| *l = Ledger { time_ms: START_MS, height: 1, ..Ledger::default() });
        World { mirror: Mirror::start() }
    }

    /// Lets a contract serve a commons; founds the commons when it is new.
    pub fn deploy<S: Service>(&mut self, commons: &str) {
        let reply = self.mirrored(Step {
            op: "deploy".into(),
            commons: commons.into(),
            service: S::NAME.into(),
            package: S::PACKAGE.into(),
            ..Step::default()
        });
        let program = Program::of::<S>(reply.as_ref().map(|r| r.code_hash.as_slice()).unwrap_or_default());
        ledger(|l| {
            l.commons.insert(commons.into());
            l.contracts.insert((commons.into(), S::NAME.into()), (program, State::new()))
        });
    }

    /// Publishes a pure rule and gives its code hash.
    pub fn publish_rule<S: Service>(&mut self) -> [u8; 32] {
        let step =
            Step { op: "publish".into(), service: S::NAME.into(), package: S::PACKAGE.into(), ..Step::default() };
        let reply = self.mirrored(step);
        let program = Program::of::<S>(reply.as_ref().map(|r| r.code_hash.as_slice()).unwrap_or_default());
        let code = program.code;
        ledger(|l| l.rules.insert(code, program));
        code
    }

    /// Gives an agent roles in a commons; none end its membership.
    pub fn member(&mut self, commons: &str, agent: &str, roles: &[&str]) {
        let roles: Vec<String> = roles.iter().map(|r| r.to_string()).collect();
        ledger(|l| {
            l.commons.insert(commons.into());
            l.members.insert((commons.into(), agent.into()), roles.clone())
        });
        let step = Step { op: "member".into(), commons: commons.into(), agent: agent.into(), roles, ..Step::default() };
        self.mirrored(step);
    }

    /// Calls a command as an agent, in a block of its own.
    pub fn call<Q: Message, R: Message + Default>(
        &mut self,
        commons: &str,
        agent: &str,
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Refusal> {
        self.run(commons, Some(agent), method, request)
    }

    /// Asks a query.
    pub fn query<Q: Message, R: Message + Default>(
        &mut self,
        commons: &str,
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Refusal> {
        self.run(commons, None, method, request)
    }

    /// Events of the last call.
    pub fn events(&self) -> Vec<Event> {
        ledger(|l| l.events.clone())
    }

    /// What commons asked of the kernel so far. This world has none: it answers nothing and changes
    /// nothing.
    pub fn kernel_calls(&self) -> Vec<KernelCall> {
        ledger(|l| l.kernel_calls.clone())
    }

    /// The block height.
    pub fn height(&self) -> u64 {
        ledger(|l| l.height)
    }

    /// The ledger's time.
    pub fn now(&self) -> Time {
        Time::of_time_ms(ledger(|l| l.time_ms))
    }

    /// Today, by the ledger's time.
    pub fn today(&self) -> Day {
        Day::of_time_ms(ledger(|l| l.time_ms))
    }

    /// Lets days pass.
    pub fn days(&mut self, days: u64) {
        self.pass(days * 24 * 60 * 60 * 1000);
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64) {
        ledger(|l| l.time_ms += ms);
    }

    /// Calls a command by its name, `/package.Service/Method`, with an encoded request: for programs that know of
    /// contracts by their descriptors, or play on several ledgers.
    pub fn call_bytes(&mut self, commons: &str, agent: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.run_bytes(commons, Some(agent), method, request.to_vec())
    }

    /// Asks a query by its name with an encoded request.
    pub fn query_bytes(&mut self, commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.run_bytes(commons, None, method, request.to_vec())
    }

    fn run<Q: Message, R: Message + Default>(
        &mut self,
        commons: &str,
        agent: Option<&str>,
        method: &Method<Q, R>,
        request: &Q,
    ) -> Result<R, Refusal> {
        let path = format!("/{}/{}", method.service, method.name);
        let result = self.run_bytes(commons, agent, &path, request.encode_to_vec());
        result.map(|bytes| R::decode(bytes.as_slice()).expect("a response of its type"))
    }

    fn run_bytes(
        &mut self,
        commons: &str,
        agent: Option<&str>,
        path: &str,
        request: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
        if request.len() > REQUEST_BYTES {
            // It never comes as far as a contract.
            let why = format!("the request has {} bytes; the limit is {REQUEST_BYTES}", request.len());
            return refuse(Code::InvalidArgument, "request-size", why);
        }
        let result = outermost(commons, agent, service, method, &request);
        let (height, time_ms, calls) = ledger(|l| (l.height, l.time_ms, l.calls));
        let reply = self.mirrored(Step {
            op: if agent.is_some() { "call" } else { "query" }.into(),
            commons: commons.into(),
            service: service.into(),
            method: method.into(),
            agent: agent.unwrap_or_default().into(),
            request,
            height,
            time_ms,
            call: calls,
            ..Step::default()
        });
        same(&result, reply, &self.events(), path);
        result
    }

    pub(super) fn mirrored(&mut self, step: Step) -> Option<Reply> {
        self.mirror.as_mut().map(|m| m.step(&step))
    }

    /// Ends the run beside the runtime, whose last words say why.
    pub(super) fn natively_from_here(&mut self, why: &str) {
        self.mirrored(Step { op: "native".into(), method: why.into(), ..Step::default() });
        self.mirror = None;
    }
}

/// The native answer and the runtime's must be one.
pub(super) fn same(native: &Result<Vec<u8>, Refusal>, reply: Option<Reply>, events: &[Event], what: &str) {
    let Some(reply) = reply else { return };
    // Why a contract stopped is told in other words to its author than to a ledger, fuel is only
    // counted there, and only there code that brings nothing over is named by its hash.
    let rule = |r: &Result<Vec<u8>, Refusal>| r.as_ref().err().map(|r| r.rule.clone()).unwrap_or_default();
    if ["contract-stopped", "fuel", "no-migration"].contains(&rule(native).as_str())
        && rule(native) == rule(&reply.result)
    {
        return;
    }
    assert_eq!(&reply.result, native, "{what}: the runtime (left) answers other than the native run (right)");
    assert_eq!(reply.events, events, "{what}: the runtime (left) announces other than the native run (right)");
}

/// A call from outside: a block of its own for a command, undone when it is refused.
fn outermost(
    commons: &str,
    agent: Option<&str>,
    service: &str,
    method: &str,
    request: &[u8],
) -> Result<Vec<u8>, Refusal> {
    ledger(|l| {
        if agent.is_some() {
            l.height += 1;
            l.calls += 1;
        }
        l.events.clear();
    });
    let before = ledger(|l| l.clone());
    let result =
        serve(&before, commons, service, method, request, agent.unwrap_or_default(), String::new(), agent.is_none());
    if result.is_err() {
        ledger(|l| *l = before);
    }
    result
}

/// A call by the running contract.
pub(super) fn nested(commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let own = host(|h| (h.context.commons == commons).then(|| h.context.caller.clone()));
    under(|before, frame| {
        let (service, name, query) = permitted(before, frame, commons, method)?;
        let via = via(before, frame);
        let caller = own.unwrap_or_else(|| via.clone());
        serve(before, commons, service, name, request, &caller, via, query || frame.read_only)
    })
}

/// A call by the running charter in the name of its commons.
pub(super) fn act(commons: &str, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let own = host(|h| h.context.commons.clone());
    let commons = if commons.is_empty() { &own } else { commons };
    ledger(|l| l.acting.push(own.clone()));
    let result = under(|before, frame| {
        let via = via(before, frame);
        if via != format!("{own}/{CHARTER}") {
            let why = format!("{via} may not act for {own}: only its charter may, as {CHARTER}");
            return refuse(Code::PermissionDenied, "act", why);
        }
        if let Some(name) = method.strip_prefix("/stint.v1.Kernel/") {
            writable("act");
            let call = KernelCall { commons: commons.into(), method: name.into(), request: request.into() };
            ledger(|l| l.kernel_calls.push(call));
            return Ok(Vec::new());
        }
        let (service, name, query) = permitted(before, frame, commons, method)?;
        serve(before, commons, service, name, request, &via.clone(), via, query || frame.read_only)
    });
    ledger(|l| l.acting.pop());
    result
}

/// Runs something called by the running contract, and goes back to it.
fn under(run: impl FnOnce(&Ledger, &Host) -> Result<Vec<u8>, Refusal>) -> Result<Vec<u8>, Refusal> {
    // What the caller wrote so far is seen by whom it calls.
    store();
    let before = ledger(|l| l.clone());
    let frame = host(|h| h.clone());
    let result = run(&before, &frame);
    if result.is_err() {
        ledger(|l| *l = before.clone());
    }
    // What it wrote itself stands, and what it called may not have written to it.
    load(Host { events: Vec::new(), ..frame });
    result
}

/// The calling contract's name to others.
fn via(before: &Ledger, frame: &Host) -> String {
    format!("{}/{}", frame.context.commons, before.running.last().map_or("", |r| r.1.as_str()))
}

/// What may be called by a contract, in the order in which the ledger looks.
fn permitted<'a>(
    before: &Ledger,
    frame: &Host,
    commons: &str,
    method: &'a str,
) -> Result<(&'a str, &'a str, bool), Refusal> {
    if method.starts_with(KERNEL) {
        let why = format!("{method} is called by agents, not by contracts");
        return refuse(Code::PermissionDenied, "kernel", why);
    }
    let Some((service, name)) = method.strip_prefix('/').and_then(|m| m.rsplit_once('/')) else {
        let why = format!("{method:?} is no method; a method is written /package.Service/Method");
        return refuse(Code::Unimplemented, "method", why);
    };
    let (program, _) = find(before, commons, service)?;
    let Some((_, query)) = program.method(name) else {
        return refuse(Code::Unimplemented, "method", format!("{service} has no method {name}"));
    };
    may_go_deeper(before, method)?;
    let asked = query && service == CHARTER && before.acting.iter().any(|c| c == commons);
    if before.running.contains(&(commons.into(), service.into())) && !asked {
        let why = format!("{commons}/{service} is in the middle of a call; it cannot be called before that ends");
        return refuse(Code::FailedPrecondition, "re-entrancy", why);
    }
    if !query && frame.read_only {
        let why = format!("{method} is a command, and a query calls only queries");
        return refuse(Code::FailedPrecondition, "query", why);
    }
    let via = via(before, frame);
    let admitted = before.members.get(&(commons.to_string(), via.clone())).is_some_and(|r| !r.is_empty());
    if !query && frame.context.commons != commons && !admitted {
        let why = format!("{via} may not call {method}: {commons} has not admitted it as a member");
        return refuse(Code::PermissionDenied, "foreign-contract", why);
    }
    Ok((service, name, query))
}

fn may_go_deeper(before: &Ledger, method: &str) -> Result<(), Refusal> {
    if before.running.len() < CALL_DEPTH {
        return Ok(());
    }
    let why = format!("{method}: {CALL_DEPTH} calls are under way already");
    refuse(Code::ResourceExhausted, "call-depth", why)
}

fn find<'a>(before: &'a Ledger, commons: &str, service: &str) -> Result<&'a (Program, State), Refusal> {
    if !before.commons.contains(commons) {
        let hint = "name the commons in the metadata stint-commons";
        return refuse(Code::NotFound, "commons", format!("there is no commons {commons:?} on this ledger; {hint}"));
    }
    let found = before.contracts.get(&(commons.to_string(), service.to_string()));
    let missing = || {
        let why = format!("no contract serves the commons {commons} as {service}");
        Refusal::new(Code::Unimplemented, "service", why)
    };
    found.ok_or_else(missing)
}

#[allow(clippy::too_many_arguments)]
fn serve(
    before: &Ledger,
    commons: &str,
    service: &str,
    method: &str,
    request: &[u8],
    caller: &str,
    via: String,
    read_only: bool,
) -> Result<Vec<u8>, Refusal> {
    let at = (commons.to_string(), service.to_string());
    let (code, kept) = find(before, commons, service)?;
    let Some((number, query)) = code.method(method) else {
        return refuse(Code::Unimplemented, "method", format!("{service} has no method {method}"));
    };
    if query && via.is_empty() && !caller.is_empty() {
        let why = format!("/{service}/{method} only reads: ask it as a query, unsigned");
        return refuse(Code::InvalidArgument, "query", why);
    }
    if !query && via.is_empty() && caller.is_empty() {
        let why = format!("/{service}/{method} is a command: it must be signed and ordered, not asked");
        return refuse(Code::Unauthenticated, "command", why);
    }
    let dispatch = code.dispatch;
    ledger(|l| l.running.push(at.clone()));
    let signer = if before.running.is_empty() { caller.to_string() } else { host(|h| h.context.signer.clone()) };
    // Nobody but a charter's `act` gives a contract this caller.
    let acting = caller == format!("{commons}/{CHARTER}");
    let roles = before.members.get(&(at.0.clone(), caller.to_string())).cloned().unwrap_or_default();
    let roles = if acting { vec!["steward".into()] } else { roles };
    let asked = before.running.is_empty() && caller.is_empty();
    load(Host {
        state: kept.clone(),
        events: Vec::new(),
        context: CallContext {
            height: before.height,
            time_ms: before.time_ms,
            commons: commons.into(),
            caller: caller.into(),
            call_id: if asked || signer.is_empty() { Vec::new() } else { call_id(&signer, before.calls) },
            signer,
            via,
        },
        roles,
        read_only,
        next: None,
    });
    let result = stopping(&format!("{service}/{method}"), || dispatch(number, request));
    store();
    ledger(|l| l.running.pop());
    result
}

/// Runs something as a contract, outside any method: on its state, with the rest as `frame` has it.
pub(super) fn enter(
    at: &At,
    before: &Ledger,
    frame: Host,
    name: &str,
    run: impl FnOnce() -> Result<Vec<u8>, Refusal>,
) -> Result<Vec<u8>, Refusal> {
    ledger(|l| l.running.push(at.clone()));
    load(Host {
        state: before.contracts.get(at).map(|c| c.1.clone()).unwrap_or_default(),
        context: CallContext { height: before.height, time_ms: before.time_ms, commons: at.0.clone(), ..frame.context },
        ..frame
    });
    let result = stopping(name, run);
    store();
    ledger(|l| l.running.pop());
    result
}

/// A rule runs on a host of nothing.
pub(super) fn rule(code: &[u8; 32], method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
    let before = ledger(|l| l.clone());
    may_go_deeper(&before, method)?;
    let Some(rule) = ledger(|l| l.rules.get(code).cloned()) else {
        let hex: String = code.iter().map(|b| format!("{b:02x}")).collect();
        return refuse(Code::NotFound, "code", format!("no code {hex} is published on this ledger"));
    };
    let Some((number, _)) = rule.method(method.rsplit('/').next().unwrap_or(method)) else {
        return refuse(Code::Unimplemented, "method", format!("the rule {} has no method {method}", rule.service));
    };
    let frame = host(std::mem::take);
    host(|h| h.read_only = true);
    // It counts among those who run, and calls nobody.
    ledger(|l| l.running.push((String::new(), rule.service.into())));
    let result = stopping(method, || (rule.dispatch)(number, request));
    ledger(|l| l.running.pop());
    load(frame);
    result
}

/// A call that stopped has burnt all that it was given: when that was all there was, its caller
/// stops, too.
pub(super) fn burn(result: &Result<Vec<u8>, Refusal>, fuel: i64) {
    let burnt = result.as_ref().is_err_and(|r| ["contract-stopped", "fuel"].contains(&r.rule.as_str()));
    if burnt && fuel <= 0 {
        std::panic::panic_any(OutOfFuel);
    }
}

struct OutOfFuel;

/// A panic is a refusal, as on the ledger; the panic's own words are on standard error. So is an
/// answer over its bound.
fn stopping(name: &str, run: impl FnOnce() -> Result<Vec<u8>, Refusal>) -> Result<Vec<u8>, Refusal> {
    let bounded = || {
        let result = run();
        at_most("a response", result.as_ref().map_or_else(|r| r.encode().len(), Vec::len), RESPONSE_BYTES);
        result.map_err(Refusal::bounded)
    };
    match catch_unwind(AssertUnwindSafe(bounded)) {
        Ok(result) => result,
        Err(panic) if panic.is::<OutOfFuel>() => {
            refuse(Code::ResourceExhausted, "fuel", format!("{name} used up its fuel"))
        }
        Err(_) => refuse(
            Code::Aborted,
            "contract-stopped",
            format!("{name} stopped: its code gave up, ran out of stack, or reached outside its memory"),
        ),
    }
}

/// Key and id as the test runtime makes them: a key from the agent's name, and the number of the
/// call.
fn call_id(agent: &str, call: u64) -> Vec<u8> {
    let secret = ed25519_zebra::SigningKey::from(super::host_sha256(agent.as_bytes()));
    let key: [u8; 32] = ed25519_zebra::VerificationKey::from(&secret).into();
    [&key[..], &u128::from(call).to_be_bytes()].concat()
}

fn load(frame: Host) {
    host(|h| *h = frame);
}

/// Takes what the running contract wrote and announced over into the ledger.
fn store() {
    let (state, events, commons) =
        host(|h| (h.state.clone(), std::mem::take(&mut h.events), h.context.commons.clone()));
    ledger(|l| {
        let Some(at) = l.running.last().cloned() else { return };
        if let Some(kept) = l.contracts.get_mut(&at) {
            kept.1 = state;
        }
        let event = |(ty, body)| Event { commons: commons.clone(), service: at.1.clone(), ty, body };
        l.events.extend(events.into_iter().map(event));
    });
}
