//! What the kernel keeps in the state, as protobuf messages.

use crate::abi::ModuleMeta;

/// `k/commons/<commons>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Commons {
    #[prost(string, tag = "1")]
    pub purpose: String,
    /// Height at which it was founded.
    #[prost(uint64, tag = "2")]
    pub founded: u64,
    /// True for the consortium's own commons.
    #[prost(bool, tag = "3")]
    pub root: bool,
    /// The service through which it acts; empty while its stewards do.
    #[prost(string, tag = "4")]
    pub charter: String,
    /// Members with the role steward.
    #[prost(uint64, tag = "5")]
    pub stewards: u64,
}

/// `k/agent/<agent>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Agent {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub keys: Vec<Vec<u8>>,
}

/// `k/key/<key>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct KeyHolder {
    #[prost(string, tag = "1")]
    pub agent: String,
}

/// `k/member/<commons>/<agent>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Membership {
    #[prost(string, repeated, tag = "1")]
    pub roles: Vec<String>,
}

/// `k/origin/<code>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Origin {
    /// Height at which it was published.
    #[prost(uint64, tag = "1")]
    pub height: u64,
    /// The ledger's time from which it may serve.
    #[prost(uint64, tag = "2")]
    pub ready_ms: u64,
    /// The service it declares.
    #[prost(string, tag = "3")]
    pub service: String,
    /// What the module says of itself.
    #[prost(message, required, tag = "4")]
    pub meta: ModuleMeta,
    /// It imports nothing.
    #[prost(bool, tag = "5")]
    pub pure: bool,
    /// It exports `stint_migrate`.
    #[prost(bool, tag = "6")]
    pub migrates: bool,
    /// Bytes of the module.
    #[prost(uint64, tag = "7")]
    pub size: u64,
}

/// `k/compiling`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Compiling {
    /// The ledger's time until which validators compile what is published so far.
    #[prost(uint64, tag = "1")]
    pub until_ms: u64,
    /// Of all published modules.
    #[prost(uint64, tag = "2")]
    pub bytes: u64,
}

/// `k/instance/<commons>/<service>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Instance {
    #[prost(bytes = "vec", tag = "1")]
    pub code: Vec<u8>,
    /// Which state is its own, see `keys.rs`.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// Times that the code changed.
    #[prost(uint64, tag = "3")]
    pub upgrades: u64,
    /// An upgrade in steps that is under way.
    #[prost(message, optional, tag = "4")]
    pub upgrade: Option<Upgrade>,
    /// A generation whose keys are to be deleted.
    #[prost(uint64, optional, tag = "5")]
    pub leftover: Option<u64>,
}

/// An upgrade in steps.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Upgrade {
    /// The new code.
    #[prost(bytes = "vec", tag = "1")]
    pub code: Vec<u8>,
    /// Where the next step goes on.
    #[prost(bytes = "vec", tag = "2")]
    pub cursor: Vec<u8>,
    /// Steps so far.
    #[prost(uint64, tag = "3")]
    pub steps: u64,
    /// Nothing is left but to check the new state.
    #[prost(bool, tag = "4")]
    pub moved: bool,
}

/// `k/validator/<name>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Validator {
    /// The key that counts, or that is to count first.
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(string, tag = "2")]
    pub p2p: String,
    #[prost(string, tag = "3")]
    pub grpc: String,
    /// Height at which it was added; 0 for those of the genesis file.
    #[prost(uint64, tag = "4")]
    pub added: u64,
    /// True once it is of a committee.
    #[prost(bool, tag = "5")]
    pub counts: bool,
    /// The key that is to count instead; empty when there is none.
    #[prost(bytes = "vec", tag = "6")]
    pub next_key: Vec<u8>,
    /// Height at which the key that does not count yet said to be ready.
    #[prost(uint64, optional, tag = "7")]
    pub ready: Option<u64>,
    /// It is to be of no further committee.
    #[prost(bool, tag = "8")]
    pub leaves: bool,
    /// It was of the committee before: until the next one is decided it may still be asked and told.
    #[prost(bool, tag = "9")]
    pub left: bool,
    /// The key that counted in the committee before; as above.
    #[prost(bytes = "vec", tag = "10")]
    pub old_key: Vec<u8>,
}

/// `k/committee/<epoch>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Committee {
    /// In the order of their names.
    #[prost(message, repeated, tag = "1")]
    pub seats: Vec<Seat>,
}

/// A validator of a committee.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Seat {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub key: Vec<u8>,
}

/// `k/ledger`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Ledger {
    /// Blocks of an epoch.
    #[prost(uint64, tag = "1")]
    pub epoch_blocks: u64,
    /// The commons of the organisations that run the ledger.
    #[prost(string, tag = "2")]
    pub consortium: String,
}

/// `k/evidence/<key><epoch><round>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Evidence {
    /// Whose key it is.
    #[prost(string, tag = "1")]
    pub validator: String,
    /// As `stint_verifier::DoubleSign` encodes it.
    #[prost(bytes = "vec", tag = "2")]
    pub evidence: Vec<u8>,
    /// Height at which it was recorded.
    #[prost(uint64, tag = "3")]
    pub height: u64,
    #[prost(string, tag = "4")]
    pub reported_by: String,
}

/// `k/quota/<commons>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Quota {
    /// 0 where the parameters say it.
    #[prost(uint64, tag = "1")]
    pub block_fuel: u64,
    #[prost(uint64, tag = "2")]
    pub code_bytes: u64,
}

/// `k/published/<commons>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Published {
    #[prost(uint64, tag = "1")]
    pub bytes: u64,
}
