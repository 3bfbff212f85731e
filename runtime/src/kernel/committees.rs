//! Committees: what the consortium has decided about validators, as it holds from the beginning of an epoch.
//!
//! ```text
//!  blocks of epoch e:   first ……………………… D ……… last │ first of e + 1
//!                                         │          │
//!       the committee of e + 1 is what stands after D, K blocks before the last one; the last
//!       one's header names it, and whoever signs that block has executed D
//! ```
//!
//! Of a committee of n at most max(1, ⌊(n - 1) / 3⌋) keys are new, in the order in which they were ready: the ledger goes on
//! if all of them fail at once. Others wait for the next epoch.

use super::{
    Answer, read,
    records::{Committee, Ledger, Seat, Validator},
    validators::{all, disown, forget},
    write,
};
use crate::{Overlay, RuntimeError, State, Writes, keys};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};
use stint_proto::{
    Epochs,
    v1::{self, validator_record::Standing},
};

/// Committees of one answer.
const COMMITTEES: usize = 100;

/// Makes what the consortium has decided the committee of the epoch that is decided at a height, if one is.
pub fn elect(overlay: &mut Overlay, height: u64) -> Result<(), RuntimeError> {
    let Some(Ledger { epoch_blocks, consortium }) = read(overlay, keys::LEDGER)? else { return Ok(()) };
    let Some(epoch) = Epochs::new(epoch_blocks).decided_at(height) else { return Ok(()) };
    let mut validators = Vec::new();
    for (name, v) in all(overlay)? {
        match v.left {
            true => forget(overlay, &consortium, &name, &v)?,
            false => validators.push((name, v)),
        }
    }
    let mut seats: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (name, v) in &mut validators {
        if v.counts && !v.leaves {
            seats.insert(name.clone(), v.key.clone());
        }
        if v.counts && v.leaves || !v.old_key.is_empty() {
            (v.left, v.counts, v.old_key) = (v.leaves, !v.leaves, Vec::new());
            write(overlay, keys::validator(name), v);
        }
    }
    let ready = |(name, v): &(String, Validator)| Some((v.ready.filter(|_| !v.leaves)?, name.clone(), v.clone()));
    let mut new: Vec<(u64, String, Validator)> = validators.iter().filter_map(ready).collect();
    new.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    for (entered, (_, name, v)) in new.into_iter().enumerate() {
        let count = seats.len() + usize::from(!v.counts);
        if entered == 1.max((count - 1) / 3) {
            break;
        }
        let record = match v.counts {
            true => {
                disown(overlay, &v.key)?;
                let (key, old_key) = (v.next_key.clone(), v.key.clone());
                Validator { key, old_key, next_key: Vec::new(), ready: None, ..v }
            }
            false => Validator { counts: true, ready: None, ..v },
        };
        write(overlay, keys::validator(&name), &record);
        seats.insert(name, record.key);
    }
    let elected = committee_of(seats);
    if committee(overlay, epoch)?.is_some_and(|(_, before)| before == elected) {
        return Ok(());
    }
    write(overlay, keys::committee(epoch), &elected);
    Ok(())
}

/// A committee of validators with their names.
pub fn committee_of(seats: BTreeMap<String, Vec<u8>>) -> Committee {
    Committee { seats: seats.into_iter().map(|(name, key)| Seat { name, key }).collect() }
}

/// A validator as other nodes know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// For people, unique.
    pub name: String,
    /// The key that counts, or that is to count first.
    pub key: [u8; 32],
    /// The key that is to count instead.
    pub next_key: Option<[u8; 32]>,
    /// The key that counted in the committee before.
    pub old_key: Option<[u8; 32]>,
    /// Where it listens for validators and for clients; empty where the operators' own files say it.
    pub p2p: String,
    /// The same for clients.
    pub grpc: String,
    /// True when it is of the newest committee that is decided.
    pub counts: bool,
    /// True when it was of the one before, and is no more.
    pub left: bool,
    /// True once the key that does not count yet has said to be ready.
    pub ready: bool,
}

