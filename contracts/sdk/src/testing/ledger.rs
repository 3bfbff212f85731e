//! What a test's ledger holds.

use crate::{Bytes, Refusal, Service};
use prost::{Message, Name};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

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
    pub service: &'static str,
    pub package: &'static str,
    /// The hash of its module; without a module any name will do.
    pub code: [u8; 32],
    methods: &'static [(&'static str, bool)],
    pub dispatch: fn(u32, &[u8]) -> Result<Bytes, Refusal>,
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

    pub fn method(&self, name: &str) -> Option<(u32, bool)> {
        let place = self.methods.iter().position(|(n, _)| *n == name)?;
        Some((place as u32, self.methods[place].1))
    }
}

pub(super) type State = BTreeMap<Vec<u8>, Vec<u8>>;
/// A commons and a service.
pub(super) type At = (String, String);

/// What a test's ledger holds.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    pub commons: BTreeSet<String>,
    pub contracts: BTreeMap<At, (Program, State)>,
    pub rules: BTreeMap<[u8; 32], Program>,
    /// Roles by commons and member.
    pub members: BTreeMap<(String, String), Vec<String>>,
    pub height: u64,
    pub time_ms: u64,
    pub events: Vec<Event>,
    pub kernel_calls: Vec<KernelCall>,
    /// Who is running, the outermost first.
    pub running: Vec<At>,
    /// Commons that act, whose charters answer queries.
    pub acting: Vec<String>,
    pub calls: u64,
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
