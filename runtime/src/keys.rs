//! Where things lie in the state. Names have no `/`, so no part can run into the next.
//!
//! ```text
//!  k/agent/<agent>                    an agent and its keys
//!  k/key/<32 bytes>                   the agent that holds a key
//!  k/commons/<commons>                a commons
//!  k/member/<commons>/<agent>         roles of an agent in a commons
//!  k/code/<32 bytes>                  a module, by its hash
//!  k/origin/<32 bytes>                when it was published, and what it says of its origin
//!  k/compiling                        until when validators compile what is published
//!  k/instance/<commons>/<service>     the code that serves a commons under a service name
//!  k/validator/<name>                 a validator, one that joins, or one that leaves
//!  k/committee/<epoch, 8 bytes>       who validates from an epoch on
//!  k/evidence/<32 bytes><epoch, 8 bytes><round, 8 bytes>   a double sign of a key
//!  k/ledger                           what the genesis file says for good
//!  k/parameters                       what the consortium has set
//!  k/quota/<commons>                  what it has set for one commons
//!  k/published/<commons>              bytes of code that a commons has published
//!  c/<commons>/<service>/<generation>/<key>    what a contract keeps; an upgrade in steps makes a
//!                                     new generation beside the old one
//! ```

fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn agent(agent: &str) -> Vec<u8> {
    key(&[b"k/agent/", agent.as_bytes()])
}

pub fn agent_of_key(public: &[u8; 32]) -> Vec<u8> {
    key(&[b"k/key/", public])
}

/// The key of a commons: it is there when the commons is founded.
pub fn commons(commons: &str) -> Vec<u8> {
    key(&[b"k/commons/", commons.as_bytes()])
}

pub fn member(commons: &str, agent: &str) -> Vec<u8> {
    key(&[b"k/member/", commons.as_bytes(), b"/", agent.as_bytes()])
}

pub fn code(hash: &[u8]) -> Vec<u8> {
    key(&[b"k/code/", hash])
}

/// The hash of the module that lies under a key, if it is one.
pub fn code_of(key: &[u8]) -> Option<&[u8]> {
    key.strip_prefix(b"k/code/")
}

pub fn origin(hash: &[u8]) -> Vec<u8> {
    key(&[b"k/origin/", hash])
}

/// Until when validators compile.
pub const COMPILING: &[u8] = b"k/compiling";

pub fn instance(commons: &str, service: &str) -> Vec<u8> {
    key(&[b"k/instance/", commons.as_bytes(), b"/", service.as_bytes()])
}

pub fn validator(name: &str) -> Vec<u8> {
    key(&[b"k/validator/", name.as_bytes()])
}

/// Epochs in the order of their numbers.
pub fn committee(epoch: u64) -> Vec<u8> {
    key(&[b"k/committee/", &epoch.to_be_bytes()])
}

/// A double sign.
pub fn evidence(public: &[u8; 32], epoch: u64, view: u64) -> Vec<u8> {
    key(&[&evidence_of(public), &epoch.to_be_bytes(), &view.to_be_bytes()])
}

/// What all double signs of a key begin with.
pub fn evidence_of(public: &[u8]) -> Vec<u8> {
    key(&[b"k/evidence/", public])
}

/// What the genesis file says for good.
pub const LEDGER: &[u8] = b"k/ledger";

/// What the consortium has set.
pub const PARAMETERS: &[u8] = b"k/parameters";

pub fn quota(commons: &str) -> Vec<u8> {
    key(&[b"k/quota/", commons.as_bytes()])
}

pub fn published(commons: &str) -> Vec<u8> {
    key(&[b"k/published/", commons.as_bytes()])
}

/// What every key of a contract begins with.
pub fn contract(commons: &str, service: &str, generation: u64) -> Vec<u8> {
    key(&[b"c/", commons.as_bytes(), b"/", service.as_bytes(), b"/", generation.to_string().as_bytes(), b"/"])
}

/// The first key behind all that begin with `prefix`.
pub fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end;
        }
    }
    end
}

/// A key for people: what cannot be printed is shown as `\xNN`.
pub fn show(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