/// Who validates, or is to, by their names.
pub fn peers(state: Arc<dyn State>) -> Result<Vec<Peer>, RuntimeError> {
    let peer = |(name, v): (String, Validator)| {
        let damaged = || RuntimeError::Damaged { key: keys::show(&keys::validator(&name)), reason: "no key".into() };
        let key = v.key[..].try_into().map_err(|_| damaged())?;
        let (next_key, old_key) = (v.next_key[..].try_into().ok(), v.old_key[..].try_into().ok());
        let (counts, left, ready) = (v.counts, v.left, v.ready.is_some());
        Ok(Peer { key, next_key, old_key, p2p: v.p2p, grpc: v.grpc, counts, left, ready, name })
    };
    all(&Overlay::new(state))?.into_iter().map(peer).collect()
}

/// The committee of an epoch, with the first epoch that was its; it must be decided.
pub fn committee_of_epoch(state: Arc<dyn State>, epoch: u64) -> Result<(u64, stint_proto::Committee), RuntimeError> {
    let damaged =
        |reason: &str| RuntimeError::Damaged { key: keys::show(&keys::committee(epoch)), reason: reason.into() };
    let (first, record) = committee(&Overlay::new(state), epoch)?.ok_or_else(|| damaged("no committee"))?;
    let keys = record.seats.iter().filter_map(|s| s.key[..].try_into().ok()).collect();
    Ok((first, stint_proto::Committee::new(keys).ok_or_else(|| damaged("no keys"))?))
}

/// Whether writes change who validates or is to.
pub fn changes_validators(writes: &Writes) -> bool {
    let prefix = keys::validator("");
    writes.range(prefix.clone()..).next().is_some_and(|(key, _)| key.starts_with(&prefix))
}

/// The newest committee up to an epoch, with the first epoch that is its.
pub fn committee(overlay: &Overlay, epoch: u64) -> Result<Option<(u64, Committee)>, RuntimeError> {
    let end = [&keys::committee(epoch)[..], &[0]].concat();
    let found = overlay.scan(&keys::committee(0), &end, 1, true)?;
    found.into_iter().next().map(|(key, value)| parse(&key, &value)).transpose()
}

fn parse(key: &[u8], value: &[u8]) -> Result<(u64, Committee), RuntimeError> {
    let damaged = |reason: String| RuntimeError::Damaged { key: keys::show(key), reason };
    let epoch = key.last_chunk().ok_or_else(|| damaged("no epoch".into()))?;
    Ok((u64::from_be_bytes(*epoch), Committee::decode(value).map_err(|e| damaged(e.to_string()))?))
}

pub fn list(overlay: &Overlay, request: v1::ListValidatorsRequest) -> Answer<v1::ListValidatorsResponse> {
    let record = |(name, v): (String, Validator)| v1::ValidatorRecord {
        name,
        standing: match (v.counts, v.leaves, v.ready) {
            _ if v.left => Standing::Left,
            (true, true, _) => Standing::Leaving,
            (true, false, _) => Standing::Validating,
            (false, _, Some(_)) => Standing::Ready,
            (false, _, None) => Standing::Joining,
        }
        .into(),
        key: v.key.into(),
        p2p: v.p2p,
        grpc: v.grpc,
        added_height: v.added,
        next_key: v.next_key.into(),
    };
    let seat = |s: Seat| v1::Seat { name: s.name, key: s.key.into() };
    let before = if request.before_epoch == 0 { u64::MAX } else { request.before_epoch };
    let mut committees = Vec::new();
    for (key, value) in overlay.scan(&keys::committee(0), &keys::committee(before), COMMITTEES, true)? {
        let (epoch, committee) = parse(&key, &value)?;
        committees.push(v1::CommitteeRecord { epoch, seats: committee.seats.into_iter().map(seat).collect() });
    }
    let epoch_blocks = read::<Ledger>(overlay, keys::LEDGER)?.unwrap_or_default().epoch_blocks;
    let validators = all(overlay)?.into_iter().map(record).collect();
    Ok(Ok(v1::ListValidatorsResponse { validators, committees, epoch_blocks }))
}
