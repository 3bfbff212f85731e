//! Facts with their proofs.

use super::Node;
use std::sync::Arc;
use stint_proto::{
    CallId, Code, Refusal,
    v1::{self, prove_request::Fact},
};
use stint_runtime::Query;
use stint_store::{Location, ProvableState, ProveError, StoreError};
use stint_verifier::{PROOF_BYTES, tree::KeyRange};

/// Keys and ranges of one proof.
const PARTS: usize = 1_000;

/// Why there is no proof.
pub enum Unproved {
    /// The validators have not certified it yet; worth another look after the next block.
    NotYet(Refusal),
    /// There is none.
    Refused(Refusal),
    /// What is stored cannot be read.
    Unreadable(StoreError),
}

impl From<StoreError> for Unproved {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::LetGo(what) => Unproved::Refused(Refusal::new(Code::NotFound, "proof", what)),
            e => Unproved::Unreadable(e),
        }
    }
}

impl From<Refusal> for Unproved {
    fn from(refusal: Refusal) -> Self {
        Unproved::Refused(refusal)
    }
}

impl From<ProveError> for Unproved {
    fn from(e: ProveError) -> Self {
        let said = e.to_string();
        let refusal = |code| Refusal::new(code, "proof", said);
        match e {
            ProveError::Store(e) => e.into(),
            ProveError::NotYet(_) | ProveError::Busy(_) => Unproved::NotYet(refusal(Code::Unavailable)),
            ProveError::NotKept(_) => Unproved::Refused(refusal(Code::NotFound)),
            ProveError::TooLarge => Unproved::Refused(refusal(Code::ResourceExhausted)),
        }
    }
}

impl Node {
    /// Proves a fact.
    pub fn prove(&self, fact: &Fact) -> Result<v1::ProveResponse, Unproved> {
        let answer = match fact {
            Fact::Block(height) => proved(self.store.prove_block(self.executed_block(*height)?)?, *height),
            Fact::Receipts(height) => proved(self.store.prove_receipts(self.executed_block(*height)?)?, *height),
            Fact::Receipt(call) => self.prove_receipt(call, None)?,
            Fact::Event(event) => {
                self.prove_receipt(event.call.as_ref().unwrap_or(&Default::default()), Some(event.index))?
            }
            Fact::State(parts) => {
                let ranges = ranges(parts)?;
                let state = self.provable(parts.height)?;
                proved(self.store.prove_state(&state, &ranges)?, state.led.height)
            }
            Fact::Query(question) => self.prove_query(question)?,
        };
        if answer.proof.len() > PROOF_BYTES {
            let message = format!("the proof has {} bytes; the limit is {PROOF_BYTES}", answer.proof.len());
            return Err(Refusal::new(Code::ResourceExhausted, "proof", message).into());
        }
        Ok(answer)
    }

    fn executed_block(&self, height: u64) -> Result<u64, Unproved> {
        let newest = self.tip().height;
        if (1..=newest).contains(&height) {
            return Ok(height);
        }
        let message = format!("there is no block {height} here; blocks 1 to {newest} are final");
        Err(Refusal::new(Code::NotFound, "block", message).into())
    }

    fn prove_receipt(&self, call: &v1::CallName, event: Option<u32>) -> Result<v1::ProveResponse, Unproved> {
        let id = CallId::from_bytes(&call.key, &call.id)?;
        let found = self.store.locate(id)?.filter(|at| at.height <= self.tip().height);
        let at: Location = found.ok_or_else(|| missing_receipt(id))?;
        Ok(proved(self.store.prove_receipt(at, event)?, at.height))
    }

    /// The state of a height that can be proved, the newest for 0.
    fn provable(&self, height: u64) -> Result<ProvableState, Unproved> {
        let height = if height == 0 { None } else { Some(self.asked(height)?.0) };
        Ok(self.store.provable_state(height)?)
    }

    /// Asks on a state that can be proved, and proves all that was read.
    fn prove_query(&self, question: &v1::Question) -> Result<v1::ProveResponse, Unproved> {
        let state = self.provable(question.height)?;
        let outcome = state.led.outcomes.first().ok_or(ProveError::NotYet(state.led.height))?;
        let query = Query {
            height: state.led.height,
            time_ms: outcome.time_ms,
            commons: &question.commons,
            method: &question.method,
            request: &question.request,
        };
        let view = Arc::new(self.store.state_at(state.led.height));
        let (answer, reads) =
            stint_runtime::query_with_reads(&self.contracts, view, &query).map_err(|e| self.unreadable(&e))?;
        let mut response = proved(self.store.prove_state(&state, &reads)?, state.led.height);
        match answer.result {
            Ok(bytes) => response.response = bytes.into(),
            Err(refusal) => response.refusal = Some(refusal.into()),
        }
        Ok(response)
    }

