//! Validators that lie as leaders, a file each: their engines are honest, the blocks that they draft are not.

mod censor;
mod expired_call;
mod forged_call;
mod future_time;
mod oversize;
mod replayed_call;
mod wrong_root;

use crate::bent::Between;
use ed25519_dalek::SigningKey;
use std::sync::Mutex;
use stint_consensus::Draft;
use stint_proto::{Hash, Transaction};

/// What a leader lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DraftLie {
    /// See `censor.rs`.
    Censor,
    /// See `expired_call.rs`.
    ExpiredCall,
    /// See `forged_call.rs`.
    ForgedCall,
    /// See `future_time.rs`.
    FutureTime,
    /// See `oversize.rs`.
    Oversize,
    /// See `replayed_call.rs`.
    ReplayedCall,
    /// See `wrong_root.rs`.
    WrongRoot,
}

impl DraftLie {
    /// All of them.
    pub const ALL: [DraftLie; 7] = [
        DraftLie::Censor,
        DraftLie::ExpiredCall,
        DraftLie::ForgedCall,
        DraftLie::FutureTime,
        DraftLie::Oversize,
        DraftLie::ReplayedCall,
        DraftLie::WrongRoot,
    ];
}

/// A leader that lies.
pub struct LyingLeader {
    pub lie: DraftLie,
    pub chain_id: Hash,
    pub key: SigningKey,
    /// Whose calls it leaves out.
    pub censored: [u8; 32],
    /// Calls that it saw.
    pub seen: Mutex<Vec<Transaction>>,
}

impl Between for LyingLeader {
    fn draft(&self, mut draft: Draft) -> Draft {
        match self.lie {
            DraftLie::Censor => censor::lie(&mut draft, &self.censored),
            DraftLie::ExpiredCall => expired_call::lie(&mut draft, self.chain_id, &self.key),
            DraftLie::ForgedCall => forged_call::lie(&mut draft, self.chain_id, &self.key),
            DraftLie::FutureTime => future_time::lie(&mut draft),
            DraftLie::Oversize => oversize::lie(&mut draft, self.chain_id, &self.key),
            DraftLie::ReplayedCall => {
                replayed_call::lie(&mut draft, &mut self.seen.lock().expect("one thread"));
            }
            DraftLie::WrongRoot => wrong_root::lie(&mut draft),
        }
        draft
    }
}

/// A call of the liar's own.
fn call(chain_id: Hash, key: &SigningKey, id: u128, valid_until: u64, bytes: usize) -> Transaction {
    let call = stint_proto::Call {
        chain_id,
        commons: "consortium".into(),
        method: "/test.v1.Counter/Add".into(),
        request: vec![0; bytes].into(),
        call_id: stint_proto::CallId { key: key.verifying_key().to_bytes(), id: id.to_be_bytes() },
        valid_until,
        fuel_limit: 0,
    };
    call.sign(key).expect("a small call")
}
