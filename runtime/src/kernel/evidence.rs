//! Double signs: what proves that a validator lied stands on the ledger, for the consortium to decide what follows.
//!
//! 1. Whoever is of the consortium reports; nobody needs to believe them, for the signatures are checked.
//! 2. The same key in the same round is recorded once, whatever pairs of votes there are.
//! 3. A liar cannot fill the state: sixteen rounds of a key are recorded.

use super::{Answer, Caller, committees, commons, grant, records::Evidence, refuse, write};
use crate::{Overlay, RuntimeError, State, keys, session::Session};
use prost::Message;
use std::sync::Arc;
use stint_proto::{Code, Refusal, limits::EVIDENCE_OF_KEY, v1};
use stint_verifier::DoubleSign;

/// Records of one answer.
const LISTED: usize = 100;

pub fn report(
    session: &mut Session,
    by: &Caller<'_>,
    request: v1::ReportEvidenceRequest,
) -> Answer<v1::ReportEvidenceResponse> {
    grant!(commons::of_consortium(&session.overlay, by)?);
    if by.roles.is_empty() {
        refuse!(PermissionDenied, "member", "{} may not report evidence: only members of {} may", by.name, by.commons);
    }
    let found = grant!(read_evidence(&request.evidence));
    if found.chain_id != session.chain_id {
        refuse!(InvalidArgument, "evidence", "it is of the ledger {}; this is {}", found.chain_id, session.chain_id);
    }
    let name = grant!(at_fault(&session.overlay, &found)?);
    if is_recorded(&session.overlay, &found)? {
        return Ok(Ok(v1::ReportEvidenceResponse { validator: name, recorded: false }));
    }
    if is_full(&session.overlay, &found.key)? {
        refuse!(
            ResourceExhausted,
            "evidence",
            "{EVIDENCE_OF_KEY} double signs of {name} are recorded; more prove nothing new"
        );
    }
    let record = Evidence {
        validator: name.clone(),
        evidence: request.evidence.to_vec(),
        height: session.block.height,
        reported_by: by.name.into(),
    };
    write(&mut session.overlay, keys::evidence(&found.key, found.epoch, found.view), &record);
    session.events.push(v1::Event {
        commons: by.commons.into(),
        service: "stint.v1.Kernel".into(),
        r#type: "stint.v1.EvidenceRecord".into(),
        body: shown(&found, record).encode_to_vec().into(),
    });
    Ok(Ok(v1::ReportEvidenceResponse { validator: name, recorded: true }))
}

/// Whether nothing is left to report of a double sign: it is recorded, or no more are of its key.
pub fn settled(state: Arc<dyn State>, found: &DoubleSign) -> Result<bool, RuntimeError> {
    let overlay = Overlay::new(state);
    Ok(is_recorded(&overlay, found)? || is_full(&overlay, &found.key)?)
}

fn is_recorded(overlay: &Overlay, found: &DoubleSign) -> Result<bool, RuntimeError> {
    Ok(overlay.get(&keys::evidence(&found.key, found.epoch, found.view))?.is_some())
}

fn is_full(overlay: &Overlay, key: &[u8; 32]) -> Result<bool, RuntimeError> {
    let of_key = keys::evidence_of(key);
    Ok(overlay.scan(&of_key, &keys::end_of(&of_key), EVIDENCE_OF_KEY, false)?.len() == EVIDENCE_OF_KEY)
}

/// What is evidence by itself.
fn read_evidence(bytes: &[u8]) -> Result<DoubleSign, Refusal> {
    let refuse = |what: &str| Err(Refusal::new(Code::InvalidArgument, "evidence", what));
    match DoubleSign::decode(bytes) {
        Some(found) if found.proves() => Ok(found),
        Some(_) => refuse("the two votes are no lie, or one of them has no good signature of the key"),
        None => refuse("this is no evidence: two votes of one key in one round, in the 291 bytes of the verifier"),
    }
}

/// The validator whose key counted in that epoch.
fn at_fault(overlay: &Overlay, found: &DoubleSign) -> Answer<String> {
    let seats = committees::committee(overlay, found.epoch)?.map(|(_, c)| c.seats).unwrap_or_default();
    match seats.into_iter().find(|seat| seat.key == found.key) {
        Some(seat) => Ok(Ok(seat.name)),
        None => refuse!(NotFound, "validator", "the key did not count in epoch {}", found.epoch),
    }
}

pub fn list(overlay: &Overlay, request: v1::ListEvidenceRequest) -> Answer<v1::ListEvidenceResponse> {
    let all = keys::evidence_of(&[]);
    let from = match request.after.is_empty() {
        true => all.clone(),
        // A zero byte behind a key makes the first key after it.
        false => [&all[..], &request.after, &[0]].concat(),
    };
    let mut found = overlay.scan(&from, &keys::end_of(&all), LISTED + 1, false)?;
    let more = found.len() > LISTED;
    found.truncate(LISTED);
    let next = found.last().filter(|_| more).map(|(key, _)| key[all.len()..].to_vec()).unwrap_or_default();
    let record = |(key, value): (Vec<u8>, Vec<u8>)| {
        let damaged = |reason: &str| RuntimeError::Damaged { key: keys::show(&key), reason: reason.into() };
        let record = Evidence::decode(&value[..]).map_err(|e| damaged(&e.to_string()))?;
        let found = DoubleSign::decode(&record.evidence).ok_or_else(|| damaged("no evidence"))?;
        Ok(shown(&found, record))
    };
    let evidence = found.into_iter().map(record).collect::<Result<_, RuntimeError>>()?;
    Ok(Ok(v1::ListEvidenceResponse { evidence, next: next.into() }))
}

/// How many are recorded, at most so many as one answer lists.
pub fn count(state: Arc<dyn State>) -> Result<usize, RuntimeError> {
    let all = keys::evidence_of(&[]);
    Ok(Overlay::new(state).scan(&all, &keys::end_of(&all), LISTED, false)?.len())
}

fn shown(found: &DoubleSign, record: Evidence) -> v1::EvidenceRecord {
    let Evidence { validator, evidence, height, reported_by } = record;
    let [first, second] = &found.votes;
    v1::EvidenceRecord {
        validator,
        key: found.key.to_vec().into(),
        epoch: found.epoch,
        view: found.view,
        votes: vec![first.kind.to_string(), second.kind.to_string()],
        evidence: evidence.into(),
        height,
        reported_by,
    }
}
