//! Questions: methods that only read, and calls that only might be made.

use crate::{
    BlockContext, Contracts, Overlay, RuntimeError, State, StateError,
    command::{self, Command},
    invoke::{Entry, Invocation, Invoked, invoke},
    kernel::{self, Directory},
    keys::code_of,
    session::{Session, Trace},
    state::Entry as StateEntry,
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use stint_proto::{
    Code, Refusal,
    limits::{CALL_FUEL, QUERY_FUEL, REQUEST_BYTES, SIMULATED_READS},
    v1,
};
use stint_verifier::tree::KeyRange;

/// A question to the state after `height`.
pub struct Query<'a> {
    /// Height of the state that is read.
    pub height: u64,
    /// The time of that block.
    pub time_ms: u64,
    /// The commons that is asked.
    pub commons: &'a str,
    /// `/package.Service/Method`.
    pub method: &'a str,
    /// The request message, encoded.
    pub request: &'a [u8],
}

/// The answer to a query.
pub struct QueryAnswer {
    /// The response message, encoded, or why there is none.
    pub result: Result<Vec<u8>, Refusal>,
    /// Fuel that the answer took.
    pub fuel_used: u64,
}

/// Runs a method marked `NO_SIDE_EFFECTS`.
pub fn query(contracts: &Contracts, state: Arc<dyn State>, q: &Query<'_>) -> Result<QueryAnswer, RuntimeError> {
    let block = BlockContext { height: q.height, time_ms: q.time_ms };
    let done = ask(Session::new(contracts, Overlay::new(state), block), q.commons, q.method, q.request)?;
    Ok(QueryAnswer { result: done.result, fuel_used: done.fuel_used })
}

/// The answer to a query, and the ranges of the state that it read.
pub fn query_with_reads(
    contracts: &Contracts,
    state: Arc<dyn State>,
    q: &Query<'_>,
) -> Result<(QueryAnswer, Vec<KeyRange>), RuntimeError> {
    let recorder = Arc::new(Recorder { state, reads: Mutex::default() });
    let answer = query(contracts, recorder.clone(), q)?;
    let reads = recorder.reads.lock().unwrap_or_else(PoisonError::into_inner);
    if reads.len() >= SIMULATED_READS {
        let message = format!("the query reads {SIMULATED_READS} keys or more: too many for a proof; ask for a page");
        let refusal = Refusal::new(Code::ResourceExhausted, "proof-reads", message);
        return Ok((QueryAnswer { result: Err(refusal), ..answer }, Vec::new()));
    }
    let range = |(key, to): &(Vec<u8>, Vec<u8>)| match to.is_empty() {
        true => key.clone()..[&key[..], &[0]].concat(),
        false => key.clone()..to.clone(),
    };
    Ok((answer, reads.iter().map(range).collect()))
}

fn ask(session: Session, commons: &str, method: &str, request: &[u8]) -> Result<Invoked, RuntimeError> {
    let refused = |session, refusal| Ok(Invoked { session, result: Err(refusal), fuel_used: 0 });
    if request.len() > REQUEST_BYTES {
        let message = format!("the request has {} bytes; the limit is {REQUEST_BYTES}", request.len());
        return refused(session, Refusal::new(Code::InvalidArgument, "request-size", message));
    }
    if let Some(method) = kernel::method_of(method) {
        let result = kernel::query(&session.overlay, commons, method, request)?;
        return Ok(Invoked { session, result, fuel_used: 0 });
    }
    let found = match Directory::new(&session.contracts, &session.overlay).resolve(commons, method)? {
        Ok(found) => found,
        Err(refusal) => return refused(session, refusal),
    };
    if !found.is_query() {
        let message = format!("{method} is a command: it must be signed and ordered, not asked");
        return refused(session, Refusal::new(Code::Unauthenticated, "command", message));
    }
    let context = session.context(commons, "", String::new());
    let invocation = Invocation {
        contract: &found.contract,
        entry: Entry::Method(found.method),
        request,
        context,
        roles: Arc::new([]),
        keys: found.keys(commons),
        fuel: QUERY_FUEL,
        depth: 0,
        read_only: true,
    };
    invoke(session, invocation)
}

/// What a call would do as the first one of the block after `query.height`, at that block's time.
/// Nothing is ordered and nothing is kept.
pub fn simulate(
    contracts: &Contracts,
    state: Arc<dyn State>,
    q: &Query<'_>,
    caller: &str,
    fuel_limit: u64,
) -> Result<v1::SimulateResponse, RuntimeError> {
    let recorder = Arc::new(Recorder { state, reads: Mutex::default() });
    let block = BlockContext { height: q.height + u64::from(!caller.is_empty()), time_ms: q.time_ms };
    let overlay = Overlay::new(recorder.clone());
    let mut session = match caller {
        "" => Session::new(contracts, overlay, block),
        _ => Session::of_signer(contracts, overlay, block, caller.into()),
    };
    session.trace = Some(Trace::default());
    session.overlay.open();
    let done = match caller {
        "" => ask(session, q.commons, q.method, q.request)?,
        _ => {
            let (commons, method, request) = (q.commons, q.method, q.request);
            command::run(session, &Command { commons, method, request, fuel_limit, fuel_left: CALL_FUEL })?
        }
    };
    let mut answer = v1::SimulateResponse { height: q.height, fuel_used: done.fuel_used, ..Default::default() };
    let trace = done.session.trace.unwrap_or_default();
    (answer.calls, answer.calls_cut) = (trace.calls, trace.cut);
    match done.result {
        Err(refusal) => answer.refusal = Some(refusal.into()),
        Ok(response) => {
            answer.response = response.into();
            answer.events = done.session.events;
            let write = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| v1::KeyWrite {
                key: key.clone().into(),
                deleted: value.is_none(),
                value: value.clone().unwrap_or_default().into(),
            };
            answer.writes = done.session.overlay.pending().iter().map(write).collect();
        }
    }
    let reads = recorder.reads.lock().unwrap_or_else(PoisonError::into_inner);
    answer.reads_cut = reads.len() >= SIMULATED_READS;
    answer.reads = reads.iter().map(|(k, to)| v1::KeyRead { key: k.clone().into(), to: to.clone().into() }).collect();
    Ok(answer)
}

/// State that remembers what was read of it: keys, and ranges as (from, to). Modules do not count:
/// their names say what they hold, and whether one is read depends on what is compiled already.
struct Recorder {
    state: Arc<dyn State>,
    reads: Mutex<BTreeSet<(Vec<u8>, Vec<u8>)>>,
}

impl Recorder {
    fn note(&self, key: &[u8], to: &[u8]) {
        if code_of(key).is_some() {
            return;
        }
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        if reads.len() < SIMULATED_READS {
            reads.insert((key.into(), to.into()));
        }
    }
}

impl State for Recorder {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.note(key, &[]);
        self.state.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, reverse: bool) -> Result<Vec<StateEntry>, StateError> {
        let found = self.state.scan(from, to, limit, reverse)?;
        // Behind the last entry of a full page nothing was read.
        match (found.last(), found.len() == limit, reverse) {
            (Some((last, _)), true, false) => self.note(from, &[&last[..], &[0]].concat()),
            (Some((last, _)), true, true) => self.note(last, to),
            _ => self.note(from, to),
        }
        Ok(found)
    }
}
