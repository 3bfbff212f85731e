//! Real processes on loopback, each test in folders and on ports of its own.

mod clients;
mod faults;
mod import;
mod proofs;
mod refusals;
