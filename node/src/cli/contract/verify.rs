//! `stint contract verify`.

use super::{build::build, package::Package};
use crate::cli::{Failure, target::Target};
use clap::Args;
use prost::Message;
use std::path::PathBuf;
use stint_proto::{hash_parts, v1};

/// Builds what a ledger runs from its sources, and compares.
#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    target: Target,
    /// The commons whose contract is meant
    #[arg(long)]
    commons: String,
    /// The folder with the contract's sources
    #[arg(default_value = ".")]
    path: PathBuf,
}

impl Verify {
    pub async fn execute(&self) -> Result<(), Failure> {
        let package = Package::read(&self.path)?;
        let built = build(&package, false)?;
        let service = stint_runtime::check(&built.module)?.descriptor.service;
        let client = self.target.connect().await?;
        let state = client.query(&self.commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
        let serving = v1::GetCommonsResponse::decode(state)?.contracts.into_iter().find(|c| c.service == service);
        let serving = serving.ok_or_else(|| format!("nothing serves {} as {service}", self.commons))?;
        let asked = v1::GetCodeRequest { code_hash: serving.code_hash.clone(), facts_only: true };
        let facts = client.query(&self.commons, "/stint.v1.Kernel/GetCode", asked.encode_to_vec().into()).await?;
        let facts = v1::GetCodeResponse::decode(facts)?;

        let (ours, theirs) = (hash_parts(&[&built.module]).to_string(), hex::encode(&serving.code_hash));
        let rows = [
            ["code".into(), ours.clone(), theirs.clone()],
            ["source".into(), built.source.to_string(), hex::encode(&facts.source_hash)],
            ["compiler".into(), built.compiler.clone(), facts.compiler.clone()],
            ["sdk".into(), package.sdk.clone(), facts.sdk.clone()],
        ];
        println!("{}", crate::cli::show::table(&["", "these sources", "on the ledger"], &rows));
        if ours == theirs {
            println!("\n{service} of {} is what these sources give", self.commons);
            return Ok(());
        }
        let why = if facts.source_hash.is_empty() {
            "the module names no sources: it was not built by stint contract build"
        } else if facts.source_hash[..] != built.source.0 {
            "these are other sources than those it was built from"
        } else if facts.compiler != built.compiler {
            "the sources are the same and the compiler is another one; build with the one that the ledger names"
        } else {
            "sources and compiler are the same, and the bytes are not: the module was changed after it was built"
        };
        Err(format!("{service} of {} is not what these sources give: {why}", self.commons).into())
    }
}
