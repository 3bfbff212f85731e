//! What the contract keeps. Ids in front of other parts of a key end at a `/`; times are seconds since year 1.

use crate::{
    keys::Id,
    proto::{
        Birth, Conversion, DayChange, OpenPair, Period, Process, ProcessSpec, PromiseResponse, RecordedEvent, Resource,
        Settings, Spec, Sums,
    },
};

stint_sdk::state! {
    /// How the book is kept.
    pub SETTINGS: Item<Settings> = "settings";
    /// Kinds of things.
    pub SPECS: Map<String, Spec> = "spec";
    /// Kinds of processes.
    pub PROCESS_SPECS: Map<String, ProcessSpec> = "process-spec";
    /// Conversions, both ways, by `from to`.
    pub CONVERSIONS: Map<String, Conversion> = "conversion";
    /// Closed periods.
    pub PERIODS: Map<String, Period> = "period";
    /// Closed periods by their first second.
    pub CLOSED: Map<u64, Period> = "closed";

    /// Resources as they stand.
    pub RESOURCES: Map<String, Resource> = "resource";
    /// Resources as they were created.
    pub BIRTHS: Map<String, Birth> = "birth";
    /// Events of a resource in the order in which they had effect.
    pub LOG: Map<(Id, u64), String> = "log";
    /// What each day's events did to a resource.
    pub DAYS: Map<(Id, u32), DayChange> = "day";
    /// What an agent answers for or holds.
    pub STOCK: Map<(Id, String), ()> = "stock";
    /// What lies in a resource.
    pub CONTENTS: Map<(Id, String), ()> = "content";

    /// Processes as they stand.
    pub PROCESSES: Map<String, Process> = "process";
    /// What is in a process and must come out again, by `action resource`.
    pub PAIRS: Map<(Id, String), OpenPair> = "pair";
    /// Processes that put into a resource (`o:resource`), and that take from it (`i:resource`).
    pub NEIGHBOURS: Map<(Id, String), ()> = "neighbour";

    /// Events.
    pub EVENTS: Map<String, RecordedEvent> = "event";
    /// The number of the last event that had effect.
    pub LAST: Item<u64> = "last";
    /// Events by what they have to do with, and time.
    pub BY: Map<(Id, u64, String), ()> = "by";
    /// Sums of effort by agent (`a:agent`) or resource (`r:resource`), day, and `action unit`.
    pub EFFORT: Map<(Id, u32, String), String> = "effort";
    /// Sums of effort in a process, by agent or resource, and `action unit`.
    pub EFFORT_IN: Map<(Id, Id, String), String> = "effort-in";

    /// Commitments, intents, claims and agreements: one space of ids.
    pub PROMISES: Map<String, PromiseResponse> = "promise";
    /// How much of each is done.
    pub SUMS: Map<String, Sums> = "sum";
    /// Commitments and claims of an agreement.
    pub CLAUSES: Map<(Id, String), ()> = "clause";
}
