//! The commons suite on the ledger's own runtime: the modules of `contracts/dist`, in calls and blocks, on fuel.

mod consortium;
mod forge;
mod large;
mod shared;
