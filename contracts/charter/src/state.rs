//! What the contract keeps.
//!
//! Parts of the charter are never overwritten: each change writes a part anew under the next revision, so the
//! charter can be read as it stood at any time. Proposals, cases and forks are kept by their ids for ever.

use crate::{
    path::{Name, Place},
    proto::{Ballot, Case, Cases, Check, ForkRecord, Head, Moment, Objection, Offer, Part, Proposal, Rule},
};

stint_sdk::state! {
    /// Status, version, revision and running totals.
    pub HEAD: Item<Head> = "head";
    /// Purpose, seats, decisions and steps, by the revision that wrote them.
    pub PARTS: Map<(Place, u64), Part> = "part";
    /// Every place where something stands or stood.
    pub PLACES: Map<Place, ()> = "place";
    /// Versions of rules by slot and by the second from which they hold.
    pub RULES: Map<(Name, u64, u32), Rule> = "rule";
    /// Seats by holder.
    pub SEATS_OF: Index<Name, String> = "seats-of";
    /// When each revision was made.
    pub MOMENTS: Map<u64, Moment> = "moment";
    /// The last revision of each block that made one.
    pub AT_HEIGHT: Map<u64, u64> = "at-height";
    /// The last revision under each version.
    pub AT_VERSION: Map<u32, u64> = "at-version";
    /// Proposals.
    pub PROPOSALS: Map<String, Proposal> = "proposal";
    /// Ids by status (0: all) and age, the newest first.
    pub BY_STATUS: Map<(u8, u64), String> = "by-status";
    /// Where checks of long reports stand, by proposal and piece.
    pub CHECKS: Map<(Name, u32), Check> = "check";
    /// Ballots by proposal, round and seat.
    pub BALLOTS: Map<(Name, u32, String), Ballot> = "ballot";
    /// Objections by proposal and number; what was offered to them stands apart, because it is large.
    pub OBJECTIONS: Map<(Name, u32), Objection> = "objection";
    /// What authors offer to objections.
    pub OFFERS: Map<(Name, u32), Offer> = "offer";
    /// Sanctions.
    pub CASES: Map<String, Case> = "case";
    /// Cases of an agent that are not lifted.
    pub CASES_OF: Map<String, Cases> = "cases-of";
    /// Forks by the name of the new commons.
    pub FORKS: Map<String, ForkRecord> = "fork";
}
