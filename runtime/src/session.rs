use crate::{BlockContext, Contracts, MemoryState, Overlay, abi::CallContext};
use std::sync::Arc;
use stint_proto::{
    Code, Hash, Refusal,
    limits::{CALL_DEPTH, COMMAND_MEMORY_BYTES, MEMORY_BYTES, SIMULATED_CALLS},
    v1,
};

/// What a signed call and all the calls under it share. It moves into the instance that runs and
/// back, because an engine's store owns what host functions touch.
pub(crate) struct Session {
    /// State with the writes so far.
    pub overlay: Overlay,
    pub events: Vec<v1::Event>,
    pub contracts: Contracts,
    pub block: BlockContext,
    /// The agent that signed; empty in a query.
    pub signer: String,
    /// Key and id of the signed call; empty in a query.
    pub call_id: Vec<u8>,
    /// The ledger that it is for; zero in a query.
    pub chain_id: Hash,
    /// Memory that one instance may have, bytes.
    pub memory: usize,
    /// Memory that is left for all of them that are in the middle of a call, bytes.
    pub memory_left: usize,
    /// Who is running, the outermost first.
    pub running: Vec<Running>,
    /// What was called, when somebody wants to know.
    pub trace: Option<Trace>,
}

/// Code that is in the middle of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    Contract {
        commons: String,
        service: String,
    },
    Rule(Hash),
    /// What a commons does by its charter.
    Act {
        commons: String,
        charter: String,
    },
}

impl Session {
    /// For a query, or before the signer is known.
    pub fn new(contracts: &Contracts, overlay: Overlay, block: BlockContext) -> Session {
        Session {
            overlay,
            events: Vec::new(),
            contracts: contracts.clone(),
            block,
            signer: String::new(),
            call_id: Vec::new(),
            chain_id: Hash::ZERO,
            memory: MEMORY_BYTES,
            memory_left: MEMORY_BYTES,
            running: Vec::new(),
            trace: None,
        }
    }

    /// For a command of a signer.
    pub fn of_signer(contracts: &Contracts, overlay: Overlay, block: BlockContext, signer: String) -> Session {
        Session { signer, memory: COMMAND_MEMORY_BYTES, ..Session::new(contracts, overlay, block) }
    }

    /// Refuses a call that would be one too many in one another, or the second one of a contract. A
    /// charter that acts may be asked: what its commons calls wants to know its rules, and it has
    /// written all that it decided.
    pub fn may_enter(&self, commons: &str, service: &str, method: &str, query: bool) -> Result<(), Refusal> {
        self.may_go_deeper(method)?;
        let again = Running::Contract { commons: commons.into(), service: service.into() };
        let acting = Running::Act { commons: commons.into(), charter: service.into() };
        if !self.running.contains(&again) || query && self.running.contains(&acting) {
            return Ok(());
        }
        let message = format!("{commons}/{service} is in the middle of a call; it cannot be called before that ends");
        Err(Refusal::new(Code::FailedPrecondition, "re-entrancy", message))
    }

    /// Refuses a call that would be one too many in one another.
    pub fn may_go_deeper(&self, method: &str) -> Result<(), Refusal> {
        if self.running.len() < CALL_DEPTH {
            return Ok(());
        }
        let message = format!("{method}: {CALL_DEPTH} calls are under way already");
        Err(Refusal::new(Code::ResourceExhausted, "call-depth", message))
    }

    /// What a contract of `commons` may know of a call by `caller`.
    pub fn context(&self, commons: &str, caller: &str, via: String) -> CallContext {
        CallContext {
            height: self.block.height,
            time_ms: self.block.time_ms,
            commons: commons.into(),
            caller: caller.into(),
            call_id: self.call_id.clone().into(),
            signer: self.signer.clone(),
            via,
        }
    }

    /// What stands where a session was while it is elsewhere.
    pub fn stand_in(&self) -> Session {
        let nothing = Overlay::new(Arc::new(MemoryState::default()));
        Session::new(&self.contracts, nothing, self.block)
    }

    /// Where a call under this one begins; [`Session::close`] ends it.
    pub fn open(&mut self) -> Opened {
        self.overlay.open();
        Opened { events: self.events.len() }
    }

    /// Keeps what happened since `opened`, or makes it undone.
    pub fn close(&mut self, opened: Opened, keep: bool) {
        if keep {
            self.overlay.keep();
        } else {
            self.overlay.drop_layer();
            self.events.truncate(opened.events);
        }
    }
}

/// The first calls, in the order in which they began.
#[derive(Default)]
pub(crate) struct Trace {
    pub calls: Vec<v1::TracedCall>,
    /// There were more.
    pub cut: bool,
}

impl Trace {
    /// Notes a call that begins; gives its place.
    pub fn begin(&mut self, call: v1::TracedCall) -> Option<usize> {
        if self.calls.len() == SIMULATED_CALLS {
            self.cut = true;
            return None;
        }
        self.calls.push(call);
        Some(self.calls.len() - 1)
    }
}

/// See [`Session::open`].
pub(crate) struct Opened {
    events: usize,
}
