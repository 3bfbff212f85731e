//! What another rule would have given, asked of a commons' own contract part after part.
//!
//! The node knows the name of that contract's query and the few fields below. What they mean, and the report's hash,
//! are the contract's. Every part is asked on the same state, so any node that keeps it finds the same.

use super::{Node, internal};
use prost::Message;
use stint_proto::{Code, Refusal, limits::PAGE_ROWS, v1};
use v1::what_if_response::Part as Told;

const METHOD: &str = "/stint.value.v1.Value/WhatIf";

/// `stint.value.v1.WhatIfRequest`
#[derive(Clone, PartialEq, prost::Message)]
struct Ask {
    #[prost(string, tag = "1")]
    slot: String,
    #[prost(bytes = "vec", tag = "2")]
    module: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    params: Vec<Param>,
    #[prost(uint64, tag = "6")]
    from_height: u64,
    #[prost(uint64, tag = "7")]
    to_height: u64,
    #[prost(bool, tag = "8")]
    patch: bool,
    #[prost(string, repeated, tag = "9")]
    unset: Vec<String>,
    #[prost(bytes = "vec", tag = "11")]
    carry: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Param {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// `stint.value.v1.WhatIfResponse`; its rows and its progress are those of `stint.v1`.
#[derive(Clone, PartialEq, prost::Message)]
struct Part {
    #[prost(bytes = "bytes", tag = "1")]
    report_hash: bytes::Bytes,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<v1::WhatIfRow>,
    #[prost(int64, tag = "3")]
    sum_diff: i64,
    #[prost(uint64, tag = "4")]
    weighed: u64,
    #[prost(bool, tag = "5")]
    done: bool,
    #[prost(bytes = "vec", tag = "6")]
    carry: Vec<u8>,
    #[prost(message, optional, tag = "7")]
    progress: Option<v1::WhatIfProgress>,
    #[prost(bytes = "bytes", tag = "8")]
    module: bytes::Bytes,
    #[prost(bytes = "bytes", tag = "9")]
    params_hash: bytes::Bytes,
    #[prost(uint32, tag = "10")]
    version: u32,
}

/// One that is under way.
pub struct WhatIf {
    commons: String,
    /// The state that is asked.
    height: u64,
    ask: Ask,
    done: bool,
}

impl WhatIf {
    /// Looks at the question, and fixes state and range.
    pub fn begin(node: &Node, asked: v1::WhatIfRequest) -> Result<WhatIf, Refusal> {
        let v1::WhatIfRequest { commons, slot, patch, from, to, height } = asked;
        let (height, _) = node.asked(height)?;
        let (from, to) = range(from, to, height)?;
        let v1::RulePatch { module, set, unset, anew } = patch.unwrap_or_default();
        if anew && (module.is_empty() || !unset.is_empty()) {
            let message = "a rule that is anew names its module, and leaves nothing out";
            return Err(Refusal::new(Code::InvalidArgument, "patch", message));
        }
        let params = set.into_iter().map(|(path, value)| Param { path, value }).collect();
        let (module, patch) = (module.into(), !anew);
        let ask = Ask { slot, module, params, from_height: from, to_height: to, patch, unset, carry: Vec::new() };
        Ok(WhatIf { commons, height, ask, done: false })
    }

    /// Asks the next part. Gives what there is to tell; nothing after the report.
    pub fn part(&mut self, node: &Node) -> Result<Vec<v1::WhatIfResponse>, Refusal> {
        if self.done {
            return Ok(Vec::new());
        }
        let (answer, _) = node.query(Some(&self.commons), METHOD, &self.ask.encode_to_vec(), self.height)?;
        self.take(&answer.result?)
    }

    fn take(&mut self, answer: &[u8]) -> Result<Vec<v1::WhatIfResponse>, Refusal> {
        let part = Part::decode(answer).map_err(|e| internal(&e))?;
        let progress = v1::WhatIfProgress { weighed: part.weighed, ..part.progress.unwrap_or_default() };
        let rows = part.rows.chunks(PAGE_ROWS).map(|rows| Told::Rows(v1::WhatIfRows { rows: rows.to_vec() }));
        let mut told: Vec<Told> = std::iter::once(Told::Progress(progress)).chain(rows).collect();
        if part.done {
            told.push(Told::Report(v1::WhatIfReport {
                report_hash: part.report_hash,
                sum_diff: part.sum_diff,
                weighed: part.weighed,
                from: self.ask.from_height,
                to: self.ask.to_height,
                height: self.height,
                module: part.module,
                params_hash: part.params_hash,
                version: part.version,
            }));
        } else if part.carry.is_empty() || part.carry == self.ask.carry {
            let message = format!("{METHOD} of {} does not get on: it carries what it carried before", self.commons);
            return Err(Refusal::new(Code::Internal, "carry", message));
        }
        (self.done, self.ask.carry) = (part.done, part.carry);
        Ok(told.into_iter().map(|part| v1::WhatIfResponse { part: Some(part) }).collect())
    }
}

/// Blocks from 1 on and up to that of the state.
fn range(from: u64, to: u64, height: u64) -> Result<(u64, u64), Refusal> {
    let (first, last) = (from.max(1), if to == 0 { height } else { to });
    if last > height {
        let message = format!("the range ends with block {last}, and the state is that after block {height}");
        return Err(Refusal::new(Code::OutOfRange, "range", message));
    }
    if first > last && height > 0 {
        let message = format!("the range begins with block {first} and ends with block {last} before it");
        return Err(Refusal::new(Code::InvalidArgument, "range", message));
    }
    Ok((first, last))
}
