//! `stint contract verify`.

use super::{
    build::{Built, build},
    package::Package,
};
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
        let why = difference(&facts, &built);
        Err(format!("{service} of {} is not what these sources give: {why}", self.commons).into())
    }
}

/// Why the bytes differ, and what would tell more.
fn difference(facts: &v1::GetCodeResponse, built: &Built) -> String {
    let theirs = &facts.compiler;
    if facts.source_hash.is_empty() {
        "the module names no sources: it was not built by stint contract build".into()
    } else if facts.source_hash[..] != built.source.0 {
        "these are other sources than those it was built from".into()
    } else if *theirs != built.compiler {
        // rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)
        let version = theirs.split_whitespace().nth(1).unwrap_or("VERSION");
        let mode = if theirs.contains("source tarball") { "debian" } else { "rustup" };
        format!(
            "the sources are the same, and the compiler is another one, so the bytes cannot be compared\n  the module \
             was built by  {theirs}\n  here is                  {}\n  build with the first:    STINT_WASM_MODE={mode} \
             STINT_WASM_VERSION={version} stint contract verify …",
            built.compiler
        )
    } else {
        "sources and compiler are the same, and the bytes are not: the module was changed after it was built".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stint_proto::Hash;

    /// Once, whoever had another compiler was told to build "with the one that the ledger names", and
    /// neither which one that is nor how to get it.
    #[test]
    fn another_compiler_is_named_with_the_way_to_it() {
        let source = Hash([7; 32]);
        let built = Built { module: Vec::new(), source, compiler: "rustc 1.97.0 (abc 2026-07-01)".into() };
        let facts = |compiler: &str| v1::GetCodeResponse {
            source_hash: source.0.to_vec().into(),
            compiler: compiler.into(),
            ..Default::default()
        };
        let why = difference(&facts("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"), &built);
        assert!(why.contains("rustc 1.96.0 (ac68faa20") && why.contains("rustc 1.97.0 (abc"), "{why}");
        assert!(why.contains("STINT_WASM_MODE=debian STINT_WASM_VERSION=1.96.0"), "{why}");
        let why = difference(&facts("rustc 1.96.0 (ac68faa20 2026-05-25)"), &built);
        assert!(why.contains("STINT_WASM_MODE=rustup STINT_WASM_VERSION=1.96.0"), "{why}");
        assert!(difference(&facts("rustc 1.97.0 (abc 2026-07-01)"), &built).contains("changed after it was built"));
        assert!(difference(&v1::GetCodeResponse::default(), &built).contains("names no sources"));
    }
}
