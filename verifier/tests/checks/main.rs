//! What is proved holds, nothing else is proved, and the committed vectors say so to other languages.

mod fuzz;
mod model;
mod proofs;
mod vectors;
