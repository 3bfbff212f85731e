//! Whom to believe, epoch by epoch, and how one validator set handed over to the next.
//!
//! Handovers are kept for good: whoever knows the genesis file alone follows them to the validators of today.

use crate::{Keep, Medium, Store, StoreError, columns::HANDOVERS, store::durable};
use rocksdb::IteratorMode;
use stint_proto::Genesis;
use stint_verifier::{Handover, Invalid, Reader, Trust};

/// Whom to believe in each epoch, as far as that is known.
#[derive(Clone, Debug)]
pub struct Trusts {
    first: Trust,
    /// Each from its epoch on, ascending.
    later: Vec<Trust>,
}

impl Trusts {
    /// Begins with the validators that a genesis file names.
    pub fn new(first: Trust) -> Trusts {
        Trusts { first, later: Vec::new() }
    }

    /// The validators of an epoch, if none are known to have followed them before that.
    pub fn of(&self, epoch: u64) -> &Trust {
        self.later.iter().rev().find(|t| t.epoch <= epoch).unwrap_or(&self.first)
    }

    /// The newest ones.
    pub fn newest(&self) -> &Trust {
        self.later.last().unwrap_or(&self.first)
    }

    /// Takes what leads to the next ones, once it is checked. What is known already is passed over.
    pub fn learn(&mut self, handover: &Handover) -> Result<(), Invalid> {
        if handover.epoch().is_none_or(|epoch| epoch >= self.newest().epoch) {
            self.later.push(handover.check(self.newest())?);
        }
        Ok(())
    }
}

/// Whom to believe, by what a folder keeps.
pub fn trusts(medium: &Medium, genesis: &Genesis, first: Trust) -> Result<Trusts, StoreError> {
    Store::blank(medium, genesis, Keep::ARCHIVE)?.trusts(first)
}

/// The handover at the end of an epoch, as it was stored.
fn decode(epoch: u64, value: &[u8]) -> Result<Handover, StoreError> {
    let mut r = Reader(value);
    let handover = Handover::read(&mut r).filter(|h| r.0.is_empty() && h.epoch() == Some(epoch));
    handover.ok_or_else(damaged)
}

fn damaged() -> StoreError {
    StoreError::Damaged("who followed whom as a validator".into())
}

impl Store {
    /// The handover at the end of an epoch, if others followed.
    pub fn handover(&self, epoch: u64) -> Result<Option<Handover>, StoreError> {
        self.get(HANDOVERS, &epoch.to_be_bytes())?.map(|value| decode(epoch, &value)).transpose()
    }

    /// All handovers before an epoch, in order.
    pub fn handovers(&self, before: u64) -> Result<Vec<Handover>, StoreError> {
        let mut found = Vec::new();
        for entry in self.db().iterator_cf(self.family(HANDOVERS)?, IteratorMode::Start) {
            let (key, value) = entry?;
            let epoch = Reader(&key).u64().ok_or_else(damaged)?;
            if epoch >= before {
                break;
            }
            found.push(decode(epoch, &value)?);
        }
        Ok(found)
    }

    /// Keeps a handover, durably, for the block that it is about comes next.
    pub fn keep_handover(&self, handover: &Handover) -> Result<(), StoreError> {
        let Some(epoch) = handover.epoch() else { return Ok(()) };
        Ok(self.db().put_cf_opt(self.family(HANDOVERS)?, epoch.to_be_bytes(), handover.encode(), &durable())?)
    }

    /// Whom to believe, by what is kept here.
    pub fn trusts(&self, genesis: Trust) -> Result<Trusts, StoreError> {
        let mut trusts = Trusts::new(genesis);
        for handover in self.handovers(u64::MAX)? {
            let damaged = |e| StoreError::Damaged(format!("who followed whom as a validator: {e}"));
            trusts.learn(&handover).map_err(damaged)?;
        }
        Ok(trusts)
    }
}
