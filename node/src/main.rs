#![forbid(unsafe_code)]

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    stint_node::cli::main(stint_node::cli::Args::parse())
}
