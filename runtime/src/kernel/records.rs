//! What the kernel keeps in the state, as protobuf messages.

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

/// `k/instance/<commons>/<service>`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Instance {
    #[prost(bytes = "vec", tag = "1")]
    pub code: Vec<u8>,
}
