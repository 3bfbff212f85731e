//! The state that came out of blocks, and what contracts answer on it.

use crate::cli::{Failure, kept::Kept};
use prost::Message;
use std::sync::Arc;
use stint_proto::v1;
use stint_runtime::{Contracts, Directory, MemoryState, Overlay, Query, query};

/// Pages of one answer. A contract that gives ever more of them is not waited for.
pub const PAGES: u64 = 1_000_000;

/// A state, the block after which it stands, and the code that runs on it.
pub struct Standing {
    pub contracts: Contracts,
    pub state: Arc<MemoryState>,
    pub height: u64,
    pub time_ms: u64,
}

/// An answer, or why there is none: refused by the contract, or not the message that was asked for.
pub type Answer<R> = Result<R, String>;

impl Standing {
    /// Asks a query.
    pub fn ask<R: Message + Default>(
        &self,
        commons: &str,
        method: &str,
        request: &impl Message,
    ) -> Result<Answer<R>, Failure> {
        let request = request.encode_to_vec();
        let asked = Query { height: self.height, time_ms: self.time_ms, commons, method, request: &request };
        let answer = query(&self.contracts, self.state.clone(), &asked)?;
        Ok(match answer.result {
            Ok(bytes) => R::decode(&bytes[..]).map_err(|e| format!("what {method} answers is not understood: {e}")),
            Err(refusal) => Err(format!("{method} refuses: {refusal}")),
        })
    }

    /// The services of a commons; refused when the ledger has no such commons.
    pub fn services(&self, commons: &str) -> Result<Vec<String>, Failure> {
        let found: Answer<v1::GetCommonsResponse> =
            self.ask(commons, "/stint.v1.Kernel/GetCommons", &v1::GetCommonsRequest::default())?;
        let found = found.map_err(|why| format!("nothing to audit after block {}: {why}", self.height))?;
        Ok(found.contracts.into_iter().map(|c| c.service).collect())
    }

    /// What the contract behind a service says of its messages.
    pub fn words(&self, commons: &str, service: &str) -> Option<Kept> {
        if service.starts_with("stint.v1.") {
            return Kept::of_kernel().ok();
        }
        let overlay = Overlay::new(self.state.clone());
        let instances = Directory::new(&self.contracts, &overlay).instances().ok()?;
        let code = instances.into_iter().find(|i| i.commons == commons && i.service == service)?.code;
        let asked = v1::GetCodeRequest { code_hash: code.0.to_vec().into(), facts_only: false };
        let code: v1::GetCodeResponse = self.ask(commons, "/stint.v1.Kernel/GetCode", &asked).ok()?.ok()?;
        Kept::of_module(&code.module, service).ok()
    }
}
