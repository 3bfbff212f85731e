//! How large a charter may grow. Every call's cost is bounded by these, whatever the commons lives through.

/// Seats of a charter: founding it takes some 6 kB of memory for each, and a call has 4 MB. A commons with more
/// members lets seats speak for groups of them.
pub const SEATS: u32 = 300;
/// Seats of one agent: all are freed in one call.
pub const SEATS_OF_ONE: usize = 16;
/// The most that a seat may weigh: all of them together fit any sum.
pub const WEIGHT: u32 = 1_000_000;
/// Slots with rules, and subjects with decisions.
pub const SLOTS: usize = 32;
pub const SUBJECTS: usize = 32;
/// Steps of the sanctions.
pub const STEPS: usize = 16;
/// Bytes of a text that people write.
pub const TEXT: usize = 4096;
/// Bytes of a rule's or a decision's parameters: all rules at once fit the memory of a query.
pub const PARAMS: usize = 16_000;
/// Patches and calls of one proposal, and its bytes: each vote writes it anew.
pub const PATCHES: usize = 64;
pub const CALLS: usize = 16;
pub const PROPOSAL: usize = 24_000;
/// Objections to one proposal, all rounds together.
pub const OBJECTIONS: u32 = 32;
/// What is given as evidence.
pub const EVIDENCE: usize = 32;
/// Agents that fork together.
pub const FORK_MEMBERS: usize = 256;
/// A vote is open for at most a year, and so is a delay.
pub const YEAR_S: u64 = 366 * 24 * 60 * 60;
/// How long a passed proposal waits to be carried out: whoever wanted it has this long.
pub const EXECUTE_WITHIN_S: u64 = 30 * 24 * 60 * 60;
