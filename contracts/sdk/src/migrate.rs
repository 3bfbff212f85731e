use crate::{Bytes, Refusal};
use prost::Message;

/// How a migration is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of it in this call: reads and writes concern the same state.
    Whole,
    /// One step of several: reads see the old state, writes make the new one, from nothing.
    Step,
    /// The last look before the new code serves: reads see the new state, nothing may be written.
    Check,
}

/// What a migration is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The code that served before.
    pub from_code: Vec<u8>,
    /// Where the last step ended; empty at the first.
    pub cursor: Vec<u8>,
    /// How it is run.
    pub mode: Mode,
}

/// Where a migration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left to do.
    Done,
    /// The next step goes on here.
    More(Vec<u8>),
}

/// Brings the state of an older version over. A refusal or a panic leaves the old version serving.
/// Name it in [`crate::contract!`] with `migrate`.
pub trait Migrate {
    /// One run, or one step, or the check.
    fn migrate(migration: Migration) -> Result<Progress, Refusal>;
}

/// `stint.v1.MigrationRequest`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Request {
    #[prost(bytes = "vec", tag = "1")]
    pub from_code_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub cursor: Vec<u8>,
    #[prost(int32, tag = "3")]
    pub mode: i32,
}

/// `stint.v1.MigrationResponse`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Response {
    #[prost(bool, tag = "1")]
    pub done: bool,
    #[prost(bytes = "vec", tag = "2")]
    pub cursor: Vec<u8>,
}

/// For [`crate::contract!`].
pub fn run<M: Migrate>(request: &[u8]) -> Result<Bytes, Refusal> {
    let asked = Request::decode(request).map_err(|e| Refusal::invalid("request", e.to_string()))?;
    let mode = [Mode::Whole, Mode::Step, Mode::Check].get(asked.mode as usize).copied().unwrap_or(Mode::Whole);
    let progress = M::migrate(Migration { from_code: asked.from_code_hash, cursor: asked.cursor, mode })?;
    let response = match progress {
        Progress::Done => Response { done: true, cursor: Vec::new() },
        Progress::More(cursor) => Response { done: false, cursor },
    };
    Ok(response.encode_to_vec())
}
