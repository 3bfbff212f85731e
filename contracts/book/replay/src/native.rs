//! A book in this process, on the SDK's host in memory.

use crate::run::Executor;
use book::Contract;
use stint_sdk::{
    Code, Refusal, Service,
    testing::{Host, call, host},
};

/// 2026-12-01, after all that the sample scenario says.
const NOW_MS: u64 = 1_796_083_200_000;

/// The contract as it is, called by a steward. One book a thread.
#[derive(Default)]
pub struct Native;

impl Native {
    fn dispatch(method: &str, request: &[u8], read_only: bool) -> Result<Vec<u8>, Refusal> {
        let number = Contract::METHODS.iter().position(|(name, query)| *name == method && *query == read_only);
        let Some(number) = number else {
            return Err(Refusal::new(Code::Unimplemented, "method", format!("the book has no method {method}")));
        };
        host(|h| {
            h.read_only = read_only;
            // The ledger bounds the events of one call.
            h.events.clear();
        });
        call(|| Contract::dispatch(number as u32, request))
    }
}

impl Executor for Native {
    fn fresh(&mut self) -> Result<(), Refusal> {
        host(|h| {
            *h = Host::default();
            h.context.commons = "forge".into();
            h.context.caller = "steward".into();
            h.context.time_ms = NOW_MS;
            h.roles = vec!["steward".into()];
        });
        Ok(())
    }

    fn call(&mut self, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        Native::dispatch(method, request, false)
    }

    fn query(&mut self, method: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        Native::dispatch(method, request, true)
    }
}
