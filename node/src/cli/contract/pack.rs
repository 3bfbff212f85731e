//! `stint contract pack`: a module from any compiler becomes a contract by carrying its `.proto`.

use super::build::{add_section, write};
use crate::cli::Failure;
use clap::Args;
use std::{fs, path::PathBuf};
use stint_runtime::{abi::DESCRIPTOR_SECTION, check};

/// Puts a service's description into a module.
#[derive(Args)]
pub struct Pack {
    /// The module, as its compiler made it
    module: PathBuf,
    /// The folder from which the .proto is imported
    #[arg(long)]
    include: PathBuf,
    /// The .proto with the service, below that folder
    #[arg(long)]
    proto: PathBuf,
    /// Where the contract goes
    #[arg(long)]
    out: PathBuf,
}

impl Pack {
    pub fn execute(&self) -> Result<(), Failure> {
        let mut module = fs::read(&self.module).map_err(|e| format!("{}: {e}", self.module.display()))?;
        let mut compiler = protox::Compiler::new([&self.include])?;
        compiler.include_imports(true).include_source_info(false).open_file(&self.proto)?;
        add_section(&mut module, DESCRIPTOR_SECTION, &compiler.encode_file_descriptor_set());
        let checked = check(&module).map_err(|why| format!("a ledger refuses this module: {why}"))?;
        write(&self.out, &module)?;
        println!("{}: {}, {} bytes", self.out.display(), checked.descriptor.service, module.len());
        Ok(())
    }
}
