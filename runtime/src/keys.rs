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