    /// A snapshot that nodes which join can fetch here; the newest one for 0.
    pub fn snapshot(&self, height: u64) -> Result<v1::GetSnapshotResponse, Unproved> {
        let offered = self.store.snapshots();
        let height = if height == 0 { offered.last().copied().unwrap_or(0) } else { height };
        is_offered(&offered, height)?;
        let state = self.store.provable_state(Some(height))?;
        let proof = self.store.prove_state(&state, &[])?.into();
        Ok(v1::GetSnapshotResponse { height, proof, keys: self.store.keys_at(height)?, offered })
    }

    /// A piece of a snapshot.
    pub fn chunk(&self, asked: &v1::GetChunkRequest) -> Result<v1::GetChunkResponse, Unproved> {
        is_offered(&self.store.snapshots(), asked.height)?;
        let read = self.store.chunk(asked.height, &asked.from);
        // It may have been let go while it was read.
        is_offered(&self.store.snapshots(), asked.height)?;
        let (part, next) = read?;
        Ok(v1::GetChunkResponse { part: part.into(), next: next.unwrap_or_default().into() })
    }

    /// A block with all that came of it.
    pub fn history(&self, height: u64) -> Result<v1::GetHistoryResponse, Refusal> {
        let read = || -> Result<Option<v1::GetHistoryResponse>, StoreError> {
            let Some(block) = self.store.block(height)? else { return Ok(None) };
            let certificate = self.store.certificate(height)?.map(|c| c.encode()).unwrap_or_default().into();
            let mut told = v1::GetHistoryResponse { height, block, certificate, ..Default::default() };
            if self.epochs().ends_with(height) {
                let own = self.store.handover(self.epochs().of(height))?;
                told.next_committee = own.map(|h| h.next.encode()).unwrap_or_default().into();
            }
            if height >= self.store.oldest().receipts {
                told.receipts = self.store.receipts(height)?;
                told.results = self.store.results(height)?.map(|r| r.encode()).unwrap_or_default().into();
            }
            Ok(Some(told))
        };
        let missing = || {
            let (oldest, newest) = (self.store.oldest().block, self.tip().height);
            let message = format!("there is no block {height} here; blocks {oldest} to {newest} are kept");
            Refusal::new(Code::NotFound, "block", message)
        };
        match read() {
            Ok(told) => told.ok_or_else(missing),
            Err(StoreError::LetGo(_)) => Err(missing()),
            Err(e) => Err(self.unreadable(&e)),
        }
    }
}

fn is_offered(offered: &[u64], height: u64) -> Result<(), Refusal> {
    let message = match (offered.contains(&height), offered.is_empty()) {
        (true, _) => return Ok(()),
        (false, true) => "no snapshot is offered here yet".into(),
        (false, false) => format!("no snapshot of height {height} is offered here; there are those of {offered:?}"),
    };
    Err(Refusal::new(Code::NotFound, "snapshot", message))
}

fn proved(proof: Vec<u8>, height: u64) -> v1::ProveResponse {
    v1::ProveResponse { proof: proof.into(), height, ..Default::default() }
}

pub(crate) fn missing_receipt(id: CallId) -> Refusal {
    let message = format!("there is no receipt of the call {id}: it is not final on this node, or was never handed in");
    Refusal::new(Code::NotFound, "receipt", message)
}

/// What is asked of a state, as ranges.
fn ranges(parts: &v1::StateParts) -> Result<Vec<KeyRange>, Refusal> {
    let n = parts.keys.len() + parts.ranges.len();
    if n > PARTS {
        let message = format!("{n} keys and ranges at once; the limit is {PARTS}");
        return Err(Refusal::new(Code::InvalidArgument, "proof", message));
    }
    let keys = parts.keys.iter().map(|k| k.to_vec()..[k, &[0][..]].concat());
    Ok(keys.chain(parts.ranges.iter().map(|r| r.from.to_vec()..r.to.to_vec())).collect())
}
