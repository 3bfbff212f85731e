//! Real processes on loopback, each test in folders and on ports of its own.

mod away;
mod clients;
mod disks;
mod faults;
mod grow;
mod hostile;
mod import;
mod join;
mod orchard;
mod peer;
mod people;
mod proofs;
mod refusals;
mod rust;
mod streams;
mod validators;
mod whatif;
mod why;
