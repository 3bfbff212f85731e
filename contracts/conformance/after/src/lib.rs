//! A contract that kept its state otherwise once, and that asks a rule.
#![deny(unsafe_code)]

#[cfg(test)]
mod tests;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs)]
pub mod proto {
    stint_sdk::proto!("stint.tally.v1");
}

use proto::*;
use stint_sdk::{Code, Key, Migrate, Migration, Mode, Progress, Refusal, announce, raw};

stint_sdk::state! {
    /// Points by number.
    pub POINTS: Map<u64, u64> = "points";
    /// What the version before kept.
    pub OLD: Map<u64, u64> = "old";
}

/// Entries of a step.
const PAGE: usize = 10;
/// With this many points an entry is refused by the migration, so that tests see what is left of it.
pub const BAD: u64 = 666;

/// The contract.
pub struct Contract;

impl Tally for Contract {
    fn set(request: Entry) -> Result<Nothing, Refusal> {
        POINTS.put(&request.number, &request.points);
        Ok(Nothing {})
    }

    fn get(request: Entry) -> Result<Entry, Refusal> {
        Ok(Entry { points: POINTS.get(&request.number).unwrap_or(0), ..request })
    }

    fn set_hours(request: SetHoursRequest) -> Result<Entry, Refusal> {
        let code = request.rule.first_chunk().ok_or_else(|| Refusal::invalid("rule", "a hash has 32 bytes"))?;
        let heard = raw::rule(code, "Hours", &request.request)?;
        // Its answer has its points in the field 1, as an entry has its number.
        let points = <Entry as stint_sdk::prost::Message>::decode(heard.as_slice()).map_or(0, |e| e.number);
        POINTS.put(&request.number, &points);
        Ok(Entry { number: request.number, points })
    }
}

impl Migrate for Contract {
    fn migrate(migration: Migration) -> Result<Progress, Refusal> {
        if migration.mode == Mode::Check {
            let sum: u64 = POINTS.range(&[], &[]).map(|(_, points)| points).sum();
            return match sum {
                0 => Err(Refusal::new(Code::FailedPrecondition, "empty", "nothing was brought over")),
                _ => Ok(Progress::Done),
            };
        }
        let page = OLD.page(&[], &migration.cursor, PAGE);
        for (number, points) in &page {
            if *points == BAD {
                return Err(Refusal::new(Code::FailedPrecondition, "bad", format!("entry {number} is bad")));
            }
            POINTS.put(number, points);
            if migration.mode == Mode::Whole {
                OLD.delete(number);
            }
        }
        announce(&Moved { entries: page.len() as u64 });
        let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else { return Ok(Progress::Done) };
        Ok(Progress::More((last + 1).prefix()))
    }
}

stint_sdk::contract!(proto, Contract, state = crate::STATE, migrate);
