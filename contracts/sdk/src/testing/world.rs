use super::{
    calls::{commanded_the_kernel, outermost},
    ledger::{Event, KernelCall, Ledger, Program, State, ledger},
    limits::REQUEST_BYTES,
    mirror::{Mirror, Reply, Step},
    refuse,
};
use crate::{Code, Day, Method, Refusal, Service, Time};
use prost::Message;

/// Where the ledger's time begins: 2026-01-01 00:00 UTC.
const START_MS: u64 = 1_767_225_600_000;

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
        self.unless_stand_in::<S>();
        self.unless_chartered(commons);
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
        self.unless_stand_in::<S>();
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
        self.unless_chartered(commons);
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
        if let Some(kernel) = commanded_the_kernel() {
            self.natively_from_here(&format!("{path} commands the kernel ({kernel}), and this world only takes note"));
        }
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

    /// What a test wrote in place of a contract is no module that the runtime could run.
    fn unless_stand_in<S: Service>(&mut self) {
        if S::PACKAGE.is_empty() {
            self.natively_from_here(&format!("{} is a stand-in of the test's own, and no module", S::NAME));
        }
    }

    /// A commons that acts through its charter admits and deploys by that alone; a test need not ask.
    fn unless_chartered(&mut self, commons: &str) {
        let by_charter =
            |l: &mut Ledger| l.kernel_calls.iter().any(|call| call.commons == commons && call.method == "Constitute");
        if ledger(by_charter) {
            let why = format!("{commons} acts through its charter, and the test admits or deploys there all the same");
            self.natively_from_here(&why);
        }
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
